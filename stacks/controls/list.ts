/** What a session's settings ask for, or what holds for it whatever they say. */
export interface Control {
  /** What people know it as. */
  readonly title: string;
  /**
   * The keys of a session that ask for it, with all that lies below them: `limits.memory`; `mounts[]` for each of a list;
   * `workspace.kind=host` for a value, and `…=file://*` for one that begins so.
   */
  readonly keys: readonly string[];
  /** It holds for every session, whatever its settings say. @default only where a key asks for it */
  readonly always?: boolean;
}

/** A control that sessions are promised without asking. */
const promised = (title: string, ...keys: string[]): Control => ({ title, keys, always: true });

/** A control that settings ask for. */
const asked = (title: string, ...keys: [string, ...string[]]): Control => ({ title, keys });

/** All controls, in the order of the table. */
export const controls = {
  user: promised("a uid without rights, shared or its own", "uid"),
  readOnlyRoot: promised("a root file system that is read-only"),
  mountModes: promised("mounts that are there, and read-only, as described"),
  noSetuid: promised("no file that gives another user's rights"),
  noCapabilities: promised("no capability"),
  capabilities: asked("capabilities that are added", "security.capabilities"),
  noNewPrivileges: promised("no new privileges"),
  systemCalls: promised("only the system calls that work needs"),
  seccompProfile: asked("a seccomp profile of one's own", "security.seccompProfile"),
  appArmorProfile: asked("an AppArmor profile", "security.appArmorProfile"),
  hostView: promised("no device, process or kernel setting of the host"),
  memory: promised("memory, swap included", "limits.memory"),
  cpu: promised("processor time", "limits.cpu"),
  processes: promised("processes", "limits.processes"),
  openFiles: promised("open files", "limits.openFiles"),
  scratch: promised("/tmp in memory, of a size", "limits.tmp"),
  noPrograms: promised("no program that runs from /tmp and /dev/shm"),
  sharedMemory: promised("/dev/shm of a size", "limits.sharedMemory"),
  disk: promised("bytes in /workspace and /session", "limits.disk"),
  reservations: asked("what a session is promised on a busy machine", "reservations.memory", "reservations.cpu"),
  isolation: promised("no other session, no service of the host, no engine"),
  noNetwork: promised("no network unless asked for", "network.egress=none"),
  metadata: promised("no metadata address"),
  networkMode: asked("a network by its mode", "network.mode"),
  group: asked("a network that the sessions of a group share", "group"),
  egressList: asked("hosts by name and nothing else", "network.egress.allow[]"),
  egressAudit: asked("hosts that are recorded instead of refused", "network.egress.mode"),
  egressOpen: asked("any host", "network.egress=open"),
  dns: asked("resolvers of one's own", "network.dns"),
  ports: asked("ports of the host", "network.ports[]"),
  download: asked("what is received a second", "network.bandwidth.download"),
  upload: asked("what is sent a second", "network.bandwidth.upload"),
  services: asked("PostgreSQL and Redis for those that list them", "services[]"),
  workspaceVolume: promised("/workspace that outlives the container", "workspace.kind=volume"),
  workspaceMemory: asked("/workspace in memory, of a size", "workspace.kind=tmpfs"),
  workspaceHost: asked("/workspace in a folder of the host", "workspace.kind=host"),
  mounts: asked("further folders of the host", "mounts[]"),
  repositoryByPath: asked("repositories of the host", "repositories[].path"),
  repositoryByFileUrl: asked("clones of repositories of the host", "repositories[].url=file://*"),
  repositoryByUrl: asked(
    "clones that sessions share",
    ...(["repositories[].url", "repositories[].name", "repositories[].ref", "repositories[].username"] as const),
    ...(["env", "file", "command", "config"] as const).map((form) => `repositories[].secret.${form}`),
  ),
  ownSecrets: promised("no secret or volume of another session"),
  noCredentials: promised("nothing to sign in with unless asked for", "credentials.kind=none"),
  credentialsFile: asked("a secret as a file", "credentials.kind=file"),
  credentialsProxy: asked("a secret that stays outside", "credentials.kind=proxy"),
  credentialsInit: asked("a secret that a command fetches", "credentials.kind=init"),
  credentialsEnvironment: asked("a secret in a variable", "credentials.kind=environment"),
  keptSecret: asked(
    "a secret that the platform keeps, by its name",
    "credentials.secret.clusterSecret",
    "repositories[].secret.clusterSecret",
  ),
  credentialsHostMount: asked("credentials files of the host", "credentials.kind=hostMount"),
  logs: promised("/logs, to which the agent can add alone"),
  health: promised("an end to what hangs, and another start", "healthCheck"),
  restart: promised("as many starts as asked for", "restart"),
  lifetime: asked("an end after a time", "idleTimeout", "maxLifetime"),
  pool: asked("several containers that do the same work behind one address", "pool"),
  agent: asked("an agent's task, settings and command", "agent", "agentCommand"),
  environment: asked("variables", "environment"),
  identity: promised("names and labels", "id", "agentId", "securityPolicy"),
} as const satisfies Readonly<Record<string, Control>>;

export type ControlName = keyof typeof controls;
