import type Docker from "dockerode";
import type { StackSource } from "../../configuration.ts";
import { EmbeddedEngine } from "../../embedded/engine.ts";
import { readLive } from "../../embedded/live.ts";
import { limitTo } from "../../recorder/plan.ts";
import type { Secrets } from "../../secrets.ts";
import type { BuiltInEngine, Proposal } from "../platform.ts";
import { ofSessions } from "./session-objects.ts";

/** Rolls out through the Engine API. */
export class DockerEngine implements BuiltInEngine {
  readonly #docker: Docker;
  readonly #engine: EmbeddedEngine;

  constructor(source: StackSource, docker: Docker, secrets: Secrets | undefined) {
    this.#docker = docker;
    this.#engine = new EmbeddedEngine(source, docker, secrets);
  }

  async plan({ adopt = false, only }: { readonly adopt?: boolean; readonly only?: readonly string[] } = {}): Promise<Proposal> {
    const engine = this.#engine;
    const live = await engine.live();
    const reviewed = limitTo(await engine.plan(live, { adopt }), only);
    return {
      ...reviewed,
      shortage: () => engine.shortage(reviewed.plan),
      apply: async (options) => (await engine.apply(reviewed.plan, live, { ...options, ...(only !== undefined && { only }) })).outcomes,
    };
  }

  async remove(ids: readonly string[] | undefined, deleteData: boolean, removed: (type: string, name: string) => void): Promise<string[]> {
    // What somebody changed by hand goes as well, so nobody looks for it.
    const live = await readLive(this.#docker, this.#engine.identity);
    const going = new Set(ofSessions(live.own, ids));
    const steps = this.#engine.teardown(live, deleteData).filter((step) => step.live !== undefined && going.has(step.live));
    return this.#engine.remove(steps, ({ type, name }) => removed(type, name));
  }
}
