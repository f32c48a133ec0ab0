import type * as pulumi from "@pulumi/pulumi";
import type { Endpoints } from "./endpoints.ts";
import { openGroup, type Opening, openings, securityGroup, world } from "./groups.ts";
import type { PrivateNetwork, Reach } from "./private-network.ts";
import { sharedTags } from "./tags.ts";

/** What the groups of sessions are called; AWS takes no apostrophes. */
const members: Readonly<Record<Reach, { readonly called: string; readonly what: string }>> = {
  nothing: { called: "sealed", what: "Sessions that reach nothing" },
  "egress proxy": { called: "filtered", what: "Sessions that reach the egress proxy" },
  anywhere: { called: "open", what: "Sessions that reach any host" },
};

export interface GroupsArgs {
  readonly vpc: pulumi.Input<string>;
  /** How far sessions get. */
  readonly reaches: readonly Reach[];
  readonly endpoints: Endpoints;
}

/**
 * The groups of a stack. Sessions of one reach are in one, so that another session is no other rule anywhere: nobody comes in by it, and
 * so no session reaches another.
 */
export function makeGroups(name: string, { vpc, reaches, endpoints }: GroupsArgs, parent: pulumi.Resource) {
  const files = securityGroup(
    `${name}-files`,
    { called: "files", description: "The file system of sessions", vpc, tags: sharedTags("storage") },
    parent,
  );
  const toAws: Readonly<Record<string, Opening>> = {
    endpoints: { what: "Images, logs and secrets", peer: { group: endpoints.to.group }, port: 443 },
    layers: { what: "Layers of images", peer: { prefixList: endpoints.to.storage }, port: 443 },
  };
  const services = openGroup(
    `${name}-services`,
    { called: "services", description: "What serves sessions", vpc, tags: sharedTags("services"), out: toAws },
    parent,
  );
  const sessions = [...new Set(reaches)].sort().map((reach) => {
    const { called, what } = members[reach];
    const anywhere: Opening = { what: "Any host", peer: world, port: "any" };
    const out: Readonly<Record<string, Opening>> = {
      ...toAws,
      files: { what: "Files of their own", peer: { group: files.id }, port: 2049 },
      ...(reach === "anywhere" && { anywhere }),
    };
    const made = openGroup(`${name}-${called}`, { called, description: what, vpc, tags: sharedTags("sessions"), out }, parent);
    return { ...made, reach, called, what };
  });
  const comeIn = (port: number): Record<string, Opening> =>
    Object.fromEntries(sessions.map(({ called, what, group }) => [called, { what, peer: { group: group.id }, port }]));
  const { made } = endpoints;
  const served = { what: "What serves sessions", peer: { group: services.group.id }, port: 443 };
  const letIn = [
    ...openings(`${name}-files`, files.id, { in: comeIn(2049), tags: sharedTags("storage") }, parent),
    ...(made === undefined
      ? []
      : openings(`${name}-endpoints`, made.id, { in: { ...comeIn(443), services: served }, tags: sharedTags("endpoint") }, parent)),
  ];
  const groups: PrivateNetwork["groups"] = {
    sessions: Object.fromEntries(sessions.map(({ reach, group }) => [reach, group.id])),
    services: services.group.id,
    files: files.id,
  };
  return { groups, resources: [...letIn, ...services.resources, ...sessions.flatMap(({ resources }) => resources)] };
}
