import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { FoundEngine } from "./find.ts";
import { speakTo } from "./hooks.ts";

/** Docker's provider for an engine that was found; the hooks of what it makes speak to that engine too. */
export class EngineProvider extends docker.Provider {
  constructor(name: string, engine: FoundEngine, opts?: pulumi.ResourceOptions) {
    super(name, { host: engine.address, ...(engine.certPath !== undefined && { certPath: engine.certPath }) }, opts);
    speakTo(this, engine);
  }
}
