import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { onTestFinished } from "vitest";
import type { FoundEngine } from "../../components/container-engine/find.ts";

/** Answers by request, such as `POST /containers/42/start`. */
export type Answers = Readonly<Record<string, readonly [status: number, body?: object | string]>>;

export interface ScriptedEngine {
  readonly found: FoundEngine;
  /** What it was asked, in order: the request, with its body where it has one. */
  readonly asked: readonly (string | readonly [request: string, body: object])[];
}

/** An engine that answers as it is told, until the test ends; whatever else it is asked fails. */
export async function scriptedEngine(answers: Answers): Promise<ScriptedEngine> {
  const asked: (string | [string, object])[] = [];
  const server = createServer(async (request, response) => {
    const body = (await request.toArray()).join("");
    const { pathname, searchParams } = new URL(`http://engine${request.url}`);
    const line = `${request.method} ${pathname}${searchParams.size === 0 ? "" : `?${searchParams}`}`;
    asked.push(body === "" ? line : [line, JSON.parse(body)]);
    const [status, answer = ""] = answers[line] ?? [500, { message: `nobody foresaw ${line}` }];
    response.writeHead(status, { "content-type": "application/json" });
    response.end(typeof answer === "string" ? answer : JSON.stringify(answer));
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  return { asked, found: { address: `tcp://127.0.0.1:${(server.address() as AddressInfo).port}`, source: "settings" } };
}
