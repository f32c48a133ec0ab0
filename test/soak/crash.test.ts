import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { which } from "../../stacks/cli/setup/command.ts";
import { askHealth } from "../../stacks/embedded/health.ts";
import { imageType } from "../../stacks/embedded/live.ts";
import { changes } from "../../stacks/embedded/plan.ts";
import { liveEngine, Rig, until } from "../engine/rig.ts";

const docker = await liveEngine();
const dockerd = process.platform === "linux" && process.getuid?.() === 0 ? which("dockerd") : undefined;
if (dockerd === undefined) console.warn("skipped: an engine of the test's own needs Linux, root and dockerd");
const minutes = 60_000;

/** An engine of the test's own beside the machine's, so that its death hurts nobody else. */
class OwnEngine {
  readonly folder = mkdtempSync(join(tmpdir(), "agent-sessions-engine-"));
  readonly socket = join(this.folder, "docker.sock");
  readonly docker = new Docker({ socketPath: this.socket });
  #process: ChildProcess | undefined;

  /** Starts the engine. After a SIGKILL its containerd lives on, and a first start may give up on it: the second finds it gone. */
  async start(): Promise<void> {
    for (const attempt of [1, 2]) {
      rmSync(join(this.folder, "pid"), { force: true });
      this.spawn();
      await until(async () => this.#process?.exitCode !== null || (await this.docker.ping().then(() => true, () => false)), 90, `the engine's start (${this.folder}/log)`);
      if (this.#process?.exitCode === null) return;
      if (attempt === 2) throw new Error(`the engine did not start: ${readFileSync(join(this.folder, "log"), "utf8").slice(-500)}`);
    }
  }

  private spawn(): void {
    const log = openSync(join(this.folder, "log"), "a");
    const paths = ["--host", `unix://${this.socket}`, "--data-root", join(this.folder, "data"), "--exec-root", join(this.folder, "run"), "--pidfile", join(this.folder, "pid")];
    // Without a bridge of its own it leaves the machine's firewall alone.
    this.#process = spawn(dockerd ?? "dockerd", [...paths, "--bridge", "none", "--iptables=false", "--ip6tables=false"], { stdio: ["ignore", log, log] });
    closeSync(log);
  }

  /** Removes its folder; a killed engine leaves its data root mounted on itself. */
  dispose(): void {
    spawnSync("umount", [join(this.folder, "data")], { stdio: "ignore" });
    rmSync(this.folder, { recursive: true, force: true });
  }

  async end(signal: NodeJS.Signals): Promise<void> {
    const ended = new Promise((resolve) => this.#process?.once("exit", resolve));
    this.#process?.kill(signal);
    await ended;
  }
}

describe.skipIf(docker === undefined || dockerd === undefined)("an engine that is killed", () => {
  const engine = new OwnEngine();
  const base = "agent-sessions-base:bookworm";
  let rig: Rig;
  const sessions = ["c-one", "c-two"].map((id) => ({ id }));
  const settings = { engine: `unix://${engine.socket}`, image: { agent: "none", base } };

  beforeAll(async () => {
    // The machine's own engine builds the image; the other takes it over.
    const builder = new Rig(docker as NonNullable<typeof docker>, "crash-image");
    const { reviewed } = await builder.up([], { image: settings.image });
    const image = String(reviewed.plan.run.registrations.find(({ type }) => type === imageType)?.inputs.imageName);
    await builder.dispose();
    await engine.start();
    rig = new Rig(engine.docker, "crash");
    const loaded = await engine.docker.loadImage(await (docker as NonNullable<typeof docker>).getImage(image).get());
    await new Promise((resolve, reject) => loaded.on("data", () => {}).once("end", resolve).once("error", reject));
  }, 10 * minutes);
  afterAll(async () => {
    await rig.dispose();
    await engine.end("SIGTERM");
    engine.dispose();
  }, 2 * minutes);

  test.each(["SIGKILL", "SIGTERM"] as const)("by %s has its sessions back by themselves when it starts again, with their data", async (signal) => {
    await rig.up(sessions, settings);
    await rig.shell("c-one", `echo ${signal} > /session/marker && echo ${signal} > /workspace/marker`);
    await engine.end(signal);
    await engine.start();
    for (const { id } of sessions) await until(async () => (await askHealth(rig.docker, id, `claude-agent-${id}`)).status === "healthy", 30, `the return of ${id}`);
    expect((await rig.shell("c-one", "cat /session/marker /workspace/marker")).output).toBe(`${signal}\n${signal}`);
    const embedded = rig.engine(sessions, settings);
    expect(changes((await embedded.plan(await embedded.live())).plan)).toBe(false);
  }, 3 * minutes);
});
