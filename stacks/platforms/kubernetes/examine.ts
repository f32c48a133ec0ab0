import type { V1Namespace, VersionInfo } from "@kubernetes/client-node";
import type { StackSource } from "../../configuration.ts";
import { ignore } from "../../runtime/kubernetes/answers.ts";
import { type ClusterClient, placeText } from "../../runtime/kubernetes/client.ts";
import { KubernetesRuntime } from "../../runtime/kubernetes.ts";
import type { Finding } from "../platform.ts";
import { examineEnforcement } from "./enforcement.ts";

/** What a cluster, as far as this user may ask it, can and cannot hold to. */
export async function examine(client: ClusterClient, source: StackSource): Promise<readonly Finding[]> {
  const { core, namespace } = client;
  const [version, found] = await Promise.all([client.version.getCode(), core.readNamespace({ name: namespace }).catch(ignore(403, 404))]);
  return [
    clusterFinding(client, version),
    ...certificateFinding(client),
    commandsFinding(version),
    namespaceFinding(namespace, found),
    ...(await rights(client)),
    await examineEnforcement(client, new KubernetesRuntime(client, source)),
    ...(await offers(client)),
    await metricsFinding(client),
  ];
}

function clusterFinding({ place, server }: ClusterClient, { gitVersion }: VersionInfo): Finding {
  return { subject: "cluster", found: `${gitVersion}. ${placeText(place, server)}`, verdict: "ok", means: "sessions run here" };
}

function certificateFinding({ config }: ClusterClient): Finding[] {
  if (config.getCurrentCluster()?.skipTLSVerify !== true) return [];
  const means = "whoever is between this machine and the cluster reads and changes all; give the kubeconfig its certificate-authority";
  return [{ subject: "certificate", found: "not checked (insecure-skip-tls-verify)", verdict: "note", means }];
}

/** Since when a command's input can end while its output goes on. */
const enough = { major: 1, minor: 30 };

function commandsFinding({ major, minor }: VersionInfo): Finding {
  const [first, second] = [Number.parseInt(major, 10), Number.parseInt(minor, 10)];
  const good = first > enough.major || (first === enough.major && second >= enough.minor);
  return {
    subject: "commands",
    found: good ? "whole" : `Kubernetes ${major}.${minor} is older than 1.30`,
    verdict: good ? "ok" : "missing",
    means: good
      ? "exec, attach, verify and pull work"
      : "no command can be given input, so attach, verify and pull fail; update the cluster",
  };
}

function namespaceFinding(name: string, namespace: V1Namespace | undefined): Finding {
  const labels = namespace?.metadata?.labels ?? {};
  const level = labels["pod-security.kubernetes.io/enforce"];
  const version = labels["pod-security.kubernetes.io/enforce-version"] ?? "latest";
  const subject = "Pod Security";
  if (namespace === undefined)
    return {
      subject,
      found: `namespace ${name} is not there, or may not be read`,
      verdict: "note",
      means: "up makes it, with Pod Security restricted",
    };
  const found = level === undefined ? `namespace ${name} enforces nothing` : `namespace ${name} enforces ${level} at ${version}`;
  if (level !== "restricted")
    return { subject, found, verdict: "note", means: "a pod with more rights than a session is admitted beside them; run up" };
  const pinned = version !== "latest";
  return {
    subject,
    found,
    verdict: pinned ? "ok" : "note",
    means: pinned
      ? "no pod with more rights is admitted beside the sessions"
      : "an update of the cluster may refuse the sessions' pods; run up, which pins it",
  };
}

/** What commands need in the namespace, as group, resource and verb. */
const needed = [
  ["apps", "statefulsets", "list"],
  ["apps", "statefulsets", "patch"],
  ["", "pods", "list"],
  ["", "pods/exec", "create"],
  ["", "pods/attach", "create"],
  ["", "pods/log", "get"],
  ["", "persistentvolumeclaims", "list"],
  ["batch", "jobs", "create"],
  ["networking.k8s.io", "networkpolicies", "list"],
] as const;

/** Whether this user may do what commands do; nothing where the cluster does not say. */
async function rights({ authorization, namespace }: ClusterClient): Promise<Finding[]> {
  const asked = needed.map(async ([group, full, verb]) => {
    const [resource = "", subresource] = full.split("/");
    const resourceAttributes = { namespace, group, resource, verb, ...(subresource !== undefined && { subresource }) };
    const { status } = await authorization.createSelfSubjectAccessReview({ body: { spec: { resourceAttributes } } });
    return status?.allowed === true ? [] : [`${verb} ${full}`];
  });
  const missing = await Promise.all(asked).then((found) => found.flat(), ignore(403));
  if (missing === undefined) return [];
  const good = missing.length === 0;
  const means = good ? "every command can do its work" : "commands that need it fail; ask who runs the cluster for a role with it";
  return [
    { subject: "rights", found: good ? "all that commands need" : `not: ${missing.join(", ")}`, verdict: good ? "ok" : "note", means },
  ];
}

/** What settings can name. */
async function offers({ node, storage }: ClusterClient): Promise<Finding[]> {
  const [runtimes, classes] = await Promise.all([
    node.listRuntimeClass().catch(ignore(403)),
    storage.listStorageClass().catch(ignore(403)),
  ]);
  const names = (list: { readonly items: readonly { readonly metadata?: { readonly name?: string } }[] } | undefined) =>
    list === undefined ? "this user may not list them" : list.items.map(({ metadata }) => metadata?.name).join(", ") || "none";
  return [
    {
      subject: "runtime classes",
      found: names(runtimes),
      verdict: "ok",
      means: runtimes?.items.length
        ? "kubernetes.runtimeClassName can name one"
        : "sessions share their node's kernel, behind its runtime's seccomp profile",
    },
    {
      subject: "storage classes",
      found: names(classes),
      verdict: classes?.items.length === 0 ? "missing" : "ok",
      means:
        classes?.items.length === 0
          ? "sessions' claims are bound by nobody, and no session starts"
          : "kubernetes.storageClass can name one",
    },
  ];
}

async function metricsFinding({ custom }: ClusterClient): Promise<Finding> {
  const there = await custom.getAPIResources({ group: "metrics.k8s.io", version: "v1beta1" }).then(
    () => true,
    () => false,
  );
  return {
    subject: "metrics",
    found: there ? "metrics.k8s.io is served" : "metrics.k8s.io is not served",
    verdict: there ? "ok" : "note",
    means: there ? "pools can grow with what they use" : "no pool grows by itself; top asks the sessions, and needs none of it",
  };
}
