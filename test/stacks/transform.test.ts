import { readFileSync, writeFileSync } from "node:fs";
import { inspect } from "node:util";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test } from "vitest";
import { textConfig } from "../../stacks/configuration.ts";
import { runProgram } from "../../stacks/recorder/program.ts";
import { review } from "../../stacks/recorder/review.ts";
import { recordStack } from "../../stacks/recorder/stack.ts";
import { unknownValue } from "../../stacks/recorder/unknown.ts";
import { UnreadSecrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { registerTransform } from "../../stacks/transform/register.ts";
import type { Registered } from "../../stacks/transform/transform.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder("transform");
let files = 0;

/** A transform's file. Each is another one, as a module is loaded once. @returns as a stack file names it */
function transformFile(body: string, whole = `export default ${body};`): string {
  files += 1;
  writeFileSync(join(folder, `t${files}.ts`), whole);
  return `./t${files}.ts`;
}

const stackWith = (transform: string) =>
  recordStack(
    {
      project: "agent-sessions",
      stack: "test",
      root: folder,
      config: textConfig({
        config: {
          "agent-sessions:image": { base: "debian:12" },
          "agent-sessions:local": { transform },
          "agent-sessions:sessions": [{ id: "s", network: { egress: "open" } }],
        },
      }),
    },
    new UnreadSecrets(),
  );

/** What a program of two volumes and a container asks for, with a transform. */
async function recorded(body: string, inputs: Partial<docker.ContainerArgs> = {}, said: string[] = []) {
  const name = transformFile(body);
  const { registrations } = await runProgram({
    project: "p",
    stack: "s",
    preview: true,
    program: async () => {
      await registerTransform({ key: "local.transform", name, path: join(folder, name) }, (line) => void said.push(line));
      const parent = new pulumi.ComponentResource("t:m:Parent", "parent");
      const volume = new docker.Volume("v", { name: "v" }, { parent, protect: true });
      const envs = ["A=1", pulumi.secret("B=top-secret")];
      new docker.Container("c", { name: "c", image: volume.mountpoint, envs, ...inputs }, { dependsOn: [volume] });
      return {};
    },
    resolve: async ({ inputs: given }) => ({ outputs: given }),
  });
  return Object.fromEntries(registrations.map((registration) => [registration.name, registration]));
}

const secretMark = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270" };
const seen = (name: string) => (globalThis as Record<string, unknown>)[name];

describe("a transform", () => {
  test("sees each resource with its options, and neither components nor providers, nor what is secret or unknown", async () => {
    const { c, v, parent } = await recorded("(resource) => void (globalThis.seen ??= []).push(resource)");
    const all = seen("seen") as Registered[];
    expect(all.map(({ type, name }) => `${type} ${name}`)).toEqual(["docker:index/volume:Volume v", "docker:index/container:Container c"]);
    expect(all[0]).toMatchObject({
      inputs: { name: "v" },
      options: { protect: true, retainOnDelete: false, deleteBeforeReplace: false, ignoreChanges: [] },
    });
    const { inputs } = all[1] as Registered;
    expect(inputs.name).toBe("c");
    expect(inspect(all)).not.toContain("top-secret");
    expect(inspect(inputs)).toMatch(/envs: \[\s+.A=1.,\s+\{\s+withheld: [\s\S]*image: \{\s+withheld: /);
    for (const read of [
      () => `${inputs.image}`,
      () => JSON.stringify(inputs),
      () => [...(inputs.image as [])],
      () => ({ ...(inputs.image as object) }),
    ])
      expect(read).toThrow(
        /^a value in inputs\.(envs|image) is a secret, or not known before the deployment, and no transform sees it: leave/,
      );
    expect(() => structuredClone(inputs)).toThrow();
    expect(() => Object.assign(all[0]?.inputs as object, { name: "x" })).toThrow(TypeError);
    for (const registration of [c, v, parent]) expect(registration?.transformed).toBeUndefined();
    expect(c?.inputs.envs).toEqual(["A=1", { ...secretMark, value: "B=top-secret" }]);
  });

  test("changes inputs and options of what it answers for, beside secrets, and what it changed is told", async () => {
    const said: string[] = [];
    const { c, v } = await recorded(
      `async ({ type, inputs, options }) =>
        type.endsWith(":Container")
          ? { inputs: { ...inputs, envs: ["C=3", ...inputs.envs], memory: 64, name: undefined, labels: [{ label: "team", value: "x" }] } }
          : { options: { protect: !options.protect, retainOnDelete: false } }`,
      { labels: [{ label: "old", value: "y" }] },
      said,
    );
    expect(c).toMatchObject({
      inputs: { memory: 64, labels: [{ label: "team", value: "x" }] },
      transformed: ["envs", "labels", "memory", "name"],
    });
    expect(c?.inputs.name).toBeUndefined();
    expect(c?.inputs.image).toBe(unknownValue);
    expect(c?.inputs.envs).toEqual(["C=3", "A=1", { ...secretMark, value: "B=top-secret" }]);
    expect(c?.dependencies).toEqual([v?.urn]);
    expect(v).toMatchObject({ inputs: { name: "v" }, protect: false, retainOnDelete: false, transformed: ["options.protect"] });
    expect(said).toEqual([
      expect.stringMatching(/^\.\/t\d+\.ts changes Volume v: options\.protect$/),
      expect.stringMatching(/^\.\/t\d+\.ts changes Container c: envs, labels, memory, name$/),
    ]);
  });

  test("may answer with what it was given, or with equal values, and changes nothing", async () => {
    const { c } = await recorded("({ inputs, options }) => ({ inputs: { ...inputs, capabilities: { drops: ['ALL'] } }, options })", {
      capabilities: { drops: ["ALL"] },
    });
    expect(c?.transformed).toBeUndefined();
  });

  test.each([
    ["() => { throw new Error('no such team') }", "no such team"],
    ["async () => { throw new Error('no such team') }", "no such team"],
    ["() => 3", "it answers 3; answer { inputs, options }, or nothing"],
    ["({ inputs }) => inputs", "it answers driver, name; answer { inputs, options }, or nothing"],
    ["() => ({ inputs: [] })", "its inputs are no set of keys and values"],
    ["() => ({ options: { dependsOn: [] } })", "options.dependsOn is not for a transform to change; it changes protect,"],
    ["() => ({ options: { protect: 'yes' } })", "options.protect is not true or false"],
    ["({ inputs }) => ({ inputs: { ...inputs, at: new Date(0) } })", "inputs.at is no text, number, true, false, list or set of keys"],
    ["({ inputs }) => ({ inputs: { ...inputs, n: [Number.NaN] } })", "inputs.n[0] is no text, number"],
    [
      "({ inputs }) => ({ inputs: { ...inputs, labels: inputs.driver } })",
      "inputs.labels holds what stands in inputs.driver: leave it there",
    ],
    ["({ inputs }) => void inputs.driver.length", "a value in inputs.driver is a secret, or not known"],
  ])("%s fails the plan with its file and the resource, and nothing is made", async (body, sentence) => {
    const name = transformFile(body);
    const made: string[] = [];
    const run = runProgram({
      project: "p",
      stack: "s",
      preview: false,
      program: async () => {
        await registerTransform({ key: "local.transform", name, path: join(folder, name) }, () => {});
        const first = new docker.Volume("v", { name: "v", driver: pulumi.secret("local") });
        new docker.Volume("after", { name: first.name });
        return {};
      },
      resolve: async (registration) => {
        made.push(registration.name);
        return { outputs: registration.inputs };
      },
    });
    await expect(run).rejects.toThrow(`the transform ${name} failed at docker:index/volume:Volume v: ${sentence}`);
    expect(made).toEqual([]);
  });
});

describe("a stack with a transform", () => {
  test("is recorded with it, says so in its authority, and the policy rules judge what it made", async () => {
    const label = transformFile(`({ type, inputs }) =>
      type === "docker:index/container:Container" ? { inputs: { ...inputs, labels: [...inputs.labels, { label: "team", value: "x" }] } } : undefined`);
    const stack = await stackWith(label);
    expect(stack.registrations.filter(({ transformed }) => transformed).map(({ name, transformed }) => [name, transformed])).toEqual([
      ["s-container", ["labels"]],
    ]);
    expect(stack.outputs.authority).toContain(`every resource: what the transform ${label} makes of it`);
    const rules = async (transform: string) => {
      const { registrations, settings } = await stackWith(transform);
      return review(registrations, settings).findings.filter(
        ({ verdict, enforcement }) => verdict === "violation" && enforcement === "mandatory",
      );
    };
    expect(await rules(label)).toEqual([]);
    const privileged = transformFile(
      `({ type, inputs }) => (type.endsWith(":Container") ? { inputs: { ...inputs, privileged: true } } : undefined)`,
    );
    expect(await rules(privileged)).toMatchObject([{ rule: "CTR-006", resource: expect.stringMatching(/::s-container$/) }]);
  });

  const parsed = (transform: unknown, more: object = {}) =>
    parse({ local: { transform }, sessions: [{ id: "s" }], ...more }, { root: folder, environment: {} });

  test("names it from the project's folder", () => {
    const name = transformFile("() => {}");
    expect(parsed(name).transform).toEqual({ key: "local.transform", name, path: join(folder, name) });
  });

  test.each([
    ["./nowhere.ts", 'local.transform: "./nowhere.ts" is not a file that is there; name one, or remove the key.'],
    [".", 'local.transform: "." is not a file of TypeScript or JavaScript; name one that ends in .ts or .js.'],
    [3, "local.transform: 3 is not a text; write it in quotes."],
  ])("%j is a mistake", (transform, sentence) => {
    expect(() => parsed(transform)).toThrow(sentence);
  });

  test("whose file cannot be loaded, or exports no function, is told so in a sentence", async () => {
    const broken = transformFile("", "export default (");
    await expect(stackWith(broken)).rejects.toThrow(
      new RegExp(`local\\.transform: "${broken}" cannot be loaded \\(.+\\); mend it, or remove the key\\.`),
    );
    const none = transformFile("", "export const transform = () => {};");
    await expect(stackWith(none)).rejects.toThrow(`local.transform: "${none}" exports no function; write export default (resource) => ….`);
  });
});

test("the transform that its page shows adds its label", async () => {
  const page = readFileSync(new URL("../../stacks/transform/README.md", import.meta.url), "utf8");
  const [, code = ""] = /```ts\n([^`]*)```/.exec(page) ?? [];
  const { registrations } = await stackWith(transformFile("", code.replace(/^import .*$/m, "type Transform = Function;")));
  const container = registrations.find(({ name }) => name === "s-container");
  expect(container).toMatchObject({
    inputs: { labels: expect.arrayContaining([{ label: "team", value: "payments" }]) },
    transformed: ["labels"],
  });
});
