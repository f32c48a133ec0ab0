import { setByStack, stackLabels } from "../cluster/labels.ts";
import { cores, quantity } from "../cluster/pod.ts";
import { serviceLimits } from "../session-part.ts";
import { type PodRoom, podSecurityVersion, quotaOf, type SessionNamespaceArgs } from "./args.ts";

/** What a namespace is, and what is in it before any session, as the cluster takes it. */

const metadata = (args: SessionNamespaceArgs, name: string) => ({ name, namespace: args.namespace, labels: { ...stackLabels(args) } });

/** Of what the whole cluster has one of a name. */
const clusterWide = (args: SessionNamespaceArgs) => ({ name: `${args.namespace}.agent-sessions`, labels: { ...stackLabels(args) } });

/** The namespace, with Pod Security's strictest level for whatever runs in it, whoever made it. */
export function toNamespace(args: SessionNamespaceArgs) {
  const version = args.podSecurity ?? podSecurityVersion;
  const held = ["enforce", "audit", "warn"].flatMap((mode) => [
    [`pod-security.kubernetes.io/${mode}`, "restricted"],
    [`pod-security.kubernetes.io/${mode}-version`, version],
  ]);
  const labels = { ...stackLabels(args), ...Object.fromEntries(held) };
  return { metadata: { name: args.namespace, labels, annotations: { ...setByStack(args) } } };
}

/** Nobody reaches anything, and nothing anybody, but by a policy of its own. An empty list would vanish on its way to the cluster. */
export const toDefaultDeny = (args: SessionNamespaceArgs) => ({
  metadata: metadata(args, "default-deny"),
  spec: { podSelector: {}, policyTypes: ["Ingress", "Egress"] },
});

/** What all that runs in the namespace may take. Requests are never more than limits, and every pod has limits. */
export function toResourceQuota(args: SessionNamespaceArgs) {
  const { pods, memory, cpu, disk, claims, storage } = quotaOf(args);
  const hard = {
    pods: String(pods),
    "limits.memory": quantity(memory),
    "limits.cpu": cores(cpu),
    "limits.ephemeral-storage": quantity(disk),
    ...(claims !== undefined && { persistentvolumeclaims: String(claims) }),
    ...(storage !== undefined && { "requests.storage": quantity(storage) }),
    // Ways in from outside, which no session has.
    "services.loadbalancers": "0",
    "services.nodeports": "0",
  };
  return { metadata: metadata(args, "sessions"), spec: { hard } };
}

/** No container and no claim is greater than the greatest that is declared; a container that says nothing gets little. */
export function toLimitRange(args: SessionNamespaceArgs) {
  const { pods, claims } = args.room;
  const greatest = (of: (room: PodRoom) => number, least: number) => Math.max(least, ...pods.map(of));
  const little = { memory: quantity(serviceLimits.memory), cpu: cores(serviceLimits.cpu), "ephemeral-storage": quantity(littleDisk) };
  const container = {
    type: "Container",
    max: {
      memory: quantity(greatest(({ memory }) => memory, serviceLimits.memory)),
      cpu: cores(greatest(({ cpu }) => cpu, serviceLimits.cpu)),
      "ephemeral-storage": quantity(greatest(({ disk }) => disk, littleDisk)),
    },
    default: little,
    defaultRequest: little,
  };
  const claim = { type: "PersistentVolumeClaim", max: { storage: quantity(Math.max(0, ...claims)) } };
  return { metadata: metadata(args, "sessions"), spec: { limits: [container, ...(claims.length > 0 ? [claim] : [])] } };
}

/** Bytes that a container may write to its node's disk that says nothing of it. */
const littleDisk = 64 * 1024 ** 2;

/** The conditions for pods of this namespace, however they come to be there. What cannot be judged is refused. */
export const toAdmissionPolicy = (args: SessionNamespaceArgs) => ({
  metadata: clusterWide(args),
  spec: {
    failurePolicy: "Fail",
    matchConstraints: {
      namespaceSelector: ownNamespace(args),
      resourceRules: [
        { apiGroups: [""], apiVersions: ["v1"], operations: ["CREATE", "UPDATE"], resources: ["pods", "pods/ephemeralcontainers"] },
      ],
    },
    // A pod from before a condition was made is still told of its end.
    matchConditions: [{ name: "another-spec", expression: 'request.operation == "CREATE" || object.spec != oldObject.spec' }],
    variables: args.admission.variables.map((variable) => ({ ...variable })),
    validations: args.admission.validations.map((validation) => ({ ...validation, reason: "Forbidden" })),
  },
});

/** Has the conditions hold in this namespace. */
export const toAdmissionBinding = (args: SessionNamespaceArgs) => ({
  metadata: clusterWide(args),
  spec: {
    policyName: clusterWide(args).name,
    validationActions: ["Deny", "Audit"],
    matchResources: { namespaceSelector: ownNamespace(args) },
  },
});

/** By the label that the API server itself gives each namespace, and lets nobody change. */
const ownNamespace = ({ namespace }: SessionNamespaceArgs) => ({ matchLabels: { "kubernetes.io/metadata.name": namespace } });
