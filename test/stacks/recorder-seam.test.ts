import { readFileSync } from "node:fs";
import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import debuggable from "@pulumi/pulumi/runtime/debuggable.js";
import { MockMonitor } from "@pulumi/pulumi/runtime/mocks.js";
import settings from "@pulumi/pulumi/runtime/settings.js";
import state from "@pulumi/pulumi/runtime/state.js";
import structproto from "google-protobuf/google/protobuf/struct_pb.js";
import { expect, test, vi } from "vitest";
import { type Registration, type Resolution, runProgram } from "../../stacks/recorder/program.ts";
import { unknownValue } from "../../stacks/recorder/unknown.ts";

/** The embedded engine stands on parts of the SDK that it does not declare: another version of it fails here first. */

const json = (path: string) =>
  JSON.parse(readFileSync(new URL(path, import.meta.url), "utf8")) as { version: string; dependencies: Record<string, string> };
const run = (
  program: () => Promise<object>,
  preview = true,
  resolve = async ({ inputs }: Registration): Promise<Resolution> => ({ outputs: inputs }),
) => runProgram({ project: "p", stack: "s", preview, program, resolve });

test("the SDK is the pinned one and has the functions that it does not declare", () => {
  expect(json("../../package.json").dependencies["@pulumi/pulumi"]).toBe(json("../../node_modules/@pulumi/pulumi/package.json").version);
  const undeclared = { ...settings, ...state } as unknown as Record<string, unknown>;
  for (const name of ["waitForRPCs", "setMockOptions", "getStore", "withLocalStorage"])
    expect(undeclared[name], name).toBeTypeOf("function");
  expect(new MockMonitor({ call: () => ({}), newResource: () => ({ id: "", state: {} }) }).resources).toBeInstanceOf(Map);
});

test("requests carry parent, dependencies, provider and the options that the plan reads", async () => {
  const { registrations } = await run(async () => {
    const parent = new pulumi.ComponentResource("t:m:Parent", "parent");
    const provider = new docker.Provider("engine", { host: "unix:///x" });
    const first = new docker.Volume("first", { name: "v" }, { parent, provider, retainOnDelete: true });
    const hook = new pulumi.ResourceHook("hook", async () => {});
    new docker.Volume(
      "second",
      { name: first.name },
      {
        dependsOn: [first],
        replaceWith: [first],
        deleteBeforeReplace: true,
        protect: true,
        ignoreChanges: ["labels"],
        hooks: { afterCreate: [hook] },
      },
    );
    return {};
  });
  const by = (name: string) => registrations.find((registration) => registration.name === name) as Registration;
  expect(by("first")).toMatchObject({
    urn: "urn:pulumi:s::p::t:m:Parent$docker:index/volume:Volume::first",
    custom: true,
    inputs: { name: "v" },
    parent: by("parent").urn,
    provider: expect.stringContaining(by("engine").urn),
    dependencies: [],
    retainOnDelete: true,
    deleteBeforeReplace: false,
    protect: false,
  });
  expect(by("second")).toMatchObject({
    dependencies: [by("first").urn],
    replaceWith: [by("first").urn],
    retainOnDelete: false,
    deleteBeforeReplace: true,
    protect: true,
    ignoreChanges: ["labels"],
    hooks: { afterCreate: ["hook"] },
  });
  expect(by("first").hooks).toEqual({});
  expect(by("parent")).toMatchObject({ custom: false, inputs: {} });
});

test("no resource takes a stack trace, and errors have theirs again when the program has ended", async () => {
  const taken = vi.spyOn(pulumi.Resource as unknown as { stackTrace(): unknown[] }, "stackTrace");
  const before = Error.stackTraceLimit;
  let during = before;
  await run(async () => {
    during = Error.stackTraceLimit;
    new docker.Volume("v", { name: "v" });
    return {};
  });
  expect(taken.mock.results.map(({ value }) => value)).toContainEqual([]);
  expect(taken.mock.results.flatMap(({ value }) => value)).toEqual([]);
  taken.mockRestore();
  expect([before, during, Error.stackTraceLimit]).toEqual([before, process.env.DEBUG ? before : 0, before]);
  expect(before).toBeGreaterThan(0);
});

test("nothing of a program is written into messages, whose order it has, or kept account of, and outside of one all is the SDK's own", async () => {
  const { Struct, Value } = structproto;
  const written = vi.spyOn(Value, "fromJavaScript");
  const { leakCandidates } = (state as unknown as { getStore(): { leakCandidates: Set<unknown> } }).getStore();
  let pending: unknown;
  const { registrations } = await run(async () => {
    const { name } = new docker.Volume("v", { name: "v", driverOpts: { type: "t", size: "1g" } });
    pending = [...(state as unknown as { getStore(): { leakCandidates: Set<unknown> } }).getStore().leakCandidates];
    return { name };
  });
  expect(JSON.stringify(registrations.find(({ name }) => name === "v")?.inputs)).toBe('{"driverOpts":{"size":"1g","type":"t"},"name":"v"}');
  expect([pending, written.mock.calls]).toEqual([[], []]);
  written.mockRestore();
  expect(Struct.fromJavaScript({ size: 1 }).getFieldsMap().get("size")?.getNumberValue()).toBe(1);
  const { debuggablePromise } = debuggable as unknown as { debuggablePromise(promise: Promise<void>, context: string): Promise<void> };
  const kept = debuggablePromise(Promise.resolve(), "outside");
  expect(leakCandidates.size).toBe(1);
  await kept;
});

test("what is not known yet is the SDK's own mark in a preview, and the engine's answer in a deployment", async () => {
  const program = async () => {
    const volume = new docker.Volume("v", { name: "v" });
    new docker.Container("c", { name: "c", image: "i", command: [volume.mountpoint] });
    return { mountpoint: volume.mountpoint, name: volume.name };
  };
  const preview = await run(program);
  expect(preview.registrations.find(({ name }) => name === "c")?.inputs.command).toEqual([unknownValue]);
  expect(preview.outputs).toEqual({ mountpoint: undefined, name: "v" });

  const deployed = await run(program, false, async ({ inputs, name }) => ({ id: `id-${name}`, outputs: { ...inputs, mountpoint: "/m" } }));
  expect(deployed.registrations.find(({ name }) => name === "c")?.inputs.command).toEqual(["/m"]);
  expect(deployed.outputs).toEqual({ mountpoint: "/m", name: "v" });
});

test("a secret input carries the SDK's signature, by which it is concealed", async () => {
  const { registrations } = await run(async () => ({ id: new docker.Volume("v", { name: pulumi.secret("hidden") }).id }));
  expect(registrations.find(({ name }) => name === "v")?.inputs.name).toMatchObject({
    value: "hidden",
    "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
  });
});

test("what the program throws comes back, and two runs at once do not mix", async () => {
  await expect(run(async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
  const named = (name: string) => run(async () => ({ id: new docker.Volume(name, { name }).id }));
  const runs = await Promise.all(["a", "b"].map(named));
  expect(runs.map(({ registrations }) => registrations.filter(({ custom }) => custom).map(({ name }) => name))).toEqual([["a"], ["b"]]);
});
