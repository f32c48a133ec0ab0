import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { datagrams } from "../../stacks/verify/checks/datagrams.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { failures, Twins } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("verify, of datagrams that go one way", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify-datagrams");
  const twins = new Twins(rig.docker);
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const sessions = [
    { id: "d-none", limits },
    { id: "d-sealed", limits, network: { mode: "bridge" } },
    { id: "d-filtered", limits, network: { egress: { allow: ["one.example.com"] } } },
  ];
  const settings = parse({ sessions }, { root: rig.root });
  const promised = settings.sessions.map(promisedTo);
  let found: ReadonlyMap<string, string[]>;

  beforeAll(async () => {
    await rig.up(sessions);
    const [, sealed] = promised;
    const weak = {
      loosen: ({ HostConfig }: { HostConfig: { SecurityOpt?: string[] } }) => (HostConfig.SecurityOpt = ["no-new-privileges:true"]),
    };
    // With an address there the host takes packets from the bridge, whatever it filters.
    const onHost = {
      loosenNetwork: ({ Options }: { Options?: Record<string, string> }) => delete Options?.["com.docker.network.bridge.inhibit_ipv4"],
    };
    const targets = await Promise.all([twins.start(sealed!, "weak", { ...weak, ...onHost }), twins.start(sealed!, "on-host", onHost)]);
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      found = await failures([...promised.map((session) => targetOf(rig.runtime, session)), ...targets], {
        checks: datagrams,
        surroundings,
      });
    } finally {
      close();
    }
  }, 3 * minute);
  afterAll(async () => {
    await twins.dispose();
    await rig.dispose();
  }, minute);

  const waysIn = (session: string) => {
    const [line = ""] = found.get(session) ?? [];
    return /^stray-datagrams not held: arrived: (.*); net\./.exec(line)?.[1]?.split(", ") ?? (line === "" ? [] : [line]);
  };

  test("without our profile broadcasts and datagrams past the routes arrive at services of the host", () => {
    expect(waysIn("v-twin-weak")).toEqual(
      expect.arrayContaining([
        "a broadcast to 255.255.255.255",
        "a multicast",
        expect.stringMatching(/^a datagram to [\d.]+ past the routes$/),
        expect.stringMatching(/^a datagram to [\d.]+ that says itself that it passes them$/),
      ]),
    );
  });

  test("with it they do not, even where the host has an address on the network", () => {
    expect(waysIn("v-twin-on-host").filter((way) => /broadcast|pass/.test(way))).toEqual([]);
    expect(waysIn("v-twin-on-host")).toContain("a multicast");
  });

  test.each(["d-sealed", "d-filtered"])("from %s at most multicasts arrive, and none where the host filters sources", async (id) => {
    const { Id } = await rig.docker.getNetwork(`claude-agent-${id}`).inspect();
    const filters = ["all", `br-${Id.slice(0, 12)}`].map((name) => {
      try {
        return Number(readFileSync(`/proc/sys/net/ipv4/conf/${name}/rp_filter`, "utf8"));
      } catch {
        return undefined;
      }
    });
    const multicasts = ["a multicast", "a multicast by its interface", "a multicast from its own address"];
    // Where the engine is on another machine, nobody here knows what that filters.
    if (filters.includes(undefined)) expect([[], multicasts]).toContainEqual(waysIn(id));
    else expect(waysIn(id)).toEqual(filters.some((value) => value !== 0) ? [] : multicasts);
  });

  test("a session without a network sends nothing, and the listener goes", async () => {
    expect(found.get("d-none")).toEqual([]);
    const listening = () => rig.docker.listContainers({ filters: { label: ["kind=verify-listener"] } });
    await until(async () => (await listening()).length === 0, 10, "the end of the listener");
  });
});
