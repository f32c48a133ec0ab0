import type { V1ValidatingAdmissionPolicy } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import type { SessionNamespaceArgs } from "../../components/namespace/args.ts";
import { SessionNamespace } from "../../components/namespace/kubernetes.ts";
import { roomOf, type Roomy } from "../../components/namespace/room.ts";
import { admission } from "../../policy/admission.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { cluster, onCluster } from "../support/cluster.ts";
import { record } from "../support/record.ts";

const [MiB, GiB] = [1024 ** 2, 1024 ** 3];

const session: Roomy = {
  limits: {},
  workspace: { kind: "volume" },
  repositories: [],
  network: { egress: "none" },
  credentials: { kind: "none" },
};
const allowing = { allow: [] } as unknown as Exclude<Roomy["network"]["egress"], string | undefined>;
const options = { claims: cluster.claims, sharesClones: false, clones: 0 };
const room = roomOf([session, { ...session, network: { egress: allowing } }], options);

const args: SessionNamespaceArgs = {
  project: "agent-sessions",
  stack: "test",
  namespace: "agents",
  room,
  admission: admission(["registry.corp.example/agent:1.2"]),
};
const labels = {
  "app.kubernetes.io/managed-by": "agent-sessions",
  "agent-sessions/project": "agent-sessions",
  "agent-sessions/stack": "test",
};

const recorded = (more: Partial<SessionNamespaceArgs> = {}) =>
  record(() => new SessionNamespace("namespace", { ...args, ...more }, onCluster()));

