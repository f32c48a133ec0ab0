import { coversWorld } from "./cidr.ts";
import type { Subject } from "./subject.ts";
import { each, isRecord, list, number, type Props, records, text, texts } from "./value.ts";

export const securityGroupKinds = [
  "aws:ec2:SecurityGroup",
  "aws:ec2:DefaultSecurityGroup",
  "aws:ec2:SecurityGroupRule",
  "aws:vpc:SecurityGroupIngressRule",
  "aws:vpc:SecurityGroupEgressRule",
  "aws:ec2:SecurityGroupIngress",
  "aws:ec2:SecurityGroupEgress",
] as const;

/** Kinds that list the rules of a whole group. */
export const isGroup = (kind: string): boolean => /^aws:ec2:(Default)?SecurityGroup$/.test(kind);

export type Direction = "ingress" | "egress";

/** What one rule of a security group lets through. */
export interface Opening {
  readonly from: number;
  readonly to: number;
  readonly everyProtocol: boolean;
  /** Lower case, `-1` for all. */
  readonly protocol: string;
  readonly blocks: readonly string[];
  readonly prefixLists: readonly string[];
  readonly description: string;
}

/** The openings of a security group, or of one rule that is a resource by itself. */
export function* openings(subject: Subject, direction: Direction): Iterable<Opening> {
  const { kind, props } = subject;
  if (isGroup(kind))
    for (const rule of records(props[direction] ?? props[direction === "ingress" ? "securityGroupIngress" : "securityGroupEgress"]))
      yield opening(rule);
  else if (kind === "aws:ec2:SecurityGroupRule") {
    if (text(props.type) === direction) yield opening(props);
  } else if (kind.toLowerCase().includes(direction)) yield opening(props);
}

function opening(rule: Props): Opening {
  const protocol = (text(rule.protocol) ?? text(rule.ipProtocol) ?? "-1").toLowerCase();
  const everyProtocol = protocol === "-1" || protocol === "all";
  const lists = [...texts(rule.prefixListIds)];
  for (const id of [rule.prefixListId, rule.sourcePrefixListId, rule.destinationPrefixListId]) lists.push(...[text(id) ?? []].flat());
  const blocks = [...texts(rule.cidrBlocks), ...texts(rule.ipv6CidrBlocks)];
  for (const one of [rule.cidrIpv4, rule.cidrIpv6, rule.cidrIp]) {
    const block = text(one);
    if (block) blocks.push(block);
  }
  return {
    from: everyProtocol ? 0 : (number(rule.fromPort) ?? 0),
    to: everyProtocol ? 65_535 : (number(rule.toPort) ?? 65_535),
    everyProtocol,
    protocol,
    blocks,
    prefixLists: lists,
    description: text(rule.description) ?? "",
  };
}

/** Blocks that are let through on the same ports, together: a range of addresses may be cut up over several rules. */
export function together(all: readonly Opening[]): readonly Opening[] {
  return all.map((one) => ({
    ...one,
    blocks: all.filter((other) => isAsWide(other, one)).flatMap(({ blocks }) => blocks),
  }));
}

/** Whether an opening lets through all ports of another. */
const isAsWide = (one: Opening, other: Opening): boolean =>
  one.from <= other.from && one.to >= other.to && (one.everyProtocol || one.protocol === other.protocol);

/** The group that a rule by itself belongs to: its id, or where a preview does not know it, the group that it depends on. */
export function groupOf({ props, resource }: Subject, groups: readonly Subject[]): string | undefined {
  const owner = groups.find((group) => resource.dependencies?.includes(group.resource.urn));
  if (owner) return owner.resource.urn;
  return text(props.securityGroupId ?? props.groupId ?? props.groupName);
}

/** The blocks of a list of prefixes, by itself or one entry of it. */
export function* prefixes({ kind, props }: Subject): Iterable<string> {
  const entries = kind.endsWith("Entry") ? [props] : [...list(props.entries)];
  for (const entry of entries) if (isRecord(entry)) yield text(entry.cidr) ?? "";
}

/** A rule by itself that lets a part of the world through, which other rules of its group make whole. */
export interface Part {
  readonly rule: Subject;
  readonly opening: Opening;
}

/** The rules of a stack that are resources by themselves, where they are the world together and none of them is alone. */
export function* partsOfWorld(subjects: readonly Subject[], direction: Direction): Iterable<Part> {
  const groups = subjects.filter(({ kind }) => isGroup(kind));
  const byGroup = new Map<string, Part[]>();
  function* sort(): Iterable<Part> {
    yield* each(subjects, function* (rule) {
      if (isGroup(rule.kind) || !securityGroupKinds.some((kind) => kind === rule.kind)) return;
      for (const opening of openings(rule, direction)) {
        const owner = groupOf(rule, groups) ?? "";
        byGroup.set(owner, [...(byGroup.get(owner) ?? []), { rule, opening }]);
      }
    });
  }
  function* judge(): Iterable<Part> {
    for (const parts of byGroup.values()) {
      const whole = together(parts.map(({ opening }) => opening));
      for (const [at, { rule, opening }] of parts.entries()) {
        const joined = whole[at];
        if (joined && !coversWorld(opening.blocks) && coversWorld(joined.blocks)) yield { rule, opening: joined };
      }
    }
  }
  // A rule that is not known yet hides nothing of what the others are together.
  yield* each([sort, judge], (step) => step());
}
