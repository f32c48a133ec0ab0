import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import type { Mount } from "../session-part.ts";
import { ownVolumeGuard } from "./hooks.ts";
import { volumeOf } from "./mounts.ts";
import { dockerLabels } from "./object-labels.ts";

/**
 * A volume of a component's own; one of that name that is there already and is none of its is refused. It goes with the component,
 * unless what is in it is the user's.
 */
export function ownVolume(
  name: string,
  of: { readonly volume: string | undefined; readonly labels: Readonly<Record<string, string>>; readonly isKept?: boolean },
  component: pulumi.ComponentResource,
): docker.Volume {
  const inputs = { name: of.volume, driver: "local", labels: dockerLabels(of.labels) };
  const opts = { parent: component, retainOnDelete: of.isKept, hooks: { beforeCreate: [ownVolumeGuard(component)] } };
  return new docker.Volume(name, inputs, opts);
}

/** Volumes for what a service keeps, which outlive its container and go with its stack. @param of who keeps it, and its labels */
export function ownVolumes(
  name: string,
  mounts: readonly Mount[],
  of: { readonly container: string; readonly labels: Readonly<Record<string, string>> },
  component: pulumi.ComponentResource,
): docker.Volume[] {
  const { container, labels } = of;
  return mounts.flatMap(({ source }) =>
    source.kind === "persistent" ? [ownVolume(`${name}-${source.name}`, { volume: volumeOf(source, container), labels }, component)] : [],
  );
}
