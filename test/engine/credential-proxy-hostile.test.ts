import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { createServer, type Server } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { secret } from "../support/secret.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("the credential proxy, between a hostile session and an upstream that tells what it is told", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "hostile");
  const id = "ch-one";
  const key = `sk-ant-api03-${randomBytes(24).toString("base64url")}/x`;
  const fine = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\nfine";
  /** What arrived, as it arrived. */
  let seen = "";
  let reply = fine;
  let server: Server;

  /** Sends bytes to the proxy's socket as they stand. @returns all that comes back */
  const raw = async (request: string) =>
    (
      await rig.shell(
        id,
        `printf '%s' ${Buffer.from(request).toString("base64")} | base64 -d | node -e '
          const socket = require("node:net").connect("/run/credential-proxy/socket");
          socket.pipe(process.stdout);
          process.stdin.on("data", (data) => socket.write(data));
          socket.setTimeout(10_000, () => socket.destroy()).on("error", () => {});'`,
      )
    ).output;
  const path = "/gateway/v1/messages";
  const head = (method: string, target: string, ...headers: string[]) =>
    `${[`${method} ${target} HTTP/1.1`, "host: x", ...headers, "connection: close"].join("\r\n")}\r\n\r\n`;
  const namesSeen = () => [...seen.matchAll(/^([^:\r\n]+): /gm)].map(([, name = ""]) => name.toLowerCase());
  const asked = (...headers: string[]) => {
    seen = "";
    return raw(head("GET", path, ...headers));
  };
  /** A reply with one header, or whatever else stands in its head. */
  const withHead = (line: string) => `HTTP/1.1 200 OK\r\n${line}\r\ncontent-length: 4\r\n\r\nfine`;

  beforeAll(async () => {
    server = createServer((socket) => {
      socket
        .on("error", () => {})
        .on("data", (data) => {
          seen += data.toString("latin1");
          if (data.includes(`${path} HTTP/1.1`)) socket.write(reply, "latin1");
        });
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    const upstream = `http://${ownAddress()}:${(server.address() as { port: number }).port}${path}`;
    const { failures } = await rig.deploy((place, opts) => {
      const at = { sessionId: id, ...place };
      const volumes = new SessionVolumes(id, at, opts).part;
      const network = new IsolatedNetwork(id, { ...at, egress: "none" }, opts).part;
      const given = { kind: "proxy", provider: "anthropic", secret: secret("env KEY", key), upstream } as const;
      const parts = [volumes, network, new Credentials(id, { ...at, ...given }, opts).part];
      new SessionContainer(id, { ...at, parts }, { ...opts, dependsOn: parts.flatMap(({ resources }) => resources) });
    });
    expect(failures).toEqual([]);
    await until(async () => (await asked()).startsWith("HTTP/1.1 200"), 60, "the proxy's answer");
  }, 5 * minute);
  afterAll(async () => {
    server.close();
    await rig.dispose();
  }, 2 * minute);

  test("nothing that a gateway takes for another path, method, host or caller goes on", async () => {
    const refused = [
      "X-Original-URL",
      "X_Original_URL",
      "X-Rewrite-URL",
      "X-HTTP-Method-Override",
      "X-HTTP-Method",
      "X-Method-Override",
      "X-Forwarded-For",
      "X-Forwarded-Host",
      "X-Forwarded-Path",
      "X-Forwarded-Prefix",
      "X-Forwarded-Proto",
      "X-Host",
      "X-Envoy-Original-Path",
      "X-Real-IP",
      "X-Amz-Security-Token",
      "Forwarded",
      "Via",
      "True-Client-IP",
      "CF-Connecting-IP",
      "Authorization",
      "X-API-Key",
      "Cookie",
      "Proxy-Authorization",
      "Expect",
      "TE",
      "Trailer",
      "Upgrade",
      "HTTP2-Settings",
      "Referer",
      "Origin",
      "Range",
    ];
    const allowed = {
      accept: "application/json",
      "accept-encoding": "gzip",
      "anthropic-beta": "a-2025",
      "anthropic-version": "2023-06-01",
      "content-type": "application/json",
      "user-agent": "claude-cli/2",
      "x-app": "cli",
      "x-claude-code-session-id": "1",
      "x-stainless-retry-count": "0",
    };
    const sent = Object.entries(allowed).map(([name, value]) => `${name}: ${value}`);
    const answer = await asked(...sent, ...refused.map((name) => `${name}: ${name === "Expect" ? "100-continue" : "/forged"}`));
    expect(answer).toMatch(/HTTP\/1\.1 200/);
    expect(namesSeen().sort()).toEqual([...Object.keys(allowed), "connection", "host", "x-api-key"].sort());
    for (const line of sent) expect(seen).toContain(`\r\n${line}\r\n`);
    expect(seen).not.toContain("/forged");
    expect(seen).toContain(`\r\nx-api-key: ${key}\r\n`);
  });

  test("what is for one connection only, as connection says, goes no further, either way", async () => {
    reply = withHead("connection: request-id\r\nrequest-id: hop\r\nretry-after: 1");
    const answer = await asked("connection: x-app", "x-app: hop", "anthropic-version: 1");
    reply = fine;
    expect(namesSeen()).toContain("anthropic-version");
    expect(namesSeen()).not.toContain("x-app");
    expect(answer).toContain("retry-after: 1");
    expect(answer).not.toContain("hop");
  });

  test("a body is framed as it came, whatever connection names", async () => {
    const body = `GET /gateway/v1/files HTTP/1.1\r\nhost: x\r\n\r\n`;
    seen = "";
    await raw(head("GET", path, "connection: content-length", `content-length: ${body.length}`) + body);
    expect(seen).toContain(`\r\ncontent-length: ${body.length}\r\n`);
    seen = "";
    for (const headers of [
      `content-length: 4\r\ncontent-length: ${body.length}`,
      "content-length: 4\r\ntransfer-encoding: chunked",
      "transfer-encoding: chunked, identity",
    ])
      expect(await raw(head("POST", path, headers) + body), headers).toMatch(/^HTTP\/1\.1 400 /);
    expect(seen).not.toMatch(/^POST/m);
  });

  test.each([
    ["HTTP/1.0", `GET ${path} HTTP/1.0\r\n\r\n`, /^HTTP\/1\.1 200 /],
    ["an upgrade", head("GET", path, "connection: upgrade", "upgrade: websocket"), /^HTTP\/1\.1 200 /],
    ["another expectation", head("GET", path, "expect: the-key"), /^HTTP\/1\.1 417 /],
    ["an absolute target", head("GET", `http://192.0.2.1${path}`), /^HTTP\/1\.1 403 /],
    ["a tunnel", head("CONNECT", "192.0.2.1:443"), /^$/],
    ["a method that shows the request", head("TRACE", path), /^HTTP\/1\.1 403 /],
    ["a method of no API's", head("PROPFIND", path), /^HTTP\/1\.1 403 /],
  ])("%s is taken for nothing else", async (_, request, expected) => {
    seen = "";
    expect(await raw(request)).toMatch(expected);
    expect(seen).not.toMatch(/upgrade|expect|http:\/\/|^(TRACE|PROPFIND|CONNECT) /im);
  });

  const base64 = (text: string) => Buffer.from(text).toString("base64");
  const percent = (text: string) => [...text].map((character) => `%${character.charCodeAt(0).toString(16)}`).join("");
  test.each<[string, string, string]>([
    ["the key in a header that agents read", `request-id: ${key}`, key],
    ["the key among other things", `anthropic-echo: x-api-key=${key};`, key],
    ["capitals", `request-id: ${key.toUpperCase()}`, key.toUpperCase()],
    ["base64", `request-id: ${base64(key)}`, base64(key).slice(0, 20)],
    ["base64 behind one byte", `request-id: ${base64(`a${key}`)}`, base64(`a${key}`).slice(4, 24)],
    ["base64 of a user and the key", `request-id: Basic ${base64(`me:${key}:x`)}`, base64(`me:${key}`).slice(4, 24)],
    ["base64 for URLs", `request-id: ${Buffer.from(`ab${key}?>`).toString("base64url")}`, base64(`ab${key}`).slice(4, 24)],
    ["hexadecimal", `request-id: ${Buffer.from(key).toString("hex")}`, Buffer.from(key).toString("hex")],
    ["URL encoding", `request-id: ${encodeURIComponent(key)}`, encodeURIComponent(key)],
    ["every character escaped", `request-id: ${percent(key)}`, percent(key)],
    ["escapes that are escaped", `request-id: ${encodeURIComponent(percent(key))}`, encodeURIComponent(percent(key))],
    ["a header of no API's", `x-echo: ${[...key].reverse().join("")}`, "x-echo"],
    ["a cookie", `set-cookie: key=${key}`, key],
    ["a redirection", `location: https://192.0.2.1/?${key}`, key],
  ])("an answer does not show %s", async (_, line, shown) => {
    reply = withHead(`${line}\r\nretry-after: 7\r\nanthropic-ratelimit-unified-5h-status: allowed`);
    const answer = await asked();
    reply = fine;
    expect(answer.toLowerCase()).not.toContain(shown.toLowerCase());
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r?\n/);
    expect(answer).toContain("retry-after: 7");
    expect(answer).toContain("anthropic-ratelimit-unified-5h-status: allowed");
    expect(answer.endsWith("fine")).toBe(true);
  });

  test("nor does its status, what comes before it, or what comes behind it", async () => {
    reply = `HTTP/1.1 103 ${key}\r\nrequest-id: ${key}\r\n\r\nHTTP/1.1 200 ${key}\r\ntrailer: request-id\r\ntransfer-encoding: chunked\r\n\r\n4\r\nfine\r\n0\r\nrequest-id: ${key}\r\n\r\n`;
    const answer = await asked();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r?\n/);
    expect(answer).toContain("fine");
    expect(answer).not.toContain(key);
    for (const answered of [
      `HTTP/1.1 101 ${key}\r\nconnection: upgrade\r\nupgrade: ${key}\r\n\r\n${key}`,
      `HTTP/1.1 999 ${key}\r\ncontent-length: 0\r\n\r\n`,
      `HTTP/1.1 099 ${key}\r\ncontent-length: 0\r\n\r\n`,
      `${key}\r\n\r\n`,
    ]) {
      reply = answered;
      const answer = await asked();
      expect(answer, answered).toMatch(/^HTTP\/1\.1 502 /);
      expect(answer).not.toContain(key);
    }
    reply = fine;
    expect(await asked()).toMatch(/^HTTP\/1\.1 200 /);
    expect((await rig.docker.getContainer(`claude-agent-${id}-credential-proxy`).inspect()).RestartCount).toBe(0);
  });
});
