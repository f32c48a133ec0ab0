import { AppsV1Api, type V1SecurityContext } from "@kubernetes/client-node";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { until } from "../rig.ts";
import { Cluster } from "./cluster.ts";
import { sessionImages } from "./images.ts";
import { addresses } from "./place.ts";
import { restartProgram, signalProgram } from "./programs.ts";

/** What is promised of sessions on Kubernetes, seen on a cluster: admission, isolation, and what an `up` changes and leaves. */

const cluster = new Cluster("sessions");
const images = await sessionImages();
const { namespace } = cluster;

/** Small enough for two processors, and quickly known to be well. */
const small = {
  healthCheck: { interval: "2 s", startPeriod: "2 s" },
  limits: { memory: "256 MB" },
  reservations: { cpu: 0.1, memory: "128 MB" },
};
const one = { id: "one", ...small, network: { egress: { allow: ["listed.example"] } } };
const two = { id: "two", ...small };
const described = (...sessions: readonly object[]) => ({ kubernetes: { images, podSecurity: "v1.34" }, sessions });

const [podOne, podTwo] = ["claude-agent-one-0", "claude-agent-two-0"];
const uidOf = async (pod: string) => (await cluster.pod(pod)).metadata?.uid;

/** Whether a session gets through to an address within 3 s. */
async function reaches(pod: string, address: string): Promise<boolean> {
  const [host, port] = address.split(":");
  return (await cluster.shell(pod, `timeout 3 bash -c '</dev/tcp/${host}/${port}'`)).code === 0;
}

/** The API server, the node, a cloud's metadata service, the internet and the cluster's resolver. */
const elsewhere = [
  "10.96.0.1:443",
  `${addresses.node}:6443`,
  `${addresses.node}:10250`,
  `${addresses.metadata}:80`,
  `${addresses.listed}:443`,
  `${addresses.names}:53`,
];

/** What the web server outside answers through the session's proxy. The tunnel holds plain HTTP, which is all the same to the proxy. */
const throughProxy = (host: string) => cluster.shell(podOne, `curl -sS --max-time 5 --proxytunnel -x "$https_proxy" http://${host}:443/`);

