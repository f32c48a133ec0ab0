import type { V1Deployment, V1PodSpec, V1StatefulSet } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { AgentSettings } from "../../components/agent-settings/kubernetes.ts";
import type { Cluster } from "../../components/cluster/provider.ts";
import { authorityOf, type SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/kubernetes.ts";
import { type MadePart, part } from "../../components/session-part.ts";
import { SessionVolumes } from "../../components/session-volumes/kubernetes.ts";
import { onCluster } from "../support/cluster.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test" };
const plain: SessionContainerArgs = { ...place, image: "registry.example/session@sha256:0", parts: [] };
const made = (given: Partial<MadePart>): MadePart => ({ ...part(given), ...given, resources: [] });
const labels = {
  "app.kubernetes.io/name": "agent-session",
  "app.kubernetes.io/managed-by": "agent-sessions",
  "agent-sessions/project": "agent-sessions",
  "agent-sessions/stack": "test",
  "agent-sessions/session": "a",
  "agent-sessions/kind": "session",
};
const { "app.kubernetes.io/name": _, "app.kubernetes.io/managed-by": __, ...selecting } = labels;
const metadata = { name: "claude-agent-a", namespace: "agent-sessions-test", labels };

const recorded = (args: Partial<SessionContainerArgs> = {}, more: Partial<Cluster> = {}) =>
  record(() => new SessionContainer("a", { ...plain, ...args }, onCluster(more)));

/** The pod that a session's StatefulSet makes. */
async function podOf(args: Partial<SessionContainerArgs> = {}, more: Partial<Cluster> = {}): Promise<V1PodSpec> {
  return specIn(await recorded(args, more));
}

/** Of the one session that was recorded. */
function specIn({ one }: Recorded): V1PodSpec {
  const { spec } = one("StatefulSet").inputs as V1StatefulSet;
  if (spec?.template.spec === undefined) throw new Error("a StatefulSet without a pod");
  return spec.template.spec;
}

/** Its session. */
function sessionIn({ containers: [session] }: V1PodSpec) {
  if (session === undefined) throw new Error("a pod without a container");
  return session;
}

test("a session is a set of one pod with a name, an account without a token and a budget, below its component", async () => {
  const { all, one } = await recorded();
  expect(all.map(({ type, name }) => [type, name])).toEqual([
    ["pulumi:providers:kubernetes", "cluster"],
    ["agent-sessions:kubernetes:SessionContainer", "a"],
    ["kubernetes:core/v1:ServiceAccount", "a-account"],
    ["kubernetes:core/v1:Service", "a-service"],
    ["kubernetes:policy/v1:PodDisruptionBudget", "a-disruptions"],
    ["kubernetes:apps/v1:StatefulSet", "a-pods"],
  ]);
  expect(one("kubernetes").inputs).toEqual({
    context: "test",
    namespace: "agent-sessions-test",
    upsertExistingObjects: "true",
    enableSecretMutable: "true",
    enableConfigMapMutable: "true",
  });
  expect(one("ServiceAccount").inputs).toMatchObject({ metadata, automountServiceAccountToken: false });
  expect(one("Service").inputs).toMatchObject({ metadata, spec: { clusterIP: "None", selector: selecting } });
  expect(one("PodDisruptionBudget").inputs).toMatchObject({
    metadata,
    spec: { minAvailable: 1, selector: { matchLabels: selecting }, unhealthyPodEvictionPolicy: "AlwaysAllow" },
  });
  expect(one("StatefulSet").inputs).toMatchObject({
    metadata,
    spec: {
      replicas: 1,
      podManagementPolicy: "Parallel",
      serviceName: "claude-agent-a",
      selector: { matchLabels: selecting },
      template: { metadata: { labels } },
    },
  });
});

