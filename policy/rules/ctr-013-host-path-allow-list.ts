import { type HostPath, hostPathsOf, hostPathsOfVolume, volumeKinds } from "./read/mounts.ts";
import { isWithin, normalPath } from "./read/paths.ts";
import { texts } from "./read/value.ts";
import { advice, type Found, pss, type Rule, type Settings } from "./rule.ts";

function* outside(paths: Iterable<HostPath>, settings: Settings): Iterable<Found> {
  const allowed = [...texts(settings.allowedHostPaths)].map(normalPath);
  for (const { path, title, readOnly } of paths) {
    if (allowed.some((root) => isWithin(path, root))) continue;
    if (allowed.length === 0 && readOnly)
      yield advice(`The ${title} must mount ${path} only while it is among allowedHostPaths; none are set.`);
    else yield `The ${title} must not mount the host's ${path}: it is not in allowedHostPaths.`;
  }
}

export const hostPathAllowList: Rule = {
  id: "CTR-013",
  name: "host-path-allow-list",
  title: "A host path outside the allowed ones is mounted",
  severity: "medium",
  also: ["low"],
  frameworks: [pss("baseline")],
  remediation:
    "Use a named volume, or a folder in one of the allowed roots. Links cannot be followed here, so that a list of what is allowed is the only safe one.",
  reads: "volumes, mounts, driverOpts, hostPath",
  settings: {
    allowedHostPaths: {
      type: "array",
      items: { type: "string" },
      description: "Folders of the host that may be mounted. With none, read-only mounts are only remarked upon.",
      default: [],
    },
  },
  kinds: volumeKinds,
  *workload(workload, settings) {
    yield* outside(hostPathsOf(workload), settings);
  },
  *resource(subject, settings) {
    yield* outside(hostPathsOfVolume(subject), settings);
  },
};
