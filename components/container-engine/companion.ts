import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Companion, type Logs, userOf } from "../session-part.ts";
import { toBridge } from "./bridge.ts";
import { toHardened, toLogs, toService } from "./hardened.ts";
import { limitedProcesses, runOnce } from "./hooks.ts";
import type { EngineKind } from "./kind.ts";
import { volumeOf } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";
import { ownVolume } from "./own-volume.ts";
import { engineOf } from "./provider.ts";
import { secretFiles } from "./secret-file.ts";

/** A companion with a network of its own at most: what it leaves for its session lies in a volume. */
export class DockerCompanion extends pulumi.ComponentResource {
  /** What must be there before the session starts. */
  readonly resources: readonly pulumi.Resource[];

  /** @param type the component's own; @param of the labels of whom it serves, and how what it prints is kept */
  constructor(
    type: string,
    name: string,
    companion: Companion,
    of: { readonly labels: Readonly<Record<string, string>>; readonly logs: Logs | undefined },
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(`agent-sessions:docker:${type}`, name, {}, opts);
    const own = { ...of.labels, kind: companion.kind };
    const parent = { parent: this };
    const volumes = companion.mounts.flatMap(({ source }) =>
      source.kind === "companion" || source.kind === "shared"
        ? [ownVolume(`${name}-volume`, { volume: volumeOf(source, companion.name), labels: own }, this)]
        : [],
    );
    const networks =
      companion.reaches === "any host"
        ? [new docker.Network(`${name}-network`, toOpenNetwork(companion.name, own), { ...parent, deleteBeforeReplace: true })]
        : [];
    const files = secretFiles(name, companion.mounts, { container: companion.name, image: companion.image, labels: own }, parent);
    const before = companion.runs === "before";
    const container = new docker.Container(`${name}-${before ? "fetch" : "container"}`, toDocker(companion, own, of.logs, engineOf(this)), {
      ...parent,
      dependsOn: [...volumes, ...networks, ...[...files.values()].flat()],
      replaceWith: [...volumes, ...networks, ...(companion.runs === "before" && companion.again ? (files.get("secret") ?? []) : [])],
      deleteBeforeReplace: true,
      hooks: before ? { afterCreate: [runOnce(this)] } : limitedProcesses(this),
    });
    this.resources = [container];
    this.registerOutputs({ container: companion.name });
  }
}

/** The provider's inputs for a companion. A job is made stopped; the hook `runOnce` starts it and waits for its end. */
function toDocker(companion: Companion, labels: Readonly<Record<string, string>>, logs: Logs | undefined, engine: EngineKind) {
  return {
    ...toHardened({ ...companion, user: userOf(companion), labels, engine }),
    workingDir: "/workspace",
    ...(companion.reaches === "nothing" ? { networkMode: "none" } : { networksAdvanced: [{ name: companion.name }] }),
    ...(companion.runs === "before"
      ? { ...toLogs(logs, { maxSizeMegabytes: 1, maxFiles: 2 }), restart: "no", start: false, attach: true, mustRun: false, rm: false }
      : { ...toService(companion.health), ...toLogs(logs), destroyGraceSeconds: 10 }),
  };
}

/** The provider's inputs for a network of one container's own, from which it reaches any host. No session is ever in it, so it is labelled as none's. */
export function toOpenNetwork(name: string, { session_id: _, ...labels }: Readonly<Record<string, string>>) {
  return { ...toBridge(name, { leads: "anywhere", talking: false }), labels: dockerLabels(labels) };
}
