import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test, vi } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Private addresses, far from any that are in use. */
const web = { name: "egress-sets-test", subnet: "100.126.77.0/24" };
const mirror = "npm.egress-sets.test";
const other = "other.egress-sets.test";

/** A registry of one package, at two names and two ports. */
const server = `
const archive = Buffer.from(process.env.ARCHIVE, "base64");
const described = (host) => ({ name: "greeting", "dist-tags": { latest: "1.0.0" }, versions: { "1.0.0": {
  name: "greeting", version: "1.0.0", dist: { tarball: "http://" + host + "/greeting/-/greeting-1.0.0.tgz" } } } });
for (const port of [80, 4873]) require("node:http").createServer((request, response) =>
  response.end(request.url.endsWith(".tgz") ? archive : JSON.stringify(described(request.headers.host)))).listen(port);
`;

describe.skipIf(docker === undefined)("a session with the set of a package manager whose configuration names a mirror", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "egress-sets");
  const folder = temporaryFolder("npm");
  const id = "es-npm";
  const proxy = `claude-agent-${id}-proxy`;
  const sessions = [
    {
      id,
      limits: { memory: "512 MB", cpu: 1, processes: 64, tmp: "64 MB" },
      environment: { npm_config_registry: `http://${mirror}:4873/` },
      network: { egress: { allow: [{ set: "npm", addresses: [web.subnet] }] } },
    },
  ];
  const made: { remove(options?: { force?: boolean }): Promise<unknown> }[] = [];

  const configure = (host: string) => writeFileSync(join(folder, "npmrc"), `registry=http://me:hunter2@${host}:4873/\n`);
  const connect = () => rig.docker.getNetwork(web.name).connect({ Container: proxy });
  const idOf = async (container: string) => (await rig.docker.getContainer(container).inspect()).Id;
  const ask = async (url: string, ...options: string[]) =>
    (await rig.shell(id, `curl -s -m 10 -o /tmp/answer -w '%{http_code} %{http_connect}' ${options.join(" ")} '${url}'`)).output;

  beforeAll(async () => {
    mkdirSync(join(folder, "package"));
    writeFileSync(join(folder, "package/package.json"), '{ "name": "greeting", "version": "1.0.0" }');
    writeFileSync(join(folder, "package/index.js"), 'console.log("hello from the mirror");');
    execFileSync("tar", ["-czf", "greeting.tgz", "package"], { cwd: folder });
    const archive = readFileSync(join(folder, "greeting.tgz")).toString("base64");

    // Whoever runs the tests may have a mirror.
    for (const name of Object.keys(process.env)) if (/^npm_config_/i.test(name)) vi.stubEnv(name, undefined);
    vi.stubEnv("npm_config_prefix", folder);
    vi.stubEnv("npm_config_userconfig", join(folder, "npmrc"));
    configure(mirror);
    await rig.up(sessions);
    made.unshift(
      await rig.docker.createNetwork({ Name: web.name, IPAM: { Config: [{ Subnet: web.subnet }] }, Labels: { purpose: web.name } }),
    );
    const container = await rig.docker.createContainer({
      Image: (await rig.docker.getContainer(`claude-agent-${id}`).inspect()).Image,
      Entrypoint: ["node", "-e", server],
      User: "0",
      Env: [`ARCHIVE=${archive}`],
      Labels: { purpose: web.name },
      HostConfig: { NetworkMode: web.name },
      NetworkingConfig: { EndpointsConfig: { [web.name]: { Aliases: [mirror, other] } } },
    });
    made.unshift(container);
    await container.start();
    await connect();
    await until(async () => (await ask(`http://${mirror}:4873/greeting`)) === "200 000", 30, "an answer of the mirror");
  }, 10 * minute);
  afterAll(async () => {
    vi.unstubAllEnvs();
    await rig.dispose();
    for (const object of made) await object.remove({ force: true }).catch((error: unknown) => console.error(error));
  }, 2 * minute);

  test(
    "installs from the mirror",
    async () => {
      const { code, output } = await rig.shell(
        id,
        "mkdir -p /workspace/x && cd /workspace/x && npm install --no-audit --no-fund greeting && node node_modules/greeting",
      );
      expect([code, output]).toEqual([0, expect.stringContaining("hello from the mirror")]);
    },
    minute,
  );

  test.each<[string, string, string[], string]>([
    ["another host, at the same address", `http://${other}:4873/greeting`, [], "403 000"],
    ["the mirror on another port", `http://${mirror}/greeting`, [], "403 000"],
    ["npm's own registry", "https://registry.npmjs.org/greeting", [], "000 403"],
  ])("and from nowhere else: %s", async (_, url, options, expected) => {
    expect(await ask(url, ...options)).toBe(expected);
  });

  test(
    "a changed configuration replaces the proxy and leaves the session as it is, and no password is anywhere",
    async () => {
      const before = [await idOf(`claude-agent-${id}`), await idOf(proxy)];
      configure(other);
      const { reviewed } = await rig.up(sessions);
      const line = (host: string) => `session ${id}: egress to ${host}:4873 (npm; also at private addresses ${web.subnet})`;
      expect(reviewed.plan.authority).toEqual({ added: [line(other)], removed: [line(mirror)] });
      expect(await idOf(`claude-agent-${id}`)).toBe(before[0]);
      expect(await idOf(proxy)).not.toBe(before[1]);
      await connect();
      await until(async () => (await ask(`http://${other}:4873/greeting`)) === "200 000", 30, "an answer of the host that is named now");
      expect(await ask(`http://${mirror}:4873/greeting`)).toBe("403 000");
      for (const name of [proxy, `claude-agent-${id}`])
        expect(JSON.stringify(await rig.docker.getContainer(name).inspect())).not.toContain("hunter2");
    },
    2 * minute,
  );
});
