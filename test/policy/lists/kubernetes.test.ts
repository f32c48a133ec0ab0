import { describe, expect, test } from "vitest";
import { pod, podContainer } from "../cases/case.ts";
import {
  changed,
  clusterService,
  deployment,
  ingress,
  namespaceResource,
  podNetworkPolicy,
  resource,
  role,
  roleBinding,
} from "../fixtures.ts";
import { found } from "./found.ts";

const allowing = (resources: readonly string[], verbs: readonly string[], more: object = {}) =>
  changed(role, { rules: [{ apiGroups: [""], resources, verbs, ...more }] });
/** The same for the whole cluster. */
const wide = (...what: Parameters<typeof allowing>) => ({
  ...changed(allowing(...what), { kind: "ClusterRole" }),
  type: "kubernetes:rbac.authorization.k8s.io/v1:ClusterRole",
});

describe("a way into a pod", () => {
  const sentence = (way: string) => `high: The Role "alpha" must not allow ${way}.`;

  test.each(["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy", "services/proxy"])("%s", (way) => {
    for (const verb of ["create", "get", "update", "patch", "*", "CREATE"])
      expect([verb, found("K8S-008", allowing([way], [verb]))]).toEqual([verb, [sentence(way)]]);
    for (const verb of ["list", "watch", "delete", "deletecollection"])
      expect([verb, found("K8S-008", allowing([way], [verb]))]).toEqual([verb, []]);
    expect(found("K8S-008", allowing([`${way}s`], ["create"]))).toEqual([]);
  });

  test("several of them are one sentence", () => {
    expect(found("K8S-008", allowing(["pods/*", "services/proxy"], ["create"]))).toEqual([
      sentence("pods/exec, pods/attach, pods/portforward, pods/ephemeralcontainers, pods/proxy, services/proxy"),
    ]);
  });

  test.each(["pods", "pods/log", "pods/status", "services", "nodes/proxy"])("%s is none", (resource) => {
    expect(found("K8S-008", allowing([resource], ["create"]))).toEqual([]);
  });
});

