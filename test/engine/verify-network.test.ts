import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { network } from "../../stacks/verify/checks/network.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { liveEngine, Rig } from "./rig.ts";
import { failures, type Loosening, Twins, unbroken } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Answers every question with "no such name". */
const resolver = `python3 -c '
import socket
server = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
server.bind(("", 53))
while True:
    question, asker = server.recvfrom(2048)
    server.sendto(question[:2] + b"\\x81\\x83" + question[4:], asker)
'`;

describe.skipIf(docker === undefined)("verify, of a network", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify-network");
  const twins = new Twins(rig.docker);
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const sessions = [
    { id: "n-sealed", limits, network: { mode: "bridge" } },
    { id: "n-none", limits },
    { id: "n-open", limits, network: { egress: "open" } },
  ];
  const settings = parse({ sessions }, { root: rig.root });
  const promised = settings.sessions.map(promisedTo);
  const talking = { "com.docker.network.bridge.enable_icc": "true" };

  /** Nobody else has an address of that network, which is for documentation. */
  const supervisor = { address: "198.51.100.9", port: 9464 };

  const loosenings: readonly Loosening[] = [
    // An address of the outside that answers within the network stands for a way to it.
    {
      check: "outside",
      what: "somebody outside who answers",
      loosenNetwork: (made) =>
        Object.assign(made, {
          IPAM: { Config: [{ Subnet: "1.1.1.0/24", Gateway: "1.1.1.254" }] },
          Options: { ...made.Options, ...talking },
        }),
      beside: { line: "sleep infinity", address: "1.1.1.1" },
    },
    {
      check: "metadata",
      what: "a metadata service",
      loosenNetwork: (made) =>
        Object.assign(made, { IPAM: { Config: [{ Subnet: "169.254.169.0/24" }] }, Options: { ...made.Options, ...talking } }),
      beside: { line: "sleep infinity", address: "169.254.169.254" },
    },
    // The host, once it has an address there, takes packets for the outside and drops them.
    {
      check: "host-services",
      what: "an address of the host",
      unproven: ["outside"],
      loosenNetwork: ({ Options }) => delete Options?.["com.docker.network.bridge.inhibit_ipv4"],
    },
    {
      check: "resolver",
      what: "a resolver that answers",
      loosenNetwork: (made) => Object.assign(made, { Options: { ...made.Options, ...talking } }),
      beside: { line: resolver },
      loosen: ({ HostConfig }, besideAt) => (HostConfig.Dns = [besideAt]),
    },
    {
      check: "other-sessions",
      what: "the name of another session",
      evidence: "name claude-agent-n-sealed is",
      loosen: ({ HostConfig }) => (HostConfig.NetworkMode = "claude-agent-n-sealed"),
    },
    {
      check: "other-sessions",
      what: "the address of another session",
      loosenNetwork: (made) => Object.assign(made, { Options: { ...made.Options, ...talking } }),
      neighbour: "n-open",
      evidence: "tcp [0-9.]+ port [0-9]+: greeted",
    },
    {
      check: "services",
      what: "what watches the sessions",
      loosenNetwork: (made) =>
        Object.assign(made, { IPAM: { Config: [{ Subnet: "198.51.100.0/24" }] }, Options: { ...made.Options, ...talking } }),
      beside: { line: "sleep infinity", address: supervisor.address },
      evidence: "tcp 198.51.100.9 port 9464: ECONNREFUSED",
    },
  ];

  // What verify.test.ts is about, and what depends on the host; see verify-datagrams.test.ts.
  const tried = checks.filter(({ id }) => id !== "cpu-limit" && id !== "stray-datagrams");
  let found: ReadonlyMap<string, string[]>;
  let healthy: Awaited<ReturnType<typeof verify>>;

  beforeAll(async () => {
    const { health } = await rig.up(sessions);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
    const [sealed] = promised;
    const targets = await Promise.all([
      twins.start(sealed!, "sealed"),
      ...loosenings.map((loosening, index) => twins.start(sealed!, String(index), loosening)),
    ]);
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      healthy = await verify(
        promised.map((session) => targetOf(rig.runtime, session)),
        { checks: tried, surroundings },
      );
      // Volumes are what verify.test.ts is about.
      const services = [{ name: "supervisor", state: "healthy", at: [supervisor] }] as const;
      const list = tried.filter(({ id }) => id !== "own-volumes" && id !== "disk-limit");
      found = await failures(targets, { checks: list, surroundings: { ...surroundings, services } });
    } finally {
      close();
    }
  }, 5 * minute);
  afterAll(async () => {
    await twins.dispose();
    await rig.dispose();
  }, 2 * minute);

  test.each(["n-none", "n-open", "n-sealed"])("%s holds all that it is promised", (id) => {
    expect(healthy.find(({ session }) => session === id)?.results.filter(({ verdict }) => verdict !== "held")).toEqual([]);
  });

  test("a session with open egress is promised no more than that others cannot be reached", () => {
    const ids = healthy.find(({ session }) => session === "n-open")?.results.map((result) => result.id) ?? [];
    expect(network.map(({ id }) => id).filter((id) => ids.includes(id))).toEqual(["other-sessions"]);
  });

  test("so does a twin, from which the broken ones below differ by one thing", () => {
    expect(found.get("v-twin-sealed")).toEqual([]);
  });

  test.each(loosenings.map((loosening, index) => ({ ...loosening, index })))(
    "$check names $what",
    ({ check, index, evidence = ".", unproven = [] }) => {
      const isUnproven = (line: string) => unproven.some((id) => line.startsWith(`${id} not tried:`));
      expect(found.get(`v-twin-${index}`)?.filter((line) => !isUnproven(line))).toEqual([
        expect.stringMatching(new RegExp(`^${check} not held: .*${evidence}`)),
      ]);
    },
  );

  test("every check has a session that it fails", () => {
    // Groups are what groups.test.ts is about.
    expect(unbroken(network, loosenings)).toEqual(["group"]);
  });
});
