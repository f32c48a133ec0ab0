import { securityOptions } from "./read/security-options.ts";
import { entries, isRecord, Malformed, record, text } from "./read/value.ts";
import { type Container, podSecurityContext, securityContext } from "./read/workload.ts";
import { cis, type Found, graded, owasp, pss, type Rule } from "./rule.ts";

/** Whether a profile's own text allows what it does not name. */
function allowsByDefault(profile: string): boolean {
  let parsed: unknown;
  try {
    parsed = JSON.parse(profile);
  } catch {
    throw new Malformed("a seccomp profile in JSON");
  }
  if (!isRecord(parsed)) throw new Malformed("a seccomp profile in JSON");
  return /^SCMP_ACT_(ALLOW|LOG|TRACE)$/.test(text(parsed.defaultAction) ?? "SCMP_ACT_ALLOW");
}

function* inOptions(container: Container): Iterable<Found> {
  for (const { name, value = "" } of securityOptions(container)) {
    if (name !== "seccomp") continue;
    if (value === "unconfined") yield `The ${container.title} must not run without seccomp.`;
    else if (value !== "builtin" && allowsByDefault(value))
      yield `The ${container.title} must have a seccomp profile that denies by default.`;
  }
}

function* inPod(container: Container): Iterable<Found> {
  const own = text(record(securityContext(container).seccompProfile).type);
  const pod = text(record(podSecurityContext(container.workload).seccompProfile).type);
  let annotated = "";
  for (const [key, value] of entries(container.workload.metadata.annotations))
    if (
      key === "seccomp.security.alpha.kubernetes.io/pod" ||
      key === `container.seccomp.security.alpha.kubernetes.io/${text(container.spec.name)}`
    )
      annotated = text(value) ?? "";
  if (own === "Unconfined" || pod === "Unconfined" || annotated === "unconfined")
    yield `The ${container.title} must not run without seccomp.`;
  else if (own === undefined && pod === undefined && annotated === "")
    yield graded("medium", `The ${container.title} must set the seccomp profile RuntimeDefault or a stricter one.`);
}

export const seccomp: Rule = {
  id: "CTR-016",
  name: "seccomp",
  title: "System calls are not filtered",
  severity: "high",
  also: ["medium"],
  frameworks: [cis("5.22"), pss("restricted"), owasp("6")],
  remediation: "Use RuntimeDefault (the engine's own profile), or a stricter one; the Docker provider wants its text, not its path.",
  reads: "securityOpts, securityContext.seccompProfile, dockerSecurityOptions",
  automatic: true,
  *container(container) {
    yield* container.platform === "kubernetes" ? inPod(container) : inOptions(container);
  },
};
