import { type ChildProcess, spawn } from "node:child_process";
import { chmodSync, chownSync, closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { get } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { localBase } from "../../components/hardened-image/args.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { until } from "../engine/rig.ts";
import { missing } from "../support/missing.ts";
import { endOf } from "./own-engine.ts";

const podman = process.platform === "linux" && process.getuid?.() === 0 ? which("podman") : undefined;

/** Whether this machine can run a Podman of the test's own; if not, the reason is printed. */
export const canRunPodman = podman !== undefined;
if (!canRunPodman) missing("a Podman of the test's own needs Linux, root and podman");

/** A Podman of the test's own, on a network of its own, which leads nowhere: its bridges and firewall end with it. */
export class OwnPodman {
  readonly folder = mkdtempSync(join(tmpdir(), "agent-sessions-podman-"));
  readonly socket = join(this.folder, "podman.sock");
  readonly docker = new Docker({ socketPath: this.socket });
  readonly #user: { readonly uid: number; readonly gid: number } | undefined;
  #process: ChildProcess | undefined;
  #checks: NodeJS.Timeout | undefined;

  /** @param user who runs it, without rights. @default root */
  constructor(user?: { readonly uid: number; readonly gid: number }) {
    this.#user = user;
  }

  async start(): Promise<void> {
    writeFileSync(join(this.folder, "containers.conf"), this.#configuration());
    if (this.#user !== undefined) {
      chownSync(this.folder, this.#user.uid, this.#user.gid);
      // The run's own folder, which holds this one, is root's alone.
      chmodSync(tmpdir(), statSync(tmpdir()).mode | 0o001);
    }
    const log = openSync(join(this.folder, "log"), "a");
    const own = [
      "--root",
      join(this.folder, "root"),
      "--runroot",
      join(this.folder, "run"),
      "--network-config-dir",
      join(this.folder, "net"),
    ];
    const { uid, gid } = this.#user ?? {};
    const as = uid === undefined ? [] : ["setpriv", "--reuid", `${uid}`, "--regid", `${gid}`, "--clear-groups"];
    const serve = [...as, podman ?? "podman", ...own, "system", "service", "--time", "0", `unix://${this.socket}`];
    const place = 'ip link set lo up && mount -t tmpfs tmpfs /run && exec "$@"';
    this.#process = spawn("unshare", ["--net", "--mount", "sh", "-c", place, "sh", ...serve], {
      // Where its containers' monitors leave a mark when memory runs out.
      cwd: this.folder,
      stdio: ["ignore", log, log],
      env: { ...process.env, HOME: this.folder, XDG_RUNTIME_DIR: this.folder, CONTAINERS_CONF: join(this.folder, "containers.conf") },
    });
    closeSync(log);
    const up = () => this.docker.ping().then(Boolean, () => false);
    await until(async () => this.#process?.exitCode !== null || (await up()), 30, "Podman's start");
    if (this.#process.exitCode !== null)
      throw new Error(`Podman did not start: ${readFileSync(join(this.folder, "log"), "utf8").slice(-500)}`);
    this.#checks = setInterval(() => void this.#check().catch(() => {}), 1000);
  }

  /** For a machine without systemd, whose root may not raise limits. */
  #configuration(): string {
    const engine = '[engine]\ncgroup_manager = "cgroupfs"\nevents_logger = "file"\n';
    const runc = which("runc");
    if (runc === undefined) return engine;
    const wrapper = join(this.folder, "runc");
    // Podman asks for more than that.
    const lower =
      's/("RLIMIT_NPROC"),"hard":[0-9]+,"soft":[0-9]+/\\1,"hard":4096,"soft":4096/; s/"hard":1048576,"soft":1048576/"hard":8192,"soft":4096/';
    const asked = 'file=; for word; do case "$last" in --bundle) file=$word/config.json;; --process) file=$word;; esac; last=$word; done';
    writeFileSync(wrapper, `#!/bin/sh\n${asked}\n[ -z "$file" ] || sed -E -i '${lower}' "$file"\nexec ${runc} "$@"\n`, { mode: 0o755 });
    // crun refuses a machine whose control groups are of both versions.
    return `${engine}runtime = "runc"\n[engine.runtimes]\nrunc = ["${wrapper}"]\n`;
  }

  /** Settings with which its sessions are described. */
  get settings(): Readonly<Record<string, unknown>> {
    return { local: { engine: `unix://${this.socket}` }, image: { agent: "none", base: localBase } };
  }

  /** Runs what is checked of each container, which Podman leaves to systemd: here there is none. */
  async #check(): Promise<void> {
    for (const { Id, Labels } of await this.docker.listContainers())
      if (Labels.session_id !== undefined)
        await new Promise<void>((resolve) => {
          const path = `/v4.0.0/libpod/containers/${Id}/healthcheck`;
          get({ socketPath: this.socket, path }, (answer) => void answer.resume().once("end", resolve)).once("error", () => resolve());
        });
  }

  async end(): Promise<void> {
    clearInterval(this.#checks);
    await endOf(this.#process, "SIGTERM");
    rmSync(this.folder, { recursive: true, force: true });
  }
}
