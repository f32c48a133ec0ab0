import { describe, expect, test } from "vitest";
import { pod, podContainer } from "../cases/case.ts";
import { changed, deployment, ingress, namespaceResource, podNetworkPolicy, role, roleBinding } from "../fixtures.ts";
import { found } from "./found.ts";

const allowing = (resources: readonly string[], verbs: readonly string[], more: object = {}) =>
  changed(role, { rules: [{ apiGroups: [""], resources, verbs, ...more }] });

describe("a way into a pod", () => {
  const sentence = (way: string) => `high: The Role "alpha" must not allow ${way}.`;

  test.each(["pods/exec", "pods/attach", "pods/portforward", "pods/ephemeralcontainers", "pods/proxy", "services/proxy"])("%s", (way) => {
    for (const verb of ["create", "get", "update", "patch", "*", "CREATE"])
      expect([verb, found("K8S-008", allowing([way], [verb]))]).toEqual([verb, [sentence(way)]]);
    for (const verb of ["list", "watch", "delete", "deletecollection"])
      expect([verb, found("K8S-008", allowing([way], [verb]))]).toEqual([verb, []]);
    expect(found("K8S-008", allowing([`${way}s`], ["create"]))).toEqual([]);
  });

  test.each(["pods", "pods/log", "pods/status", "services", "nodes/proxy"])("%s is none", (resource) => {
    expect(found("K8S-008", allowing([resource], ["create"]))).toEqual([]);
  });
});

describe("a way to more rights", () => {
  const sentence = (resource: string) => [`critical: The Role "alpha" must not have ${resource}.`];
  const write = ["create", "update", "patch"];

  test.each<[string, string[]]>([
    ["serviceaccounts/token", ["create"]],
    ["nodes/proxy", ["get", ...write]],
    ["certificatesigningrequests/approval", write],
    ["signers", ["approve", "sign"]],
    ["mutatingwebhookconfigurations", write],
    ["validatingwebhookconfigurations", write],
  ])("%s", (resource, verbs) => {
    for (const verb of [...verbs, "*"]) expect([verb, found("K8S-009", allowing([resource], [verb]))]).toEqual([verb, sentence(resource)]);
    for (const verb of ["list", "delete", "get", "update", "create"].filter((other) => !verbs.includes(other)))
      expect([verb, found("K8S-009", allowing([resource], [verb]))]).toEqual([verb, []]);
    expect(found("K8S-009", allowing([`${resource}2`], verbs))).toEqual([]);
  });

  test.each(["escalate", "bind", "impersonate"])("the verb %s", (verb) => {
    expect(found("K8S-009", allowing(["x"], [verb]))).toEqual([`critical: The Role "alpha" must not have the verb ${verb}.`]);
    expect(found("K8S-009", allowing(["x"], [`${verb}s`]))).toEqual([]);
  });

  test("pods in kube-system", () => {
    const there = (verb: string, namespace = "kube-system") =>
      found("K8S-009", changed(allowing(["pods"], [verb]), { "metadata/namespace": namespace }));
    expect(there("create")).toEqual(['critical: The Role "alpha" must not create pods in kube-system.']);
    expect([...there("get"), ...there("create", "sessions")]).toEqual([]);
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

describe("a role of everything", () => {
  const bound = (name: string) => found("K8S-010", changed(roleBinding, { "roleRef/name": name }));
  test("cluster-admin, admin and edit, and no other", () => {
    expect(bound("cluster-admin")).toEqual(['critical: The RoleBinding "alpha" must not bind cluster-admin.']);
    for (const name of ["admin", "edit"]) expect(bound(name)).toEqual([`medium: The RoleBinding "alpha" must not bind ${name}.`]);
    for (const name of ["view", "cluster-admins", "editor", "my-admin"]) expect(bound(name)).toEqual([]);
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
