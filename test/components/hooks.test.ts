import * as pulumi from "@pulumi/pulumi";
import { afterEach, describe, expect, test, vi } from "vitest";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import { limitedProcesses, limitedService, ownVolumeGuard, processLimit, runOnce } from "../../components/container-engine/hooks.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { record } from "../support/record.ts";
import { type Answers, scriptedEngine } from "../support/scripted-engine.ts";

/** What hooks ask of an engine, where none answers to the live tests of what comes of it. */

afterEach(() => void vi.unstubAllEnvs());

type Hook = (component: pulumi.Resource) => pulumi.ResourceHook;
const serviceLimits: Hook = (component) => limitedService(component).afterCreate?.[0] as pulumi.ResourceHook;

/** A component whose provider speaks to an engine. */
const componentAt = (engine: FoundEngine, name = "one") =>
  new pulumi.ComponentResource("t:m:One", name, {}, { provider: new EngineProvider(`${name}-engine`, engine) });
const argsOf = (newInputs: object) =>
  ({ urn: "", id: "42", name: "a-name", type: "", newInputs }) as unknown as Parameters<pulumi.ResourceHook["callback"]>[0];

/** Calls a hook as the Pulumi engine does, and returns what the container engine was asked, and why it failed. */
async function call(hook: Hook, newInputs: object, answers: Answers) {
  const { asked, found } = await scriptedEngine(answers);
  let failure: string | undefined;
  await record(async () => {
    try {
      await hook(componentAt(found)).callback(argsOf(newInputs));
    } catch (error) {
      failure = (error as Error).message;
    }
  });
  return { asked, failure };
}

const labelled = (labels: Readonly<Record<string, string>>) => ({
  labels: Object.entries(labels).map(([label, value]) => ({ label, value })),
});
const limited = (limit: string) => labelled({ disk_limit: "77", pids_limit: limit });
const noLimit = "a-name has no process limit in its label pids_limit; give it one";
const unlimited = [limited(""), limited("0"), limited("-1"), limited("many"), limited("1.5"), labelled({}), {}];

const update = "POST /containers/42/update";
const start = "POST /containers/42/start";
const wait = "POST /containers/42/wait";
const logs = "GET /containers/42/logs?stdout=true&stderr=true&tail=5";
const remove = "DELETE /containers/42?force=true";

describe("the hook of a container that serves", () => {
  test.each([1, 33])("sets the limit %i that its label holds, and asks nothing else", async (limit) => {
    const { asked, failure } = await call(processLimit, limited(String(limit)), { [update]: [200, {}] });
    expect([asked, failure]).toEqual([[[update, { PidsLimit: limit }]], undefined]);
  });

  test.each(unlimited)("fails with %j, which limits nothing", async (inputs) => {
    expect(await call(processLimit, inputs, { [update]: [200, {}] })).toEqual({ asked: [], failure: noLimit });
  });

  test("fails when the engine refuses the limit", async () => {
    const { failure } = await call(processLimit, limited("33"), { [update]: [500, { message: "no pids cgroup" }] });
    expect(failure).toContain("no pids cgroup");
  });
});

describe("the hook of a container that does one job", () => {
  const made: Answers = { [update]: [200, {}], [start]: [204], [remove]: [204] };

  test("limits it before it starts, waits for its end, and leaves what ended well", async () => {
    const { asked, failure } = await call(runOnce, limited("44"), { ...made, [wait]: [200, { StatusCode: 0 }] });
    expect([asked, failure]).toEqual([[[update, { PidsLimit: 44 }], start, wait], undefined]);
  });

  test("fails with the last lines of one that ended with an error, and removes it", async () => {
    const frame = "\u0002\0\0\0\0\0\0\u000a";
    const { asked, failure } = await call(runOnce, limited("44"), {
      ...made,
      [wait]: [200, { StatusCode: 3 }],
      [logs]: [200, `${frame}the cause\n`],
    });
    expect(failure).toBe('a-name ended with 3: the cause. When its cause is gone, run "pulumi up --refresh".');
    expect(asked).toEqual([[update, { PidsLimit: 44 }], start, wait, logs, remove]);
  });

  test.each(unlimited)("does not start one with %j, which limits nothing, and removes it", async (inputs) => {
    expect(await call(runOnce, inputs, made)).toEqual({ asked: [remove], failure: noLimit });
  });

  test("does not start what cannot be limited, and removes it", async () => {
    const { asked, failure } = await call(runOnce, limited("44"), { ...made, [update]: [500, { message: "no pids cgroup" }] });
    expect(failure).toContain("no pids cgroup");
    expect(asked).toEqual([[update, { PidsLimit: 44 }], remove]);
  });

  test("removes what does not start", async () => {
    const { asked, failure } = await call(runOnce, limited("44"), { ...made, [start]: [500, { message: "no such entrypoint" }] });
    expect(failure).toContain("no such entrypoint");
    expect(asked.slice(-2)).toEqual([start, remove]);
  });
});

