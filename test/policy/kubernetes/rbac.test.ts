import { describe, expect, test } from "vitest";
import { unknown } from "../../../policy/rules/read/value.ts";
import { evaluate } from "../../../policy/evaluate.ts";
import { missed, object, violations } from "./found.ts";

const group = "rbac.authorization.k8s.io/v1";
type Access = Record<string, unknown>;
const clusterRole = (...rules: Access[]) => object(`${group}:ClusterRole`, { rules });
const role = (namespace: string, ...rules: Access[]) => object(`${group}:Role`, { metadata: { name: "x", namespace }, rules });
const on = (apiGroup: string, resource: string, verbs: string[], names?: string[]) => ({
  apiGroups: [apiGroup],
  resources: [resource],
  verbs,
  ...(names && { resourceNames: names }),
});
const admission = "admissionregistration.k8s.io";

describe("a role of the whole cluster", () => {
  test.each<[string, Access, string]>([
    ["secrets of no name", on("", "secrets", ["list"], [""]), "K8S-007 high"],
    ["secrets of a name and of none", on("", "secrets", ["watch"], ["a", ""]), "K8S-007 high"],
    ["secrets of every group", on("*", "secrets", ["get"]), "K8S-007 high"],
    ["pods", on("", "pods", ["create"]), "K8S-029 high"],
    ["daemon sets", on("apps", "daemonsets", ["patch"]), "K8S-029 high"],
    ["deployments of an old group", on("extensions", "deployments", ["update"]), "K8S-029 high"],
    ["jobs of every verb", on("batch", "cronjobs", ["*"]), "K8S-029 high"],
    ["controllers of no name", on("", "replicationcontrollers", ["create"], [""]), "K8S-029 high"],
    ["labels of namespaces", on("", "namespaces", ["patch"]), "K8S-029 high"],
    ["nodes", on("", "nodes", ["update"]), "K8S-029 high"],
    ["the state of nodes", on("", "*/status", ["patch"]), "K8S-029 high"],
    ["volumes", on("", "persistentvolumes", ["create"]), "K8S-029 high"],
    ["admission policies", on(admission, "validatingadmissionpolicies", ["update"]), "K8S-009 critical"],
    ["their bindings", on(admission, "mutatingadmissionpolicybindings", ["create"]), "K8S-009 critical"],
    ["webhooks", on(admission, "mutatingwebhookconfigurations", ["patch"]), "K8S-009 critical"],
    ["APIs", on("apiregistration.k8s.io", "apiservices", ["create"]), "K8S-009 critical"],
    ["nodes through a proxy", on("", "nodes/*", ["get"]), "K8S-009 critical"],
    ["certificates", on("certificates.k8s.io", "certificatesigningrequests/approval", ["update"]), "K8S-009 critical"],
    [
      "signers of the cluster",
      on("certificates.k8s.io", "signers", ["approve"], ["kubernetes.io/kube-apiserver-client"]),
      "K8S-009 critical",
    ],
    ["binding of an administrator", on("rbac.authorization.k8s.io", "clusterroles", ["bind"], ["cluster-admin"]), "K8S-009 critical"],
    ["impersonation of what every group has", on("*", "*", ["impersonate"]), "K8S-009 critical"],
    ["impersonation of users' attributes", on("authentication.k8s.io", "userextras/scopes", ["impersonate"]), "K8S-009 critical"],
    [
      "binding of roles beside an added API",
      { ...on("", "clusterroles", ["bind"]), apiGroups: ["apis.kcp.io", "rbac.authorization.k8s.io"] },
      "K8S-009 critical",
    ],
    ["everything everywhere", on("*", "*/*", ["get"]), "K8S-006 critical"],
  ])("%s", (_, rule, found) => {
    expect(violations(clusterRole(rule))).toContain(found);
  });

  test.each<[string, Access]>([
    ["a named secret", on("", "secrets", ["get"], ["a"])],
    ["metrics", on("metrics.k8s.io", "*", ["get", "list", "watch"])],
    ["all verbs on metrics", on("custom.metrics.k8s.io", "*", ["*"])],
    ["secrets of an added API", on("example.com", "secrets", ["get", "list"])],
    ["pods of an added API", on("metrics.k8s.io", "pods", ["get", "create"])],
    ["nodes of an added API", on("metrics.k8s.io", "nodes", ["update", "patch"])],
    ["reading namespaces", on("", "namespaces", ["get", "list", "watch"])],
    ["a named deployment", on("apps", "deployments", ["patch"], ["a"])],
    ["the scale of deployments", on("apps", "deployments/scale", ["update"])],
    ["a named webhook", on(admission, "validatingwebhookconfigurations", ["patch"], ["own"])],
    ["signers of an add-on", on("certificates.k8s.io", "signers", ["approve"], ["issuers.cert-manager.io/*"])],
    ["binding of a named role", on("rbac.authorization.k8s.io", "clusterroles", ["bind"], ["view"])],
    ["binding of what an added API exports", on("apis.kcp.io", "apiexports", ["bind"])],
    ["asking who somebody is", on("authentication.k8s.io", "tokenreviews", ["create"])],
  ])("may have %s", (_, rule) => {
    expect(violations(clusterRole(rule))).toEqual([]);
  });
});

