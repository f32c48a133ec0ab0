import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { plainOutput } from "../../components/container-engine/output.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { waitHealthy } from "../../stacks/runtime/health.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { stateText } from "../../stacks/runtime/session-state.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { secret } from "../support/secret.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("the credential proxy", () => {
  const checkout = new Checkout();
  const rig = new Rig(docker as NonNullable<typeof docker>, "credential-proxy", checkout.root);
  let key = `key-${randomBytes(12).toString("hex")}`;
  const first = key;
  const seen: { url: string | undefined; headers: IncomingMessage["headers"] }[] = [];
  let reply = (response: ServerResponse) => void response.end("fine");
  let server: Server;
  let address = "";

  /** Sessions as the strategy makes them, without any network; the settings take https alone, and this server has no certificate. */
  const deploy = () =>
    rig.deploy((place, opts) => {
      const proxied = { kind: "proxy", secret: secret("env KEY", key) } as const;
      for (const [sessionId, given] of [
        ["proxy-one", { ...proxied, provider: "anthropic", upstream: `${address}/gateway/v1/messages` }],
        ["proxy-bedrock", { ...proxied, provider: "bedrock", region: "eu-central-1", upstream: `${address}/bedrock/model` }],
        ["proxy-none", undefined],
      ] as const) {
        const at = { sessionId, ...place };
        const volumes = new SessionVolumes(sessionId, at, opts).part;
        const network = new IsolatedNetwork(sessionId, { ...at, egress: "none" }, opts).part;
        const parts = [volumes, network, ...(given === undefined ? [] : [new Credentials(sessionId, { ...at, ...given }, opts).part])];
        new SessionContainer(sessionId, { ...at, parts }, { ...opts, dependsOn: parts.flatMap(({ resources }) => resources) });
      }
    });
  const ask = (path: string, options = "") =>
    rig.shell("proxy-one", `curl -s -m 20 --path-as-is -o /dev/null -w '%{http_code}' ${options} "$ANTHROPIC_BASE_URL${path}"`);
  const inspect = (name: string) => rig.docker.getContainer(`claude-agent-${name}`).inspect();
  const record = async () =>
    plainOutput(await rig.docker.getContainer("claude-agent-proxy-one-credential-proxy").logs({ stdout: true, stderr: true }));

  const state = async () => stateText(await askHealth(rig.docker, "proxy-one", "claude-agent-proxy-one"));

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      seen.push({ url: request.url, headers: request.headers });
      reply(response);
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    address = `http://${ownAddress()}:${(server.address() as { port: number }).port}`;
    expect((await deploy()).failures).toEqual([]);
    const health = await waitHealthy(
      ["proxy-one", "proxy-bedrock", "proxy-none"].map((id) => rig.runtime.session(id)),
      180,
      () => {},
    );
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
    await until(async () => (await ask("/v1/messages")).output === "200", 60, "the proxy's answer");
  }, 10 * minute);
  afterAll(async () => {
    server.close();
    await rig.dispose();
    checkout.dispose();
  }, 2 * minute);

  test("adds the key to what a session without any network asks, in the place of whatever it sends", async () => {
    expect((await inspect("proxy-one")).HostConfig.NetworkMode).toBe("none");
    seen.length = 0;
    expect(
      (
        await ask(
          "/v1/messages?beta=true",
          `-H 'x-api-key: forged' -H "authorization: Bearer $ANTHROPIC_AUTH_TOKEN" -H 'anthropic-version: 1' -d '{}'`,
        )
      ).output,
    ).toBe("200");
    expect(seen).toMatchObject([
      {
        url: "/gateway/v1/messages?beta=true",
        headers: { "x-api-key": first, "anthropic-version": "1", "content-length": "2", host: new URL(address).host },
      },
    ]);
    expect(seen[0]?.headers).not.toHaveProperty("authorization");
  });

  test(
    "lets an answer through token by token",
    async () => {
      let answer: ServerResponse | undefined;
      reply = (response) => {
        answer = response;
        response.writeHead(200, { "content-type": "text/event-stream" }).write("data: token-1\n\n");
      };
      const done = rig.shell("proxy-one", `curl -s -N -m 60 "$ANTHROPIC_BASE_URL/v1/messages" -d '{}' >/tmp/answer; cat /tmp/answer`);
      // Each token is sent only when the one before it has been seen in the session.
      for (const number of [1, 2, 3]) {
        await until(
          async () => (await rig.shell("proxy-one", "cat /tmp/answer")).output.endsWith(`token-${number}`),
          60,
          `token ${number}`,
        );
        answer?.write(`data: token-${number + 1}\n\n`);
      }
      answer?.end();
      expect((await done).output.match(/token-\d/g)).toEqual(["token-1", "token-2", "token-3", "token-4"]);
      // Its record tells a slow upstream from one that has much to say.
      const line = await until(
        async () => (await record()).split("\n").findLast((text) => text.includes('"bytes":60')),
        60,
        "the record of the answer",
      );
      const { answered, milliseconds } = JSON.parse(line) as { answered: number; milliseconds: number };
      expect(milliseconds - answered).toBeGreaterThan(100);
      reply = (response) => void response.end("fine");
    },
    2 * minute,
  );

  test.each([
    "/v1/files",
    "/v1/messages-other",
    "/v1/messages/../files",
    "/v1/messages/%2e%2e/files",
    "/v1/messages%2f..%2ffiles",
    "/v1/messages/..%2ffiles",
    "/v1/messages/%2e%2e%2Ffiles",
    "/v1/messages/..%5cfiles",
    "/v1/messages/..;/files",
    "/v1/messages/..%252ffiles",
    "/../../v1/messages",
    "/v1",
  ])("takes the key to no other path: %s", async (path) => {
    seen.length = 0;
    expect((await ask(path)).output).toBe("403");
    expect(seen).toEqual([]);
  });

  test.each(["http://192.0.2.1/gateway/v1/messages", "//192.0.2.1/gateway/v1/messages"])(
    "takes the key to no other host: %s",
    async (target) => {
      seen.length = 0;
      expect(
        (await rig.shell("proxy-one", `curl -s -m 20 -o /dev/null -w '%{http_code}' --request-target '${target}' "$ANTHROPIC_BASE_URL/"`))
          .output,
      ).toBe("403");
      expect(seen).toEqual([]);
    },
  );

  test("asks nobody to send the request back, the key included", async () => {
    seen.length = 0;
    expect((await ask("/v1/messages", "-X TRACE")).output).toBe("403");
    expect(seen).toEqual([]);
  });

  test.each(["GET", "DELETE"])("has the body of a %s taken for no other request", async (method) => {
    seen.length = 0;
    const body = "GET /gateway/v1/files HTTP/1.1\\r\\nhost: x\\r\\n\\r\\n";
    expect((await ask("/v1/messages", `-X ${method} -H 'transfer-encoding: chunked' --data-binary $'${body}'`)).output).toBe("200");
    // What the body would be comes before what is asked next on the same connection.
    expect((await ask("/v1/messages")).output).toBe("200");
    expect(seen.map(({ url }) => url)).toEqual(["/gateway/v1/messages", "/gateway/v1/messages"]);
  });

  test("gives the key to bedrock as it takes it, a model's ARN in the path, and notes a refusal", async () => {
    const askBedrock = async (path: string) =>
      (
        await rig.shell(
          "proxy-bedrock",
          `curl -s -m 20 --path-as-is -o /dev/null -w '%{http_code}' -H 'x-api-key: forged' -d '{}' "$ANTHROPIC_BEDROCK_BASE_URL${path}"`,
        )
      ).output;
    await until(async () => (await askBedrock("/model/m/invoke")) === "200", 60, "the proxy's answer");
    const arn = "arn%3Aaws%3Abedrock%3Aeu-central-1%3A1%3Aapplication-inference-profile%2Fx";
    seen.length = 0;
    expect(await askBedrock(`/model/${arn}/invoke-with-response-stream`)).toBe("200");
    expect(seen).toMatchObject([
      { url: `/bedrock/model/${arn}/invoke-with-response-stream`, headers: { authorization: `Bearer ${first}` } },
    ]);
    expect(seen[0]?.headers).not.toHaveProperty("x-api-key");
    seen.length = 0;
    expect([await askBedrock("/model/..%2fguardrail/x/apply"), await askBedrock("/guardrail/x/apply")]).toEqual(["403", "403"]);
    expect(seen).toEqual([]);
    reply = (response) => void response.writeHead(403).end("{}");
    expect(await askBedrock("/model/m/invoke")).toBe("403");
    reply = (response) => void response.end("fine");
    const log = async () =>
      plainOutput(await rig.docker.getContainer("claude-agent-proxy-bedrock-credential-proxy").logs({ stdout: true, stderr: true }));
    await until(async () => (await log()).includes('"credential expired, revoked or not allowed this"'), 60, "the record of the refusal");
  });

  test("keeps the key out of the session, of what the engine tells, and of its own record", async () => {
    const seek = (text: string) =>
      rig.shell(
        "proxy-one",
        `grep -rlsF -e ${text} --exclude-dir=proc --exclude-dir=sys / | sort; cat /proc/[0-9]*/environ | tr '\\0' '\\n' | grep -cF -e ${text}`,
      );
    expect((await seek(first)).output).toBe("0");
    // The search finds what is there.
    await rig.shell("proxy-one", "echo is-to-be-found >/tmp/probe");
    expect((await seek("is-to-be-found")).output).toBe("/tmp/probe\n0");
    const told = [
      await record(),
      ...(await Promise.all(["proxy-one", "proxy-one-credential-proxy", "proxy-one-credential-proxy-secret"].map(inspect))),
    ]
      .map((part) => JSON.stringify(part))
      .join();
    expect(told).toContain("claude-agent-proxy-one-credential-proxy-secret");
    expect(told).not.toContain(first);
    expect(
      (await rig.shell("proxy-one", "rm -f /run/credential-proxy/socket; touch /run/credential-proxy/x")).output.match(
        /Read-only file system/g,
      ),
    ).toHaveLength(2);
    expect((await rig.shell("proxy-none", "ls -A /run/credential-proxy; env | grep -c ANTHROPIC")).output).toBe("0");
  });

  test(
    "says of a refused key that it is expired or revoked, and takes a changed one at once without any restart",
    async () => {
      reply = (response) => void response.writeHead(401).end("{}");
      expect((await ask("/v1/messages", "-d '{}'")).output).toBe("401");
      await until(async () => (await record()).includes('"credential expired or revoked"'), 60, "the record of the refusal");
      const refused = (await record())
        .split("\n")
        .map((line) => JSON.parse(line) as { note?: string })
        .find(({ note }) => note === "credential expired or revoked");
      expect(refused).toMatchObject({ session: "proxy-one", method: "POST", path: "/gateway/v1/messages", status: 401 });
      expect(await state()).toBe("key refused (401)");
      checkout.write("credential-proxy", [{ id: "proxy-one" }]);
      const sessions = (...args: string[]) => checkout.run([...args, "--stack", "credential-proxy"]);
      expect((await sessions("list")).stdout).toContain("key refused (401)");
      // What up waits with, and says and shows: it stays so, so nothing is waited for.
      const told: string[] = [];
      const found = await waitHealthy([rig.runtime.session("proxy-one")], 60, (health) => void told.push(stateText(health)));
      expect([found.map(stateText), told]).toEqual([["key refused (401)"], ["key refused (401)"]]);
      expect((await sessions("logs", "proxy-one", "--proxy")).stdout).toContain('"note":"credential expired or revoked"');
      expect((await sessions("logs", "proxy-none", "--proxy")).stderr).toContain('session "proxy-none" has no credential proxy');
      // Another error says nothing of the key, and an answer says that it is taken.
      reply = (response) => void response.writeHead(529).end("{}");
      expect([(await ask("/v1/messages", "-d '{}'")).output, await state()]).toEqual(["529", "key refused (401)"]);
      reply = (response) => void response.end("fine");
      expect([(await ask("/v1/messages", "-d '{}'")).output, await state()]).toEqual(["200", "healthy"]);
      reply = (response) => void response.writeHead(403).end("{}");
      expect([(await ask("/v1/messages", "-d '{}'")).output, await state()]).toEqual(["403", "key refused (403)"]);

      reply = (response) => void response.end("fine");
      const before = (await Promise.all(["proxy-one", "proxy-one-credential-proxy"].map(inspect))).map(({ State }) => State.StartedAt);
      key = `key-${randomBytes(12).toString("hex")}`;
      const { plan, failures } = await deploy();
      expect(failures).toEqual([]);
      // Of a key that nobody has tried, nothing is known.
      await until(async () => (await state()) === "healthy", 60, "the end of the refusal");
      expect(plan.steps.filter(({ operation }) => operation !== "same").map(({ operation, name }) => [operation, name])).toEqual([
        ["replace", "claude-agent-proxy-one-credential-proxy-secret"],
        ["replace", "claude-agent-proxy-bedrock-credential-proxy-secret"],
      ]);
      seen.length = 0;
      expect((await ask("/v1/messages")).output).toBe("200");
      expect(seen[0]?.headers["x-api-key"]).toBe(key);
      expect((await Promise.all(["proxy-one", "proxy-one-credential-proxy"].map(inspect))).map(({ State }) => State.StartedAt)).toEqual(
        before,
      );
      expect(changes((await deploy()).plan)).toBe(false);
    },
    2 * minute,
  );

  test(
    "comes back when it has been ended, and without it nothing gets out",
    async () => {
      const proxy = rig.docker.getContainer("claude-agent-proxy-one-credential-proxy");
      await proxy.stop({ t: 5 });
      seen.length = 0;
      expect((await ask("/v1/messages")).output).toBe("000");
      expect(seen).toEqual([]);
      await proxy.start();
      await until(async () => (await ask("/v1/messages")).output === "200", 60, "the proxy's return");
      process.kill((await proxy.inspect()).State.Pid, "SIGKILL");
      await until(async () => (await ask("/v1/messages")).output === "200", 60, "the proxy's return after a crash");
    },
    2 * minute,
  );
});
