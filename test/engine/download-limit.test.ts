import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { proxyName } from "../../components/session.ts";
import { planText } from "../../stacks/cli/render.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const megabyte = 1024 ** 2;

/** A network of public addresses, far from any that are in use. */
const web = { name: "download-test-web", subnet: "198.24.0.0/24" };

/** Sends as many bytes as the path says. */
const server = `
require("node:http").createServer((request, response) => response.end(Buffer.alloc(Number(request.url.slice(1))))).listen(80);
`;

describe.skipIf(docker === undefined)("a download limit", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "download");
  const id = "dl-listed";
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const described = (bandwidth: object) => [{ id, limits, network: { egress: { allow: ["one.download.test"] }, bandwidth } }];
  const made: { remove(options?: { force?: boolean }): Promise<unknown> }[] = [];
  const idOf = async (name: string) => (await rig.docker.getContainer(name).inspect()).Id;

  /** Several downloads at once, each with curl's options. @returns the seconds that all took together */
  const download = async (bytes: number, ...connections: string[]): Promise<number> => {
    const started = performance.now();
    const got = await Promise.all(
      connections.map((options) =>
        rig.shell(id, `curl -s -m 50 -o /dev/null -w '%{http_code} %{size_download}' ${options} http://one.download.test:80/${bytes}`),
      ),
    );
    expect(got.map(({ output }) => output)).toEqual(connections.map(() => `200 ${bytes}`));
    return (performance.now() - started) / 1000;
  };
  const reachable = async () => {
    await rig.docker.getNetwork(web.name).connect({ Container: proxyName(id) });
    await until(async () => (await rig.shell(id, "curl -sf -m 5 http://one.download.test/1")).code === 0, 30, "an answer of the host");
  };

  beforeAll(async () => {
    const { health } = await rig.up(described({ download: "1 MB/s" }));
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    const network = await rig.docker.createNetwork({ Name: web.name, IPAM: { Config: [{ Subnet: web.subnet }] } });
    made.unshift(network);
    const container = await rig.docker.createContainer({
      Image: (await rig.docker.getContainer(`claude-agent-${id}`).inspect()).Image,
      Entrypoint: ["node", "-e", server],
      User: "0",
      HostConfig: { NetworkMode: web.name },
      NetworkingConfig: { EndpointsConfig: { [web.name]: { Aliases: ["one.download.test"] } } },
    });
    made.unshift(container);
    await container.start();
    await reachable();
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    for (const object of made) await object.remove({ force: true });
  }, 2 * minute);

  // The bucket holds the bytes of one second, and those of another come at its next full second.
  test.each<[string, string[]]>([
    ["in the open", [""]],
    ["through a tunnel", ["--proxytunnel"]],
    ["on several connections at once", ["", "", "--proxytunnel", "--proxytunnel"]],
  ])(
    "holds %s",
    async (_, connections) => {
      expect(await download((4 * megabyte) / connections.length, ...connections)).toBeGreaterThan(2);
    },
    minute,
  );

  test(
    "that is changed replaces the proxy, and leaves the session and its authority as they are",
    async () => {
      const before = await idOf(`claude-agent-${id}`);
      const { reviewed } = await rig.up(described({ download: "2 MB/s" }));
      expect(reviewed.plan.steps.flatMap(({ operation, name }) => (operation === "same" ? [] : [`${operation} ${name}`]))).toEqual([
        `replace ${proxyName(id)}`,
      ]);
      expect(reviewed.plan.authority).toEqual({ added: [], removed: [] });
      expect(planText(reviewed.plan, reviewed.report)).toContain('      labels: …t","value":"1048576"}] → …t","value":"2097152"}]\n');
      expect(await idOf(`claude-agent-${id}`)).toBe(before);
      await reachable();
      expect(await download(8 * megabyte, "--proxytunnel")).toBeGreaterThan(2);
    },
    2 * minute,
  );
});
