import { baseline } from "../baseline.ts";
import { isOwnCgroup } from "./read/cgroup.ts";
import { label, number, records, text } from "./read/value.ts";
import { type Container, neverStarts } from "./read/workload.ts";
import { advice, cis, owasp, type Rule } from "./rule.ts";

/** Set through the engine once the container is made, by the hook of our own components, which reads this label. Nobody else does. */
function isBoundedByHook({ spec, workload }: Container): boolean {
  const parents = workload.subject.resource.urn.split("::")[2] ?? "";
  if (!/(^|\$)agent-sessions:/.test(parents) || label(spec.labels, "created_by") !== baseline.createdBy) return false;
  return /^[1-9]\d*$/.test(label(spec.labels, "pids_limit") ?? "");
}

function isBounded(container: Container): boolean {
  const { spec } = container;
  if (isOwnCgroup(text(spec.cgroupParent))) return true;
  for (const limit of records(spec.ulimits)) if (text(limit.name) === "nproc" && (number(limit.hard) ?? 0) > 0) return true;
  return isBoundedByHook(container);
}

export const processes: Rule = {
  id: "CTR-023",
  name: "processes",
  title: "The number of processes is unbounded",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("5.29"), owasp("7")],
  remediation: "Give each session its own uid and an nproc limit, or a limit on PIDs by an update of the container.",
  reads: "ulimits, cgroupParent, the labels pids_limit and created_by of a session's container",
  platforms: ["docker", "swarm", "kubernetes"],
  *container(container) {
    const { platform, title } = container;
    if (platform === "docker" && !neverStarts(container) && !isBounded(container)) yield `The ${title} must have a limit on its processes.`;
    if (platform === "swarm") yield advice(`The ${title} must run on engines that limit processes, for a service cannot say it.`);
    if (platform === "kubernetes" && container.role === "main" && container.workload.extent === "pod")
      yield advice(`The ${title} must run on nodes with podPidsLimit, for a pod cannot say it.`);
  },
};
