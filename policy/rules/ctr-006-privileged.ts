import { flag } from "./read/value.ts";
import { securityContext } from "./read/workload.ts";
import { cis, fsbp, owasp, pss, type Rule } from "./rule.ts";

export const privileged: Rule = {
  id: "CTR-006",
  name: "privileged",
  title: "Container is privileged",
  severity: "critical",
  frameworks: [cis("5.5"), pss("baseline"), fsbp("ECS.4"), owasp("3")],
  remediation: "Remove privileged; there is no agent task that needs it.",
  reads: "privileged, securityContext.privileged",
  platforms: ["docker", "kubernetes", "ecs"],
  *container(container) {
    const { platform, spec, title } = container;
    if (flag(platform === "kubernetes" ? securityContext(container).privileged : spec.privileged) === true)
      yield `The ${title} must not be privileged.`;
  },
};
