import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Live } from "../../stacks/embedded/live.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minutes = 60_000;
const idsOf = (live: Live) => live.objects.map(({ id }) => id).sort();

describe.skipIf(docker === undefined)("fifty sessions", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "many");
  const limits = { memory: "128 MB", cpu: 0.1, processes: 32 };
  const sessions = Array.from({ length: 50 }, (_, index) => ({ id: `m-${index}`, limits, network: index < 25 ? { egress: "open" } : {} }));
  afterAll(() => rig.dispose(), 5 * minutes);

  test(
    "all become healthy, half of them on networks of their own, and a second run changes nothing",
    async () => {
      const { health } = await rig.up(sessions);
      expect(health.filter(({ state }) => state !== "healthy")).toEqual([]);
      expect(health).toHaveLength(50);
      const engine = rig.engine(sessions);
      expect(changes((await engine.plan(await engine.live())).plan)).toBe(false);
    },
    10 * minutes,
  );
});

describe.skipIf(!canRunEngine)("an engine with stock address pools", () => {
  const own = new OwnEngine();
  let rig: Rig;
  beforeAll(async () => {
    await own.start();
    rig = new Rig(own.docker, "stock");
  }, 5 * minutes);
  afterAll(async () => {
    await rig.dispose();
    await own.end("SIGTERM");
    own.dispose();
  }, 2 * minutes);

  test(
    "refuses more networks than it can give before anything is created, with the way out",
    async () => {
      const engine = rig.engine(Array.from({ length: 40 }, (_, index) => ({ id: `n-${index}`, network: { egress: "open" } })));
      const live = await engine.live();
      const { plan } = await engine.plan(live);
      expect(await engine.shortage(plan)).toMatch(
        /^the plan needs 40 networks more, and the engine can give (2\d|3[01]); .*"default-address-pools"/,
      );
      expect(idsOf(await engine.live())).toEqual(idsOf(live));
    },
    5 * minutes,
  );
});
