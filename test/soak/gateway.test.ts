import { execFileSync } from "node:child_process";
import { createServer } from "node:net";
import { request } from "node:https";
import { connect } from "node:tls";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { verifyGateway } from "../../stacks/verify/gateway.ts";
import { certificateIn } from "../support/certificate.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";
import { ownAddress } from "../support/own-address.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";

/** The entrance of a server, as whoever comes from elsewhere finds it. */

const engine = await liveEngine();
const address = engine === undefined ? "" : ownAddress();

/** Whether something of this machine has the port already. */
const isFree = (port: number) =>
  new Promise<boolean>((resolve) => {
    const server = createServer()
      .once("error", () => resolve(false))
      .listen(port, address, () => server.close(() => resolve(true)));
  });
const free = engine !== undefined && (await isFree(80)) && (await isFree(443));
if (engine !== undefined && !free) missing(`something listens on port 80 or 443 of ${address}, where the gateway is to be tried`);

const name = "agents.gateway.test";
const token = "a-Token.that+nobody_guesses~0123456789=";
const password = "the pass phrase of Alice";
const minute = 60_000;

interface Asked {
  readonly path?: string;
  readonly host?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly method?: string;
}

/** What the gateway answers over TLS. */
function ask({ path = "/", host = name, headers = {}, method = "GET" }: Asked = {}): Promise<{
  status: number;
  headers: Readonly<Record<string, string | string[] | undefined>>;
  body: string;
}> {
  return new Promise((resolve, reject) => {
    const options = { host: address, port: 443, path, method, servername: name, rejectUnauthorized: false };
    request({ ...options, headers: { host, ...headers } }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.once("end", () =>
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString("utf8") }),
      );
    })
      .once("error", reject)
      .end();
  });
}

const bearer = { authorization: `Bearer ${token}` };
const basic = (user: string, secret: string) => ({ authorization: `Basic ${Buffer.from(`${user}:${secret}`).toString("base64")}` });