describe("a role of one namespace", () => {
  test.each<[string, Access]>([
    ["nodes", on("", "nodes", ["update"])],
    ["nodes through a proxy", on("", "nodes/proxy", ["get"])],
    ["volumes", on("", "persistentvolumes", ["create"])],
    ["webhooks", on(admission, "mutatingwebhookconfigurations", ["create"])],
    ["certificates", on("certificates.k8s.io", "certificatesigningrequests/approval", ["update"])],
    ["APIs", on("apiregistration.k8s.io", "apiservices", ["patch"])],
    ["signers", on("certificates.k8s.io", "signers", ["sign"])],
  ])("gives nothing on %s, which are in none", (_, rule) => {
    expect(violations(role("shop", rule))).toEqual([]);
  });

  test.each<[string, Access]>([
    ["pods", on("", "pods", ["create"])],
    ["deployments", on("apps", "deployments", ["patch"])],
    ["jobs", on("batch", "jobs", ["create"])],
  ])("may start %s in its own, not in the cluster's", (_, rule) => {
    expect(violations(role("shop", rule))).toEqual([]);
    for (const namespace of ["kube-system", "kube-public"]) expect(violations(role(namespace, rule))).toEqual(["K8S-009 critical"]);
  });

  test("may change the labels of its namespace", () => {
    expect(violations(role("shop", on("", "namespaces", ["patch"])))).toEqual(["K8S-029 high"]);
    expect(violations(role("shop", on("", "serviceaccounts/token", ["create"])))).toEqual(["K8S-009 critical"]);
  });
});

