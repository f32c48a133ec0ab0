import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { proxyName } from "../../components/session.ts";
import { parse } from "../../stacks/settings.ts";
import { ports as list } from "../../stacks/verify/checks/ports.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { knockFromOutside } from "../../stacks/verify/outsider.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { freePorts, liveEngine, Rig } from "./rig.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const isRoot = process.platform === "linux" && process.getuid?.() === 0;
if (!isRoot) missing("it takes root on Linux to stand in for a neighbour of this machine");
const minute = 60_000;

describe.skipIf(docker === undefined || !isRoot)("a neighbour that routes to the networks of sessions", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "neighbour");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const [listed, open, asked] = ["nb-listed", "nb-open", "nb-asked"] as const;
  const own = ownAddress();
  let described: { id: string; limits: object; network: { egress: unknown; ports: { container: number; host: number }[] } }[] = [];
  /** As the settings would be if nobody had been asked in. */
  const closed = () =>
    described.map((session) => ({
      ...session,
      network: { ...session.network, ports: session.network.ports.map((port) => ({ ...port, neighbours: undefined })) },
    }));
  const addressOf = async (container: string, network: string) =>
    (await rig.docker.getContainer(container).inspect()).NetworkSettings.Networks[network]?.IPAddress ?? "";
  const verdicts = async (sessions: readonly object[]) => {
    const settings = parse({ sessions }, { root: rig.root });
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      const targets = settings.sessions.map((session) => targetOf(rig.runtime, promisedTo(session)));
      return (await verify(targets, { checks: list, surroundings })).flatMap(({ session, results }) =>
        results.map(({ verdict, found }) => `${session} ${verdict}: ${found}`),
      );
    } finally {
      close();
    }
  };

  beforeAll(async () => {
    const [a = 0, b = 0, c = 0, d = 0] = await freePorts(4, "0.0.0.0");
    const allow = { allow: ["one.invalid"] };
    described = [
      { id: asked, limits, network: { egress: allow, ports: [{ container: 80, host: d, ...{ neighbours: true } }] } },
      {
        id: listed,
        limits,
        network: {
          egress: allow,
          ports: [
            { container: 80, host: a },
            { container: 53, host: a, ...{ protocol: "udp" } },
            { container: 81, host: b, ...{ address: own } },
          ],
        },
      },
      { id: open, limits, network: { egress: "open", ports: [{ container: 80, host: c, ...{ neighbours: true } }] } },
    ];
    const { health } = await rig.up(described);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  test(
    "is let in by a proxy where it is asked in, and at no port that is for this machine alone",
    async () => {
      const server = `const net = require("node:net");
        for (const port of [80, 81]) net.createServer((socket) => socket.on("error", () => {}).end("here")).listen(port);
        const datagrams = require("node:dgram").createSocket("udp4");
        datagrams.on("message", (message, from) => datagrams.send("here", from.port, from.address)).bind(53);
        console.log("serving");`;
      for (const id of [listed, asked]) {
        const exec = await rig.docker
          .getContainer(`claude-agent-${id}`)
          .exec({ User: "1000:1000", Cmd: ["node", "-e", server], AttachStdout: true });
        await once(await exec.start({}), "data");
      }
      const address = (id: string) => addressOf(proxyName(id), `claude-agent-${id}-edge`);
      const [one, other] = [await address(listed), await address(asked)];
      expect(
        await knockFromOutside([
          { address: one, port: 80, protocol: "tcp" },
          { address: one, port: 53, protocol: "udp" },
          { address: one, port: 81, protocol: "tcp" },
          { address: other, port: 80, protocol: "tcp" },
        ]),
      ).toEqual(["ended", "no answer", "answered", "answered"]);
    },
    minute,
  );

  test(
    "is stood in for by verify, which names ports that let it in",
    async () => {
      expect(await verdicts(described)).toEqual([`${listed} held: ended, no answer`]);
      const found = await verdicts(closed());
      expect(found.slice(0, 2)).toEqual([
        `${asked} not held: a neighbour is let in at 80/tcp (answered)`,
        `${listed} held: ended, no answer`,
      ]);
      expect(found[2]).toMatch(new RegExp(`^${open} (not held: a neighbour is let in at 80/tcp|held: )`));
    },
    minute,
  );

  test("is refused by the engine, or the plan is", async () => {
    const { Version } = await rig.docker.version();
    const engine = rig.engine(closed());
    const planned = engine.plan(await engine.live());
    if (Number.parseInt(Version, 10) >= 28) await planned;
    else
      await expect(planned).rejects.toThrow(
        `sessions[2].network.ports: port 127.0.0.1:${described[2]?.network.ports[0]?.host} to 80/tcp is open to whoever on this machine's network`,
      );
  });
});
