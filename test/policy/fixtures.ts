/** Compliant resources of every platform. Each test breaks one of them in one way. */
import type { Resource } from "../../policy/evaluate.ts";

const stack = "urn:pulumi:test::fixtures::";

export function resource(type: string, name: string, props: Record<string, unknown>, options: Partial<Resource> = {}): Resource {
  return { urn: `${stack}${type}::${name}`, type, name, props, ...options };
}

/** A copy of a resource with inputs changed: by path, an undefined value removes. */
export function changed(original: Resource, changes: Readonly<Record<string, unknown>>): Resource {
  const props = structuredClone(original.props);
  for (const [path, value] of Object.entries(changes)) {
    const keys = path.split("/");
    let owner: Record<string, unknown> = props;
    for (const key of keys.slice(0, -1)) {
      owner[key] ??= {};
      owner = owner[key] as Record<string, unknown>;
    }
    const last = keys.at(-1) ?? "";
    if (value === undefined) delete owner[last];
    else owner[last] = value;
  }
  return { ...original, props };
}

export const imageId = "sha256:4f0ce1a1f8c5a4c6f9c9b5d4f1b7a7f1c1a2b3c4d5e6f708192a3b4c5d6e7f80";
export const pinnedImage = `registry.example.com:5000/team/agent:1.2.3@${imageId}`;

const labels = [
  { label: "session_id", value: "alpha" },
  { label: "created_by", value: "agent-sessions" },
  { label: "pids_limit", value: "512" },
];

/** A container that a component of this project makes, as its URN tells. */
function ownContainer(name: string, props: Record<string, unknown>): Resource {
  const type = "docker:index/container:Container";
  return resource(type, name, props, { urn: `${stack}agent-sessions:docker:SessionContainer$${type}::${name}` });
}

/** A session container as the local strategy registers it. */
export function sessionContainer(props: Record<string, unknown> = {}): Resource {
  return ownContainer("alpha", {
    image: imageId,
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
    envs: ["SESSION_ID=alpha", "CLAUDE_AUTH_TOKEN_FILE=/auth/token", "MAX_TOKENS=4096", "TOKEN_TYPE=bearer"],
    readOnly: true,
    user: "1000:1000",
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true"],
    ipcMode: "private",
    networkMode: "none",
    memory: 4096,
    memorySwap: 4096,
    memoryReservation: 2048,
    cpus: "2",
    cpuShares: 1024,
    shmSize: 64,
    ulimits: [{ name: "nofile", soft: 4096, hard: 4096 }],
    tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=536870912" },
    mounts: [
      {
        type: "bind",
        source: "/home/me/project",
        target: "/repos/project",
        readOnly: true,
        bindOptions: { propagation: "rprivate" },
      },
      { type: "volume", source: "alpha-session", target: "/session" },
      { type: "volume", source: "alpha-auth", target: "/auth", readOnly: true },
    ],
    labels,
    healthcheck: { tests: ["CMD", "/usr/local/bin/session-health"], interval: "30s", timeout: "10s", retries: 3 },
    restart: "always",
    logDriver: "json-file",
    logOpts: { "max-size": "50m", "max-file": "10" },
    ...props,
  });
}

/** The container that puts secret files into a volume: made, never started. */
export const secretWriter = ownContainer("alpha-auth", {
  image: imageId,
  user: "1000:1000",
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  start: false,
  mustRun: false,
  mounts: [{ type: "volume", source: "alpha-auth", target: "/auth" }],
  uploads: [{ file: "/auth/token", content: "sk-ant-api03-abcdefghijklmnop" }],
  labels: [...labels, { label: "kind", value: "auth" }],
});

/** The container that clones a repository and ends. */
export const repositoryFetch = ownContainer("clone", {
  image: imageId,
  user: "1000:1000",
  entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/repository-fetch"],
  envs: ["REPOSITORY_URL=https://example.com/team/project.git"],
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true"],
  networksAdvanced: [{ name: "clone" }],
  memory: 1024,
  memorySwap: 1024,
  cpus: "1",
  tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864" },
  mounts: [{ type: "volume", source: "clone", target: "/workspace" }],
  labels: [
    { label: "created_by", value: "agent-sessions" },
    { label: "pids_limit", value: "128" },
  ],
  logDriver: "json-file",
  logOpts: { "max-size": "1m", "max-file": "2" },
  restart: "no",
  start: false,
  attach: true,
  mustRun: false,
});

const bridge = "com.docker.network.bridge";