describe("a way to more rights", () => {
  const sentence = (resource: string, kind = "ClusterRole") => [`critical: The ${kind} "alpha" must not have ${resource}.`];
  const write = ["create", "update", "patch"];
  const admission = "admissionregistration.k8s.io";

  test.each<[string, string, string[]]>([
    ["", "serviceaccounts/token", ["create"]],
    ["", "nodes/proxy", ["get", ...write]],
    ["certificates.k8s.io", "certificatesigningrequests/approval", write],
    ["certificates.k8s.io", "signers", ["approve", "sign"]],
    [admission, "mutatingwebhookconfigurations", write],
    [admission, "validatingwebhookconfigurations", write],
    [admission, "mutatingadmissionpolicies", write],
    [admission, "mutatingadmissionpolicybindings", write],
    [admission, "validatingadmissionpolicies", write],
    [admission, "validatingadmissionpolicybindings", write],
    ["apiregistration.k8s.io", "apiservices", write],
  ])("of %j: %s", (group, resource, verbs) => {
    const having = (verb: string, name = resource, more: object = { apiGroups: [group] }) => found("K8S-009", wide([name], [verb], more));
    for (const verb of [...verbs, "*"]) expect([verb, having(verb)]).toEqual([verb, sentence(resource)]);
    for (const verb of ["list", "delete", "get", "update", "create"].filter((other) => !verbs.includes(other)))
      expect([verb, having(verb)]).toEqual([verb, []]);
    expect(having("*", resource, { apiGroups: ["*"] })).toEqual(sentence(resource));
    expect(having("*", `${resource}2`)).toEqual([]);
    expect(having("*", resource, { apiGroups: ["example.com"] })).toEqual([]);
    expect(having("*", resource, { apiGroups: [group], resourceNames: ["mine"] })).toEqual([]);
    // What is in no namespace is not given by the role of one.
    expect(found("K8S-009", allowing([resource], verbs, { apiGroups: [group] }))).toEqual(
      resource === "serviceaccounts/token" ? sentence(resource, "Role") : [],
    );
  });

  test("signers of the cluster, and of everybody", () => {
    const signing = (...resourceNames: string[]) =>
      found("K8S-009", wide(["signers"], ["sign"], { apiGroups: ["certificates.k8s.io"], resourceNames }));
    for (const name of ["kubernetes.io/kubelet-serving", "kubernetes.io/*", "*", ""]) expect(signing(name)).toEqual(sentence("signers"));
    for (const name of ["example.com/mine", "my.kubernetes.io/x"]) expect(signing(name)).toEqual([]);
  });

  test.each(["escalate", "bind", "impersonate"])("the verb %s", (verb) => {
    expect(found("K8S-009", allowing(["x"], [verb]))).toEqual([`critical: The Role "alpha" must not have the verb ${verb}.`]);
    expect(found("K8S-009", allowing(["x"], [`${verb}s`]))).toEqual([]);
  });

  test("several verbs in one sentence", () => {
    expect(found("K8S-009", allowing(["x"], ["bind", "escalate"]))).toEqual([
      'critical: The Role "alpha" must not have the verbs escalate, bind.',
    ]);
  });

  test("roles that are named are a limit to binding alone, unless an administrator's is among them", () => {
    const named = (verb: string, ...resourceNames: string[]) => found("K8S-009", allowing(["roles"], [verb], { resourceNames })).length;
    expect([named("bind", "view"), named("bind", "view", "mine")]).toEqual([0, 0]);
    for (const name of ["cluster-admin", "admin", "edit", "system:x", ""]) expect([name, named("bind", "view", name)]).toEqual([name, 1]);
    for (const name of ["cluster-admins", "my-admin", "editor", "my-system:x"]) expect([name, named("bind", name)]).toEqual([name, 0]);
    expect([named("escalate", "view"), named("impersonate", "view")]).toEqual([1, 1]);
  });

  test.each([
    ["", "pods"],
    ["", "replicationcontrollers"],
    ["apps", "deployments"],
    ["apps", "daemonsets"],
    ["apps", "statefulsets"],
    ["apps", "replicasets"],
    ["extensions", "deployments"],
    ["extensions", "daemonsets"],
    ["extensions", "replicasets"],
    ["batch", "jobs"],
    ["batch", "cronjobs"],
  ])("what starts pods beside the cluster's own, or anywhere: %s %s", (group, resource) => {
    const there = (verb: string, namespace = "kube-system", apiGroups = [group]) =>
      found("K8S-009", changed(allowing([resource], [verb], { apiGroups }), { "metadata/namespace": namespace }));
    const own = [`critical: The Role "alpha" must not start pods in the cluster's own namespace (${resource}).`];
    for (const verb of write) expect([verb, there(verb)]).toEqual([verb, own]);
    for (const namespace of ["kube-public", "kube-node-lease"]) expect(there("create", namespace)).toEqual(own);
    for (const namespace of ["sessions", "kube-systems", "kube-flannel"]) expect(there("create", namespace)).toEqual([]);
    expect([...there("get"), ...there("delete"), ...there("create", "kube-system", ["example.com"])]).toEqual([]);
    const anywhere = (verb: string, more: object = {}) => found("K8S-029", wide([resource], [verb], { apiGroups: [group], ...more }));
    const reach = [
      `high: The ClusterRole "alpha" must not change ${resource}: a pod in any namespace takes any account and any secret there.`,
    ];
    for (const verb of write) expect([verb, anywhere(verb)]).toEqual([verb, reach]);
    expect([...anywhere("get"), ...anywhere("delete"), ...anywhere("create", { resourceNames: ["mine"] })]).toEqual([]);
    expect(found("K8S-029", allowing([resource], write, { apiGroups: [group] }))).toEqual([]);
  });
});

