import { connectEngine, type EngineClient } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { engineAddress, type StackSource } from "../configuration.ts";
import type { Settings } from "../settings.ts";
import { DockerStack } from "./docker/live-stack.ts";
import type { Consent, Finding, Platform, Say } from "./platform.ts";

/** The Docker Engine or Podman that a stack names, or that this machine has. What only some commands need is loaded by these. */
export class DockerPlatform implements Platform {
  readonly #source: StackSource;

  constructor(source: StackSource) {
    this.#source = source;
  }

  async prepare(settings: Settings, consent: Consent, say: Say): Promise<DockerStack> {
    const { prepareMachine } = await import("./docker/setup/machine.ts");
    return new DockerStack(await prepareMachine(settings, consent, say), this.#source);
  }

  async reach(): Promise<DockerStack | undefined> {
    const docker = await this.#client();
    return docker && new DockerStack(docker, this.#source);
  }

  async open(): Promise<DockerStack> {
    const live = await this.reach();
    if (live !== undefined) return live;
    const { address, source: how } = await this.#find();
    throw new Error(
      `no container engine answers at ${address} (${how}); start it, or name another by agent-sessions:local: {engine: …}, or run "npm start", which can install one`,
    );
  }

  async examine(settings: Settings, seconds: number): Promise<readonly Finding[]> {
    const { address, source: how } = await this.#find();
    const docker = await this.#client();
    if (docker !== undefined) {
      const { examine } = await import("./docker/examine.ts");
      return examine(docker, settings, { where: `${address} (${how})`, seconds });
    }
    const means = 'nothing can be started; "npm start" can install and start one on Debian and Ubuntu';
    return [{ subject: "engine", found: `none at ${address} (${how})`, verdict: "missing", means }];
  }

  #find() {
    return findEngine({ address: engineAddress(this.#source.config) });
  }

  /** Nothing when no engine answers. */
  async #client(): Promise<EngineClient | undefined> {
    const docker = connectEngine(await this.#find());
    return docker.ping().then(
      () => docker,
      () => undefined,
    );
  }
}
