import { once } from "node:events";
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from "node:http";
import { createServer as createSecureServer } from "node:https";
import type { AddressInfo } from "node:net";

/** What the model answers to a turn: text, a call of a tool, or an HTTP error. */
export type Turn =
  | { readonly text: string }
  | { readonly tool: string; readonly input: Readonly<Record<string, unknown>>; readonly text?: string }
  | { readonly status: number; readonly type: string; readonly message: string; readonly headers?: Readonly<Record<string, string>> };

/** What a request of the agent's main conversation says. */
export interface Asked {
  readonly path: string;
  readonly key: string | undefined;
  readonly model: string;
  /** What the person has said, and the results of tools, as one text. */
  readonly said: string;
  /** How many turns of the model are in it. */
  readonly turns: number;
}

interface Body {
  readonly model: string;
  readonly stream?: boolean;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly tools?: readonly unknown[];
}

/**
 * A stand-in for the API of a model, as far as the agent's CLI uses it: it streams, calls tools, and refuses requests. What it
 * answers is up to the test; requests without tools, such as those for a title, get a word.
 */
export class ModelApi {
  /** The main conversation's requests, in order. */
  readonly asked: Asked[] = [];
  /** The paths of all other requests, in order. */
  readonly others: string[] = [];
  readonly #server;
  readonly #answer: (asked: Asked) => Turn;
  /** The one key that is taken; any when left out. */
  key: string | undefined;

  /** @param tls a certificate and its key, for https */
  constructor(answer: (asked: Asked) => Turn, tls?: { readonly cert: string; readonly key: string }) {
    this.#answer = answer;
    const listener: RequestListener = (request, response) => void this.#serve(request, response);
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener);
  }

  /** @returns the port */
  async listen(address = "0.0.0.0"): Promise<number> {
    this.#server.listen(0, address);
    await once(this.#server, "listening");
    return (this.#server.address() as AddressInfo).port;
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const path = (request.url ?? "/").split("?")[0] ?? "/";
    if (request.method !== "POST" || !path.endsWith("/v1/messages")) {
      this.others.push(`${request.method} ${path}`);
      response.writeHead(404, { "content-type": "application/json" }).end(errorBody("not_found_error", path));
      return;
    }
    const given = request.headers["x-api-key"] ?? request.headers.authorization?.replace(/^Bearer /, "");
    const key = Array.isArray(given) ? given[0] : given;
    const body = JSON.parse(Buffer.concat(chunks).toString("utf8")) as Body;
    const asked = {
      path,
      key,
      model: body.model,
      said: body.messages.flatMap(({ role, content }) => (role === "user" ? [textOf(content)] : [])).join("\n"),
      turns: body.messages.filter(({ role }) => role === "assistant").length,
    };
    const main = (body.tools ?? []).length > 0;
    if (main) this.asked.push(asked);
    const refused = this.key !== undefined && key !== this.key;
    const turn: Turn = refused
      ? { status: 401, type: "authentication_error", message: "invalid x-api-key" }
      : main
        ? this.#answer(asked)
        : { text: "title" };
    if ("status" in turn) {
      response.writeHead(turn.status, { "content-type": "application/json", "request-id": "req_stand_in", ...turn.headers });
      response.end(errorBody(turn.type, turn.message));
    } else if (body.stream === true) stream(response, body.model, turn);
    else response.writeHead(200, { "content-type": "application/json" }).end(JSON.stringify(messageOf(body.model, turn)));
  }
}

const errorBody = (type: string, message: string) => JSON.stringify({ type: "error", error: { type, message } });

/** All texts of a message's content, and of the results in it. */
function textOf(content: unknown): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) return "";
  return content.map((block: { text?: string; content?: unknown }) => block.text ?? textOf(block.content)).join("\n");
}

type Answer = Exclude<Turn, { readonly status: number }>;

const usage = { input_tokens: 10, output_tokens: 10, cache_creation_input_tokens: 0, cache_read_input_tokens: 0 };

function blocksOf(turn: Answer) {
  const text = turn.text === undefined ? [] : [{ type: "text", text: turn.text }];
  return "tool" in turn ? [...text, { type: "tool_use", id: `toolu_${Date.now()}`, name: turn.tool, input: turn.input }] : text;
}

function messageOf(model: string, turn: Answer) {
  const stop_reason = "tool" in turn ? "tool_use" : "end_turn";
  return {
    id: `msg_${Date.now()}`,
    type: "message",
    role: "assistant",
    model,
    content: blocksOf(turn),
    stop_reason,
    stop_sequence: null,
    usage,
  };
}

/** The same message as server-sent events, a text in two pieces. */
function stream(response: ServerResponse, model: string, turn: Answer): void {
  response.writeHead(200, { "content-type": "text/event-stream" });
  const send = (type: string, rest: object) => response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...rest })}\n\n`);
  const { content, stop_reason, ...message } = messageOf(model, turn);
  send("message_start", { message: { ...message, content: [], stop_reason: null } });
  content.forEach((block, index) => {
    const delta = (delta: object) => send("content_block_delta", { index, delta });
    if (block.type === "text") {
      const { text = "" } = block as { text?: string };
      send("content_block_start", { index, content_block: { type: "text", text: "" } });
      const half = Math.ceil(text.length / 2);
      for (const piece of [text.slice(0, half), text.slice(half)]) delta({ type: "text_delta", text: piece });
    } else {
      const { input, ...call } = block as { input: object };
      send("content_block_start", { index, content_block: { ...call, input: {} } });
      delta({ type: "input_json_delta", partial_json: JSON.stringify(input) });
    }
    send("content_block_stop", { index });
  });
  send("message_delta", { delta: { stop_reason, stop_sequence: null }, usage: { output_tokens: 10 } });
  send("message_stop", {});
  response.end();
}