describe("what reaches over the cluster", () => {
  test.each<[string, string[], string]>([
    ["namespaces", ["update", "patch"], "labels decide what pods may have"],
    ["nodes", ["update", "patch"], "labels and taints decide what runs where"],
    ["nodes/status", ["update", "patch"], "labels and taints decide what runs where"],
    ["persistentvolumes", ["create"], "a volume may be a folder of the node"],
  ])("%s", (resource, verbs, why) => {
    const reaching = (verb: string, name = resource) => found("K8S-029", wide([name], [verb]));
    for (const verb of verbs)
      expect([verb, reaching(verb)]).toEqual([verb, [`high: The ClusterRole "alpha" must not change ${resource}: ${why}.`]]);
    for (const verb of ["get", "list", "watch", "delete"]) expect([verb, reaching(verb)]).toEqual([verb, []]);
    expect([...reaching("*", `${resource}2`), ...found("K8S-029", wide([resource], verbs, { apiGroups: ["x"] }))]).toEqual([]);
    expect(found("K8S-029", allowing([resource], verbs))).toHaveLength(resource === "namespaces" ? 1 : 0);
  });
});

describe("secrets", () => {
  test.each(["get", "list", "watch", "*"])("may not be read with %s unless they are named", (verb) => {
    expect(found("K8S-007", allowing(["secrets"], [verb]))).toEqual([
      'high: The Role "alpha" must not read secrets that it does not name.',
    ]);
    expect(found("K8S-007", allowing(["secrets"], [verb], { resourceNames: ["mine"] }))).toEqual([]);
    expect(found("K8S-007", allowing(["configmaps"], [verb]))).toEqual([]);
  });

  test.each(["create", "update", "patch", "delete"])("may be written with %s", (verb) => {
    expect(found("K8S-007", allowing(["secrets"], [verb]))).toEqual([]);
  });
});

test.each([
  [{ verbs: ["*"] }, "verbs"],
  [{ resources: ["*"] }, "resources"],
  [{ apiGroups: ["*"] }, "apiGroups"],
  [{ nonResourceURLs: ["*"] }, "nonResourceURLs"],
])("a wildcard in %j", (more, what) => {
  expect(found("K8S-006", allowing(["x"], ["get"], more))).toEqual([`critical: The Role "alpha" must not allow all ${what}.`]);
  expect(found("K8S-006", allowing(["x/*"], ["get"], { nonResourceURLs: ["/healthz/*"] }))).toEqual([]);
});

describe("how grave a wildcard is", () => {
  const all = (resource: string, apiGroup = "", verb = "*") =>
    found("K8S-006", allowing([resource], [verb], { apiGroups: [apiGroup] })).map((one) => one.split(":")[0]);

  test.each(
    (
      "configmaps endpoints endpointslices events horizontalpodautoscalers ingressclasses ingresses leases limitranges networkpolicies " +
      "persistentvolumeclaims poddisruptionbudgets priorityclasses resourcequotas services"
    ).split(" "),
  )("%s are what any controller changes", (resource) => {
    for (const part of ["", "/status", "/finalizers", "/scale"]) expect([part, all(`${resource}${part}`)]).toEqual([part, ["medium"]]);
    for (const other of [`${resource}2`, `${resource}/token`, `x${resource}`]) expect([other, all(other)]).toEqual([other, ["critical"]]);
    expect(all(resource, "*")).toEqual(["critical"]);
  });

  const k8s =
    "admissionregistration apiextensions apiregistration authentication authorization certificates coordination discovery events " +
    "flowcontrol.apiserver internal.apiserver networking node rbac.authorization resource scheduling storage storagemigration";
  test.each(["", "apps", "batch", "extensions", "policy", "autoscaling", ...k8s.split(" ").map((group) => `${group}.k8s.io`)])(
    "the group %j is of Kubernetes itself",
    (group) => {
      expect(all("x", group)).toEqual(["critical"]);
      expect([all("x", `${group}x`), all("x", `${group}.example.com`)]).toEqual([["medium"], ["medium"]]);
    },
  );

  test("what others added is advice where it is only read, or measures", () => {
    for (const verb of ["get", "list", "watch"]) expect([verb, all("*", "example.com", verb)]).toEqual([verb, ["recommendation"]]);
    for (const verb of ["create", "delete"]) expect([verb, all("*", "example.com", verb)]).toEqual([verb, ["medium"]]);
    for (const group of ["metrics.k8s.io", "custom.metrics.k8s.io"]) expect([group, all("x", group)]).toEqual([group, ["recommendation"]]);
    expect(all("x", "mymetrics.k8s.io")).toEqual(["medium"]);
  });
});

