import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../../cli/checkout.ts";
import { missing } from "../../support/missing.ts";
import { Cluster } from "./cluster.ts";
import { sessionImages } from "./images.ts";
import { repositoryUrl, serveRepository } from "./repository.ts";

/** The Pulumi CLI and its own provider of Kubernetes bring sessions up, by the command `sessions`. */

const stack = "pulumi";
const cluster = new Cluster(stack);
const { context, kubeconfig } = cluster;
const pod = "claude-agent-keyed-0";
const tools = ["pulumi", "pulumi-resource-kubernetes"].filter((name) => which(name) === undefined);
if (tools.length > 0) missing(`the tests of Pulumi on a cluster need in PATH: ${tools.join(", ")}`);
const images = tools.length > 0 ? undefined : await sessionImages();

const small = {
  healthCheck: { interval: "2 s", startPeriod: "2 s" },
  limits: { memory: "256 MB", disk: "32 MB" },
  reservations: { cpu: 0.1, memory: "128 MB" },
};

describe.skipIf(images === undefined)("sessions that the Pulumi CLI brings to a cluster", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-pulumi-"));
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    // There is no way to where plug-ins of other providers are, which this stack has no use for.
    PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION: "true",
  });
  const key = join(folder, "key");

  function describeStack(): void {
    const secret = { file: key };
    const sessions = [
      {
        id: "keyed",
        ...small,
        repositories: [{ name: "app", url: repositoryUrl }],
        credentials: { kind: "proxy", secret, upstream: "https://listed.example/v1/messages" },
        network: { egress: { allow: ["listed.example"] } },
      },
    ];
    const kubernetes = {
      context,
      kubeconfig,
      images,
      podSecurity: "v1.35",
      claims: { workspace: "32 MB", session: "32 MB", logs: "32 MB", repository: "64 MB" },
    };
    checkout.write(stack, sessions, { strategy: "kubernetes", image: { agent: "none" }, kubernetes });
  }

  async function up(): Promise<{ changed: boolean; sessions: readonly { session: string; state: string }[] }> {
    const { code, stdout, stderr } = await checkout.run(["up", "--stack", stack, "--yes", "--json"]);
    expect(code, `${stderr}\n${stdout}`).toBe(0);
    return JSON.parse(stdout);
  }

  beforeAll(async () => {
    await cluster.up();
    serveRepository();
    writeFileSync(key, "key-of-keyed\n", { mode: 0o600 });
    describeStack();
    const { code, stderr } = await checkout.runProgram("pulumi", ["stack", "init", stack, "--non-interactive"]);
    expect(code, stderr).toBe(0);
    expect(await up()).toMatchObject({ changed: true, sessions: [{ session: "keyed", state: "healthy" }] });
  });
  afterAll(async () => {
    checkout.dispose();
    rmSync(folder, { recursive: true });
    await cluster.down();
  });

  test("they have their proxies and their clone, and a second up changes nothing", { timeout: 300_000 }, async () => {
    const lines = ["cat /repos/app/file", 'curl -sS --max-time 5 --proxytunnel -x "$https_proxy" http://listed.example:443/'];
    const ask = `curl -s -o /dev/null -w '%{http_code}' --noproxy '*' -d '{}' "$ANTHROPIC_BASE_URL/v1/messages"`;
    expect((await cluster.shell(pod, [...lines, ask].join("; "))).output).toBe("from the repository\noutside\n502");
    const uid = (await cluster.pod(pod)).metadata?.uid;
    expect(await up()).toMatchObject({ changed: false });
    expect((await cluster.pod(pod)).metadata?.uid).toBe(uid);
  });
});
