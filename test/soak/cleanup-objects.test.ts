import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";
import { CleanupRig, day, names, policy } from "../engine/cleanup-rig.ts";
import { liveEngine } from "../engine/rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const mayMount = process.platform === "linux" && process.getuid?.() === 0;
if (!mayMount) missing("only root on Linux can mount a file system that is full");

describe.skipIf(docker === undefined)("clean-up of what sessions have left", () => {
  const rig = new CleanupRig(docker as NonNullable<typeof docker>, "cleanup-left", "c-");
  const folder = temporaryFolder("cleanup");
  const later = new Date(Date.now() + 8.5 * day);
  const old = (more = {}) => policy("old", { trigger: { kind: "age", seconds: 7 * 86_400 }, ...more });
  const others: string[] = [];

  afterEach(async () => {
    await (await rig.live.cleaner()).forget();
    for (const name of others.splice(0)) await rig.docker.getVolume(name).remove({ force: true });
  });
  afterAll(() => rig.dispose(), minute);

  test("what is old enough goes, and only of the kinds and sessions that the policy names", async () => {
    const made = [await rig.left("c-one", "logs"), await rig.left("c-one", "workspace"), await rig.left("c-two", "logs")];
    const logs = old({ volumes: ["logs"] });
    expect(await rig.clean([logs])).toMatchObject({
      gone: [],
      kept: [{ why: expect.stringMatching(/^it was made \d+ s ago, less than 7 d$/) }, {}],
    });
    const described = await rig.clean([logs], { now: later, described: ["c-one", "c-two"] });
    expect(described).toMatchObject({
      gone: [],
      kept: [{ why: "the stack file describes the session, and the policy does not name it" }, {}],
    });
    const one = await rig.clean([old({ volumes: ["logs"], sessions: ["c-one"] })], { now: later, described: ["c-one", "c-two"] });
    expect(one).toMatchObject({
      gone: [{ name: made[0], why: "it was made 8 d ago, at least 7 d", policy: "old" }],
      kept: [],
      failures: [],
    });
    const rest = await rig.clean([logs], { now: later });
    expect([names(rest.gone), rest.kept]).toEqual([[made[2]], []]);
    expect(await rig.everything()).toContain(`volume ${made[1]}`);
    expect(names((await rig.clean([old()], { now: later })).gone)).toEqual([made[1]]);
    // Once more finds nothing.
    expect(await rig.clean([old()], { now: later })).toEqual({ gone: [], kept: [], failures: [] });
  });

  test("what is not this stack's stays, whatever its labels say, and so does what a container has mounted", async () => {
    const own = rig.labels("c-one", "logs");
    const volume = async (name: string, labels: Record<string, string>, more = {}) => {
      await rig.docker.createVolume({ Name: name, Labels: labels, ...more });
      others.push(name);
      return name;
    };
    const strangers = [
      await volume("c-plain", {}),
      await volume("claude-agent-c-a-logs", { ...own, session_id: "c-a", stack: "agent-sessions/cleanup-left-2" }),
      await volume("claude-agent-c-b-logs", { ...own, session_id: "c-b", "agent-sessions.deployment": "0123456789abcdef" }),
      await volume("claude-agent-c-c-logs", { ...own, session_id: "c-c", created_by: "somebody" }),
    ];
    const alike = [
      await volume("c-precious", own),
      await volume("claude-agent-c-d-logs", own),
      await volume(
        "claude-agent-c-e-logs",
        { ...own, session_id: "c-e" },
        { Driver: "local", DriverOpts: { type: "none", o: "bind", device: folder } },
      ),
    ];
    const used = await rig.left("c-used", "logs");
    others.push(used);
    // It has never started.
    const holder = await rig.docker.createContainer({
      Image: "agent-sessions-base:bookworm",
      name: "c-holder",
      HostConfig: { Mounts: [{ Type: "volume", Source: used, Target: "/logs" }] },
    });
    try {
      const { gone, kept, failures } = await rig.clean([old({ containers: true })], { now: later });
      expect([gone, failures]).toEqual([[], []]);
      expect(Object.fromEntries(kept.map(({ name, why }) => [name, why]))).toEqual({
        "c-precious": "its name is not one that session c-one gives",
        "claude-agent-c-d-logs": "its name is not one that session c-one gives",
        "claude-agent-c-e-logs": "it has options of its own, so its data may lie anywhere on the host",
        [used]: "container c-holder has it mounted",
      });
      expect(await rig.everything()).toEqual(expect.arrayContaining([...strangers, ...alike, used].map((name) => `volume ${name}`)));
    } finally {
      await holder.remove({ force: true });
    }
  });

  test(
    "an archive holds every byte, is checksummed and can be put back",
    async () => {
      const volume = await rig.left("c-kept", "workspace");
      others.push(volume);
      const fill =
        "mkdir -p /data/a/b && head -c 3000000 /dev/urandom > /data/a/b/noise && seq 100000 > /data/text && ln -s ../x /data/a/link && chown -R 4321:1000 /data/a && touch -d 2001-02-03 /data/text";
      await rig.inVolume(volume, fill);
      const state =
        "cd /data && { find . -printf '%y %m %U %G %p %l\\n' | sort; stat -c %Y text; find . -type f -exec sha256sum {} + | sort; } | sha256sum";
      const before = await rig.inVolume(volume, state);
      expect(before).toMatch(/^[0-9a-f]{64}/);
      const kept = join(folder, "kept");
      const made = [];
      for (const level of [undefined, 1, 9]) {
        const archive = { folder: join(kept, String(level)), ...(level !== undefined && { level }) };
        const { gone, failures } = await rig.clean([old({ archive, grace: 10 })], { now: later });
        expect(failures).toEqual([]);
        const [item] = gone;
        const { path = "", sha256, size, made: written } = item?.archive ?? {};
        made.push(size ?? 0);
        expect([written, statSync(path).mode & 0o777, statSync(archive.folder).mode & 0o777]).toEqual([true, 0o600, 0o700]);
        expect(readdirSync(archive.folder)).toEqual([path, `${path}.sha256`].map((each) => each.slice(archive.folder.length + 1)).sort());
        expect(createHash("sha256").update(readFileSync(path)).digest("hex")).toBe(sha256);
        execFileSync("sha256sum", ["--check", "--status", `${path}.sha256`], { cwd: archive.folder });
        expect(await rig.everything()).not.toContain(`volume ${volume}`);
        // As the page says.
        await rig.left("c-kept", "workspace");
        await rig.restore(volume, path);
        expect(await rig.inVolume(volume, state)).toBe(before);
      }
      expect((made[1] ?? 0) < (made[0] ?? 0) && (made[2] ?? 0) < (made[1] ?? 0)).toBe(true);
    },
    2 * minute,
  );

  test.skipIf(!mayMount)(
    "where archives have no room nothing goes, nothing is left of them, and what was stopped runs again",
    async () => {
      const small = join(folder, "small");
      mkdirSync(small);
      execFileSync("mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", small]);
      try {
        const volumes = [await rig.left("c-full", "logs"), await rig.left("c-full", "workspace")];
        await rig.inVolume(volumes[1] ?? "", "head -c 5000000 /dev/urandom > /data/noise");
        const container = await rig.running("c-full", ["logs", "workspace"]);
        const archive = { folder: small, level: 1 };
        const asked = policy("asked", { trigger: { kind: "manual" }, sessions: ["c-full"], containers: true, archive, grace: 1 });
        const before = await rig.everything();
        const { gone, kept, failures } = await rig.clean([asked], { asked: ["asked"], described: ["c-full"] });
        expect([gone, kept.length, failures]).toEqual([
          [],
          3,
          [`session c-full: ${volumes[1]} was not archived, so nothing is removed: ${small} has no room for it`],
        ]);
        expect(await rig.everything()).toEqual([...before, "volume agent-sessions-cleanup-left-cleanup"].sort());
        expect((await container.inspect()).State.Running).toBe(true);
        expect(readdirSync(small).filter((name) => !name.startsWith("claude-agent-c-full-logs-"))).toEqual([]);
        expect((await rig.lastRun())?.outcome).toBe("failed");

        // With room, all is well again.
        const roomy = await rig.clean([{ ...asked, archive: { folder: join(folder, "roomy") } }], { asked: ["asked"] });
        expect([names(roomy.gone), roomy.failures]).toEqual([["claude-agent-c-full", ...volumes].sort(), []]);
        expect(await rig.lastRun()).toMatchObject({ outcome: "ok", report: '{"removed":3,"kept":0,"failed":0}' });
      } finally {
        execFileSync("umount", [small]);
      }
    },
    minute,
  );

  test(
    "a session that somebody starts while its volumes are archived keeps them, and runs on",
    async () => {
      const volume = await rig.left("c-again", "logs");
      const container = await rig.running("c-again", ["logs"]);
      const asked = policy("asked", {
        trigger: { kind: "manual" },
        containers: true,
        archive: { folder: join(folder, "again") },
        grace: 1,
      });
      const start = () => void execFileSync("docker", ["start", "claude-agent-c-again"]);
      const given = { asked: ["asked"], described: ["c-again"] };
      const named = { ...asked, sessions: ["c-again"] };
      const { gone, failures } = await rig.clean([named], given, start);
      expect([gone, failures]).toEqual([
        [],
        ["session c-again: somebody started container claude-agent-c-again while its volumes were archived, so nothing is removed"],
      ]);
      expect([(await container.inspect()).State.Running, await rig.everything()]).toEqual([
        true,
        expect.arrayContaining([`volume ${volume}`]),
      ]);
      expect((await rig.clean([named], given)).failures).toEqual([]);
    },
    minute,
  );

  test(
    "what a session that is gone has left goes whole: dead containers, proxies, networks, what brought secrets",
    async () => {
      await rig.left("c-gone", "logs");
      const { kind: _, ...labels } = rig.labels("c-gone", "");
      const create = async (name: string, more: Record<string, string>, start: boolean) => {
        const container = await rig.docker.createContainer({
          name,
          Image: "agent-sessions-base:bookworm",
          Entrypoint: ["sleep", "infinity"],
          Labels: { ...labels, ...more },
          HostConfig: { Init: true },
        });
        if (start) await container.start();
      };
      await create("claude-agent-c-gone", {}, false);
      const { session_id: _id, ...serving } = labels;
      await rig.docker.createContainer({ name: "c-bystander", Image: "agent-sessions-base:bookworm", Entrypoint: ["true"] });
      await create("claude-agent-c-gone-proxy", { kind: "egress-proxy" }, true);
      await rig.docker.createVolume({ Name: "claude-agent-c-gone-managed", Labels: { ...labels, kind: "agent-settings" } });
      await rig.docker.createNetwork({ Name: "claude-agent-c-gone", Labels: labels, Internal: true });
      await rig.docker.createNetwork({ Name: "claude-agent-c-gone-edge", Labels: { ...serving, serves: "c-gone" } });
      try {
        const unnamed = await rig.clean([old()], { now: later });
        expect(unnamed.gone.map(({ name }) => name)).toEqual(["claude-agent-c-gone-logs"]);
        const { gone, failures } = await rig.clean([old({ containers: true })], { now: later });
        expect([names(gone), failures]).toEqual([
          [
            "claude-agent-c-gone",
            "claude-agent-c-gone",
            "claude-agent-c-gone-edge",
            "claude-agent-c-gone-managed",
            "claude-agent-c-gone-proxy",
          ],
          [],
        ]);
        expect((await rig.everything()).filter((line) => line.includes("c-gone") || line.includes("c-bystander"))).toEqual([
          "container c-bystander created",
        ]);
      } finally {
        await rig.docker.getContainer("c-bystander").remove({ force: true });
      }
    },
    minute,
  );

  test(
    "a dry run names exactly what then goes, the oldest first for a disk, and changes nothing",
    async () => {
      for (const id of ["c-a", "c-b"]) await rig.left(id, "logs");
      const full = policy("full", { trigger: { kind: "disk", percent: 1 } });
      const before = await rig.everything();
      const plan = await rig.planOf([full], { described: ["c-b"] });
      expect(plan.removals).toMatchObject([{ session: "c-a", items: [{ name: "claude-agent-c-a-logs", bytes: 0 }] }]);
      expect(plan.removals[0]?.items[0]?.why).toMatch(/^the disk is \d+ % full, more than 1 %$/);
      expect(await rig.everything()).toEqual(before);
      const { gone, kept } = await rig.clean([full], { described: ["c-b"] });
      expect([gone, kept]).toEqual([plan.removals.flatMap(({ items }) => items), plan.kept]);
      // No disk is that full while a test can run on it.
      expect(await rig.planOf([policy("full", { trigger: { kind: "disk", percent: 99 } })])).toEqual({
        removals: [],
        kept: [],
        failures: [],
      });
    },
    minute,
  );

  test(
    "of what the Pulumi CLI made, the data of sessions that are gone goes, and nothing of those that are described",
    async () => {
      const made = (session: string, kind: string) => {
        const { created_by, stack } = rig.labels(session, kind);
        return { created_by: created_by ?? "", stack: stack ?? "", session_id: session };
      };
      for (const id of ["c-old", "c-new"]) await rig.left(id, "logs", { Labels: { ...made(id, "logs"), kind: "logs" } });
      others.push("claude-agent-c-new-logs");
      const options = { Image: "agent-sessions-base:bookworm", Entrypoint: ["true"] };
      const container = await rig.docker.createContainer({ ...options, name: "claude-agent-c-new", Labels: made("c-new", "") });
      try {
        const named = old({ sessions: ["c-old", "c-new"], containers: true });
        // What a run that was killed has left takes the stack from nobody.
        const { labels } = await rig.reader();
        expect(await rig.live.owner()).toBe("pulumi");
        const { gone, kept } = await rig.clean([named], { now: later, described: ["c-new"] });
        expect(names(gone)).toEqual(["claude-agent-c-old-logs"]);
        const why = "the Pulumi CLI has it in its state and would miss it; take the session out of the stack file first";
        expect(kept.map((item) => [item.name, item.why])).toEqual([
          ["claude-agent-c-new", why],
          ["claude-agent-c-new-logs", why],
        ]);
        expect(
          (await rig.docker.listContainers({ all: true, filters: { label: [`kind=${labels.kind}`, `stack=${labels.stack}`] } })).length,
        ).toBe(0);
      } finally {
        await container.remove({ force: true });
      }
    },
    minute,
  );
});
