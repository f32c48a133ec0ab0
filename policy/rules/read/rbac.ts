/** What roles allow. */
import { nameOf, namespaceOf } from "./kubernetes.ts";
import { once } from "./once.ts";
import type { Subject } from "./subject.ts";
import { entries, record, records, text, texts } from "./value.ts";

/** One rule of a Role or ClusterRole. */
export interface AccessRule {
  readonly verbs: readonly string[];
  readonly resources: readonly string[];
  readonly groups: readonly string[];
  /** Objects to which it is limited; none is all. */
  readonly names: readonly string[];
  readonly paths: readonly string[];
}

export const roleKinds = ["kubernetes:Role", "kubernetes:ClusterRole"] as const;
export const bindingKinds = ["kubernetes:RoleBinding", "kubernetes:ClusterRoleBinding"] as const;

/** The rules of a role. */
export const accessRules = once(function* (subject: Subject): Iterable<AccessRule> {
  for (const rule of records(subject.props.rules)) {
    const names = [...texts(rule.resourceNames)];
    yield {
      verbs: lower(rule.verbs),
      resources: lower(rule.resources),
      groups: lower(rule.apiGroups),
      // Who lists or creates names nothing, and nothing is what the empty name stands for.
      names: names.includes("") ? [] : names,
      paths: [...texts(rule.nonResourceURLs)],
    };
  }
});

const lower = (value: unknown): string[] => [...texts(value)].map((word) => word.toLowerCase());

/** A resource of an API group, `pods/exec` of the core group. */
export interface Right {
  readonly group: string;
  readonly resource: string;
}

export const core = (resource: string): Right => ({ group: "", resource });

/** Whether a rule gives one of these verbs on a resource, `pods/exec` also through `pods/*` and `*`. */
export function grants(rule: AccessRule, { group, resource }: Right, verbs: readonly string[]): boolean {
  if (!rule.groups.includes("*") && !rule.groups.includes(group)) return false;
  const [owner = "", part] = resource.split("/");
  const covers = rule.resources.some(
    (r) => r === "*" || r === resource || (part !== undefined && (r === "*/*" || r === `${owner}/*` || r === `*/${part}`)),
  );
  return covers && rule.verbs.some((verb) => verb === "*" || verbs.includes(verb));
}

/** The groups of Kubernetes itself. What others add to a cluster is theirs to administer. */
const ownGroup =
  /^(\*|apps|batch|extensions|policy|autoscaling|(admissionregistration|apiextensions|apiregistration|authentication|authorization|certificates|coordination|discovery|events|flowcontrol\.apiserver|internal\.apiserver|networking|node|rbac\.authorization|resource|scheduling|storage|storagemigration)\.k8s\.io|)$/;

/** Whether a rule is about an API of Kubernetes itself. */
export const isOfKubernetes = ({ groups }: AccessRule): boolean => groups.length === 0 || groups.some((group) => ownGroup.test(group));

export const writing = ["create", "update", "patch"] as const;

/** Resources whose content is a way to more, and parts of resources that do something: logs, tunnels, tokens. */
const telling = /[*/]|secret|token|credential/;

/** Whether a rule gives no more than a look at objects that it names, none of which holds secrets. */
export const isHarmless = ({ verbs, resources, groups, names }: AccessRule): boolean =>
  names.length > 0 &&
  verbs.every((verb) => /^(get|list|watch)$/.test(verb)) &&
  !groups.includes("*") &&
  !resources.some((resource) => telling.test(resource));

/** Whether a rule leaves out no object of any API: one finding says it, and what follows from it is not said again. */
export const isOfEverything = ({ verbs, resources, groups, names }: AccessRule): boolean =>
  groups.includes("*") && resources.includes("*") && verbs.length > 0 && names.length === 0;

/** The rules of a role that are about something. */
export function* particularRules(role: Subject): Iterable<AccessRule> {
  for (const rule of accessRules(role)) if (!isOfEverything(rule)) yield rule;
}

/** Whatever starts a pod. */
export const workloadRights: readonly Right[] = [
  ...["pods", "replicationcontrollers"].map(core),
  ...["deployments", "daemonsets", "statefulsets", "replicasets"].map((resource) => ({ group: "apps", resource })),
  ...["deployments", "daemonsets", "replicasets"].map((resource) => ({ group: "extensions", resource })),
  ...["jobs", "cronjobs"].map((resource) => ({ group: "batch", resource })),
];

/** Whether a role holds for the whole cluster. One of a namespace gives nothing on what is in none. */
export const isClusterWide = (role: Subject): boolean => role.kind === "kubernetes:ClusterRole";

/** Where the cluster's own pods run, whose accounts may do everything. */
export const isOfCluster = (object: Subject): boolean => /^kube-(system|public|node-lease)$/.test(namespaceOf(object));

/** Whether a binding is one of a role; what is not known of one for the whole cluster may be any. */
function binds(binding: Subject, role: Subject): boolean {
  try {
    const { kind, name } = record(binding.props.roleRef);
    return `kubernetes:${text(kind)}` === role.kind && text(name) === nameOf(role);
  } catch {
    return binding.kind === "kubernetes:ClusterRoleBinding";
  }
}

/**
 * Whether a stack binds a role of the cluster, and in namespaces alone that are not the cluster's own. One that is gathered into
 * others is theirs as well.
 */
export function isBoundInNamespaces(role: Subject, bindings: readonly Subject[]): boolean {
  const own = bindings.filter((binding) => binds(binding, role));
  const isGathered = [...entries(record(role.props.metadata).labels)].some(([key]) => /(^|[./-])aggregate-to-/.test(key));
  return own.length > 0 && own.every((one) => one.kind === "kubernetes:RoleBinding" && !isOfCluster(one)) && !isGathered;
}
