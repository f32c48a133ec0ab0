import { describe, expect, test } from "vitest";
import type { Resource } from "../../../policy/evaluate.ts";
import { expressionSelects } from "../../../policy/rules/read/calico-selector.ts";
import { unknown } from "../../../policy/rules/read/value.ts";
import { changed, deployment, podNetworkPolicy } from "../fixtures.ts";
import { missed, object, violations } from "./found.ts";

const mine = { podSelector: { matchLabels: { app: "alpha" } } };
const policy = (spec: Record<string, unknown>, name = "x") =>
  object("networking.k8s.io/v1:NetworkPolicy", { spec: { ...mine, ...spec } }, name);
const egress = (...rules: unknown[]) => policy({ policyTypes: ["Ingress", "Egress"], egress: rules });
const to = (...cidrs: string[]) => ({ to: cidrs.map((cidr) => ({ ipBlock: { cidr } })) });
const found = (resources: Resource | Resource[]) => violations(resources).filter((words) => /^K8S-01[234] /.test(words));

describe("a policy lets pods out", () => {
  test.each<[string, unknown[]]>([
    ["in halves in one rule", [to("0.0.0.0/1", "128.0.0.0/1")]],
    ["in halves in two rules", [to("0.0.0.0/1"), to("128.0.0.0/1")]],
    ["in many pieces", ["0.0.0.0/3", "32.0.0.0/3", "64.0.0.0/3", "96.0.0.0/3"].map((cidr) => to(cidr))],
    ["to the public IPv6 space", [to("2000::/3")]],
    ["to the public IPv6 space in pieces", [to("2000::/5", "2800::/5"), to("3000::/4")]],
    ["to IPv4 as IPv6 writes it", [to("::ffff:0.0.0.0/96")]],
    [
      "with holes that leave the world",
      [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16"] } }] }],
    ],
    ["to no named peer", [{ to: [], ports: [{ port: 443 }] }]],
    ["to the metadata service", [to("169.254.169.254/32")]],
    ["to all link-local addresses", [to("169.254.0.0/16")]],
    ["to the credentials of a task", [to("169.254.170.0/24")]],
    ["to the metadata service of IPv6", [to("fd00:ec2::/32")]],
    ["to that of another cloud", [to("100.100.100.200/32")]],
    [
      "to every namespace by expression",
      [{ to: [{ namespaceSelector: { matchExpressions: [{ key: "kubernetes.io/metadata.name", operator: "Exists" }] } }] }],
    ],
    [
      "to all namespaces but one",
      [{ to: [{ namespaceSelector: { matchExpressions: [{ key: "team", operator: "NotIn", values: ["a"] }] } }] }],
    ],
    ["to every pod in every namespace", [{ to: [{ namespaceSelector: {}, podSelector: {} }] }]],
  ])("%s", (_, rules) => {
    expect(found(egress(...rules))).toEqual(["K8S-013 high"]);
  });

  test.each<[string, unknown[]]>([
    ["to a block", [to("203.0.113.0/24")]],
    [
      "to a quarter of the world less nearly all of it",
      [{ to: [{ ipBlock: { cidr: "0.0.0.0/0", except: ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"] } }] }],
    ],
    ["to private networks", [to("10.0.0.0/8", "fc00::/8")]],
    ["to addresses that some cloud uses", [to("100.64.0.0/10")]],
    ["to the resolver of the node", [{ ...to("169.254.20.10/32"), ports: [{ port: 53 }] }]],
    [
      "to the names of the cluster, by a named port",
      [{ to: [{ namespaceSelector: {} }], ports: [{ port: "dns", protocol: "UDP" }, { port: "dns-tcp" }] }],
    ],
    [
      "to some pods of every namespace",
      [{ to: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: "x" } } }], ports: [{ port: "http" }] }],
    ],
    ["to nobody", []],
  ])("%s, as it may", (_, rules) => {
    expect(found(egress(...rules))).toEqual([]);
  });
});

describe("policies of the same pods are one", () => {
  const ingressOnly = policy({ policyTypes: ["Ingress"], ingress: [{ from: [{ podSelector: {} }] }] }, "web");
  const denyAll = policy({ podSelector: {}, policyTypes: ["Ingress", "Egress"] }, "deny");
  const denied = (spec: Record<string, unknown>) => found([ingressOnly, policy(spec, "deny")]);

  test("so that what one denies the other need not", () => {
    expect(found([ingressOnly, denyAll])).toEqual([]);
    expect(denied({ podSelector: { matchLabels: {} }, policyTypes: ["Egress"] })).toEqual([]);
    expect(denied({ policyTypes: ["Egress"], egress: [] })).toEqual([]);
    expect(found([ingressOnly, denyAll, deployment])).toEqual([]);
    expect(
      denied({ podSelector: { matchExpressions: [{ key: "app", operator: "In", values: ["alpha", "beta"] }] }, policyTypes: ["Egress"] }),
    ).toEqual([]);
  });

  test("and others are not", () => {
    expect(found(ingressOnly)).toEqual(["K8S-013 high"]);
    expect(denied({ podSelector: { matchLabels: { app: "beta" } }, policyTypes: ["Egress"] })).toEqual(["K8S-013 high"]);
    expect(denied({ podSelector: { matchLabels: { app: "alpha", tier: "x" } }, policyTypes: ["Egress"] })).toEqual(["K8S-013 high"]);
    expect(found([ingressOnly, changed(denyAll, { "metadata/namespace": "other" })])).toEqual(["K8S-013 high"]);
    expect(found(policy({ egress: [] }))).toEqual(["K8S-013 high"]);
  });

  test("so that what they let out adds up", () => {
    const piece = (cidr: string, name: string, spec = {}) => policy({ policyTypes: ["Egress"], egress: [to(cidr)], ...spec }, name);
    expect(found([piece("16.0.0.0/5", "a"), piece("24.0.0.0/5", "b")])).toEqual(["K8S-013 high"]);
    expect(found([piece("16.0.0.0/5", "a", { podSelector: {} }), piece("24.0.0.0/5", "b"), deployment])).toEqual(["K8S-013 high"]);
    expect(found([piece("16.0.0.0/5", "a"), piece("24.0.0.0/5", "b", { podSelector: { matchLabels: { app: "beta" } } })])).toEqual([]);
  });

  test("so that what is not known of one hides nothing else", () => {
    const closed = policy({ policyTypes: ["Ingress"] }, "a");
    const open = policy({ policyTypes: ["Ingress"], egress: [to(unknown)] }, "b");
    expect([found([closed, open]), missed([closed, open])]).toEqual([["K8S-013 high"], ["K8S-013 high"]]);
  });

  test("for ingress too", () => {
    const from = (...cidrs: string[]) => ({ from: cidrs.map((cidr) => ({ ipBlock: { cidr } })) });
    const into = (...rules: unknown[]) => found(changed(podNetworkPolicy, { "spec/ingress": rules }));
    expect(into(from("0.0.0.0/1"), from("128.0.0.0/1"))).toEqual(["K8S-014 medium"]);
    expect(into(from("2000::/3"))).toEqual(["K8S-014 medium"]);
    expect(into(from("203.0.113.0/24"))).toEqual([]);
  });
});

describe("policies of other projects", () => {
  const cilium = (spec: unknown, kind = "CiliumNetworkPolicy") => object(`cilium.io/v2:${kind}`, { spec });
  const calico = (spec: unknown, kind = "NetworkPolicy", group = "projectcalico.org") => object(`${group}/v3:${kind}`, { spec });
  const fromMine = [{ fromEndpoints: [{}] }];

  test.each<[string, Resource]>([
    ["Cilium's", cilium({ endpointSelector: { matchLabels: { app: "alpha" } }, ingress: fromMine })],
    [
      "Cilium's with a prefix",
      cilium({ endpointSelector: { matchLabels: { "k8s:app": "alpha" } }, egressDeny: [{ toEntities: ["world"] }] }),
    ],
    ["several of Cilium's", object("cilium.io/v2:CiliumNetworkPolicy", { specs: [{ endpointSelector: {}, ingress: fromMine }] })],
    [
      "Cilium's of a cluster",
      cilium(
        { endpointSelector: { matchLabels: { "k8s:io.kubernetes.pod.namespace": "sessions" } }, ingress: fromMine },
        "CiliumClusterwideNetworkPolicy",
      ),
    ],
    ["Calico's", calico({ selector: "app == 'alpha'", types: ["Ingress"] })],
    ["Calico's of all pods", calico({})],
    ["Calico's by its stored name", calico({ selector: "all()" }, "NetworkPolicy", "crd.projectcalico.org")],
    [
      "Calico's of a cluster",
      calico(
        { selector: "has(app)", namespaceSelector: "kubernetes.io/metadata.name == 'sessions'", types: ["Egress"] },
        "GlobalNetworkPolicy",
      ),
    ],
    [
      "an administrator's",
      object("policy.networking.k8s.io/v1alpha1:BaselineAdminNetworkPolicy", {
        spec: { subject: { namespaces: {} }, ingress: [{ action: "Deny", from: [] }] },
      }),
    ],
  ])("%s count", (_, one) => {
    expect(found([deployment, one])).not.toContain("K8S-012 high");
  });

  test.each<[string, Resource]>([
    ["Cilium's of other pods", cilium({ endpointSelector: { matchLabels: { app: "beta" } }, ingress: fromMine })],
    ["Cilium's without a rule", cilium({ endpointSelector: {} })],
    ["Cilium's of another namespace", changed(cilium({ endpointSelector: {}, ingress: fromMine }), { "metadata/namespace": "other" })],
    ["Cilium's of nodes", cilium({ nodeSelector: {}, ingress: fromMine }, "CiliumClusterwideNetworkPolicy")],
    ["Calico's of other pods", calico({ selector: "app != 'alpha'" })],
    ["Calico's of another namespace", changed(calico({}), { "metadata/namespace": "other" })],
    [
      "an administrator's that only allows",
      object("policy.networking.k8s.io/v1alpha1:AdminNetworkPolicy", {
        spec: { subject: { namespaces: {} }, ingress: [{ action: "Allow", from: [] }] },
      }),
    ],
  ])("%s do not", (_, one) => {
    expect(found([deployment, one])).toContain("K8S-012 high");
  });

  test.each<[string, Resource]>([
    ["Cilium's to the world", cilium({ endpointSelector: {}, egress: [{ toEntities: ["world"] }] })],
    [
      "Cilium's to halves of it",
      cilium({ endpointSelector: {}, egress: [{ toCIDR: ["0.0.0.0/1"] }, { toCIDRSet: [{ cidr: "128.0.0.0/1" }] }] }),
    ],
    ["Cilium's to the metadata service", cilium({ endpointSelector: {}, egress: [{ toCIDR: ["169.254.169.254/32"] }] })],
    ["Calico's to everybody", calico({ types: ["Egress"], egress: [{ action: "Allow" }] })],
    [
      "Calico's to the world",
      calico({ types: ["Egress"], egress: [{ action: "Allow", destination: { nets: ["::/0"] } }] }, "GlobalNetworkPolicy"),
    ],
  ])("%s are open", (_, one) => {
    expect(found(one)).toEqual(["K8S-013 high"]);
  });

  test.each<[string, Resource]>([
    [
      "Cilium's to some pods",
      cilium({
        endpointSelector: {},
        egress: [{ toEndpoints: [{ matchLabels: { app: "x" } }] }, { toFQDNs: [{ matchName: "example.com" }] }],
      }),
    ],
    ["Calico's that denies", calico({ types: ["Egress"], egress: [{ action: "Deny" }] })],
    ["Calico's to some pods", calico({ types: ["Egress"], egress: [{ action: "Allow", destination: { selector: "app == 'x'" } }] })],
  ])("%s are not", (_, one) => {
    expect(found(one)).toEqual([]);
  });
});

test.each([
  ["all()", true],
  ["", true],
  ["app == 'web'", true],
  ['app == "db"', false],
  ["app != 'db' && has(tier)", true],
  ["!has(tier) || app in {'web', 'api'}", true],
  ["app not in {'web'}", false],
  ["tier not in { 'x' }", true],
  ["!(app == 'web' || app == 'api')", false],
  ["app starts with 'w' && app ends with 'b' && app contains 'e'", true],
  ["none == 'x'", false],
])("labels meet %s: %s", (expression, expected) => {
  expect(expressionSelects(expression, { app: "web", tier: "front" })).toBe(expected);
});

test.each(["app ==== 'x'", "app == 'x' &&& y", "(app == 'x'", "app in {'x'", "app ~ 'x'", "app == 'x' y"])(
  "%s is no selector",
  (expression) => {
    expect(() => expressionSelects(expression, {})).toThrow(/an input is not a selector/);
  },
);
