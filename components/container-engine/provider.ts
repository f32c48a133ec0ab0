import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { FoundEngine } from "./find.ts";
import { speakTo } from "./hooks.ts";
import type { EngineKind } from "./kind.ts";

const kinds = new WeakMap<object, EngineKind>();

/** Docker's provider for an engine that was found; the hooks of what it makes speak to that engine too. */
export class EngineProvider extends docker.Provider {
  constructor(name: string, engine: FoundEngine, opts?: pulumi.ResourceOptions, kind: EngineKind = "docker") {
    super(name, { host: engine.address, ...(engine.certPath !== undefined && { certPath: engine.certPath }) }, opts);
    speakTo(this, engine);
    kinds.set(this, kind);
  }
}

/** What runs the containers that a component makes. */
export function engineOf(component: pulumi.Resource): EngineKind {
  return kinds.get(component.getProvider("docker:index/container:Container") ?? component) ?? "docker";
}
