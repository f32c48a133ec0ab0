import type { EngineClient } from "../../components/container-engine/connect.ts";
import { managerRefusal, type SwarmInfo } from "../../components/swarm/state.ts";
import type { Settings } from "../settings.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { SwarmRuntime } from "../runtime/swarm.ts";
import { DockerPlatform } from "./docker.ts";
import type { Consent, Finding, LiveStack, Say } from "./platform.ts";

/** The manager of a swarm that a stack names, or that this machine is: a Docker Engine, whose sessions are services. */
export class SwarmPlatform extends DockerPlatform {
  override async prepare(settings: Settings, consent: Consent, say: Say): Promise<LiveStack> {
    const live = await super.prepare(settings, consent, say);
    await this.#manager();
    return live;
  }

  override async runtime(): Promise<SessionRuntime> {
    return this.runtimeOn(await this.#manager());
  }

  override async open(): Promise<LiveStack> {
    return this.stackOn(await this.#manager());
  }

  override async examine(settings: Settings, seconds: number): Promise<readonly Finding[]> {
    const found = await super.examine(settings, seconds);
    const docker = await this.client();
    if (docker === undefined) return found;
    const { examineDaemon } = await import("./swarm/examine.ts");
    return [...found, ...examineDaemon(await docker.info())];
  }

  protected override runtimeOn(docker: EngineClient): SwarmRuntime {
    return new SwarmRuntime(docker, this.source);
  }

  /** @throws Error with the way out where no service can be made */
  async #manager(): Promise<EngineClient> {
    const docker = await this.answering();
    const refusal = managerRefusal((await docker.info()) as SwarmInfo);
    if (refusal === undefined) return docker;
    const { address, source: how } = await this.find();
    throw new Error(`the engine at ${address} (${how}) ${refusal}`);
  }
}
