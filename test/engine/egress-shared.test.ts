import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { egressProxyLimits } from "../../components/egress-proxy/part.ts";
import { passwordOf, type SharedList, toLogins, toSharedRules } from "../../components/egress-proxy/shared.ts";
import { securityOpts } from "../../components/seccomp/docker.ts";
import { SecretReference } from "../../components/session-part.ts";
import { summarize } from "../../stacks/cli/egress-record.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Answers with what it was told. */
const server = 'require("node:http").createServer((request, response) => response.end(JSON.stringify(request.headers))).listen(80)';

describe.skipIf(docker === undefined)("a proxy that sessions share", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "shared");
  const id = "shared-client";
  const network = `claude-agent-${id}`;
  const key = new SecretReference("env KEY", () => "0123456789abcdef0123456789abcdef");
  const inNetwork = { ports: [80], addresses: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"] };
  const lists: SharedList[] = [
    { sessionId: "one", allow: [{ host: "one.shared.test", ...inNetwork }] },
    { sessionId: "two", allow: [{ host: "two.shared.test", ...inNetwork }] },
  ];
  const made: { remove(options?: { force?: boolean; v?: boolean }): Promise<unknown> }[] = [];
  const password = (sessionId: string) => passwordOf(key, sessionId).reveal();
  const login = (sessionId: string, secret = password(sessionId)) => `http://${sessionId}:${secret}@shared-proxy:3128`;
  const ask = async (proxy: string, url: string, ...options: string[]) =>
    (await rig.shell(id, `curl -s -m 15 -o /dev/null -w '%{http_code} %{http_connect}' ${options.join(" ")} -x '${proxy}' '${url}'`))
      .output;
  const printed = async () => plainOutput(await rig.docker.getContainer("shared-test-proxy").logs({ stdout: true, stderr: true }));

  const start = async (name: string, aliases: string[], options: object) => {
    const container = await rig.docker.createContainer({
      name: `shared-test-${name}`,
      ...options,
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: aliases } } },
    });
    made.unshift(container);
    await container.start();
  };

  beforeAll(async () => {
    const { health } = await rig.up([
      { id, limits: { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" }, network: { egress: { allow: ["example.com"] } } },
    ]);
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
    const imageOf = async (name: string) => (await rig.docker.getContainer(name).inspect()).Image;
    await start("web", ["one.shared.test", "two.shared.test"], {
      Image: await imageOf(network),
      Entrypoint: ["node", "-e", server],
      User: "0",
      HostConfig: { NetworkMode: network },
    });
    await start("proxy", ["shared-proxy"], {
      Image: await imageOf(`${network}-proxy`),
      User: "13:13",
      Env: [`EGRESS_RULES=${toSharedRules(lists)}`, `EGRESS_LOGINS=${toLogins(lists, key)}`],
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: securityOpts("docker"),
        Memory: egressProxyLimits.memory,
        // Nothing is mounted at /run: it is a folder as the image declares it, as on a platform that mounts no memory.
        NetworkMode: network,
      },
    });
    await until(async () => (await ask(login("one"), "http://one.shared.test/")) === "200 000", 60, "an answer through the proxy");
  }, 10 * minute);
  afterAll(async () => {
    for (const object of made) await object.remove({ force: true, v: true }).catch((error: unknown) => console.error(error));
    await rig.dispose();
  }, 2 * minute);

  test.each<[string, string, string, string[], string]>([
    ["a session's own host", login("one"), "http://one.shared.test/", [], "200 000"],
    ["another session's own host", login("two"), "http://two.shared.test/", [], "200 000"],
    ["through a tunnel", login("two"), "http://two.shared.test:80/", ["--proxytunnel"], "200 200"],
    ["what is on another's list", login("one"), "http://two.shared.test/", [], "403 000"],
    ["what is on another's list, the other way round", login("two"), "http://one.shared.test/", [], "403 000"],
    ["what is on another's list, through a tunnel", login("one"), "http://two.shared.test:80/", ["--proxytunnel"], "000 403"],
    ["nobody in particular", "http://shared-proxy:3128", "http://one.shared.test/", [], "407 000"],
    ["a session with another's password", login("two", password("one")), "http://two.shared.test/", [], "407 000"],
    ["a session with no password", login("one", ""), "http://one.shared.test/", [], "407 000"],
    ["nobody that there is", login("three", password("one")), "http://one.shared.test/", [], "407 000"],
    ["a name in capitals", login("ONE", password("one")), "http://one.shared.test/", [], "407 000"],
    [
      "a name that a shell would run",
      `http://x%5D%24%28id%29:${"0".repeat(64)}@shared-proxy:3128`,
      "http://one.shared.test/",
      [],
      "407 000",
    ],
    ["a hash in a password's place", login("one", toLogins(lists, key).split(/\s/)[1]), "http://one.shared.test/", [], "407 000"],
  ])("%s", async (_, proxy, url, options, expected) => {
    expect(await ask(proxy, url, ...options)).toBe(expected);
  });

  test("a host is not told what the session signs in with", async () => {
    const { output } = await rig.shell(id, `curl -s -m 15 -x '${login("one")}' http://one.shared.test/`);
    expect(JSON.parse(output)).toMatchObject({ host: "one.shared.test" });
    expect(output).not.toMatch(/authorization/i);
  });

  test("a connection is one session's, and ends when another signs in on it", async () => {
    const request = (sessionId: string, end: string) => {
      const basic = Buffer.from(`${sessionId}:${password(sessionId)}`).toString("base64");
      return `GET http://two.shared.test/ HTTP/1.1\\r\\nHost: two.shared.test\\r\\nProxy-Authorization: Basic ${basic}\\r\\n${end}\\r\\n`;
    };
    const both = `${request("two", "")}${request("one", "Connection: close\\r\\n")}`;
    const { output } = await rig.shell(
      id,
      `exec 3<>/dev/tcp/shared-proxy/3128; printf '${both}' >&3; timeout 20 cat <&3 | tr -d '\\r' | grep -a -o '^HTTP/1.1 [0-9]*'`,
    );
    expect(output).toBe("HTTP/1.1 200");
  });

  test("the record says which session asked, and a wrong password is noted and never said", async () => {
    const record = await until(
      async () => {
        const text = await printed();
        return text.includes("a wrong password for session two") && text.includes('"session":"one"') && text;
      },
      60,
      "the record",
    );
    const refused = record.split("\n").filter((line) => line.includes('"verdict":"unlisted"'));
    expect(new Set(refused.map((line) => (JSON.parse(line) as { session: string }).session))).toEqual(new Set(["one", "two"]));
    expect(summarize(record).map(({ host, verdict }) => `${host} ${verdict}`)).toContain("one.shared.test allowed");
    expect(["one", "two"].filter((sessionId) => record.includes(password(sessionId)))).toEqual([]);
  });
});
