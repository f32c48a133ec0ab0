import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { Volume } from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { type FoundEngine, findEngine } from "../../components/container-engine/find.ts";
import { ownVolumeGuard, processLimit, runOnce } from "../../components/container-engine/hooks.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { plainOutput } from "../../components/container-engine/output.ts";
import { localBase, stockBase } from "../../components/hardened-image/args.ts";
import { cloneName } from "../../components/session.ts";
import { RepositoryClone } from "../../components/session-volumes/docker.ts";
import { createVolume } from "../../stacks/embedded/docker/volume.ts";
import { conflictsOf } from "../../stacks/recorder/plan.ts";
import { record } from "../support/record.ts";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();
const minutes = 60_000;

/** A component whose provider speaks to an engine. */
const componentAt = (engine: FoundEngine, name = "one") =>
  new pulumi.ComponentResource("t:m:One", name, {}, { provider: new EngineProvider(`${name}-engine`, engine) });

/** What a container says of its own process limit, whichever version the control groups have. */
const sayLimit = "cat /sys/fs/cgroup/pids.max /sys/fs/cgroup/pids/pids.max 2>/dev/null; true";

describe.skipIf(docker === undefined)("what a hook does when the Pulumi engine calls it", () => {
  const engine = docker as Docker;
  const made: { remove(options?: object): Promise<unknown> }[] = [];
  const hooks: Record<string, pulumi.ResourceHook> = {};
  let image: string;

  beforeAll(async () => {
    const found = await findEngine();
    await record(() => {
      const one = componentAt(found);
      Object.assign(hooks, { processLimit: processLimit(one), runOnce: runOnce(one), ownVolumeGuard: ownVolumeGuard(one) });
    });
    const known = await Promise.all(
      [localBase, stockBase].map((name) =>
        engine
          .getImage(name)
          .inspect()
          .catch(() => undefined),
      ),
    );
    image = known.find((one) => one !== undefined)?.Id ?? "";
  });
  afterEach(async () => {
    for (const one of made.splice(0)) await one.remove({ force: true }).catch(() => {});
  });

  const argsOf = (id: string | undefined, newInputs: object) =>
    ({ urn: "", id, name: "a-name", type: "", newInputs }) as unknown as pulumi.ResourceHookArgs;
  const call = async (hook: string, id: string | undefined, newInputs: object) => hooks[hook]?.callback(argsOf(id, newInputs));
  // Other labels have other numbers.
  const limited = (limit: string) => ({
    labels: [
      { label: "disk_limit", value: "77" },
      { label: "pids_limit", value: limit },
    ],
  });
  const container = async (line: string) => {
    const one = await engine.createContainer({ Image: image, Cmd: ["sh", "-c", line] });
    made.push(one);
    return one;
  };
  const output = async (one: Docker.Container) => plainOutput(await one.logs({ stdout: true, stderr: true }));
  const isGone = (one: Docker.Container) =>
    one.inspect().then(
      () => false,
      ({ statusCode }) => statusCode === 404,
    );

  test("limits the processes of a container that runs", async () => {
    const one = await container("sleep 60");
    await one.start();
    for (const limit of [33, 1]) {
      await call("processLimit", one.id, limited(String(limit)));
      expect((await one.inspect()).HostConfig.PidsLimit).toBe(limit);
    }
  });

  test.each([limited(""), limited("0"), limited("-1"), limited("many"), limited("1.5"), { labels: [] }, {}])(
    "refuses %j, which limits nothing, and removes the container, also while it runs",
    async (inputs) => {
      const one = await container("sleep 60");
      await one.start();
      for (const hook of ["processLimit", "runOnce"])
        await expect(call(hook, one.id, inputs)).rejects.toThrow("a-name has no process limit in its label pids_limit; give it one");
      expect(await isGone(one)).toBe(true);
    },
  );

  test("runs a container under its limit from the first process on, and leaves what ended well", async () => {
    const one = await container(sayLimit);
    await call("runOnce", one.id, limited("44"));
    expect([await output(one), (await one.inspect()).State.ExitCode]).toEqual(["44", 0]);
  });

  test("fails with the last lines of a container that ended with an error, and removes it", async () => {
    const one = await container("echo first; echo the cause >&2; exit 3");
    await expect(call("runOnce", one.id, limited("44"))).rejects.toThrow(
      // The engine keeps no order between what came by one stream and what came by the other.
      /^a-name ended with 3: (first\nthe cause|the cause\nfirst)\. When its cause is gone, run "pulumi up --refresh"\.$/,
    );
    expect(await isGone(one)).toBe(true);
  });

  test("quotes five lines of what it printed, not all", async () => {
    const one = await container("seq 9 >&2; exit 4");
    await expect(call("runOnce", one.id, limited("44"))).rejects.toThrow(/^a-name ended with 4: 5\n6\n7\n8\n9\. /);
  });

  test("speaks to the engine that the provider was given, and to the one that is found where none was", async () => {
    const one = await container("sleep 60");
    await one.start();
    await record(async () => {
      const elsewhere = componentAt({ address: "unix:///nowhere/docker.sock", source: "settings" }, "elsewhere");
      await expect(processLimit(elsewhere).callback(argsOf(one.id, limited("33")))).rejects.toThrow(/ENOENT.*nowhere/);
      const found = componentAt(await findEngine(), "found");
      const hook = processLimit(found);
      await hook.callback(argsOf(one.id, limited("33")));
      // Each is registered once for all that its provider makes, at whatever depth.
      const child = new pulumi.ComponentResource("t:m:Child", "child", {}, { parent: found });
      expect([processLimit(found), processLimit(child)]).toEqual([hook, hook]);
      expect(processLimit(child)).toBe(hook);
      expect(processLimit(elsewhere)).not.toBe(hook);
      const [first, second] = ["first", "second"].map((name) => new pulumi.ComponentResource("t:m:Alone", name));
      expect(processLimit(first!)).toBe(processLimit(second!));
      await processLimit(first!).callback(argsOf(one.id, limited("33")));
    });
    expect((await one.inspect()).HostConfig.PidsLimit).toBe(33);
  });

  test("lets a volume be made whose name is free or whose volume is its own, and no other", async () => {
    const own = { created_by: "agent-sessions", stack: "p/s" };
    const inputs = { name: "hooks-guarded", labels: Object.entries(own).map(([label, value]) => ({ label, value })) };
    const guard = () => call("ownVolumeGuard", undefined, inputs);
    const taken = async (options: object) => {
      await engine.createVolume({ Name: inputs.name, ...options });
      return {
        async [Symbol.asyncDispose]() {
          await engine.getVolume(inputs.name).remove();
        },
      };
    };
    await expect(guard()).resolves.toBeUndefined();
    {
      await using _ = await taken({ Labels: own });
      await expect(guard()).resolves.toBeUndefined();
    }
    const wayOut = 'remove it with "docker volume rm hooks-guarded" or rename the session';
    for (const [options, why] of [
      [{}, "was not made by agent-sessions"],
      [{ Labels: { ...own, stack: "p/other" } }, 'belongs elsewhere (label stack is "p/other")'],
      [{ Labels: own, DriverOpts: { type: "tmpfs", device: "tmpfs" } }, "has options of its own, so its data may lie anywhere on the host"],
    ] as const) {
      await using _ = await taken(options);
      await expect(guard()).rejects.toThrow(`volume hooks-guarded is already there and ${why}; ${wayOut}`);
    }
  });
});

