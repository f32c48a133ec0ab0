import { securityOptions } from "./read/security-options.ts";
import { entries, isRecord, list, Malformed, type Props, record, records, text, texts } from "./read/value.ts";
import { type Container, onWindows, podSecurityContext, securityContext } from "./read/workload.ts";
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
  return allowsAll(parsed);
}

const passes = /^SCMP_ACT_(ALLOW|LOG|TRACE|NOTIFY)$/;

/** Calls by which a process changes the kernel or the machine: no profile that filters anything lets them through. */
const ofTheKernel =
  /^(init_module|finit_module|delete_module|kexec_load|kexec_file_load|reboot|swapon|swapoff|iopl|ioperm|open_by_handle_at|acct|settimeofday|clock_settime)$/;

/** Whether a profile allows what it does not name, or names what the engine's own keeps from every container. */
function allowsAll(profile: Props): boolean {
  if (passes.test(text(profile.defaultAction) ?? "SCMP_ACT_ALLOW")) return true;
  for (const { action, names, name, args, includes } of records(profile.syscalls)) {
    const isLimited = Object.keys(record(includes)).length > 0 || [...list(args)].length > 0;
    const calls = [...texts(names), text(name) ?? ""];
    if (!isLimited && passes.test(text(action) ?? "") && calls.some((call) => ofTheKernel.test(call))) return true;
  }
  return false;
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
  // Kubernetes since 1.27 reads no annotation: one that turns seccomp off tells what is meant, one that sets a profile sets none.
  let isTurnedOff = false;
  for (const [key, value] of entries(container.workload.metadata.annotations))
    if (
      key === "seccomp.security.alpha.kubernetes.io/pod" ||
      key === `container.seccomp.security.alpha.kubernetes.io/${text(container.spec.name)}`
    )
      isTurnedOff ||= text(value) === "unconfined";
  if (own === "Unconfined" || pod === "Unconfined" || isTurnedOff) yield `The ${container.title} must not run without seccomp.`;
  else if ((own ?? pod) === undefined)
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
  reads: "securityOpts, securityContext.seccompProfile, dockerSecurityOptions, a SeccompProfile of the Security Profiles Operator",
  automatic: true,
  kinds: ["kubernetes:security-profiles-operator.x-k8s.io/SeccompProfile"],
  *resource({ name, props }) {
    if (allowsAll(record(props.spec))) yield `The profile "${name}" must deny system calls by default.`;
  },
  *container(container) {
    if (onWindows(container.workload)) return;
    yield* container.platform === "kubernetes" ? inPod(container) : inOptions(container);
  },
};
