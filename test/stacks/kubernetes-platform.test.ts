import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, test, vi } from "vitest";
import { KubernetesPlatform } from "../../stacks/platforms/kubernetes.ts";
import { parse } from "../../stacks/settings.ts";
import { ApiServer } from "../support/api-server.ts";
import { at, namespace, owner, paths, putSession } from "../support/cluster-objects.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What the platform of a cluster makes of a real client and an imitated API server. */

let api: ApiServer;

beforeAll(async () => {
  api = await ApiServer.start();
  putSession(api, "one");
});

afterAll(() => api.close());

afterEach(() => {
  vi.unstubAllEnvs();
  api.refuse = () => undefined;
});

const folder = temporaryFolder("kubeconfig");
const settingsWith = (kubernetes: object) =>
  parse({
    strategy: "kubernetes",
    kubernetes: { context: "imitation", images: { session: "sessions:1" }, ...kubernetes },
    sessions: [{ id: "one" }],
  });
const consent = { install: false };

function platform(options: Record<string, unknown> = {}): KubernetesPlatform {
  const kubernetes = { context: api.context, kubeconfig: api.kubeconfig, ...options };
  return new KubernetesPlatform({ ...owner, root: folder, config: { "agent-sessions:kubernetes": JSON.stringify(kubernetes) } });
}

test("the current context is never taken, and one that is not there is refused with those that are", async () => {
  await expect(platform({ context: undefined }).open()).rejects.toThrow(
    "stack far names no cluster, and the kubeconfig's current context is never taken instead; write agent-sessions:kubernetes: {context: NAME}",
  );
  await expect(platform({ context: "imitatoin" }).runtime()).rejects.toThrow(
    `has no context "imitatoin"; did you mean imitation?; there is: another, imitation; name one by agent-sessions:kubernetes: {context: NAME}`,
  );
});

test("a kubeconfig that is not there, or is none, is named and not quoted", async () => {
  await expect(platform({ kubeconfig: "nowhere" }).open()).rejects.toThrow(
    `there is no kubeconfig at ${join(folder, "nowhere")}; name one by`,
  );
  const file = join(folder, "broken");
  writeFileSync(file, "users:\n- name: me\n  user: {token: a-secret-token\n");
  await expect(platform({ kubeconfig: file }).open()).rejects.toThrow(`${file} cannot be read, or is no kubeconfig`);
  await expect(platform({ kubeconfig: file }).open()).rejects.not.toThrow("a-secret-token");
});

test("without a path KUBECONFIG counts, its first file first, and those that are not there are left out", async () => {
  const second = join(folder, "second");
  const other = { server: "http://127.0.0.1:65111", "insecure-skip-tls-verify": true };
  writeFileSync(second, JSON.stringify({ clusters: [{ name: "there", cluster: other }], users: [], contexts: [] }));
  vi.stubEnv("KUBECONFIG", ["/nowhere/config", api.kubeconfig, second].join(":"));
  expect((await platform({ kubeconfig: undefined }).open()).runtime.where).toBe(`Context imitation (${api.url}), namespace ${namespace}.`);
});

test("who is not known, may not do it or gets no answer is told in one sentence, without headers or the token", async () => {
  const asked = async () => (await platform().open()).sessions();
  api.refuse = () => ({ code: 401, message: "Unauthorized" });
  await expect(asked()).rejects.toThrow(
    /^the API server of context "imitation" does not know who asks \(401\); sign in to the cluster anew/,
  );
  api.refuse = (_, path) =>
    path === "/version/" ? undefined : { code: 403, message: 'statefulsets.apps is forbidden: User "me" cannot list' };
  await expect(asked()).rejects.toThrow(
    /^context "imitation" may not do this \(403\): statefulsets.apps is forbidden: User "me" cannot list; ask/,
  );
  const gone = join(folder, "gone");
  const cluster = { server: "http://127.0.0.1:65111", "insecure-skip-tls-verify": true };
  const context = { name: "imitation", context: { cluster: "gone", user: "me" } };
  writeFileSync(gone, JSON.stringify({ clusters: [{ name: "gone", cluster }], users: [{ name: "me", user: {} }], contexts: [context] }));
  await expect(platform({ kubeconfig: gone }).open()).rejects.toThrow(
    'the API server of context "imitation" does not answer at http://127.0.0.1:65111 (ECONNREFUSED); see that the cluster runs',
  );
  expect(await platform({ kubeconfig: gone }).reach()).toBeUndefined();
  const [finding] = await platform({ kubeconfig: gone }).examine();
  expect(finding).toMatchObject({ subject: "cluster", verdict: "missing", found: expect.stringContaining("does not answer") });
});

test("before anything is changed context and namespace are said, and what the cluster lacks is refused all at once", async () => {
  api.put("/apis/storage.k8s.io/v1/storageclasses", { metadata: { name: "slow" } });
  api.put("/api/v1/nodes", { metadata: { name: "node-1" }, status: { runtimeHandlers: [{ name: "" }] } });
  const said: string[] = [];
  const prepared = platform().prepare(
    settingsWith({ runtimeClassName: "gvisor", hostUsers: false, sharedStorageClass: "many" }),
    consent,
    (line) => said.push(line),
  );
  await expect(prepared).rejects.toThrow(
    [
      "nothing was changed, because:",
      '  agent-sessions:kubernetes.runtimeClassName: "gvisor" is no RuntimeClass of the cluster; it has none',
      "  agent-sessions:kubernetes.hostUsers: false takes nodes whose runtime has user namespaces, and none of the cluster's has; remove it, or update kernel and runtime of the nodes",
      '  agent-sessions:kubernetes.sharedStorageClass: "many" is no StorageClass of the cluster; there is: slow',
      "  the cluster has no default StorageClass for sessions' claims; name one by agent-sessions:kubernetes: {storageClass: NAME}; there is: slow",
    ].join("\n"),
  );
  expect(said).toEqual([`Context imitation (${api.url}), namespace ${namespace}.`]);
  const live = await platform().prepare(settingsWith({ storageClass: "slow" }), consent, () => {});
  expect(await live.owner()).toBe("pulumi");
});

