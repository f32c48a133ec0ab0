import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, until } from "./rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const stack = "egress-test";
const minutes = 60_000;
const id = "pe-listed";

describe.skipIf(docker === undefined || cli === undefined)("an allow list under the Pulumi CLI", () => {
  const engine = docker as NonNullable<typeof docker>;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-pulumi-")));
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  });
  const pulumi = (...args: string[]) => checkout.runProgram("pulumi", [...args, "--stack", stack, "--non-interactive"]);
  const sessions = async (...args: string[]) => {
    const { code, stdout, stderr } = await checkout.run([args[0] ?? "", "--stack", stack, ...args.slice(1)]);
    expect(code, stderr).toBe(0);
    return stdout;
  };
  const describeEgress = (egress: unknown, bandwidth = {}) =>
    checkout.write(
      stack,
      JSON.stringify({
        config: {
          "agent-sessions:image": { agent: "none" },
          // An engine before 28 opens them to neighbours where egress is open.
          "agent-sessions:sessions": [
            {
              id,
              network: { egress, ports: ports.map((port) => ({ ...port, ...(egress === "open" && { neighbours: true }) })), bandwidth },
            },
          ],
        },
      }),
    );
  const describeList = (...allow: string[]) => describeEgress({ allow }, { download: "10 MB/s" });
  const ports = [
    { container: 8000, host: 28_000 },
    { container: 80, host: 28_001 },
    { container: 53, host: 28_000, protocol: "udp" },
  ];
  const idOf = async (name: string) => (await engine.getContainer(name).inspect()).Id;

  beforeAll(async () => {
    describeList("one.invalid");
    const { code, stderr } = await pulumi("stack", "init");
    expect(code, stderr).toBe(0);
    await sessions("up", "--engine", "pulumi", "--json");
  }, 5 * minutes);
  afterAll(async () => {
    await pulumi("destroy", "--yes");
    for (const { Name } of (await engine.listVolumes()).Volumes)
      if (Name.startsWith(`claude-agent-${id}-`)) await engine.getVolume(Name).remove();
    checkout.dispose();
    rmSync(folder, { recursive: true });
  }, 2 * minutes);

  test(
    "the session asks the proxy, which has its process limit, and the commands say so",
    async () => {
      // What up tried to prove its promises stands in the record too.
      const since = ["--since", new Date().toISOString()];
      const ask = "curl -s -m 10 -o /tmp/x -o /tmp/x -w '%{http_code} ' http://one.invalid/ http://two.invalid/";
      expect(await sessions("exec", id, "--", "bash", "-c", ask)).toBe("503 403 ");
      expect(
        (JSON.parse(await sessions("egress", id, "--json", ...since)) as { host: string; verdict: string }[]).map(
          ({ host, verdict }) => `${host} ${verdict}`,
        ),
      ).toEqual(["two.invalid unlisted", "one.invalid unresolved"]);
      expect(await sessions("egress", id, "--suggest")).toBe("network:\n  egress:\n    allow:\n      - two.invalid\n");
      expect(await sessions("egress", id)).toMatch(/two\.invalid +│ 80 +│ unlisted +│ 1 /);
      expect(JSON.parse(await sessions("list", "--json"))).toMatchObject([{ session: id, isolation: "egress-filtered" }]);
      expect((await engine.getContainer(`claude-agent-${id}-proxy`).inspect()).HostConfig.PidsLimit).toBe(16);
    },
    minutes,
  );

  test(
    "a second preview is clean under the policy pack, after a refresh too",
    async () => {
      const { code, stdout, stderr } = await pulumi("preview", "--refresh", "--expect-no-changes", "--policy-pack", "policy");
      expect(code, stdout + stderr).toBe(0);
    },
    2 * minutes,
  );

  test(
    "a changed list replaces the proxy and leaves the session as it is",
    async () => {
      const before = [await idOf(`claude-agent-${id}`), await idOf(`claude-agent-${id}-proxy`)];
      describeList("two.invalid");
      await sessions("up", "--engine", "pulumi", "--json", "--yes");
      expect(await idOf(`claude-agent-${id}`)).toBe(before[0]);
      expect(await idOf(`claude-agent-${id}-proxy`)).not.toBe(before[1]);
    },
    3 * minutes,
  );

  test.each<[string, unknown]>([
    ["a list", { allow: ["two.invalid"] }],
    ["open egress", "open"],
    ["a list again", { allow: ["one.invalid"] }],
  ])(
    "with %s its ports lead to the session",
    async (_, egress) => {
      describeEgress(egress);
      await sessions("up", "--engine", "pulumi", "--json", "--yes");
      const server = 'require("node:http").createServer((_, response) => response.end("reached")).listen(80)';
      const exec = await engine.getContainer(`claude-agent-${id}`).exec({ User: "1000:1000", Cmd: ["node", "-e", server] });
      await exec.start({ Detach: true });
      const ask = async () => (await fetch("http://127.0.0.1:28001/").catch(() => undefined))?.text();
      expect(await until(ask, 20, "an answer of the session")).toBe("reached");
    },
    3 * minutes,
  );
});
