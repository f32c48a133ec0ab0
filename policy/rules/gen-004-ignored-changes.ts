import type { Rule } from "./rule.ts";

/** Inputs on which other rules stand, by the first key of a path. */
const secured = new Set(
  // Docker and Swarm
  (
    "privileged readOnly user capabilities securityOpts networkMode networksAdvanced pidMode ipcMode usernsMode cgroupnsMode " +
    "cgroupParent mounts volumes devices deviceRequests deviceCgroupRules gpus envs env command commands entrypoints uploads ports " +
    "publishAllPorts memory memorySwap cpus cpuQuota ulimits image groupAdds sysctls hosts dns runtime tmpfs healthcheck init " +
    "logDriver internal options driver driverOpts attachable taskSpec endpointSpec build host registryAuth certMaterial caMaterial keyMaterial " +
    // Kubernetes
    "spec rules subjects roleRef aggregationRule webhooks automountServiceAccountToken data stringData binaryData template kind apiVersion " +
    // AWS
    "containerDefinitions policy assumeRolePolicy inlinePolicies managedPolicyArns policyArn policyArns roles taskRoleArn executionRoleArn " +
    "ingress egress cidrBlocks ipv6CidrBlocks cidrIpv4 cidrIpv6 prefixListIds prefixListId sourceSecurityGroupId referencedSecurityGroupId " +
    "securityGroups fromPort toPort protocol ipProtocol self networkConfiguration encrypted kmsKeyId posixUser rootDirectory " +
    "enableExecuteCommand requiresCompatibilities transitEncryption imageTagMutability imageScanningConfiguration secretString " +
    "recoveryWindowInDays retentionInDays userData userDataBase64"
  ).split(" "),
);

/** What others are meant to change: a scaler the replicas, a controller what it answers. */
const othersMeans =
  /^(spec\.(replicas|clusterIPs?|nodePort|loadBalancerIP|healthCheckNodePort|externalTrafficPolicy|minAvailable|volumeName))$/;

/** The keys of a property path: `a.b[0]["c"]`, and every key in brackets as well. */
export function keysOf(path: string): string[] {
  const keys = [...path.trim().matchAll(/\[\s*"((?:[^"\\]|\\.)*)"\s*\]|\[\s*'([^']*)'\s*\]|\[\s*([^\]]*?)\s*\]|([^.[\]]+)/g)];
  return keys.map(([, double, single, index, word]) => (double ?? single ?? index ?? word ?? "").trim());
}

/** Labels of a namespace decide what pods may have there; annotations of an entrance configure its proxy. */
function isDecisiveMetadata(kind: string, [, field, key]: readonly string[]): boolean {
  if (field === "namespace" || field === undefined) return true;
  if (kind === "kubernetes:Namespace")
    return field === "labels" && (key === undefined || key === "*" || key.startsWith("pod-security.kubernetes.io"));
  return kind === "kubernetes:Ingress" && field === "annotations" && (key === undefined || key === "*" || /snippet/.test(key));
}

export const ignoredChanges: Rule = {
  id: "GEN-004",
  name: "ignored-changes",
  title: "Changes of a security property are ignored",
  severity: "medium",
  frameworks: [],
  remediation: "Take it out of ignoreChanges: what was loosened by hand would stay.",
  reads: "the option ignoreChanges",
  *resource({ resource, name, kind }) {
    for (const property of resource.ignoreChanges ?? []) {
      const keys = keysOf(property);
      const first = keys[0] ?? "";
      const isKubernetes = kind.startsWith("kubernetes:");
      if (isKubernetes && othersMeans.test(keys.join("."))) continue;
      const isDecisive = isKubernetes && first === "metadata" ? isDecisiveMetadata(kind, keys) : first === "*" || secured.has(first);
      if (isDecisive) yield `The resource "${name}" must not ignore changes of ${property}.`;
    }
  },
};
