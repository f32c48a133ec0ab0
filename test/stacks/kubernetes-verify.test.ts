import { createHmac } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { controlsOf } from "../../stacks/controls.ts";
import { ClusterClient } from "../../stacks/runtime/kubernetes/client.ts";
import { KubernetesRuntime } from "../../stacks/runtime/kubernetes.ts";
import { parse } from "../../stacks/settings.ts";
import { clusterChecks } from "../../stacks/verify/checks/cluster.ts";
import { promisedOn, promisedTo } from "../../stacks/verify/promised.ts";
import { noSurroundings, type Target, verify } from "../../stacks/verify/run.ts";
import { ApiServer } from "../support/api-server.ts";
import { namespace, owner, paths, policy, putPod, putProxy, putSession } from "../support/cluster-objects.ts";

/** What verify finds of a cluster: each check on one that is as it should be, and on one that is not. */

let api: ApiServer;
let runtime: KubernetesRuntime;

const restricted = { "pod-security.kubernetes.io/enforce": "restricted", "pod-security.kubernetes.io/enforce-version": "v1.35" };
const putNamespace = (labels: Record<string, string>) => api.put("/api/v1/namespaces", { metadata: { name: namespace, labels } });

beforeAll(async () => {
  api = await ApiServer.start();
  runtime = new KubernetesRuntime(new ClusterClient({ context: api.context, kubeconfig: api.kubeconfig, namespace }), owner);
});

afterAll(() => api.close());

beforeEach(() => {
  Object.assign(api, { refuse: () => undefined, changed: () => {} });
  api.objects.clear();
  putSession(api, "one");
  putNamespace(restricted);
  api.put(paths.policies, policy("default-deny", {}, []));
  api.put("/api/v1/namespaces/default/services", {
    metadata: { name: "kubernetes" },
    spec: { clusterIP: "10.0.0.1", ports: [{ port: 443 }] },
  });
  api.put("/api/v1/nodes", { metadata: { name: "node-1" }, status: { addresses: [{ type: "InternalIP", address: "192.0.2.9" }] } });
  const labels = { "k8s-app": "kube-dns" };
  api.put("/api/v1/namespaces/kube-system/services", { metadata: { name: "kube-dns", labels }, spec: { clusterIP: "10.0.0.10" } });
});

const silent = { "tcp 10.0.0.1 port 443": "no answer", "tcp 192.0.2.9 port 10250": "no answer", "tcp 10.0.0.10 port 53": "no answer" };
const filtered = { network: { egress: { allow: ["a.example"] } } };

/** What is found of session one, by check, given what its probes answer. */
async function found(answers: Readonly<Record<string, unknown>> = {}, session: object = {}): Promise<Record<string, string>> {
  const promised = promisedTo(parse({ sessions: [{ id: "one", ...session }] }).sessions[0]!);
  const all: Readonly<Record<string, unknown>> = { "cluster-services": silent, "cluster-token": { error: "ENOENT" }, ...answers };
  const target: Target = {
    promised,
    async execute(_command, _seconds, input) {
      const lines = Object.entries(all).map(([id, answer]) => JSON.stringify({ id, answer }));
      return lines.map((line) => `${createHmac("sha256", input.trimEnd()).update(line).digest("hex")} ${line}\n`).join("");
    },
    haltProxy: () => Promise.reject(new Error("it has none")),
  };
  const surroundings = { ...noSurroundings, cluster: { ...(await runtime.cluster()), promisedVersion: "v1.35" } };
  const [verified] = await verify([target], { checks: clusterChecks, surroundings });
  return Object.fromEntries(verified!.results.map(({ id, verdict, found: text }) => [id, `${verdict}: ${text}`]));
}

test("on a cluster that is as it should be all holds, and elsewhere nothing of it is promised", async () => {
  expect(await found()).toEqual({
    "cluster-services": "held: no answer",
    "policies-add-up": "held: none does",
    "pod-security": "held: restricted at v1.35",
    "cluster-token": "held: none",
    "account-rights": "held: none of it",
  });
  putProxy(api, "one");
  expect((await found({}, filtered))["policies-add-up"]).toBe("held: none does");
  const promised = promisedTo(parse({ sessions: [{ id: "one" }] }).sessions[0]!);
  expect(clusterChecks.flatMap((one) => one.promise(promised, noSurroundings) ?? [])).toEqual([]);
});

