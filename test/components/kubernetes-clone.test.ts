import type { V1Deployment, V1NetworkPolicy, V1PersistentVolumeClaim, V1PodTemplateSpec, V1Secret } from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import type { Cluster } from "../../components/cluster/provider.ts";
import { SessionContainer } from "../../components/session-container/kubernetes.ts";
import type { RepositoryCloneArgs } from "../../components/session-volumes/clone.ts";
import { RepositoryClone, SessionVolumes } from "../../components/session-volumes/kubernetes.ts";
import { cloneName } from "../../components/session.ts";
import { asCluster, onCluster } from "../support/cluster.ts";
import { record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const place = { project: "agent-sessions", stack: "test" };
const image = "registry.example/session@sha256:0";
const tools = {
  name: "tools",
  url: "https://git.example/tools.git",
  credential: { username: "me", password: secret("env TOKEN", "hush") },
};
const clone = cloneName(tools);

/** One clone that sessions read, and one session that does not. */
async function make(more: Partial<Cluster> = {}, given: Partial<RepositoryCloneArgs> = {}, reservations?: { cpu: number; memory: number }) {
  const recorded = await record(() => {
    const opts = onCluster(more);
    const { part } = new RepositoryClone(clone, { ...place, image, ...tools, readers: ["b", "a"], ...given }, opts);
    for (const [sessionId, reads] of [
      ["a", true],
      ["c", false],
    ] as const) {
      const at = { ...place, sessionId };
      const repositories = reads ? [{ name: "tools", kind: "clone", clone } as const] : [];
      const volumes = new SessionVolumes(sessionId, { ...at, repositories }, opts).part;
      new SessionContainer(
        sessionId,
        { ...at, image, parts: [volumes, ...(reads ? [part] : [])], ...(reservations !== undefined && { reservations }) },
        opts,
      );
    }
  }, asCluster);
  const pods: Record<string, V1PodTemplateSpec | undefined> = Object.fromEntries(
    [...recorded.of("StatefulSet"), ...recorded.of("Deployment"), ...recorded.of("Job")].map(({ inputs }) => {
      const { metadata, spec } = inputs as V1Deployment;
      return [metadata?.name ?? "", spec?.template];
    }),
  );
  const policies = Object.fromEntries(
    recorded.of("NetworkPolicy").map(({ inputs }) => [(inputs as V1NetworkPolicy).metadata?.name ?? "", (inputs as V1NetworkPolicy).spec]),
  );
  return { ...recorded, pods, policies };
}

const volume = (pod: V1PodTemplateSpec | undefined, target: string) => {
  const mount = pod?.spec?.containers[0]?.volumeMounts?.find(({ mountPath }) => mountPath === target);
  return { readOnly: mount?.readOnly, volume: pod?.spec?.volumes?.find(({ name }) => name === mount?.name) };
};
const labels = { "agent-sessions/project": "agent-sessions", "agent-sessions/stack": "test" };
const mirrors = { matchLabels: { ...labels, "agent-sessions/repository": clone, "agent-sessions/kind": "repository" } };
const readers = {
  matchLabels: { ...labels, "agent-sessions/kind": "session" },
  matchExpressions: [{ key: "agent-sessions/session", operator: "In", values: ["a", "b"] }],
};

describe("a clone where no claim can be read by many", () => {
  test("is kept by a pod, which fetches it before it hands it out, and whose password the keeper does not see", async () => {
    const { pods, one } = await make();
    const { spec } = pods[clone] ?? {};
    expect(spec?.initContainers?.map(({ name, command }) => [name, command?.at(-1)])).toEqual([
      ["repository-fetch", "/usr/local/bin/repository-fetch"],
    ]);
    expect(spec?.initContainers?.[0]?.volumeMounts?.map(({ mountPath, readOnly }) => [mountPath, readOnly])).toEqual([
      ["/workspace", false],
      ["/secret", true],
      ["/tmp", false],
    ]);
    expect(
      spec?.containers.map(({ name, volumeMounts }) => [name, volumeMounts?.map(({ mountPath, readOnly }) => [mountPath, readOnly])]),
    ).toEqual([
      [
        "repository",
        [
          ["/workspace", true],
          ["/tmp", false],
        ],
      ],
    ]);
    expect(spec?.volumes?.flatMap((volume) => volume.secret?.secretName ?? [])).toEqual([
      (one("Secret").inputs as V1Secret).metadata?.name,
    ]);
    expect(spec?.volumes?.find(({ name }) => name === clone)?.emptyDir).toEqual({ sizeLimit: "10Gi" });
    expect(spec?.containers[0]?.resources?.limits?.["ephemeral-storage"]).toBe("10368Mi");
  });

  test("is copied by each session that reads it before that starts, and read by the session alone from then on", async () => {
    const { pods } = await make();
    const session = pods["claude-agent-a"];
    const copy = session?.spec?.initContainers?.find(({ name }) => name === "clone-tools");
    expect(copy?.env).toContainEqual({ name: "REPOSITORY_MIRROR", value: "repository-tools:8418" });
    expect(copy?.volumeMounts?.find(({ mountPath }) => mountPath === "/workspace")).toEqual({
      name: clone,
      mountPath: "/workspace",
      readOnly: false,
    });
    expect(volume(session, "/repos/tools")).toEqual({ readOnly: true, volume: { name: clone, emptyDir: { sizeLimit: "10Gi" } } });
    expect(session?.spec?.hostAliases?.map(({ hostnames }) => hostnames)).toEqual([["repository-tools"]]);
    expect(JSON.stringify(pods["claude-agent-c"])).not.toContain("tools");
  });

  test("takes no more room on a node than what runs after it", async () => {
    const { pods } = await make({}, {}, { cpu: 0.25, memory: 512 * 1024 ** 2 });
    const sure = (pod: string) =>
      [...(pods[pod]?.spec?.initContainers ?? []), ...(pods[pod]?.spec?.containers ?? [])].map(({ name, resources }) => [
        name,
        resources?.requests?.cpu,
        resources?.requests?.memory,
      ]);
    expect(sure(clone)).toEqual([
      ["repository-fetch", "50m", "256Mi"],
      ["repository", "50m", "256Mi"],
    ]);
    expect(sure("claude-agent-a").filter(([name]) => name !== "logs")).toEqual([
      ["clone-tools", "250m", "512Mi"],
      ["session", "250m", "512Mi"],
    ]);
    expect(pods[clone]?.spec?.initContainers?.[0]?.resources?.limits).toMatchObject({ cpu: "1", memory: "1Gi" });
  });

  test("opens nothing to a session but its keeper's port, and to the keeper nothing but the URL's", async () => {
    const { policies } = await make({ companyAddresses: ["10.9.0.0/24"] });
    const ports = [{ protocol: "TCP", port: 8418 }];
    expect(policies).toEqual({
      [clone]: {
        podSelector: mirrors,
        policyTypes: ["Ingress", "Egress"],
        ingress: [{ from: [{ podSelector: readers }], ports }],
        egress: [
          expect.objectContaining({ ports: [{ protocol: "TCP", port: 443 }] }),
          expect.objectContaining({ ports: expect.arrayContaining([{ protocol: "UDP", port: 53 }]) }),
        ],
      },
      [`${clone}-readers`]: {
        podSelector: readers,
        policyTypes: ["Ingress", "Egress"],
        egress: [{ to: [{ podSelector: mirrors }], ports }],
      },
    });
    expect(policies[clone]?.egress?.[0]?.to?.map(({ ipBlock }) => ipBlock?.cidr)).toEqual(["0.0.0.0/0", "::/0", "10.9.0.0/24"]);
  });

  test("leaves sessions as they are when another commit is asked for", async () => {
    const [one, other] = [await make(), await make({}, { ref: "v2" })];
    expect(one.pods[clone]).not.toEqual(other.pods[clone]);
    expect(one.pods["claude-agent-a"]).toEqual(other.pods["claude-agent-a"]);
  });
});

test("where a storage class has claims that many read, a job fills one, and no session reaches anything for it", async () => {
  const { one, of, pods, policies } = await make({ sharedStorageClass: "nfs" });
  expect(one("Job").inputs).toMatchObject({
    metadata: { name: clone, namespace: "agent-sessions-test" },
    spec: {
      backoffLimit: 3,
      activeDeadlineSeconds: 3600,
      ttlSecondsAfterFinished: 86_400,
      template: { spec: { restartPolicy: "Never", automountServiceAccountToken: false, dnsPolicy: "ClusterFirst" } },
    },
  });
  const claim = of("PersistentVolumeClaim").find(({ inputs }) => (inputs as V1PersistentVolumeClaim).metadata?.name === clone);
  expect(claim?.inputs).toMatchObject({ metadata: { name: clone, annotations: { "pulumi.com/skipAwait": "true" } } });
  expect(claim?.inputs.spec).toEqual({
    accessModes: ["ReadWriteMany"],
    storageClassName: "nfs",
    resources: { requests: { storage: "10Gi" } },
  });
  expect(volume(pods[clone], "/workspace")).toMatchObject({ readOnly: false, volume: { persistentVolumeClaim: { claimName: clone } } });
  expect(volume(pods["claude-agent-a"], "/repos/tools")).toMatchObject({
    readOnly: true,
    volume: { persistentVolumeClaim: { claimName: clone } },
  });
  expect(pods["claude-agent-a"]?.spec?.initContainers?.map(({ name }) => name)).not.toContain("clone-tools");
  expect(pods["claude-agent-a"]?.spec).not.toHaveProperty("hostAliases");
  expect(Object.keys(policies)).toEqual([clone]);
  expect(policies[clone]).not.toHaveProperty("ingress");
});