test("the namespace holds pods to the strictest level, at a version that is named, and outlives its stack with the claims in it", async () => {
  const { inputs, retainOnDelete } = (await recorded()).one("Namespace");
  const modes = ["enforce", "audit", "warn"];
  expect(inputs).toMatchObject({
    metadata: {
      name: "agents",
      labels: {
        ...labels,
        ...Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}`, "restricted"])),
        ...Object.fromEntries(modes.map((mode) => [`pod-security.kubernetes.io/${mode}-version`, "v1.35"])),
      },
      annotations: { "pulumi.com/patchFieldManager": "agent-sessions/agent-sessions/test" },
    },
  });
  expect(retainOnDelete).toBe(true);
  const other = (await recorded({ podSecurity: "v1.36" })).one("Namespace").inputs;
  expect(other).toMatchObject({ metadata: { labels: { "pod-security.kubernetes.io/enforce-version": "v1.36" } } });
});

test("nothing in it reaches anything without a policy of its own, which is said without lists that vanish on their way", async () => {
  const { inputs } = (await recorded()).one("NetworkPolicy");
  expect(inputs).toMatchObject({ metadata: { name: "default-deny", namespace: "agents", labels } });
  expect(inputs.spec).toEqual({ podSelector: {}, policyTypes: ["Ingress", "Egress"] });
});

test("its quota is twice what its sessions take, proxies that take each other's place included, and it lets nothing in from outside", async () => {
  const { one } = await recorded();
  expect(one("ResourceQuota").inputs).toMatchObject({
    metadata: { name: "sessions", namespace: "agents", labels },
    spec: {
      hard: {
        pods: "8",
        "limits.memory": "16896Mi",
        "limits.cpu": "12",
        "limits.ephemeral-storage": "1Gi",
        "services.loadbalancers": "0",
        "services.nodeports": "0",
      },
    },
  });
  const { hard } = (await recorded()).one("ResourceQuota").inputs.spec as { hard: object };
  expect(Object.keys(hard).filter((key) => /claims|storage$/.test(key))).toEqual(["limits.ephemeral-storage"]);
  const more = (await recorded({ quota: { pods: 9, claims: 6, storage: 52 * GiB } })).one("ResourceQuota").inputs;
  const claims = { persistentvolumeclaims: "6", "requests.storage": "52Gi" };
  expect(more).toMatchObject({ spec: { hard: { pods: "9", "limits.cpu": "12", ...claims } } });
});

test("no container and no claim is greater than those that are declared, and one that says nothing gets little", async () => {
  expect((await recorded()).one("LimitRange").inputs.spec).toEqual({
    limits: [
      {
        type: "Container",
        max: { memory: "4Gi", cpu: "2", "ephemeral-storage": "128Mi" },
        default: { memory: "256Mi", cpu: "500m", "ephemeral-storage": "64Mi" },
        defaultRequest: { memory: "256Mi", cpu: "500m", "ephemeral-storage": "64Mi" },
      },
      { type: "PersistentVolumeClaim", max: { storage: "20Gi" } },
    ],
  });
});

test.each<[string, Partial<Roomy>, Partial<typeof options>, ReturnType<typeof roomOf>]>([
  [
    "one of nothing but its limits",
    {},
    {},
    { pods: [{ pods: 1, memory: 4 * GiB, cpu: 2, disk: 128 * MiB }], claims: [20, 5, 1].map((size) => size * GiB) },
  ],
  [
    "one that is smaller than what runs before it",
    { limits: { memory: 512 * MiB, cpu: 0.5 }, workspace: { kind: "tmpfs", size: MiB } },
    {},
    { pods: [{ pods: 1, memory: GiB, cpu: 1, disk: 128 * MiB }], claims: [5 * GiB, GiB] },
  ],
  [
    "one with copies of clones, and what hands these out",
    { repositories: [{ kind: "url" }, { kind: "path" }, { kind: "url" }], workspace: { kind: "tmpfs", size: MiB } },
    { clones: 2 },
    {
      pods: [
        { pods: 1, memory: 4 * GiB, cpu: 2, disk: 128 * MiB + 20 * GiB },
        { pods: 4, memory: GiB, cpu: 1, disk: 128 * MiB + 10 * GiB },
      ],
      claims: [5 * GiB, GiB],
    },
  ],
  [
    "one with clones that all share, and proxies",
    {
      repositories: [{ kind: "url" }],
      workspace: { kind: "tmpfs", size: MiB },
      network: { egress: allowing },
      credentials: { kind: "proxy" },
    },
    { sharesClones: true, clones: 1 },
    {
      pods: [
        { pods: 1, memory: 4 * GiB, cpu: 2, disk: 128 * MiB },
        { pods: 2, memory: 128 * MiB, cpu: 1, disk: 128 * MiB },
        { pods: 2, memory: 256 * MiB, cpu: 0.5, disk: 128 * MiB },
        { pods: 1, memory: GiB, cpu: 1, disk: 128 * MiB },
      ],
      claims: [5 * GiB, GiB, 10 * GiB],
    },
  ],
  [
    "a pool, at its greatest and while it is rolled out",
    { pool: { replicas: 3, autoscale: { max: 5 } } },
    {},
    { pods: [{ pods: 7, memory: 4 * GiB, cpu: 2, disk: 26 * GiB + 128 * MiB }], claims: [] },
  ],
])("the room of %s", (_, given, more, expected) => {
  expect(roomOf([{ ...session, ...given }], { ...options, ...more })).toEqual(expected);
});

test("pods of this namespace alone are held to the rules by the cluster, and what cannot be judged is refused", async () => {
  const { one } = await recorded();
  const policy = one("ValidatingAdmissionPolicy").inputs as V1ValidatingAdmissionPolicy;
  const namespaceSelector = { matchLabels: { "kubernetes.io/metadata.name": "agents" } };
  expect(policy).toMatchObject({ metadata: { name: "agents.agent-sessions", labels }, spec: { failurePolicy: "Fail" } });
  expect(policy.spec?.matchConstraints).toEqual({
    namespaceSelector,
    resourceRules: [
      { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["pods", "pods/ephemeralcontainers"] },
    ],
  });
  expect(policy.spec?.matchConditions).toEqual([
    { name: "another-spec", expression: 'request.operation == "CREATE" || object.spec != oldObject.spec' },
  ]);
  expect(policy.spec?.variables).toContainEqual({ name: "images", expression: '["registry.corp.example/agent:1.2"]' });
  expect(policy.spec?.validations?.map(({ expression }) => expression)).toEqual(
    args.admission.validations.map(({ expression }) => expression),
  );
  expect(one("ValidatingAdmissionPolicyBinding").inputs).toMatchObject({
    metadata: { name: "agents.agent-sessions", labels },
    spec: { policyName: "agents.agent-sessions", validationActions: ["Deny", "Audit"], matchResources: { namespaceSelector } },
  });
});

test("no rule has anything against what is in it", async () => {
  const { all } = await recorded();
  const { findings } = evaluate(
    all.map(({ urn, type, name, inputs }) => ({ urn, type, name, props: inputs })),
    { level: "production" },
  );
  expect(findings.map(({ rule, message }) => [rule, message])).toEqual([]);
});
