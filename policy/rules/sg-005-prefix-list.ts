import { coversWorld } from "./read/cidr.ts";
import { prefixes } from "./read/security-groups.ts";
import { text } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

const message = (name: string): string => `The prefix list "${name}" must not hold every address.`;

export const prefixList: Rule = {
  id: "SG-005",
  name: "prefix-list",
  title: "A list of prefixes holds the world",
  severity: "high",
  frameworks: [],
  remediation: "List the networks that are meant: what is in the list is open wherever it is used.",
  reads: "entries, and the entries that are resources by themselves",
  kinds: ["aws:ec2:ManagedPrefixList", "aws:ec2:ManagedPrefixListEntry", "aws:ec2:PrefixList"],
  *resource(list) {
    if (coversWorld(prefixes(list))) yield message(list.name);
  },
  *stack(subjects) {
    const entries = subjects.filter(({ kind }) => kind === "aws:ec2:ManagedPrefixListEntry");
    const lists = Map.groupBy(entries, ({ props, resource }) => text(props.prefixListId) ?? resource.dependencies?.join() ?? "");
    for (const parts of lists.values())
      if (coversWorld(parts.flatMap((part) => [...prefixes(part)])))
        for (const part of parts) if (!coversWorld(prefixes(part))) yield about(part, message(part.name));
  },
};
