// credential-proxy.js: answers on a socket that one session can reach, adds the key that the session never sees, and passes
// the request on to the one address that it is for. Whatever arrives goes on at once, so that an answer streams. It keeps one
// line for each request on standard output.
//
//   UPSTREAM      URL of the one host; its path is the prefix that requests must have
//   PROVIDER      anthropic or bedrock: how the key is given
//   SESSION_ID    whose requests these are
//   --check       0 when the proxy answers
const { readFileSync, rmSync } = require("node:fs");
const http = require("node:http");
const https = require("node:https");
const { connect } = require("node:net");
const { pipeline } = require("node:stream");

const socket = "/run/credential-proxy/socket";

// What concerns one connection only, and what the key takes the place of.
const ownHeaders = new Set([
  "authorization",
  "connection",
  "cookie",
  "host",
  "keep-alive",
  "proxy-authenticate",
  "proxy-authorization",
  "proxy-connection",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "x-api-key",
]);
const passed = (headers) => Object.fromEntries(Object.entries(headers).filter(([name]) => !ownHeaders.has(name)));

// The key is read for each request: a changed one holds from the next one on.
function signed(headers) {
  const key = readFileSync("/secret/token", "utf8").trim();
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
  return status === 403 && process.env.PROVIDER === "bedrock" ? "credential expired, revoked or not allowed this" : undefined;
}

function serve() {
  const upstream = new URL(process.env.UPSTREAM);
  const { Agent, request } = upstream.protocol === "https:" ? https : http;
  const agent = new Agent({ keepAlive: true });
  rmSync(socket, { force: true });
  const server = http.createServer((incoming, outgoing) => {
    const begun = Date.now();
    const url = addressOf(incoming.url, upstream);
    let bytes = 0;
    const record = (status, note) => {
      const entry = {
        time: new Date(begun).toISOString(),
        session: process.env.SESSION_ID,
        method: incoming.method,
        path: url?.pathname ?? "refused",
        status,
        bytes,
        milliseconds: Date.now() - begun,
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
    // Its answer is the request as it arrived, the key included.
    if (incoming.method === "TRACE") {
      answer(403, "no TRACE, which would show the key");
      return;
    }
    let headers;
    try {
      headers = { ...signed(passed(incoming.headers)), host: upstream.host };
      // Node says nothing about the body of a GET by itself, and the upstream would take it for the next request.
      if (incoming.headers["transfer-encoding"] !== undefined) headers["transfer-encoding"] = "chunked";
    } catch (error) {
      // A key that is just being changed is not there for a moment.
      answer(503, `the key cannot be read (${error.code})`);
      return;
    }
    const onward = request(url, { method: incoming.method, headers, agent }, (reply) => {
      outgoing.writeHead(reply.statusCode, passed(reply.headers));
      outgoing.flushHeaders();
      reply.on("data", (chunk) => {
        bytes += chunk.length;
      });
      pipeline(reply, outgoing, (error) => record(reply.statusCode, noteOf(reply.statusCode) ?? error?.code));
    });
    onward.setNoDelay(true);
    onward.once("error", (error) =>
      outgoing.destroyed ? record(499, "the session went away") : answer(502, `the upstream does not answer (${error.code ?? "unknown"})`),
    );
    outgoing.once("close", () => onward.destroy());
    pipeline(incoming, onward, () => {});
  });
  server.listen(socket);
  process.once("SIGTERM", () => process.exit(0));
}

function check() {
  const probe = connect(socket, () => process.exit(0));
  probe.once("error", () => process.exit(1));
}

process.argv.includes("--check") ? check() : serve();
