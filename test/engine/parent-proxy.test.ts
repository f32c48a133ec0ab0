import { execFileSync } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:https";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { buildVariables } from "../../components/parent-proxy/args.ts";
import { readRecord } from "../../stacks/cli/egress.ts";
import { buildImage } from "../../stacks/embedded/docker/image.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { parentProxy } from "../../stacks/verify/checks/parent.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { noSurroundings, verify } from "../../stacks/verify/run.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { waysOf } from "../../stacks/verify/ways.ts";
import { ParentProxyServer } from "../support/parent-proxy.ts";
import { git, makeRepository } from "../support/repository.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { secret } from "../support/secret.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("what goes out by way of a parent proxy", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "parent");
  const id = "parent-one";
  const password = "corp p@ss:w%rd#1";
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const session = {
    id,
    limits,
    network: { egress: { allow: ["seen", "direct", "inside", "nowhere"].map((name) => `${name}.parent.test`) } },
    credentials: { kind: "proxy", secret: { env: "PARENT_TEST_KEY" }, upstream: "https://upstream.parent.test/v1/messages" },
    repositories: [{ name: "code", url: "http://code.parent.test/repo" }],
  };
  /** A network with public addresses, and one with private ones, on which a server is. */
  const [web, inner] = ["parent-test-web", "parent-test-inner"];
  const made: { remove(options?: { force?: boolean; v?: boolean }): Promise<unknown> }[] = [];
  const certificate = join(rig.root, "certificate.pem");
  let upstream: Server;
  let parent: ParentProxyServer;
  let url = "";
  let directly: () => Promise<string>;

  const more = () => ({
    egress: { parent: { url, username: "svc", secret: { env: "PARENT_TEST_PASSWORD" }, noProxy: ["direct.parent.test"] } },
  });
  const engine = () => rig.engine([session], more());
  const up = () => rig.up([session], more());
  /** As what the password would be found. */
  const forms = () => [password, encodeURIComponent(password), Buffer.from(`svc:${password}`).toString("base64"), "corp%20p"];
  const inspect = (name: string) => rig.docker.getContainer(`claude-agent-${id}${name}`).inspect();
  const logs = async (name: string) => plainOutput(await rig.docker.getContainer(name).logs({ stdout: true, stderr: true }));
  const curl = async (target: string, ...options: string[]) =>
    (
      await rig.shell(
        id,
        `rm -f /tmp/answer; curl -s -m 30 -o /tmp/answer -w '%{http_code} %{http_connect} ' ${options.join(" ")} '${target}'; cat /tmp/answer 2>/dev/null`,
      )
    ).output;
  const askModel = async () => (await rig.shell(id, `curl -s -m 30 -w ' %{http_code}' "$ANTHROPIC_BASE_URL/v1/messages" -d '{}'`)).output;

  /** A server in a container, which says who it was that reached it. */
  const serve = async () => {
    made.push(await rig.docker.createNetwork({ Name: web, IPAM: { Config: [{ Subnet: "198.22.0.0/24" }] } }));
    made.push(await rig.docker.createNetwork({ Name: inner }));
    const server = await rig.docker.createContainer({
      Image: (await inspect("")).Image,
      User: "0",
      Entrypoint: [
        "node",
        "-e",
        'require("node:http").createServer(({ headers: { host } }, response) => { console.log(host); response.end("directly"); }).listen(80); require("node:net").createServer(() => {}).listen(443)',
      ],
      HostConfig: { NetworkMode: web },
      NetworkingConfig: { EndpointsConfig: { [web]: { Aliases: ["seen.parent.test", "direct.parent.test"] } } },
    });
    made.unshift(server);
    await rig.docker.getNetwork(inner).connect({ Container: server.id, EndpointConfig: { Aliases: ["inside.parent.test"] } });
    await server.start();
    directly = () => logs(server.id);
  };
  const connect = async () => {
    for (const network of [web, inner]) await rig.docker.getNetwork(network).connect({ Container: `claude-agent-${id}-proxy` });
  };

  beforeAll(async () => {
    process.env.PARENT_TEST_PASSWORD = password;
    process.env.PARENT_TEST_KEY = "key-of-the-model-0001";
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
        ...["-subj", "/CN=upstream.parent.test", "-addext", "subjectAltName=DNS:upstream.parent.test"],
        ...["-keyout", `${certificate}.key`, "-out", certificate],
      ],
      { stdio: "ignore" },
    );
    upstream = createServer({ cert: readFileSync(certificate), key: readFileSync(`${certificate}.key`) }, (_, response) => {
      response.end("the model");
    }).listen(0, "127.0.0.1");
    await once(upstream, "listening");
    const repository = join(rig.root, "upstream");
    makeRepository(repository, { file: "cloned" });
    git(repository, "update-server-info");
    parent = new ParentProxyServer(
      `svc:${password}`,
      (request, response) => {
        const { hostname, pathname } = new URL(request.url ?? "", "http://x");
        const file = join(repository, ".git", pathname.replace("/repo", ""));
        if (hostname !== "code.parent.test") response.end("by the parent");
        else if (existsSync(file)) response.end(readFileSync(file));
        else response.writeHead(404).end();
      },
      (upstream.address() as AddressInfo).port,
    );
    url = await parent.listen();
    const { health } = await up();
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    await serve();
    await connect();
    await until(async () => (await curl("http://direct.parent.test/")) === "200 000 directly", 30, "an answer of the server");
  }, 10 * minute);
  afterAll(async () => {
    delete process.env.PARENT_TEST_PASSWORD;
    delete process.env.PARENT_TEST_KEY;
    await rig.dispose();
    for (const object of made) await object.remove({ force: true, v: true });
    parent.close();
    upstream.close();
  }, 2 * minute);

  test("a repository is cloned by way of it", async () => {
    expect((await rig.shell(id, "cat /repos/code/file")).output).toBe("cloned");
    expect(parent.asked.filter(({ request }) => request.startsWith("GET http://code.parent.test/repo/"))).not.toEqual([]);
  });

  test.each([
    ["a listed host that is known here too", "http://seen.parent.test/", [], "200 000 by the parent", "GET http://seen.parent.test/"],
    ["a tunnel to it", "http://seen.parent.test:443/", ["--proxytunnel"], "000 200$", "CONNECT seen.parent.test:443"],
    ["a listed host that nobody knows here", "http://nowhere.parent.test/", [], "200 000 by the parent", "GET http://nowhere.parent.test/"],
  ])("an allow list lets out by way of it %s", async (_, target, options, answer, request) => {
    parent.asked.length = 0;
    expect(await curl(target, ...options)).toMatch(new RegExp(`^${answer}`));
    expect(parent.asked).toEqual([{ request, status: 200 }]);
    expect(await directly()).not.toContain("seen");
  });

  test.each([
    ["a host that is not listed", "other.parent.test"],
    ["a listed host that leads to a private address here", "inside.parent.test"],
    ["an address", "198.22.0.1"],
    ["a metadata service", "169.254.169.254"],
  ])("it is not asked for %s", async (_, host) => {
    parent.asked.length = 0;
    expect(await curl(`http://${host}/`)).toMatch(/^403 /);
    expect(await curl(`http://${host}:443/`, "--proxytunnel")).toMatch(/^000 403/);
    expect(parent.asked).toEqual([]);
  });

  test("it is not asked for a host that is to be reached directly", async () => {
    parent.asked.length = 0;
    expect(await curl("http://direct.parent.test/")).toBe("200 000 directly");
    expect(parent.asked).toEqual([]);
  });

  test("a credential proxy's TLS goes through it unread, and is with nobody but the upstream", async () => {
    parent.asked.length = 0;
    // Nobody vouches for this certificate.
    expect(await askModel()).toMatch(/DEPTH_ZERO_SELF_SIGNED_CERT.* 502$/);
    expect(parent.asked).toEqual([{ request: "CONNECT upstream.parent.test:443", status: 200 }]);
    const trusting = `
      const { ParentAgent } = require("/usr/local/lib/agent-sessions/parent-proxy.js");
      const agent = new ParentAgent({ keepAlive: true, ca: process.env.CERTIFICATE });
      const get = (host, done) => require("node:https").get({ host, agent }, (answer) => answer.on("data", (data) => console.log(String(data))).once("end", done))
        .once("error", ({ code }) => { console.log(code); done(); });
      get("upstream.parent.test", () => setImmediate(get, "upstream.parent.test", () => get("other.parent.test", () => agent.destroy())));`;
    const exec = await rig.docker.getContainer(`claude-agent-${id}-credential-proxy`).exec({
      Cmd: ["node", "-e", trusting],
      Env: [`CERTIFICATE=${readFileSync(certificate, "utf8")}`],
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    for await (const chunk of stream) chunks.push(chunk as Buffer);
    expect(plainOutput(Buffer.concat(chunks)).split("\n")).toEqual(["the model", "the model", "ERR_TLS_CERT_ALTNAME_INVALID"]);
    // The second request used the first one's tunnel.
    expect(parent.asked.slice(1).map(({ request }) => request)).toEqual([
      "CONNECT upstream.parent.test:443",
      "CONNECT other.parent.test:443",
    ]);
  });

  test("a build finds it, and neither the image nor its history holds the password", async () => {
    const folder = join(rig.root, "context");
    mkdirSync(folder);
    const { Image } = await inspect("");
    const login = { username: "svc", password: secret("env X", password) };
    const args = buildVariables({ host: "proxy.corp.test", port: 3128, noProxy: ["a.test"], login });
    const said: string[] = [];
    const built = async (name: string, step: string) => {
      writeFileSync(join(folder, "Dockerfile"), `FROM ${Image}\nRUN ${step}\n`);
      const build = { context: folder, dockerfile: join(folder, "Dockerfile"), args };
      await buildImage(rig.docker, { imageName: name, build }, (line) => said.push(line));
    };
    const name = "parent-test-image:1";
    await built(name, "printenv http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY | tee /dev/stderr | wc -l > /tmp/count");
    const failure = await built("parent-test-image:2", 'echo "$http_proxy"; exit 3').catch((error: Error) => error.message);
    expect(failure).toMatch(/could not be built/);
    const image = rig.docker.getImage(name);
    made.unshift(image);
    expect(said.join("\n").match(/http:\/\/…@proxy\.corp\.test:3128/g)).toHaveLength(5);
    const told = JSON.stringify([failure, said, await image.inspect(), await image.history()]);
    expect(forms().filter((form) => told.includes(form))).toEqual([]);
    expect(JSON.stringify([await image.inspect(), await image.history()])).not.toContain("proxy.corp.test");
    const container = await rig.docker.createContainer({ Image: name, Entrypoint: ["cat", "/tmp/count"] });
    made.unshift(container);
    await container.start();
    await container.wait();
    expect(await logs(container.id)).toBe("6");
  });

  test("its password is in no description, label, log or session", async () => {
    const containers = (await rig.docker.listContainers({ all: true })).filter(({ Names }) =>
      Names.some((name) => /parent-one|repository-code/.test(name)),
    );
    expect(containers.map(({ Names }) => Names[0]).sort()).toEqual(expect.arrayContaining([`/claude-agent-${id}-credential-proxy-parent`]));
    const told = await Promise.all(
      containers.map(async ({ Id }) => JSON.stringify(await rig.docker.getContainer(Id).inspect()) + (await logs(Id).catch(() => ""))),
    );
    const { output } = await rig.shell(id, "env; cat /proc/*/environ /proc/mounts; ls / /run /secret /parent 2>&1 || :");
    const record = await readRecord(rig.runtime, id);
    const all = [
      ...told,
      output,
      JSON.stringify(record),
      JSON.stringify(await rig.docker.listVolumes()),
      JSON.stringify((await rig.engine([session]).live()).own),
    ];
    expect(all.flatMap((text) => forms().filter((form) => text.includes(form)))).toEqual([]);
    expect(output).toMatch(/cannot access '\/parent'/);
  });

  test("what is deployed says so, and a second up changes nothing", async () => {
    const { reviewed } = await up();
    expect(changes(reviewed.plan)).toBe(false);
    const line = `parent proxy ${new URL(url).host} for what proxies, clones and image builds let out; secret env PARENT_TEST_PASSWORD; not for direct.parent.test`;
    expect(reviewed.plan.run.outputs.authority).toContain(line);
  });

  test("verify holds it, and names a proxy that goes another way", async () => {
    const { settings } = engine();
    const verified = async () => {
      const surroundings = { ...noSurroundings, ways: await waysOf(rig.runtime, settings) };
      const [session] = await verify([targetOf(rig.runtime, promisedTo(settings.sessions[0]!))], { checks: parentProxy, surroundings });
      return session?.results.map(({ promise, verdict, found }) => [promise, verdict, found]);
    };
    const promise = `its proxies go out by way of ${new URL(url).host} and by no other`;
    expect(await verified()).toEqual([[promise, "held", "seen.parent.test:443: 200"]]);
    const loosened = "sed -i 's/^never_direct .*/always_direct allow all/' /run/rules.conf && kill -HUP -1";
    const loosen = async (line: string) => {
      const exec = await rig.docker.getContainer(`claude-agent-${id}-proxy`).exec({ Cmd: ["bash", "-c", line] });
      await exec.start({ Detach: true });
    };
    await loosen(loosened);
    const found = "the egress-proxy is connected to 198.22.0.";
    await until(async () => (await verified())?.[0]?.[2]?.startsWith(found), 30, "the finding");
    expect((await verified())?.[0]?.[1]).toBe("not held");
  });

  test("a proxy that nobody can tell the parent's address yet waits for it", async () => {
    const { Config, HostConfig } = await inspect("-proxy");
    const late = await rig.docker.createContainer({
      Image: Config.Image,
      User: Config.User,
      Entrypoint: Config.Entrypoint as string[],
      Env: Config.Env.map((entry) => (entry.startsWith("PARENT_PROXY=") ? "PARENT_PROXY=http://late.parent.test:3128" : entry)),
      HostConfig: { ...HostConfig, Mounts: [], NetworkMode: inner, RestartPolicy: { Name: "no" } },
    });
    made.unshift(late);
    await late.start();
    await until(
      async () => (await logs(late.id)).includes("nobody knows the address of the parent proxy late.parent.test yet"),
      30,
      "a word",
    );
    const named = await rig.docker.createContainer({
      Image: (await inspect("")).Image,
      Entrypoint: ["sleep", "infinity"],
      HostConfig: { NetworkMode: inner, Init: true },
      NetworkingConfig: { EndpointsConfig: { [inner]: { Aliases: ["late.parent.test"] } } },
    });
    made.unshift(named);
    await named.start();
    await until(async () => (await logs(late.id)).includes("Configuring Parent late.parent.test/3128"), 30, "its start");
    expect(await logs(late.id)).not.toContain("DNS lookup for 'parent' failed");
  });

  test("another password replaces what reads it once, and one that it does not take is named as such", async () => {
    const ids = async () => Promise.all(["", "-credential-proxy", "-proxy"].map(async (name) => (await inspect(name)).Id));
    const before = await ids();
    process.env.PARENT_TEST_PASSWORD = "wrong";
    const { health } = await up();
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    const after = await ids();
    expect(before.map((one, index) => one === after[index])).toEqual([true, true, false]);
    await connect();
    expect(await askModel()).toMatch(/the parent proxy takes no such user and password: 407.* 502$/);
    expect(await curl("http://seen.parent.test/")).toBe("407 000 no such user");
    expect(await curl("http://seen.parent.test:443/", "--proxytunnel")).toBe("000 407");
    expect(await directly()).not.toContain("seen");
  });
});
