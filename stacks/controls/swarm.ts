import { everywhere, hostOnly } from "./everywhere.ts";
import { type Column, enforced, means, refused, reported } from "./standing.ts";

const noSecurityOptions = "https://github.com/moby/moby/issues/41371";
const service = "https://www.pulumi.com/registry/packages/docker/api-docs/service/";
const overlay = "https://docs.docker.com/engine/network/drivers/overlay/";
const volumes = "https://docs.docker.com/engine/swarm/services/#data-volumes";

/** Docker's own cluster. */
export const swarm: Column = {
  ...everywhere,
  ...hostOnly("a service runs on a node of a swarm", "https://docs.docker.com/engine/swarm/services/"),
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: enforced,
  noNewPrivileges: means("each node's daemon does, by no-new-privileges in its configuration", noSecurityOptions),
  systemCalls: means("each node's daemon does, by seccomp-profile in its configuration", noSecurityOptions),
  seccompProfile: refused("cannot be given to a service", "set seccomp-profile for the daemons of the nodes", noSecurityOptions),
  appArmorProfile: refused("cannot be given to a service", "remove it", noSecurityOptions),
  hostView: enforced,
  memory: means(
    "memory is limited; a service cannot be told to leave swap alone, so nodes are to have none",
    "https://docs.docker.com/reference/compose-file/deploy/#resources",
  ),
  cpu: enforced,
  processes: means("the engine is told by its own API, as the Pulumi provider has no word for it", service),
  openFiles: means("the engine is told by its own API, as the Pulumi provider has no word for it", service),
  scratch: means("mounts of memory, and volumes in memory where it belongs to the agent", "https://docs.docker.com/engine/storage/tmpfs/"),
  noPrograms: enforced,
  sharedMemory: means("a mount of memory at /dev/shm", "https://docs.docker.com/engine/storage/tmpfs/"),
  reservations: enforced,
  isolation: means("each session has an overlay network of its own, which leads nowhere", overlay),
  noNetwork: means("its overlay network leads nowhere, as a service without one would be on the default bridge", overlay),
  metadata: means("its overlay network leads nowhere", overlay),
  group: refused(
    "is a bridge of one engine, and the sessions of a swarm are on several",
    "remove it, or take the strategy single-node",
    overlay,
  ),
  dns: enforced,
  workspaceVolume: means("a volume of one node, to which the task is pinned", volumes),
  workspaceMemory: enforced,
  repositoryByUrl: means("a container on the session's node clones into a volume, read-only for sessions", volumes),
  credentialsFile: enforced,
  credentialsEnvironment: reported("whoever may speak to a manager can read it", "https://docs.docker.com/engine/swarm/secrets/"),
  health: enforced,
};
