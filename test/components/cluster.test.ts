import type { V1Deployment, V1Service } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import { type CompanionPod, CompanionService } from "../../components/cluster/companion.ts";
import { labelValue, selectorOf, servingLabels, sessionLabels, shortened } from "../../components/cluster/labels.ts";
import { cores, quantity, toPod, toVolumes } from "../../components/cluster/pod.ts";
import { ClusterProvider } from "../../components/cluster/provider.ts";
import type { Mount, Service } from "../../components/session-part.ts";
import { cluster, onCluster } from "../support/cluster.ts";
import { record } from "../support/record.ts";

const GiB = 1024 ** 3;
const owner = { project: "agent-sessions", stack: "test", sessionId: "a" };

describe("labels", () => {
  test("tell what is a session's own from what serves it", () => {
    expect(sessionLabels(owner, "workspace")).toEqual({
      "app.kubernetes.io/name": "agent-session",
      "app.kubernetes.io/managed-by": "agent-sessions",
      "agent-sessions/project": "agent-sessions",
      "agent-sessions/stack": "test",
      "agent-sessions/session": "a",
      "agent-sessions/kind": "workspace",
    });
    expect(selectorOf(servingLabels(owner, "egress-proxy"))).toEqual({
      "agent-sessions/project": "agent-sessions",
      "agent-sessions/stack": "test",
      "agent-sessions/serves": "a",
      "agent-sessions/kind": "egress-proxy",
    });
  });

  test.each([
    ["fits.as_it-is", "fits.as_it-is"],
    ["ends.", /^ends\.-[0-9a-f]{8}$/],
    ["_begins", /^begins-[0-9a-f]{8}$/],
    ["x".repeat(64), /^x{54}-[0-9a-f]{8}$/],
  ])("carry %s", (text, value) => {
    expect(labelValue(text)).toEqual(typeof value === "string" ? value : expect.stringMatching(value));
  });

  test("two long texts that begin alike stay two", () => {
    expect(labelValue(`${"x".repeat(80)}1`)).not.toBe(labelValue(`${"x".repeat(80)}2`));
    expect(shortened("x".repeat(63))).toBe("x".repeat(63));
    expect(shortened("x".repeat(64))).toHaveLength(63);
  });
});

test.each([
  [4 * GiB, "4Gi"],
  [1.5 * GiB, "1536Mi"],
  [1024 ** 5, "1Pi"],
  [1024 ** 6, "1024Pi"],
  [1000, "1000"],
  [0, "0"],
])("%d bytes are %s", (bytes, text) => expect(quantity(bytes)).toBe(text));

test.each([
  [2, "2"],
  [0.5, "500m"],
  [1.25, "1250m"],
])("%d cores are %s", (amount, text) => expect(cores(amount)).toBe(text));

describe("volumes", () => {
  const of = "claude-agent-a";
  const at = (target: string, source: Mount["source"]): Mount => ({ target, readOnly: true, source });

  test("each source has its own kind, with a size wherever the node would have to find room", () => {
    const mounts = [
      at("/session", { kind: "persistent", name: "session" }),
      at("/repos/x", { kind: "shared", name: "agent-repository-x" }),
      at("/tmp/agent", { kind: "memory", size: GiB, exec: false, mode: "0700", owned: true }),
      at("/auth", { kind: "companion", companion: "claude-agent-a-auth", leaves: "files" }),
    ];
    expect(toVolumes({ of, mounts, cluster })).toEqual([
      { name: "claude-agent-a-session", persistentVolumeClaim: { claimName: "claude-agent-a-session" } },
      { name: "agent-repository-x", emptyDir: { sizeLimit: "10Gi" } },
      { name: "claude-agent-a-tmp-agent", emptyDir: { medium: "Memory", sizeLimit: "1Gi" } },
      { name: "claude-agent-a-auth", emptyDir: { medium: "Memory", sizeLimit: "1Mi" } },
    ]);
  });

  test("a clone is a claim that many read, where a class for such is there; what is passing is on the node's disk", () => {
    const mounts = [
      at("/repos/x", { kind: "shared", name: "agent-repository-x" }),
      at("/session", { kind: "persistent", name: "session" }),
    ];
    expect(toVolumes({ of, mounts, cluster: { ...cluster, sharedStorageClass: "nfs" }, passing: true })).toEqual([
      { name: "agent-repository-x", persistentVolumeClaim: { claimName: "agent-repository-x", readOnly: true } },
      { name: "claude-agent-a-session", emptyDir: { sizeLimit: "5Gi" } },
    ]);
  });

  test("a folder of the host is none that a pod can have", () => {
    const mounts = [at("/data", { kind: "host", path: "/srv" })];
    expect(() => toVolumes({ of, mounts, cluster })).toThrow("/data is to be of the kind host, which no pod can be given");
  });
});

