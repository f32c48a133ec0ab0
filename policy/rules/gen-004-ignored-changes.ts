import type { Rule } from "./rule.ts";

const words = (list: string): ReadonlySet<string> => new Set(list.split(" "));

/** Inputs on which other rules stand, by the package or the kind whose they are. A list counts with everything in it. */
const secured: Readonly<Record<string, ReadonlySet<string>>> = {
  docker: words(
    "privileged readOnly user capabilities securityOpts networkMode networksAdvanced pidMode ipcMode usernsMode cgroupnsMode " +
      "cgroupParent mounts volumes devices deviceRequests deviceCgroupRules gpus envs env command commands entrypoint entrypoints uploads " +
      "ports publishAllPorts memory memorySwap cpus cpuQuota ulimits image groupAdds sysctls hosts dns runtime tmpfs healthcheck init " +
      "logDriver logOpts internal options driver driverOpts attachable taskSpec endpointSpec build buildArgs context dockerfile registry " +
      "insecureSkipVerify grantAllPermissions grantPermissions data",
  ),
  "docker:RemoteImage": words("name"),
  kubernetes: words(
    "apiVersion kind spec rules subjects roleRef aggregationRule webhooks automountServiceAccountToken data stringData binaryData template " +
      "provisioner handler",
  ),
  aws: words(
    "containerDefinitions taskDefinition volumes networkMode pidMode ipcMode executionRoleArn taskRoleArn networkConfiguration " +
      "requiresCompatibilities enableExecuteCommand platformVersion configuration policy policyArn policyArns policyDocument assumeRolePolicy " +
      "assumeRolePolicyDocument inlinePolicy inlinePolicies policies managedPolicyArn managedPolicyArns managedPolicies " +
      "customerManagedPolicyReference roles ingress egress securityGroupIngress securityGroupEgress securityGroups cidrBlocks ipv6CidrBlocks " +
      "cidrIpv4 cidrIpv6 cidrIp prefixListIds prefixListId entries fromPort toPort protocol ipProtocol type self sourceSecurityGroupId " +
      "referencedSecurityGroupId encrypted transitEncryption kmsKeyId posixUser rootDirectory fileSystemPolicy secretString secretBinary value " +
      "recoveryWindowInDays imageTagMutability imageTagMutabilityExclusionFilters imageScanningConfiguration encryptionConfigurations " +
      "repositoryPolicyText containerProperties ecsProperties eksProperties nodeProperties ecsTarget target targetParameters input inputs " +
      "environment userData userDataBase64 launchSpecifications content desiredState typeName properties retentionInDays",
  ),
  "pulumi:providers": words(
    "host sshOpts certPath certMaterial caMaterial keyMaterial registryAuth registries kubeconfig accessKey secretKey token",
  ),
};

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
  if (field === undefined || field === "*" || field === "namespace") return true;
  if (kind === "kubernetes:Namespace")
    return field === "labels" && (key === undefined || key === "*" || key.startsWith("pod-security.kubernetes.io"));
  return kind === "kubernetes:Ingress" && field === "annotations" && (key === undefined || key === "*" || /snippet/.test(key));
}

/** Whether a rule stands on what a path leads to. */
function decides(path: string, kind: string): boolean {
  const keys = keysOf(path);
  const first = keys[0] ?? "";
  const owner = kind.startsWith("pulumi:providers:") ? "pulumi:providers" : (kind.split(":")[0] ?? "").replace(/^docker-build$/, "docker");
  const names = [secured[owner], secured[kind]];
  if (first === "*") return names[0] !== undefined;
  if (owner === "kubernetes" && first === "metadata") return isDecisiveMetadata(kind, keys);
  return names.some((one) => one?.has(first)) && !(owner === "kubernetes" && othersMeans.test(keys.join(".")));
}

export const ignoredChanges: Rule = {
  id: "GEN-004",
  name: "ignored-changes",
  title: "Changes of a security property are ignored",
  severity: "medium",
  frameworks: [],
  remediation: "Take it out of ignoreChanges: what was loosened by hand would stay.",
  reads: "the option ignoreChanges",
  *resource({ resource, kind, name }) {
    for (const property of resource.ignoreChanges ?? [])
      if (decides(property, kind)) yield `The resource "${name}" must not ignore changes of ${property}.`;
  },
};
