import { BlockList, isIPv6 } from "node:net";
import { describe, expect, test } from "vitest";
import { anywhere, type Destination, ofProxy, ofUrl } from "../../components/isolated-network/destinations.ts";
import { type ClusterNetwork, type PolicyArgs, toNamePolicy, toNetworkPolicy } from "../../components/isolated-network/policy.ts";
import { baseline } from "../../policy/baseline.ts";

const plain: ClusterNetwork = { networkPlugin: "policies" };
const pods = { matchLabels: { "agent-sessions/serves": "a" } };
const listed = (host: string, ports = [443], addresses: string[] = []) => ({ host, ports, addresses });

/** Whether a block has an address, asked of Node's own list of blocks, so that no arithmetic of ours judges itself. */
function has(cidr: string, address: string): boolean {
  if (cidr.includes(":") !== isIPv6(address)) return false;
  const list = new BlockList();
  const [base = "", length] = cidr.split("/");
  list.addSubnet(base, Number(length), isIPv6(base) ? "ipv6" : "ipv4");
  return list.check(address, isIPv6(address) ? "ipv6" : "ipv4");
}

/** Whether a policy lets its pods connect to an address and a port of TCP, as the API's reference reads it. */
function reaches(args: Omit<PolicyArgs, "pods">, network: ClusterNetwork = plain) {
  const { egress = [] } = toNetworkPolicy({ pods, ...args }, network);
  return (address: string, port = 443) =>
    egress.some(
      ({ to, ports }) =>
        (ports === undefined || ports.some((one) => one.protocol === "TCP" && one.port === port)) &&
        to.some(
          ({ ipBlock }) => ipBlock !== undefined && has(ipBlock.cidr, address) && !ipBlock.except?.some((cidr) => has(cidr, address)),
        ),
    );
}

describe("the addresses that a pod with a way out reaches", () => {
  const never: readonly (readonly [what: string, addresses: readonly string[]])[] = [
    ["metadata services", baseline.metadata.services],
    ["the link and the node's own services on it", ["169.254.0.1", "169.254.20.10", "169.254.255.255", "fe80::1"]],
    ["this machine", ["127.0.0.1", "0.0.0.0", "::1"]],
    ["multicast and what is reserved", ["224.0.0.1", "255.255.255.255", "ff02::1"]],
    ["IPv4 written as IPv6", ["::a00:1", "64:ff9b::a00:1", "2002:a00:1::"]],
  ];
  const inside: readonly (readonly [what: string, addresses: readonly string[]])[] = [
    ["pods, Services and the API server's own", ["10.0.0.1", "10.96.0.1", "10.244.3.7", "172.20.0.1", "172.31.255.255"]],
    ["nodes", ["192.168.1.10", "100.64.0.5", "198.18.0.1", "fd12:3456::1"]],
  ];
  const open: readonly (readonly [what: string, args: Omit<PolicyArgs, "pods">])[] = [
    ["an open session", { to: [anywhere], dns: [] }],
    ["a proxy", { to: ofProxy({ allow: [listed("example.com")] }, []), dns: [] }],
    ["a proxy that only records", { to: ofProxy({ allow: [], mode: "audit" }, []), dns: [] }],
    ["a clone", { to: ofUrl("https://example.com/x.git", undefined, []), dns: [] }],
  ];

  describe.each(open)("of %s", (_, args) => {
    test.each([...never, ...inside])("are none of %s", (_, addresses) => {
      expect(addresses.filter((address) => reaches(args)(address))).toEqual([]);
    });
    test("are public ones", () => {
      expect(["1.1.1.1", "203.0.113.7", "172.32.0.1", "2606:4700::1111"].filter((address) => !reaches(args)(address))).toEqual([]);
    });
  });

  test.each(never)("are none of %s, even where private addresses are admitted", (_, addresses) => {
    const to: Destination[] = [{ ...anywhere, addresses: ["10.0.0.0/8", "100.64.0.0/10", "172.16.0.0/12", "192.168.0.0/16", "fc00::/7"] }];
    expect(addresses.filter((address) => reaches({ to })(address))).toEqual([]);
    expect(["10.0.0.1", "100.64.0.5", "192.168.1.10", "fd12::1"].filter((address) => !reaches({ to })(address))).toEqual([]);
  });

  test("are none of the cluster's own, public or admitted", () => {
    const network = { ...plain, clusterAddresses: ["203.0.113.0/28", "10.1.0.0/24", "2001:db8::/64"] };
    const to: Destination[] = [{ ...anywhere, addresses: ["10.1.0.0/16", "10.1.0.0/25"] }];
    const reach = reaches({ to }, network);
    expect(["203.0.113.7", "10.1.0.3", "10.1.0.200", "2001:db8::5"].filter((address) => reach(address))).toEqual([]);
    expect(["203.0.113.16", "10.1.1.3", "2001:db9::5"].filter((address) => !reach(address))).toEqual([]);
  });
});

