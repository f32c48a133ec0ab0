import { once } from "node:events";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { groupNetworkName, proxyName } from "../../components/session.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { parse } from "../../stacks/settings.ts";
import { network } from "../../stacks/verify/checks/network.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { liveEngine, Rig } from "../engine/rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("sessions of groups", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "groups");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const [listed, mate, stranger] = ["gr-listed", "gr-mate", "gr-stranger"] as const;
  const sessions = [
    { id: listed, limits, group: "one", network: { egress: { allow: ["one.invalid"] } } },
    { id: mate, limits, group: "one" },
    { id: stranger, limits, group: "two" },
  ];
  const settings = parse({ sessions }, { root: rig.root });
  const groupOne = rig.docker.getNetwork(groupNetworkName(rig, "one"));

  beforeAll(async () => {
    const { health } = await rig.up(sessions);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  /** What verify finds of each session's network. */
  async function verdicts(ids: readonly string[] = network.map(({ id }) => id)): Promise<Record<string, string>> {
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      const targets = settings.sessions.map((session) => targetOf(rig.runtime, promisedTo(session)));
      const verified = await verify(targets, { checks: network.filter(({ id }) => ids.includes(id)), surroundings });
      return Object.fromEntries(
        verified.flatMap(({ session, results }) => results.map(({ id, verdict, found }) => [`${session} ${id}`, `${verdict}: ${found}`])),
      );
    } finally {
      close();
    }
  }
  const notHeld = (found: Record<string, string>) => Object.entries(found).filter(([, verdict]) => !verdict.startsWith("held"));

  test("are there again at a second run, with the level of a shared network", async () => {
    const engine = rig.engine(sessions);
    expect(changes((await engine.plan(await engine.live())).plan)).toBe(false);
    const described = await Promise.all([listed, mate, stranger].map((id) => rig.runtime.session(id).describe()));
    expect(described.map(({ network, isolation }) => [network, isolation])).toEqual([
      [`claude-agent-${listed}`, "shared"],
      [groupNetworkName(rig, "one"), "shared"],
      [groupNetworkName(rig, "two"), "shared"],
    ]);
  });

  test("reach those of their group and nobody else, and verify says so", async () => {
    const found = await verdicts();
    expect(notHeld(found)).toEqual([[`${stranger} group`, "not tried: no other session of the group has an address"]]);
    const tried = ["outside", "metadata", "host-services", "resolver", "other-sessions", "group"];
    expect(Object.keys(found).sort()).toEqual([listed, mate, stranger].flatMap((id) => tried.map((check) => `${id} ${check}`)).sort());
  });

  test("find each other by their ids, and no other's proxy", async () => {
    const server = `require("node:net").createServer((socket) => socket.end("here\\n")).listen(8000, () => console.log("serving"));`;
    const exec = await rig.docker
      .getContainer(`claude-agent-${listed}`)
      .exec({ User: "1000:1000", Cmd: ["node", "-e", server], AttachStdout: true });
    await once(await exec.start({}), "data");
    expect(await rig.shell(mate, `head -1 < /dev/tcp/${listed}/8000`)).toEqual({ code: 0, output: "here" });
    expect((await rig.shell(stranger, `head -1 < /dev/tcp/${listed}/8000`)).code).not.toBe(0);

    const { NetworkSettings } = await rig.docker.getContainer(proxyName(listed)).inspect();
    const addresses = Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);
    expect(addresses).toHaveLength(2);
    for (const host of ["egress-proxy", ...addresses])
      expect((await rig.shell(mate, `timeout 4 bash -c '< /dev/tcp/${host}/3128'`)).code, host).not.toBe(0);
    expect((await rig.shell(listed, `timeout 4 bash -c '< /dev/tcp/egress-proxy/3128'`)).code).toBe(0);
  });

  test("are told from a stranger who joins their network, and from a group that fell apart", async () => {
    const container = `claude-agent-${stranger}`;
    await groupOne.connect({ Container: container });
    const joined = await verdicts(["other-sessions", "group"]);
    await groupOne.disconnect({ Container: container });
    expect(
      notHeld(joined)
        .map(([check]) => check)
        .sort(),
    ).toEqual(
      [listed, mate, stranger]
        .map((id) => `${id} other-sessions`)
        .concat(`${stranger} group`)
        .sort(),
    );

    await groupOne.disconnect({ Container: `claude-agent-${mate}` });
    expect(notHeld(await verdicts(["group"]))).toContainEqual([`${mate} group`, `not held: session ${listed} is not there`]);
  });

  test("leave a group without the others starting anew", async () => {
    const engine = rig.engine([sessions[0]!, { ...sessions[1]!, group: "two" }, sessions[2]!]);
    const { plan } = await engine.plan(await engine.live());
    expect(plan.steps.flatMap(({ operation, name }) => (operation === "same" ? [] : [`${operation} ${name}`]))).toEqual([
      `replace claude-agent-${mate}`,
    ]);
    expect(plan.authority).toMatchObject({
      added: [`session ${mate}: the network of group two`],
      removed: [`session ${mate}: the network of group one`],
    });
  });
});
