// credential-proxy.js: answers where one session alone can reach it, on a socket or a port, adds the key that the session never
// sees, and passes the request on to the one address that it is for. Whatever arrives goes on at once, so that an answer streams.
// It keeps one line for each request on standard output.
//
//   UPSTREAM      URL of the one host; its path is the prefix that requests must have
//   PROVIDER      anthropic or bedrock: how the key is given
//   SESSION_ID    whose requests these are
//   PARENT_PROXY  by way of which the upstream is reached; see parent-proxy.js
//   LISTEN_PORT   answers on this port of TCP rather than on the socket
//   --check       0 when the proxy answers
const { readFileSync, renameSync, rmSync, writeFileSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { connect } = require("node:net");
const { pipeline } = require("node:stream");
const { ParentAgent } = require("./parent-proxy.js");

const port = process.env.LISTEN_PORT;
const socket = "/run/credential-proxy/socket";
// The status with which the upstream refused the key, for the session's health check, as long as nothing else is known: in a file
// beside the socket, and the answer to a request that is for this proxy itself.
const refused = "/run/credential-proxy/refused";

// All that goes from a session to its upstream: what the providers' APIs and clients use. Anything else may be a gateway's word for
// another path, method, host or caller (x-original-url, x-http-method-override, x-forwarded-for), in spellings nobody can list.
const asked =
  /^(?:accept(?:-encoding|-language)?|amz-sdk-(?:invocation-id|request)|anthropic-[a-z0-9-]+|baggage|content-(?:encoding|type)|idempotency-key|traceparent|tracestate|user-agent|x-amz-user-agent|x-amzn-bedrock-[a-z0-9-]+|x-app|x-claude-[a-z0-9-]+|x-client-request-id|x-stainless-[a-z0-9-]+)$/;
// And back. No cookie, no redirection, and no header by which an upstream might tell what it was sent.
const answered =
  /^(?:anthropic-[a-z0-9-]+|cache-control|cf-ray|content-(?:encoding|length|type)|date|request-id|retry-after(?:-ms)?|x-amzn-[a-z0-9-]+|x-request-id|x-should-retry)$/;
const methods = new Set(["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]);

// What else a header of that name is for is said by `connection`: for this connection only.
function select(headers, wanted) {
  const own = (headers.connection ?? "").toLowerCase().split(/[\s,]+/);
  return Object.fromEntries(Object.entries(headers).filter(([name]) => wanted.test(name) && !own.includes(name)));
}

// Whether a text has the key in it: as it is, or in base64, hexadecimal or percent signs, in any case.
function tells(text, key) {
  const encoded = [0, 1, 2].flatMap((offset) => {
    const bytes = Buffer.concat([Buffer.alloc(offset), Buffer.from(key)]);
    // The first and the last characters depend on what stands beside the key.
    return ["base64", "base64url"].map((way) =>
      bytes
        .toString(way)
        .replace(/=+$/, "")
        .slice(offset === 0 ? 0 : offset + 1, -1),
    );
  });
  const unquote = (quoted) => quoted.replace(/%([0-9a-f]{2})/gi, (_, digits) => String.fromCharCode(Number.parseInt(digits, 16)));
  const texts = [text, unquote(text), unquote(unquote(text))].map((form) => form.toLowerCase());
  return [key, Buffer.from(key).toString("hex"), ...encoded].some((form) => texts.some((told) => told.includes(form.toLowerCase())));
}

// The headers of a request with the key, and how its body ends: Node says nothing about the body of a GET by itself, and the
// upstream would take it for the next request.
function onwardHeaders(headers, key) {
  const length = headers["content-length"];
  return {
    ...signed(select(headers, asked), key),
    ...(headers["transfer-encoding"] !== undefined
      ? { "transfer-encoding": "chunked" }
      : length !== undefined && { "content-length": length }),
  };
}

function signed(headers, key) {
  if (process.env.PROVIDER === "bedrock") return { ...headers, authorization: `Bearer ${key}` };
  if (!key.startsWith("sk-ant-oat")) return { ...headers, "x-api-key": key };
  const beta = [headers["anthropic-beta"], "oauth-2025-04-20"].filter(Boolean).join(",");
  return { ...headers, authorization: `Bearer ${key}`, "anthropic-beta": beta };
}

// The address that a request is for, its path made plain; undefined unless that is below the one prefix, also for an upstream
// that takes an escaped slash for a slash. What models and batches are named with is all that may follow the prefix: some
// upstreams go up a folder at `..;`, or unescape a second time.
function addressOf(target, upstream) {
  if (!target.startsWith("/")) return undefined;
  const prefix = upstream.pathname.replace(/\/+$/, "");
  const below = (url) => url?.origin === upstream.origin && `${url.pathname}/`.startsWith(`${prefix}/`);
  const url = URL.parse(target, upstream);
  if (!below(url) || !below(URL.parse(target.replace(/%2f/gi, "/"), upstream))) return undefined;
  return /^(?:[\w.~:@/-]|%2f|%3a)*$/i.test(url.pathname.slice(prefix.length)) ? url : undefined;
}

// What a refusal says about the key.
function noteOf(status) {
  if (status === 401) return "credential expired or revoked";
  return status === 403 ? "credential expired, revoked or not allowed this" : undefined;
}

// Keeps whether the upstream takes the key. What is neither a success nor a refusal says nothing of it.
let refusedKey;
let refusedWith = "";
function heed(status, key) {
  if (status === 401 || status === 403) {
    refusedKey = key;
    refusedWith = `${status}\n`;
    if (port !== undefined) return;
    try {
      writeFileSync(`${refused}.new`, refusedWith);
      renameSync(`${refused}.new`, refused);
    } catch (error) {
      console.error(`${refused} cannot be written (${error.code})`);
    }
  } else if (status < 400 && refusedKey !== undefined) forget();
}

function forget() {
  refusedKey = undefined;
  refusedWith = "";
  if (port === undefined) rmSync(refused, { force: true });
}

// Of a key that has been changed, nothing is known.
function watchKey() {
  setInterval(() => {
    if (refusedKey !== undefined && refusedKey !== readKey()) forget();
  }, 1000).unref();
}

function readKey() {
  try {
    return readFileSync("/secret/token", "utf8").trim();
  } catch {
    return undefined;
  }
}

function serve() {
  const upstream = new URL(process.env.UPSTREAM);
  const { Agent, request } = upstream.protocol === "https:" ? https : http;
  const agent = new (process.env.PARENT_PROXY ? ParentAgent : Agent)({ keepAlive: true });
  if (port === undefined) rmSync(socket, { force: true });
  forget();
  watchKey();
  // For the group: a session with a uid of its own connects to it too.
  process.umask(0o007);
  const server = http.createServer((incoming, outgoing) => {
    // What HTTP has for asking a server about itself.
    if (incoming.method === "OPTIONS" && incoming.url === "*") {
      outgoing.writeHead(200, { "content-type": "text/plain" });
      outgoing.end(refusedWith);
      return;
    }
    const begun = Date.now();
    const url = addressOf(incoming.url, upstream);
    let bytes = 0;
    // When the upstream began to answer: what it says then may take minutes, and is no sign of a slow one.
    let answeredAt;
    const record = (status, note) => {
      const entry = {
        time: new Date(begun).toISOString(),
        session: process.env.SESSION_ID,
        method: incoming.method,
        path: url?.pathname ?? "refused",
        status,
        bytes,
        milliseconds: Date.now() - begun,
        ...(answeredAt !== undefined && { answered: answeredAt - begun }),
      };
      console.log(JSON.stringify({ ...entry, ...(note && { note }) }));
    };
    const answer = (status, note) => {
      record(status, note);
      if (outgoing.headersSent) {
        outgoing.destroy();
        return;
      }
      outgoing.writeHead(status, { "content-type": "application/json", connection: "close" });
      outgoing.end(JSON.stringify({ type: "error", error: { type: "credential_proxy", message: note } }));
    };
    if (url === undefined) {
      answer(403, "not below the address that this session's key is for");
      return;
    }
    // The answer to a TRACE is the request as it arrived, the key included.
    if (!methods.has(incoming.method)) {
      answer(403, `no ${incoming.method}, which may show the key`);
      return;
    }
    let key;
    try {
      // Read for each request: a changed one holds from the next one on.
      key = readFileSync("/secret/token", "utf8").trim();
    } catch (error) {
      // A key that is just being changed is not there for a moment.
      answer(503, `the key cannot be read (${error.code})`);
      return;
    }
    const headers = { ...onwardHeaders(incoming.headers, key), host: upstream.host };
    const onward = request(url, { method: incoming.method, headers, agent }, (reply) => {
      answeredAt = Date.now();
      if (reply.statusCode < 200 || reply.statusCode > 599) {
        onward.destroy();
        answer(502, "the upstream's answer has no status of HTTP");
        return;
      }
      heed(reply.statusCode, key);
      const told = Object.entries(select(reply.headers, answered)).filter(([, value]) => !tells(value, key));
      outgoing.writeHead(reply.statusCode, Object.fromEntries(told));
      outgoing.flushHeaders();
      reply.on("data", (chunk) => {
        bytes += chunk.length;
      });
      pipeline(reply, outgoing, (error) => record(reply.statusCode, noteOf(reply.statusCode) ?? error?.code));
    });
    onward.once("upgrade", (_, taken) => {
      taken.destroy();
      answer(502, "the upstream speaks another protocol");
    });
    onward.setNoDelay(true);
    onward.once("error", (error) =>
      outgoing.destroyed ? record(499, "the session went away") : answer(502, `the upstream does not answer (${error.code ?? "unknown"})`),
    );
    outgoing.once("close", () => onward.destroy());
    pipeline(incoming, onward, () => {});
  });
  server.listen(port ?? socket);
  process.once("SIGTERM", () => process.exit(0));
}

function check() {
  const probe = connect(port === undefined ? { path: socket } : { port: Number(port), host: "127.0.0.1" }, () => process.exit(0));
  probe.once("error", () => process.exit(1));
}

process.argv.includes("--check") ? check() : serve();