test("its pod holds the whole baseline", async () => {
  const pod = await podOf();
  expect(pod).toMatchObject({
    serviceAccountName: "claude-agent-a",
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: { runAsNonRoot: true, runAsUser: 1000, runAsGroup: 1000, fsGroup: 1000, seccompProfile: { type: "RuntimeDefault" } },
    dnsPolicy: "None",
    dnsConfig: { nameservers: ["127.0.0.1"] },
    terminationGracePeriodSeconds: 10,
    topologySpreadConstraints: [{ maxSkew: 1, topologyKey: "kubernetes.io/hostname", whenUnsatisfiable: "ScheduleAnyway" }],
    volumes: [{ name: "claude-agent-a-dev-shm", emptyDir: { medium: "Memory", sizeLimit: "64Mi" } }],
  });
  expect(pod.topologySpreadConstraints?.[0]?.labelSelector?.matchLabels).not.toHaveProperty(["agent-sessions/session"]);
  expect(pod.hostAliases).toBeUndefined();
  expect(pod.initContainers).toBeUndefined();
  expect(pod.containers).toHaveLength(1);
  const { env, ...container } = sessionIn(pod);
  expect(container).toEqual({
    name: "session",
    image: "registry.example/session@sha256:0",
    imagePullPolicy: "IfNotPresent",
    command: ["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"],
    workingDir: "/workspace",
    volumeMounts: [{ name: "claude-agent-a-dev-shm", mountPath: "/dev/shm", readOnly: false }],
    resources: {
      requests: { memory: "4Gi", cpu: "2", "ephemeral-storage": "128Mi" },
      limits: { memory: "4Gi", cpu: "2", "ephemeral-storage": "128Mi" },
    },
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      readOnlyRootFilesystem: true,
      allowPrivilegeEscalation: false,
      privileged: false,
      capabilities: { drop: ["ALL"] },
    },
    startupProbe: {
      exec: { command: ["/usr/local/bin/session-health", "--alive"] },
      timeoutSeconds: 10,
      periodSeconds: 2,
      failureThreshold: 300,
    },
    livenessProbe: {
      exec: { command: ["/usr/local/bin/session-health", "--alive"] },
      timeoutSeconds: 10,
      initialDelaySeconds: 30,
      periodSeconds: 30,
      failureThreshold: 3,
    },
    readinessProbe: {
      exec: { command: ["/usr/local/bin/session-health", "--report"] },
      timeoutSeconds: 10,
      periodSeconds: 30,
      failureThreshold: 1,
    },
  });
  expect(env).toContainEqual({ name: "SESSION_ID", value: "a" });
  expect(env).toContainEqual({ name: "SESSION_PIDS_REQUIRED", value: "0" });
});

test("every option changes its own fields", async () => {
  const pod = await podOf(
    {
      uid: 10_023,
      limits: { memory: 8 * 1024 ** 3, cpu: 1.5, sharedMemory: 1024 ** 3 },
      reservations: { memory: 2 * 1024 ** 3, cpu: 0.5 },
      healthCheck: { interval: 90, timeout: 5, startPeriod: 60, retries: 5 },
      security: { appArmorProfile: "agent" },
      network: { egress: "open" },
      parts: [made({ aliases: [{ host: "egress-proxy", address: "10.0.0.7" }] })],
    },
    { runtimeClassName: "gvisor", spread: { over: "topology.kubernetes.io/zone" } },
  );
  expect(pod).toMatchObject({
    runtimeClassName: "gvisor",
    securityContext: { runAsUser: 10_023, fsGroup: 1000, appArmorProfile: { type: "Localhost", localhostProfile: "agent" } },
    dnsPolicy: "ClusterFirst",
    hostAliases: [{ ip: "10.0.0.7", hostnames: ["egress-proxy"] }],
    topologySpreadConstraints: [{ topologyKey: "topology.kubernetes.io/zone" }],
  });
  expect(pod.dnsConfig).toEqual({ options: [{ name: "ndots", value: "1" }] });
  const container = sessionIn(pod);
  expect(container.securityContext).toMatchObject({ runAsUser: 10_023, runAsGroup: 1000 });
  expect(container.resources).toMatchObject({ requests: { memory: "2Gi", cpu: "500m" }, limits: { memory: "8Gi", cpu: "1500m" } });
  expect(container.livenessProbe).toMatchObject({ initialDelaySeconds: 60, periodSeconds: 90, timeoutSeconds: 5, failureThreshold: 5 });
  expect((await podOf({ network: { egress: "open", dns: ["9.9.9.9"] } })).dnsConfig).toEqual({ nameservers: ["9.9.9.9"] });
});

