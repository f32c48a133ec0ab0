import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Agent } from "node:http";
import type { Socket } from "node:net";
import { Duplex } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { inspect } from "node:util";

/** An ssh that ended before its work was done. */
export class SshError extends Error {
  /** All that it said, or its end. */
  readonly said: string;

  constructor(said: string, end: string) {
    super(`ssh ended with ${end}: ${said.trim().split("\n").at(-1) || "it said nothing"}`);
    this.name = "SshError";
    this.said = said;
  }
}

/** What a path may be made of that the shell of another machine reads. */
const plainPath = /^\/[\w./+-]+$/;

/**
 * The command line that leads to an engine on another machine, as Docker's own CLI has it: host, user, port and, where the engine
 * listens elsewhere, the path of its socket.
 *
 * @throws Error when the address says something else
 */
export function sshCommand(address: string): readonly string[] {
  const { hostname, port, username, password, pathname, search, hash } = new URL(address);
  const refuse = (what: string, wayOut: string) => new Error(`engine address: ssh://${hostname} ${what}; ${wayOut}`);
  if (password !== "") throw refuse("is given with a password", "use a key, and write ssh://user@host");
  if (hostname === "") throw refuse("names no host", "write ssh://user@host");
  const socket = ["", "/"].includes(pathname) ? undefined : pathname;
  if (`${search}${hash}` !== "" || (socket !== undefined && !plainPath.test(socket)))
    throw refuse(`is followed by "${pathname}${search}${hash}"`, "write nothing, or the path of the engine's socket there");
  return [
    "-T",
    ...["-o", "BatchMode=yes", "-o", "ConnectTimeout=20"],
    ...(port ? ["-p", port] : []),
    ...(username ? ["-l", decodeURIComponent(username)] : []),
    "--",
    hostname.replace(/^\[(.*)\]$/, "$1"),
    "docker",
    ...(socket === undefined ? [] : ["--host", `unix://${socket}`]),
    "system",
    "dial-stdio",
  ];
}

/** How many may sign in at once: a server drops some of those beyond ten (MaxStartups in sshd_config). */
const startingAtOnce = 6;

/** Milliseconds after which one that has nothing to say yet counts as signed in. */
const signedIn = 5000;

/** Speaks HTTP through `ssh host docker system dial-stdio`, one ssh for each connection. */
export class SshAgent extends Agent {
  readonly #command: readonly string[];
  readonly #waiting: (() => void)[] = [];
  #starting = 0;

  /** @throws Error when the address says what ssh cannot be told */
  constructor(address: string) {
    super({ keepAlive: true, maxSockets: 8 });
    this.#command = sshCommand(address);
  }

  /** The library has all of a request's options written out for each, with whatever hangs on them: here every connection and more. */
  [inspect.custom](): string {
    return "SshAgent";
  }

  override createConnection(_: unknown, done: (error: Error | null, stream: Duplex) => void): undefined {
    const start = () => {
      this.#starting += 1;
      const connection = new SshConnection(this.#command);
      const timer = setTimeout(() => connection.emit("started"), signedIn).unref();
      connection.once("close", () => connection.emit("started"));
      connection.once("started", () => {
        clearTimeout(timer);
        this.#starting -= 1;
        this.#waiting.shift()?.();
      });
      done(null, connection);
    };
    if (this.#starting < startingAtOnce) start();
    else this.#waiting.push(start);
  }
}

/** As much as is kept of what ssh says. */
const longest = 4096;

/** One ssh. It says that it has `started` with the first byte from the other side. */
class SshConnection extends Duplex {
  readonly #ssh: ChildProcessWithoutNullStreams;
  readonly #streams: readonly Socket[];
  #said = "";

  constructor(command: readonly string[]) {
    super({ allowHalfOpen: false });
    const ssh = spawn("ssh", command, { stdio: ["pipe", "pipe", "pipe"] });
    this.#ssh = ssh;
    this.#streams = [ssh.stdin, ssh.stdout, ssh.stderr] as unknown as Socket[];
    ssh.stdout.once("data", () => this.emit("started"));
    ssh.stdout.on("data", (chunk: Buffer) => {
      if (!this.push(chunk)) ssh.stdout.pause();
    });
    ssh.stderr.setEncoding("utf8").on("data", (text: string) => {
      this.#said = `${this.#said}${text}`.slice(-longest);
    });
    // Its end says why.
    ssh.stdin.on("error", () => {});
    ssh.once("error", (error) => this.destroy(error));
    const ended = new Promise((resolve) => ssh.stdout.once("end", resolve));
    ssh.once("exit", (code, signal) => void ended.then(() => this.#end(code, signal)));
  }

  /** A connection that others share may keep standard error open for as long as it lives. */
  async #end(code: number | null, signal: NodeJS.Signals | null): Promise<void> {
    const { stderr } = this.#ssh;
    if (!stderr.readableEnded) await Promise.race([new Promise((resolve) => stderr.once("end", resolve)), delay(200)]);
    stderr.destroy();
    if (code === 0) this.push(null);
    else this.destroy(new SshError(this.#said, String(code ?? signal)));
  }

  override _read(): void {
    this.#ssh.stdout.resume();
  }

  override _write(chunk: Buffer, _: BufferEncoding, done: () => void): void {
    this.#ssh.stdin.write(chunk, () => done());
  }

  override _final(done: () => void): void {
    this.#ssh.stdin.end(() => done());
  }

  override _destroy(error: Error | null, done: (error: Error | null) => void): void {
    this.#ssh.kill();
    // What it has not read would keep them open, as would whoever shares the connection.
    for (const stream of this.#streams) stream.destroy();
    done(error);
  }

  /** Whether the process waits for it: one that is kept for the next request is not to keep a command from ending. */
  ref(): this {
    for (const each of [this.#ssh, ...this.#streams]) each.ref();
    return this;
  }

  unref(): this {
    for (const each of [this.#ssh, ...this.#streams]) each.unref();
    return this;
  }

  // The HTTP client asks its sockets for these; a pipe has nothing to set.
  setTimeout(): this {
    return this;
  }

  setNoDelay(): this {
    return this;
  }

  setKeepAlive(): this {
    return this;
  }
}