describe.skipIf(docker === undefined)("the same under the embedded engine, which calls none", () => {
  const engine = docker as Docker;
  const rig = new Rig(engine, "hooks");
  const upstream = join(rig.root, "upstream");
  const clone = (name: string, hostPath: string) => ({ name, url: `file://${hostPath}`, hostPath });
  const deploy = (...clones: ReturnType<typeof clone>[]) =>
    rig.deploy((place, opts) => {
      for (const args of clones) new RepositoryClone(args.name, { ...args, ...place }, opts);
    });

  beforeAll(() => {
    mkdirSync(upstream);
    const git = (...args: string[]) => execFileSync("git", ["-C", upstream, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    git("init", "-q");
    git("commit", "-q", "--allow-empty", "-m", "first");
  });
  afterAll(() => rig.dispose(), 2 * minutes);

  test(
    "a clone has run under its limit, and is not run again",
    async () => {
      const args = clone("limited", upstream);
      expect((await deploy(args)).failures).toEqual([]);
      const { HostConfig, State } = await engine.getContainer(cloneName(args)).inspect();
      expect([HostConfig.PidsLimit, State.Status, State.ExitCode]).toEqual([128, "exited", 0]);
      const { plan } = await deploy(args);
      expect(plan.steps.filter(({ name }) => name === cloneName(args)).map(({ operation }) => operation)).toEqual(["same", "same"]);
    },
    5 * minutes,
  );

  test(
    "a clone that failed fails the deployment, and the next one",
    async () => {
      mkdirSync(join(rig.root, "empty"));
      const args = clone("failing", join(rig.root, "empty"));
      for (let time = 0; time < 2; time += 1)
        expect((await deploy(args)).failures).toEqual([expect.stringMatching(new RegExp(`^${cloneName(args)} ended with 128: `))]);
    },
    5 * minutes,
  );

  test(
    "a volume of somebody else's is refused, by the plan and by whoever makes it",
    async () => {
      const args = clone("foreign", upstream);
      await engine.createVolume({ Name: cloneName(args) });
      const { plan } = await deploy(args);
      const why = `volume ${cloneName(args)} is already there and was not made by agent-sessions`;
      expect(conflictsOf(plan)).toEqual([expect.stringContaining(why)]);
      const inputs = plan.run.registrations.find(({ type }) => type.endsWith(":Volume"))?.inputs ?? {};
      await expect(createVolume(engine, inputs, {})).rejects.toThrow(why);
      await engine.getContainer(cloneName(args)).remove({ force: true });
      await engine.getVolume(cloneName(args)).remove();
    },
    5 * minutes,
  );

  test(
    "a hook that the embedded engine does not know is refused, and what carries it is not made",
    async () => {
      const { failures } = await rig.deploy((_, opts) => {
        const hook = new pulumi.ResourceHook("of-somebody-else", () => {});
        new Volume("strange", { name: "hooks-strange" }, { ...opts, hooks: { afterCreate: [hook] } });
      });
      expect(failures).toEqual([
        "hooks-strange: the embedded engine does not know the hook of-somebody-else; deploy this stack with the Pulumi CLI (--engine pulumi)",
      ]);
      await expect(engine.getVolume("hooks-strange").inspect()).rejects.toMatchObject({ statusCode: 404 });
    },
    5 * minutes,
  );
});