describe("a role that leaves nothing out", () => {
  const all = { apiGroups: ["*"], resources: ["*"], verbs: ["*"] };
  const both = [clusterRole, (...rules: Access[]) => role("shop", ...rules)];

  test("is said once, whatever follows from it", () => {
    for (const make of both) {
      for (const verbs of [["*"], ["get", "patch", "delete"], ["create"], ["list"]])
        expect(violations(make({ ...all, verbs }))).toEqual(["K8S-006 critical"]);
      const { findings } = evaluate([make(all)]);
      expect(findings.map(({ message }) => message.replace(/^The \w+/, "The role"))).toEqual([
        'The role "alpha" must not allow everything, and so what K8S-007, K8S-008, K8S-009 and K8S-029 are about.',
      ]);
    }
    expect(evaluate([clusterRole({ ...all, verbs: ["get", "patch"] })]).findings.map(({ message }) => message)).toEqual([
      'The ClusterRole "alpha" must not allow get, patch on everything.',
    ]);
  });

  test("hides nothing of what stands beside it", () => {
    const found = violations(clusterRole(all, on("", "secrets", ["get"]), on("", "pods/exec", ["create"]), on("", "nodes", ["patch"])));
    expect(found).toEqual(["K8S-006 critical", "K8S-007 high", "K8S-008 high", "K8S-029 high"]);
    expect(violations(clusterRole({ ...all, verbs: ["get"] }, on("", "nodes/proxy", ["get"])))).toEqual([
      "K8S-006 critical",
      "K8S-009 critical",
    ]);
    expect(violations(clusterRole({ ...all, verbs: ["impersonate"] }))).toEqual(["K8S-006 critical", "K8S-009 critical"]);
  });

  test.each<[string, Access, string[]]>([
    ["one group", { ...all, apiGroups: [""] }, ["K8S-006 critical", "K8S-007 high", "K8S-008 high", "K8S-009 critical", "K8S-029 high"]],
    ["one resource", { ...all, resources: ["secrets"] }, ["K8S-006 critical", "K8S-007 high"]],
    ["named objects", { ...all, resourceNames: ["a"] }, ["K8S-006 critical", "K8S-008 high"]],
  ])("is another than one of %s", (_, rule, found) => {
    expect(violations(clusterRole(rule))).toEqual(found);
  });
});

describe("a wildcard", () => {
  test("of the same words is judged by the graver of them", () => {
    expect(violations(clusterRole(on("", "configmaps", ["*"]), on("", "pods/status", ["*"])))).toEqual([
      "K8S-006 critical",
      "K8S-006 medium",
    ]);
    expect(evaluate([clusterRole(on("", "a", ["*"]), on("", "b", ["*"]))]).findings).toHaveLength(1);
  });

  test("for how many run, or what waits for whose end, is not one for everything", () => {
    expect(violations(clusterRole(on("*", "*/finalizers", ["update"])))).toEqual(["K8S-006 medium"]);
    expect(violations(clusterRole(on("*", "*/finalize", ["update"])))).toEqual(["K8S-006 critical"]);
    expect(violations(clusterRole(on("*", "*/scale", ["patch"])))).toEqual(["K8S-006 medium"]);
    expect(violations(clusterRole(on("apps", "deployments/scale", ["*"])))).toEqual(["K8S-006 medium"]);
    expect(violations(clusterRole(on("apps", "*/scale", ["patch"])))).toEqual([]);
    expect(violations(clusterRole(on("*", "x", ["patch"])))).toEqual(["K8S-006 critical"]);
    expect(violations(clusterRole({ ...on("*", "*/scale", ["patch"]), resources: ["*/scale", "x"] }))).toEqual(["K8S-006 critical"]);
  });

  const gathering = (...clusterRoleSelectors: Access[]) =>
    violations(object(`${group}:ClusterRole`, { rules: [], aggregationRule: { clusterRoleSelectors } }));
  const expression = (operator: string, key = "team") => ({ matchExpressions: [{ key, operator, values: ["a"] }] });

  test("is a role that gathers every other, or the cluster's own", () => {
    for (const selector of [
      {},
      { matchLabels: {} },
      expression("NotIn"),
      expression("DoesNotExist"),
      expression("Exists", "kubernetes.io/bootstrapping"),
      { matchLabels: { "kubernetes.io/bootstrapping": "rbac-defaults" } },
    ])
      expect([selector, gathering(selector)]).toEqual([selector, ["K8S-006 critical"]]);
    for (const selector of [
      { matchLabels: { "rbac.example.com/gather": "true" } },
      { matchLabels: { "kubernetes.io/bootstrapping": "rbac-defaults", team: "a" } },
      expression("Exists"),
      expression("In"),
    ])
      expect([selector, gathering(selector)]).toEqual([selector, ["K8S-006 medium"]]);
    expect(gathering({ matchLabels: { team: "a" } }, {})).toEqual(["K8S-006 critical", "K8S-006 medium"]);
  });
});

