import { everywhere, hostOnly } from "./everywhere.ts";
import { type Column, enforced, means, reported } from "./standing.ts";

const seccomp = "https://kubernetes.io/docs/tutorials/security/seccomp/";
const emptyDir = "https://kubernetes.io/docs/concepts/storage/volumes/#emptydir";
const networkPolicies = "https://kubernetes.io/docs/concepts/services-networking/network-policies/";
const policy = means("a network policy, which nothing but the cluster's network plug-in enforces; verify tries it", networkPolicies);

/** Any cluster that admits pods under Pod Security `restricted`. */
export const kubernetes: Column = {
  ...everywhere,
  ...hostOnly("a pod runs on any node", "https://kubernetes.io/docs/concepts/security/pod-security-standards/"),
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: enforced,
  noNewPrivileges: enforced,
  systemCalls: means("the profile of the node's runtime; this project's own, where it is laid on the nodes", seccomp),
  seccompProfile: means("a profile that is laid on the nodes", seccomp),
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
  dns: enforced,
  workspaceVolume: enforced,
  workspaceMemory: enforced,
  repositoryByUrl: means(
    "a claim that many can read, else a clone before each start",
    "https://kubernetes.io/docs/concepts/storage/persistent-volumes/#access-modes",
  ),
  credentialsFile: enforced,
  credentialsEnvironment: reported(
    "whoever may read the namespace's Secrets, or run a pod in it, can read it",
    "https://kubernetes.io/docs/concepts/configuration/secret/",
  ),
  health: enforced,
};
