import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { freePorts, liveEngine } from "../engine/rig.ts";
import { Checkout } from "./checkout.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("a single node, by its commands", () => {
  const engine = docker as NonNullable<typeof docker>;
  const checkout = new Checkout();
  const stack = "server";
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const filters = { label: [`stack=agent-sessions/${stack}`] };
  /** What of the stack the engine holds, by kind. */
  const held = async () => {
    const [containers, networks, { Volumes }] = await Promise.all([
      engine.listContainers({ all: true, filters }),
      engine.listNetworks({ filters }),
      engine.listVolumes({ filters }),
    ]);
    return { containers, networks, volumes: Volumes };
  };
  const services = ["alertmanager", "engine-reader", "prometheus", "supervisor"];

  beforeAll(async () => {
    const [supervisor, prometheus, alertmanager] = await freePorts(3);
    const monitoring = { ports: { prometheus, alertmanager }, grafana: false };
    checkout.write(stack, [{ id: "sn-one" }, { id: "sn-two", network: { mode: "bridge" } }], {
      strategy: "single-node",
      image: { agent: "none" },
      "single-node": { supervisor: { port: supervisor }, monitoring },
      defaults: { limits: { memory: "256 MB", cpu: 0.5 } },
    });
  });
  afterAll(async () => {
    await sessions("down", "--delete-data", "--force", "--engine", "embedded");
    checkout.dispose();
  }, 5 * minute);

  test(
    "comes up supervised and monitored, on this machine's loopback address alone",
    async () => {
      const { code, stdout } = await sessions("up", "--engine", "embedded");
      for (const service of services) expect(stdout).toMatch(new RegExp(`^${service}: healthy(, http://127\\.0\\.0\\.1:\\d+/)?$`, "m"));
      expect(stdout).toMatch(/^sn-one: all \d+ promises hold$/m);
      expect(code).toBe(0);
      const { containers } = await held();
      const published = containers.flatMap(({ Ports }) => Ports.filter(({ PublicPort }) => PublicPort !== undefined));
      expect(published).toHaveLength(3);
      expect(new Set(published.map(({ IP }) => IP))).toEqual(new Set(["127.0.0.1"]));
      // Whatever serves the sessions is as hardened as they are; the engine's socket is the reader's alone.
      const running = containers.filter(({ State }) => State === "running");
      const inspected = await Promise.all(running.map(({ Id }) => engine.getContainer(Id).inspect()));
      expect(inspected).toHaveLength(services.length + 2);
      for (const { Name, HostConfig } of inspected)
        expect([Name, HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.CapAdd ?? [], HostConfig.Privileged]).toEqual([
          Name,
          true,
          ["ALL"],
          [],
          false,
        ]);
      const withSocket = inspected.filter(({ Mounts }) => Mounts.some(({ Source }) => Source.endsWith(".sock")));
      expect(withSocket.map(({ Name }) => Name)).toEqual(["/agent-sessions-server-engine-reader"]);
    },
    10 * minute,
  );

  test("a second up changes nothing, and list names what serves the sessions", async () => {
    const again = await sessions("up", "--engine", "embedded");
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("\nNothing was changed.\n")]);
    const { stdout } = await sessions("list");
    expect(stdout.trimEnd().split("\n").slice(-4)).toEqual(services.map((service) => expect.stringContaining(`${service}: healthy`)));
  });

  test("holds what it promises, and the policy rules of its level have nothing against it", async () => {
    // The other one has a network, over which some hosts take stray datagrams.
    const verified = await sessions("verify", "sn-one");
    expect([verified.code, verified.stdout]).toEqual([0, expect.stringMatching(/^sn-one: (all \d+|\d+ of \d+) promises hold/m)]);
    const { code, stdout } = await sessions("check", "--level", "single-node", "--format", "json");
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({ level: "single-node", secure: true, stacks: [{ stack, score: 100 }] });
  });

  test("a session that somebody puts beside what watches it is found by verify", async () => {
    const tried = async () => {
      const [{ results }] = JSON.parse((await sessions("verify", "sn-two", "--json")).stdout);
      return results.find(({ id }: { id: string }) => id === "services");
    };
    expect(await tried()).toMatchObject({ verdict: "held", attempt: "the addresses of alertmanager, prometheus, supervisor" });
    await engine.getNetwork("agent-sessions-server-monitoring").connect({ Container: "claude-agent-sn-two" });
    expect(await tried()).toMatchObject({ verdict: "not held", found: expect.stringMatching(/tcp [\d.]+ port 9464: connected/) });
  });

  test("is taken down to the volumes of its sessions", async () => {
    expect((await sessions("down")).code).toBe(0);
    const { containers, networks, volumes } = await held();
    expect([containers, networks]).toEqual([[], []]);
    const kinds = ["logs", "session", "workspace"];
    expect(volumes.map(({ Name }) => Name).sort()).toEqual(
      ["sn-one", "sn-two"].flatMap((id) => kinds.map((kind) => `claude-agent-${id}-${kind}`)),
    );
  });
});