export const sealedNetwork = resource("docker:index/network:Network", "alpha", {
  name: "alpha",
  driver: "bridge",
  internal: true,
  options: { [`${bridge}.enable_icc`]: "false", [`${bridge}.inhibit_ipv4`]: "true" },
  labels,
});

export const cloneNetwork = resource("docker:index/network:Network", "clone", {
  name: "clone",
  driver: "bridge",
  internal: false,
  options: { [`${bridge}.enable_icc`]: "false" },
  labels: [{ label: "created_by", value: "agent-sessions" }],
});

export const sealedContainer = changed(
  sessionContainer({ networksAdvanced: [{ name: "alpha", aliases: ["alpha"] }], dns: ["127.0.0.1"] }),
  {
    networkMode: undefined,
  },
);

export const sessionVolume = resource("docker:index/volume:Volume", "alpha-session", {
  name: "alpha-session",
  driver: "local",
  labels,
});

export const overlay = resource("docker:index/network:Network", "overlay", {
  name: "overlay",
  driver: "overlay",
  options: { encrypted: "" },
  labels: [{ label: "created_by", value: "agent-sessions" }],
});

export const service = resource("docker:index/service:Service", "alpha", {
  taskSpec: {
    containerSpec: {
      image: pinnedImage,
      commands: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
      env: { SESSION_ID: "alpha" },
      user: "10001:10001",
      readOnly: true,
      capDrops: ["ALL"],
      mounts: [{ type: "volume", source: "alpha-session", target: "/session" }],
      healthcheck: { tests: ["CMD", "/usr/local/bin/session-health"], interval: "30s" },
    },
    resources: { limits: { memoryBytes: 4294967296, nanoCpus: 2000000000 } },
    networksAdvanceds: [{ name: "overlay" }],
    logDriver: { name: "json-file", options: { "max-size": "50m", "max-file": "10" } },
  },
});

export const builtImage = resource("docker:index/image:Image", "session", {
  imageName: "agent-sessions-session:slim-0123456789ab",
  build: {
    context: "no/such/folder",
    dockerfile: "no/such/folder/Dockerfile",
    args: { BASE_IMAGE: "node:24.1" },
    builderVersion: "BuilderBuildKit",
  },
  skipPush: true,
});

export const pulledImage = resource("docker:index/remoteImage:RemoteImage", "base", { name: pinnedImage });

export const dockerProvider = resource("pulumi:providers:docker", "engine", { host: "unix:///run/docker.sock" });

/** Namespace of the Kubernetes fixtures. */
const namespace = "sessions";
const metadata = { name: "alpha", namespace };

const podLabels = { app: "alpha" };

const containerSpec = {
  name: "agent",
  image: pinnedImage,
  command: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
  env: [
    { name: "SESSION_ID", value: "alpha" },
    { name: "CLAUDE_AUTH_TOKEN", valueFrom: { secretKeyRef: { name: "auth", key: "token" } } },
  ],
  securityContext: {
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ["ALL"] },
    runAsUser: 10001,
    runAsGroup: 10001,
    runAsNonRoot: true,
  },
  resources: { limits: { memory: "4Gi", cpu: "2", "ephemeral-storage": "1Gi" } },
  livenessProbe: { exec: { command: ["/usr/local/bin/session-health"] } },
  readinessProbe: { httpGet: { path: "/ready", port: 8080 } },
  volumeMounts: [
    { name: "tmp", mountPath: "/tmp" },
    { name: "repository", mountPath: "/repos/project", readOnly: true },
    { name: "auth", mountPath: "/auth", readOnly: true },
  ],
};

export const podSpec = {
  automountServiceAccountToken: false,
  serviceAccountName: "alpha",
  enableServiceLinks: false,
  securityContext: { seccompProfile: { type: "RuntimeDefault" }, fsGroup: 10001 },
  containers: [containerSpec],
  volumes: [
    { name: "tmp", emptyDir: { sizeLimit: "512Mi" } },
    { name: "repository", persistentVolumeClaim: { claimName: "repository" } },
    { name: "auth", secret: { secretName: "auth" } },
  ],
};

export const deployment = resource("kubernetes:apps/v1:Deployment", "alpha", {
  apiVersion: "apps/v1",
  kind: "Deployment",
  metadata,
  spec: {
    replicas: 1,
    selector: { matchLabels: podLabels },
    template: { metadata: { labels: podLabels }, spec: podSpec },
  },
});

export const job = resource("kubernetes:batch/v1:Job", "cleanup", {
  metadata: { name: "cleanup", namespace },
  spec: {
    activeDeadlineSeconds: 600,
    ttlSecondsAfterFinished: 60,
    backoffLimit: 2,
    template: { metadata: { labels: podLabels }, spec: podSpec },
  },
});