describe("a role of everything", () => {
  const bound = (name: string, kind: string | undefined = "ClusterRole") =>
    found("K8S-010", changed(roleBinding, { roleRef: { kind, name } }));

  test("cluster-admin, admin and edit, and no other", () => {
    expect(bound("cluster-admin")).toEqual(['critical: The RoleBinding "alpha" must not bind cluster-admin.']);
    for (const name of ["admin", "edit"]) expect(bound(name)).toEqual([`medium: The RoleBinding "alpha" must not bind ${name}.`]);
    for (const name of ["view", "cluster-admins", "editor", "my-admin"]) expect(bound(name)).toEqual([]);
  });

  test("what a namespace calls its own role says nothing, and no kind says that it is the cluster's", () => {
    for (const name of ["cluster-admin", "admin", "edit", "system:node"]) expect(bound(name, "Role")).toEqual([]);
    expect(found("K8S-010", changed(roleBinding, { roleRef: { name: "cluster-admin" } }))).toHaveLength(1);
  });

  test.each([
    ["system:controller:job-controller", "system:controllers"],
    ["system:kube-scheduler", "system:kube"],
    ["system:node", "system:nodes"],
    ["system:node-bootstrapper", "system:node-bootstrappers"],
    ["system:node-proxier", "system:node-proxy"],
    ["system:volume-scheduler", "system:volume-schedulers"],
    ["system:persistent-volume-provisioner", "system:persistent-volume-provisioners"],
    ["system:aggregate-to-admin", "system:aggregate-to-view"],
    ["system:aggregate-to-edit", "system:aggregate-to-editor"],
    ["system:certificates.k8s.io:kubelet-serving-approver", "system:certificates.k8s.io"],
  ])("%s is the cluster's own, %s is not", (name, neighbour) => {
    expect(bound(name)).toEqual([`high: The RoleBinding "alpha" must not bind ${name}, a role of the cluster itself.`]);
    expect([...bound(neighbour), ...bound(`my-${name}`)]).toEqual([]);
  });
});

describe("an address that no service may lead to", () => {
  const named = (externalName: string) =>
    found("K8S-030", changed(clusterService, { "spec/type": "ExternalName", "spec/externalName": externalName })).filter((one) =>
      one.startsWith("high"),
    );
  const sentence = ['high: The Service "alpha" must not lead to the node itself or to a metadata service.'];

  test.each([
    ["169.254.169.254", "169.253.169.254"],
    ["127.0.0.1", "128.0.0.1"],
    ["::1", "::2"],
    ["fe80::1", "fec0::1"],
    ["fd00:ec2::254", "fd00:ec3::254"],
    ["100.100.100.200", "100.100.100.201"],
    ["168.63.129.16", "168.63.129.17"],
    ["0.0.0.0", "0.0.0.1"],
    ["[::1]", "[::2]"],
    ["169.254.169.254.nip.io", "10.1.2.3.nip.io"],
    ["169-254-169-254.sslip.io", "10-1-2-3.sslip.io"],
    ["x.169.254.169.254.xip.io", "169.254.169.254.example.com"],
    ["localhost", "localhosts"],
    ["db.localhost", "localhost.example.com"],
    ["metadata", "metadata.example.com"],
    ["metadata.google.internal", "metadata.google.internals"],
    ["instance-data", "instance-datas"],
    ["instance-data.ec2.internal", "my-instance-data.ec2.internal"],
    ["kubernetes.default", "kubernetes.defaults"],
    ["kubernetes.default.svc.cluster.local", "kubernetes.example.com"],
    ["LOCALHOST.", "local.host"],
  ])("%s, and not %s", (target, neighbour) => {
    expect([named(target), named(neighbour)]).toEqual([sentence, []]);
  });

  test("the addresses of endpoints", () => {
    const endpoints = (ip: string) => resource("kubernetes:core/v1:Endpoints", "alpha", { subsets: [{ addresses: [{ ip }] }] });
    const slice = (ip: string) => resource("kubernetes:discovery.k8s.io/v1:EndpointSlice", "alpha", { endpoints: [{ addresses: [ip] }] });
    for (const leading of [endpoints, slice])
      expect([found("K8S-030", leading("169.254.169.254")).length, found("K8S-030", leading("10.0.0.1")).length]).toEqual([1, 0]);
  });
});

