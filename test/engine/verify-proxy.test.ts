import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proxyName } from "../../components/session.ts";
import { readRecord } from "../../stacks/cli/egress.ts";
import { isRefusedTrial, suggest } from "../../stacks/cli/egress-record.ts";
import { parse } from "../../stacks/settings.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { egressProxy } from "../../stacks/verify/checks/proxy.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { liveEngine, Rig } from "./rig.ts";
import { failures, Twins, unbroken } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("verify, of an egress proxy", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify-proxy");
  const twins = new Twins(rig.docker);
  const session = {
    id: "x-listed",
    limits: { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" },
    network: { egress: { allow: ["one.verify.test"] } },
  };
  const audited = { ...session, id: "x-audited", network: { egress: { allow: [], mode: "audit" } } };
  const settings = parse({ sessions: [session, audited] }, { root: rig.root });
  const promised = promisedTo(settings.sessions[0]!);
  /** A network with public addresses, on which the listed host is. */
  const web = "verify-proxy-web";
  const made: { remove(options?: { force?: boolean }): Promise<unknown> }[] = [];

  const loosenings = [
    { check: "proxy-refuses", what: "a proxy that lets all through", proxies: ["http_access allow all"], twin: "all" },
    { check: "proxy-allows", what: "a proxy that lets nothing through", proxies: ["http_access deny all"], twin: "nothing" },
    { check: "proxy-halted", what: "another proxy beside the session's own", proxies: [undefined, undefined], twin: "two" },
    { check: "proxy-halted", what: "a listed host that is on the session's network", proxies: [undefined], host: true, twin: "host" },
  ];
  let healthy: ReadonlyMap<string, string[]>;
  let found: ReadonlyMap<string, string[]>;

  const start = async (options: Docker.ContainerCreateOptions) => {
    const container = await rig.docker.createContainer(options);
    made.unshift(container);
    return container;
  };

  /** The live proxy's own body, with other rules where they are given, on a twin's network. */
  const startProxy = async (twin: string, rules: string | undefined, name?: string) => {
    const { Config, HostConfig } = await rig.docker.getContainer(proxyName(session.id)).inspect();
    const network = `claude-agent-v-twin-${twin}`;
    const container = await start({
      ...(name !== undefined && { name }),
      Image: Config.Image,
      User: Config.User,
      Hostname: Config.Hostname,
      Entrypoint: Config.Entrypoint as string[],
      Env: Config.Env.map((entry) => (rules !== undefined && entry.startsWith("EGRESS_RULES=") ? `EGRESS_RULES=${rules}` : entry)),
      HostConfig: { ...HostConfig, NetworkMode: network, RestartPolicy: { Name: "no" } },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: ["egress-proxy"] } } },
    });
    await rig.docker.getNetwork(web).connect({ Container: container.id });
    await container.start();
  };

  beforeAll(async () => {
    const { health } = await rig.up([session, audited]);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
    made.push(await rig.docker.createNetwork({ Name: web, IPAM: { Config: [{ Subnet: "198.21.0.0/24" }] } }));
    const { Image } = await rig.docker.getContainer(`claude-agent-${session.id}`).inspect();
    const server = await start({
      Image,
      User: "0",
      Entrypoint: ["node", "-e", 'require("node:net").createServer((socket) => socket.end()).listen(443)'],
      HostConfig: { NetworkMode: web },
      NetworkingConfig: { EndpointsConfig: { [web]: { Aliases: ["one.verify.test"] } } },
    });
    await server.start();
    await rig.docker.getNetwork(web).connect({ Container: proxyName(session.id) });
    const targets = await Promise.all(
      loosenings.map(async ({ twin, proxies, host }) => {
        const target = await twins.start(promised, twin);
        for (const [index, rules] of proxies.entries())
          await startProxy(twin, rules, index === 0 ? proxyName(`v-twin-${twin}`) : undefined);
        if (host)
          await rig.docker
            .getNetwork(`claude-agent-v-twin-${twin}`)
            .connect({ Container: server.id, EndpointConfig: { Aliases: ["one.verify.test"] } });
        return target;
      }),
    );
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      // Volumes and processor time are what verify.test.ts is about; there is no other session.
      const list = checks.filter(({ id }) => !["own-volumes", "disk-limit", "cpu-limit", "other-sessions", "stray-datagrams"].includes(id));
      healthy = await failures(
        settings.sessions.map((entry) => targetOf(rig.runtime, promisedTo(entry))),
        { checks: list, surroundings },
      );
      found = await failures(targets, { checks: list, surroundings });
    } finally {
      close();
    }
  }, 10 * minute);
  afterAll(async () => {
    for (const object of made.slice(0, -1)) await object.remove({ force: true });
    await twins.dispose();
    await rig.dispose();
    await made.at(-1)?.remove();
  }, 2 * minute);

  test.each([session.id, audited.id])("%s holds all that it is promised", (id) => {
    expect(healthy.get(id)).toEqual([]);
  });

  test.each(loosenings)("$check names $what", ({ check, twin }) => {
    expect(found.get(`v-twin-${twin}`)).toEqual([expect.stringMatching(new RegExp(`^${check} not held: .`))]);
  });

  test.each([session.id, audited.id])("what verify tried in %s is recorded as such and suggests nothing", async (id) => {
    const asked = await readRecord(rig.runtime, id);
    expect(asked.filter(isRefusedTrial).map(({ host }) => host)).toContain("169.254.169.254");
    expect(asked.filter(({ verify }) => !verify)).toEqual([]);
    expect(suggest(asked)).toEqual([]);
  });

  test("every check has a session that it fails", () => {
    expect(unbroken(egressProxy, loosenings)).toEqual([]);
  });
});