test("a session whose proxy has its key is promised no socket, which no two pods could share", () => {
  const credentials = { kind: "proxy", secret: { env: "KEY" } };
  const [session] = parse({ sessions: [{ id: "one", credentials }] }).sessions;
  const socket = expect.objectContaining({ target: "/run/credential-proxy" });
  expect(promisedOn(controlsOf.local)(session!).mounts).toContainEqual(socket);
  expect(promisedOn(controlsOf.kubernetes)(session!).mounts).not.toContainEqual(socket);
});

test("a policy that the cluster takes and does not enforce is found by what is reached", async () => {
  const { "cluster-services": services } = await found({ "cluster-services": { ...silent, "tcp 10.0.0.1 port 443": "connected" } });
  expect(services).toBe(
    "not held: the API server at 10.0.0.1:443 is reached: a policy that closes it is not enforced, or another opens it",
  );
  putSession(api, "two");
  putProxy(api, "two");
  const answers = { "cluster-services": { ...silent, "tcp undefined port 3128": "connected" } };
  expect((await found(answers))["cluster-services"]).toBe("held: connected, no answer");
  for (const object of api.objects.values())
    if (object.metadata.name === "claude-agent-two-proxy-1") Object.assign(object.status!, { podIP: "10.1.0.9" });
  const other = { "cluster-services": { ...silent, "tcp 10.1.0.9 port 3128": "connected" } };
  expect((await found(other))["cluster-services"]).toMatch("not held: the egress proxy of two at 10.1.0.9:3128 is reached");
});

test("a session that may reach any public host asks the resolver, and one that may not does not", async () => {
  const answers = { "cluster-services": { ...silent, "tcp 10.0.0.10 port 53": "connected" } };
  expect((await found(answers))["cluster-services"]).toMatch("not held: the cluster's resolver at 10.0.0.10:53 is reached");
  api.put(paths.policies, policy("claude-agent-one", sessionLabel, [{ to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }]));
  const open = await found(answers, { network: { egress: "open" } });
  expect(open["cluster-services"]).toBe("held: connected, no answer");
  expect(open["policies-add-up"]).toBe("held: none does");
  expect((await found())["policies-add-up"]).toBe("not held: NetworkPolicy claude-agent-one lets it out");
});

const sessionLabel = { "agent-sessions/session": "one" };
const allowed = { ingress: [{ fromEntities: ["world"] }] };
const [cilium, admin] = ["/apis/cilium.io/v2", "/apis/policy.networking.k8s.io"];

test.each<[string, string, object]>([
  ["not held: NetworkPolicy theirs lets it out", paths.policies, { podSelector: {}, policyTypes: ["Egress"], egress: [{}] }],
  [
    "not held: NetworkPolicy theirs lets it out",
    paths.policies,
    {
      podSelector: { matchExpressions: [{ key: "agent-sessions/session", operator: "Exists" }] },
      policyTypes: ["Egress"],
      egress: [{ to: [{ ipBlock: { cidr: "10.0.0.0/8" } }] }],
    },
  ],
  ["not held: NetworkPolicy theirs lets others in", paths.policies, { podSelector: {}, policyTypes: ["Ingress"], ingress: [{}] }],
  ["held: none does", paths.policies, { podSelector: { matchLabels: { app: "other" } }, policyTypes: ["Egress"], egress: [{}] }],
  ["held: none does", paths.policies, { podSelector: {}, policyTypes: ["Egress"] }],
  [
    "not held: CiliumNetworkPolicy theirs opens more",
    `${cilium}/namespaces/${namespace}/ciliumnetworkpolicies`,
    { endpointSelector: { matchLabels: { "k8s:agent-sessions/session": "one" } }, ...allowed },
  ],
  ["held: none does", `${cilium}/namespaces/${namespace}/ciliumnetworkpolicies`, { endpointSelector: {}, egress: [{}] }],
  [
    "not held: CiliumClusterwideNetworkPolicy theirs opens more",
    `${cilium}/ciliumclusterwidenetworkpolicies`,
    { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": namespace } }, ...allowed },
  ],
  [
    "held: none does",
    `${cilium}/ciliumclusterwidenetworkpolicies`,
    { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "theirs" } }, ...allowed },
  ],
  [
    "not held: AdminNetworkPolicy theirs opens more",
    `${admin}/v1alpha1/adminnetworkpolicies`,
    { subject: { namespaces: {} }, egress: [{ action: "Allow" }] },
  ],
  [
    "held: none does",
    `${admin}/v1alpha1/adminnetworkpolicies`,
    { subject: { namespaces: {} }, egress: [{ action: "Deny" }, { action: "Pass" }] },
  ],
  [
    "held: none does",
    `${admin}/v1alpha1/adminnetworkpolicies`,
    { subject: { pods: { namespaceSelector: {}, podSelector: { matchLabels: { app: "other" } } } }, egress: [{ action: "Allow" }] },
  ],
  [
    "not held: ClusterNetworkPolicy theirs opens more",
    `${admin}/v1alpha2/clusternetworkpolicies`,
    { tier: "Admin", subject: { pods: {} }, ingress: [{ action: "Accept" }] },
  ],
  [
    "held: none does",
    `${admin}/v1alpha2/clusternetworkpolicies`,
    { tier: "Baseline", subject: { pods: {} }, ingress: [{ action: "Accept" }] },
  ],
  [
    "not held: ApplicationNetworkPolicy theirs opens more",
    `/apis/networking.k8s.aws/v1alpha1/namespaces/${namespace}/applicationnetworkpolicies`,
    { podSelector: {}, egress: [{ to: [{ domainNames: ["*"] }] }] },
  ],
  [
    "not tried: Calico GlobalNetworkPolicy theirs opens something, and whether for this session cannot be told here",
    "/apis/crd.projectcalico.org/v1/globalnetworkpolicies",
    { selector: "all()", egress: [{ action: "Allow" }] },
  ],
])("%s, with a policy at %s of %j", async (result, path, spec) => {
  api.put(path, { metadata: { name: "theirs" }, spec });
  expect((await found())["policies-add-up"]).toBe(result);
});

