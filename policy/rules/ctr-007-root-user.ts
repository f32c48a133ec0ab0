import { allowsRoot, identity } from "./read/user.ts";
import { advice, cis, fsbp, graded, owasp, pss, type Rule } from "./rule.ts";

/** Below this, a uid is likely to be that of a user or a service of the host. */
const firstPrivateUid = 10_000;

export const rootUser: Rule = {
  id: "CTR-007",
  name: "root-user",
  title: "Container runs as root",
  severity: "high",
  also: ["medium", "low"],
  frameworks: [cis("4.1"), pss("restricted"), fsbp("ECS.20"), owasp("2")],
  remediation: "Set a numeric user, best one of 10000 or more for each session (Kubernetes: also runAsNonRoot: true).",
  reads: "user, securityContext.runAsUser, securityContext.runAsNonRoot",
  *container(container) {
    const { is, uid } = identity(container);
    const mayBeRoot = is === "other" && allowsRoot(container);
    if (mayBeRoot) yield graded("medium", `The ${container.title} must not set runAsNonRoot to false.`);
    if (is === "root") yield `The ${container.title} must not run as root.`;
    else if (is === "unproven") yield graded("medium", `The ${container.title} must say which user it runs as, and that is not root.`);
    else if (uid !== undefined && uid < firstPrivateUid)
      yield advice(`The ${container.title} must run as a uid of ${firstPrivateUid} or more to share none with the host.`);
  },
};
