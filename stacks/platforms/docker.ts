import { chooseBase } from "../../components/container-engine/base-image.ts";
import { connectEngine, type EngineClient, greet } from "../../components/container-engine/connect.ts";
import { type FoundEngine, findEngine } from "../../components/container-engine/find.ts";
import { whyUnreached } from "../../components/container-engine/unreached.ts";
import { engineAddress, type StackSource } from "../configuration.ts";
import type { Settings } from "../settings.ts";
import { DockerRuntime } from "../runtime/docker.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import type { Consent, Finding, LiveStack, Platform, Say } from "./platform.ts";

/** The Docker Engine or Podman that a stack names, or that this machine has. What only some commands need is loaded by these. */
export class DockerPlatform implements Platform {
  protected readonly source: StackSource;

  constructor(source: StackSource) {
    this.source = source;
  }

  async prepare(settings: Settings, consent: Consent, say: Say): Promise<LiveStack> {
    const { prepareMachine } = await import("./docker/setup/machine.ts");
    return this.stackOn(await prepareMachine(settings, consent, say));
  }

  async runtime(): Promise<SessionRuntime> {
    return this.runtimeOn(await this.answering());
  }

  async open(): Promise<LiveStack> {
    return this.stackOn(await this.answering());
  }

  async reach(): Promise<LiveStack | undefined> {
    const docker = await this.client();
    return docker && this.stackOn(docker);
  }

  /** What runs the sessions of the stack on an engine. */
  protected runtimeOn(docker: EngineClient): DockerRuntime {
    return new DockerRuntime(docker, this.source);
  }

  /** What an engine holds of the stack. */
  protected async stackOn(docker: EngineClient): Promise<LiveStack> {
    const { DockerStack } = await import("./docker/live-stack.ts");
    return new DockerStack(docker, this.source, this.runtimeOn(docker));
  }

  async baseImage(): Promise<string> {
    // Nobody can say what an engine has that does not answer.
    await this.answering();
    return chooseBase(await this.find());
  }

  async examine(settings: Settings, seconds: number): Promise<readonly Finding[]> {
    const { engine, docker, fault } = await this.#ask();
    const { address, source: how } = engine;
    if (fault === undefined) {
      const { examine } = await import("./docker/examine.ts");
      return examine(docker, settings, { where: `${address} (${how})`, seconds });
    }
    const { openPodman } = await import("./docker/setup/engine.ts");
    const { which } = await import("./docker/setup/command.ts");
    const wayOut = which("podman") ? `Podman is installed: "${openPodman}"` : '"npm start" can install and start one on Debian and Ubuntu';
    const means = whyUnreached(engine, fault) ?? `nothing can be started; ${wayOut}`;
    return [{ subject: "engine", found: `none at ${address} (${how})`, verdict: "missing", means }];
  }

  protected find() {
    return findEngine({ address: engineAddress(this.source.config) });
  }

  protected async answering(): Promise<EngineClient> {
    const { engine, docker, fault } = await this.#ask();
    if (fault === undefined) return docker;
    const why = whyUnreached(engine, fault);
    const wayOut = 'start it, or name another by agent-sessions:local: {engine: …}, or run "npm start", which can install one';
    throw new Error(`no container engine answers at ${engine.address} (${engine.source})${why === undefined ? `; ${wayOut}` : `: ${why}`}`);
  }

  /** Nothing when no engine answers. */
  protected async client(): Promise<EngineClient | undefined> {
    const { docker, fault } = await this.#ask();
    return fault === undefined ? docker : undefined;
  }

  /** @returns with a fault when the engine does not answer */
  async #ask(): Promise<{ readonly engine: FoundEngine; readonly docker: EngineClient; readonly fault: unknown }> {
    const engine = await this.find();
    const docker = connectEngine(engine);
    return { engine, docker, fault: await greet(docker).catch((error: unknown) => error) };
  }
}
