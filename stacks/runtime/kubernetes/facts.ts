import type { V1Pod } from "@kubernetes/client-node";
import { labelNames } from "../../../components/cluster/labels.ts";
import { credentialProxyPort } from "../../../components/credentials/proxy.ts";
import { proxyPort } from "../../../components/session.ts";
import type { ClusterFacts, ClusterTarget, SessionFacts } from "../cluster-facts.ts";
import type { PartName } from "../runtime.ts";
import { ignore } from "./answers.ts";
import type { ClusterClient } from "./client.ts";
import { type ClusterObjects, sessionIn } from "./objects.ts";
import { isReady } from "./pods.ts";
import { type AllPolicies, openedFor, readPolicies } from "./widening.ts";

/** Where something of the cluster can be reached. */
export interface ClusterAddress {
  readonly host: string;
  readonly port: number;
}

/** The API server's address within the cluster; nothing where this user may not read it. */
export async function apiAddress({ core }: ClusterClient): Promise<ClusterAddress | undefined> {
  const found = await core.readNamespacedService({ namespace: "default", name: "kubernetes" }).catch(() => undefined);
  const [host, port] = [found?.spec?.clusterIP, found?.spec?.ports?.[0]?.port];
  return host === undefined || port === undefined ? undefined : { host, port };
}

/** What the cluster says around the stack's sessions that run. @param pods theirs */
export async function clusterFacts(objects: ClusterObjects, pods: readonly V1Pod[]): Promise<ClusterFacts> {
  const { client } = objects;
  const { core, namespace } = client;
  const found = await core.readNamespace({ name: namespace }).catch(ignore(403));
  const labels = found?.metadata?.labels ?? {};
  const [policies, targets] = await Promise.all([readPolicies(client, { name: namespace, labels }), targetsOf(objects, pods)]);
  const sessions = pods.map(async (pod) => [sessionIn(pod), await factsOf(client, pod, policies)] as const);
  const enforced = (name: string) => labels[`pod-security.kubernetes.io/${name}`] ?? "";
  return {
    namespace,
    podSecurity:
      found === undefined
        ? { notTried: "this user may not read the namespace" }
        : { level: enforced("enforce"), version: enforced("enforce-version") },
    targets,
    sessions: new Map(await Promise.all(sessions)),
  };
}

/** The port of every kubelet, and of every resolver. */
const [kubelet, resolver] = [10_250, 53];

/** What surely listens: that it is silent tells that somebody kept the way closed. */
async function targetsOf(objects: ClusterObjects, pods: readonly V1Pod[]): Promise<readonly ClusterTarget[]> {
  const { client } = objects;
  const [api, nodes, dns, ...proxies] = await Promise.all([
    apiAddress(client),
    client.core.listNode().catch(() => ({ items: [] })),
    client.core.listNamespacedService({ namespace: "kube-system", labelSelector: "k8s-app=kube-dns" }).catch(() => ({ items: [] })),
    proxiesOf(objects, "egress-proxy", proxyPort),
    proxiesOf(objects, "credential-proxy", credentialProxyPort),
  ]);
  const used = new Set(pods.flatMap(({ status }) => status?.hostIP ?? []));
  const addresses = nodes.items.flatMap(({ status }) => (status?.addresses ?? []).filter(({ type }) => type === "InternalIP"));
  // Their own node, which a pod reaches first, also where nodes may not be listed; and of many one more.
  const named = [...used, ...addresses.flatMap(({ address }) => (used.has(address) ? [] : [address])).slice(0, 1)];
  return [
    ...(api === undefined ? [] : [{ what: "the API server", address: api.host, port: api.port }]),
    ...named.map((address) => ({ what: "a kubelet", address, port: kubelet })),
    ...dns.items.flatMap(({ spec }) =>
      spec?.clusterIP === undefined || spec.clusterIP === "None"
        ? []
        : [{ what: "the cluster's resolver", address: spec.clusterIP, port: resolver, serves: "open" as const }],
    ),
    ...proxies.flat(),
  ];
}

async function proxiesOf(objects: ClusterObjects, kind: PartName, port: number): Promise<ClusterTarget[]> {
  return (await objects.serving(kind)).filter(isReady).flatMap(({ metadata, status }) => {
    const session = metadata?.labels?.[labelNames.serves] ?? "";
    return status?.podIP === undefined
      ? []
      : [{ what: `the ${kind.replace("-", " ")} of ${session}`, address: status.podIP, port, serves: { session } }];
  });
}

async function factsOf(client: ClusterClient, pod: V1Pod, policies: AllPolicies): Promise<SessionFacts> {
  const selected = { id: sessionIn(pod), labels: pod.metadata?.labels ?? {} };
  return {
    opened: (open) => openedFor({ ...selected, open }, policies),
    tokens: tokensOf(pod),
    rights: await rightsOf(client, pod.spec?.serviceAccountName ?? "default"),
  };
}

/** How a pod is given a token for the API server. */
function tokensOf({ spec }: V1Pod): string[] {
  const volumes = (spec?.volumes ?? []).filter(({ projected }) =>
    projected?.sources?.some(({ serviceAccountToken }) => serviceAccountToken !== undefined),
  );
  return [
    ...(spec?.automountServiceAccountToken === false ? [] : ["its pod does not refuse the token of its account"]),
    ...volumes.map(({ name }) => `its volume ${name} holds a token`),
  ];
}

/** What an account could use to come by a secret of another session. */
const coveted = [
  ["get", "secrets"],
  ["list", "secrets"],
  ["create", "pods"],
  ["create", "pods/exec"],
] as const;

/** What of that an account may do, should a token of it come about. */
async function rightsOf({ authorization, namespace }: ClusterClient, account: string): Promise<SessionFacts["rights"]> {
  const asked = coveted.map(async ([verb, full]) => {
    const [resource = "", subresource] = full.split("/");
    const resourceAttributes = { namespace, verb, resource, ...(subresource !== undefined && { subresource }) };
    const user = `system:serviceaccount:${namespace}:${account}`;
    const groups = ["system:serviceaccounts", `system:serviceaccounts:${namespace}`, "system:authenticated"];
    const body = { metadata: { namespace }, spec: { user, groups, resourceAttributes } };
    const { status } = await authorization.createNamespacedLocalSubjectAccessReview({ namespace, body });
    return status?.allowed === true ? [`${verb} ${full}`] : [];
  });
  const found = await Promise.all(asked).catch(ignore(403));
  return found === undefined ? { notTried: "this user may not ask what others may do (localsubjectaccessreviews)" } : found.flat();
}
