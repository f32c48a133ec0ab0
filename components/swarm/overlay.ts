import * as docker from "@pulumi/docker";
import type * as pulumi from "@pulumi/pulumi";
import { dockerLabels } from "../container-engine/object-labels.ts";
import type { MadePart } from "../session-part.ts";
import { placeOf } from "./provider.ts";

/**
 * The provider's inputs for an overlay network. What crosses it between nodes is encrypted, and no container may join it but a service's.
 *
 * @param internal leads nowhere: its members have no route but to each other, and no address of the host's
 */
export function toOverlay(name: string, internal: boolean, labels: Readonly<Record<string, string>>) {
  return { name, driver: "overlay", internal, attachable: false, options: { encrypted: "" }, labels: dockerLabels(labels) };
}

/** Makes an overlay network; see {@link toOverlay}. @param owner the component that has it, whose provider is a swarm's */
export function overlay(name: string, { options, ...inputs }: ReturnType<typeof toOverlay>, owner: pulumi.Resource): docker.Network {
  const added = placeOf(owner).added?.get(inputs.name);
  return new docker.Network(name, { ...inputs, options: { ...options, ...added } }, { parent: owner, deleteBeforeReplace: true });
}

/** The id of the network among what a part has made. @throws Error when there is none */
export function overlayOf({ resources }: Pick<MadePart, "resources">): pulumi.Output<string> {
  const network = resources.find((resource) => resource instanceof docker.Network);
  if (network === undefined) throw new Error("a service needs a network of its session's, which has made none");
  return network.id;
}
