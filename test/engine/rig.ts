import { once } from "node:events";
import { mkdtempSync, realpathSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { localBase } from "../../components/hardened-image/args.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { ensureBaseImage } from "../../stacks/platforms/docker/setup/base-image.ts";
import { textConfig } from "../../stacks/configuration.ts";
import { type Applied, applyPlan } from "../../stacks/embedded/apply.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import type { Reviewed } from "../../stacks/recorder/plan.ts";
import { readLive } from "../../stacks/embedded/live.ts";
import { planDeployment } from "../../stacks/embedded/plan.ts";
import type { Plan } from "../../stacks/recorder/plan.ts";
import { DockerRuntime } from "../../stacks/runtime/docker.ts";
import { waitHealthy } from "../../stacks/runtime/health.ts";
import type { Health } from "../../stacks/runtime/runtime.ts";
import { mayInstall, patience } from "../support/engine.ts";
import { noteDeployment } from "../support/left-behind.ts";
import { missing } from "../support/missing.ts";

/** A client for the engine of this machine; undefined, with the reason printed, when none answers. */
export async function liveEngine(): Promise<Docker | undefined> {
  const found = await findEngine();
  const docker = connectEngine(found);
  try {
    await docker.ping();
    await ensureBaseImage({ docker, install: await mayInstall(), report: () => {} });
    return docker;
  } catch (error) {
    missing(`no container engine answers at ${found.address} (${(error as Error).message})`);
    return undefined;
  }
}

/** A checkout of its own, so that a test's deployment is nobody else's. */
export class Rig {
  readonly docker: Docker;
  readonly stack: string;
  readonly root: string;

  /** @param root that of another checkout, whose commands are to take the sessions for their own */
  constructor(docker: Docker, stack = "test", root = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-test-")))) {
    this.docker = docker;
    this.stack = stack;
    this.root = root;
    noteDeployment(stack, root);
  }

  get runtime(): DockerRuntime {
    return new DockerRuntime(this.docker, { project: "agent-sessions", stack: this.stack, root: this.root });
  }

  engine(sessions: readonly object[], more: Readonly<Record<string, unknown>> = {}): EmbeddedEngine {
    const described = { sessions, image: { agent: "none" }, ...more };
    const config = textConfig({
      config: Object.fromEntries(Object.entries(described).map(([key, value]) => [`agent-sessions:${key}`, value])),
    });
    return new EmbeddedEngine({ project: "agent-sessions", stack: this.stack, root: this.root, config }, this.docker);
  }

  /** Brings the sessions up and waits until they are well. Throws when a step fails. */
  async up(
    sessions: readonly object[],
    more: Readonly<Record<string, unknown>> = {},
  ): Promise<{ reviewed: Reviewed; applied: Applied; health: Health[] }> {
    const engine = this.engine(sessions, more);
    const live = await engine.live();
    const reviewed = await engine.plan(live);
    if (reviewed.refusals.length > 0) throw new Error(reviewed.refusals.join("\n"));
    const applied = await engine.apply(reviewed.plan, live);
    const failures = applied.outcomes.flatMap(({ name, error }) => (error === undefined ? [] : [`${name}: ${error}`]));
    if (failures.length > 0) throw new Error(failures.join("\n"));
    const health = await waitHealthy(
      engine.settings.sessions.map(({ id }) => this.runtime.session(id)),
      180,
      () => {},
    );
    return { reviewed, applied, health };
  }

  /**
   * Deploys a program of the test's own, given the provider and the sessions' image, whatever the plan says of names that are taken.
   *
   * @returns the plan, and the failures of its steps
   */
  async deploy(
    program: (
      place: { readonly project: string; readonly stack: string; readonly image: pulumi.Output<string> },
      opts: { readonly provider: docker.Provider },
    ) => void,
  ): Promise<{ plan: Plan; failures: string[] }> {
    const { identity, settings } = this.engine([]);
    const found = await findEngine();
    const run = {
      project: identity.project,
      stack: this.stack,
      program: async () => {
        const opts = { provider: new docker.Provider("engine", { host: found.address }) };
        const image = new HardenedImage("session", { source: "session", ...settings.image, base: settings.image.base ?? localBase }, opts);
        program({ project: identity.project, stack: this.stack, image: image.reference }, opts);
        return {};
      },
      identity,
      docker: this.docker,
      live: await readLive(this.docker, identity),
    };
    const plan = await planDeployment(run);
    const { outcomes } = await applyPlan(plan, run);
    return { plan, failures: outcomes.flatMap(({ error }) => error ?? []) };
  }

  /** Runs a shell line in a session as the agent. */
  async shell(session: string, line: string): Promise<{ code: number; output: string }> {
    const exec = await this.docker
      .getContainer(`claude-agent-${session}`)
      // The engine keeps no order between two streams.
      .exec({ Cmd: ["bash", "-c", `exec 2>&1; ${line}`], AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    const { PassThrough } = await import("node:stream");
    const both = new PassThrough();
    both.on("data", (chunk: Buffer) => chunks.push(chunk));
    this.docker.modem.demuxStream(stream, both, both);
    await new Promise((resolve) => stream.once("end", resolve));
    const { ExitCode: code } = await exec.inspect();
    return { code: code ?? -1, output: Buffer.concat(chunks).toString("utf8").trim() };
  }

  /** Removes everything of the deployment, data included. */
  async dispose(): Promise<void> {
    const engine = this.engine([]);
    const failures = await engine.remove(engine.teardown(await engine.live(), true));
    rmSync(this.root, { recursive: true, force: true });
    if (failures.length > 0) throw new Error(failures.join("\n"));
  }
}

/** Ports of this machine that are free now. */
export async function freePorts(count: number, address = "127.0.0.1"): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, address));
  await Promise.all(servers.map((each) => once(each, "listening")));
  const ports = servers.map((each) => (each.address() as { port: number }).port);
  for (const each of servers) each.close();
  return ports;
}

/** Waits for a condition, asking again every 200 ms. @param seconds that count beyond two minutes only */
export async function until<T>(ask: () => Promise<T | undefined | false>, seconds: number, what: string): Promise<T> {
  const deadline = Date.now() + Math.max(seconds, patience) * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > deadline) throw new Error(`${what} did not happen within ${Math.max(seconds, patience)} s`);
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
}
