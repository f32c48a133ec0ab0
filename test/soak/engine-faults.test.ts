import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig } from "../engine/rig.ts";
import { Measured } from "./measured.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined || !canRunEngine).each([
  ["lets its sessions run on", true],
  ["ends its sessions", false],
])("an engine that %s without it", (_, liveRestore) => {
  const engine = new OwnEngine({ configuration: { "live-restore": liveRestore } });
  const ids = ["e-one", "e-two", "e-three"];
  const sessions = ids.map((id) => ({ id, limits: { memory: "256 MB", processes: 64 } }));
  const { settings } = engine;
  let rig: Rig;
  const measured = new Measured(() => rig);

  beforeAll(async () => {
    await engine.start();
    await engine.take(docker as NonNullable<typeof docker>);
    rig = new Rig(engine.docker, "faults");
    await rig.up(sessions, settings);
    for (const id of ids) await rig.shell(id, "echo kept > /workspace/marker; echo kept > /session/marker");
  }, 10 * minutes);
  afterAll(async () => {
    measured.print();
    await rig.dispose();
    await engine.end("SIGTERM");
    engine.dispose();
  }, 2 * minutes);

  const pids = () => Promise.all(ids.map(async (id) => (await rig.docker.getContainer(`claude-agent-${id}`).inspect()).State.Pid));

  test.each(["SIGTERM", "SIGKILL"] as const)(
    "and gets a %s: they are healthy with their data once it is back, and nothing is to change",
    async (signal) => {
      const before = await pids();
      await measured.fault(`engine, ${signal}, live-restore ${liveRestore ? "on" : "off"}`, {
        sessions: ids,
        strike: () => engine.end(signal),
        seen: async () => (await rig.docker.ping().catch(() => undefined)) === undefined,
        over: () => engine.start(),
      });
      expect(await pids()).toEqual(liveRestore ? before : before.map(() => expect.not.toBeOneOf(before)));
      for (const id of ids) expect((await rig.shell(id, "cat /workspace/marker /session/marker")).output).toBe("kept\nkept");
      const embedded = rig.engine(sessions, settings);
      expect(changes((await embedded.plan(await embedded.live())).plan)).toBe(false);
    },
    5 * minutes,
  );
});