describe("a proxy's policy", () => {
  test("opens an entry's ports, and its private addresses for these alone", () => {
    const reach = reaches({ to: ofProxy({ allow: [listed("a.example"), listed("b.example", [8443], ["10.2.0.0/16"])] }, []) });
    expect([reach("1.1.1.1", 443), reach("1.1.1.1", 8443), reach("1.1.1.1", 80), reach("1.1.1.1", 22)]).toEqual([true, true, false, false]);
    expect([reach("10.2.3.4", 8443), reach("10.2.3.4", 443), reach("10.3.0.1", 8443)]).toEqual([true, false, false]);
  });

  test.each<[what: string, parent: Parameters<typeof ofProxy>[0]["parent"], open: [string, number][], shut: [string, number][]]>([
    [
      "alone where a parent has a public name",
      { host: "proxy.example", port: 3128 },
      [["1.1.1.1", 3128]],
      [
        ["1.1.1.1", 443],
        ["10.9.0.1", 3128],
      ],
    ],
    [
      "at its private address",
      { host: "10.9.0.1", port: 3128 },
      [["10.9.0.1", 3128]],
      [
        ["10.9.0.1", 443],
        ["10.9.0.2", 3128],
        ["1.1.1.1", 443],
      ],
    ],
    [
      "and what is reached without it",
      { host: "10.9.0.1", port: 3128, noProxy: ["*.example"] },
      [
        ["10.9.0.1", 3128],
        ["1.1.1.1", 443],
      ],
      [["1.1.1.1", 3128]],
    ],
  ])("opens the way to a parent, %s", (_, parent, open, shut) => {
    const reach = reaches({ to: ofProxy({ allow: [listed("a.example")], ...(parent && { parent }) }, []) });
    expect(open.filter(([address, port]) => !reach(address, port))).toEqual([]);
    expect(shut.filter(([address, port]) => reach(address, port))).toEqual([]);
  });

  test("finds a parent by its name where the company's addresses are told, also in an audit", () => {
    const reach = reaches({ to: ofProxy({ allow: [], mode: "audit", parent: { host: "proxy", port: 3128 } }, ["10.9.0.0/24"]) });
    expect([reach("10.9.0.7", 3128), reach("10.9.0.7", 80), reach("1.1.1.1", 443)]).toEqual([true, false, false]);
  });
});

test.each<[url: string, open: [string, number], shut: [string, number]]>([
  ["https://example.com/x", ["1.1.1.1", 443], ["1.1.1.1", 22]],
  ["http://example.com:8080/x", ["1.1.1.1", 8080], ["1.1.1.1", 80]],
  ["ssh://git@example.com/x", ["1.1.1.1", 22], ["1.1.1.1", 443]],
  ["git://example.com/x", ["1.1.1.1", 9418], ["1.1.1.1", 443]],
  ["https://203.0.113.7/x", ["203.0.113.7", 443], ["203.0.113.8", 443]],
  ["https://[2606:4700::1111]/x", ["2606:4700::1111", 443], ["2606:4700::1112", 443]],
  ["https://git.example/x", ["10.9.0.1", 443], ["10.10.0.1", 443]],
  ["https://10.9.0.1/x", ["10.9.0.1", 443], ["1.1.1.1", 443]],
])("what has to reach %s reaches it at its port, and not another", (url, open, shut) => {
  const reach = reaches({ to: ofUrl(url, undefined, ["10.9.0.0/24"]) });
  expect([reach(...open), reach(...shut)]).toEqual([true, false]);
});

