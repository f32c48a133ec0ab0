import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { type Companion, userOf } from "../session-part.ts";
import { logOpts, toHardened, toService } from "./hardened.ts";
import { ownVolumeGuard, processLimit, runOnce } from "./hooks.ts";
import { volumeOf } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";
import { secretFiles } from "./secret-file.ts";

/** A companion with a network of its own at most: what it leaves for its session lies in a volume. */
export class DockerCompanion extends pulumi.ComponentResource {
  /** What must be there before the session starts. */
  readonly resources: readonly pulumi.Resource[];

  /** @param type the component's own; @param labels those of whom it serves */
  constructor(
    type: string,
    name: string,
    companion: Companion,
    labels: Readonly<Record<string, string>>,
    opts?: pulumi.ComponentResourceOptions,
  ) {
    super(`agent-sessions:docker:${type}`, name, {}, opts);
    const own = { ...labels, kind: companion.kind };
    const parent = { parent: this };
    const volumes = companion.mounts.flatMap(({ source }) =>
      source.kind === "companion" || source.kind === "shared"
        ? [
            new docker.Volume(
              `${name}-volume`,
              { name: volumeOf(source, companion.name), driver: "local", labels: dockerLabels(own) },
              { ...parent, hooks: { beforeCreate: [ownVolumeGuard(this)] } },
            ),
          ]
        : [],
    );
    const networks =
      companion.reaches === "any host"
        ? [new docker.Network(`${name}-network`, toOpenNetwork(companion.name, own), { ...parent, deleteBeforeReplace: true })]
        : [];
    const files = secretFiles(name, companion.mounts, { container: companion.name, image: companion.image, labels: own }, parent);
    const limited = { afterCreate: [processLimit(this)], afterUpdate: [processLimit(this)] };
    const before = companion.runs === "before";
    const container = new docker.Container(`${name}-${before ? "fetch" : "container"}`, toDocker(companion, own), {
      ...parent,
      dependsOn: [...volumes, ...networks, ...[...files.values()].flat()],
      replaceWith: [...volumes, ...networks, ...(companion.runs === "before" && companion.again ? (files.get("secret") ?? []) : [])],
      deleteBeforeReplace: true,
      hooks: before ? { afterCreate: [runOnce(this)] } : limited,
    });
    this.resources = [container];
    this.registerOutputs({ container: companion.name });
  }
}

/** The provider's inputs for a companion. A job is made stopped; the hook `runOnce` starts it and waits for its end. */
function toDocker(companion: Companion, labels: Readonly<Record<string, string>>) {
  return {
    ...toHardened({ ...companion, user: userOf(companion), labels }),
    workingDir: "/workspace",
    ...(companion.reaches === "nothing" ? { networkMode: "none" } : { networksAdvanced: [{ name: companion.name }] }),
    ...(companion.runs === "before"
      ? { logOpts: { "max-size": "1m", "max-file": "2" }, restart: "no", start: false, attach: true, mustRun: false, rm: false }
      : { ...toService(companion.health), logOpts, destroyGraceSeconds: 10 }),
  };
}

/** The provider's inputs for a network of one container's own, from which it reaches any host. No session is ever in it, so it is labelled as none's. */
export function toOpenNetwork(name: string, { session_id: _, ...labels }: Readonly<Record<string, string>>) {
  return {
    name,
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels: dockerLabels(labels),
  };
}
