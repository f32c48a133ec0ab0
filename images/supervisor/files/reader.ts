// reader.ts: answers, on a socket of its own, what the supervisor asks about the containers of one stack.
//
//   STACK    the stack, as the label `stack` of its containers has it
//   --check  0 when the reader and the engine answer
//
// It passes no request on: each of the few that it knows, letter by letter, makes it ask the engine a question of its own, and of
// the answer it hands on what is listed here. So neither an environment, nor what a session prints, nor anything of another
// stack is there to be read by whoever takes the supervisor over.
import { rmSync } from "node:fs";
import { createServer, type IncomingMessage, request, type ServerResponse } from "node:http";
import { pipeline, Readable } from "node:stream";
import { chosen } from "./chosen.ts";
import { lines } from "./follow.ts";

const socketPath = "/run/engine-reader/socket";
const engine = "/var/run/docker.sock";
/** Bytes of an answer that is read whole. */
const mostBytes = 64 * 1024 ** 2;
/** Milliseconds without the engine after which its socket counts as another one by now. */
const patience = 20_000;

const stack = process.env.STACK ?? "";
const label = (...more: string[]) => [`stack=${stack}`, "created_by=agent-sessions", ...more];
const filtered = (filters: object) => `filters=${encodeURIComponent(JSON.stringify(filters))}`;

/** What the engine listed last: no other container is asked for. By id, of which kind each is. */
let known = new Map<string, string>();

interface Question {
  /** The request, its query included. */
  readonly asked: RegExp;
  /** The kinds of containers that it may be about. */
  readonly of?: readonly string[];
  /** What the engine is asked. */
  readonly path: (...found: string[]) => string;
  /** What is handed on of the answer. @default all, as it arrives */
  readonly answer?: (told: unknown) => unknown;
  /** What is handed on of each line of an answer without an end, where it is one. */
  readonly line?: (text: string) => string;
}

/** Those of which it hands on what they print: none of them is a session. */
const printing = ["egress-proxy", "credential-proxy", "gateway"];

const questions: readonly Question[] = [
  { asked: /^\/_ping$/, path: () => "/_ping" },
  {
    asked: /^\/containers\/json$/,
    path: () => `/containers/json?all=1&${filtered({ label: label() })}`,
    answer: (told) => {
      const listed = chosen.containers(told);
      known = new Map(listed.map(({ Id, kind }) => [Id, kind]));
      return listed.map(({ kind: _, ...container }) => container);
    },
  },
  {
    asked: /^\/containers\/([0-9a-f]{64})\/json$/,
    of: ["session"],
    path: (id) => `/containers/${id}/json`,
    answer: chosen.container,
  },
  {
    asked: /^\/containers\/([0-9a-f]{64})\/stats\?stream=false&one-shot=true$/,
    of: ["session"],
    path: (id) => `/containers/${id}/stats?stream=false&one-shot=true`,
    answer: chosen.stats,
  },
  {
    asked: /^\/containers\/([0-9a-f]{64})\/logs\?follow=true&stdout=true&timestamps=true&since=(\d{1,10}\.\d{9})$/,
    of: printing,
    path: (id, since) => `/containers/${id}/logs?follow=1&stdout=1&timestamps=1&since=${since}`,
  },
  {
    asked: /^\/events\?since=(\d{1,10}\.\d{9})$/,
    path: (since) => `/events?since=${since}&${filtered({ type: ["container"], event: ["oom"], label: label() })}`,
    line: chosen.event,
  },
  { asked: /^\/system\/df$/, path: () => "/system/df", answer: (told) => chosen.usage(told, stack) },
  {
    asked: /^\/volumes$/,
    path: () => `/volumes?${filtered({ label: label("kind=cleanup") })}`,
    answer: chosen.volumes,
  },
];

/** What a request asks for; undefined for whatever is to be refused. */
function questionOf({ method, url = "", headers }: IncomingMessage): ({ path: string } & Pick<Question, "answer" | "line">) | undefined {
  if (method !== "GET" || headers["content-length"] !== undefined || headers["transfer-encoding"] !== undefined) return undefined;
  for (const { asked, of, path, answer, line } of questions) {
    const [, ...found] = asked.exec(url) ?? [];
    if (!asked.test(url)) continue;
    const kind = known.get(found[0] ?? "");
    if (of !== undefined && (kind === undefined || !of.includes(kind))) return undefined;
    return { path: path(...found), answer, line };
  }
  return undefined;
}

let lost: number | undefined;

/** The engine's socket is bound once, when the container starts: one that the engine has made anew is seen by another start alone. */
function isLost(): void {
  lost ??= Date.now();
  if (Date.now() - lost < patience) return;
  console.error(`the engine has not answered for ${patience / 1000} seconds; starting again`);
  process.exit(1);
}

function refuse(response: ServerResponse, status: number, message: string): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  response.writeHead(status, { "content-type": "application/json", connection: "close" }).end(JSON.stringify({ message }));
}

async function whole(reply: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of reply as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > mostBytes) throw new Error("the engine's answer is too long");
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString("utf8");
}

async function* changed(stream: Readable, change: (line: string) => string): AsyncIterable<string> {
  for await (const line of lines(stream)) yield `${change(line)}\n`;
}

function handle(incoming: IncomingMessage, response: ServerResponse): void {
  const question = questionOf(incoming);
  if (question === undefined) {
    refuse(response, 403, "not among what may be read");
    return;
  }
  const onward = request({ socketPath: engine, path: question.path, method: "GET", headers: { host: "docker" } }, (reply) => {
    lost = undefined;
    const status = reply.statusCode ?? 502;
    if (status !== 200) {
      reply.resume();
      refuse(response, status < 400 ? 502 : status, `the engine answers ${status}`);
      return;
    }
    if (question.answer === undefined) {
      response.writeHead(200, { "content-type": reply.headers["content-type"] ?? "text/plain" });
      response.flushHeaders();
      pipeline(question.line === undefined ? reply : Readable.from(changed(reply, question.line)), response, () => {});
      return;
    }
    const { answer } = question;
    whole(reply)
      .then((text) => {
        const body = JSON.stringify(answer(JSON.parse(text)));
        response.writeHead(200, { "content-type": "application/json" }).end(body);
      })
      .catch((error: Error) => refuse(response, 502, error.message));
  });
  onward.once("error", (error: NodeJS.ErrnoException) => {
    if (error.code === "ECONNREFUSED" || error.code === "ENOENT") isLost();
    refuse(response, 502, `the engine does not answer (${error.code ?? "unknown"})`);
  });
  response.once("close", () => onward.destroy());
  onward.end();
}

function serve(): void {
  rmSync(socketPath, { force: true });
  // Whoever sees the volume may connect: the supervisor, which is not root, and nobody else.
  process.umask(0o111);
  const server = createServer(handle);
  server.maxConnections = 512;
  server.listen(socketPath);
  process.once("SIGTERM", () => process.exit(0));
}

function check(): void {
  const end = (code: number) => process.exit(code);
  request({ socketPath, path: "/_ping" }, ({ statusCode }) => end(statusCode === 200 ? 0 : 1))
    .once("error", () => end(1))
    .end();
}

if (process.argv.includes("--check")) check();
else serve();