test("what holds for every pod, and what settings add", () => {
  const toleration = { operator: "Exists", effect: "NoExecute", tolerationSeconds: 60 };
  const plain = {
    automountServiceAccountToken: false,
    enableServiceLinks: false,
    securityContext: {
      runAsNonRoot: true,
      runAsUser: 1000,
      runAsGroup: 1000,
      fsGroup: 1000,
      fsGroupChangePolicy: "OnRootMismatch",
      seccompProfile: { type: "RuntimeDefault" },
    },
    tolerations: [
      { key: "node.kubernetes.io/not-ready", ...toleration },
      { key: "node.kubernetes.io/unreachable", ...toleration },
    ],
    terminationGracePeriodSeconds: 10,
    dnsPolicy: "None",
    dnsConfig: {
      nameservers: ["127.0.0.1"],
      options: [
        { name: "timeout", value: "1" },
        { name: "attempts", value: "1" },
      ],
    },
  };
  expect(toPod({ user: [1000, 1000] }, cluster)).toEqual(plain);
  const asked = { runtimeClassName: "gvisor", hostUsers: false, nodeSelector: { pool: "agents" }, pullSecret: "registry" };
  const given = { ...cluster, ...asked, seccompProfile: "profiles/agent.json", failureRecovery: { after: 30 } };
  const { pullSecret: _, ...fields } = asked;
  expect(toPod({ user: [13, 13], appArmorProfile: "agent", dns: ["9.9.9.9"] }, given)).toEqual({
    ...plain,
    ...fields,
    imagePullSecrets: [{ name: "registry" }],
    securityContext: {
      ...plain.securityContext,
      runAsUser: 13,
      runAsGroup: 13,
      fsGroup: 13,
      seccompProfile: { type: "Localhost", localhostProfile: "profiles/agent.json" },
      appArmorProfile: { type: "Localhost", localhostProfile: "agent" },
    },
    tolerations: plain.tolerations.map((one) => ({ ...one, tolerationSeconds: 30 })),
    dnsConfig: { nameservers: ["9.9.9.9"] },
  });
  expect(toPod({ user: [13, 13], dns: "cluster" }, cluster)).toMatchObject({
    dnsPolicy: "ClusterFirst",
    dnsConfig: { options: [{ name: "ndots", value: "1" }] },
  });
});

test("the provider has the kubeconfig that settings name, and takes over what outlived a stack", async () => {
  const inputs = async (more: Partial<typeof cluster> = {}) =>
    (await record(() => new ClusterProvider("c", { ...cluster, ...more }))).all[0]?.inputs;
  const usual = {
    context: "test",
    namespace: "agent-sessions-test",
    upsertExistingObjects: "true",
    enableSecretMutable: "true",
    enableConfigMapMutable: "true",
  };
  expect(await inputs()).toEqual(usual);
  expect(await inputs({ kubeconfig: "/etc/kubeconfig" })).toEqual({ ...usual, kubeconfig: "/etc/kubeconfig" });
});

test("what serves beside a session has one port, for which its Service is, and asks no resolver unless it is said to", async () => {
  const companion: Service = {
    name: "claude-agent-a-proxy",
    kind: "egress-proxy",
    runs: "beside",
    image: "i",
    program: ["p"],
    environment: {},
    mounts: [],
    limits: { memory: GiB, cpu: 1, processes: 1 },
    health: { command: ["h"], interval: 5, timeout: 2, startPeriod: 3, retries: 4 },
    reaches: "nothing",
  };
  const labels = servingLabels(owner, "egress-proxy");
  const made = async (pod: Partial<CompanionPod> = {}) => {
    const { one } = await record(() => new CompanionService("EgressProxyPod", "p", companion, { labels, port: 3128, ...pod }, onCluster()));
    const { spec } = one("Deployment").inputs as V1Deployment;
    return { pod: spec?.template.spec, service: (one("Service").inputs as V1Service).spec };
  };
  const { pod, service } = await made();
  expect(pod?.containers.map(({ ports }) => ports)).toEqual([[{ name: "serves", containerPort: 3128, protocol: "TCP" }]]);
  expect(service).toEqual({
    type: "ClusterIP",
    selector: { ...selectorOf(labels) },
    ports: [{ name: "serves", port: 3128, targetPort: 3128, protocol: "TCP" }],
  });
  expect(pod).toMatchObject({ dnsPolicy: "None", dnsConfig: { nameservers: ["127.0.0.1"] } });
  expect((await made({ dns: "cluster" })).pod).toMatchObject({ dnsPolicy: "ClusterFirst" });
});