describe.skipIf(!free)("the gateway", () => {
  const rig = new Rig(engine as NonNullable<typeof engine>, "entrance");
  const container = "agent-sessions-entrance-gateway";
  const folder = temporaryFolder("gateway");
  let gateway: object;
  let more: object;
  const described = (changed: object = {}) => ({
    strategy: "single-node",
    "single-node": { ...more, gateway: { ...gateway, ...changed } },
  });
  const fingerprint = () =>
    new Promise<string>((resolve, reject) => {
      const socket = connect({ host: address, port: 443, servername: name, rejectUnauthorized: false }, () => {
        resolve(socket.getPeerCertificate().fingerprint256);
        socket.destroy();
      }).once("error", reject);
    });
  const healthy = () =>
    until(
      () =>
        ask({ headers: bearer }).then(
          ({ status }) => status === 200,
          () => false,
        ),
      30,
      "an answer by way of the gateway",
    );

  beforeAll(async () => {
    process.env.GATEWAY_TOKEN = token;
    process.env.GATEWAY_PASSWORD = password;
    const [supervisor] = await freePorts(1);
    more = { supervisor: { port: supervisor }, monitoring: { grafana: false } };
    gateway = {
      address,
      names: [name, "other.gateway.test"],
      tokens: [{ env: "GATEWAY_TOKEN" }],
      users: { alice: { env: "GATEWAY_PASSWORD" } },
      rateLimit: { requests: 5, burst: 40 },
    };
    await rig.up([], described());
    await healthy();
  }, 5 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  test("is hardened as a session is, with no capability for its ports, and nothing else is open but on the loopback address", async () => {
    const { HostConfig, Config } = await rig.docker.getContainer(container).inspect();
    expect([HostConfig.ReadonlyRootfs, HostConfig.CapDrop, HostConfig.CapAdd ?? [], HostConfig.Privileged, Config.User]).toEqual([
      true,
      ["ALL"],
      [],
      false,
      "14001:14001",
    ]);
    expect([HostConfig.PidsLimit, HostConfig.Memory, HostConfig.SecurityOpt?.[0]]).toEqual([
      128,
      256 * 1024 ** 2,
      "no-new-privileges:true",
    ]);
    const all = await rig.docker.listContainers({ filters: { label: ["stack=agent-sessions/entrance"] } });
    const open = all.flatMap(({ Ports }) =>
      Ports.flatMap(({ IP, PublicPort }) => (PublicPort === undefined || IP === "127.0.0.1" ? [] : [`${IP}:${PublicPort}`])),
    );
    expect(open.sort()).toEqual([`${address}:443`, `${address}:80`]);
  });

  test("lets nobody in without a token or a password, and says nothing but that it is well", async () => {
    const { status, body, headers } = await ask({ path: "/health" });
    expect([status, headers["content-type"]]).toEqual([200, "application/json"]);
    expect(JSON.parse(body)).toEqual({ status: "healthy", timestamp: expect.stringMatching(/^\d{4}-/) });
    const paths = [
      "/",
      "/prometheus",
      "/prometheus/",
      "/prometheus/api/v1/query?query=up",
      "/alertmanager/",
      "/grafana/",
      "/nothing",
      "/health/",
      "//",
      "/health/../prometheus/",
    ];
    const wrong = [
      {},
      { authorization: `Bearer ${token.toLowerCase()}` },
      { authorization: `Bearer ${token.replace(".", "x")}` },
      { authorization: `Bearer ${token}x` },
      basic("alice", "wrong"),
      basic("mallory", password),
      basic("alice", ""),
    ];
    const answers = await Promise.all([...paths.map((path) => ask({ path })), ...wrong.map((headers) => ask({ headers }))]);
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([401]));
    expect(answers.map(({ body }) => body).join("")).not.toMatch(/prometheus|session/i);
  });

  test("leads whoever has one of them to the services, and hands neither on", async () => {
    for (const headers of [bearer, basic("alice", password)])
      expect(await ask({ headers })).toMatchObject({ status: 200, body: expect.stringContaining("<html") });
    const query = await until(
      async () => {
        const { status, body } = await ask({
          path: "/prometheus/api/v1/query?query=agent_sessions_gateway_requests_total%7Bservice=%22supervisor%22,code=%222xx%22%7D%3E0",
          headers: bearer,
        });
        return status === 200 && (JSON.parse(body) as { data: { result: unknown[] } }).data.result.length > 0;
      },
      60,
      "a figure",
    );
    expect(query).toBe(true);
    expect(await ask({ path: "/alertmanager/api/v2/status", headers: bearer })).toMatchObject({ status: 200 });
    expect(await ask({ path: "/prometheus", headers: bearer })).toMatchObject({ status: 301, headers: { location: "/prometheus/" } });
    expect(await ask({ path: "/prometheus/", headers: bearer })).toMatchObject({
      headers: { location: expect.stringMatching(/^\/prometheus\//) },
    });
    expect((await ask({ path: "/grafana/", headers: bearer })).status).toBe(404);
    expect((await ask({ path: "/metrics", headers: bearer })).status).toBe(404);
  });

  test("redirects to TLS, to its own names alone, and shows a certificate of them", async () => {
    const redirected = async (host: string) => {
      const response = await fetch(`http://${address}/prometheus/?a=b`, { redirect: "manual", headers: { host } });
      return [response.status, response.headers.get("location")];
    };
    expect(await redirected(address)).toEqual([301, `https://${name}/prometheus/?a=b`]);
    const host = "other.gateway.test";
    const line = execFileSync(
      "curl",
      ["-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", "--resolve", `${host}:80:${address}`, `http://${host}/x`],
      { encoding: "utf8" },
    );
    expect(line).toBe(`301 https://${host}/x`);
    expect((await ask({ host: "stranger.test" })).status).toBe(421);
    const pem = execFileSync("docker", ["exec", container, "cat", "/var/lib/gateway/certificate.pem"], { encoding: "utf8" });
    const subject = await new Promise<string>((resolve, reject) => {
      const socket = connect({ host: address, port: 443, servername: host, ca: pem }, () => {
        resolve(`${socket.authorized} ${socket.getPeerCertificate().subjectaltname}`);
        socket.destroy();
      }).once("error", reject);
    });
    expect(subject).toBe(`true DNS:${name}, DNS:${host}`);
    for (const version of ["TLSv1", "TLSv1.1"] as const)
      await expect(
        new Promise((resolve, reject) => {
          const socket = connect(
            {
              host: address,
              port: 443,
              servername: name,
              rejectUnauthorized: false,
              minVersion: version,
              maxVersion: version,
              ciphers: "DEFAULT@SECLEVEL=0",
            },
            () => resolve(socket.destroy()),
          ).once("error", reject);
        }),
      ).rejects.toThrow();
  });

  test("keeps pages of others out, whatever a browser sends along", async () => {
    const { headers } = await ask({ headers: bearer });
    expect(headers).toMatchObject({
      "strict-transport-security": "max-age=31536000",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": expect.any(String),
      server: "nginx",
    });
    const asked = (origin: string, method: string) => ask({ path: "/alertmanager/api/v2/status", method, headers: { ...bearer, origin } });
    expect((await asked("https://page.test", "GET")).status).toBe(403);
    expect((await asked("https://page.test", "OPTIONS")).status).toBe(403);
    const own = await asked(`https://${name}`, "GET");
    expect([own.status, own.headers["access-control-allow-origin"]]).toEqual([200, undefined]);
  });

  test("answers nobody more often than they may ask", async () => {
    const answers = await Promise.all(Array.from({ length: 120 }, () => ask({ path: "/nothing", headers: bearer })));
    const limited = answers.filter(({ status }) => status === 429).length;
    expect(limited).toBeGreaterThan(20);
    expect(answers.filter(({ status }) => status === 404).length).toBeGreaterThanOrEqual(1);
    expect((await ask({ path: "/health" })).status).toBe(200);
  });

  test("prints no token, no password and nothing that stands behind a question mark", async () => {
    await ask({ path: "/prometheus/graph?key=in-the-query", headers: basic("alice", password) });
    const printed = (await rig.docker.getContainer(container).logs({ stdout: true, stderr: true })).toString("utf8");
    expect(printed).toContain('"service":"prometheus"');
    for (const secret of [token, password, "alice", "mallory", "in-the-query", "query="])
      expect([secret, printed.includes(secret)]).toEqual([secret, false]);
  });

  test("keeps what verify tries, and each promise that is broken is named", async () => {
    const { settings } = rig.engine([], described());
    const found = async () => {
      const { results = [] } = (await verifyGateway(rig.runtime, settings)) ?? {};
      return Object.fromEntries(results.map(({ id, verdict, found }) => [id, `${verdict}: ${found}`]));
    };
    const held = expect.stringMatching(/^held: /);
    const root = process.getuid?.() === 0;
    const alone = root ? held : expect.stringMatching(/^not tried: /);
    expect(await found()).toEqual({
      "gateway-alone": alone,
      "gateway-closed": held,
      "gateway-certificate": held,
      "gateway-redirect": held,
    });

    // Something else of the stack that is open to others, and a gateway that asks nobody.
    const { Config } = await rig.docker.getContainer(container).inspect();
    const [port] = await freePorts(1, address);
    const page = await rig.docker.createContainer({
      name: "agent-sessions-entrance-page",
      Image: Config.Image,
      Labels: { ...Config.Labels, kind: "page" },
      Entrypoint: ["perl", "-MIO::Socket::INET", "-e", "my $s = IO::Socket::INET->new(LocalPort => 9999, Listen => 9) or die; sleep 300"],
      HostConfig: { PortBindings: { "9999/tcp": [{ HostIp: address, HostPort: String(port) }] } },
      ExposedPorts: { "9999/tcp": {} },
    });
    await page.start();
    const reload = "nginx -e stderr -c /etc/agent-sessions/nginx.conf -s reload";
    execFileSync("docker", ["exec", container, "bash", "-c", `echo '"" off;' >> /tmp/gateway/tokens.conf; ${reload}`]);
    await until(async () => (await ask()).status === 200, 10, "a gateway that asks nobody");
    const broken = await found();
    await page.remove({ force: true });
    await rig.docker.getContainer(container).restart({ t: 3 });
    await healthy();
    expect(broken["gateway-closed"]).toMatch(/^not held: \/ is answered 200; /);
    if (root) expect(broken["gateway-alone"]).toMatch(new RegExp(`^not held: .*${address}:${port} answers`));
  });

  test(
    "keeps its certificate when it is made anew, until it is given one",
    async () => {
      const again = rig.engine([], described());
      const { plan } = await again.plan(await again.live());
      expect(plan.steps.filter(({ operation }) => operation !== "same")).toEqual([]);
      const own = await fingerprint();
      await rig.up([], described({ rateLimit: { requests: 100, burst: 100 } }));
      await healthy();
      expect(await fingerprint()).toBe(own);
      const { cert, key } = certificateIn(folder, "given", `DNS:${name},DNS:other.gateway.test`).paths;
      await rig.up([], described({ certificate: { cert: { file: cert }, key: { file: key } } }));
      await healthy();
      expect(await fingerprint()).not.toBe(own);
    },
    3 * minute,
  );
});
