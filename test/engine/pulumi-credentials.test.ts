import { randomBytes } from "node:crypto";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine } from "./rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const stack = "credentials-test";
const minutes = 60_000;
const random = () => `key-${randomBytes(12).toString("hex")}`;

describe.skipIf(docker === undefined || cli === undefined)("credentials under the Pulumi CLI", () => {
  const engine = docker as NonNullable<typeof docker>;
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-pulumi-")));
  const environment = {
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    TEST_CREDENTIAL: random(),
  };
  const checkout = new Checkout(environment);
  const kept = random();
  const printed: string[] = [];
  const pulumi = async (...args: string[]) => {
    const { code, stdout, stderr } = await checkout.runProgram("pulumi", [...args, "--stack", stack, "--non-interactive"]);
    printed.push(stdout, stderr);
    return { code, output: `${stdout}${stderr}` };
  };
  const done = async (...args: string[]) => {
    const { code, output } = await pulumi(...args);
    expect(code, output).toBe(0);
    return output;
  };
  const up = async () => {
    const { code, stdout, stderr } = await checkout.run(["up", "--stack", stack, "--engine", "pulumi", "--json"]);
    printed.push(stdout, stderr);
    expect(code, stderr).toBe(0);
  };
  const started = async (id: string) => (await engine.getContainer(`claude-agent-${id}`).inspect()).State.StartedAt;
  /** What the policy pack says of a preview without the exception from the settings. */
  const refusal = async () => (await pulumi("preview", "--policy-pack", "policy")).output;
  const token = async (id: string) => (await checkout.run(["exec", "--stack", stack, id, "--", "session-credential"])).stdout.trim();

  beforeAll(async () => {
    const sessions = [
      { id: "pc-env", credentials: { kind: "file", secret: { env: "TEST_CREDENTIAL" } } },
      {
        id: "pc-variable",
        credentials: {
          kind: "environment",
          secret: { env: "TEST_CREDENTIAL" },
          exception: { reason: "a test", owner: "me", expires: "2099-12-31" },
        },
      },
      { id: "pc-init", credentials: { kind: "init", secret: { env: "TEST_CREDENTIAL" }, command: "sed s/^key/fetched/ /secret/token" } },
      { id: "pc-proxy", credentials: { kind: "proxy", secret: { env: "TEST_CREDENTIAL" } } },
      { id: "pc-config", credentials: { kind: "file", secret: { config: "claude" } } },
    ];
    checkout.write(stack, JSON.stringify({ config: { "agent-sessions:image": { agent: "none" }, "agent-sessions:sessions": sessions } }));
    await done("stack", "init");
  });
  afterAll(async () => {
    await pulumi("destroy", "--yes");
    for (const { Name } of (await engine.listVolumes()).Volumes)
      if (Name.startsWith("claude-agent-pc-")) await engine.getVolume(Name).remove();
    checkout.dispose();
    rmSync(folder, { recursive: true });
  }, 2 * minutes);

  test(
    "a secret that is not in the configuration, or plain in it, is refused before anything is created",
    async () => {
      expect((await pulumi("preview")).output).toContain(
        'config claude is not in the stack\'s configuration; set it with "pulumi config set --secret secrets:claude"',
      );
      await done("config", "set", "secrets:claude", "plain-value");
      const { code, output } = await pulumi("preview");
      expect([code === 0, output]).toEqual([false, expect.stringContaining("config claude is plain in the stack file")]);
      expect(output).not.toContain("plain-value");
    },
    2 * minutes,
  );

  test(
    "secrets reach their sessions, a second preview is clean, and no output and no state holds them",
    async () => {
      await done("config", "set", "--secret", "secrets:claude", kept);
      expect(await refusal()).toMatch(/\[mandatory\].*CTR-026/);
      await up();
      expect([await token("pc-env"), await token("pc-variable"), await token("pc-config")]).toEqual([
        environment.TEST_CREDENTIAL,
        environment.TEST_CREDENTIAL,
        kept,
      ]);
      expect(await token("pc-init")).toBe(environment.TEST_CREDENTIAL.replace("key", "fetched"));
      expect((await engine.getContainer("claude-agent-pc-proxy-credential-proxy").inspect()).HostConfig.PidsLimit).toBe(128);
      await done("preview", "--expect-no-changes");
      await done("preview", "--refresh", "--expect-no-changes");
      printed.push(
        await done("stack", "export"),
        await done("preview", "--json"),
        JSON.stringify((await checkout.run(["plan", "--stack", stack, "--json"])).stdout),
      );
      expect(printed.join("")).toContain("secret config claude as a file below /auth");
      for (const secret of [environment.TEST_CREDENTIAL, kept]) expect(printed.join("")).not.toContain(secret);
    },
    5 * minutes,
  );

  test(
    "a changed secret reaches its session without a restart",
    async () => {
      const before = [await started("pc-env"), await started("pc-config")];
      const renewed = random();
      await done("config", "set", "--secret", "secrets:claude", renewed);
      await up();
      expect([await token("pc-env"), await token("pc-config")]).toEqual([environment.TEST_CREDENTIAL, renewed]);
      expect([await started("pc-env"), await started("pc-config")]).toEqual(before);
      expect(printed.join("")).not.toContain(renewed);
    },
    3 * minutes,
  );

  test(
    "destroy leaves no volume that held a secret",
    async () => {
      await done("destroy", "--yes");
      const left = (await engine.listVolumes()).Volumes.map(({ Name }) => Name).filter((name) => name.startsWith("claude-agent-pc-"));
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((name) => !/-(logs|session|workspace)$/.test(name))).toEqual([]);
    },
    3 * minutes,
  );
});