const kubernetes = (version: string, kind: string, props: Record<string, unknown>, name = "alpha"): Resource =>
  resource(`kubernetes:${version}:${kind}`, name, { metadata: { name, namespace }, ...props });

export const namespaceResource = resource("kubernetes:core/v1:Namespace", "sessions", {
  metadata: { name: namespace, labels: { "pod-security.kubernetes.io/enforce": "restricted" } },
});

export const podNetworkPolicy = kubernetes("networking.k8s.io/v1", "NetworkPolicy", {
  spec: {
    podSelector: { matchLabels: podLabels },
    policyTypes: ["Ingress", "Egress"],
    ingress: [{ from: [{ podSelector: { matchLabels: { app: "router" } } }] }],
    egress: [
      { to: [{ podSelector: { matchLabels: { app: "proxy" } } }], ports: [{ port: 3128 }] },
      {
        to: [{ namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } } }],
        ports: [{ port: 53, protocol: "UDP" }],
      },
    ],
  },
});

export const serviceAccount = kubernetes("core/v1", "ServiceAccount", { automountServiceAccountToken: false });
export const quota = kubernetes("core/v1", "ResourceQuota", { spec: { hard: { pods: "10" } } });
export const limitRange = kubernetes("core/v1", "LimitRange", { spec: { limits: [] } });
export const clusterService = kubernetes("core/v1", "Service", { spec: { type: "ClusterIP", ports: [{ port: 80 }] } });
export const ingress = kubernetes("networking.k8s.io/v1", "Ingress", { spec: { tls: [{ secretName: "tls" }] } });
export const configMap = kubernetes("core/v1", "ConfigMap", { data: { level: "info" } });
export const role = kubernetes("rbac.authorization.k8s.io/v1", "Role", {
  rules: [{ apiGroups: [""], resources: ["pods"], verbs: ["get"] }],
});
export const roleBinding = kubernetes("rbac.authorization.k8s.io/v1", "RoleBinding", {
  roleRef: { kind: "Role", name: "alpha" },
  subjects: [{ kind: "ServiceAccount", name: "alpha" }],
});

