import { describe, expect, test } from "vitest";
import { handlers, nameOf, namespaceOf, selects, title } from "../../../policy/rules/read/kubernetes.ts";
import { embeddedIn, isCustom, isList, isObject, kubernetesKind } from "../../../policy/rules/read/kubernetes-objects.ts";
import { openingsOf, podPolicies, waysOf } from "../../../policy/rules/read/network-policies.ts";
import { partOfPod } from "../../../policy/rules/read/partial-pod.ts";
import type { Subject } from "../../../policy/rules/read/subject.ts";
import type { Props } from "../../../policy/rules/read/value.ts";

const subject = (kind: string, props: Props, name = "x"): Subject => ({
  resource: { urn: "", type: "", name, props: {} },
  kind: `kubernetes:${kind}`,
  name,
  props,
  isPatch: false,
});

describe("labels are selected", () => {
  const labels = { app: "a", tier: "1" };
  const by = (key: string, operator: string, ...values: string[]) => ({ matchExpressions: [{ key, operator, values }] });

  test.each<[unknown, boolean]>([
    [undefined, true],
    [{}, true],
    [{ matchLabels: {} }, true],
    [{ matchLabels: { app: "a" } }, true],
    [{ matchLabels: { app: "a", tier: 1 } }, true],
    [{ matchLabels: { app: "b" } }, false],
    [{ matchLabels: { app: "a", other: "a" } }, false],
    [by("app", "Exists"), true],
    [by("other", "Exists"), false],
    [by("app", "DoesNotExist"), false],
    [by("other", "DoesNotExist"), true],
    [by("app", "In", "b", "a"), true],
    [by("app", "In", "b"), false],
    [by("other", "In", "a"), false],
    [by("app", "NotIn", "b"), true],
    [by("app", "NotIn", "b", "a"), false],
    [by("other", "NotIn", "a"), true],
    [by("app", "Other", "b"), true],
    [{ matchLabels: { app: "a" }, ...by("tier", "In", "2") }, false],
    [{ matchExpressions: [...by("app", "Exists").matchExpressions, ...by("other", "Exists").matchExpressions] }, false],
  ])("by %j: %s", (selector, is) => {
    expect(selects(selector, labels)).toBe(is);
  });
});

test("an object is called by its metadata, else as its resource is, in the namespace default", () => {
  const named = subject("Role", { metadata: { name: "n", namespace: "s" } }, "r");
  const bare = subject("Role", {}, "r");
  expect([named, bare].map((one) => [nameOf(one), namespaceOf(one), title(one)])).toEqual([
    ["n", "s", 'Role "r"'],
    ["r", "default", 'Role "r"'],
  ]);
});

test("each probe and hook of a container is one", () => {
  const of = (at: string) => ({ exec: { command: [at] } });
  const container = {
    livenessProbe: of("a"),
    readinessProbe: of("b"),
    startupProbe: of("c"),
    otherProbe: of("x"),
    lifecycle: { postStart: of("d"), preStop: of("e"), other: of("y") },
  };
  expect([...handlers(container)]).toEqual(["a", "b", "c", "d", "e"].map(of));
  expect([...handlers({ livenessProbe: "x", lifecycle: { preStop: null } })]).toEqual([]);
});

