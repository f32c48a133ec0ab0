import { isQuantity } from "./ctr-021-memory.ts";
import { allLimited, isSome } from "./read/admission.ts";
import { entries, isRecord, number, record, records, text } from "./read/value.ts";
import { containersOf, type Workload } from "./read/workload.ts";
import { graded, type Rule } from "./rule.ts";

const hasSize = (options: string): boolean => /(^|,)\s*size=\s*[1-9]/.test(options);

/** Whether every container of a pod has a limit. */
function isBounded(workload: Workload, limit: string): boolean {
  const containers = [...containersOf(workload)].filter(({ role }) => role !== "ephemeral");
  return containers.length > 0 && containers.every(({ spec }) => isQuantity(record(record(spec.resources).limits)[limit]));
}

export const scratchSpace: Rule = {
  id: "CTR-024",
  name: "scratch-space",
  title: "Scratch space is unbounded",
  severity: "medium",
  also: ["low"],
  frameworks: [],
  remediation: "Give it a size.",
  reads: "tmpfs, mounts[].tmpfsOptions.sizeBytes, driverOpts, volumes[].emptyDir.sizeLimit, resources.limits.ephemeral-storage",
  admission: {
    // An emptyDir on disk that has no size of its own fills up to what all containers may write together, and takes them all along.
    expression: `${allLimited("ephemeral-storage")} && (!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.emptyDir) || (has(v.emptyDir.sizeLimit) && ${isSome("v.emptyDir.sizeLimit")})))`,
    message: "Every container of the pod must have a limit on ephemeral storage, and every emptyDir a size.",
  },
  kinds: ["docker:Volume"],
  // A task's is bounded by its platform: on Fargate at 20 GiB unless ephemeralStorage says more, elsewhere by the machine.
  *container({ platform, spec, title, role }) {
    if (platform === "docker")
      for (const [path, options] of entries(spec.tmpfs))
        if (!hasSize(text(options) ?? "")) yield `The ${title} must give its tmpfs on ${path} a size.`;
    if (platform === "docker" || platform === "swarm")
      for (const mount of records(spec.mounts))
        if (text(mount.type) === "tmpfs" && !((number(record(mount.tmpfsOptions).sizeBytes) ?? 0) > 0))
          yield `The ${title} must give its tmpfs on ${text(mount.target) ?? ""} a size.`;
    if (platform === "kubernetes" && role !== "ephemeral" && !isQuantity(record(record(spec.resources).limits)["ephemeral-storage"]))
      yield graded("low", `The ${title} must have a limit on ephemeral storage.`);
  },
  *workload(workload) {
    const { platform, spec, title } = workload;
    if (platform !== "kubernetes") return;
    // What all containers may write together bounds an emptyDir too: one on disk counts as storage, one in memory as memory.
    const bounded = new Set(["ephemeral-storage", "memory"].filter((limit) => isBounded(workload, limit)));
    for (const volume of records(spec.volumes))
      if (
        isRecord(volume.emptyDir) &&
        !isQuantity(record(volume.emptyDir).sizeLimit) &&
        !bounded.has(text(record(volume.emptyDir).medium) === "Memory" ? "memory" : "ephemeral-storage")
      )
        yield `The ${title} must give the emptyDir "${text(volume.name) ?? ""}" a size.`;
  },
  *resource({ name, props }) {
    const { type, o } = record(props.driverOpts);
    if (text(type) === "tmpfs" && !hasSize(text(o) ?? "")) yield `The volume "${name}" must give its tmpfs a size.`;
  },
};
