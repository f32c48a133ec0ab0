import { environment } from "./read/environment.ts";
import { type HostPath, hostPathsOf, hostPathsOfVolume, volumeKinds } from "./read/mounts.ts";
import { reachesEngine } from "./read/paths.ts";
import { cis, type Found, nist, owasp, type Rule } from "./rule.ts";

function* reaching(paths: Iterable<HostPath>): Iterable<Found> {
  for (const { path, title } of paths)
    if (reachesEngine(path)) yield `The ${title} must not mount ${path}, through which the container engine can be reached.`;
}

export const engineSocket: Rule = {
  id: "CTR-011",
  name: "engine-socket",
  title: "The container engine can be reached",
  severity: "critical",
  frameworks: [cis("5.32"), nist("4.4.3"), owasp("1")],
  remediation: "Remove the mount; an agent that builds images gets a rootless builder elsewhere.",
  reads: "volumes, mounts, driverOpts, hostPath, the environment variable DOCKER_HOST",
  kinds: volumeKinds,
  *workload(workload) {
    yield* reaching(hostPathsOf(workload));
  },
  *container(container) {
    for (const { name, value } of environment(container))
      if (name === "DOCKER_HOST" && value !== "") yield `The ${container.title} must not be given DOCKER_HOST.`;
  },
  *resource(subject) {
    yield* reaching(hostPathsOfVolume(subject));
  },
};