describe("what says its kind", () => {
  test.each([
    ["v1", "Pod", "kubernetes:Pod"],
    ["", "Pod", "kubernetes:Pod"],
    ["apps/v1", "Deployment", "kubernetes:Deployment"],
    ["rbac.authorization.k8s.io/v1", "Role", "kubernetes:Role"],
    ["k8s.io/v1", "X", "kubernetes:X"],
    ["authorization.openshift.io/v1", "Role", "kubernetes:Role"],
    ["xk8s.io/v1", "X", "kubernetes:xk8s.io/X"],
    ["k8s.io.evil/v1", "X", "kubernetes:k8s.io.evil/X"],
    ["x.authorization.openshift.io/v1", "Role", "kubernetes:x.authorization.openshift.io/Role"],
    ["argoproj.io/v1alpha1", "Workflow", "kubernetes:argoproj.io/Workflow"],
  ])("%s %s is %s", (version, kind, expected) => {
    expect(kubernetesKind(version, kind)).toBe(expected);
  });

  test.each<[string, boolean, boolean]>([
    ["kubernetes:PodList", false, true],
    ["kubernetes:List", false, true],
    ["kubernetes:Pod", false, false],
    ["kubernetes:PodLists", false, false],
    ["kubernetes:argoproj.io/WorkflowList", true, false],
    ["aws:x/List", false, false],
    ["xkubernetes:PodList", false, false],
  ])("%s is custom: %s, a list: %s", (kind, custom, list) => {
    expect([isCustom(kind), isList(kind)]).toEqual([custom, list]);
  });

  test.each(["name", "namespace", "uid", "controller", "blockOwnerDeletion", "fieldPath", "resourceVersion"])(
    "with %s alone it is a reference, with another field an object",
    (key) => {
      expect(isObject({ apiVersion: "v1", kind: "Pod", [key]: "x" })).toBe(false);
      expect(isObject({ apiVersion: "v1", kind: "Pod", [`${key}x`]: "x" })).toBe(true);
      expect(isObject({ apiVersion: "v1", kind: "Pod", [`x${key}`]: "x" })).toBe(true);
    },
  );

  test("without its kind or version it is none", () => {
    expect(
      [
        { apiVersion: "v1", spec: {} },
        { kind: "Pod", spec: {} },
        { apiVersion: 1, kind: "Pod", spec: {} },
      ].map(isObject),
    ).toEqual([false, false, false]);
  });

  test.each<[string, Props, string[]]>([
    ["PodList", { items: [{ metadata: { name: "a" } }, null, { metadata: {} }] }, ["Pod a", "Pod undefined"]],
    ["List", { items: [{ apiVersion: "apps/v1", kind: "Deployment" }, {}] }, ["Deployment undefined"]],
    [
      "PodList",
      {
        items: [
          { apiVersion: "v1", kind: "Pod" },
          { apiVersion: "batch/v1", kind: "Job", metadata: { name: "j" } },
        ],
      },
      ["Pod undefined", "Pod j", "Job j"],
    ],
    ["Pod", { spec: { apiVersion: "v1", kind: "Secret", data: {} } }, []],
    [
      "x.example/Y",
      { spec: { deep: [{ apiVersion: "v1", kind: "Secret", data: {}, metadata: { name: "s" } }], text: "x", none: null } },
      ["Secret s"],
    ],
    [
      "x.example/Y",
      { spec: { inner: { apiVersion: "traefik.io/v1alpha1", kind: "IngressRoute", spec: {}, metadata: { name: "r" } } } },
      ["traefik.io/IngressRoute r"],
    ],
    ["x.example/Y", { apiVersion: "v1", kind: "Pod", ref: { apiVersion: "v1", kind: "Pod", name: "x" } }, []],
  ])("in a %s %j", (kind, props, expected) => {
    const found = [...embeddedIn(`kubernetes:${kind}`, props)];
    expect(found.map((one) => `${one.kind.replace("kubernetes:", "")} ${one.name}`)).toEqual(expected);
  });
});

