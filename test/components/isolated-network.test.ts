import { expect, test } from "vitest";
import { isolationOf, type IsolatedNetworkArgs } from "../../components/isolated-network/args.ts";
import { attach, GroupNetwork, IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { record } from "../support/record.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test" };
type Given = Omit<IsolatedNetworkArgs, keyof typeof place>;

async function make(args: Given) {
  let made: IsolatedNetwork | undefined;
  const recorded = await record(() => {
    made = new IsolatedNetwork("a", { ...place, ...args });
  });
  const { authority, resources = [], replaceWith } = made?.part ?? {};
  expect(replaceWith).toEqual(resources);
  return { ...recorded, attachment: { ...attach(place, args), isolation: isolationOf(args), authority }, resources: resources.length };
}

const bare = { ports: [], dns: [], networks: [] };
const bridge = (open: boolean, shared = false) => ({
  name: "claude-agent-a",
  driver: "bridge",
  internal: !open,
  options: {
    "com.docker.network.bridge.enable_icc": String(shared),
    "com.docker.network.bridge.enable_ip_masquerade": String(open),
    // Without an address of its own on the bridge, the host's services cannot be reached through it.
    ...(!open && { "com.docker.network.bridge.inhibit_ipv4": "true" }),
  },
  labels: [
    { label: "created_by", value: "agent-sessions" },
    ...(shared ? [{ label: "purpose", value: "session-egress" }] : []),
    { label: "session_id", value: "a" },
    { label: "stack", value: "agent-sessions/test" },
  ],
});
const listed = { allow: [{ host: "example.com", ports: [80, 443], addresses: [] }] };
const ofGroup = { name: "agent-sessions-test-group-g", alias: "a" };
const own = { name: "claude-agent-a", alias: "a" };
const port = { container: 80, host: 8080, address: "127.0.0.1", protocol: "tcp" } as const;

test.each<[Given, object]>([
  [{}, { ...bare, isolation: "sealed", networkMode: "none", authority: [] }],
  [{ mode: { kind: "host" } }, { ...bare, isolation: "none", networkMode: "host", authority: ["the host's network"] }],
  [
    { mode: { kind: "container", id: "x" } },
    { ...bare, isolation: "none", networkMode: "container:x", authority: ["the network of container x"] },
  ],
  [
    { mode: { kind: "custom", name: "n" }, dns: ["9.9.9.9"], ports: [port] },
    {
      ports: [port],
      dns: ["9.9.9.9"],
      isolation: "shared",
      networks: [{ name: "n", alias: "a" }],
      authority: ["the network n", "port 127.0.0.1:8080 to 80/tcp"],
    },
  ],
  [
    { group: "g" },
    {
      ports: [],
      dns: ["127.0.0.1"],
      dnsOptions: ["timeout:1", "attempts:1"],
      isolation: "shared",
      networks: [ofGroup],
      authority: ["the network of group g"],
    },
  ],
])("%j makes no network", async (args, expected) => {
  const { of, attachment, resources } = await make(args);
  expect(attachment).toEqual(expected);
  expect(of("Network")).toEqual([]);
  expect(resources).toBe(0);
});

test.each<[Given, object, object]>([
  [
    { egress: "open", dns: ["9.9.9.9"], ports: [port] },
    bridge(true),
    {
      ports: [port],
      dns: ["9.9.9.9"],
      isolation: "isolated",
      networks: [own],
      authority: ["egress to any host", "port 127.0.0.1:8080 to 80/tcp"],
    },
  ],
  [
    { mode: { kind: "bridge" } },
    bridge(false),
    { ports: [], dns: ["127.0.0.1"], dnsOptions: ["timeout:1", "attempts:1"], isolation: "sealed", networks: [own], authority: [] },
  ],
  [
    { egress: listed, dns: ["9.9.9.9"], ports: [port] },
    bridge(false, true),
    {
      // The proxy publishes them.
      ports: [],
      dns: ["127.0.0.1"],
      dnsOptions: ["timeout:1", "attempts:1"],
      isolation: "egress-filtered",
      networks: [own],
      authority: [],
    },
  ],
  [
    { egress: "open", group: "g", ports: [port] },
    bridge(true),
    {
      ports: [port],
      dns: [],
      isolation: "shared",
      networks: [own, ofGroup],
      authority: ["egress to any host", "the network of group g", "port 127.0.0.1:8080 to 80/tcp"],
    },
  ],
])("%j makes one network of the session's own", async (args, inputs, expected) => {
  const { one, attachment, resources } = await make(args);
  expect(one("Network").inputs).toEqual(inputs);
  expect(one("Network")).toMatchObject({
    name: "a-bridge",
    parent: one("IsolatedNetwork").urn,
    dependencies: [],
    deleteBeforeReplace: true,
    retainOnDelete: false,
  });
  expect(attachment).toEqual(expected);
  expect(resources).toBe(1);
});

test("a group's network is sealed, and its members talk", async () => {
  let made: GroupNetwork | undefined;
  const { one } = await record(() => {
    made = new GroupNetwork("group-g", { project: "agent-sessions", stack: "test", group: "g" });
  });
  const { labels: _, ...inputs } = bridge(false, true);
  expect(one("Network").inputs).toEqual({
    ...inputs,
    name: ofGroup.name,
    labels: [
      { label: "created_by", value: "agent-sessions" },
      { label: "group", value: "g" },
      { label: "purpose", value: "session-group" },
      { label: "stack", value: "agent-sessions/test" },
    ],
  });
  expect(one("Network")).toMatchObject({ parent: one("GroupNetwork").urn, deleteBeforeReplace: true });
  expect(made?.part).toMatchObject({ replaceWith: made?.part.resources, mounts: [], authority: [] });
});

test.each<[Given, RegExp]>([
  [{ ports: [port] }, /^session a, network\.ports: egress is "none", and a sealed session publishes nothing; remove the ports/],
  [{ mode: { kind: "bridge" }, ports: [port] }, /^session a, network\.ports: egress is "none"/],
  [{ mode: { kind: "host" }, egress: "open", ports: [port] }, /^session a, network\.ports: the network mode is "host"/],
  [{ mode: { kind: "bridge" }, dns: ["9.9.9.9"] }, /^session a, network\.dns: the session has no network of its own with a way out/],
  [
    { egress: "open", ports: [port, { ...port, protocol: "udp" }, { ...port, host: 8081 }] },
    /^session a, network\.ports: 80\/tcp is published twice; publish it once, or let the session listen on another port too$/,
  ],
  [
    { egress: listed, ports: [{ ...port, container: 3128 }] },
    /^session a, network\.ports: port 3128 is taken by the proxy that carries the ports; let the session listen on another$/,
  ],
  [
    { mode: { kind: "custom", name: "n" }, egress: listed },
    /^session a, network\.egress: an allow list holds on a network of the session's own/,
  ],
  [{ mode: { kind: "none" }, egress: "open" }, /^session a, network\.egress: network mode "none" has no way out/],
  ...(["none", "host"] as const).map((kind): [Given, RegExp] => [
    { mode: { kind }, group: "g" },
    new RegExp(`^session a, network\\.group: the sessions of a group have networks of their own .*"${kind}"; remove mode or the group$`),
  ]),
])("%j is refused before any network is registered", async (args, sentence) => {
  let refused: unknown;
  const { of } = await record(() => {
    try {
      new IsolatedNetwork("a", { ...place, ...args });
    } catch (error) {
      refused = error;
    }
  });
  expect((refused as Error | undefined)?.message).toMatch(sentence);
  expect(of("Network")).toEqual([]);
});
