import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { afterAll, expect, test } from "vitest";
import { applyPlan } from "../../stacks/embedded/apply.ts";
import { emptyLive } from "../../stacks/embedded/live.ts";
import { planDeployment } from "../../stacks/embedded/plan.ts";
import { type Properties, runProgram, type RunOptions } from "../../stacks/recorder/program.ts";
import { unknownValue } from "../../stacks/recorder/unknown.ts";
import { Checkout } from "../cli/checkout.ts";

/** A program asks providers for what is there, as a stack in a cloud does for its subnets; the recorder has none to ask. */

const token = "cloud:net/getSubnets:getSubnets";
const getSubnets = (args: object = {}) => pulumi.runtime.invoke(token, args) as Promise<Record<string, string[]>>;
const getSubnetsOutput = (args: object = {}) => pulumi.runtime.invokeOutput(token, args) as pulumi.Output<Record<string, string[]>>;

class Thing extends pulumi.CustomResource {
  declare readonly tags: pulumi.Output<unknown>;
  constructor(name: string, props: object, opts: pulumi.CustomResourceOptions = {}) {
    super("cloud:net/thing:Thing", name, { tags: undefined, ...props }, opts);
  }
}

async function inputsOf(program: () => Promise<unknown>, more: Partial<RunOptions> = {}) {
  const run = await runProgram({
    project: "p",
    stack: "s",
    preview: true,
    program: async () => {
      await program();
      return {};
    },
    resolve: async ({ inputs }) => ({ outputs: inputs }),
    ...more,
  });
  const things = run.registrations.filter(({ type }) => type.endsWith(":Thing"));
  return { inputs: Object.fromEntries(things.map(({ name, inputs }) => [name, inputs])), unanswered: run.unanswered };
}

test("an answer that nobody gives is unknown, awaited and as an output, and so is all that is read of it", async () => {
  const { inputs, unanswered } = await inputsOf(async () => {
    const answer = await getSubnets({ vpc: "v" });
    const { ids = [] } = await getSubnets();
    new Thing("awaited", { all: answer, ids: answer.ids, first: answer.ids?.[0], text: `arn:${answer.owner}:x`, more: [...ids, "known"] });
    for (const [index, id] of ids.entries()) new Thing(`one-${index}`, { subnet: id.trim() });
    ids.forEach((id) => void new Thing("each", { subnet: id }));
    new Thing("output", { ids: getSubnetsOutput().ids, first: getSubnetsOutput().apply(({ ids }) => ids?.[0]) });
    new Thing("single", { value: await pulumi.runtime.invokeSingle("cloud:net/getName:getName", {}) });
    new Thing("argument", { ids: (await getSubnets({ vpc: new Thing("vpc", {}).id })).ids });
    const read = new Thing("read", { known: 1 }, { id: "i-1" });
    new Thing("of-read", { target: read.id, tags: read.tags });
    new Thing("method", { value: pulumi.runtime.call("cloud:net/thing:Thing/kubeconfig", {}, read) });
  });
  expect(inputs).toEqual({
    awaited: { all: unknownValue, ids: unknownValue, first: unknownValue, text: `arn:${unknownValue}:x`, more: [unknownValue, "known"] },
    "one-0": { subnet: unknownValue },
    each: { subnet: unknownValue },
    output: { ids: unknownValue, first: unknownValue },
    single: { value: unknownValue },
    vpc: {},
    argument: { ids: unknownValue },
    "of-read": { target: "i-1", tags: unknownValue },
    method: { value: unknownValue },
  });
  expect(unanswered).toEqual([token, "cloud:net/getName:getName", "cloud:net/thing:Thing", "cloud:net/thing:Thing/kubeconfig"].sort());
});

test("what other stacks have is unknown, be it an output or a resource", async () => {
  const urn = "urn:pulumi:other::p::cloud:net/thing:Thing::far";
  const { inputs, unanswered } = await inputsOf(async () => {
    const other = new pulumi.StackReference("organization/other/prod");
    new Thing("by-output", { network: other.getOutput("network"), required: other.requireOutput("network") });
    const far = pulumi.runtime.invokeOutput("pulumi:pulumi:getResource", { urn }) as pulumi.Output<{ state: unknown }>;
    new Thing("by-urn", { state: far.state });
  });
  expect(inputs).toEqual({ "by-output": { network: unknownValue, required: unknownValue }, "by-urn": { state: unknownValue } });
  expect(unanswered).toEqual(["pulumi:pulumi:StackReference", "pulumi:pulumi:getResource"]);
});

