import { everywhere, hostOnly } from "./everywhere.ts";
import { type Column, enforced, means, refused, reported } from "./standing.ts";

const seccomp = "https://kubernetes.io/docs/tutorials/security/seccomp/";
const standards = "https://kubernetes.io/docs/concepts/security/pod-security-standards/";
const emptyDir = "https://kubernetes.io/docs/concepts/storage/volumes/#emptydir";
const networkPolicies = "https://kubernetes.io/docs/concepts/services-networking/network-policies/";
const cluster = "components/cluster/README.md";
const policy = means("a network policy, which nothing but the cluster's network plug-in enforces; verify tries it", networkPolicies);

/** Any cluster that admits pods under Pod Security `restricted`. */
export const kubernetes: Column = {
  ...everywhere,
  ...hostOnly("a pod runs on any node", standards),
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: refused("cannot be added, as Pod Security admits none but NET_BIND_SERVICE", "remove it", standards),
  noNewPrivileges: enforced,
  systemCalls: reported("the profile of the node's runtime holds, or the one on the nodes that kubernetes.seccompProfile names", seccomp),
  seccompProfile: refused(
    "is a file of this machine, and the profile of a pod lies on its node",
    "remove it, and name a profile of the nodes by kubernetes.seccompProfile",
    seccomp,
  ),
  appArmorProfile: means("a profile that is loaded on the nodes", "https://kubernetes.io/docs/tutorials/security/apparmor/"),
  hostView: enforced,
  memory: enforced,
  cpu: enforced,
  processes: reported(
    "the kubelet's podPidsLimit holds, the same for all pods of a node",
    "https://kubernetes.io/docs/concepts/policy/pid-limiting/",
  ),
  openFiles: reported("the limit of the node's runtime holds", "https://www.kubernetes.dev/resources/keps/5758/"),
  scratch: enforced,
  noPrograms: reported("a volume in memory takes no mount options", emptyDir),
  sharedMemory: means("memory of a size at /dev/shm", emptyDir),
  reservations: enforced,
  isolation: policy,
  noNetwork: policy,
  metadata: policy,
  group: refused("needs names by which pods find each other, and a session asks no resolver", "remove it", networkPolicies),
  dns: enforced,
  workspaceVolume: enforced,
  workspaceMemory: enforced,
  repositoryByUrl: means(
    "a claim that many can read, else a copy before each start of what a pod of its own has cloned",
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
  ),
  credentialsFile: enforced,
  credentialsProxy: means("a proxy in a pod of its own, which a network policy keeps others from", networkPolicies),
  credentialsInit: means("a container that runs before fetches it, by way of the session's own egress", "components/credentials/README.md"),
  credentialsEnvironment: reported(
    "whoever may read the namespace's Secrets, or run a pod in it, can read it",
    "https://kubernetes.io/docs/concepts/configuration/secret/",
  ),
  keptSecret: enforced,
  health: enforced,
  logs: means("the folder belongs to a user that no session is, made by a container that runs before it", cluster),
  pool: enforced,
};
