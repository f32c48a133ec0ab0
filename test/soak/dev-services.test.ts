import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DockerStack } from "../../stacks/platforms/docker/live-stack.ts";
import { controlsOf } from "../../stacks/controls.ts";
import { checksOn } from "../../stacks/verify/checks/index.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { waitServices } from "../../stacks/runtime/health.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";
import { askPostgresql, askRedis, inPython } from "../support/service-clients.ts";

/** PostgreSQL and Redis, as sessions that list them and one that does not find them. */

const engine = await liveEngine();
const minute = 60_000;

describe.skipIf(engine === undefined)("dev services", () => {
  const rig = new Rig(engine as NonNullable<typeof engine>, "developing");
  const small = { memory: "256 MB", cpu: 0.5 };
  const sessions = [
    { id: "ds-user", services: ["postgresql", "redis"], limits: small },
    { id: "ds-other", network: { mode: "bridge" }, limits: small },
  ];
  let more: object;
  let ports: [number, number];
  const container = (name: string) => rig.docker.getContainer(`agent-sessions-developing-${name}`);
  const up = async () => {
    const { applied } = await rig.up(sessions, { ...more });
    const services = await waitServices(rig.runtime, 120);
    expect(services.map(({ name, state }) => `${name}: ${state}`)).toEqual(["postgresql: healthy", "redis: healthy"]);
    return applied;
  };
  const user = async (program: string, ...args: string[]) => (await rig.shell("ds-user", inPython(program, ...args))).output;

  beforeAll(async () => {
    ports = (await freePorts(2)) as [number, number];
    more = { local: { devServices: { postgresql: { port: ports[0] }, redis: { port: ports[1] } } } };
    await up();
  }, 6 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  test("a sealed session that lists them uses both, and stays without a network", async () => {
    expect(
      await user(askPostgresql, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('from a session'); SELECT word FROM kept"),
    ).toBe("from a session");
    expect(await user(askRedis, "SET word there", "GET word")).toBe("+OK\n+OK\n$5 there");
    expect((await rig.shell("ds-user", "ls /sys/class/net")).output).toBe("lo");
    expect(
      (await rig.shell("ds-user", "touch /run/services/redis/x; rm -f /run/services/redis/socket; env | grep ^PG | sort")).output,
    ).toMatch(
      /Read-only file system[\s\S]*PGDATABASE=dev\nPGHOST=\/run\/services\/postgresql\nPGSERVICE=dev\nPGSERVICEFILE=.*\nPGUSER=dev$/,
    );
  });

  test("nobody comes in without the password, or becomes more than a user", async () => {
    expect(await user(askPostgresql, "SELECT 1", "wrong")).toContain("password authentication failed");
    expect(await user(askPostgresql, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")).toBe("f");
    expect(await user(askPostgresql, "COPY (SELECT 1) TO PROGRAM 'id'")).toContain("must be superuser");
    const refused = (await user(askRedis, "CONFIG SET dir /tmp", "MIGRATE a 1 b 0 1", "SAVE", "ACL LIST")).split("\n").slice(1);
    expect(refused.map((line) => line.split(" ")[0])).toEqual(["-NOPERM", "-NOPERM", "-NOPERM", "-NOPERM"]);
  });

  test("they are hardened as a session is, and open on this machine's loopback address alone, to who has the password", async () => {
    for (const [name, port, hello, refusal] of [
      ["postgresql", ports[0], Buffer.from([0, 0, 0, 8, 4, 210, 22, 47]), "N"],
      ["redis", ports[1], Buffer.from("GET word\r\n"), "-NOAUTH"],
    ] as const) {
      const { HostConfig, Config, NetworkSettings } = await container(name).inspect();
      expect([
        HostConfig.ReadonlyRootfs,
        HostConfig.CapDrop,
        HostConfig.CapAdd ?? [],
        HostConfig.Privileged,
        HostConfig.PidsLimit,
        Config.User,
      ]).toEqual([true, ["ALL"], [], false, 256, "14002:14002"]);
      expect(Object.values(NetworkSettings.Ports).flat()).toEqual([{ HostIp: "127.0.0.1", HostPort: String(port) }]);
      const answer = await new Promise<string>((resolve, reject) => {
        const socket = connect(port, "127.0.0.1", () => socket.write(hello))
          .once("data", (data) => {
            resolve(data.toString("latin1"));
            socket.destroy();
          })
          .once("error", reject);
      });
      expect([name, answer.startsWith(refusal)]).toEqual([name, true]);
    }
  });

  test("a session that lists none finds none, as verify tries; one that is put beside it is named", async () => {
    const { settings } = rig.engine(sessions, { ...more });
    const found = async () => {
      const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
      const checks = checksOn(controlsOf.local).filter(({ id }) =>
        ["mounts", "mounts-read-only", "own-volumes", "engine-socket", "services"].includes(id),
      );
      const targets = settings.sessions.map((session) => targetOf(rig.runtime, promisedTo(session)));
      const verified = await verify(targets, { checks, surroundings }).finally(close);
      return verified.flatMap(({ session, results }) =>
        results.map(({ id, verdict, found }) => [`${session} ${id}`, verdict === "held" ? verdict : `${verdict}: ${found}`] as const),
      );
    };
    const all = await found();
    expect(all.filter(([, verdict]) => verdict !== "held")).toEqual([]);
    expect(all.map(([what]) => what)).toEqual(expect.arrayContaining(["ds-other services", "ds-user services", "ds-other mounts"]));
    expect((await rig.shell("ds-other", "ls /run/services 2>&1; env | grep -c ^PG")).output).toMatch(/No such file[\s\S]*\n0$/);
    // Its own network would keep a session that is put there from it.
    const beside = await rig.docker.createNetwork({ Name: "agent-sessions-test-beside" });
    const members = ["claude-agent-ds-other", "agent-sessions-developing-redis"];
    for (const Container of members) await beside.connect({ Container });
    const broken = Object.fromEntries(await found());
    for (const Container of members) await beside.disconnect({ Container });
    await beside.remove();
    expect(broken["ds-other services"]).toMatch(/^not held: /);
  });

  test(
    "a second up changes nothing, and one after down finds the data with another password",
    async () => {
      const again = rig.engine(sessions, { ...more });
      const live = await again.live();
      expect((await again.plan(live)).plan.steps.filter(({ operation }) => operation !== "same")).toEqual([]);
      const { output: password } = await rig.shell("ds-user", "cat /run/services/postgresql/password");
      expect(await again.remove(again.teardown(live, false))).toEqual([]);
      const { Volumes } = await rig.docker.listVolumes({ filters: { label: ["stack=agent-sessions/developing"] } });
      const left = Volumes.map(({ Name }) => Name).sort();
      expect(left.filter((name) => name.startsWith("agent-sessions-"))).toEqual([
        "agent-sessions-developing-postgresql-data",
        "agent-sessions-developing-redis-data",
      ]);
      // What is left is what `down` names, and what it removes when it is to remove data.
      const stack = new DockerStack(rig.docker, { project: "agent-sessions", stack: rig.stack, root: rig.root, config: {} });
      expect(await stack.data()).toEqual(left);
      expect(await stack.data(["ds-user"])).toEqual(left.filter((name) => name.startsWith("claude-agent-ds-user-")));
      await up();
      const { output: other } = await rig.shell("ds-user", "cat /run/services/postgresql/password");
      expect([other.length, other === password]).toEqual([32, false]);
      expect(await user(askPostgresql, "SELECT word FROM kept")).toBe("from a session");
      expect(await user(askRedis, "GET word")).toBe("+OK\n$5 there");
    },
    4 * minute,
  );

  test("a server that is killed comes back, and its sessions with it", async () => {
    await container("postgresql")
      .exec({ Cmd: ["bash", "-c", "kill -KILL -1"] })
      .then((exec) => exec.start({}));
    await until(async () => (await user(askPostgresql, "SELECT word FROM kept")) === "from a session", 30, "an answer of PostgreSQL");
  });
});
