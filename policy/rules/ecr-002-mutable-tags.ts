import { records, text } from "./read/value.ts";
import { fsbp, type Rule } from "./rule.ts";

export const mutableTags: Rule = {
  id: "ECR-002",
  name: "mutable-tags",
  title: "Tags can be moved",
  severity: "medium",
  frameworks: [fsbp("ECR.2")],
  remediation: "Set imageTagMutability to IMMUTABLE.",
  reads: "imageTagMutability, imageTagMutabilityExclusionFilters",
  automatic: true,
  kinds: ["aws:ecr:Repository"],
  *resource({ name, props }) {
    const mutability = text(props.imageTagMutability) ?? "MUTABLE";
    if (mutability === "IMMUTABLE") return;
    if (mutability !== "IMMUTABLE_WITH_EXCLUSION") yield `The repository "${name}" must have tags that cannot be moved.`;
    else
      for (const { filter } of records(props.imageTagMutabilityExclusionFilters))
        if (/^\*|^.\*$/.test(text(filter) ?? "")) yield `The repository "${name}" must not except most tags.`;
  },
};