test("a policy that this user may not read is told of, and a pod that no policy selects is open", async () => {
  api.refuse = (_, path) => (path.endsWith("adminnetworkpolicies") ? { code: 403, message: "forbidden" } : undefined);
  expect((await found())["policies-add-up"]).toBe("not tried: AdminNetworkPolicy may not be read by this user");
  api.refuse = () => undefined;
  for (const name of ["default-deny", "claude-agent-one"]) api.objects.delete(`${paths.policies}/${name}`);
  expect((await found())["policies-add-up"]).toBe("not held: no policy closes ingress; no policy closes egress");
});

test("a namespace that was loosened is found, at another version too", async () => {
  putNamespace({});
  expect((await found())["pod-security"]).toBe("not held: it enforces nothing; it enforces it at no version of its own");
  putNamespace({ ...restricted, "pod-security.kubernetes.io/enforce-version": "v1.20" });
  expect((await found())["pod-security"]).toBe("not held: it enforces it at v1.20");
  api.refuse = (_, path) => (path === `/api/v1/namespaces/${namespace}` ? { code: 403, message: "forbidden" } : undefined);
  expect((await found())["pod-security"]).toBe("not tried: this user may not read the namespace");
});

test("a token is found in the pod, whatever its pod says, and in what it says", async () => {
  expect((await found({ "cluster-token": { entries: 3 } }))["cluster-token"]).toMatch(/^not held: .*serviceaccount is there$/);
  const pod = putPod(api, "one", "claude-agent-one-0");
  const spec = pod.spec as { automountServiceAccountToken?: boolean; volumes: object[] };
  delete spec.automountServiceAccountToken;
  spec.volumes.push({ name: "mine", projected: { sources: [{ serviceAccountToken: { path: "token" } }] } });
  expect((await found())["cluster-token"]).toBe(
    "not held: its pod does not refuse the token of its account; its volume mine holds a token",
  );
});

test("an account that may read Secrets is found, and a user who may not ask is told", async () => {
  api.changed = (_, path, object) => {
    const { resourceAttributes, user } = object.spec as { resourceAttributes: { resource: string }; user: string };
    expect(user).toBe(`system:serviceaccount:${namespace}:claude-agent-one`);
    if (path.endsWith("localsubjectaccessreviews")) object.status = { allowed: resourceAttributes.resource === "secrets" };
  };
  expect((await found())["account-rights"]).toBe("not held: it may get secrets; it may list secrets");
  api.refuse = (_, path) => (path.endsWith("reviews") ? { code: 403, message: "forbidden" } : undefined);
  expect((await found())["account-rights"]).toBe("not tried: this user may not ask what others may do (localsubjectaccessreviews)");
});
