import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Checkout } from "../cli/checkout.ts";
import { missing } from "../support/missing.ts";
import { liveEngine } from "./rig.ts";

/** A transform of the user's own under the Pulumi CLI: what the recorder does with one is what the CLI does. */

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const stack = "pulumi-transform-test";
const secret = "not-a-key-of-anything";

describe.skipIf(docker === undefined || cli === undefined)("a stack with a transform, under the Pulumi CLI", () => {
  const engine = docker as NonNullable<typeof docker>;
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: "file://./state",
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
    TRANSFORM_TEST_KEY: secret,
  });
  const session = {
    id: "x-one",
    limits: { memory: "256 MB", processes: 64 },
    credentials: { kind: "file", secret: { env: "TRANSFORM_TEST_KEY" } },
  };
  const describeWith = (transform?: string) => {
    if (transform !== undefined) writeFileSync(join(checkout.root, "transform.ts"), transform);
    checkout.write(stack, [session], {
      image: { agent: "none" },
      ...(transform !== undefined && { local: { transform: "./transform.ts" } }),
    });
  };
  const pulumi = async (...args: string[]) => {
    const { code, stdout, stderr } = await checkout.runProgram("pulumi", [...args, "--stack", stack, "--non-interactive"]);
    return { code, output: `${stdout}${stderr}` };
  };
  const done = async (...args: string[]) => {
    const { code, output } = await pulumi(...args);
    expect(code, output).toBe(0);
    return output;
  };
  const container = (answer: string) =>
    `export default async ({ type, name, inputs }) => (name === "x-one-container" && type === "docker:index/container:Container" ? ${answer} : undefined);`;

  /** The session's container in the state. */
  const kept = async () => {
    const { stdout } = await checkout.runProgram("pulumi", ["stack", "export", "--stack", stack]);
    const { deployment } = JSON.parse(stdout) as { deployment: { resources: readonly Readonly<Record<string, unknown>>[] } };
    return deployment.resources.find(({ urn }) => String(urn).endsWith("::x-one-container")) ?? {};
  };

  beforeAll(async () => {
    mkdirSync(join(checkout.root, "state"));
    describeWith();
    await done("stack", "init");
  });
  afterAll(async () => {
    describeWith();
    try {
      await done("state", "unprotect", "--all", "--yes");
      await done("destroy", "--yes");
      for (const kind of ["logs", "session", "workspace"]) await engine.getVolume(`claude-agent-x-one-${kind}`).remove();
    } finally {
      checkout.dispose();
    }
  }, 120_000);

  test("is refused by the policy pack for what it made, and stopped by its own error, which names file and resource", async () => {
    describeWith(container("{ inputs: { ...inputs, privileged: true } }"));
    const refused = await pulumi("preview", "--policy-pack", "policy");
    expect([refused.code === 0, refused.output]).toEqual([false, expect.stringMatching(/\[mandatory\].*CTR-006 .*x-one-container/)]);
    describeWith(container("Promise.reject(new Error('no such team'))"));
    const failed = await pulumi("preview");
    const sentence = "the transform ./transform.ts failed at docker:index/container:Container x-one-container: no such team";
    expect([failed.code === 0, failed.output]).toEqual([false, expect.stringContaining(sentence)]);
  }, 120_000);

  test("runs as it says, with its hooks, and no preview after it sees a difference; no secret was shown", async () => {
    const seen = join(checkout.root, "seen");
    describeWith(
      [
        'import { appendFileSync } from "node:fs";',
        'import { inspect } from "node:util";',
        "export default ({ type, name, inputs }) => {",
        `  appendFileSync(${JSON.stringify(seen)}, \`\${type} \${name} \${inspect(inputs, { depth: 9 })}\\n\`);`,
        '  if (name !== "x-one-container") return undefined;',
        '  return { inputs: { ...inputs, memory: 192, memorySwap: 192, labels: [...inputs.labels, { label: "team", value: "x" }] }, options: { protect: true } };',
        "};",
      ].join("\n"),
    );
    const said = await done("up", "--yes", "--policy-pack", "policy", "--parallel", "64");
    expect(said).toContain("./transform.ts changes Container x-one-container: labels, memory, memorySwap, options.protect");
    expect(said).toContain("every resource: what the transform ./transform.ts makes of it");
    const { Config, HostConfig } = await engine.getContainer("claude-agent-x-one").inspect();
    expect([Config.Labels.team, HostConfig.Memory, HostConfig.PidsLimit]).toEqual(["x", 192 * 1024 ** 2, 64]);
    await done("preview", "--refresh", "--expect-no-changes");
    const transformed = await kept();
    expect(transformed).toMatchObject({ protect: true, resourceHooks: expect.anything() });

    const shown = readFileSync(seen, "utf8");
    const has = (what: string) => shown.includes(what);
    expect(["withheld: ", secret, "pulumi:providers", "agent-sessions:docker:"].map(has)).toEqual([true, false, false, false]);

    describeWith();
    await done("up", "--yes", "--policy-pack", "policy", "--parallel", "64");
    expect((await engine.getContainer("claude-agent-x-one").inspect()).Config.Labels.team).toBeUndefined();
    // What the transform said nothing of was the same with it.
    const { dependencies, resourceHooks, provider, parent } = await kept();
    expect(dependencies).not.toEqual([]);
    expect(transformed).toMatchObject({ dependencies, resourceHooks, provider, parent });
  }, 240_000);
});
