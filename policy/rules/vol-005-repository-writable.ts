import { mountsOf } from "./read/mounts.ts";
import { isWithin } from "./read/paths.ts";
import { presumed } from "./read/session.ts";
import type { Rule } from "./rule.ts";

export const repositoryWritable: Rule = {
  id: "VOL-005",
  name: "repository-writable",
  title: "A repository is mounted writable",
  severity: "medium",
  also: ["low"],
  frameworks: [],
  remediation: "Mount it read-only; the agent works on a copy in its workspace.",
  reads: "volumes, mounts, volumeMounts, mountPoints",
  automatic: true,
  *container(container) {
    for (const { target, readOnly } of mountsOf(container))
      if (isWithin(target, "/repos") && !readOnly)
        yield* presumed(container.workload, `The ${container.title} must mount ${target} read-only.`);
  },
};
