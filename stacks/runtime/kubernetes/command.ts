import { PassThrough, type Readable, Writable } from "node:stream";
import type { V1Status } from "@kubernetes/client-node";
import { WebSocketHandler } from "@kubernetes/client-node/dist/web-socket-handler.js";
import { ignored, passOn } from "../../streams.ts";
import type { CommandOptions, StartedCommand } from "../runtime.ts";
import { ClusterError, explain } from "./answers.ts";
import type { ClusterClient } from "./client.ts";

/** A container of a pod. */
export interface ContainerPlace {
  readonly pod: string;
  readonly container: string;
}

/** The only form of the protocol in which standard input can end while the output goes on. */
const withEnd = "v5.channel.k8s.io";

const [inputChannel, outputChannel, errorChannel, statusChannel, sizeChannel, closeChannel] = [0, 1, 2, 3, 4, 255];

/** Starts a command in a container. @throws Error when it cannot be started */
export function startCommand(
  client: ClusterClient,
  place: ContainerPlace,
  command: readonly string[],
  { terminal = false, input = false, folder, environment = {} }: CommandOptions = {},
): Promise<StartedCommand> {
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const within = [...(folder === undefined ? [] : [`--chdir=${folder}`]), ...variables];
  const line = within.length === 0 ? command : ["/usr/bin/env", ...within, ...command];
  return connect(client, place, "exec", { terminal, input, command: line });
}

/** Holds the standard input of a container's first process. @throws Error when it has none, or it does not run */
export function holdInput(client: ClusterClient, place: ContainerPlace): Promise<StartedCommand> {
  return connect(client, place, "attach", { terminal: false, input: true, command: [] });
}

interface Wanted {
  readonly terminal: boolean;
  readonly input: boolean;
  readonly command: readonly string[];
}

async function connect(
  client: ClusterClient,
  { pod, container }: ContainerPlace,
  way: "exec" | "attach",
  { terminal, input, command }: Wanted,
): Promise<StartedCommand> {
  const query = new URLSearchParams([
    ...command.map((word): [string, string] => ["command", word]),
    ["container", container],
    ["stdin", String(input)],
    ["stdout", "true"],
    // A terminal has but one stream, and the API server refuses to be asked for two.
    ["stderr", String(!terminal)],
    ["tty", String(terminal)],
  ]);
  const path = `/api/v1/namespaces/${client.namespace}/pods/${pod}/${way}?${query}`;
  const received = new Received();
  // Left to itself, the library ends this process's own streams when the server closes one of the command's.
  const unused = { stdin: new PassThrough(), stdout: ignored(), stderr: ignored() };
  const handler = new WebSocketHandler(client.config, undefined, unused);
  const socket = (await handler
    .connect(path, null, (channel, piece) => received.take(channel, piece))
    .catch((error: unknown) => Promise.reject(refusal(error, client)))) as Socket;
  received.from(socket);
  if (input && socket.protocol !== withEnd) {
    socket.terminate();
    throw new ClusterError(
      `the API server of context "${client.place.context}" cannot end a command's input; that takes Kubernetes 1.30 or later`,
    );
  }
  const send = (channel: number, piece: Buffer, done: (error?: Error) => void = () => {}) =>
    socket.send(Buffer.concat([Buffer.of(channel), piece]), done);
  return {
    input: new Writable({
      write: (piece: Buffer, _, done) => send(inputChannel, piece, done),
      final: (done) => send(closeChannel, Buffer.of(inputChannel), () => done()),
      // Whoever writes to a command that has ended is told by its end.
    }).on("error", () => {}),
    carry: (output, errors) => received.carry(output, errors),
    resize: (rows, columns) => send(sizeChannel, Buffer.from(JSON.stringify({ Width: columns, Height: rows }))),
    close: () => received.letGo(),
    exitCode: async () => received.exitCode,
  };
}

/** Of the library's web sockets, what is used here. */
interface Socket {
  readonly protocol: string;
  send(data: Buffer, done: (error?: Error) => void): void;
  pause(): void;
  resume(): void;
  terminate(): void;
  once(event: "close", listener: () => void): void;
}

/** What a command prints, until it ends; held up when it is not taken. */
class Received {
  readonly #output = new PassThrough();
  readonly #errors = new PassThrough();
  #socket: Socket | undefined;
  #status: V1Status | undefined;
  #over = false;
  #given = false;

  from(socket: Socket): void {
    this.#socket = socket;
    socket.once("close", () => this.#end());
    if (this.#over) socket.terminate();
  }

  /** @returns that the connection is to stay, since its end is seen to here */
  take(channel: number, piece: Buffer): boolean {
    if (channel === outputChannel) this.#keep(this.#output, piece);
    else if (channel === errorChannel) this.#keep(this.#errors, piece);
    else if (channel === statusChannel) {
      this.#status = JSON.parse(piece.toString("utf8")) as V1Status;
      this.#end();
    }
    return true;
  }

  #keep(stream: PassThrough, piece: Buffer): void {
    if (this.#over || stream.write(piece)) return;
    this.#socket?.pause();
    stream.once("drain", () => this.#socket?.resume());
  }

  #end(): void {
    if (this.#over) return;
    this.#over = true;
    this.#output.end();
    this.#errors.end();
    this.#socket?.terminate();
  }

  letGo(): void {
    this.#given = true;
    this.#end();
  }

  get exitCode(): number | undefined {
    if (this.#status?.status === "Success") return 0;
    const cause = this.#status?.details?.causes?.find(({ reason }) => reason === "ExitCode");
    return cause === undefined ? undefined : Number(cause.message);
  }

  async carry(output: Writable, errors: Writable): Promise<void> {
    try {
      await Promise.all([carry(this.#output, output), carry(this.#errors, errors)]);
    } finally {
      this.#end();
    }
    if (this.#given || this.exitCode !== undefined) return;
    throw new ClusterError(this.#status?.message ?? "the connection to the command broke off");
  }
}

async function carry(from: Readable, to: Writable): Promise<void> {
  for await (const piece of from) await passOn(to, piece as Buffer);
}

/** Of a connection that was refused the library knows the status alone. */
function refusal(error: unknown, client: ClusterClient): Error {
  const { message = "", error: inner } = error as { message?: string; error?: unknown };
  const [, status] = /server response: (\d{3})/.exec(message) ?? [];
  const asked = { context: client.place.context, server: client.server };
  if (status === undefined) return explain(inner ?? error, asked);
  const why = {
    401: "who asks is not known",
    403: "it takes the right to create pods/exec",
    404: "the pod or its container is not there",
  }[status];
  const body = { message: `no command can be started there: ${why ?? "the container does not run, or its node does not answer"}` };
  return explain({ code: Number(status), body, message }, asked);
}
