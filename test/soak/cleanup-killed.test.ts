import { execFileSync, spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { once } from "node:events";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { containerName, volumeName } from "../../components/session.ts";
import { isMark } from "../../stacks/platforms/docker/cleanup/marks.ts";
import { Checkout, commandIn } from "../cli/checkout.ts";
import { temporaryFolder } from "../support/folder.ts";
import { CleanupRig } from "../engine/cleanup-rig.ts";
import { liveEngine, until } from "../engine/rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const id = "ck-one";
const kinds = ["logs", "workspace"] as const;

describe.skipIf(docker === undefined)("clean-up that is killed", () => {
  const checkout = new Checkout();
  const stack = "cleanup-killed";
  const rig = new CleanupRig(docker as NonNullable<typeof docker>, stack, "ck-", checkout.root);
  const volumes = kinds.map((kind) => volumeName(containerName(id), kind));

  beforeAll(() => checkout.write(stack, []));
  afterAll(() => rig.dispose(), minute);

  const write = (folder: string) =>
    checkout.write(stack, [{ id }], {
      image: { agent: "none" },
      cleanup: {
        policies: [
          {
            name: "asked",
            sessions: [id],
            containers: true,
            volumes: kinds,
            trigger: "manual",
            strategy: { archive: folder, compress: 9, graceful: "2 s" },
          },
        ],
      },
    });

  /** A session that runs, with data in its volumes. @returns the checksums of these */
  async function make(): Promise<string[]> {
    for (const kind of kinds) await rig.left(id, kind);
    const sums = await Promise.all(
      volumes.map((volume) => rig.inVolume(volume, "head -c 4000000 /dev/urandom > /data/noise; sha256sum < /data/noise")),
    );
    await rig.running(id, kinds);
    return sums;
  }

  /** Runs the command and kills it as soon as something is so. @returns whether that came before its end */
  async function killedWhen(happens: (ended: () => boolean) => Promise<unknown>): Promise<boolean> {
    const child = spawn(process.execPath, [...commandIn(checkout.root), "cleanup", "--stack", stack, "--policy", "asked"], {
      cwd: checkout.root,
      stdio: ["ignore", "ignore", "ignore"],
    });
    const ended = once(child, "close");
    await happens(() => child.exitCode !== null);
    child.kill("SIGKILL");
    await ended;
    return child.signalCode === "SIGKILL";
  }

  /** On a busy machine the news of a removal may come when all is over; then once more. @returns the checksums of what its volumes hold */
  async function makeAndKill(folder: string, happens: (ended: () => boolean) => Promise<unknown>): Promise<string[]> {
    for (let attempt = 0; attempt < 10; attempt += 1) {
      const sums = await make();
      if (await killedWhen(happens)) return sums;
      for (const name of readdirSync(folder)) rmSync(join(folder, name));
    }
    throw new Error("it ended by itself each time");
  }

  /** Looks for files as often as it can, since what is waited for may be over soon. */
  const seen = (folder: string, file: RegExp) => async (ended: () => boolean) => {
    while (!ended() && !(existsSync(folder) && readdirSync(folder).some((name) => file.test(name))))
      await new Promise((go) => setImmediate(go));
  };

  const event = (type: "container" | "volume", action: string, name: RegExp) => async () => {
    const stream = (await rig.docker.getEvents({ filters: { type: [type], event: [action] } })) as Readable;
    // A piece of the stream may end within a line.
    for await (const line of createInterface({ input: stream })) {
      const { Actor } = JSON.parse(line) as { Actor: { ID: string; Attributes: Readonly<Record<string, string>> } };
      if (name.test(Actor.Attributes.name ?? Actor.ID)) break;
    }
    stream.destroy();
  };

  test.each<[string, (folder: string) => (ended: () => boolean) => Promise<unknown>]>([
    ["when its first archive is half written", (folder) => seen(folder, /^\.claude.*\.gz\.part$/)],
    ["when its first archive is whole", (folder) => seen(folder, /^claude.*\.gz$/)],
    ["when the session was stopped", () => event("container", "die", /^claude-agent-ck-one$/)],
    ["when the session's container is gone", () => event("container", "destroy", /^claude-agent-ck-one$/)],
    ["when the first volume is gone", () => event("volume", "destroy", /^claude-agent-ck-one-\w+$/)],
  ])(
    "%s: nothing is lost, and the next run finishes it",
    async (_, happens) => {
      const folder = temporaryFolder("killed");
      write(folder);
      const sums = await makeAndKill(folder, happens(folder));
      // What the engine was told before goes on.
      await until(async () => !(await rig.everything()).some((line) => /ck-one.*removing/.test(line)), 20, "the end of removals");
      const whole = readdirSync(folder).filter((name) => name.endsWith(".gz"));
      const there = await rig.everything();
      for (const volume of volumes)
        if (!there.includes(`volume ${volume}`))
          expect(whole, `${volume} is gone without an archive`).toContainEqual(expect.stringContaining(volume));

      // Not asked for again: it was begun.
      const { code, stdout, stderr } = await checkout.run(["cleanup", "--stack", stack, "--json"]);
      expect(code, stderr).toBe(0);
      expect(JSON.parse(stdout).kept).toEqual([]);
      const left = (await rig.engine([]).live()).own;
      expect(left.filter(({ labels }) => !isMark(labels.kind))).toEqual([]);
      expect(left.map(({ name }) => name)).toEqual([`agent-sessions-${stack}-cleanup`]);
      const archives = readdirSync(folder).sort();
      expect(archives.map((name) => name.replace(/-\d{8}T\d{6}Z/, ""))).toEqual(
        volumes.flatMap((volume) => [`${volume}.tar.gz`, `${volume}.tar.gz.sha256`]),
      );
      const noise = (archive: string) => execFileSync("tar", ["-xzOf", join(folder, archive), "./noise"], { maxBuffer: 1e8 });
      const kept = archives.filter((name) => name.endsWith(".gz")).map((name) => createHash("sha256").update(noise(name)).digest("hex"));
      expect(kept).toEqual(sums.map((sum) => sum.split(" ")[0]));
    },
    minute,
  );

  test(
    "a session that somebody has started again since is left alone",
    async () => {
      const folder = temporaryFolder("killed");
      write(folder);
      await makeAndKill(folder, event("container", "die", /^claude-agent-ck-one$/));
      await rig.docker.getContainer(containerName(id)).start();
      const { code, stdout } = await checkout.run(["cleanup", "--stack", stack, "--json"]);
      expect([code, JSON.parse(stdout)]).toMatchObject([0, { gone: [], kept: [], failures: [] }]);
      expect((await rig.docker.getContainer(containerName(id)).inspect()).State.Running).toBe(true);
      expect((await rig.engine([]).live()).own.filter(({ labels }) => isMark(labels.kind)).map(({ labels }) => labels.kind)).toEqual([
        "cleanup",
      ]);
    },
    minute,
  );
});
