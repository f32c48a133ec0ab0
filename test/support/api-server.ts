import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { join } from "node:path";
import { temporaryFolder } from "./folder.ts";
import { acceptSocket, type ServerSocket } from "./web-socket.ts";

/** An object of the cluster. */
export type ClusterObject = {
  metadata: { name: string; labels?: Record<string, string>; annotations?: Record<string, string>; [field: string]: unknown };
  [field: string]: unknown;
};

/** How a command in a container answers. */
export interface Answered {
  readonly output?: string;
  readonly errors?: string;
  readonly code?: number;
}

/** A command that somebody runs, or an input that somebody holds. */
export interface Running {
  readonly pod: string;
  readonly command: readonly string[];
  readonly query: URLSearchParams;
  readonly socket: ServerSocket;
}

/** An imitation of an API server: objects by their paths, label selectors, merge patches, logs, and commands that a test answers. */
export class ApiServer {
  readonly objects = new Map<string, ClusterObject>();
  /** Method and path of every request, with its query. */
  readonly asked: string[] = [];
  readonly context = "imitation";
  /** What to answer instead, by method and path. */
  refuse: (method: string, path: string) => { readonly code: number; readonly message: string } | undefined = () => undefined;
  /** How a command ends at once. */
  answer: (running: Running) => Answered | Promise<Answered> = () => ({ code: 0 });
  /** What a pod has printed, whatever is asked of it; a text, or a stream that goes on. */
  logs: (pod: string, query: URLSearchParams, response: ServerResponse) => string | undefined = () => "";
  /** Told of what was created, changed or removed, as controllers are. */
  changed: (method: string, path: string, object: ClusterObject) => void = () => {};
  /** The forms of the protocol for commands. */
  protocols: readonly string[] = ["v5.channel.k8s.io", "v4.channel.k8s.io"];
  version = { major: "1", minor: "34", gitVersion: "v1.34.4" };
  /** Connections that hold a command's streams. */
  open = 0;
  readonly kubeconfig = join(temporaryFolder("cluster"), "kubeconfig");
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<ApiServer> {
    const server = createServer();
    const api = new ApiServer(server);
    server.on("request", (request, response) => void api.#serve(request, response));
    server.on("upgrade", (request, stream) => api.#upgrade(request, stream));
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    writeFileSync(api.kubeconfig, JSON.stringify(api.#config()));
    return api;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as { port: number }).port}`;
  }

  #config() {
    const cluster = { server: this.url, "insecure-skip-tls-verify": true };
    const context = (name: string) => ({ name, context: { cluster: "there", user: "me" } });
    return {
      apiVersion: "v1",
      kind: "Config",
      clusters: [{ name: "there", cluster }],
      users: [{ name: "me", user: { token: "a-token-of-the-user" } }],
      contexts: [context(this.context), context("another")],
      "current-context": "another",
    };
  }

  /** @param list its path, such as `/api/v1/namespaces/here/pods` */
  put(list: string, object: ClusterObject): void {
    this.objects.set(`${list}/${object.metadata.name}`, object);
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", this.url);
    const method = request.method ?? "GET";
    this.asked.push(`${method} ${request.url}`);
    const reply = (code: number, body: unknown) =>
      response.writeHead(code, { "Content-Type": "application/json" }).end(JSON.stringify(body));
    const fail = (code: number, message: string) => reply(code, { kind: "Status", status: "Failure", message, code });
    const refused = this.refuse(method, path);
    if (refused !== undefined) return void fail(refused.code, refused.message);
    if (path === "/version" || path === "/version/") return void reply(200, this.version);
    const [, pod] = /\/pods\/([^/]+)\/log$/.exec(path) ?? [];
    if (pod !== undefined) {
      const text = this.logs(pod, query, response);
      return text === undefined ? undefined : void response.writeHead(200, { "Content-Type": "text/plain" }).end(text);
    }
    const sent = await bodyOf(request);
    if (method === "POST") return void reply(201, this.#create(path, sent as ClusterObject));
    if (method === "GET" && !this.objects.has(path) && isList(path)) return void reply(200, this.#list(path, query));
    const found = this.objects.get(path);
    if (found === undefined) return void fail(404, `${path.split("/").at(-2)} "${path.split("/").at(-1)}" not found`);
    if (method === "PATCH") merge(found, sent as Record<string, unknown>);
    if (method === "DELETE") this.objects.delete(path);
    reply(200, found);
    if (method !== "GET") this.changed(method, path, found);
  }

  #create(path: string, object: ClusterObject): ClusterObject {
    if (!path.endsWith("reviews")) this.put(path, object);
    this.changed("POST", path, object);
    return object;
  }

  #list(path: string, query: URLSearchParams) {
    const own = [...this.objects].filter(([key]) => key.startsWith(`${path}/`) && !key.slice(path.length + 1).includes("/"));
    const items = own.map(([, object]) => object).filter((object) => selected(object, query));
    return { kind: "List", metadata: {}, items };
  }

  #upgrade(request: IncomingMessage, stream: import("node:stream").Duplex): void {
    const { pathname: path, searchParams: query } = new URL(request.url ?? "", this.url);
    this.asked.push(`GET ${request.url}`);
    const refused = this.refuse("GET", path);
    const [, pod = ""] = /\/pods\/([^/]+)\/(?:exec|attach)$/.exec(path) ?? [];
    const missing = ![...this.objects.keys()].some((key) => key.endsWith(`/pods/${pod}`));
    if (refused !== undefined || missing) return void stream.end(`HTTP/1.1 ${refused?.code ?? 404} Refused\r\nContent-Length: 0\r\n\r\n`);
    const socket = acceptSocket(request, stream, this.protocols);
    this.open += 1;
    socket.onClose(() => {
      this.open -= 1;
    });
    if (path.endsWith("/exec")) void this.#run({ pod, command: query.getAll("command"), query, socket });
  }

  async #run(running: Running): Promise<void> {
    const { output = "", errors = "", code = 0 } = await this.answer(running);
    const say = (channel: number, text: string) => running.socket.send(Buffer.concat([Buffer.of(channel), Buffer.from(text)]));
    if (output !== "") say(1, output);
    if (errors !== "") say(2, errors);
    const details = { causes: [{ reason: "ExitCode", message: String(code) }] };
    say(3, JSON.stringify(code === 0 ? { status: "Success" } : { status: "Failure", reason: "NonZeroExitCode", details }));
    running.socket.close();
  }
}

const plurals =
  /\/(pods|services|secrets|configmaps|namespaces|nodes|events|statefulsets|deployments|daemonsets|jobs|persistentvolumeclaims|networkpolicies|runtimeclasses|storageclasses|[a-z]*policies)$/;

const isList = (path: string) => plurals.test(path);

function selected({ metadata: { labels = {} }, ...object }: ClusterObject, query: URLSearchParams): boolean {
  const labelled = (query.get("labelSelector") ?? "").split(",").filter(Boolean);
  const fields = (query.get("fieldSelector") ?? "").split(",").filter(Boolean);
  const field = (path: string) =>
    path.split(".").reduce<unknown>((value, key) => (value as Record<string, unknown> | undefined)?.[key], object);
  return (
    labelled.every((term) => {
      const [name = "", value] = term.split("=");
      return value === undefined ? labels[name] !== undefined : labels[name] === value;
    }) && fields.every((term) => String(field(term.split("=")[0] ?? "")) === term.split("=")[1])
  );
}

function merge(target: Record<string, unknown>, patch: Record<string, unknown>): void {
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete target[key];
    else if (typeof value !== "object" || Array.isArray(value)) target[key] = value;
    else {
      target[key] ??= {};
      merge(target[key] as Record<string, unknown>, value as Record<string, unknown>);
    }
  }
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const pieces: Buffer[] = [];
  for await (const piece of request) pieces.push(piece as Buffer);
  const text = Buffer.concat(pieces).toString("utf8");
  return text === "" ? {} : JSON.parse(text);
}
