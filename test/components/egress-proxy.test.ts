import { BlockList } from "node:net";
import { expect, test } from "vitest";
import { barredBlocks, privateRanges } from "../../components/egress-proxy/addresses.ts";
import type { AllowedHost } from "../../components/egress-proxy/args.ts";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { toForwards } from "../../components/egress-proxy/forwards.ts";
import { egressPart } from "../../components/egress-proxy/part.ts";
import { toRules } from "../../components/egress-proxy/rules.ts";
import { isolationOf } from "../../components/isolated-network/args.ts";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { evaluate } from "../../policy/evaluate.ts";
import { isLocal } from "../../components/session.ts";
import { record } from "../support/record.ts";

const network = { resources: [] };
const plain = { sessionId: "a", project: "p", stack: "s", image: "sha256:1", network };
const port = { container: 80, host: 8080, address: "127.0.0.1", protocol: "tcp" } as const;
const web = { ports: [80, 443], addresses: [] };

/** Whether blocks hold an address, judged by Node's own implementation. */
function holds(blocks: readonly string[], address: string): boolean {
  const list = new BlockList();
  for (const block of blocks) {
    const [net = "", length] = block.split("/");
    list.addSubnet(net, Number(length), net.includes(":") ? "ipv6" : "ipv4");
  }
  return list.check(address, address.includes(":") ? "ipv6" : "ipv4");
}

test.each(
  [
    [
      "0.0.0.0",
      "10.1.2.3",
      "100.64.0.1",
      "100.100.100.200",
      "127.0.0.53",
      "168.63.129.16",
      "169.254.169.254",
      "172.16.0.1",
      "172.31.255.255",
      "192.168.1.1",
      "198.19.255.255",
      "224.0.0.1",
      "255.255.255.255",
    ],
    ["::", "::1", "fe80::1", "fec0::1", "fc00::1", "fd00:ec2::254", "fdff::1", "ff02::1", "64:ff9b::a9fe:a9fe", "2002:a9fe:a9fe::1"],
  ].flat(),
)("%s is barred unless admitted", (address) => {
  expect(holds(barredBlocks([]), address)).toBe(true);
});

test.each([
  "1.1.1.1",
  "9.255.255.255",
  "11.0.0.0",
  "172.15.255.255",
  "168.63.129.15",
  "172.32.0.0",
  "198.17.255.255",
  "223.255.255.255",
  "2606:4700::1111",
  "2a00::1",
])("%s is public", (address) => {
  expect(holds(barredBlocks([]), address)).toBe(false);
});

test.each<[string, string[], string[]]>([
  ["10.20.0.0/16", ["10.20.0.0", "10.20.255.255"], ["10.19.255.255", "10.21.0.0", "192.168.0.1", "169.254.169.254"]],
  ["192.168.7.9/32", ["192.168.7.9"], ["192.168.7.8", "192.168.7.10"]],
  ["10.0.0.0/8", ["10.0.0.0", "10.255.255.255"], ["172.16.0.1"]],
  ["fd12:3456::/32", ["fd12:3456::1"], ["fd12:3457::1", "fc00::1", "fd00:ec2::254"]],
  ["fc00::/7", ["fd12::1"], ["fd00:ec2::254", "fd20:ce::254", "fe80::1"]],
  ["100.64.0.0/10", ["100.100.100.199", "100.100.100.201"], ["100.100.100.200"]],
])("an admission of %s opens that block alone", (block, open, shut) => {
  expect(open.filter((address) => holds(barredBlocks([block]), address))).toEqual([]);
  expect(shut.filter((address) => !holds(barredBlocks([block]), address))).toEqual([]);
});

test.each([[[]], [["10.20.0.0/16"]], [["fc00::/7"]], [[...privateRanges]]])(
  "with %j admitted no block lies in another, since Squid would leave one out",
  (admitted) => {
    const blocks = barredBlocks(admitted);
    for (const block of blocks) expect(blocks.filter((other) => other !== block && holds([other], block.split("/")[0] ?? ""))).toEqual([]);
  },
);

test("rules name hosts exactly, group what has the same ports and admissions, and end with a refusal", () => {
  const allow: AllowedHost[] = [
    { host: "github.com", ...web },
    { host: "*.example.com", ...web },
    { host: "git.corp", ports: [8443], addresses: ["10.0.0.0/8"] },
  ];
  expect(
    toRules({ allow })
      .split("\n")
      .filter((line) => !/ (dst|annotate_transaction) /.test(line)),
  ).toEqual([
    "acl tunnel method CONNECT",
    "acl web proto HTTP",
    "deny_info 503:ERR_DNS_FAIL as_unresolved",
    "http_access deny !tunnel !web as_unlisted",
    "acl hosts0 dstdom_regex -n -i ^github\\.com$",
    "acl hosts0 dstdom_regex -n -i ^([a-z0-9_-]+\\.)+example\\.com$",
    "acl ports0 port 80 443",
    "http_access allow hosts0 ports0 resolved !barred0 as_allowed",
    "acl hosts1 dstdom_regex -n -i ^git\\.corp$",
    "acl ports1 port 8443",
    "http_access allow hosts1 ports1 resolved !barred1 as_allowed",
    "http_access deny hosts0 ports0 resolved as_address",
    "http_access deny hosts0 ports0 as_unresolved",
    "http_access deny hosts1 ports1 resolved as_address",
    "http_access deny hosts1 ports1 as_unresolved",
    "http_access deny all as_unlisted",
  ]);
});

