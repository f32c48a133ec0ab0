import { environment } from "./read/environment.ts";
import { type HostPath, hostPathsOf, hostPathsOfVolume, volumeKinds } from "./read/mounts.ts";
import { reachesEngine } from "./read/paths.ts";
import { cis, type Found, nist, owasp, type Rule } from "./rule.ts";

function* reaching(paths: Iterable<HostPath>): Iterable<Found> {
  for (const { path, title } of paths)
    if (reachesEngine(path)) yield `The ${title} must not mount ${path}, through which the container engine can be reached.`;
}

/** Where clients of Docker, Podman, BuildKit, containerd and the kubelet's interface look for their engine. */
const engineAddress =
  /^(DOCKER_HOST|DOCKER_CONTEXT|DOCKER_SOCK(ET)?(_PATH)?|CONTAINER_HOST|PODMAN_HOST|BUILDKIT_HOST|CONTAINERD_ADDRESS|CONTAINER_RUNTIME_ENDPOINT|IMAGE_SERVICE_ENDPOINT|TESTCONTAINERS_DOCKER_SOCKET_OVERRIDE)$/i;

export const engineSocket: Rule = {
  id: "CTR-011",
  name: "engine-socket",
  title: "The container engine can be reached",
  severity: "critical",
  frameworks: [cis("5.32"), nist("4.4.3"), owasp("1")],
  remediation: "Remove the mount; an agent that builds images gets a rootless builder elsewhere.",
  reads: "volumes, mounts, driverOpts, hostPath, the environment variables DOCKER_HOST, CONTAINER_HOST, BUILDKIT_HOST and the like",
  kinds: volumeKinds,
  *workload(workload) {
    yield* reaching(hostPathsOf(workload));
  },
  *container(container) {
    for (const { name, value } of environment(container))
      if (engineAddress.test(name) && value !== "") yield `The ${container.title} must not be given ${name}.`;
  },
  *resource(subject) {
    yield* reaching(hostPathsOfVolume(subject));
  },
};
