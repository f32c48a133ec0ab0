import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { closeSync, mkdtempSync, openSync, readFileSync, readlinkSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { localBase } from "../../components/hardened-image/args.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { Rig, until } from "../engine/rig.ts";
import { missing } from "../support/missing.ts";

const dockerd = process.platform === "linux" && process.getuid?.() === 0 ? which("dockerd") : undefined;

/** Whether this machine can run an engine of the test's own; if not, the reason is printed. */
export const canRunEngine = dockerd !== undefined;
if (!canRunEngine) missing("an engine of the test's own needs Linux, root and dockerd");

// Named, since it has no base image of its own to choose by.
const image = { agent: "none", base: localBase };

/** Gives an engine the images of sessions, which another builds. */
export async function giveImages(
  from: Docker,
  to: Docker,
  sessions: readonly object[],
  more: Readonly<Record<string, unknown>> = { image },
): Promise<void> {
  const builder = new Rig(from, "own-engine");
  const images = await builder.engine(sessions, more).buildImages();
  await builder.dispose();
  for (const { name } of images) {
    const loaded = await to.loadImage(await from.getImage(name).get());
    await new Promise((resolve, reject) =>
      loaded
        .on("data", () => {})
        .once("end", resolve)
        .once("error", reject),
    );
  }
}

const networkOf = (pid?: number) => readlinkSync(`/proc/${pid}/ns/net`);

/** Ends a process, unless it has ended or was never started, and waits for it. */
export async function endOf(started: ChildProcess | undefined, signal: NodeJS.Signals): Promise<void> {
  if (started === undefined || started.exitCode !== null || started.signalCode !== null) return;
  const ended = once(started, "exit");
  started.kill(signal);
  await ended;
}

/** An engine of the test's own beside the machine's, with stock settings, whose death hurts nobody else. */
export class OwnEngine {
  readonly folder = mkdtempSync(join(tmpdir(), "agent-sessions-engine-"));
  readonly socket = join(this.folder, "docker.sock");
  readonly docker = new Docker({ socketPath: this.socket });
  readonly #bridge = `sessions-${process.pid % 100_000}`;
  readonly #resolver: string | undefined;
  readonly #configuration: object;
  readonly #hosts: readonly string[];
  readonly #begin: string | undefined;
  #apart: ChildProcess | undefined;
  #process: ChildProcess | undefined;

  /**
   * @param options.resolver the address in its `/etc/resolv.conf`; the machine's own when left out
   * @param options.configuration its daemon.json; stock settings when left out
   * @param options.apart on a network of its own, which leads nowhere, with the firewall that it would have on a machine of its own;
   *   with that machine's name, where one is given
   * @param options.hosts where it listens besides its socket
   */
  constructor({
    resolver,
    configuration = {},
    apart = false,
    hosts = [],
  }: {
    readonly resolver?: string;
    readonly configuration?: object;
    readonly apart?: boolean | string;
    readonly hosts?: readonly string[];
  } = {}) {
    this.#resolver = resolver;
    this.#configuration = configuration;
    this.#hosts = hosts;
    const begin = `${typeof apart === "string" ? `hostname ${apart}; ` : ""}ip link set lo up; exec sleep infinity`;
    if (apart !== false) this.#begin = begin;
  }

  /** The command line by which a program runs on the engine's network, and under its machine's name. */
  beside(command: readonly string[]): [string, ...string[]] {
    const [program = "", ...args] = command;
    return this.#apart === undefined ? [program, ...args] : ["nsenter", "--net", "--uts", `--target=${this.#apart.pid}`, program, ...args];
  }

  /** The process whose network is the engine's own, once that is there. */
  async apart(): Promise<number> {
    this.#apart ??= spawn("unshare", ["--uts", "--net", "sh", "-c", this.#begin ?? ""], { stdio: "ignore" });
    // Until the process has left it, its network is the machine's.
    await until(async () => networkOf(this.#apart?.pid) !== networkOf(process.pid), 10, "a network of the engine's own");
    return this.#apart?.pid ?? 0;
  }

  /** Starts the engine. After a SIGKILL its containerd lives on, and a first start may give up on it: the second finds it gone. */
  async start(): Promise<void> {
    if (this.#begin !== undefined) await this.apart();
    for (const attempt of [1, 2]) {
      rmSync(join(this.folder, "pid"), { force: true });
      this.spawn();
      await until(
        async () =>
          this.#process?.exitCode !== null ||
          (await this.docker.ping().then(
            () => true,
            () => false,
          )),
        90,
        `the engine's start (${this.folder}/log)`,
      );
      if (this.#process?.exitCode === null) return;
      if (attempt === 2) throw new Error(`the engine did not start: ${readFileSync(join(this.folder, "log"), "utf8").slice(-500)}`);
    }
  }

  private spawn(): void {
    writeFileSync(join(this.folder, "daemon.json"), JSON.stringify(this.#configuration));
    const log = openSync(join(this.folder, "log"), "a");
    const paths = [
      "--host",
      `unix://${this.socket}`,
      ...this.#hosts.flatMap((host) => ["--host", host]),
      "--data-root",
      join(this.folder, "data"),
      "--exec-root",
      join(this.folder, "run"),
      "--pidfile",
      join(this.folder, "pid"),
      "--config-file",
      join(this.folder, "daemon.json"),
    ];
    const command = [dockerd ?? "dockerd", ...paths, ...(this.#begin === undefined ? this.makeBridge() : [])];
    if (this.#resolver !== undefined) {
      writeFileSync(join(this.folder, "resolv.conf"), `nameserver ${this.#resolver}\n`);
      command.unshift("unshare", "--mount", "sh", "-c", `mount --bind '${this.folder}/resolv.conf' /etc/resolv.conf && exec "$@"`, "sh");
    }
    const [program, ...args] = this.beside(command);
    this.#process = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /**
   * A bridge of its own: with none, or with that of the same name, it would take the machine's away. It leaves the firewall alone.
   *
   * @returns the options that name it
   */
  private makeBridge(): string[] {
    if (spawnSync("ip", ["link", "show", this.#bridge]).status !== 0) {
      for (const words of [
        `link add ${this.#bridge} type bridge`,
        `addr add 10.213.${process.pid % 256}.1/28 dev ${this.#bridge}`,
        `link set ${this.#bridge} up`,
      ])
        execFileSync("ip", words.split(" "));
    }
    return ["--bridge", this.#bridge, "--iptables=false", "--ip6tables=false"];
  }

  /** Settings with which its sessions are described. */
  get settings(): Readonly<Record<string, unknown>> {
    return { local: { engine: `unix://${this.socket}` }, image };
  }

  /** Gives it the images of sessions, which the machine's engine builds. */
  take(from: Docker, sessions: readonly object[] = [], more?: Readonly<Record<string, unknown>>): Promise<void> {
    return giveImages(from, this.docker, sessions, more);
  }

  /** Removes its folder and its bridge; a killed engine leaves its data root mounted on itself. */
  dispose(): void {
    this.#apart?.kill("SIGKILL");
    if (this.#begin === undefined) spawnSync("ip", ["link", "delete", this.#bridge], { stdio: "ignore" });
    // A killed engine leaves its data root mounted on itself, and its own network namespace.
    const mounts = readFileSync("/proc/self/mounts", "utf8").split("\n");
    const below = mounts.map((line) => line.split(" ")[1] ?? "").filter((path) => path.startsWith(`${this.folder}/`));
    for (const path of below.toReversed()) spawnSync("umount", ["--lazy", path], { stdio: "ignore" });
    rmSync(this.folder, { recursive: true, force: true });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    await endOf(this.#process, signal);
  }
}