test("a line of what is barred names each block by itself", () => {
  const [line = ""] = toRules({ allow: [{ host: "a.example", ...web }] })
    .split("\n")
    .filter((rule) => rule.startsWith("acl barred0 dst "));
  const blocks = line.split(" ").slice(3);
  expect(blocks).toEqual(expect.arrayContaining(["10.0.0.0/8", "127.0.0.0/8", "169.254.0.0/16", "192.168.0.0/16", "fe80::/9"]));
  expect(blocks.filter((block) => !/^[0-9a-f.:]+\/\d{1,3}$/.test(block))).toEqual([]);
});

test("what becomes of a request is told by a verdict, for each of which there is a line", () => {
  expect(
    toRules({ allow: [] })
      .split("\n")
      .filter((rule) => rule.includes(" annotate_transaction ")),
  ).toEqual(
    ["allowed", "audited", "unlisted", "address", "unresolved"].map(
      (verdict) => `acl as_${verdict} annotate_transaction verdict=${verdict}`,
    ),
  );
});

test("a session's programs find the proxy, whichever spelling they read", () => {
  const proxy = "http://egress-proxy:3128";
  const direct = "localhost,127.0.0.1,::1";
  expect(egressPart({ ...plain, allow: [] }).environment).toEqual({
    http_proxy: proxy,
    https_proxy: proxy,
    no_proxy: direct,
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    NO_PROXY: direct,
    NODE_USE_ENV_PROXY: "1",
    SESSION_PROXY_HEALTH_URL: "http://egress-proxy:3128/",
  });
});

test("an audit lets every public host through and still bars addresses", () => {
  const rules = toRules({ allow: [], mode: "audit" }).split("\n");
  expect(rules.filter((rule) => !rule.startsWith("acl barred")).slice(-5)).toEqual([
    "acl written6 dstdom_regex -n :",
    "http_access deny written6 as_address",
    "http_access allow resolved !barred as_audited",
    "http_access deny resolved as_address",
    "http_access deny all as_unresolved",
  ]);
  expect(egressPart({ ...plain, allow: [], mode: "audit" }).authority).toEqual(["egress to any public host, recorded"]);
  expect(isolationOf({ egress: { allow: [], mode: "audit" } })).toBe("isolated");
});

test.each<[string, Partial<AllowedHost>, string]>([
  ["no set", {}, ""],
  ["a set", { sets: ["npm"] }, " (npm)"],
  [
    "two sets and private addresses",
    { sets: ["npm", "pip"], addresses: ["10.0.0.0/8"] },
    " (npm, pip; also at private addresses 10.0.0.0/8)",
  ],
])("authority names a host of %s with where it comes from, which the rules do not depend on", (_, more, note) => {
  const entry = { host: "a.example", ports: [443], addresses: [], ...more };
  expect(egressPart({ ...plain, allow: [entry] }).authority).toEqual([`egress to a.example:443${note}`]);
  expect(toRules({ allow: [entry] })).toBe(toRules({ allow: [{ ...entry, sets: [] }] }));
});

test("the proxy has a way out of its own, is held to the baseline, and says what it allows", async () => {
  let made: EgressProxy | undefined;
  const { one } = await record(() => {
    made = new EgressProxy("a", {
      sessionId: "a",
      project: "agent-sessions",
      stack: "test",
      image: "sha256:1",
      network,
      dns: ["9.9.9.9"],
      allow: [
        { host: "github.com", ...web },
        { host: "git.corp", ports: [8443], addresses: ["10.0.0.0/8"] },
      ],
    });
  });
  expect(made?.part.authority).toEqual(["egress to github.com:80,443", "egress to git.corp:8443 (also at private addresses 10.0.0.0/8)"]);
  const edge = one("Network");
  expect(edge.inputs).toMatchObject({
    name: "claude-agent-a-edge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
  });
  const container = one("Container");
  expect(container).toMatchObject({ name: "a-proxy", dependencies: [edge.urn], replaceWith: [edge.urn], deleteBeforeReplace: true });
  expect(container.inputs).toMatchObject({
    name: "claude-agent-a-proxy",
    user: "13:13",
    readOnly: true,
    capabilities: { drops: ["ALL"] },
    securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
    memory: 128,
    memorySwap: 128,
    networksAdvanced: [{ name: "claude-agent-a", aliases: ["egress-proxy"] }, { name: "claude-agent-a-edge" }],
    dns: ["9.9.9.9"],
    restart: "always",
  });
  const labels = Object.fromEntries(
    (container.inputs.labels as { label: string; value: string }[]).map(({ label, value }) => [label, value]),
  );
  // It serves the session and must not be counted as one.
  expect(labels).toEqual({
    serves: "a",
    created_by: "agent-sessions",
    stack: "agent-sessions/test",
    kind: "egress-proxy",
    pids_limit: "16",
    egress: "enforce",
  });
});

