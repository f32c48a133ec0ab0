import { afterAll, describe, expect, test } from "vitest";
import { changes } from "../../stacks/embedded/plan.ts";
import { liveEngine, Rig } from "../engine/rig.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined)("fifty sessions", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "many");
  const limits = { memory: "128 MB", cpu: 0.1, processes: 32 };
  const sessions = Array.from({ length: 50 }, (_, index) => ({ id: `m-${index}`, limits, network: index < 25 ? { egress: "open" } : {} }));
  afterAll(() => rig.dispose(), 5 * minutes);

  test("all become healthy, half of them on networks of their own, and a second run changes nothing", async () => {
    const { health } = await rig.up(sessions);
    expect(health.filter(({ status }) => status !== "healthy")).toEqual([]);
    expect(health).toHaveLength(50);
    const engine = rig.engine(sessions);
    expect(changes((await engine.plan(await engine.live())).plan)).toBe(false);
  }, 10 * minutes);

  test("more networks than the engine can give are refused before anything is created, with the way out", async () => {
    const engine = rig.engine(Array.from({ length: 60 }, (_, index) => ({ id: `n-${index}`, network: { egress: "open" } })));
    const live = await engine.live();
    const { plan } = await engine.plan(live);
    const shortage = await engine.shortage(plan);
    // The engine that set-up starts has room for 4096; one with stock pools has not for these.
    const roomy = (await rig.docker.info() as { DefaultAddressPools?: unknown[] }).DefaultAddressPools !== undefined;
    if (roomy) expect(shortage).toBeUndefined();
    else expect(shortage).toMatch(/the plan needs 60 networks more, and the engine can give \d+; .*default-address-pools/);
    expect((await engine.live()).objects.map(({ name }) => name).sort()).toEqual(live.objects.map(({ name }) => name).sort());
  }, 5 * minutes);
});
