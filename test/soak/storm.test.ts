import { existsSync, readdirSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { baseline } from "../../policy/baseline.ts";
import { liveEngine, Rig } from "../engine/rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const minutes = 60_000;

describe.skipIf(docker === undefined)("a session that writes a gigabyte to its log", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "storm");
  const sessions = ["storm", "beside"].map((id) => ({ id, limits: { memory: "256 MB", cpu: 1, processes: 64 } }));
  // A file ends after the line that reaches its size.
  const most = baseline.logs.maxFiles * (baseline.logs.maxSizeMegabytes * 1_000_000 + 64 * 1024);
  let log = "";
  beforeAll(async () => {
    const { health } = await rig.up(sessions);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    const { LogPath } = await rig.docker.getContainer("claude-agent-storm").inspect();
    log = LogPath;
  }, 10 * minutes);
  afterAll(() => rig.dispose(), 2 * minutes);

  /** The bytes of each of the log's files. One may have been renamed since they were listed. */
  const sizes = () =>
    readdirSync(dirname(log))
      .filter((name) => name.startsWith(basename(log)))
      .map((name) => statSync(join(dirname(log), name), { throwIfNoEntry: false })?.size ?? 0);

  test(
    "takes no more of the disk than its log may, and the engine goes on answering",
    async (context) => {
      if (!existsSync(log)) context.skip(missing("the engine keeps its logs on another machine"));
      let over = false;
      // As the container's main process would: nothing slows it down.
      const storm = rig
        .shell("storm", `seq -f 'line %.0f ${"x".repeat(200)}' 1e9 | head -c 1073741824 >/proc/1/fd/1; echo "\${PIPESTATUS[1]}"`)
        .finally(() => {
          over = true;
        });
      let answers = 0;
      while (!over) {
        await rig.docker.ping();
        const { State } = await rig.docker.getContainer("claude-agent-beside").inspect();
        expect(State.Running).toBe(true);
        expect((await rig.shell("beside", "echo here")).output).toBe("here");
        expect(sizes().reduce((sum, size) => sum + size, 0)).toBeLessThanOrEqual(most);
        answers += 1;
      }
      expect((await storm).output).toBe("0");
      expect(answers).toBeGreaterThan(5);
      expect(sizes()).toHaveLength(baseline.logs.maxFiles);
      expect((await rig.docker.getContainer("claude-agent-storm").inspect()).State).toMatchObject({ Running: true, Restarting: false });
      const { health } = await rig.up(sessions);
      expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    },
    10 * minutes,
  );
});
