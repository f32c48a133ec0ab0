import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine } from "./rig.ts";
import { missing } from "../support/missing.ts";

/** The policy pack under the Pulumi CLI alone, given what `sessions policy-config` prints: its verdict is that of `sessions check`. */

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const stack = "pulumi-policy-test";
const exception = { reason: "the tool reads no file", owner: "platform", expires: "2099-12-31" };
const excepted = {
  id: "y-excepted",
  network: { egress: "open" },
  credentials: { kind: "environment", secret: { env: "POLICY_TEST_KEY" }, exception },
};

describe.skipIf(docker === undefined || cli === undefined)("the pack with a stack's own configuration", () => {
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: "file://.",
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    POLICY_TEST_KEY: "not-a-key-of-anything",
  });
  const config = join(checkout.root, "policy-config.json");
  const write = (session: object) => checkout.write(stack, [session], { image: { agent: "none", base: "debian:12" } });
  const preview = async (...more: string[]) => {
    const { code, stdout, stderr } = await checkout.runProgram("pulumi", [
      ...["preview", "--stack", stack, "--non-interactive", "--policy-pack", "policy", ...more],
    ]);
    const output = `${stdout}${stderr}`;
    // The CLI says each by resource, and again where it lists the policies that it ran.
    const refused = [...new Set([...output.matchAll(/\[mandatory\][^\n]*?\b([A-Z0-9]{2,3}-\d{3}(?:-\w+)?)\b/g)].map(([, rule]) => rule))];
    return { stopped: code !== 0, refused: refused.sort(), output };
  };
  const configured = async (...more: string[]) => {
    const written = await checkout.run(["policy-config", "--stack", stack, "--output", config, ...more]);
    expect([written.code, written.stdout, written.stderr]).toEqual([0, "", ""]);
    return preview("--policy-pack-config", config);
  };
  /** What stops the stack, as the rules say it without any engine. */
  const checked = async (...more: string[]) => {
    const { code, stdout } = await checkout.run(["check", "--stack", stack, "--format", "json", ...more]);
    type Finding = Readonly<Record<"rule" | "verdict" | "enforcement", string>>;
    const found = (JSON.parse(stdout) as { findings: Finding[] }).findings;
    const stopping = found.filter(({ verdict, enforcement }) => verdict === "violation" && enforcement === "mandatory");
    return { stopped: code !== 0, refused: [...new Set(stopping.map(({ rule }) => rule))].sort() };
  };

  beforeAll(async () => {
    write(excepted);
    const { code, stderr } = await checkout.runProgram("pulumi", ["stack", "init", stack, "--non-interactive"]);
    expect(code, stderr).toBe(0);
  });
  afterAll(() => checkout.dispose());

  test("lets pass what the settings except, and no preview without it does", async () => {
    const bare = await preview();
    expect([bare.stopped, bare.refused]).toEqual([true, ["CTR-026"]]);
    const { output, ...given } = await configured();
    expect(given, output).toEqual(await checked());
    expect(given).toEqual({ stopped: false, refused: [] });
  }, 120_000);

  test("stops at a stricter level what it lets pass at the stack's own, and what no level lets pass", async () => {
    const strict = await configured("--level", "production");
    const judged = await checked("--level", "production");
    expect(judged.refused).not.toEqual([]);
    expect([strict.stopped, strict.refused]).toEqual([true, judged.refused]);
    write({ ...excepted, security: { capabilities: ["SYS_ADMIN"] } });
    const { output, ...given } = await configured();
    expect(given, output).toEqual(await checked());
    expect([given.stopped, given.refused]).toEqual([true, expect.arrayContaining(["CTR-003"])]);
  }, 120_000);
});