describe("a role of the cluster that is bound", () => {
  const starting = (labels: Access = {}) =>
    object(`${group}:ClusterRole`, { metadata: { name: "starter", labels }, rules: [on("", "pods", ["create"])] });
  const bound = (kind: string, roleRef: unknown = { kind: "ClusterRole", name: "starter" }) =>
    object(`${group}:${kind}`, { roleRef, subjects: [{ kind: "ServiceAccount", name: "x" }] });
  const high = ["K8S-029 high"];

  test("beside the cluster's own pods may take their accounts", () => {
    for (const namespace of ["kube-system", "kube-public"]) {
      const there = object(`${group}:RoleBinding`, { ...bound("RoleBinding").props, metadata: { name: "x", namespace } });
      expect(violations([starting(), there])).toEqual(high);
      expect(violations([starting(), bound("RoleBinding"), there])).toEqual(high);
    }
  });

  test("in namespaces alone holds there alone", () => {
    expect(violations([starting(), bound("RoleBinding")])).toEqual([]);
    expect(violations([starting(), bound("RoleBinding"), bound("RoleBinding")])).toEqual([]);
    const labels = object(`${group}:ClusterRole`, { metadata: { name: "starter" }, rules: [on("", "namespaces", ["patch"])] });
    expect(violations([labels, bound("RoleBinding")])).toEqual(high);
  });

  test.each<[string, ReturnType<typeof object>[]]>([
    ["nowhere", []],
    ["by another role's binding", [bound("RoleBinding", { kind: "ClusterRole", name: "other" })]],
    ["by the binding of a namespace's role", [bound("RoleBinding", { kind: "Role", name: "starter" })]],
    ["everywhere", [bound("ClusterRoleBinding")]],
    ["both ways", [bound("RoleBinding"), bound("ClusterRoleBinding")]],
    ["to what is not known", [bound("RoleBinding"), bound("ClusterRoleBinding", unknown)]],
    ["in a namespace to what is not known", [bound("RoleBinding", { kind: "ClusterRole", name: unknown })]],
  ])("%s may hold everywhere", (_, bindings) => {
    expect(violations([starting(), ...bindings])).toEqual(high);
  });

  test("may be gathered into others", () => {
    for (const key of ["rbac.authorization.k8s.io/aggregate-to-admin", "rbac.example.com/aggregate-to-shop"])
      expect(violations([starting({ [key]: "true" }), bound("RoleBinding")])).toEqual(high);
    expect(violations([starting({ app: "aggregate" }), bound("RoleBinding")])).toEqual([]);
  });
});

describe("a binding", () => {
  const binding = (kind: string, name: string, roleKind = "ClusterRole") =>
    object(`${group}:${kind}`, { roleRef: { kind: roleKind, name }, subjects: [{ kind: "ServiceAccount", name: "x", namespace: "shop" }] });

  test.each([
    "system:controller:clusterrole-aggregation-controller",
    "system:kube-controller-manager",
    "system:node",
    "system:kube-scheduler",
  ])("to %s, a role of the cluster's own controllers", (name) => {
    for (const kind of ["RoleBinding", "ClusterRoleBinding"]) expect(violations(binding(kind, name))).toEqual(["K8S-010 high"]);
  });

  test.each(["system:auth-delegator", "system:metrics-server", "system:discovery", "system:controllers-of-shop", "view"])(
    "to %s",
    (name) => {
      expect(violations(binding("ClusterRoleBinding", name))).toEqual([]);
    },
  );

  test("to a role of the namespace that is called like an administrator's", () => {
    for (const name of ["admin", "edit", "cluster-admin"]) {
      expect(violations(binding("RoleBinding", name, "Role"))).toEqual([]);
      expect(violations(binding("RoleBinding", name))).toHaveLength(1);
    }
  });
});