describe("a policy of a network", () => {
  const spaces = [
    subject("Namespace", { metadata: { name: "n", labels: { team: "t" } } }),
    subject("Namespace", { metadata: { name: "o", labels: { team: "u" } } }),
    subject("ConfigMap", { metadata: { name: "n", labels: { team: "wrong" } } }),
  ];
  const policies = (kind: string, props: Props) => podPolicies([...spaces, subject(kind, props)]);
  const pods = [
    { namespace: "n", labels: { app: "a" } },
    { namespace: "n", labels: { app: "b" } },
    { namespace: "o", labels: { app: "a" } },
  ];
  const chosen = (kind: string, props: Props) =>
    policies(kind, props).map((policy) => pods.map((pod) => (policy.selects(pod) ? "x" : ".")).join(""));
  const here = { metadata: { namespace: "n" } };
  const app = { matchLabels: { app: "a" } };
  const team = { matchLabels: { team: "t" } };
  const own = { matchLabels: { "kubernetes.io/metadata.name": "n" } };

  test.each<[string, Props, string[]]>([
    ["NetworkPolicy", { ...here, spec: { podSelector: app } }, ["x.."]],
    ["NetworkPolicy", { ...here, spec: { podSelector: {} } }, ["xx."]],
    ["NetworkPolicy", { spec: { podSelector: {} } }, ["..."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: app } }, ["x.."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: { matchLabels: { "k8s:app": "a" } } } }, ["x.."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: { matchLabels: { "any.app": "a" } } } }, ["x.."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: { matchLabels: { "xk8s:app": "a" } } } }, ["..."]],
    [
      "cilium.io/CiliumNetworkPolicy",
      { ...here, spec: { endpointSelector: { matchExpressions: [{ key: "k8s.app", operator: "In", values: ["b"] }] } } },
      [".x."],
    ],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: {} }, ["..."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, specs: [{ endpointSelector: app }, { endpointSelector: {} }] }, ["x..", "xx."]],
    ["cilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: {} }, specs: [{ endpointSelector: app }] }, ["xx.", "x.."]],
    ["cilium.io/CiliumClusterwideNetworkPolicy", { ...here, spec: { endpointSelector: app } }, ["x.x"]],
    [
      "cilium.io/CiliumClusterwideNetworkPolicy",
      { spec: { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "o" } } } },
      ["..x"],
    ],
    [
      "cilium.io/CiliumClusterwideNetworkPolicy",
      { spec: { endpointSelector: { matchLabels: { "io.cilium.k8s.namespace.labels.team": "t" } } } },
      ["xx."],
    ],
    ["projectcalico.org/NetworkPolicy", { ...here, spec: { selector: "app == 'a'" } }, ["x.."]],
    ["crd.projectcalico.org/NetworkPolicy", { ...here, spec: {} }, ["xx."]],
    ["projectcalico.org/GlobalNetworkPolicy", { ...here, spec: { selector: "app == 'a'" } }, ["x.x"]],
    ["crd.projectcalico.org/GlobalNetworkPolicy", { spec: { namespaceSelector: "team == 'u'" } }, ["..x"]],
    ["AdminNetworkPolicy", { spec: { subject: { namespaces: team } } }, ["xx."]],
    ["BaselineAdminNetworkPolicy", { spec: { subject: { namespaces: own } } }, ["xx."]],
    ["ClusterNetworkPolicy", { spec: { subject: { pods: { namespaceSelector: team, podSelector: app } } } }, ["x.."]],
    ["AdminNetworkPolicy", { spec: { subject: { pods: { podSelector: app } } } }, ["x.x"]],
    ["AdminNetworkPolicy", { spec: { subject: {} } }, ["..."]],
    ["xcilium.io/CiliumNetworkPolicy", { ...here, spec: { endpointSelector: {} } }, []],
    ["cilium.io/CiliumNetworkPolicyX", { ...here, spec: { endpointSelector: {} } }, []],
    ["projectcalico.org/NetworkPolicyX", here, []],
    ["x.projectcalico.org/NetworkPolicy", here, []],
    ["OtherNetworkPolicy", here, []],
    ["AdminNetworkPolicyX", here, []],
  ])("%s %j selects", (kind, props, expected) => {
    expect(chosen(kind, props)).toEqual(expected);
  });

  const rules = [{}];
  test.each<[string, Props, string]>([
    ["NetworkPolicy", {}, "in"],
    ["NetworkPolicy", { egress: rules }, "in out"],
    ["NetworkPolicy", { egress: [] }, "in"],
    ["NetworkPolicy", { policyTypes: ["Egress"] }, "out"],
    ["NetworkPolicy", { policyTypes: ["Ingress"], egress: rules }, "in"],
    ["NetworkPolicy", { policyTypes: ["Ingress", "Egress"] }, "in out"],
    ["cilium.io/CiliumNetworkPolicy", {}, ""],
    ["cilium.io/CiliumNetworkPolicy", { ingress: rules }, "in"],
    ["cilium.io/CiliumNetworkPolicy", { ingressDeny: rules }, "in"],
    ["cilium.io/CiliumNetworkPolicy", { egress: rules }, "out"],
    ["cilium.io/CiliumNetworkPolicy", { egressDeny: rules }, "out"],
    ["cilium.io/CiliumNetworkPolicy", { egress: [], ingress: [] }, ""],
    ["projectcalico.org/NetworkPolicy", {}, "in"],
    ["projectcalico.org/NetworkPolicy", { egress: rules }, "out"],
    ["projectcalico.org/NetworkPolicy", { egress: rules, ingress: rules }, "in out"],
    ["projectcalico.org/NetworkPolicy", { types: ["Egress"] }, "out"],
    ["projectcalico.org/NetworkPolicy", { types: ["Ingress"], egress: rules }, "in"],
    ["AdminNetworkPolicy", { egress: [{ action: "Deny" }] }, "out"],
    ["AdminNetworkPolicy", { ingress: [{ action: "Allow" }, { action: "Deny" }] }, "in"],
    ["AdminNetworkPolicy", { ingress: [{ action: "Allow" }], egress: [{ action: "Pass" }] }, ""],
  ])("%s %j covers the ways %j", (kind, spec, expected) => {
    const [policy] = policies(kind, { spec });
    expect([policy?.ingress && "in", policy?.egress && "out"].filter(Boolean).join(" ")).toBe(expected);
    if (kind === "NetworkPolicy") expect(waysOf(spec)).toEqual({ ingress: policy?.ingress, egress: policy?.egress });
  });

  const opening = { blocks: [], toEverybody: false, toEveryNamespace: false, isDnsOnly: false };
  const world = [{ cidr: "0.0.0.0/0" }, { cidr: "::/0" }];
  test.each<[string, Props, object]>([
    ["NetworkPolicy", {}, { toEverybody: true }],
    ["NetworkPolicy", { to: [] }, { toEverybody: true }],
    ["NetworkPolicy", { to: [{ podSelector: {} }] }, {}],
    ["NetworkPolicy", { to: [{ ipBlock: { cidr: "a", except: ["b"] } }, { podSelector: {} }] }, { blocks: [{ cidr: "a", except: ["b"] }] }],
    ["NetworkPolicy", { to: [{ namespaceSelector: {} }] }, { toEveryNamespace: true }],
    ["NetworkPolicy", { to: [{ podSelector: app }, { namespaceSelector: {}, podSelector: {} }] }, { toEveryNamespace: true }],
    ["NetworkPolicy", { to: [{ namespaceSelector: {}, podSelector: app }] }, {}],
    ["NetworkPolicy", { to: [{ namespaceSelector: {}, podSelector: { matchExpressions: [{}] } }] }, {}],
    [
      "NetworkPolicy",
      { to: [{ namespaceSelector: {}, podSelector: { matchLabels: {}, matchExpressions: [] } }] },
      { toEveryNamespace: true },
    ],
    ["NetworkPolicy", { to: [{ namespaceSelector: team }] }, {}],
    ...["NotIn", "DoesNotExist"].map((operator): [string, Props, object] => [
      "NetworkPolicy",
      { to: [{ namespaceSelector: { matchExpressions: [{ key: "x", operator }] } }] },
      { toEveryNamespace: true },
    ]),
    ...["In", "Exists", "XNotIn", "NotInX"].map((operator): [string, Props, object] => [
      "NetworkPolicy",
      { to: [{ namespaceSelector: { matchExpressions: [{ key: "x", operator }] } }] },
      {},
    ]),
    [
      "NetworkPolicy",
      { to: [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "Exists" }] } }] },
      { toEveryNamespace: true },
    ],
    ["NetworkPolicy", { to: [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "In" }] } }] }, {}],
    ...[53, "53", 5353, "dns", "dns-tcp", "dns-udp"].map((port): [string, Props, object] => [
      "NetworkPolicy",
      { ports: [{ port }] },
      { toEverybody: true, isDnsOnly: true },
    ]),
    ...[443, "153", "530", "xdns", "dnsx", "dns-sctp", undefined].map((port): [string, Props, object] => [
      "NetworkPolicy",
      { ports: [{ port }] },
      { toEverybody: true },
    ]),
    ["NetworkPolicy", { ports: [{ port: 53 }, { port: 80 }] }, { toEverybody: true }],
    ["NetworkPolicy", { ports: [{ port: 53, endPort: 60 }] }, { toEverybody: true }],
    ["cilium.io/CiliumNetworkPolicy", {}, { toEverybody: true }],
    ...["toEndpoints", "toServices", "toRequires", "toGroups", "toNodes", "toFQDNs"].map((key): [string, Props, object] => [
      "cilium.io/CiliumNetworkPolicy",
      { [key]: [{}] },
      {},
    ]),
    ...["xtoEndpoints", "toEndpointsX", "toPorts"].map((key): [string, Props, object] => [
      "cilium.io/CiliumNetworkPolicy",
      { [key]: [{}] },
      { toEverybody: true },
    ]),
    ["cilium.io/CiliumNetworkPolicy", { toCIDR: ["a"] }, { blocks: [{ cidr: "a" }] }],
    ["cilium.io/CiliumNetworkPolicy", { toCIDRSet: [{ cidr: "a", except: ["b"] }] }, { blocks: [{ cidr: "a", except: ["b"] }] }],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["world"] }, { blocks: world }],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["host", "all"] }, { blocks: world }],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["cluster"] }, { toEveryNamespace: true }],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["worldly", "small", "clusters"] }, {}],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["host"], toPorts: [{ ports: [{ port: "53" }] }] }, { isDnsOnly: true }],
    ["cilium.io/CiliumNetworkPolicy", { toEntities: ["host"], toPorts: [{ ports: [{ port: "53" }] }, { ports: [{ port: "80" }] }] }, {}],
    ["projectcalico.org/NetworkPolicy", { action: "Allow" }, { toEverybody: true }],
    [
      "projectcalico.org/NetworkPolicy",
      { action: "Allow", destination: { nets: ["a"], notNets: ["b"] } },
      { blocks: [{ cidr: "a", except: ["b"] }] },
    ],
    ...["selector", "namespaceSelector", "serviceAccounts", "services", "domains"].map((key): [string, Props, object] => [
      "projectcalico.org/NetworkPolicy",
      { action: "Allow", destination: { [key]: "x" } },
      {},
    ]),
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { other: "x" } }, { toEverybody: true }],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { namespaceSelector: " all() " } }, { toEveryNamespace: true }],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { namespaceSelector: "global()" } }, { toEveryNamespace: true }],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { namespaceSelector: "!all()" } }, {}],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { namespaceSelector: "all() && x" } }, {}],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { namespaceSelector: "all()", selector: "x" } }, {}],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { ports: [53, "dns"] } }, { toEverybody: true, isDnsOnly: true }],
    ["projectcalico.org/NetworkPolicy", { action: "Allow", destination: { ports: [53, 80] } }, { toEverybody: true }],
  ])("%s opens by %j", (kind, rule, expected) => {
    expect([...openingsOf(subject(kind, { spec: { egress: [rule] } }))]).toEqual([{ ...opening, ...expected }]);
  });

  test("what Calico denies or passes on opens nothing, and Cilium's further specs do", () => {
    const spec = { egress: [{ action: "Deny" }, { action: "Pass" }, {}] };
    expect([...openingsOf(subject("projectcalico.org/NetworkPolicy", { spec }))]).toEqual([]);
    const specs = [{ egress: [{ toCIDR: ["b"] }] }];
    const cilium = subject("cilium.io/CiliumNetworkPolicy", { spec: { egress: [{ toCIDR: ["a"] }] }, specs });
    expect([...openingsOf(cilium)].flatMap(({ blocks }) => blocks)).toEqual([{ cidr: "a" }, { cidr: "b" }]);
  });
});

