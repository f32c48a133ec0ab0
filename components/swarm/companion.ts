import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { limitedService } from "../container-engine/hooks.ts";
import { volumeOf } from "../container-engine/mounts.ts";
import { ownVolume } from "../container-engine/own-volume.ts";
import { type Logs, type Service, userOf } from "../session-part.ts";
import { deliver } from "./delivered.ts";
import { overlay, toOverlay } from "./overlay.ts";
import { placeOf } from "./provider.ts";
import { toHardenedService } from "./service.ts";

/** Seconds between two checks of what serves a session. Swarm tells nobody of a task, by any name, before its first one. */
export const serviceCheckInterval = 5;

/** A companion beside its session, with a network of its own: what it leaves for the session lies in a volume of the node. */
export class SwarmCompanion extends pulumi.ComponentResource {
  /** What must be there before the session starts. */
  readonly resources: readonly pulumi.Resource[];

  /** @param type the component's own; @param of the labels of whom it serves, and how what it prints is kept */
  constructor(
    type: string,
    name: string,
    companion: Service,
    of: { readonly labels: Readonly<Record<string, string>>; readonly logs: Logs | undefined },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(`agent-sessions:swarm:${type}`, name, {}, opts);
    const labels = { ...of.labels, kind: companion.kind };
    const parent = { parent: this };
    const volumes = companion.mounts.flatMap(({ source }) =>
      source.kind === "companion" ? [ownVolume(`${name}-volume`, { volume: volumeOf(source, companion.name), labels }, this)] : [],
    );
    // No session is ever in it, so it is labelled as none's.
    const { session_id: _, ...ofNetwork } = labels as Record<string, string>;
    const network = overlay(`${name}-network`, toOverlay(companion.name, companion.reaches === "nothing", ofNetwork), this);
    const user = userOf(companion);
    const inputs = toHardenedService(
      {
        ...companion,
        user,
        labels,
        health: { ...companion.health, interval: serviceCheckInterval },
        logs: of.logs,
        delivered: deliver(name, companion.mounts, { service: companion.name, labels, user }, this),
        networks: [{ id: network.id }],
        hostname: companion.kind,
      },
      placeOf(this),
    );
    const service = new docker.Service(`${name}-service`, inputs, {
      ...parent,
      dependsOn: [...volumes, network],
      replaceWith: [...volumes, network],
      deleteBeforeReplace: true,
      hooks: limitedService(this),
    });
    this.resources = [service];
    this.registerOutputs({ service: companion.name });
  }
}
