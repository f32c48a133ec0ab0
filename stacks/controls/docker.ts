import { everywhere } from "./everywhere.ts";
import { type Column, enforced, means, reported } from "./standing.ts";

const isolatedNetwork = "components/isolated-network/README.md";
const credentials = "components/credentials/README.md";

/** Docker Engine, on this machine or on a server: the strategy local. */
export const docker: Column = {
  ...everywhere,
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: enforced,
  noNewPrivileges: enforced,
  systemCalls: enforced,
  seccompProfile: enforced,
  appArmorProfile: enforced,
  hostView: enforced,
  memory: enforced,
  cpu: enforced,
  processes: means(
    "the engine is told as soon as the container is there, and no agent starts before",
    "https://www.pulumi.com/registry/packages/docker/api-docs/container/",
  ),
  openFiles: enforced,
  scratch: enforced,
  noPrograms: enforced,
  sharedMemory: enforced,
  reservations: enforced,
  isolation: means("each session has a network of its own, whose bridge has no address for the host's services", isolatedNetwork),
  noNetwork: enforced,
  metadata: means("a session's network has no way there", isolatedNetwork),
  networkMode: enforced,
  group: enforced,
  dns: enforced,
  ports: means(
    "the proxy of an allow list keeps neighbours out; an engine before 28 that does not is refused",
    "https://github.com/moby/moby/pull/49325",
  ),
  services: means("by a socket in a volume that no other session sees; the strategy local has them", "components/dev-services/README.md"),
  workspaceVolume: enforced,
  workspaceMemory: enforced,
  workspaceHost: reported("it is no volume, so limits.disk does not count it", "components/session-volumes/README.md"),
  mounts: enforced,
  repositoryByPath: enforced,
  repositoryByFileUrl: enforced,
  repositoryByUrl: means("a container of its own clones into a volume, read-only for sessions", credentials),
  credentialsFile: means(
    "a container that never starts carries it into a volume, as the engine has secrets for Swarm alone",
    "https://docs.docker.com/engine/swarm/secrets/",
  ),
  credentialsEnvironment: reported("whoever may speak to the engine can read it", credentials),
  credentialsHostMount: enforced,
  health: means(
    "its own check ends the session, as the engine starts again what has ended and not what hangs",
    "https://docs.docker.com/engine/containers/start-containers-automatically/",
  ),
};