describe("a subject that is everybody", () => {
  const bound = (name: string) => found("K8S-011", changed(roleBinding, { subjects: [{ kind: "Group", name }] }));

  test.each(["anonymous", "unauthenticated", "authenticated", "masters", "serviceaccounts", "serviceaccounts:sessions"])(
    "system:%s",
    (name) => {
      expect(bound(`system:${name}`)).toEqual([`critical: The RoleBinding "alpha" must not bind system:${name}.`]);
      expect([...bound(name), ...bound(`my-system:${name}`)]).toEqual([]);
    },
  );

  test.each(["system:nodes", "system:mastersx", "system:authenticatedx", "system:serviceaccount:sessions:alpha", "team"])(
    "%s is none",
    (name) => {
      expect(bound(name)).toEqual([]);
    },
  );

  test("the default service account is bound by nobody", () => {
    const subject = (kind: string, name: string) => found("K8S-004", changed(roleBinding, { subjects: [{ kind, name }] }));
    expect(subject("ServiceAccount", "default")).toEqual(['medium: The RoleBinding "alpha" must not bind a default service account.']);
    expect([...subject("ServiceAccount", "default2"), ...subject("Group", "default")]).toEqual([]);
  });
});

describe("a type of volume", () => {
  const mounting = (type: string) => found("K8S-005", pod({ volumes: [{ name: "v", [type]: {} }] }));

  test.each(["configMap", "csi", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"])(
    "%s is allowed",
    (type) => {
      expect(mounting(type)).toEqual([]);
      expect(mounting(`${type}2`)).toEqual([`high: The pod "alpha" must not have the volume "v" of type ${type}2.`]);
    },
  );

  test.each(["hostPath", "nfs", "iscsi", "gitRepo", "glusterfs", "rbd", "cephfs", "fc", "flexVolume", "awsElasticBlockStore"])(
    "%s is not",
    (type) => {
      expect(mounting(type)).toEqual([`high: The pod "alpha" must not have the volume "v" of type ${type}.`]);
    },
  );
});

describe("a namespace", () => {
  test.each(["default", "kube-system", "kube-public", "kube-node-lease"])("%s is shared", (namespace) => {
    expect(found("K8S-001", changed(deployment, { "metadata/namespace": namespace }))).toEqual([
      `medium: The pod "alpha" must not be in the namespace ${namespace}.`,
    ]);
    expect(found("K8S-001", changed(deployment, { "metadata/namespace": `${namespace}2` }))).toEqual([]);
  });

  test("a version of the standard is 1.35 at least, or the cluster's", () => {
    const enforce = "pod-security.kubernetes.io/enforce";
    const version = (text: string) =>
      found("K8S-002", changed(namespaceResource, { "metadata/labels": { [enforce]: "restricted", [`${enforce}-version`]: text } }));
    for (const text of ["latest", "v1.35", "1.36", "v1.100"]) expect([text, version(text)]).toEqual([text, []]);
    for (const text of ["v1.34", "1.9", "v2.35", "latest1", "v1.35.1", ""])
      expect([text, version(text)]).toEqual([
        text,
        ['medium: The namespace "sessions" must enforce the latest Pod Security Standard, or one of 1.35 on.'],
      ]);
  });
});

describe("what a pod projects", () => {
  const projecting = (kind: string) => found("K8S-003", pod({ volumes: [{ name: "t", projected: { sources: [{ [kind]: {} }] } }] }));

  test.each(["serviceAccountToken", "clusterTrustBundle", "podCertificate"])("%s", (kind) => {
    expect(projecting(kind)).toEqual([`medium: The pod "alpha" must not project a ${kind}.`]);
  });

  test.each(["secret", "configMap", "downwardAPI"])("%s is harmless", (kind) => {
    expect(projecting(kind)).toEqual([]);
  });
});

describe("a probe or a hook", () => {
  const sentence = 'high: The container "agent" must not name a host in its probes and hooks.';
  const probing = (path: string, handler: object) => found("K8S-018", podContainer({ [path]: handler }));

  test.each(["livenessProbe", "readinessProbe", "startupProbe", "lifecycle/postStart", "lifecycle/preStop"])("%s", (path) => {
    for (const kind of ["httpGet", "tcpSocket"]) {
      expect(probing(path, { [kind]: { host: "10.0.0.1", port: 80 } })).toEqual([sentence]);
      expect(probing(path, { [kind]: { port: 80 } })).toEqual([]);
    }
    expect(probing(`${path}2`, { httpGet: { host: "10.0.0.1", port: 80 } })).toEqual([]);
  });
});

test("what a policy that opens the world must leave out, block by block", () => {
  const blocks = ["169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
  const open = (except: readonly string[]) =>
    found("K8S-013", changed(podNetworkPolicy, { "spec/egress": [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except } }] }] }));
  const [world, holes] = ["reach every address", "must except the metadata service and private networks"];
  expect(open(blocks)).toEqual([expect.stringContaining(world)]);
  for (const block of blocks)
    expect([block, open(blocks.filter((other) => other !== block))]).toEqual([
      block,
      [expect.stringContaining(world), expect.stringContaining(holes)],
    ]);
  expect(open([...blocks.slice(1), "169.254.0.0/17", "169.254.128.0/17"])).toHaveLength(1);
});