test("secret variables are read of a Secret, and nothing of them is anywhere else", async () => {
  const all = await recorded({ parts: [made({ secretEnvironment: { TOKEN: secret("env KEY", "sesame") } })] });
  const { one, of } = all;
  expect(one("Secret").inputs.metadata).toMatchObject({ name: "claude-agent-a-environment", labels });
  const container = sessionIn(specIn(all));
  expect(container.env).toContainEqual({
    name: "TOKEN",
    valueFrom: { secretKeyRef: { name: "claude-agent-a-environment", key: "TOKEN" } },
  });
  expect(JSON.stringify(of("StatefulSet"))).not.toContain("sesame");
  expect(JSON.stringify(one("Secret").inputs)).toContain(Buffer.from("sesame").toString("base64"));
});

test("claims outlive the stack, and the agent adds to a folder of the logs that is another user's", async () => {
  const all = await record(() => {
    const options = onCluster({ storageClass: "fast" });
    const volumes = new SessionVolumes("a", place, options).part;
    new SessionContainer("a", { ...plain, parts: [volumes] }, options);
  });
  const claims = all.of("PersistentVolumeClaim");
  expect(claims.map(({ inputs, retainOnDelete }) => [(inputs.metadata as { name: string }).name, retainOnDelete])).toEqual([
    ["claude-agent-a-workspace", true],
    ["claude-agent-a-session", true],
    ["claude-agent-a-logs", true],
  ]);
  expect(claims[0]?.inputs).toMatchObject({
    metadata: {
      labels: { ...labels, "agent-sessions/kind": "workspace" },
      annotations: {
        "pulumi.com/skipAwait": "true",
        "pulumi.com/patchFieldManager": `agent-sessions/${labels["agent-sessions/project"]}/${labels["agent-sessions/stack"]}`,
      },
    },
    spec: { accessModes: ["ReadWriteOnce"], storageClassName: "fast", resources: { requests: { storage: "20Gi" } } },
  });
  const { initContainers, containers, volumes } = specIn(all);
  expect(volumes).toContainEqual({ name: "claude-agent-a-logs", persistentVolumeClaim: { claimName: "claude-agent-a-logs" } });
  expect(containers[0]?.volumeMounts).toContainEqual({ name: "claude-agent-a-logs", mountPath: "/logs", subPath: "kept", readOnly: false });
  expect(initContainers).toMatchObject([
    {
      name: "logs",
      command: ["/usr/bin/tini", "--", "/usr/bin/install", "-d", "-m", "1733", "/volume/kept"],
      securityContext: { runAsUser: 65_534, runAsGroup: 1000, readOnlyRootFilesystem: true, capabilities: { drop: ["ALL"] } },
      volumeMounts: [{ name: "claude-agent-a-logs", mountPath: "/volume", readOnly: false }],
    },
  ]);
});

test("a job that a part leaves runs in the session's pod before it, and shares the volume that it fills alone", async () => {
  const job = {
    name: "agent-repository-x",
    kind: "repository",
    runs: "before",
    image: "registry.example/session@sha256:0",
    program: ["/usr/local/bin/repository-fetch"],
    environment: {},
    mounts: [{ target: "/workspace", readOnly: false, source: { kind: "shared", name: "agent-repository-x" } }],
    limits: { memory: 1024 ** 3, cpu: 1, processes: 128 },
    reaches: "any host",
  } as const;
  const clone = { target: "/repos/x", readOnly: true, source: { kind: "shared", name: "agent-repository-x" } } as const;
  const pod = await podOf({ parts: [made({ companions: [job], mounts: [clone] })] });
  expect(pod.initContainers).toMatchObject([
    { name: "agent-repository-x", volumeMounts: [{ name: "agent-repository-x", mountPath: "/workspace", readOnly: false }] },
  ]);
  expect(pod.containers[0]?.volumeMounts).toContainEqual({ name: "agent-repository-x", mountPath: "/repos/x", readOnly: true });
  expect(pod.volumes).toContainEqual({ name: "agent-repository-x", emptyDir: { sizeLimit: "10Gi" } });
  expect(pod.containers[0]?.resources?.limits?.["ephemeral-storage"]).toBe("10368Mi");
});

test("what the agent is told is a Secret that the session reads", async () => {
  const { one } = await record(() => new AgentSettings("a", { ...place, image: "i", instructions: "be kind" }, onCluster()));
  expect(one("Secret").inputs.metadata).toMatchObject({
    name: "claude-agent-a-managed",
    labels: { ...labels, "agent-sessions/kind": "managed" },
  });
});

