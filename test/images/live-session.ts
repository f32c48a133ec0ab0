import { randomUUID } from "node:crypto";
import { cpSync, copyFileSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import type Docker from "dockerode";
import { beforeAll, type TestAPI, test } from "vitest";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { securityOpts } from "../../components/seccomp/docker.ts";
import { ensureBaseImage } from "../../stacks/platforms/docker/setup/base-image.ts";
import { mayInstall, patience } from "../support/engine.ts";

/** The engine that the tests run against. */
export const docker = connectEngine(await findEngine());

/** Why the live tests cannot run here; undefined when they can. */
export async function whyNot(): Promise<string | undefined> {
  try {
    await docker.ping();
    return undefined;
  } catch (error) {
    return `no container engine answers (${(error as Error).message})`;
  }
}

/** Builds the image from its sources, without an agent, and returns its id. Unchanged sources come from the engine's cache. */
export async function buildSessionImage(packages = ""): Promise<string> {
  const base = await ensureBaseImage({ docker, install: await mayInstall(), report: (line) => console.log(line) });
  const context = mkdtempSync(join(tmpdir(), "session-image-"));
  try {
    cpSync(join(import.meta.dirname, "../../images/session"), context, { recursive: true });
    const bundle = process.env.NODE_EXTRA_CA_CERTS;
    if (bundle !== undefined && existsSync(bundle)) copyFileSync(bundle, join(context, "ca-bundle.crt"));
    const stream = await docker.buildImage(
      { context, src: readdirSync(context) },
      { target: "slim", buildargs: { BASE_IMAGE: base, AGENT_PACKAGE: "", PACKAGES: packages } },
    );
    const events = await new Promise<{ aux?: { ID?: string }; error?: string; stream?: string }[]>((resolve, reject) => {
      docker.modem.followProgress(stream, (error, output) => (error ? reject(error) : resolve(output)));
    });
    const failed = events.find(({ error }) => error !== undefined);
    const id = events.findLast(({ aux }) => aux?.ID !== undefined)?.aux?.ID;
    if (failed !== undefined || id === undefined) throw new Error(events.map((event) => event.stream ?? event.error ?? "").join(""));
    return id;
  } finally {
    rmSync(context, { recursive: true, force: true });
  }
}

export interface LiveSessionOptions {
  readonly image: string;
  readonly environment?: Record<string, string>;
  /** @default 128; null for none */
  readonly processes?: number | null;
  readonly restart?: "no" | "always";
  /** Bytes of a workspace in memory. @default a volume */
  readonly workspace?: number;
  /** @default 1000 */
  readonly uid?: number;
  /** A session that has ended, whose volumes it takes over. @default new volumes */
  readonly after?: LiveSession;
  /** More mounts, as `source:target:options`. */
  readonly binds?: readonly string[];
  /** The name of a network that it joins. @default none */
  readonly network?: string;
}

/** A container that is held to the hardened baseline, with volumes of its own. */
export class LiveSession {
  readonly container: Docker.Container;
  private readonly volumes: readonly string[];
  private readonly takenOver: boolean;

  private constructor(container: Docker.Container, volumes: readonly string[], takenOver: boolean) {
    this.container = container;
    this.volumes = volumes;
    this.takenOver = takenOver;
  }

  static async start(options: LiveSessionOptions): Promise<LiveSession> {
    const {
      image,
      environment = {},
      processes = 128,
      restart = "no",
      uid = 1000,
      after,
      workspace,
      binds = [],
      network = "none",
    } = options;
    const name = `session-image-test-${randomUUID().slice(0, 8)}`;
    const volumes =
      after?.volumes ?? ["workspace", "session", "logs"].slice(workspace === undefined ? 0 : 1).map((kind) => `${name}-${kind}`);
    const container = await docker.createContainer({
      name,
      Image: image,
      User: `${uid}:1000`,
      Env: Object.entries({ SESSION_ID: "one", ...environment }).map(([key, value]) => `${key}=${value}`),
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: securityOpts("docker"),
        NetworkMode: network,
        RestartPolicy: { Name: restart },
        Memory: 1024 ** 3,
        ...(processes !== null && { PidsLimit: processes }),
        Tmpfs: {
          "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777",
          "/tmp/agent": `rw,noexec,nosuid,nodev,size=2m,uid=${uid},gid=1000,mode=0700`,
          ...(workspace !== undefined && { "/workspace": `rw,size=${workspace},uid=${uid},gid=1000` }),
        },
        Binds: [...volumes.map((volume) => `${volume}:/${volume.split("-").at(-1)}`), ...binds],
      },
    });
    await container.start();
    return new LiveSession(container, volumes, after !== undefined);
  }

  /** Runs a shell line in the container as the session's user, or another. */
  async exec(line: string, user?: string): Promise<{ code: number; out: string }> {
    const exec = await this.container.exec({
      Cmd: ["/bin/bash", "-c", line],
      ...(user !== undefined && { User: user }),
      AttachStdout: true,
      AttachStderr: true,
    });
    const stream = await exec.start({});
    const sink = new PassThrough();
    let out = "";
    sink.on("data", (chunk: Buffer) => {
      out += chunk.toString();
    });
    docker.modem.demuxStream(stream, sink, sink);
    await new Promise((resolve) => stream.on("end", resolve).on("close", resolve));
    return { code: (await exec.inspect()).ExitCode ?? -1, out: out.trim() };
  }

  /** What `session-health --report` says. */
  async health(): Promise<{ status: string; reason?: string; exitCode?: number; starts?: number }> {
    try {
      return JSON.parse((await this.exec("session-health --report")).out) as { status: string };
    } catch {
      return { status: "not running" };
    }
  }

  async logs(): Promise<string> {
    const raw = await this.container.logs({ stdout: true, stderr: true, follow: false });
    // Each piece has a header of 8 bytes, the last 4 of them its length.
    const pieces: string[] = [];
    for (let at = 0; at < raw.length; ) {
      const length = raw.readUInt32BE(at + 4);
      pieces.push(raw.subarray(at + 8, at + 8 + length).toString());
      at += 8 + length;
    }
    return pieces.join("");
  }

  async state(): Promise<{ running: boolean; exitCode: number; restarts: number }> {
    const { State, RestartCount } = await this.container.inspect();
    return { running: State.Running, exitCode: State.ExitCode, restarts: RestartCount };
  }

  async becomes(status: "healthy" | "complete" | "unhealthy" | "failed" | "key refused", seconds = 60): Promise<void> {
    await until(
      async () => (await this.health()).status === status,
      seconds,
      async () => `${status}; it is ${JSON.stringify(await this.health())}\n${await this.logs()}`,
    );
  }

  async ends(seconds = 60): Promise<number> {
    await until(
      async () => !(await this.state()).running,
      seconds,
      async () => "ended",
    );
    return (await this.state()).exitCode;
  }

  async remove(): Promise<void> {
    await this.container.remove({ force: true });
    if (!this.takenOver) for (const volume of this.volumes) await docker.getVolume(volume).remove({ force: true });
  }
}