test.each(["https://10.0.0.1/x", "https://169.254.169.254/x", "file:///x"])("what has to reach %s reaches nothing", (url) => {
  const to = ofUrl(url, undefined, []);
  const reach = reaches({ to });
  expect(["10.0.0.1", "169.254.169.254", "1.1.1.1"].filter((address) => reach(address))).toEqual([]);
});

test("an audit's proxy reaches whatever is public, but what goes by way of a parent, and looks up any name", () => {
  const allow = [listed("a.example", [443], ["10.2.0.0/16"])];
  const reach = reaches({ to: ofProxy({ allow, mode: "audit" }, []) });
  expect([reach("1.1.1.1", 22), reach("10.2.0.1", 443), reach("10.2.0.1", 22)]).toEqual([true, true, false]);
  const parent = { host: "10.9.0.1", port: 3128, noProxy: ["*.direct.example"] };
  expect(reaches({ to: ofProxy({ allow: [], mode: "audit", parent }, []) })("1.1.1.1", 8443)).toBe(true);
  for (const networkPlugin of ["cilium", "eks"] as const) {
    const args = { pods, to: ofProxy({ allow, mode: "audit" }, []), dns: [] };
    expect(toNamePolicy(args, { networkPlugin })).toBeUndefined();
    expect(reaches(args, { networkPlugin })("1.1.1.1", 22)).toBe(true);
    expect(toNetworkPolicy(args, { networkPlugin }).egress?.at(-1)?.ports).toEqual([
      { protocol: "UDP", port: 53 },
      { protocol: "TCP", port: 53 },
    ]);
  }
});

