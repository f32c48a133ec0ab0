import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { baseline } from "../../policy/baseline.ts";
import { identityOf } from "../../components/session-volumes/overlap.ts";
import type { Mount } from "../../components/session-part.ts";
import { SettingsError } from "../../stacks/settings.ts";
import { verifyQuickly } from "../../stacks/verify/run.ts";
import { mounts } from "../../stacks/verify/checks/mounts.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { type Promised, promisedTo } from "../../stacks/verify/promised.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const mayGive = process.getuid?.() === 0;
if (!mayGive) missing("only root can give a folder to the agent's uid, as a writable one must belong to it");
const minute = 60_000;

describe.skipIf(docker === undefined || !mayGive)("folders of the host that a session may write", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "host-paths");
  const others: Rig[] = [];
  const twins: Docker.Container[] = [];
  const at = (...parts: string[]) => join(rig.root, ...parts);
  const { uid, gid } = baseline.user;
  const more = { allowedHostPaths: [rig.root] };
  const sessions = [
    {
      id: "h-one",
      limits: { memory: "256 MB", cpu: 0.5, processes: 64 },
      mounts: [
        { source: at("box"), target: "/data", readOnly: false },
        { source: at("code"), target: "/code" },
      ],
    },
  ];
  const promised = () => promisedTo(rig.engine(sessions, more).settings.sessions[0]!);

  beforeAll(async () => {
    for (const folder of ["box", "code", "marker", "elsewhere"]) mkdirSync(at(folder));
    for (const folder of ["code", "elsewhere"]) execFileSync("git", ["init", "--quiet", at(folder)]);
    for (const name of ["first", "second"]) mkdirSync(at("box", name));
    for (const folder of ["box", "box/first", "box/second"]) chownSync(at(folder), uid, gid);
    writeFileSync(at("marker", "host"), "of the host");
    const { health } = await rig.up(sessions, more);
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
  }, 5 * minute);
  afterAll(async () => {
    await Promise.all(twins.map((twin) => twin.remove({ force: true })));
    for (const one of [...others, rig]) await one.dispose();
  }, 2 * minute);

  /** The session with a folder in its writable one mounted too, which no settings describe any more. */
  async function deployed(name: string, folder: string, compared: string): Promise<{ container: Docker.Container; promised: Promised }> {
    const { Config, HostConfig } = await rig.docker.getContainer("claude-agent-h-one").inspect();
    const id = `h-${name}`;
    const container = await rig.docker.createContainer({
      name: `claude-agent-${id}`,
      Image: Config.Image,
      User: Config.User,
      Entrypoint: Config.Entrypoint,
      Env: [...Config.Env.filter((line) => !line.startsWith("SESSION_MOUNTS=")), `SESSION_MOUNTS=${compared}`, "SESSION_PIDS_REQUIRED=0"],
      HostConfig: {
        ...HostConfig,
        RestartPolicy: { Name: "no" },
        Mounts: [
          ...(HostConfig.Mounts ?? []).filter(({ Type }) => Type === "bind"),
          { Type: "bind", Source: folder, Target: "/inner", ReadOnly: true },
        ],
        Tmpfs: {
          ...HostConfig.Tmpfs,
          ...Object.fromEntries(["/session", "/logs", "/workspace"].map((path) => [path, "uid=1000,gid=1000"])),
        },
      },
    });
    twins.push(container);
    await container.start();
    await until(async () => (await logs(container)).includes("the agent runs"), 30, "the agent's start");
    const extra: Mount = { target: "/inner", readOnly: true, source: { kind: "host", path: folder } };
    return { container, promised: { ...promised(), id, mounts: [...promised().mounts, extra] } };
  }

  const logs = async (container: Docker.Container) => plainOutput(await container.logs({ stdout: true, stderr: true }));
  const found = async (session: Promised) => {
    const [verified] = await verifyQuickly([targetOf(rig.runtime, session)], mounts);
    return verified?.results.map(({ id, verdict, found }) => `${id} ${verdict}: ${found}`);
  };
  const swap = (name: string) => `rm -rf /data/${name} && ln -s ${at("marker")} /data/${name}`;

  const held = ["mounts held: 8 mounts", "mount-sources held: the same by device and inode"];

  test("a link in it leads a session that compares nothing to the rest of the host, and verify says so", async () => {
    const { container, promised } = await deployed("unguarded", at("box/first"), "");
    expect(await found(promised)).toEqual(held);
    expect((await rig.shell("h-unguarded", swap("first"))).code).toBe(0);
    await container.restart();
    expect((await rig.shell("h-unguarded", "cat /inner/host")).output).toBe("of the host");
    expect(await found(promised)).toEqual([
      held[0],
      `mount-sources not held: the link ${at("box/first")} leads ${at("box/first")} elsewhere, and /inner at the next start`,
    ]);
    rmSync(at("box/first"));
    mkdirSync(at("box/first"));
    expect(await found(promised)).toEqual([held[0], `mount-sources not held: /inner is another folder than ${at("box/first")}`]);
  });

  test("a session that compares starts no agent on such a link, and writes nothing", async () => {
    const { container } = await deployed("guarded", at("box/second"), `${identityOf(at("box/second"))} /inner`);
    const started = (await logs(container)).split("the agent runs").length;
    // As it is, it starts again.
    await container.restart();
    await until(async () => (await logs(container)).split("the agent runs").length > started, 30, "the second start");
    expect((await rig.shell("h-guarded", swap("second"))).code).toBe(0);
    await container.restart();
    await container.wait();
    expect((await container.inspect()).State).toMatchObject({ Running: false, ExitCode: 1 });
    expect((await logs(container)).split("\n").at(-1)).toBe(
      'session: /inner is not the folder of the host that was mounted there when this session was made, so the agent is not started. If another was put there on purpose, run "sessions up".',
    );
  });

  test("no other stack or checkout is given what lies in it, nor may write what is mounted here", async () => {
    const planned = async (stack: string, session: object, given: Readonly<Record<string, unknown>> = more) => {
      const other = new Rig(rig.docker, stack);
      others.push(other);
      const engine = other.engine([session], given);
      const sentences = await engine.plan(await engine.live()).then(
        () => [],
        (error: unknown) => (error instanceof SettingsError ? error.sentences : Promise.reject(error)),
      );
      return sentences.map((sentence) => sentence.replaceAll(rig.root, "HERE"));
    };
    const repository = (path: string) => ({ id: "h-other", repositories: [{ name: "x", path: at(path) }] });
    const writable = (path: string) => ({ id: "h-other", mounts: [{ source: at(path), target: "/x", readOnly: false }] });
    const owner = 'session "h-one", container claude-agent-h-one of stack agent-sessions/host-paths';
    mkdirSync(at("box/third"));
    for (const stack of ["host-paths", "another"])
      expect(await planned(stack, repository("box/third"))).toEqual([
        `sessions[0].repositories[0].path: "HERE/box/third" lies in HERE/box, which ${owner} may write: it could put a link to anything there, and links are followed anew at each start; name a path outside of it.`,
      ]);
    chownSync(at("code"), uid, gid);
    expect(await planned("another", writable("code"))).toEqual([
      `sessions[0].mounts[0].source: "HERE/code" is to be writable, and HERE/code, which is mounted into ${owner}, is HERE/code, which session "h-other" may write: what one puts there the other would take for its own; give each a folder of its own.`,
    ]);
    expect([await planned("another", repository("elsewhere")), await planned("another", repository("code"))]).toEqual([[], []]);
    // A session of the same name takes the container's place, as when a checkout moves.
    expect(await planned("host-paths", sessions[0]!)).toEqual([]);
  });

  test("a folder that was made anew is not held until up, which replaces the session", async () => {
    renameSync(at("code"), at("gone"));
    mkdirSync(at("code"));
    expect(await found(promised())).toEqual([
      "mounts held: 7 mounts",
      `mount-sources not held: /code is another folder than ${at("code")}`,
    ]);
    const { reviewed } = await rig.up(sessions, more);
    expect(
      reviewed.plan.steps.flatMap(({ operation, name, changes }) =>
        operation === "same" ? [] : [[operation, name, changes.map(({ key }) => key)]],
      ),
    ).toEqual([["replace", "claude-agent-h-one", ["envs"]]]);
    expect(await found(promised())).toEqual(["mounts held: 7 mounts", held[1]]);
  });
});