/** One container definition of a Fargate task. */
export const definition = {
  name: "agent",
  image: pinnedImage,
  entryPoint: ["/usr/bin/tini", "--"],
  user: "10001:10001",
  readonlyRootFilesystem: true,
  linuxParameters: { capabilities: { drop: ["ALL"] }, initProcessEnabled: true },
  environment: [{ name: "SESSION_ID", value: "alpha" }],
  secrets: [{ name: "CLAUDE_AUTH_TOKEN", valueFrom: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:auth" }],
  healthCheck: { command: ["CMD", "/usr/local/bin/session-health"] },
  logConfiguration: { logDriver: "awslogs", options: { mode: "non-blocking", "awslogs-group": "sessions" } },
};

/** A Fargate task with the definition changed. */
export function task(change: Record<string, unknown> = {}, props: Record<string, unknown> = {}): Resource {
  return resource("aws:ecs/taskDefinition:TaskDefinition", "alpha", {
    family: "alpha",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    cpu: "2048",
    memory: "4096",
    executionRoleArn: "arn:aws:iam::123456789012:role/execution",
    taskRoleArn: "arn:aws:iam::123456789012:role/task",
    containerDefinitions: JSON.stringify([{ ...definition, ...change }]),
    volumes: [
      {
        name: "workspace",
        efsVolumeConfiguration: {
          fileSystemId: "fs-1",
          transitEncryption: "ENABLED",
          authorizationConfig: { iam: "ENABLED", accessPointId: "fsap-1" },
        },
      },
    ],
    ...props,
  });
}

/** The same task on machines of one's own. */
export function machineTask(change: Record<string, unknown> = {}, props: Record<string, unknown> = {}): Resource {
  return task({ dockerSecurityOptions: ["no-new-privileges"], ...change }, { requiresCompatibilities: ["EC2"], ...props });
}

const aws = (type: string, props: Record<string, unknown>, options: Partial<Resource> = {}): Resource =>
  resource(`aws:${type}`, "alpha", props, options);

export const ecsService = aws("ecs/service:Service", {
  networkConfiguration: { assignPublicIp: false, subnets: ["subnet-1"] },
  deploymentCircuitBreaker: { enable: true, rollback: true },
});
export const cluster = aws("ecs/cluster:Cluster", { settings: [{ name: "containerInsights", value: "enabled" }] });
export const fileSystem = aws("efs/fileSystem:FileSystem", { encrypted: true, kmsKeyId: "key" }, { protect: true });
export const backupPolicy = aws(
  "efs/backupPolicy:BackupPolicy",
  { backupPolicy: { status: "ENABLED" } },
  { dependencies: [fileSystem.urn] },
);
export const backupSelection = aws("backup/selection:Selection", { name: "sessions" }, { dependencies: [fileSystem.urn] });
export const accessPoint = aws("efs/accessPoint:AccessPoint", {
  rootDirectory: { path: "/sessions/alpha" },
  posixUser: { uid: 10001, gid: 10001 },
});
export const fileSystemPolicy = aws("efs/fileSystemPolicy:FileSystemPolicy", {
  policy: JSON.stringify({
    Statement: [
      { Effect: "Deny", Principal: "*", Action: "*", Condition: { Bool: { "aws:SecureTransport": "false" } } },
      {
        Effect: "Allow",
        Principal: { AWS: "arn:aws:iam::123456789012:role/task" },
        Action: "elasticfilesystem:ClientMount",
      },
    ],
  }),
});
export const securityGroup = aws("ec2/securityGroup:SecurityGroup", {
  description: "sessions",
  ingress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["0.0.0.0/0"], description: "load balancer" }],
  egress: [{ protocol: "tcp", fromPort: 443, toPort: 443, cidrBlocks: ["10.0.0.0/16"], description: "endpoints" }],
});
export const iamPolicy = aws("iam/policy:Policy", {
  policy: JSON.stringify({
    Version: "2012-10-17",
    Statement: [
      {
        Effect: "Allow",
        Action: ["secretsmanager:GetSecretValue"],
        Resource: "arn:aws:secretsmanager:eu-west-1:123456789012:secret:auth",
      },
    ],
  }),
});
export const iamRole = aws("iam/role:Role", {
  assumeRolePolicy: {
    Statement: [
      {
        Effect: "Allow",
        Principal: { Service: "ecs-tasks.amazonaws.com" },
        Action: "sts:AssumeRole",
        Condition: { StringEquals: { "aws:SourceAccount": "123456789012" } },
      },
    ],
  },
});
export const secret = aws("secretsmanager/secret:Secret", { kmsKeyId: "key" }, { protect: true });
export const secretRotation = aws(
  "secretsmanager/secretRotation:SecretRotation",
  { rotationRules: { automaticallyAfterDays: 30 } },
  { dependencies: [secret.urn] },
);
export const secretVersion = aws("secretsmanager/secretVersion:SecretVersion", {
  secretString: { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "not to be seen" },
});
export const logGroup = aws("cloudwatch/logGroup:LogGroup", { retentionInDays: 30, kmsKeyId: "key" });
export const repository = aws("ecr/repository:Repository", {
  imageScanningConfiguration: { scanOnPush: true },
  imageTagMutability: "IMMUTABLE",
  encryptionConfigurations: [{ encryptionType: "KMS" }],
});
export const lifecycle = aws("ecr/lifecyclePolicy:LifecyclePolicy", { policy: "{}" }, { dependencies: [repository.urn] });
export const repositoryPolicy = aws("ecr/repositoryPolicy:RepositoryPolicy", {
  policy: JSON.stringify({
    Statement: { Effect: "Allow", Principal: { AWS: "arn:aws:iam::123456789012:root" }, Action: "ecr:BatchGetImage" },
  }),
});

/** Stacks that hold together: nothing in them breaks a rule at any level. */
export const compliant: Readonly<Record<string, readonly Resource[]>> = {
  "a session without a network": [sessionContainer(), sessionVolume, builtImage, dockerProvider],
  "a sealed session": [sealedNetwork, sealedContainer, secretWriter, sessionVolume],
  "a repository that is cloned": [cloneNetwork, repositoryFetch],
  "a Swarm service": [overlay, service, pulledImage],
  "a Kubernetes deployment": [
    namespaceResource,
    podNetworkPolicy,
    serviceAccount,
    quota,
    limitRange,
    deployment,
    job,
    clusterService,
    ingress,
    configMap,
    role,
    roleBinding,
  ],
  "a Fargate service": [
    task(),
    ecsService,
    cluster,
    fileSystem,
    backupPolicy,
    accessPoint,
    fileSystemPolicy,
    securityGroup,
    iamPolicy,
    iamRole,
    secret,
    secretRotation,
    secretVersion,
    logGroup,
    repository,
    lifecycle,
    repositoryPolicy,
  ],
  "an ECS task on machines of one's own": [machineTask()],
};
