import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changes } from "../../stacks/recorder/plan.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const MiB = 1024 ** 2;

describe.skipIf(docker === undefined)("what somebody does to a session by hand", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "drift");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64 };
  const entries = [
    { id: "dr-one", limits, network: { egress: { allow: ["one.drift.test"] } } },
    { id: "dr-two", limits },
  ];
  const container = rig.docker.getContainer("claude-agent-dr-one");
  const other = { Name: "drift-test-lan", Labels: { purpose: "drift-test" } };

  beforeAll(async () => {
    expect((await rig.up(entries)).health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    await rig.docker.createNetwork(other);
    await rig.shell("dr-one", "echo kept > /workspace/marker && echo kept > /session/marker");
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    await rig.docker.getNetwork(other.Name).remove();
  }, 2 * minute);

  const planned = async () => {
    const engine = rig.engine(entries);
    const { plan } = await engine.plan(await engine.live());
    return plan.steps.flatMap(({ operation, name, changes }) =>
      operation === "same" ? [] : [[operation, name, changes.map(({ key }) => key).join()]],
    );
  };

  const oneReplaced = (...keys: string[]) => [["replace", "claude-agent-dr-one", keys.sort().join()]];
  const begins: [string, () => Promise<unknown>, () => string[][]][] = [
    ["stopped", () => container.stop({ t: 1 }), () => [["start", "claude-agent-dr-one", ""]]],
    [
      "given more of everything",
      () => container.update({ Memory: 512 * MiB, MemorySwap: 512 * MiB, NanoCpus: 2e9, PidsLimit: -1, RestartPolicy: { Name: "no" } }),
      () => oneReplaced("memory", "memorySwap", "cpus", "labels", "restart"),
    ],
    [
      "put on another network",
      () => rig.docker.getNetwork(other.Name).connect({ Container: container.id }),
      () => oneReplaced("networksAdvanced"),
    ],
    [
      "cut off from its proxy",
      () => rig.docker.getNetwork("claude-agent-dr-one").disconnect({ Container: container.id }),
      () => oneReplaced("networksAdvanced"),
    ],
    // What is killed proves for ten seconds that it does better now.
    ["removed", () => container.remove({ force: true }), () => [["create", "claude-agent-dr-one", ""]]],
  ];

  test("a changed variable replaces the container alone, with its data, and the session is away for seconds", async () => {
    const changed = [{ ...entries[0], environment: { LANG: "C.UTF-8" } }, entries[1]];
    const engine = rig.engine(changed);
    const live = await engine.live();
    const { plan } = await engine.plan(live);
    expect(plan.steps.flatMap(({ operation, name }) => (operation === "same" ? [] : [[operation, name]]))).toEqual([
      ["replace", "claude-agent-dr-one"],
    ]);
    const { Id } = await container.inspect();
    let [lastSeen, back] = [Date.now(), 0];
    const watch = (async () => {
      while (back === 0) {
        const { state } = await askHealth(rig.docker, "dr-one", container.id);
        const { Id: now } = await container.inspect().catch(() => ({ Id }));
        if (state !== "healthy") continue;
        if (now === Id) lastSeen = Date.now();
        else back = Date.now();
      }
    })();
    await rig.up(changed);
    await watch;
    console.log(`replaced: away for ${back - lastSeen} ms`);
    expect((await rig.shell("dr-one", "cat /workspace/marker /session/marker; echo $LANG")).output).toBe("kept\nkept\nC.UTF-8");
    expect(back - lastSeen).toBeLessThan(60_000);
    await rig.up(entries);
  });

  test.each(begins)("%s: a plan shows it, and the next up makes it good with the data kept", async (what, drift, wanted) => {
    expect(await planned()).toEqual([]);
    const neighbour = (await rig.docker.getContainer("claude-agent-dr-two").inspect()).State.StartedAt;
    await drift();
    const found = Date.now();
    expect(await planned()).toEqual(wanted());
    const seen = Date.now();
    const { applied, health } = await rig.up(entries);
    expect(applied.outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    console.log(`${what}: seen by a plan in ${seen - found} ms, healthy again ${Date.now() - seen} ms later`);
    const engine = rig.engine(entries);
    expect(changes((await engine.plan(await engine.live())).plan)).toBe(false);
    const { HostConfig, NetworkSettings } = await container.inspect();
    expect(HostConfig).toMatchObject({ Memory: 256 * MiB, NanoCpus: 5e8, PidsLimit: 64, RestartPolicy: { Name: "always" } });
    expect(Object.keys(NetworkSettings.Networks)).toEqual(["claude-agent-dr-one"]);
    expect((await rig.shell("dr-one", "cat /workspace/marker /session/marker")).output).toBe("kept\nkept");
    expect((await rig.docker.getContainer("claude-agent-dr-two").inspect()).State.StartedAt).toBe(neighbour);
  });
});
