import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { changes } from "../../stacks/recorder/plan.ts";
import { Checkout } from "../cli/checkout.ts";
import { freePorts, liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Answers when all is said, so that it takes connections whose one half is closed. */
const server = `
const net = require("node:net");
for (const port of [80, 8000]) net.createServer({ allowHalfOpen: true }, (socket) => {
  let asked = "";
  socket.on("error", () => {}).on("data", (data) => (asked += data)).on("end", () => socket.end(asked + " on " + port));
}).listen(port);
const datagrams = require("node:dgram").createSocket("udp4");
datagrams.on("message", (message, from) => datagrams.send(message + " on 53", from.port, from.address)).bind(53);
`;

/** A resolver for which every name is its own; its network has public addresses, far from any that are in use. */
const stranger = {
  network: "ports-test-stranger",
  subnet: "198.25.0.0/24",
  address: "198.25.0.10",
  program: `
const names = require("node:dgram").createSocket("udp4");
names.on("message", (asked, from) => {
  let end = 12;
  while (asked[end]) end += asked[end] + 1;
  const [head, isIPv4] = [Buffer.from(asked.subarray(0, end + 5)), asked.readUInt16BE(end + 1) === 1];
  head.writeUInt16BE(0x8180, 2);
  head.writeUInt16BE(Number(isIPv4), 6);
  head.writeUInt32BE(0, 8);
  names.send(isIPv4 ? Buffer.concat([head, Buffer.from([192, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 198, 25, 0, 10])]) : head, from.port, from.address);
}).bind(53);
require("node:net").createServer((socket) => socket.end("a stranger")).listen(80);
`,
};

/** What comes back over TCP; the code of the error where there is no connection. */
async function ask(port: number, address = "127.0.0.1", said = "asked"): Promise<string> {
  const socket = connect({ port, host: address, allowHalfOpen: true, timeout: 10_000 });
  socket.on("timeout", () => socket.destroy(new Error("timeout"))).end(said);
  return text(socket).catch((error: NodeJS.ErrnoException) => error.code ?? error.message);
}

/** What comes back over UDP. */
async function askDatagram(port: number): Promise<string> {
  const socket = createSocket("udp4");
  try {
    socket.send("asked", port, "127.0.0.1");
    const [answer] = (await once(socket, "message", { signal: AbortSignal.timeout(5000) })) as [Buffer];
    return String(answer);
  } finally {
    socket.close();
  }
}

describe.skipIf(docker === undefined)("ports of a session with an allow list", () => {
  const checkout = new Checkout();
  const rig = new Rig(docker as NonNullable<typeof docker>, "ports", checkout.root);
  const id = "pp-listed";
  const container = `claude-agent-${id}`;
  const proxy = `${container}-proxy`;
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const described = (ports: readonly object[], egress: unknown = { allow: ["one.invalid"] }) => [
    { id, limits, network: { egress, ports, dns: [stranger.address] } },
  ];
  const inspect = (name: string) => rig.docker.getContainer(name).inspect();
  /** The session's own servers, which end with its container. */
  const serve = async () => {
    const exec = await rig.docker.getContainer(container).exec({ User: "1000:1000", Cmd: ["node", "-e", server] });
    await exec.start({ Detach: true });
  };
  let first = 0;
  let second = 0;
  let third = 0;
  let published: readonly object[] = [];

  beforeAll(async () => {
    [first = 0, second = 0, third = 0] = await freePorts(3);
    published = [
      { container: 8000, host: third, address: "127.0.0.2" },
      { container: 80, host: first },
      { container: 53, host: first, protocol: "udp" },
    ];
    const { health } = await rig.up(described(published));
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    checkout.dispose();
  }, 2 * minute);

  test(
    "lead to the session, from where they are published and from nowhere else",
    async () => {
      expect(await ask(first)).toBe("");
      await serve();
      await until(async () => (await ask(first)) === "asked on 80", 20, "an answer of the session");
      expect(await askDatagram(first)).toBe("asked on 53");
      expect(await ask(third, "127.0.0.2")).toBe("asked on 8000");
      for (const [port, address] of [
        [third, "127.0.0.1"],
        [first, "127.0.0.2"],
      ] as const)
        expect(await ask(port, address), `${address}:${port}`).toBe("ECONNREFUSED");
      const long = "x".repeat(4 * 1024 ** 2);
      expect((await ask(first, "127.0.0.1", long)) === `${long} on 80`).toBe(true);
    },
    minute,
  );

  test("are the proxy's, which listens on them and its own alone", async () => {
    expect((await inspect(container)).HostConfig.PortBindings).toEqual({});
    // Listening TCP and open UDP sockets, less the engine's resolver.
    const { output } = await rig.shell(
      `${id}-proxy`,
      `cd /proc/net; while read -r _ local _ state _; do [[ $local != 0B00007F:* && $state == 0A ]] && echo $((16#\${local#*:})); done < <(cat tcp tcp6); while read -r _ local _; do [[ $local == 00000000:0035 ]] && echo udp; done < udp; :`,
    );
    expect(output.split("\n").sort()).toEqual(["3128", "80", "8000", "udp"]);
  });

  test("give the session no way at all", async () => {
    const asked = (port: number) =>
      rig.shell(id, `exec 3<>/dev/tcp/egress-proxy/${port}; echo GET >&3; timeout 5 head -c 20 <&3; exec 3>&-`);
    const answer = await rig.shell(
      id,
      `node -e 'const s = require("node:net").connect({ port: 80, host: "egress-proxy", allowHalfOpen: true }, () => s.end("asked")); s.on("error", ({ code }) => console.log(code)).pipe(process.stdout)'`,
    );
    // A refusal is a reset where it comes before the question was read, and an end where it comes after.
    expect(["", "ECONNRESET"]).toContain(answer.output);
    expect((await asked(8080)).output).toMatch(/Connection refused/);
  });

  test(
    "lead to nobody while the session is away, whatever the resolvers say",
    async () => {
      const session = rig.docker.getContainer(container);
      const { Image } = await session.inspect();
      const network = await rig.docker.createNetwork({ Name: stranger.network, IPAM: { Config: [{ Subnet: stranger.subnet }] } });
      const other = await rig.docker.createContainer({
        Image,
        User: "0",
        Entrypoint: ["node", "-e", stranger.program],
        HostConfig: { NetworkMode: stranger.network },
        NetworkingConfig: { EndpointsConfig: { [stranger.network]: { IPAMConfig: { IPv4Address: stranger.address } } } },
      });
      try {
        await other.start();
        await network.connect({ Container: proxy });
        await session.stop({ t: 1 });
        const found = async () => (await rig.shell(`${id}-proxy`, "getent ahostsv4 no.such.name")).output.startsWith(stranger.address);
        await until(found, 20, "an answer of the stranger's");
        expect(await ask(first)).toBe("");
      } finally {
        await other.remove({ force: true });
        // It is not connected when what comes before has failed, and what comes after is still to be done.
        await network.disconnect({ Container: proxy, Force: true }).catch(() => {});
        await network.remove();
        await session.start();
      }
      await serve();
      await until(async () => (await ask(first)) === "asked on 80", 20, "an answer of the session");
    },
    minute,
  );

  test(
    "follow the session to another address",
    async () => {
      const address = async () => (await inspect(container)).NetworkSettings.Networks[container]?.IPAddress;
      const before = await address();
      const session = rig.docker.getContainer(container);
      await session.stop({ t: 1 });
      expect(await ask(first)).toBe("");
      const { Image } = await session.inspect();
      const other = await rig.docker.createContainer({
        Image,
        Entrypoint: ["sleep", "infinity"],
        HostConfig: { NetworkMode: container, AutoRemove: true },
      });
      try {
        // The first that comes is given the address.
        await other.start();
        await session.start();
        expect(await address()).not.toBe(before);
        await serve();
        await until(async () => (await ask(first)) === "asked on 80", 20, "an answer of the session");
        expect((await inspect(proxy)).RestartCount).toBe(0);
      } finally {
        await other.remove({ force: true });
      }
    },
    minute,
  );

  test.each(["squid", "nginx"])(
    "and the allow list come back when %s ends",
    async (name) => {
      const { RestartCount: before } = await inspect(proxy);
      // The first of its processes is the one that has started the others.
      await rig.shell(
        `${id}-proxy`,
        `for process in $(printf '%s\\n' /proc/[0-9]*/comm | sort -t/ -k3n); do [[ $(< "$process") == ${name} ]] && kill -KILL "$(cut -d/ -f3 <<< "$process")" && break; done`,
      );
      await until(async () => (await inspect(proxy)).RestartCount === before + 1, 20, "another start of the proxy");
      await until(async () => (await ask(first)) === "asked on 80", 20, "an answer of the session");
      const { output } = await rig.shell(id, "curl -s -o /dev/null -w '%{http_code}' http://two.invalid/");
      expect(output).toBe("403");
    },
    minute,
  );

  test(
    "are part of the proxy's health",
    async () => {
      const health = () => rig.shell(`${id}-proxy`, "/usr/local/bin/proxy-health; echo $?");
      const signal = (name: string) =>
        rig.shell(
          `${id}-proxy`,
          `for comm in /proc/[0-9]*/comm; do [[ $(< "$comm") == nginx ]] && kill -${name} "$(cut -d/ -f3 <<< "$comm")"; done; :`,
        );
      expect((await health()).output).toBe("0");
      await signal("STOP");
      expect((await health()).output).not.toBe("0");
      await signal("CONT");
      expect((await health()).output).toBe("0");
    },
    minute,
  );

  test("stand in the outputs and in the list, and a second plan is empty", async () => {
    const lines = [
      `session ${id}: port 127.0.0.1:${first} to 53/udp`,
      `session ${id}: port 127.0.0.1:${first} to 80/tcp`,
      `session ${id}: port 127.0.0.2:${third} to 8000/tcp`,
    ];
    const engine = rig.engine(described(published));
    const { plan, refusals } = await engine.plan(await engine.live());
    expect(refusals).toEqual([]);
    expect(changes(plan)).toBe(false);
    const authority = [`session ${id}: egress to one.invalid:80,443`, ...lines];
    expect(plan.run.outputs.authority).toEqual(authority);
    checkout.write("ports", described(published));
    const { stdout } = await checkout.run(["list", "--stack", "ports", "--json"]);
    expect(JSON.parse(stdout)).toMatchObject([{ session: id, isolation: "egress-filtered", authority }]);
  });

  test(
    "replace the proxy when they change, and leave the session as it is",
    async () => {
      const before = [(await inspect(container)).Id, (await inspect(proxy)).Id];
      const { reviewed } = await rig.up(described([{ container: 80, host: second }]));
      expect(reviewed.plan.authority).toEqual({
        added: [`session ${id}: port 127.0.0.1:${second} to 80/tcp`],
        removed: [
          `session ${id}: port 127.0.0.1:${first} to 53/udp`,
          `session ${id}: port 127.0.0.1:${first} to 80/tcp`,
          `session ${id}: port 127.0.0.2:${third} to 8000/tcp`,
        ],
      });
      expect((await inspect(container)).Id).toBe(before[0]);
      expect((await inspect(proxy)).Id).not.toBe(before[1]);
      await until(async () => (await ask(second)) === "asked on 80", 20, "an answer of the session");
      expect(await ask(first)).toBe("ECONNREFUSED");
    },
    2 * minute,
  );

  test.each<[string, unknown, object]>([
    // An engine before 28 has others let in, which is asked for.
    ["open egress", "open", { neighbours: true }],
    ["a list", { allow: ["one.invalid"] }, {}],
  ])(
    "are handed over when egress becomes %s",
    async (_, egress, more) => {
      await rig.up(described([{ container: 80, host: second, ...more }], egress));
      await serve();
      await until(async () => (await ask(second)) === "asked on 80", 20, "an answer of the session");
    },
    2 * minute,
  );
});
