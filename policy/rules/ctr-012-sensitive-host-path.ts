import { type HostPath, hostPathsOf, hostPathsOfVolume, volumeKinds } from "./read/mounts.ts";
import { isPublic, isSensitive } from "./read/paths.ts";
import { cis, type Found, graded, pss, type Rule } from "./rule.ts";

function* sensitive(paths: Iterable<HostPath>): Iterable<Found> {
  for (const { path, title, readOnly } of paths) {
    if (!isSensitive(path)) continue;
    if (isPublic(path)) {
      if (!readOnly) yield `The ${title} must mount the host's ${path} read-only.`;
      continue;
    }
    const message = `The ${title} must not mount the host's ${path}, not even read-only.`;
    yield path === "/" ? graded("critical", message) : message;
  }
}

export const sensitiveHostPath: Rule = {
  id: "CTR-012",
  name: "sensitive-host-path",
  title: "A sensitive path of the host is mounted",
  severity: "high",
  also: ["critical"],
  frameworks: [cis("5.6"), pss("baseline")],
  remediation: "Copy what is needed into a volume.",
  reads: "volumes, mounts, driverOpts, hostPath",
  kinds: volumeKinds,
  *workload(workload) {
    yield* sensitive(hostPathsOf(workload));
  },
  *resource(subject) {
    yield* sensitive(hostPathsOfVolume(subject));
  },
};