test("what the caller says is the answer", async () => {
  const answer = (asked: string, args: Properties) => (asked === token && args.vpc === "v" ? { ids: ["a", "b"] } : undefined);
  const program = async () => {
    new Thing("awaited", await getSubnets({ vpc: "v" }));
    new Thing("output", { ids: getSubnetsOutput({ vpc: "v" }).ids });
    new Thing("other", { ids: (await getSubnets({ vpc: "w" })).ids });
  };
  const { inputs, unanswered } = await inputsOf(program, { answer });
  expect(inputs).toEqual({ awaited: { ids: ["a", "b"] }, output: { ids: ["a", "b"] }, other: { ids: unknownValue } });
  expect(unanswered).toEqual([token]);
});

test("what fails says why: in the caller's answers, and in a program that stumbles over an unknown one", async () => {
  const failing = () => {
    throw new Error("no such file of answers");
  };
  await expect(inputsOf(async () => new Thing("x", { ids: getSubnetsOutput().ids }), { answer: failing })).rejects.toThrow(
    "no such file of answers",
  );
  const twoOrMore = async () => {
    if ((await getSubnets()).ids!.length < 2) throw new RangeError("two subnets are needed");
  };
  await expect(inputsOf(twoOrMore)).rejects.toThrow(
    new RangeError(`two subnets are needed (no provider is asked here, so what these functions answer is unknown: ${token})`),
  );
});

test("outside of the recorder, the SDK's functions answer as they do", async () => {
  await pulumi.runtime.setMocks({ call: () => ({}), newResource: ({ name }) => ({ id: name, state: {} }) });
  expect(await getSubnets()).toEqual({});
});

test("a plan with unknown answers is applied to nothing", async () => {
  const identity = { project: "p", stack: "s", deployment: "0123456789abcdef" };
  const live = emptyLive(identity);
  const run = { ...identity, identity, live, program: async () => ({ ids: getSubnetsOutput().ids }) };
  const plan = await planDeployment(run);
  const docker = {} as Docker;
  await expect(applyPlan(plan, { ...run, docker })).rejects.toThrow(
    `nothing was changed: the program asks providers (${token}), and the embedded engine has none; deploy this stack with the Pulumi CLI (--engine pulumi)`,
  );
});

const checkout = new Checkout({ DOCKER_HOST: "unix:///nowhere/docker.sock" });
afterAll(() => checkout.dispose());

test("a program that asks providers is checked and planned by the commands", async () => {
  checkout.write("asking", [{ id: "one" }]);
  const folder = join(checkout.root, "stacks/strategies");
  const index = readFileSync(join(folder, "index.ts"), "utf8");
  expect(index).toContain('import("./local.ts")');
  writeFileSync(join(folder, "index.ts"), index.replace('import("./local.ts")', 'import("./asking.ts")'));
  writeFileSync(
    join(folder, "asking.ts"),
    `import { Network } from "@pulumi/docker";
    import * as pulumi from "@pulumi/pulumi";
    import * as local from "./local.ts";
    export async function deploy(...given: Parameters<typeof local.deploy>) {
      const awaited: any = await pulumi.runtime.invoke("${token}", {});
      for (const id of awaited.ids.slice(0, 2)) new Network("asked", { name: id });
      new Network("asked-output", { name: pulumi.runtime.invokeOutput<any>("${token}", {}).ids[0] });
      return local.deploy(...given);
    }`,
  );
  const checked = await checkout.run(["check", "--stack", "asking", "--format", "json"]);
  expect([checked.code, checked.stderr]).toEqual([0, ""]);
  const report = JSON.parse(checked.stdout) as { findings: readonly { resource: string; verdict: string }[] };
  expect(report.findings.filter(({ resource }) => /::asked(-output)?$/.test(resource)).map(({ verdict }) => verdict)).not.toEqual([]);
  const planned = await checkout.run(["plan", "--stack", "asking"]);
  expect([planned.code, planned.stderr]).toEqual([0, expect.stringMatching(/^Read from this machine, [^\n]*\n$/)]);
  expect(planned.stdout).toMatch(/create +network +asked\n.*create +network +asked-output\n/);
  expect(planned.stdout).toContain(`No provider is asked here, so this counts as unknown: ${token}`);
});
