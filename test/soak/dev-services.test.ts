import { connect } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { controlsOf } from "../../stacks/controls.ts";
import { checksOn } from "../../stacks/verify/checks/index.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { waitServices } from "../../stacks/runtime/health.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";

/** PostgreSQL and Redis, as sessions that list them and one that does not find them. */

const engine = await liveEngine();
const minute = 60_000;

/** Asks PostgreSQL by its socket and password (SCRAM-SHA-256) for each statement, in no language but the image's own; prints the first value. */
const sql = `
import base64, hashlib, hmac, os, socket, struct, sys
folder = "/run/services/postgresql"
password = open(folder + "/password").read().strip() if len(sys.argv) < 3 else sys.argv[2]
link = socket.socket(socket.AF_UNIX); link.connect(folder + "/.s.PGSQL.5432")
def send(kind, body): link.sendall(kind + struct.pack("!i", len(body) + 4) + body)
def take(size):
    data = b""
    while len(data) < size:
        more = link.recv(size - len(data))
        if not more: sys.exit("the connection has ended")
        data += more
    return data
def receive():
    kind = take(1); body = take(struct.unpack("!i", take(4))[0] - 4)
    if kind == b"E": sys.exit(body.replace(b"\\0", b" ").decode())
    return kind, body
user = os.environ["PGUSER"].encode()
send(b"", struct.pack("!i", 196608) + b"user\\0" + user + b"\\0database\\0" + os.environ["PGDATABASE"].encode() + b"\\0\\0")
receive()
first = b"n=,r=" + base64.b64encode(os.urandom(18))
send(b"p", b"SCRAM-SHA-256\\0" + struct.pack("!i", len(first) + 3) + b"n,," + first)
said = receive()[1][4:]
nonce, salt, rounds = [part[2:] for part in said.split(b",")]
salted = hashlib.pbkdf2_hmac("sha256", password.encode(), base64.b64decode(salt), int(rounds))
mac = lambda key, text: hmac.new(key, text, hashlib.sha256).digest()
bare = b"c=biws,r=" + nonce
key = mac(salted, b"Client Key")
proof = bytes(a ^ b for a, b in zip(key, mac(hashlib.sha256(key).digest(), first + b"," + said + b"," + bare)))
send(b"p", bare + b",p=" + base64.b64encode(proof))
while receive()[0] != b"Z": pass
send(b"Q", sys.argv[1].encode() + b"\\0")
while True:
    kind, body = receive()
    if kind == b"D": print(body[6:].decode())
    if kind == b"Z": break
`;

/** Asks Redis by its socket, one command a line, and prints what it says. */
const redis = `
import socket, sys
password = open("/run/services/redis/password").read().strip()
link = socket.socket(socket.AF_UNIX); link.connect("/run/services/redis/socket")
for line in ["AUTH " + password] + sys.argv[1:]:
    link.sendall(line.encode() + b"\\r\\n"); print(link.recv(4096).decode().strip().replace("\\r\\n", " "))
`;
const quoted = (text: string) => `'${text.replaceAll("'", `'\\''`)}'`;
const inPython = (program: string, ...args: string[]) => `python3 -c ${[program, ...args].map(quoted).join(" ")}`;

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
    expect(await user(sql, "CREATE TABLE kept (word text); INSERT INTO kept VALUES ('from a session'); SELECT word FROM kept")).toBe(
      "from a session",
    );
    expect(await user(redis, "SET word there", "GET word")).toBe("+OK\n+OK\n$5 there");
    expect((await rig.shell("ds-user", "ls /sys/class/net")).output).toBe("lo");
    expect(
      (await rig.shell("ds-user", "touch /run/services/redis/x; rm -f /run/services/redis/socket; env | grep ^PG | sort")).output,
    ).toMatch(
      /Read-only file system[\s\S]*PGDATABASE=dev\nPGHOST=\/run\/services\/postgresql\nPGSERVICE=dev\nPGSERVICEFILE=.*\nPGUSER=dev$/,
    );
  });

  test("nobody comes in without the password, or becomes more than a user", async () => {
    expect(await user(sql, "SELECT 1", "wrong")).toContain("password authentication failed");
    expect(await user(sql, "SELECT rolsuper OR rolcreaterole FROM pg_roles WHERE rolname = current_user")).toBe("f");
    expect(await user(sql, "COPY (SELECT 1) TO PROGRAM 'id'")).toContain("must be superuser");
    const refused = (await user(redis, "CONFIG SET dir /tmp", "MIGRATE a 1 b 0 1", "SAVE", "ACL LIST")).split("\n").slice(1);
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
      expect(
        Volumes.map(({ Name }) => Name)
          .filter((name) => name.startsWith("agent-sessions-"))
          .sort(),
      ).toEqual(["agent-sessions-developing-postgresql-data", "agent-sessions-developing-redis-data"]);
      await up();
      const { output: other } = await rig.shell("ds-user", "cat /run/services/postgresql/password");
      expect([other.length, other === password]).toEqual([32, false]);
      expect(await user(sql, "SELECT word FROM kept")).toBe("from a session");
      expect(await user(redis, "GET word")).toBe("+OK\n$5 there");
    },
    4 * minute,
  );

  test("a server that is killed comes back, and its sessions with it", async () => {
    await container("postgresql")
      .exec({ Cmd: ["bash", "-c", "kill -KILL -1"] })
      .then((exec) => exec.start({}));
    await until(async () => (await user(sql, "SELECT word FROM kept")) === "from a session", 30, "an answer of PostgreSQL");
  });
});
