import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { securityOpts } from "../../components/seccomp/docker.ts";
import { readRecord } from "../../stacks/cli/egress.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Holds addresses on both sides of the border between public and private ones, far from any that are in use. */
const web = { name: "egress-test-web", subnet: "198.16.0.0/14", public: "198.17.0.10", private: "198.18.0.10" };
/** Metadata services live in such a range. */
const local = { name: "egress-test-local", subnet: "169.254.200.0/28" };

const server = `
const http = require("node:http");
const names = require("node:dgram").createSocket("udp4");
names.on("message", (message, from) => names.send("echo", from.port, from.address)).bind(53);
for (const port of [80, 443, 8443]) http.createServer((request, response) => response.end("reached " + request.headers.host + " on " + port)).listen(port);
`;

describe.skipIf(docker === undefined)("a session with an allow list", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "egress");
  const id = "eg-listed";
  const proxy = `claude-agent-${id}-proxy`;
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" };
  const list = [
    "one.egress.test",
    "*.wide.egress.test",
    "port.egress.test:8443",
    "private.egress.test",
    "both.egress.test",
    "local.egress.test",
    { host: "admitted.egress.test", addresses: ["198.18.0.0/24"] },
  ];
  const sessions = (allow: readonly unknown[] = list) => [{ id, limits, network: { egress: { allow } } }];
  const made: { remove(options?: { force?: boolean }): Promise<unknown> }[] = [];

  /** Curl's status, and what the proxy said to CONNECT. */
  const ask = async (url: string, ...options: string[]) =>
    (await rig.shell(id, `curl -s -m 10 -o /tmp/answer -w '%{http_code} %{http_connect}' ${options.join(" ")} '${url}'`)).output;
  const record = () => readRecord(rig.runtime, id);
  /** The record, once it holds what is waited for: the engine hands a proxy's lines on when it comes to it. */
  const recordWith = (holds: (asked: Awaited<ReturnType<typeof record>>) => boolean, what: string) =>
    until(
      async () => {
        const asked = await record();
        return holds(asked) && asked;
      },
      30,
      `the record of ${what}`,
    );
  const idOf = async (container: string) => (await rig.docker.getContainer(container).inspect()).Id;

  /** A web server with names on one network. Its image is the sessions', which has Node. */
  const serve = async (image: string, network: string, aliases: string[], address?: string) => {
    const container = await rig.docker.createContainer({
      Image: image,
      Entrypoint: ["node", "-e", server],
      User: "0",
      Labels: { purpose: "egress-test" },
      HostConfig: { NetworkMode: network },
      NetworkingConfig: {
        EndpointsConfig: { [network]: { Aliases: aliases, ...(address !== undefined && { IPAMConfig: { IPv4Address: address } }) } },
      },
    });
    made.unshift(container);
    await container.start();
  };
  /** The proxy alone is given the way to the test's hosts. */
  const connect = async () => {
    for (const { name } of [web, local]) await rig.docker.getNetwork(name).connect({ Container: proxy });
  };

  beforeAll(async () => {
    const { health } = await rig.up(sessions());
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    for (const { name, subnet } of [web, local])
      made.unshift(
        await rig.docker.createNetwork({ Name: name, IPAM: { Config: [{ Subnet: subnet }] }, Labels: { purpose: "egress-test" } }),
      );
    const image = (await rig.docker.getContainer(`claude-agent-${id}`).inspect()).Image;
    await serve(
      image,
      web.name,
      ["one", "other", "a.wide", "wide", "port", "both"].map((name) => `${name}.egress.test`),
      web.public,
    );
    await serve(
      image,
      web.name,
      ["private", "admitted", "both"].map((name) => `${name}.egress.test`),
      web.private,
    );
    await serve(image, local.name, ["local.egress.test"]);
    await connect();
    await until(async () => (await ask("http://one.egress.test/")) === "200 000", 30, "an answer of the first host");
    await until(async () => (await ask("http://admitted.egress.test/")) === "200 000", 30, "an answer of the second host");
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    for (const object of made) await object.remove({ force: true }).catch((error: unknown) => console.error(error));
  }, 2 * minute);

  test.each<[string, string, string[], string]>([
    ["a listed host", "http://one.egress.test/", [], "200 000"],
    ["a listed host through a tunnel", "http://one.egress.test:443/", ["--proxytunnel"], "200 200"],
    ["a listed host in capitals and with the final dot", "http://ONE.egress.test./", [], "200 000"],
    ["a host below a listed suffix", "http://a.wide.egress.test/", [], "200 000"],
    ["a listed host on the port it is listed with", "http://port.egress.test:8443/", ["--proxytunnel"], "200 200"],
    ["a private host that the list admits", "http://admitted.egress.test/", ["--proxytunnel"], "200 200"],
    ["a host that is not listed", "http://other.egress.test/", [], "403 000"],
    ["a host that is not listed, through a tunnel", "http://other.egress.test:443/", ["--proxytunnel"], "000 403"],
    ["the listed suffix itself", "http://wide.egress.test/", [], "403 000"],
    ["a listed host on another port", "http://one.egress.test:8443/", [], "403 000"],
    ["a port that is listed alone on 80", "http://port.egress.test/", [], "403 000"],
    ["a listed host that resolves to a private address", "http://private.egress.test/", [], "403 000"],
    ["a listed host that resolves to a private address, through a tunnel", "http://private.egress.test:443/", ["--proxytunnel"], "000 403"],
    ["a listed host that resolves to a public and a private address", "http://both.egress.test/", [], "403 000"],
    ["a listed host that resolves to a link-local address", "http://local.egress.test/", [], "403 000"],
    ["a listed host's address", `http://${web.public}/`, [], "403 000"],
    ["a listed host's address, through a tunnel", `http://${web.public}:443/`, ["--proxytunnel"], "000 403"],
    ["a listed host's address, written as IPv6", `http://[::ffff:${web.public}]:443/`, ["--proxytunnel"], "000 403"],
    ["an admitted private address itself", `http://${web.private}/`, [], "403 000"],
    ["the metadata address", "http://169.254.169.254/latest/meta-data/", [], "403 000"],
    ["the metadata address, through a tunnel", "http://169.254.169.254:80/", ["--proxytunnel"], "000 403"],
    ["another host under a listed one's Host header", "http://other.egress.test/", ["-H", "'Host: one.egress.test'"], "403 000"],
    ["another protocol", "ftp://one.egress.test:80/", ["-x", "http://egress-proxy:3128"], "403 000"],
    ["the proxy's own pages", "http://egress-proxy:3128/squid-internal-mgr/info", [], "403 000"],
  ])("%s", async (_, url, options, expected) => {
    expect(await ask(url, ...options)).toBe(expected);
  });

  test.each([
    ["the authority that comes first", "CONNECT other.egress.test:443#one.egress.test:443 HTTP/1.1\\r\\n\\r\\n", "403"],
    ["the host behind a name that signs in", "GET http://one.egress.test@other.egress.test/ HTTP/1.1\\r\\n\\r\\n", "403"],
    ["lines that end without a return", "GET http://other.egress.test/ HTTP/1.1\\nHost: one.egress.test\\n\\n", "403"],
    [
      "a body that another length makes a request",
      "POST http://one.egress.test/ HTTP/1.1\\r\\nContent-Length: 5\\r\\nTransfer-Encoding: chunked\\r\\n\\r\\n0\\r\\n\\r\\nGET http://other.egress.test/ HTTP/1.0\\r\\n\\r\\n",
      // It may end the connection before it answers what follows.
      "200( 403)?",
    ],
  ])("the proxy judges %s", async (_, request, expected) => {
    const line = `exec 3<>/dev/tcp/egress-proxy/3128; printf '%b' '${request}' >&3; timeout 5 cat <&3 2>/dev/null | grep -aoP 'HTTP/1\\.\\d \\K\\d+' | paste -sd' '`;
    expect((await rig.shell(id, line)).output).toMatch(new RegExp(`^${expected}$`));
  });

  test("a host is asked for under its own name, whatever Host header the session sends", async () => {
    await ask("http://one.egress.test/", "-H", "'Host: other.egress.test'");
    expect((await rig.shell(id, "cat /tmp/answer")).output).toBe("reached one.egress.test on 80");
  });

  test("every decision is recorded", async () => {
    const asked = await recordWith((asked) => asked.some(({ port }) => port === 8443), "a tunnel that was closed");
    const verdict = (name: string, port: number) =>
      asked.filter(({ host, port: asked }) => host === name && asked === port).map(({ verdict }) => verdict);
    expect(verdict("a.wide.egress.test", 80)).toEqual(["allowed"]);
    expect(verdict("other.egress.test", 443)).toEqual(["unlisted"]);
    expect(verdict("private.egress.test", 443)).toEqual(["address"]);
    const tunnel = asked.find(({ host, port }) => host === "port.egress.test" && port === 8443);
    expect(tunnel).toMatchObject({ verdict: "allowed", requests: 1, received: expect.any(Number), sent: expect.any(Number) });
    expect(tunnel?.received).toBeGreaterThan("reached port.egress.test on 8443".length);
    // Health checks ask for no host.
    expect(asked.filter(({ host }) => !/^([a-z.]+\.egress\.test|egress-proxy|[\d.]+)$/.test(host))).toEqual([]);
    // Which is not to be taken for a refusal.
    expect([await ask("http://gone.wide.egress.test/"), await ask("http://gone.wide.egress.test:443/", "--proxytunnel")]).toEqual([
      "503 000",
      "000 503",
    ]);
    const gone = (asked: Awaited<ReturnType<typeof record>>) => asked.find(({ host }) => host === "gone.wide.egress.test");
    expect(gone(await recordWith((asked) => gone(asked) !== undefined, "a host without an address"))?.verdict).toBe("unresolved");
  });

  test(
    "nothing gets out beside the proxy",
    async () => {
      const { NetworkSettings } = await rig.docker.getContainer(proxy).inspect();
      const own = NetworkSettings.Networks[`claude-agent-${id}-edge`];
      const tcp = async (from: string, address: string, port = 80) =>
        (await rig.shell(from, `timeout 2 bash -c '</dev/tcp/${address}/${port}' 2>/dev/null`)).code === 0;
      const udp = async (from: string, address: string) =>
        (await rig.shell(from, `exec 3<>/dev/udp/${address}/53; echo x >&3; timeout 2 head -c 4 <&3`)).output;
      const resolves = async (from: string, name: string) => (await rig.shell(from, `getent hosts ${name}`)).code === 0;
      // Each attempt works for the proxy, or where it is meant to work, so it is the network that refuses it to the session.
      expect(await tcp(id, "egress-proxy", 3128)).toBe(true);
      expect(await tcp(`${id}-proxy`, web.public)).toBe(true);
      expect(await udp(`${id}-proxy`, web.public)).toBe("echo");
      expect(await resolves(`${id}-proxy`, "one.egress.test")).toBe(true);
      for (const address of [web.public, web.private, "169.254.169.254", own?.Gateway ?? "", own?.IPAddress ?? ""])
        expect(await tcp(id, address), address).toBe(false);
      expect(await udp(id, web.public)).toBe("");
      expect(await resolves(id, "one.egress.test")).toBe(false);
    },
    minute,
  );

  test(
    "git, npm, pip and Node use it",
    async () => {
      const lines = [
        "git ls-remote http://one.egress.test/x",
        "npm view x --registry http://one.egress.test/ --fetch-retries 0",
        "pip download --no-input --retries 0 --index-url http://one.egress.test/ --trusted-host one.egress.test x",
        "node -e 'fetch(\"http://one.egress.test/fetch\")'",
      ];
      const count = async () =>
        (await record()).filter(({ host }) => host === "one.egress.test").reduce((sum, { requests }) => sum + requests, 0);
      for (const line of lines) {
        const before = await count();
        await rig.shell(id, `cd /workspace && timeout 30 ${line}`);
        await until(async () => (await count()) > before, 30, `the record of ${line}`);
      }
    },
    minute,
  );

  test(
    "no number of connections ends the proxy, whose record would lack what was open",
    async () => {
      const started = async () => (await rig.docker.getContainer(proxy).inspect()).State.StartedAt;
      const before = await started();
      const connections = `
import socket
opened = []
for _ in range(3000):
    try:
        opened.append(socket.create_connection(("egress-proxy", 3128), 5))
        opened[-1].sendall(b"GET http://one.egress.test/ HTTP/1.1\\r\\nX: " + b"x" * 60000)
    except OSError:
        pass
print(len(opened))`;
      expect(Number((await rig.shell(id, `python3 -c '${connections}'`)).output)).toBeGreaterThan(2000);
      expect(await ask("http://one.egress.test/")).toBe("200 000");
      expect(await started()).toBe(before);
    },
    minute,
  );

  test(
    "the proxy is held to the baseline",
    async () => {
      const { HostConfig, Config, State } = await rig.docker.getContainer(proxy).inspect();
      expect(HostConfig).toMatchObject({
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: securityOpts("docker"),
        Memory: 128 * 1024 ** 2,
        PidsLimit: 16,
        RestartPolicy: { Name: "always" },
      });
      expect(Config.User).toBe("13:13");
      expect(State.Running).toBe(true);
      await until(
        async () => (await rig.docker.getContainer(proxy).inspect()).State.Health?.Status === "healthy",
        45,
        "the proxy's health",
      );
    },
    minute,
  );

  test("a second plan is empty and breaks no rule, and the outputs say what is allowed", async () => {
    const engine = rig.engine(sessions());
    const { plan, refusals } = await engine.plan(await engine.live());
    expect(refusals).toEqual([]);
    expect(changes(plan)).toBe(false);
    expect(plan.run.outputs.authority).toContain(
      "session eg-listed: egress to admitted.egress.test:80,443 (also at private addresses 198.18.0.0/24)",
    );
    expect(plan.run.outputs.sessions).toMatchObject({ [id]: { isolation: "egress-filtered" } });
  });

  test(
    "with the proxy stopped nothing works",
    async () => {
      const container = rig.docker.getContainer(proxy);
      await container.stop();
      try {
        for (const options of [[], ["--proxytunnel"], ["--noproxy", "'*'"]])
          expect(await ask("http://one.egress.test/", ...options)).toBe("000 000");
      } finally {
        await container.start();
      }
      await until(async () => (await ask("http://one.egress.test/")) === "200 000", 30, "the proxy's return");
    },
    minute,
  );

  test(
    "a changed list replaces the proxy and leaves the session as it is",
    async () => {
      const before = [await idOf(`claude-agent-${id}`), await idOf(proxy)];
      const { reviewed } = await rig.up(sessions(["other.egress.test"]));
      expect(
        reviewed.plan.steps
          .filter(({ operation }) => operation !== "same")
          .map(({ operation, name, restarts }) => ({ operation, name, restarts })),
      ).toEqual([{ operation: "replace", name: proxy, restarts: undefined }]);
      expect(reviewed.plan.authority).toEqual({
        added: ["session eg-listed: egress to other.egress.test:80,443"],
        removed: expect.arrayContaining(["session eg-listed: egress to one.egress.test:80,443"]),
      });
      expect(await idOf(`claude-agent-${id}`)).toBe(before[0]);
      expect(await idOf(proxy)).not.toBe(before[1]);
      await connect();
      await until(async () => (await ask("http://other.egress.test/")) === "200 000", 30, "an answer of the host that is listed now");
      expect(await ask("http://one.egress.test/")).toBe("403 000");
    },
    2 * minute,
  );

  test(
    "an audit lets every public host through, and no other, and records which were not listed",
    async () => {
      await rig.up([{ id, limits, network: { egress: { allow: ["other.egress.test"], mode: "audit" } } }]);
      await connect();
      await until(
        async () => (await ask("http://one.egress.test:8443/", "--proxytunnel")) === "200 200",
        30,
        "an answer of a host that is not listed",
      );
      expect(await ask("http://other.egress.test/")).toBe("200 000");
      expect(await ask("http://admitted.egress.test/")).toBe("403 000");
      expect(await ask("http://169.254.169.254/")).toBe("403 000");
      for (const address of ["[::]:3128", "[2001:db8::1]:443"])
        expect(await ask(`http://${address}/`, "--proxytunnel"), address).toBe("000 403");
      const asked = await recordWith((asked) => asked.some(({ host }) => host.startsWith("admitted.")), "the last host");
      expect(asked.filter(({ host }) => /^(one|other|admitted)\./.test(host)).map(({ host, verdict }) => `${host} ${verdict}`)).toEqual([
        "other.egress.test allowed",
        "one.egress.test audited",
        "admitted.egress.test address",
      ]);
    },
    2 * minute,
  );
});
