import { mountsOf } from "./read/mounts.ts";
import { neverStarts } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

const credentials = /^\/auth(\/|$)|\/\.config\/claude(\/|$)/;

export const credentialsWritable: Rule = {
  id: "VOL-003",
  name: "credentials-writable",
  title: "Credentials are mounted writable",
  severity: "high",
  frameworks: [],
  remediation: "Mount them read-only.",
  reads: "volumes, mounts, volumeMounts, mountPoints",
  automatic: true,
  *container(container) {
    if (neverStarts(container)) return;
    for (const { target, readOnly } of mountsOf(container))
      if (credentials.test(target) && !readOnly) yield `The ${container.title} must mount ${target} read-only.`;
  },
};