test("what is there of a stack is told by its labels, and of another stack nothing", async () => {
  const live = await platform().open();
  expect(await live.sessions()).toEqual(["one"]);
  expect(await live.data()).toEqual(["claude-agent-one-logs", "claude-agent-one-session", "claude-agent-one-workspace"]);
  expect(await live.data(["two"])).toEqual([]);
  const before = await live.fingerprint();
  api.put(at("statefulsets", "apis/apps/v1"), { metadata: { name: "strange", labels: { "agent-sessions/stack": "far" }, uid: "strange" } });
  expect(await live.fingerprint()).toBe(before);
  putSession(api, "two");
  expect(await live.fingerprint()).not.toBe(before);
  expect((await live.workspaces(["two"])).map(({ session }) => session)).toEqual(["two"]);
  await live.removeData("claude-agent-two-workspace");
  expect(await live.workspaces(["two"])).toEqual([]);
});

test("what was stopped and no rollout starts is started after it, with its size, and sessions that were not meant are left", async () => {
  const stopped = (name: string) => {
    putSession(api, name, { pool: 3 });
    const put = api.objects.get(`${paths.deployments}/claude-agent-${name}`)!;
    put.spec = { ...(put.spec as object), replicas: 0 };
    put.metadata.annotations = { "agent-sessions/replicas": "3" };
  };
  for (const name of ["grows", "other"]) stopped(name);
  const live = await platform().open();
  const workload = (name: string) =>
    api.objects.get(`${paths.deployments}/claude-agent-${name}`) as { spec?: { replicas: number } } | undefined;
  const replicas = (name: string) => workload(name)?.spec?.replicas;
  await live.rolledOut?.(["grows"]);
  expect([replicas("grows"), replicas("other")]).toEqual([3, 0]);
  await live.rolledOut?.();
  expect([replicas("grows"), replicas("other")]).toEqual([3, 3]);
  for (const name of ["grows", "other"]) api.objects.delete(`${paths.deployments}/claude-agent-${name}`);
});

/** What doctor finds, by its subject. */
async function examined(): Promise<Record<string, string>> {
  return Object.fromEntries((await platform().examine()).map(({ subject, verdict, found }) => [subject, `${verdict}: ${found}`]));
}

test("doctor says what the cluster holds to, and how it knows that policies are enforced", async () => {
  putSession(api, "one");
  api.put("/api/v1/namespaces/default/services", {
    metadata: { name: "kubernetes" },
    spec: { clusterIP: "10.0.0.1", ports: [{ port: 443 }] },
  });
  api.put("/apis/apps/v1/daemonsets", { metadata: { name: "kube-flannel-ds" } });
  api.put("/apis/node.k8s.io/v1/runtimeclasses", { metadata: { name: "gvisor" } });
  const restricted = { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.35" };
  api.put("/api/v1/namespaces", { metadata: { name: namespace, labels: restricted } });
  api.changed = (_, path, object) => {
    if (path.endsWith("selfsubjectaccessreviews")) object.status = { allowed: true };
  };
  api.answer = ({ command }) => ({ output: `${command.at(-2)} ${command.at(-1)}\ntried\n` });
  expect(await examined()).toEqual({
    cluster: `ok: v1.34.4. Context imitation (${api.url}), namespace ${namespace}.`,
    certificate: "note: not checked (insecure-skip-tls-verify)",
    commands: "ok: whole",
    "Pod Security": `ok: namespace ${namespace} enforces restricted at v1.35`,
    rights: "ok: all that commands need",
    "network policies":
      "ok: enforced: session one tried the API server at 10.0.0.1:443 and got no answer; by its DaemonSet the network plug-in is Flannel, which enforces none by itself",
    "runtime classes": "ok: gvisor",
    "storage classes": "ok: slow",
    metrics: "note: metrics.k8s.io is not served",
  });
});

test("doctor finds policies that are not enforced, a loose namespace, an old cluster and missing rights", async () => {
  const { version } = api;
  api.version = { major: "1", minor: "29+", gitVersion: "v1.29.0" };
  api.put("/api/v1/namespaces", { metadata: { name: namespace } });
  api.changed = (_, path, object) => {
    const { resourceAttributes } = object.spec as { resourceAttributes: { resource: string } };
    if (path.endsWith("selfsubjectaccessreviews")) object.status = { allowed: resourceAttributes.resource !== "jobs" };
  };
  api.answer = () => ({ output: "reached\ntried\n" });
  expect(await examined()).toMatchObject({
    commands: "missing: Kubernetes 1.29+ is older than 1.30",
    "Pod Security": `note: namespace ${namespace} enforces nothing`,
    rights: "note: not: create jobs",
    "network policies": expect.stringMatching(/^missing: session one tried the API server at 10.0.0.1:443 and reached it/),
  });
  api.version = version;
  for (const key of [...api.objects.keys()]) if (key.startsWith(at("pods"))) api.objects.delete(key);
  expect((await examined())["network policies"]).toMatch(/^note: not known: no session runs to try it from/);
});
