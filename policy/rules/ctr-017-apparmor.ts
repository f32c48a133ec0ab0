import { securityOptions } from "./read/security-options.ts";
import { entries, record, text } from "./read/value.ts";
import { type Container, onWindows, podSecurityContext, securityContext } from "./read/workload.ts";
import { advice, cis, type Found, pss, type Rule } from "./rule.ts";

function* inPod(container: Container): Iterable<Found> {
  const own = text(record(securityContext(container).appArmorProfile).type);
  const pod = text(record(podSecurityContext(container.workload).appArmorProfile).type);
  let annotated: string | undefined;
  for (const [key, value] of entries(container.workload.metadata.annotations))
    if (key === `container.apparmor.security.beta.kubernetes.io/${text(container.spec.name)}`) annotated = text(value);
  if (own === "Unconfined" || pod === "Unconfined" || annotated === "unconfined")
    yield `The ${container.title} must not run without AppArmor.`;
  else if ((own ?? pod ?? annotated) === undefined)
    yield advice(`The ${container.title} must name an AppArmor profile to depend on no node's default.`);
}

export const appArmor: Rule = {
  id: "CTR-017",
  name: "apparmor",
  title: "AppArmor is off",
  severity: "high",
  also: ["low"],
  frameworks: [cis("5.2"), pss("baseline")],
  remediation: "Keep the default profile.",
  reads: "securityOpts, securityContext.appArmorProfile, dockerSecurityOptions",
  *container(container) {
    if (container.platform === "kubernetes" && !onWindows(container.workload)) yield* inPod(container);
    for (const { name, value } of securityOptions(container))
      if (name === "apparmor" && value?.toLowerCase() === "unconfined") yield `The ${container.title} must not run without AppArmor.`;
  },
};