type Start = (options?: Partial<LiveSessionOptions>) => Promise<LiveSession>;

/** Builds the image before the tests around it, and removes after each of them the sessions that it started. */
export function sessionTests(): {
  /** Hands a test what starts sessions. */
  readonly test: TestAPI<{ start: Start }>;
  /** Its id, once the tests run. */
  image(): string;
} {
  let image = "";
  beforeAll(async () => {
    image = await buildSessionImage();
  }, 600_000);
  return {
    test: test.extend<{ start: Start }>({
      // biome-ignore lint/correctness/noEmptyPattern: the runner reads from the pattern what a fixture needs.
      start: async ({}, use) => {
        const started: LiveSession[] = [];
        await use(async (options = {}) => {
          const session = await LiveSession.start({ image, ...options });
          started.push(session);
          return session;
        });
        for (const session of started.reverse()) await session.remove();
      },
    }),
    image: () => image,
  };
}

/** Waits for a condition; says what was waited for when it does not come. @param seconds that count beyond two minutes only */
export async function until(condition: () => Promise<boolean>, seconds: number, what: () => Promise<string>): Promise<void> {
  const allowed = Math.max(seconds, patience);
  const end = Date.now() + allowed * 1000;
  while (!(await condition())) {
    if (Date.now() > end) throw new Error(`not within ${allowed} s: ${await what()}`);
    await delay(100);
  }
}
