import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { securityOpts } from "../../components/seccomp/docker.ts";
import { credentialsPart } from "../../components/credentials/args.ts";
import { byAddress, credentialProxyHost } from "../../components/credentials/proxy.ts";
import { baseline } from "../../policy/baseline.ts";
import { missing } from "../support/missing.ts";
import { ownAddress } from "../support/own-address.ts";
import { secret } from "../support/secret.ts";
import { docker, LiveSession, sessionTests, until, whyNot } from "./live-session.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of a credential proxy that is reached by its address, as ${reason}`);

describe.skipIf(reason !== undefined)("a credential proxy that a session reaches by its address", () => {
  const { test, image } = sessionTests();
  const key = `key-${randomBytes(12).toString("hex")}`;
  const folder = mkdtempSync(join(tmpdir(), "credential-proxy-"));
  const network = `credential-proxy-${randomUUID().slice(0, 8)}`;
  const seen: IncomingMessage["headers"][] = [];
  let status = 200;
  let server: Server;
  let proxy: Docker.Container;
  let session: LiveSession;
  const ask = () => session.exec(`curl -s -m 20 -o /dev/null -w '%{http_code}' "$ANTHROPIC_BASE_URL/v1/messages" -d '{}'`);

  beforeAll(async () => {
    server = createServer((request, response) => {
      request.resume();
      seen.push(request.headers);
      response.writeHead(status).end("{}");
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    const upstream = `http://${ownAddress()}:${(server.address() as { port: number }).port}/v1/messages`;
    const owner = { project: "p", stack: "s", sessionId: "one", image: "" };
    const part = byAddress(credentialsPart({ ...owner, kind: "proxy", provider: "anthropic", upstream, secret: secret("env KEY", key) }));
    const [companion] = part.companions;
    chmodSync(folder, 0o755);
    writeFileSync(join(folder, "token"), `${key}\n`);
    await docker.createNetwork({ Name: network });
    proxy = await docker.createContainer({
      name: `${network}-proxy`,
      Image: image(),
      User: "1000:1000",
      Entrypoint: [...baseline.init, ...(companion?.program ?? [])],
      Env: Object.entries(companion?.environment ?? {}).map(([name, value]) => `${name}=${value}`),
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: securityOpts("docker"),
        Binds: [`${folder}:/secret:ro`],
        NetworkMode: network,
      },
      NetworkingConfig: { EndpointsConfig: { [network]: { Aliases: [credentialProxyHost] } } },
    });
    await proxy.start();
    session = await LiveSession.start({ image: image(), environment: part.environment, network });
    await session.becomes("healthy");
    await until(
      async () => (await ask()).out === "200",
      30,
      async () => "the proxy's answer",
    );
  }, 600_000);
  afterAll(async () => {
    await session?.remove();
    await proxy?.remove({ force: true });
    await docker.getNetwork(network).remove();
    server.close();
    rmSync(folder, { recursive: true, force: true });
  }, 60_000);

  test("adds the key to what the session asks on its own loopback address, and shares no folder with it", async () => {
    seen.length = 0;
    expect((await ask()).out).toBe("200");
    expect(seen).toMatchObject([{ "x-api-key": key }]);
    expect((await session.exec("ls -A /run/credential-proxy; ls -d /secret")).out).toContain("No such file or directory");
    expect((await session.exec(`grep -rlsF -e ${key} --exclude-dir=proc --exclude-dir=sys /; env | grep -c ${key}`)).out).toBe("0");
    const check = await proxy.exec({ Cmd: ["node", "/usr/local/lib/agent-sessions/credential-proxy.js", "--check"] });
    (await check.start({})).resume();
    await until(
      async () => !(await check.inspect()).Running,
      30,
      async () => "the end of the check",
    );
    expect((await check.inspect()).ExitCode).toBe(0);
  });

  test("tells the session's health check of a key that is refused, and of one that is taken again", async () => {
    status = 401;
    expect((await ask()).out).toBe("401");
    await session.becomes("key refused");
    expect((await session.exec("session-key")).out).toBe("401");
    status = 200;
    expect((await ask()).out).toBe("200");
    await session.becomes("healthy");
    // Such a question is the proxy's own: nothing of it reaches the upstream, nor its record.
    seen.length = 0;
    await session.exec("session-key");
    expect(seen).toEqual([]);
    const raw = await proxy.logs({ stdout: true, stderr: true, follow: false });
    expect(raw.toString()).not.toContain("OPTIONS");
  });
});