describe.skipIf(images === undefined)("sessions on a cluster", () => {
  beforeAll(async () => {
    await cluster.up();
    await cluster.dryRun(described(one, two));
    await cluster.apply(described(one, two));
    await Promise.all([podOne, podTwo].map((pod) => cluster.ready(pod)));
  });
  afterAll(() => cluster.down());

  test("a second apply changes nothing, an added session leaves the others' pods, and a removed one its claims alone", async () => {
    const before = await uidOf(podOne);
    const changed = (changes: ReadonlyMap<string, string>) => [...changes].filter(([, operation]) => operation !== "same");
    expect(changed(await cluster.apply(described(one, two)))).toEqual([]);

    const three = { id: "three", ...small };
    await cluster.apply(described(one, two, three));
    await cluster.ready("claude-agent-three-0");
    expect(await uidOf(podOne)).toBe(before);

    await cluster.apply(described(one, two));
    expect(await uidOf(podOne)).toBe(before);
    const left = await cluster.core.listNamespacedPersistentVolumeClaim({ namespace, labelSelector: "agent-sessions/session=three" });
    expect(left.items.map(({ metadata }) => metadata?.name).sort()).toEqual([
      "claude-agent-three-logs",
      "claude-agent-three-session",
      "claude-agent-three-workspace",
    ]);
    await until(async () => (await cluster.pods("agent-sessions/session=three")).length === 0, 60, "The end of the removed session's pod");

    // The claims of the removed one take no room that another needs.
    await cluster.apply(described(one, two, { id: "four", ...small }));
    await cluster.ready("claude-agent-four-0");
    await cluster.apply(described(one, two));
  });

  test("a session reaches its proxy, through it what is listed, and nothing else", async () => {
    const other = (await cluster.pod(podTwo)).status?.podIP;
    await cluster.shell(podTwo, "node -e 'require(`http`).createServer().listen(8000)' </dev/null >/dev/null 2>&1 &");
    await until(() => reaches(podTwo, "127.0.0.1:8000"), 30, "An answer of the other session to itself");
    const targets = [`${other}:8000`, ...elsewhere];
    for (const pod of [podOne, podTwo])
      expect(await Promise.all(targets.map((target) => reaches(pod, target)))).toEqual(
        targets.map((target) => pod === podTwo && target === targets[0]),
      );
    expect(await throughProxy("listed.example")).toEqual({ code: 0, output: "outside" });
    expect((await throughProxy("other.example")).output).toContain("403");
    expect((await throughProxy(addresses.metadata)).output).toContain("403");
    expect(await reaches(podTwo, "egress-proxy:3128")).toBe(false);
  });

  test("a session without its proxy reaches nothing, until there is another", async () => {
    const apps = cluster.config.makeApiClient(AppsV1Api);
    const proxy = { name: "claude-agent-one-proxy", namespace };
    const scale = async (replicas: number) => {
      const body = await apps.readNamespacedDeploymentScale(proxy);
      await apps.replaceNamespacedDeploymentScale({ ...proxy, body: { ...body, spec: { replicas } } });
    };
    await scale(0);
    await until(async () => (await cluster.pods("agent-sessions/serves=one")).length === 0, 60, "The end of the proxy's pod");
    expect((await throughProxy("listed.example")).code).not.toBe(0);
    expect(await reaches(podOne, `${addresses.listed}:443`)).toBe(false);
    await scale(1);
    await until(async () => (await throughProxy("listed.example")).output === "outside", 60, "An answer through the new proxy");
  });

  test("nobody evicts a session that works, and one whose pod is deleted is back with its data", async () => {
    expect((await cluster.shell(podTwo, "echo kept | tee /workspace/file > /session/file")).code).toBe(0);
    const uid = await uidOf(podTwo);
    const body = { metadata: { name: podTwo, namespace } };
    await expect(cluster.core.createNamespacedPodEviction({ name: podTwo, namespace, body })).rejects.toThrow(/disruption budget/);
    expect(await uidOf(podTwo)).toBe(uid);
    await cluster.core.deleteNamespacedPod({ name: podTwo, namespace });
    await cluster.ready(podTwo, { ...(uid !== undefined && { not: uid }) });
    expect(await cluster.shell(podTwo, "cat /workspace/file /session/file")).toEqual({ code: 0, output: "kept\nkept" });
  });

  test("a program that takes more than the memory ends alone, and a kubelet that is killed ends nobody", async () => {
    const pods = () => Promise.all([podOne, podTwo].map((pod) => cluster.ready(pod)));
    const lives = async () => (await pods()).map(({ metadata, status }) => [metadata?.uid, status?.containerStatuses?.[0]?.restartCount]);
    const before = await lives();
    expect((await cluster.shell(podTwo, "head -c 1G /dev/zero | tail")).code).not.toBe(0);
    await signalProgram("kubelet", "SIGKILL");
    restartProgram("kubelet");
    await until(
      async () => (await cluster.shell(podTwo, "echo there").catch(() => undefined))?.output === "there",
      60,
      "The kubelet's return",
    );
    expect(await lives()).toEqual(before);
    // A kubelet that starts takes no pod for ready that it has not asked yet, and its Service refuses connections meanwhile.
    await until(async () => (await throughProxy("listed.example")).output === "outside", 60, "An answer through the proxy");
  });

  test("the namespace refuses a privileged pod and one whose root can be written, and one that it takes reaches nothing", async () => {
    const make = (name: string, securityContext: V1SecurityContext) => {
      const limits = { memory: "64Mi", cpu: "100m", "ephemeral-storage": "64Mi" };
      const image = images?.session ?? "";
      const container = { name, image, imagePullPolicy: "Never", command: ["sleep", "infinity"], securityContext, resources: { limits } };
      const spec = { automountServiceAccountToken: false, enableServiceLinks: false, containers: [container] };
      return cluster.core.createNamespacedPod({ namespace, body: { metadata: { name }, spec } });
    };
    await expect(make("privileged", { privileged: true })).rejects.toThrow(/violates PodSecurity/);
    const restricted = {
      runAsNonRoot: true,
      runAsUser: 1000,
      allowPrivilegeEscalation: false,
      capabilities: { drop: ["ALL"] },
      seccompProfile: { type: "RuntimeDefault" },
    };
    await expect(make("writable", restricted)).rejects.toThrow(/read-only/);
    await make("stray", { ...restricted, readOnlyRootFilesystem: true });
    await cluster.ready("stray");
    expect(await Promise.all(elsewhere.map((target) => reaches("stray", target)))).toEqual(elsewhere.map(() => false));
    await cluster.core.deleteNamespacedPod({ name: "stray", namespace, gracePeriodSeconds: 0 });
  });
});
