import { baseline } from "../baseline.ts";
import { hostPathsOf } from "./read/mounts.ts";
import { isSession } from "./read/session.ts";
import { identity } from "./read/user.ts";
import { owasp, type Rule } from "./rule.ts";

export const sharedUid: Rule = {
  id: "CTR-048",
  name: "shared-uid",
  title: "A session has the uid that sessions share",
  severity: "low",
  frameworks: [owasp("2")],
  remediation: "Leave securityHardening of a single node on, or write uid: own for the session.",
  reads: "user, labels, volumes, mounts",
  // A laptop's sessions are one person's.
  enforcement: { local: "disabled", "single-node": "advisory", production: "advisory" },
  platforms: ["docker"],
  *container(container) {
    const { title, workload } = container;
    if (!isSession(workload) || identity(container).uid !== baseline.user.uid) return;
    // A folder of the host is for that uid.
    const [folder] = hostPathsOf(workload);
    if (folder === undefined)
      yield `The ${title} must have a uid of its own: what the kernel counts for a uid, another session could use up.`;
  },
};