describe("the hook of a service", () => {
  const inspect = "GET /services/42";
  const updated = "POST /services/42/update?version=7";
  /** What a service is made of, of which its limits are a part. */
  const service = (labels?: object, limits?: object, ulimits?: object) => ({
    Name: "a-service",
    ...(labels && { Labels: labels }),
    TaskTemplate: {
      ContainerSpec: { Image: "x", ReadOnly: true, ...(ulimits && { Ulimits: ulimits }) },
      Networks: [{ Target: "net" }],
      Resources: { Reservations: { MemoryBytes: 5 }, ...(limits && { Limits: limits }) },
    },
  });

  test("sets the limits that the service's labels hold, and leaves the rest of it", async () => {
    const labels = { kind: "x", pids_limit: "128", nofile_limit: "1024", sigpending_limit: "256" };
    const { asked, failure } = await call(
      serviceLimits,
      {},
      {
        [inspect]: [200, { Version: { Index: 7 }, Spec: service(labels, { MemoryBytes: 9, NanoCPUs: 3 }) }],
        [updated]: [200, {}],
      },
    );
    const ulimits = [
      { Name: "nofile", Soft: 1024, Hard: 1024 },
      { Name: "sigpending", Soft: 256, Hard: 256 },
    ];
    expect([asked, failure]).toEqual([
      [inspect, [updated, { ...service(labels, { MemoryBytes: 9, NanoCPUs: 3, Pids: 128 }, ulimits), version: 7 }]],
      undefined,
    ]);
  });

  test("sets no limit that no label holds, and needs none that was there", async () => {
    const labels = { pids_limit: "1" };
    const { asked } = await call(
      serviceLimits,
      {},
      {
        [inspect]: [200, { Version: { Index: 7 }, Spec: service(labels) }],
        [updated]: [200, {}],
      },
    );
    expect(asked).toEqual([inspect, [updated, { ...service(labels, { Pids: 1 }, []), version: 7 }]]);
  });

  test.each([undefined, {}, { pids_limit: "" }, { pids_limit: "0" }, { pids_limit: "-1" }, { pids_limit: "1.5" }, { pids_limit: "many" }])(
    "fails with the labels %j, which limit nothing",
    async (labels) => {
      const spec = service(labels);
      expect(await call(serviceLimits, {}, { [inspect]: [200, { Version: { Index: 7 }, Spec: spec }], [updated]: [200, {}] })).toEqual({
        asked: [inspect],
        failure: noLimit,
      });
    },
  );
});

describe("the hook of a volume", () => {
  const inspect = "GET /volumes/a-volume";
  const own = { created_by: "agent-sessions", stack: "p/s" };
  const inputs = { name: "a-volume", ...labelled(own) };

  test.each<[string, Answers]>([
    ["whose name is free", { [inspect]: [404, { message: "no such volume" }] }],
    ["that is its own", { [inspect]: [200, { Name: "a-volume", Driver: "local", Labels: own, Options: null }] }],
  ])("lets one be made %s", async (_, answers) => {
    expect(await call(ownVolumeGuard, inputs, answers)).toEqual({ asked: [inspect], failure: undefined });
  });

  test.each([
    [{ Labels: null }, "was not made by agent-sessions"],
    [{ Labels: { ...own, stack: "p/other" } }, 'belongs elsewhere (label stack is "p/other")'],
    [{ Labels: own, Options: { device: "/etc" } }, "has options of its own, so its data may lie anywhere on the host"],
  ])("refuses one of somebody else's: %j", async (found, why) => {
    const { failure } = await call(ownVolumeGuard, inputs, { [inspect]: [200, { Name: "a-volume", Driver: "local", ...found }] });
    expect(failure).toBe(`volume a-volume is already there and ${why}; remove it with "docker volume rm a-volume" or rename the session`);
  });

  test("fails where the engine cannot say whose one is, and not as if its name were free", async () => {
    const { failure } = await call(ownVolumeGuard, inputs, { [inspect]: [500, { message: "no such driver" }] });
    expect(failure).toContain("no such driver");
  });
});

describe("hooks", () => {
  test.each<[string, (component: pulumi.Resource) => pulumi.ResourceHookBinding]>([
    ["agent-sessions-process-limit", limitedProcesses],
    ["agent-sessions-service-limits", limitedService],
  ])("called %s are called when what carries them is made and when it changes", async (name, bind) => {
    await record(() => {
      const { afterCreate, afterUpdate, ...others } = bind(componentAt({ address: "unix:///nowhere.sock", source: "settings" }));
      expect([afterCreate, afterUpdate].map((hooks) => hooks?.map((hook) => (hook as pulumi.ResourceHook).name))).toEqual([[name], [name]]);
      expect(others).toEqual({});
    });
  });

  test("are registered once for all that a provider makes, at whatever depth, and speak to its engine", async () => {
    const [one, other] = [await scriptedEngine({ [update]: [200, {}] }), await scriptedEngine({ [update]: [200, {}] })];
    await record(async () => {
      const [here, there] = [componentAt(one.found, "here"), componentAt(other.found, "there")];
      const child = new pulumi.ComponentResource("t:m:Child", "child", {}, { parent: here });
      expect(processLimit(child)).toBe(processLimit(here));
      expect(processLimit(there)).not.toBe(processLimit(here));
      expect(runOnce(here)).not.toBe(processLimit(here));
      await processLimit(child).callback(argsOf(limited("33")));
    });
    expect([one.asked.length, other.asked.length]).toEqual([1, 0]);
  });

  test("without a provider are registered once for the program, and speak to the engine that is found when the first is called", async () => {
    const { asked, found } = await scriptedEngine({ [update]: [200, {}] });
    await record(async () => {
      const [first, second] = ["first", "second"].map((name) => new pulumi.ComponentResource("t:m:Alone", name));
      const hook = processLimit(first as pulumi.Resource);
      expect(processLimit(second as pulumi.Resource)).toBe(hook);
      vi.stubEnv("DOCKER_HOST", found.address);
      await hook.callback(argsOf(limited("33")));
      vi.stubEnv("DOCKER_HOST", "unix:///nowhere/docker.sock");
      await hook.callback(argsOf(limited("34")));
    });
    expect(asked).toEqual([
      [update, { PidsLimit: 33 }],
      [update, { PidsLimit: 34 }],
    ]);
  });
});
