import { mountsOf } from "./read/mounts.ts";
import { neverStarts } from "./read/workload.ts";
import { presumed } from "./read/session.ts";
import type { Rule } from "./rule.ts";

const credentials = /\/\.config\/claude(\/|$)/;

/** Where a session finds its own; elsewhere the name says nothing. */
const ofSession = /^\/auth(\/|$)/;

export const credentialsWritable: Rule = {
  id: "VOL-003",
  name: "credentials-writable",
  title: "Credentials are mounted writable",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Mount them read-only.",
  reads: "volumes, mounts, volumeMounts, mountPoints",
  automatic: true,
  *container(container) {
    if (neverStarts(container)) return;
    for (const { target, readOnly } of mountsOf(container)) {
      if (readOnly) continue;
      const message = `The ${container.title} must mount ${target} read-only.`;
      if (credentials.test(target)) yield message;
      else if (ofSession.test(target)) yield* presumed(container.workload, message);
    }
  },
};