test("a limit is one bucket for all that is received, and changes nothing else", () => {
  const allow = [{ host: "github.com", ...web }];
  const limited = toRules({ allow, download: 1_048_576 }).split("\n");
  expect(limited.slice(0, 4)).toEqual([
    "delay_pools 1",
    "delay_class 1 1",
    "delay_parameters 1 1048576/1048576",
    "delay_access 1 allow all",
  ]);
  expect(limited.slice(4)).toEqual(toRules({ allow }).split("\n"));
});

test("each port is carried to the session's own, whose name only the engine knows", () => {
  const udp = { container: 53, host: 53, address: "0.0.0.0", protocol: "udp" } as const;
  const asked = { ...port, container: 81, neighbours: true };
  expect(toForwards({ sessionId: "a", ports: [port, udp, asked] }).split("\n")).toEqual([
    "server { listen 80 so_keepalive=on; include /run/local-only.conf; set $session claude-agent-a; proxy_pass $session:80; }",
    "server { listen 53 udp; proxy_timeout 1m; set $session claude-agent-a; proxy_pass $session:53; }",
    "server { listen 81 so_keepalive=on; set $session claude-agent-a; proxy_pass $session:81; }",
  ]);
});

test.each<[string, boolean]>([
  ["127.0.0.1", true],
  ["127.255.255.254", true],
  ["::1", true],
  ["0:0:0:0:0:0:0:1", true],
  ["::ffff:127.0.0.1", true],
  ["126.255.255.255", false],
  ["128.0.0.1", false],
  ["0.0.0.0", false],
  ["::", false],
  ["::2", false],
  ["192.168.1.5", false],
])("a port on %s is for this machine alone: %s, and for others when they are asked in", (address, local) => {
  expect(isLocal({ address })).toBe(local);
  expect(isLocal({ address, neighbours: false })).toBe(local);
  expect(isLocal({ address, neighbours: true })).toBe(false);
});

test("a session's ports are published on its proxy, and judged there as on a session", async () => {
  const ports = [port, { ...port, container: 22, host: 443, address: "0.0.0.0" }];
  const args = {
    sessionId: "a",
    project: "agent-sessions",
    stack: "test",
    image: `sha256:${"0".repeat(64)}`,
    network,
    allow: [{ host: "github.com", ...web }],
  };
  let made: EgressProxy | undefined;
  const { one } = await record(() => {
    made = new EgressProxy("a", { ...args, ports });
  });
  const { inputs, urn, type, name } = one("Container");
  expect(inputs.dnsOpts).toEqual(["ndots:1"]);
  expect(inputs.ports).toEqual([
    // In the order in which the provider reads them back.
    { internal: 22, external: 443, ip: "0.0.0.0", protocol: "tcp" },
    { internal: 80, external: 8080, ip: "127.0.0.1", protocol: "tcp" },
  ]);
  expect(inputs.envs).toEqual([expect.stringMatching(/^EGRESS_RULES=/), `FORWARDED_PORTS=${toForwards({ ...args, ports })}`]);
  expect(made?.part.authority).toEqual(["egress to github.com:80,443", "port 127.0.0.1:8080 to 80/tcp", "port 0.0.0.0:443 to 22/tcp"]);
  const broken = (props: Record<string, unknown>) =>
    evaluate([{ urn, type, name, props }]).findings.flatMap(({ rule, verdict }) => (verdict === "violation" ? [rule] : []));
  expect(broken({ ...inputs, ports: (inputs.ports as unknown[]).slice(1) })).toEqual([]);
  expect(broken(inputs).sort()).toEqual(["CTR-028", "CTR-029", "CTR-030"]);
});

test("a proxy without ports publishes and carries none", async () => {
  const { one } = await record(() => new EgressProxy("a", { ...plain, allow: [], ports: [] }));
  expect(one("Container").inputs.ports).toBeUndefined();
  expect(one("Container").inputs.envs).toEqual([expect.stringMatching(/^EGRESS_RULES=/)]);
});
