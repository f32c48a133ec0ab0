import { groupOf } from "./read/user.ts";
import { list, number, text, texts } from "./read/value.ts";
import { type Container, podSecurityContext, securityContext } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

const powerful = /^(root|docker|podman|disk|kvm|sudo|wheel|adm|shadow|[+-]?0+)$/;

function* groups(container: Container): Iterable<string> {
  const { platform, spec } = container;
  if (platform === "kubernetes") {
    const pod = podSecurityContext(container.workload);
    for (const group of list(pod.supplementalGroups)) yield String(number(group));
    for (const group of [pod.fsGroup, securityContext(container).runAsGroup ?? pod.runAsGroup])
      if (group !== undefined && group !== null) yield String(number(group));
    return;
  }
  yield* texts(platform === "docker" ? spec.groupAdds : platform === "swarm" ? spec.groups : undefined);
  const primary = groupOf(text(spec.user));
  if (primary) yield primary;
}

export const powerfulGroup: Rule = {
  id: "CTR-041",
  name: "powerful-group",
  title: "Container is in a powerful group",
  severity: "high",
  frameworks: [],
  remediation: "Remove the group.",
  reads: "groupAdds, user, groups, supplementalGroups, fsGroup, runAsGroup",
  *container(container) {
    for (const group of groups(container))
      if (powerful.test(group.trim().toLowerCase())) yield `The ${container.title} must not be in the group ${group.trim()}.`;
  },
};
