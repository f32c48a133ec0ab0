import { everywhere, hostOnly } from "./everywhere.ts";
import { type Column, enforced, means, refused, reported } from "./standing.ts";

const api = (page: string) => `https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_${page}.html`;
const guide = (page: string) => `https://docs.aws.amazon.com/AmazonECS/latest/developerguide/${page}.html`;
const container = api("ContainerDefinition");
const linux = api("LinuxParameters");
const groups = "https://docs.aws.amazon.com/vpc/latest/userguide/vpc-security-groups.html";
const storage = guide("fargate-task-storage");
const accessPoints = "https://docs.aws.amazon.com/efs/latest/ug/efs-access-points.html";

const sharedProxy = "the stack's proxy does, at which each session signs in as itself";

/** AWS ECS on Fargate. */
export const ecs: Column = {
  ...everywhere,
  ...hostOnly("a task runs on a machine of Fargate's", guide("AWS_Fargate")),
  user: enforced,
  readOnlyRoot: enforced,
  noCapabilities: enforced,
  capabilities: refused(
    "cannot be added, as Fargate adds none but SYS_PTRACE, which the policy refuses",
    "remove it",
    api("KernelCapabilities"),
  ),
  noNewPrivileges: reported("Fargate takes no security options; no capability and no setuid file are left to gain from", container),
  systemCalls: reported("Fargate takes no profile; its own holds, on a virtual machine for each task", container),
  seccompProfile: refused("cannot be given to a task of Fargate's", "remove it", container),
  appArmorProfile: refused("cannot be given to a task of Fargate's", "remove it", container),
  hostView: enforced,
  memory: enforced,
  cpu: means("the next larger of Fargate's fixed pairs of processor and memory", guide("fargate-tasks-services")),
  processes: reported("Fargate has no such limit; the task's own virtual machine is the bound", container),
  openFiles: enforced,
  scratch: reported("Fargate mounts no memory, so it is a folder of the task's ephemeral storage", linux),
  noPrograms: reported("ephemeral storage takes no mount options", storage),
  sharedMemory: reported("Fargate takes no size for it", linux),
  reservations: means("a task has its pair of processor and memory for itself", guide("fargate-tasks-services")),
  isolation: means("a network interface of its own, with security groups", groups),
  noNetwork: means(
    "security groups, a subnet without a way out, and a DNS firewall, as groups let Amazon's DNS pass; a plan says where there is none",
    groups,
  ),
  metadata: reported(
    "security groups let a task reach its own metadata address; the role behind it has no rights beyond the session's",
    groups,
  ),
  egressList: means(sharedProxy, "components/egress-proxy/README.md"),
  egressAudit: means(sharedProxy, "components/egress-proxy/README.md"),
  download: means("the stack's proxy slows it down, for each session by itself", "https://wiki.squid-cache.org/Features/DelayPools"),
  credentialsInit: means("a container that runs before fetches it, by way of the session's own egress", "components/credentials/README.md"),
  group: refused("needs names by which tasks find each other, and a session asks no resolver", "remove it", groups),
  dns: refused("cannot be given to a task with a network interface of its own", "remove it", container),
  workspaceVolume: enforced,
  workspaceMemory: reported("Fargate mounts no memory, so it lies on the task's ephemeral storage", storage),
  repositoryByUrl: means("a task clones and keeps it, and each session copies it before it starts", "components/session-volumes/README.md"),
  credentialsFile: means(
    "a container that runs before writes what it is handed into a shared volume, then ends",
    guide("specifying-sensitive-data"),
  ),
  credentialsEnvironment: means(
    "Secrets Manager hands it over, and the task definition has its name alone",
    guide("specifying-sensitive-data"),
  ),
  health: enforced,
  logs: means("the folder belongs to a user that no session is, by its access point", accessPoints),
  pool: means("a service of several tasks, to which nothing connects: they take their work", guide("service-auto-scaling")),
};