describe("a policy", () => {
  const session = { matchLabels: { "agent-sessions/session": "a" } };

  test("that opens nothing says so by its types, and has no empty list", () => {
    expect(toNetworkPolicy({ pods: session }, plain)).toEqual({ podSelector: session, policyTypes: ["Ingress", "Egress"] });
  });

  test("opens one port of one pod to one other, by both ends", () => {
    const ports = [{ protocol: "TCP", port: 3128 }];
    expect(toNetworkPolicy({ pods: session, toPods: [{ pods, port: 3128 }] }, plain)).toEqual({
      podSelector: session,
      policyTypes: ["Ingress", "Egress"],
      egress: [{ to: [{ podSelector: pods }], ports }],
    });
    expect(toNetworkPolicy({ pods, from: { pods: session, port: 3128 } }, plain)).toEqual({
      podSelector: pods,
      policyTypes: ["Ingress", "Egress"],
      ingress: [{ from: [{ podSelector: session }], ports }],
    });
  });

  const dnsPorts = [
    { protocol: "UDP", port: 53 },
    { protocol: "TCP", port: 53 },
  ];
  const clusterDns = {
    namespaceSelector: { matchLabels: { "kubernetes.io/metadata.name": "kube-system" } },
    podSelector: { matchLabels: { "k8s-app": "kube-dns" } },
  };
  test("lets names be looked up at the cluster's resolvers, or at those that are told and no other", () => {
    expect(toNetworkPolicy({ pods, dns: [] }, plain).egress).toEqual([{ to: [clusterDns], ports: dnsPorts }]);
    expect(toNetworkPolicy({ pods, dns: ["169.254.20.10", "fd00::53"] }, plain).egress).toEqual([
      { to: [{ ipBlock: { cidr: "169.254.20.10/32" } }, { ipBlock: { cidr: "fd00::53/128" } }], ports: dnsPorts },
    ]);
  });

  const to = ofProxy({ allow: [listed("a.example"), listed("*.b.example", [443, 8443], ["10.2.0.0/16"])] }, []);

  test("needs no other where the network knows none, or nothing is said by name", () => {
    expect(toNamePolicy({ pods, to, dns: [] }, plain)).toBeUndefined();
    expect(toNamePolicy({ pods, to: [anywhere], dns: [] }, { ...plain, networkPlugin: "cilium" })).toBeUndefined();
    expect(toNetworkPolicy({ pods, to: [anywhere], dns: [] }, { ...plain, networkPlugin: "cilium" })).toEqual(
      toNetworkPolicy({ pods, to: [anywhere], dns: [] }, plain),
    );
  });

  test("leaves names to Cilium, and the looking up of them, which would pass unread otherwise", () => {
    const cilium: ClusterNetwork = { ...plain, networkPlugin: "cilium" };
    expect(toNetworkPolicy({ pods, to, dns: [] }, cilium)).toEqual({ podSelector: pods, policyTypes: ["Ingress", "Egress"] });
    const { apiVersion, kind, spec } = toNamePolicy({ pods, to, dns: [] }, cilium) as ReturnType<typeof Object>;
    expect([apiVersion, kind, spec.endpointSelector]).toEqual(["cilium.io/v2", "CiliumNetworkPolicy", pods]);
    const names = [{ matchName: "a.example" }, { matchPattern: "**.b.example" }];
    expect(spec.egress).toEqual([
      {
        toEndpoints: [{ matchLabels: { "k8s:io.kubernetes.pod.namespace": "kube-system", "k8s-app": "kube-dns" } }],
        toPorts: [{ ports: [{ port: "53", protocol: "ANY" }], rules: { dns: names } }],
      },
      { toFQDNs: [names[0]], toPorts: [{ ports: [{ port: "443", protocol: "TCP" }] }] },
      {
        toFQDNs: [names[1]],
        toPorts: [
          {
            ports: [
              { port: "443", protocol: "TCP" },
              { port: "8443", protocol: "TCP" },
            ],
          },
        ],
      },
    ]);
    const denies = (address: string) =>
      spec.egressDeny[0].toCIDRSet.some(
        ({ cidr, except = [] }: { cidr: string; except?: string[] }) => has(cidr, address) && !except.some((open) => has(open, address)),
      );
    expect([...baseline.metadata.services, "10.3.0.1", "192.168.0.1"].filter((address) => !denies(address))).toEqual([]);
    expect(["10.2.0.1", "1.1.1.1"].filter(denies)).toEqual([]);
  });

  test("has Cilium deny none of the resolvers that are told", () => {
    const { spec } = toNamePolicy({ pods, to, dns: ["169.254.20.10", "10.0.0.53"] }, { ...plain, networkPlugin: "cilium" }) as ReturnType<
      typeof Object
    >;
    expect(spec.egress[0].toCIDR).toEqual(["169.254.20.10/32", "10.0.0.53/32"]);
    const denied = spec.egressDeny[0].toCIDRSet as { cidr: string; except?: string[] }[];
    expect(denied.find(({ cidr }) => cidr === "169.254.0.0/16")?.except).toEqual(["169.254.20.10/32"]);
    expect(denied.find(({ cidr }) => cidr === "10.0.0.0/8")?.except).toEqual(["10.2.0.0/16", "10.0.0.53/32"]);
  });

  test("leaves names to Amazon's network, whose resolver may be a service of the node", () => {
    const eks: ClusterNetwork = { ...plain, networkPlugin: "eks" };
    const { egress = [] } = toNetworkPolicy({ pods, to, dns: [] }, eks);
    expect(egress.map(({ ports }) => ports)).toEqual([dnsPorts]);
    const reach = reaches({ to, dns: [] }, eks);
    expect([reach("172.20.0.10", 53), reach("172.20.0.10", 443), reach("1.1.1.1", 53)]).toEqual([true, false, false]);
    expect(toNamePolicy({ pods, to, dns: [] }, eks)).toEqual({
      apiVersion: "networking.k8s.aws/v1alpha1",
      kind: "ApplicationNetworkPolicy",
      spec: {
        podSelector: pods,
        policyTypes: ["Egress"],
        egress: [
          { to: [{ domainNames: ["a.example"] }], ports: [{ protocol: "TCP", port: 443 }] },
          {
            to: [{ domainNames: ["*.b.example"] }],
            ports: [
              { protocol: "TCP", port: 443 },
              { protocol: "TCP", port: 8443 },
            ],
          },
        ],
      },
    });
  });

  test.each(["cilium", "eks"] as const)("keeps addresses as they are written for %s, since they are no names", (plugin) => {
    const reach = reaches({ to: ofUrl("https://203.0.113.7/x", undefined, []) }, { ...plain, networkPlugin: plugin });
    expect([reach("203.0.113.7"), reach("203.0.113.8")]).toEqual([true, false]);
  });
});
