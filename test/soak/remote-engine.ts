import { type ChildProcess, execFileSync, spawn, spawnSync } from "node:child_process";
import { chmodSync, closeSync, copyFileSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { until } from "../engine/rig.ts";
import { Authority } from "../support/authority.ts";
import { missing } from "../support/missing.ts";
import { canRunEngine, endOf, OwnEngine } from "./own-engine.ts";

const lacking = ["sshd", "ssh", "ssh-keygen", "openssl", "docker", "iptables"].filter((program) => which(program) === undefined);

/** Whether this machine can stand in for another one that is entered by ssh and TLS; if not, the reason is printed. */
export const canReachEngine = canRunEngine && lacking.length === 0;
if (canRunEngine && !canReachEngine) missing(`an engine that is reached over a network needs ${lacking.join(", ")}`);

/** Docker's port of TLS. */
const port = 2376;

/**
 * An engine on a machine of its own, as far as one kernel can give it: another name, a network with a cable to this one, and a
 * server that lets one key in. Its containers get out by way of this machine.
 */
export class RemoteEngine {
  readonly name = "far-machine";
  readonly here: string;
  readonly there: string;
  readonly engine: OwnEngine;
  readonly authority: Authority;
  /** Keys and what ssh is told; its folder. */
  readonly ssh: string;
  readonly #cable = `far-${process.pid % 1_000_000}`;
  #sshd: ChildProcess | undefined;
  /** The folder that sshd asks for, where it was not there. */
  #made: string | undefined;

  constructor() {
    const block = `10.214.${process.pid % 256}`;
    [this.here, this.there] = [`${block}.1`, `${block}.2`];
    // Its folder has to be known before what lies in it.
    const configuration: Record<string, unknown> = { tlsverify: true };
    this.engine = new OwnEngine({ apart: this.name, hosts: [`tcp://0.0.0.0:${port}`], configuration });
    this.authority = new Authority(join(this.engine.folder, "authority"));
    const { cert, key } = this.authority.issue("server", `IP:${this.there}`);
    Object.assign(configuration, { tlscacert: this.authority.cert, tlscert: cert, tlskey: key });
    this.ssh = join(this.engine.folder, "ssh");
  }

  /** @param client of the certificate; one of the engine's own authority when left out. @returns the variables that lead to it by TLS */
  tls(stem: string, { ca = this.authority.cert, client = this.authority.issue(stem) }: Partial<Certificates> = {}) {
    const folder = join(this.engine.folder, `tls-${stem}`);
    mkdirSync(folder);
    copyFileSync(ca, join(folder, "ca.pem"));
    copyFileSync(client.cert, join(folder, "cert.pem"));
    copyFileSync(client.key, join(folder, "key.pem"));
    return { DOCKER_HOST: `tcp://${this.there}:${port}`, DOCKER_TLS_VERIFY: "1", DOCKER_CERT_PATH: folder };
  }

  /**
   * Writes what a user's ~/.ssh holds, and an ssh that reads it: OpenSSH finds that folder by the user, and not by HOME.
   *
   * @param identity the key to sign in with
   * @param known the keys of hosts
   * @returns the variables with which commands find it
   */
  sshAs(stem: string, { identity = join(this.ssh, "user"), known = this.knownHosts(), host = this.there } = {}) {
    const folder = join(this.ssh, stem);
    mkdirSync(folder);
    writeFileSync(join(folder, "known_hosts"), known);
    writeFileSync(
      join(folder, "config"),
      `Host far\n  HostName ${host}\n  HostKeyAlias far\n  IdentityFile ${identity}\n  IdentitiesOnly yes\n  IdentityAgent none\n` +
        `  UserKnownHostsFile ${folder}/known_hosts\n  GlobalKnownHostsFile none\n`,
    );
    writeFileSync(join(folder, "ssh"), `#!/bin/sh\nexec ${which("ssh")} -F ${folder}/config "$@"\n`);
    chmodSync(join(folder, "ssh"), 0o755);
    return { PATH: `${folder}:${process.env.PATH}`, DOCKER_HOST: "ssh://root@far" };
  }

  knownHosts(key = "host"): string {
    return `far ${readFileSync(join(this.ssh, `${key}.pub`), "utf8")}`;
  }

  /** Another key, which nobody knows. @returns its path */
  makeKey(name: string): string {
    const path = join(this.ssh, name);
    execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", path]);
    return path;
  }

  async start(): Promise<void> {
    await this.#layCable();
    await this.engine.start();
    mkdirSync(this.ssh, { mode: 0o700 });
    this.makeKey("host");
    copyFileSync(`${this.makeKey("user")}.pub`, join(this.ssh, "authorized_keys"));
    await this.startServer();
  }

  async startServer(): Promise<void> {
    this.#made ??= mkdirSync("/run/sshd", { recursive: true });
    writeFileSync(
      join(this.ssh, "sshd_config"),
      `ListenAddress ${this.there}\nHostKey ${this.ssh}/host\nAuthorizedKeysFile ${this.ssh}/authorized_keys\nStrictModes no\n` +
        `PasswordAuthentication no\nKbdInteractiveAuthentication no\nPidFile none\n` +
        `SetEnv DOCKER_HOST=unix://${this.engine.socket} PATH=${process.env.PATH}\n`,
    );
    const [program, ...args] = this.engine.beside([which("sshd") ?? "sshd", "-D", "-e", "-f", join(this.ssh, "sshd_config")]);
    const log = openSync(join(this.ssh, "log"), "a");
    this.#sshd = spawn(program, args, { stdio: ["ignore", log, log] });
    closeSync(log);
    await until(() => answers(this.there, 22), 10, `the start of sshd (${this.ssh}/log)`);
  }

  async stopServer(): Promise<void> {
    await endOf(this.#sshd, "SIGTERM");
  }

  /** What of a stack the engine holds, by name. */
  async held(stack: string) {
    const filters = { label: [`stack=agent-sessions/${stack}`] };
    const { docker } = this.engine;
    const [containers, networks, { Volumes }] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listNetworks({ filters }),
      docker.listVolumes({ filters }),
    ]);
    return {
      containers: containers.flatMap(({ Names }) => Names).sort(),
      networks: networks.map(({ Name }) => Name).sort(),
      volumes: Volumes.map(({ Name }) => Name).sort(),
    };
  }

  async #layCable(): Promise<void> {
    const pid = await this.engine.apart();
    const inside = (words: string) => {
      const [program, ...args] = this.engine.beside(words.split(" "));
      execFileSync(program, args);
    };
    execFileSync("ip", `link add ${this.#cable} type veth peer name eth0 netns ${pid}`.split(" "));
    execFileSync("ip", `addr add ${this.here}/30 dev ${this.#cable}`.split(" "));
    execFileSync("ip", `link set ${this.#cable} up`.split(" "));
    inside(`ip addr add ${this.there}/30 dev eth0`);
    inside("ip link set eth0 up");
    inside(`ip route add default via ${this.here}`);
    // Which doctor asks for, and a network of its own does not have from the start.
    inside("sysctl -qw net.ipv4.conf.all.rp_filter=2");
    for (const rule of this.#wayOut("-I")) execFileSync("iptables", rule);
  }

  /** What lets its containers out; an engine of this machine's has it forward packets already. */
  #wayOut(operation: "-I" | "-D"): string[][] {
    const own = ["-m", "comment", "--comment", this.#cable, "-j"];
    return [
      ["-t", "nat", operation, "POSTROUTING", "-s", `${this.there}/32`, ...own, "MASQUERADE"],
      [operation, "FORWARD", "-i", this.#cable, ...own, "ACCEPT"],
      [operation, "FORWARD", "-o", this.#cable, ...own, "ACCEPT"],
    ];
  }

  async dispose(): Promise<void> {
    for (const rule of this.#wayOut("-D")) spawnSync("iptables", rule, { stdio: "ignore" });
    spawnSync("ip", ["link", "delete", this.#cable], { stdio: "ignore" });
    if (this.#made !== undefined) rmSync(this.#made, { recursive: true, force: true });
    await this.stopServer();
    await this.engine.end("SIGTERM");
    this.engine.dispose();
  }
}

interface Certificates {
  readonly ca: string;
  readonly client: ReturnType<Authority["issue"]>;
}

/** Whether somebody takes connections there. */
function answers(host: string, at: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(at, host, () => resolve(socket.destroy() !== undefined));
    socket.once("error", () => resolve(false));
  });
}