describe("a pool", () => {
  const pool = { replicas: 3, port: 8080 };

  test("is pods of its own number behind an address at which each client stays, of which one at a time may go", async () => {
    const { all, one } = await recorded({ pool });
    expect(all.map(({ type }) => type.split(":").at(-1)).sort()).toEqual([
      "Deployment",
      "PodDisruptionBudget",
      "Service",
      "ServiceAccount",
      "SessionContainer",
      "kubernetes",
    ]);
    expect(one("Deployment").inputs).toMatchObject({
      metadata,
      spec: { replicas: 3, selector: { matchLabels: selecting }, template: { metadata: { labels } } },
    });
    expect(one("Service").inputs).toMatchObject({
      metadata: { name: "claude-agent-a", annotations: { "pulumi.com/skipAwait": "true" } },
      spec: {
        type: "ClusterIP",
        selector: selecting,
        sessionAffinity: "ClientIP",
        ports: [{ name: "pool", port: 8080, targetPort: 8080, protocol: "TCP" }],
      },
    });
    const { minAvailable, maxUnavailable } = one("PodDisruptionBudget").inputs.spec as Record<string, unknown>;
    expect([minAvailable, maxUnavailable]).toEqual([undefined, 1]);
  });

  test("keeps nothing beyond its pods, on disks of a size, and is spread by itself", async () => {
    const { one, of } = await record(() => {
      const options = onCluster();
      const volumes = new SessionVolumes("a", { ...place, passing: true }, options).part;
      new SessionContainer("a", { ...plain, pool, parts: [volumes] }, options);
    });
    expect(of("PersistentVolumeClaim")).toEqual([]);
    const { spec } = one("Deployment").inputs as V1Deployment;
    if (spec?.template.spec === undefined) throw new Error("a Deployment without a pod");
    const { volumes, containers, topologySpreadConstraints } = spec.template.spec;
    expect(volumes).toContainEqual({ name: "claude-agent-a-workspace", emptyDir: { sizeLimit: "20Gi" } });
    expect(containers[0]?.resources?.limits?.["ephemeral-storage"]).toBe("26752Mi");
    expect(topologySpreadConstraints?.[0]?.labelSelector?.matchLabels).toEqual(selecting);
  });

  test("has as many as asked for, or as its work asks for", async () => {
    expect((await recorded({ pool: { ...pool, replicas: 7 } })).one("Deployment").inputs.spec).toMatchObject({ replicas: 7 });
    const { one } = await recorded({ pool: { ...pool, autoscale: { min: 2, max: 9, cpu: 60 } } });
    expect(one("Deployment").inputs.spec).not.toHaveProperty("replicas");
    expect(one("HorizontalPodAutoscaler").inputs).toMatchObject({
      metadata,
      spec: {
        scaleTargetRef: { apiVersion: "apps/v1", kind: "Deployment", name: "claude-agent-a" },
        minReplicas: 2,
        maxReplicas: 9,
        metrics: [{ type: "Resource", resource: { name: "cpu", target: { type: "Utilization", averageUtilization: 60 } } }],
      },
    });
  });

  test("lets those in that settings name, and its authority says so", async () => {
    const clients = { namespace: "shop", labels: { app: "front", tier: "web" } };
    const { one } = await recorded({ pool: { ...pool, clients } });
    expect(one("NetworkPolicy").inputs).toMatchObject({
      metadata: { name: "claude-agent-a-clients" },
      spec: {
        podSelector: { matchLabels: selecting },
        policyTypes: ["Ingress"],
        ingress: [
          {
            from: [
              {
                namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "shop" } },
                podSelector: { matchLabels: clients.labels },
              },
            ],
            ports: [{ protocol: "TCP", port: 8080 }],
          },
        ],
      },
    });
    expect(authorityOf({ ...plain, pool: { ...pool, clients } })).toEqual([
      "session a: port 8080 for pods app=front,tier=web of the namespace shop",
    ]);
    const own = await recorded({ pool: { ...pool, clients: { labels: { app: "front" } } } });
    const { ingress } = own.one("NetworkPolicy").inputs.spec as { ingress: [{ from: unknown }] };
    expect(ingress[0].from).toEqual([{ podSelector: { matchLabels: { app: "front" } } }]);
    expect(authorityOf({ ...plain, pool: { ...pool, clients: { labels: { app: "front" } } } })).toEqual([
      "session a: port 8080 for pods app=front",
    ]);
  });
});