describe("a field that tells of a pod, and its neighbour", () => {
  test.each<[string, unknown, unknown]>([
    ["hostPID", true, 1],
    ["hostIPC", "true", "yes"],
    ["hostNetwork", "false", ""],
    ["hostUsers", false, null],
    ["shareProcessNamespace", true, []],
    ["securityContext", {}, []],
    ["podSecurityContext", {}, "x"],
    ["containerSecurityContext", {}, true],
    ["containers", [], {}],
    ["volumes", [{ name: "a" }, { hostPath: {} }], [{ hostPath: {} }, "x"]],
    ...["hostPath", "emptyDir", "configMap", "secret", "projected", "persistentVolumeClaim", "csi", "nfs", "downwardAPI", "hostDisk"].map(
      (type): [string, unknown, unknown] => ["volumes", [{ [type]: {} }], [{ [`${type}x`]: {} }]],
    ),
    ["volumes", [{ secret: {} }], []],
    ["env", [{ name: "A", value: "b" }], [{ name: "A" }]],
    ["env", [{ name: "A", valueFrom: {} }], [{ value: "b" }]],
    ["env", [{ name: "A", value: "b" }], [{ name: "A", value: "b" }, { name: "C" }]],
    ["volumeDevices", [{ devicePath: "/x" }], [{ path: "/x" }]],
  ])("%s %j, %j", (key, told, neighbour) => {
    expect(partOfPod({ [key]: told })).toBeDefined();
    expect(partOfPod({ [key]: neighbour })).toBeUndefined();
    expect(partOfPod({ [`${key}x`]: told })).toBeUndefined();
  });

  test.each<[string, unknown, unknown]>([
    ["automountServiceAccountToken", true, "x"],
    ["enableServiceLinks", "false", {}],
    ["serviceAccountName", "x", 5],
    ["priorityClassName", "x", []],
    ["nodeName", "x", true],
    ["hostAliases", [], "x"],
    ["tolerations", [{}], ["x"]],
    ["volumeMounts", [{ mountPath: "/x" }], [{ path: "/x" }]],
    ["ports", [{ containerPort: 1 }, { hostPort: 1 }], [{ port: 1 }]],
    ["command", ["x"], [1]],
    ["args", [], "x"],
    ["lifecycle", {}, []],
    ["livenessProbe", {}, "x"],
    ["readinessProbe", {}, 1],
  ])("%s %j is taken beside one that tells, %j is not", (key, taken, neighbour) => {
    expect(partOfPod({ [key]: taken })).toBeUndefined();
    expect(partOfPod({ hostPID: true, [key]: taken })).toMatchObject({
      hostPID: true,
      [key]: taken,
      containers: [{ name: "", [key]: taken }],
    });
    expect(partOfPod({ hostPID: true, [key]: neighbour })).not.toHaveProperty(key);
    expect(partOfPod({ hostPID: true, [`${key}x`]: taken })).not.toHaveProperty(`${key}x`);
  });

  test("each context goes to what it is of", () => {
    const part = partOfPod({
      podSecurityContext: { a: 1 },
      containerSecurityContext: { b: 2 },
      securityContext: { c: 3 },
      containers: [{}],
    });
    expect(part).toEqual({ securityContext: { a: 1 }, containers: [{ name: "", securityContext: { b: 2 } }] });
    expect(partOfPod({ securityContext: { c: 3 } })).toEqual({
      securityContext: { c: 3 },
      containers: [{ name: "", securityContext: { c: 3 } }],
    });
  });
});