describe("a binding of a group that everybody is in", () => {
  const bound = (name: string, changes: Access = {}, kind = "RoleBinding") =>
    object(`${group}:${kind}`, { roleRef: { kind: "Role", name: "reader" }, subjects: [{ kind: "Group", name }], ...changes });
  const reader = (rules: Access[], changes: Access = {}, kind = "Role") =>
    object(`${group}:${kind}`, { metadata: { name: "reader", namespace: "sessions" }, rules, ...changes }, "reader");
  const named = on("", "configmaps", ["get", "list", "watch"], ["info"]);
  const groups = ["authenticated", "serviceaccounts", "serviceaccounts:shop", "unauthenticated", "anonymous"].map((one) => `system:${one}`);

  test("gives nothing away where its role reads named things", () => {
    for (const name of groups) {
      expect(violations([bound(name), reader([named])])).toEqual([]);
      expect(violations([bound(name), reader([named, on("apps", "deployments", ["get"], ["web"])])])).toEqual([]);
      expect(violations([bound(name), reader([])])).toEqual([]);
    }
    const clusterRole = bound("system:authenticated", { roleRef: { kind: "ClusterRole", name: "reader" } });
    expect(violations([clusterRole, reader([named], {}, "ClusterRole")])).toEqual([]);
  });

  test.each<[string, Access]>([
    ["all of a kind", on("", "configmaps", ["get"])],
    ["what has no name", on("", "configmaps", ["list"], ["info", ""])],
    ["a secret", on("", "secrets", ["get"], ["info"])],
    ["an added API's secret", on("bitnami.com", "sealedsecrets", ["get"], ["info"])],
    ["a token", on("", "serviceaccounts/token", ["get"], ["info"])],
    ["a log", on("", "pods/log", ["get"], ["info"])],
    ["every resource", on("", "*", ["get"], ["info"])],
    ["every group", on("*", "configmaps", ["get"], ["info"])],
    ["a change", on("", "configmaps", ["get", "update"], ["info"])],
    ["every verb", on("", "configmaps", ["*"], ["info"])],
  ])("is judged where its role gives %s", (_, rule) => {
    for (const name of groups) expect(violations([bound(name), reader([named, rule])])).toContain("K8S-011 critical");
  });

  test.each<[string, ReturnType<typeof object>[]]>([
    ["is nowhere", []],
    ["is another", [reader([named], { metadata: { name: "writer", namespace: "sessions" } })]],
    ["is in another namespace", [reader([named], { metadata: { name: "reader", namespace: "shop" } })]],
    ["is the cluster's", [reader([named], {}, "ClusterRole")]],
    ["is changed elsewhere", [reader([named]), reader([on("", "secrets", ["get"])])]],
    ["is only patched", [reader([named], { kind: "Role" }, "RolePatch")]],
  ])("is judged where its role %s", (_, roles) => {
    expect(violations([bound("system:authenticated"), ...roles])).toContain("K8S-011 critical");
  });

  test("is judged for the whole cluster, and where a role gathers others", () => {
    const everywhere = bound("system:authenticated", { roleRef: { kind: "ClusterRole", name: "reader" } }, "ClusterRoleBinding");
    expect(violations([everywhere, reader([named], {}, "ClusterRole")])).toEqual(["K8S-011 critical"]);
    const gathering = reader([named], { aggregationRule: { clusterRoleSelectors: [] } }, "ClusterRole");
    expect(violations([bound("system:authenticated", { roleRef: { kind: "ClusterRole", name: "reader" } }), gathering])).toEqual([
      "K8S-011 critical",
    ]);
  });

  test("is not evaluated where its role is not known yet", () => {
    const binding = bound("system:authenticated");
    expect(violations([binding, reader([{ ...named, resources: unknown }])])).toEqual([]);
    expect(missed([binding, reader([{ ...named, resources: unknown }])])).toContain("K8S-011 critical");
    expect(violations([binding, reader([{ ...named, verbs: unknown }]), bound("system:anonymous", { metadata: { name: "b" } })])).toEqual([
      "K8S-011 critical",
    ]);
  });
});
