import { everywhere, hostOnly } from "./everywhere.ts";
import { type Column, enforced, means, refused, reported } from "./standing.ts";

const noSecurityOptions = "https://github.com/moby/moby/issues/41371";
const service = "https://www.pulumi.com/registry/packages/docker/api-docs/service/";
const overlay = "https://docs.docker.com/engine/network/drivers/overlay/";
const volumes = "https://docs.docker.com/engine/swarm/services/#data-volumes";

/** Docker's own cluster. */
export const swarm: Column = {
  ...everywhere,
  ...hostOnly("a task runs on any node", "https://docs.docker.com/engine/swarm/services/"),
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: enforced,
  noNewPrivileges: means("each node's daemon does, by no-new-privileges in its configuration", noSecurityOptions),
  systemCalls: means("each node's daemon does, by seccomp-profile in its configuration", noSecurityOptions),
  seccompProfile: refused("cannot be given to a service", "set seccomp-profile for the daemons of the nodes", noSecurityOptions),
  appArmorProfile: refused("cannot be given to a service", "remove it", noSecurityOptions),
  hostView: enforced,
  memory: enforced,
  cpu: enforced,
  processes: means("the engine is told by its own API, as the Pulumi provider has no word for it", service),
  openFiles: reported("the Pulumi provider has no word for it, so the daemon's default holds", service),
  scratch: enforced,
  noPrograms: enforced,
  sharedMemory: means("a mount of memory at /dev/shm", "https://docs.docker.com/engine/storage/tmpfs/"),
  reservations: enforced,
  isolation: means("each session has an overlay network of its own, which leads nowhere", overlay),
  noNetwork: means("its overlay network leads nowhere", overlay),
  metadata: means("its overlay network leads nowhere", overlay),
  dns: enforced,
  workspaceVolume: means("a volume of one node, to which the task is pinned", volumes),
  workspaceMemory: enforced,
  repositoryByUrl: means("a job on the session's node clones into a volume, read-only for sessions", volumes),
  credentialsFile: enforced,
  credentialsEnvironment: reported("whoever may speak to a manager can read it", "https://docs.docker.com/engine/swarm/secrets/"),
  health: enforced,
};
