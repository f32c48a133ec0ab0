import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined || !canRunEngine)("an engine that is killed", () => {
  const engine = new OwnEngine();
  let rig: Rig;
  const sessions = ["c-one", "c-two"].map((id) => ({ id }));
  const { settings } = engine;

  beforeAll(async () => {
    await engine.start();
    await engine.take(docker as NonNullable<typeof docker>);
    rig = new Rig(engine.docker, "crash");
  }, 10 * minutes);
  afterAll(async () => {
    await rig.dispose();
    await engine.end("SIGTERM");
    engine.dispose();
  }, 2 * minutes);

  test.each(["SIGKILL", "SIGTERM"] as const)(
    "by %s has its sessions back by themselves when it starts again, with their data",
    async (signal) => {
      await rig.up(sessions, settings);
      await rig.shell("c-one", `echo ${signal} > /session/marker && echo ${signal} > /workspace/marker`);
      await engine.end(signal);
      await engine.start();
      for (const { id } of sessions)
        await until(async () => (await askHealth(rig.docker, id, `claude-agent-${id}`)).state === "healthy", 60, `the return of ${id}`);
      expect((await rig.shell("c-one", "cat /session/marker /workspace/marker")).output).toBe(`${signal}\n${signal}`);
      const embedded = rig.engine(sessions, settings);
      expect(changes((await embedded.plan(await embedded.live())).plan)).toBe(false);
    },
    3 * minutes,
  );
});