test("a proxy with a list of its own reaches every public address, and nothing else reaches it", () => {
  const open = (except: readonly string[], proxies: readonly string[]) => {
    const policy = changed(podNetworkPolicy, { "spec/egress": [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except } }] }] });
    return found("K8S-013", policy, { "K8S-013": { proxies } });
  };
  const holes = ["169.254.0.0/16", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16"];
  expect(open(holes, [podNetworkPolicy.name])).toEqual([]);
  expect(open(holes, ["another"])).toEqual([expect.stringContaining("reach every address")]);
  expect(open(holes.slice(1), [podNetworkPolicy.name])).toEqual([expect.stringContaining("must except the metadata service")]);
});

describe("a place of the system's", () => {
  test.each([
    [{ key: "node-role.kubernetes.io/control-plane" }, 1],
    [{ key: "node-role.kubernetes.io/master" }, 1],
    [{ operator: "Exists" }, 1],
    [{ key: "", operator: "Exists" }, 1],
    [{ key: "node-role.kubernetes.io/worker" }, 0],
    [{ key: "x", operator: "Exists" }, 0],
    [{ operator: "Equal" }, 0],
    [{ key: "my-node-role.kubernetes.io/control-plane" }, 0],
  ])("tolerating %j", (toleration, count) => {
    expect(found("K8S-025", pod({ tolerations: [toleration] }))).toEqual(
      Array(count).fill('medium: The pod "alpha" must not tolerate the control plane.'),
    );
  });

  test("a priority", () => {
    for (const name of ["system-node-critical", "system-cluster-critical"])
      expect(found("K8S-025", pod({ priorityClassName: name }))).toEqual([
        'medium: The pod "alpha" must not have a priority of the system.',
      ]);
    expect(found("K8S-025", pod({ priorityClassName: "my-system-x" }))).toEqual([]);
  });
});

test.each([
  ["nginx.ingress.kubernetes.io/configuration-snippet", true],
  ["nginx.ingress.kubernetes.io/server-snippets", true],
  ["nginx.org/location-snippets", true],
  ["nginx.ingress.kubernetes.io/rewrite-target", false],
  ["other.io/configuration-snippet", false],
  ["nginx.org/snippetsx", false],
])("the annotation %s: %s", (key, is) => {
  expect(found("K8S-023", changed(ingress, { "metadata/annotations": { [key]: "x" } }))).toEqual(
    is ? [`high: The Ingress "alpha" must not carry ${key}.`] : [],
  );
});
