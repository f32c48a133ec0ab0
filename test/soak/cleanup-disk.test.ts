import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { CleanupPolicy } from "../../stacks/settings.ts";
import { CleanupRig, names, policy } from "../engine/cleanup-rig.ts";
import { liveEngine } from "../engine/rig.ts";
import { temporaryFolder } from "../support/folder.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";

const docker = await liveEngine();
const minute = 60_000;
const MiB = 1024 ** 2;

describe.skipIf(docker === undefined || !canRunEngine)("clean-up of an engine on a small disk", () => {
  const engine = new OwnEngine({ apart: true });
  const rig = new CleanupRig(engine.docker, "cleanup-disk", "cd-");
  const disk = join(temporaryFolder("disk"), "image");
  const data = join(engine.folder, "data");
  const ids = ["cd-a", "cd-b", "cd-c", "cd-d"];

  beforeAll(async () => {
    execFileSync("truncate", ["--size", String(1536 * MiB), disk]);
    execFileSync("mkfs.ext4", ["-q", "-m", "0", disk]);
    mkdirSync(data);
    execFileSync("mount", ["-o", "loop", disk, data]);
    await engine.start();
    await engine.take(docker as NonNullable<typeof docker>);
  }, 10 * minute);
  afterAll(async () => {
    await engine.end("SIGTERM");
    engine.dispose();
  }, minute);

  /** As the machine itself sees it. */
  const percent = () => {
    const [used = 0, available = 0] = execFileSync("df", ["--output=used,avail", "--block-size=1", data], { encoding: "utf8" })
      .split("\n")[1]!
      .trim()
      .split(/\s+/)
      .map(Number);
    return (used / (used + available)) * 100;
  };
  const at = (threshold: number): CleanupPolicy => policy("full", { trigger: { kind: "disk", percent: threshold } });

  test(
    "takes the oldest until there is room, as a dry run has said, and nothing while there is room",
    async () => {
      for (const id of ids) {
        const volume = await rig.left(id, "workspace");
        await rig.inVolume(volume, "head -c 100M /dev/urandom > /data/noise; sync");
        // The engine tells times in seconds.
        await new Promise((resolve) => setTimeout(resolve, 1100));
      }
      const full = percent();
      const step = (100 * MiB * 100) / (1536 * MiB);
      expect(await rig.planOf([at(Math.ceil(full))])).toEqual({ removals: [], kept: [], failures: [] });
      // Two of the four have to go.
      const threshold = Math.floor(full - 1.2 * step);
      const plan = await rig.planOf([at(threshold)]);
      expect(plan.removals.map(({ session, spare }) => [session, spare])).toEqual([
        ["cd-a", false],
        ["cd-b", false],
        ["cd-c", true],
        ["cd-d", true],
      ]);
      const { gone, kept, failures } = await rig.clean([at(threshold)]);
      expect(failures).toEqual([]);
      expect(names(gone)).toEqual(["claude-agent-cd-a-workspace", "claude-agent-cd-b-workspace"]);
      expect(kept.map(({ why }) => why)).toEqual(kept.map(() => expect.stringMatching(/^the disk is \d+ % full and has room again$/)));
      expect(percent()).toBeLessThanOrEqual(threshold);
    },
    5 * minute,
  );
});
