import type {
  V1Deployment,
  V1NetworkPolicy,
  V1NetworkPolicyPeer,
  V1NetworkPolicyPort,
  V1Pod,
  V1Secret,
  V1Service,
} from "@kubernetes/client-node";
import { describe, expect, test } from "vitest";
import type { Cluster } from "../../components/cluster/provider.ts";
import type { CredentialsArgs } from "../../components/credentials/args.ts";
import { Credentials } from "../../components/credentials/kubernetes.ts";
import type { EgressProxyArgs } from "../../components/egress-proxy/args.ts";
import { EgressProxy } from "../../components/egress-proxy/kubernetes.ts";
import type { NetworkOptions } from "../../components/isolated-network/args.ts";
import { IsolatedNetwork } from "../../components/isolated-network/kubernetes.ts";
import { SessionContainer } from "../../components/session-container/kubernetes.ts";
import type { MadePart } from "../../components/session-part.ts";
import { asCluster, onCluster } from "../support/cluster.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const place = { project: "agent-sessions", stack: "test" };
const image = "registry.example/session@sha256:0";
const allow = [{ host: "api.example", ports: [443], addresses: [] }];
type Given = NetworkOptions & { readonly credentials?: object };
type Proxied = Partial<Pick<EgressProxyArgs, "dns" | "parent">>;

/** What a session with a network and credentials makes, below a container that takes its parts. */
async function make(
  given: Given,
  ids: readonly string[] = ["a"],
  more: Partial<Cluster> = {},
  proxied: Proxied = {},
  outputsOf = asCluster,
) {
  const parts: MadePart[] = [];
  const recorded = await record(() => {
    const opts = onCluster(more);
    for (const sessionId of ids) {
      const at = { ...place, sessionId };
      const { credentials, ...network } = given;
      const attached = new IsolatedNetwork(sessionId, { ...at, ...network }, opts).part;
      const own = [
        attached,
        ...(typeof network.egress === "object"
          ? [new EgressProxy(sessionId, { ...at, ...network.egress, ...proxied, image: "proxy@sha256:0", network: attached }, opts).part]
          : []),
        ...(credentials === undefined ? [] : [new Credentials(sessionId, { ...at, image, ...credentials } as CredentialsArgs, opts).part]),
      ];
      new SessionContainer(sessionId, { ...at, image, network, parts: own }, opts);
      parts.push(...own);
    }
  }, outputsOf);
  return { ...recorded, parts };
}

const policiesIn = ({ of }: Recorded) => of("NetworkPolicy").map(({ inputs }) => inputs as V1NetworkPolicy);
const policy = (recorded: Recorded, name: string) => policiesIn(recorded).find(({ metadata }) => metadata?.name === name)?.spec;
const pod = (recorded: Recorded, name: string) =>
  recorded
    .of("Deployment")
    .map(({ inputs }) => inputs as V1Deployment)
    .find(({ metadata }) => metadata?.name === name)?.spec?.template as V1Pod | undefined;
const sessionPod = ({ one }: Recorded) => (one("StatefulSet").inputs as V1Deployment).spec?.template as V1Pod;

type Labels = Readonly<Record<string, string>>;
const selects = (selector: { matchLabels?: Labels } | undefined, labels: Labels = {}): boolean =>
  selector !== undefined && Object.entries(selector.matchLabels ?? {}).every(([name, value]) => labels[name] === value);

/** Whether policies let one pod connect to a port of another, at both ends, as the API's reference reads them. */
function connects(policies: readonly V1NetworkPolicy[], from: Labels | undefined, to: Labels | undefined, port: number): boolean {
  const open = (own: Labels | undefined, other: Labels | undefined, way: "Ingress" | "Egress") => {
    const selecting = policies.filter(({ spec }) => selects(spec?.podSelector, own) && spec?.policyTypes?.includes(way));
    if (selecting.length === 0) return true;
    const rules = selecting.flatMap(({ spec }) =>
      way === "Egress"
        ? (spec?.egress ?? []).map(({ to, ports }) => ({ peers: to, ports }))
        : ((spec?.ingress ?? []) as { from?: V1NetworkPolicyPeer[]; ports?: V1NetworkPolicyPort[] }[]).map(({ from, ports }) => ({
            peers: from,
            ports,
          })),
    );
    return rules.some(
      ({ peers = [], ports }) =>
        peers.some(({ podSelector, namespaceSelector }) => namespaceSelector === undefined && selects(podSelector, other)) &&
        (ports === undefined || ports.some((one) => one.port === port)),
    );
  };
  return open(from, to, "Egress") && open(to, from, "Ingress");
}

const dnsOf = (port: V1Pod | undefined) => [port?.spec?.dnsPolicy, port?.spec?.dnsConfig?.nameservers];

describe("a session's own policy", () => {
  test.each<[what: string, given: Given, egress: unknown]>([
    ["opens nothing without egress", {}, undefined],
    ["opens nothing on a network without egress", { mode: { kind: "bridge" } }, undefined],
    [
      "opens its proxy's port alone with a list",
      { egress: { allow } },
      [
        {
          to: [
            {
              podSelector: {
                matchLabels: {
                  "agent-sessions/project": "agent-sessions",
                  "agent-sessions/stack": "test",
                  "agent-sessions/serves": "a",
                  "agent-sessions/kind": "egress-proxy",
                },
              },
            },
          ],
          ports: [{ protocol: "TCP", port: 3128 }],
        },
      ],
    ],
  ])("%s", async (_, given, egress) => {
    const recorded = await make(given);
    const spec = policy(recorded, "claude-agent-a");
    expect(spec).toEqual({
      podSelector: {
        matchLabels: {
          "agent-sessions/project": "agent-sessions",
          "agent-sessions/stack": "test",
          "agent-sessions/session": "a",
          "agent-sessions/kind": "session",
        },
      },
      policyTypes: ["Ingress", "Egress"],
      ...(egress !== undefined && { egress }),
    });
    expect(selects(spec?.podSelector, sessionPod(recorded).metadata?.labels)).toBe(true);
    expect(dnsOf(sessionPod(recorded))).toEqual(["None", ["127.0.0.1"]]);
  });

  test("opens public addresses and the cluster's names where it is open, and these alone", async () => {
    const recorded = await make({ egress: "open" });
    const rules = policy(recorded, "claude-agent-a")?.egress ?? [];
    expect(rules.map(({ to, ports }) => [to?.map(({ ipBlock }) => ipBlock?.cidr), ports?.map(({ port }) => port)])).toEqual([
      [["0.0.0.0/0", "::/0"], undefined],
      [[undefined], [53, 53]],
    ]);
    expect(dnsOf(sessionPod(recorded))[0]).toBe("ClusterFirst");
  });

  test("is there before the session is, and so are the others", async () => {
    const { parts, of } = await make({ egress: { allow }, credentials: proxied });
    const made = new Set(parts.flatMap(({ resources }) => resources));
    expect(made.size).toBeGreaterThanOrEqual(of("NetworkPolicy").length + of("Deployment").length + of("Service").length - 1);
  });
});

const proxied = {
  kind: "proxy",
  provider: "anthropic",
  upstream: "https://api.example/v1/messages",
  secret: secret("env KEY", "the-key"),
} as const;

test("a session connects to its own proxies and to no other's, and nobody connects to it", async () => {
  const recorded = await make({ egress: { allow }, credentials: proxied }, ["a", "b"]);
  const policies = policiesIn(recorded);
  const labels = Object.fromEntries(
    [...recorded.of("StatefulSet"), ...recorded.of("Deployment")].map(({ inputs }) => {
      const { metadata, spec } = inputs as V1Deployment;
      return [metadata?.name ?? "", spec?.template.metadata?.labels];
    }),
  );
  const ports = [3128, 18_787, 443, 53, 22];
  const open = Object.keys(labels).flatMap((from) =>
    Object.keys(labels).flatMap((to) =>
      ports.filter((port) => connects(policies, labels[from], labels[to], port)).map((port) => `${from} to ${to}:${port}`),
    ),
  );
  expect(Object.keys(labels)).toHaveLength(6);
  expect(open.sort()).toEqual([
    "claude-agent-a to claude-agent-a-credential-proxy:18787",
    "claude-agent-a to claude-agent-a-proxy:3128",
    "claude-agent-b to claude-agent-b-credential-proxy:18787",
    "claude-agent-b to claude-agent-b-proxy:3128",
  ]);
  // Neither does any other pod of the namespace, such as one of another stack, or one without labels.
  const stranger = { ...labels["claude-agent-a"], "agent-sessions/stack": "other" };
  for (const other of [{}, stranger])
    for (const name of Object.keys(labels))
      expect(
        ports.filter((port) => connects(policies, other, labels[name], port)),
        name,
      ).toEqual([]);
});

describe("an egress proxy", () => {
  test("is a pod and an address of its own, of the same image, list and user as everywhere", async () => {
    const recorded = await make({ egress: { allow } });
    const { metadata, spec } = pod(recorded, "claude-agent-a-proxy") as V1Pod;
    const [container, ...others] = spec?.containers ?? [];
    expect(others).toEqual([]);
    expect(container).toMatchObject({
      name: "egress-proxy",
      image: "proxy@sha256:0",
      securityContext: { runAsUser: 13, readOnlyRootFilesystem: true, allowPrivilegeEscalation: false, capabilities: { drop: ["ALL"] } },
      readinessProbe: { exec: { command: ["/usr/local/bin/proxy-health"] } },
    });
    expect(container?.volumeMounts?.find(({ mountPath }) => mountPath === "/run")).toMatchObject({ readOnly: false });
    expect(container?.env?.find(({ name }) => name === "EGRESS_RULES")?.value).toContain("api\\.example");
    expect(spec).toMatchObject({ automountServiceAccountToken: false, dnsPolicy: "ClusterFirst" });
    expect(metadata?.labels).toMatchObject({ "app.kubernetes.io/name": "egress-proxy", "agent-sessions/serves": "a" });
    const [service] = recorded
      .of("Service")
      .map(({ inputs }) => inputs as V1Service)
      .filter(({ metadata }) => metadata?.name === "claude-agent-a-proxy");
    expect(service?.spec).toMatchObject({ type: "ClusterIP", ports: [{ port: 3128, targetPort: 3128 }] });
    expect(selects({ matchLabels: service?.spec?.selector ?? {} }, metadata?.labels)).toBe(true);
    expect(sessionPod(recorded).spec?.hostAliases?.map(({ hostnames }) => hostnames)).toEqual([["egress-proxy"]]);
  });

  test("leaves the session's pod as it is when its list changes", async () => {
    const [one, other] = [
      await make({ egress: { allow } }),
      await make({ egress: { allow: [{ host: "b.example", ports: [80], addresses: [] }] } }),
    ];
    expect(pod(one, "claude-agent-a-proxy")).not.toEqual(pod(other, "claude-agent-a-proxy"));
    expect(sessionPod(one)).toEqual(sessionPod(other));
  });

  test("asks the resolvers that the session's settings name, and no other", async () => {
    const recorded = await make({ egress: { allow } }, ["a"], {}, { dns: ["9.9.9.9"] });
    expect(dnsOf(pod(recorded, "claude-agent-a-proxy"))).toEqual(["None", ["9.9.9.9"]]);
    expect(policy(recorded, "claude-agent-a-proxy")?.egress?.at(-1)?.to).toEqual([{ ipBlock: { cidr: "9.9.9.9/32" } }]);
    expect(dnsOf(sessionPod(recorded))).toEqual(["None", ["127.0.0.1"]]);
  });

  test("signs in at a parent by a Secret that nothing else mounts", async () => {
    const parent = { host: "10.9.0.1", port: 3128, login: { username: "me", password: secret("env PROXY", "hush") } };
    const recorded = await make({ egress: { allow } }, ["a"], {}, { parent });
    const { metadata } = recorded.one("Secret").inputs as V1Secret;
    const mounting = [...recorded.of("Deployment"), ...recorded.of("StatefulSet")].filter(({ inputs }) =>
      JSON.stringify(inputs).includes(metadata?.name ?? "none"),
    );
    expect(mounting.map(({ inputs }) => (inputs as V1Deployment).metadata?.name)).toEqual(["claude-agent-a-proxy"]);
    expect(policy(recorded, "claude-agent-a-proxy")?.egress?.[0]).toEqual({
      to: [{ ipBlock: { cidr: "10.9.0.1/32" } }],
      ports: [{ protocol: "TCP", port: 3128 }],
    });
  });

  test.each<[what: string, more: Partial<Cluster>, blocks: string[]]>([
    ["public addresses alone", {}, ["0.0.0.0/0", "::/0"]],
    ["those and the company's", { companyAddresses: ["10.9.0.0/24"] }, ["0.0.0.0/0", "::/0", "10.9.0.0/24"]],
  ])("reaches a parent by its name at %s", async (_, more, blocks) => {
    const recorded = await make({ egress: { allow } }, ["a"], more, { parent: { host: "proxy.corp.example", port: 3128 } });
    const [rule] = policy(recorded, "claude-agent-a-proxy")?.egress ?? [];
    expect([rule?.to?.map(({ ipBlock }) => ipBlock?.cidr), rule?.ports]).toEqual([blocks, [{ protocol: "TCP", port: 3128 }]]);
  });

  test.each([
    ["cilium", "cilium.io/v2", "CiliumNetworkPolicy"],
    ["eks", "networking.k8s.aws/v1alpha1", "ApplicationNetworkPolicy"],
  ] as const)("is held to its names by the cluster's network too, where that is %s", async (networkPlugin, apiVersion, kind) => {
    const recorded = await make({ egress: { allow }, credentials: proxied }, ["a"], { networkPlugin });
    const named = recorded.of(kind).map(({ inputs }) => inputs as V1NetworkPolicy);
    expect(named.map((one) => [one.apiVersion, one.metadata?.name, one.metadata?.namespace])).toEqual(
      ["claude-agent-a-proxy", "claude-agent-a-credential-proxy"].map((name) => [apiVersion, name, "agent-sessions-test"]),
    );
    expect(
      policiesIn(recorded).flatMap(({ spec }) => spec?.egress?.flatMap(({ to }) => to?.map(({ ipBlock }) => ipBlock?.cidr)) ?? []),
    ).not.toContain("0.0.0.0/0");
  });
});

describe("credentials", () => {
  const file = { kind: "file", provider: "anthropic", secret: secret("env KEY", "the-key") } as const;

  test("as a file are a Secret that one session mounts, and a changed one leaves every pod as it is", async () => {
    const recorded = await make({ credentials: file }, ["a", "b"]);
    const secrets = recorded.of("Secret").map(({ inputs }) => inputs as V1Secret);
    const content = { token: Buffer.from("the-key\n").toString("base64") };
    expect(secrets.map(({ metadata, data }) => [metadata?.name, data])).toEqual([
      ["claude-agent-a-auth", expect.objectContaining({ value: content })],
      ["claude-agent-b-auth", expect.objectContaining({ value: content })],
    ]);
    const mounted = recorded
      .of("StatefulSet")
      .map(({ inputs }) => (inputs as V1Deployment).spec?.template.spec?.volumes?.flatMap((volume) => volume.secret?.secretName ?? []));
    expect(mounted).toEqual([["claude-agent-a-auth"], ["claude-agent-b-auth"]]);
    const changed = await make({ credentials: { ...file, secret: secret("env KEY", "another") } });
    expect(sessionPod(changed)).toEqual(sessionPod(await make({ credentials: file })));
  });

  test("have no key in plain text in a plan, whatever their kind", async () => {
    for (const credentials of [
      file,
      proxied,
      { kind: "init", provider: "anthropic", command: "x", secret: secret("env KEY", "the-key") } as const,
    ]) {
      const { all } = await make({ egress: { allow }, credentials });
      for (const { inputs, type } of all) {
        const { data, ...open } = inputs as V1Secret;
        const text = JSON.stringify(type.endsWith(":Secret") ? open : inputs);
        for (const told of ["the-key", Buffer.from("the-key").toString("base64").slice(0, 8)]) expect(text).not.toContain(told);
        // What is secret to the engine is in an envelope of its own.
        if (data !== undefined) expect(data).toHaveProperty("4dabf18193072939515e22adb298388d");
      }
    }
  });

  test("by a proxy beside an egress proxy leave two lines of hosts, and in a preview none without an address", async () => {
    const given = { egress: { mode: "enforce", allow } as const, credentials: proxied };
    const hosts = (recorded: Recorded) => sessionPod(recorded).spec?.hostAliases?.flatMap(({ hostnames }) => hostnames);
    expect(hosts(await make(given))).toEqual(["egress-proxy", "credential-proxy"]);
    expect(hosts(await make(given, ["a"], {}, {}, ({ inputs }) => inputs))).toEqual([]);
  });

  test("by a proxy leave nothing of the key with the session, which finds the proxy by its address", async () => {
    const recorded = await make({ credentials: proxied });
    const session = JSON.stringify(sessionPod(recorded));
    expect(session).not.toContain("-secret");
    const env = Object.fromEntries(sessionPod(recorded).spec?.containers[0]?.env?.map(({ name, value }) => [name, value]) ?? []);
    expect(env).toMatchObject({ SESSION_MODEL_PROXY: "credential-proxy:18787", ANTHROPIC_BASE_URL: "http://127.0.0.1:18787" });
    expect(sessionPod(recorded).spec?.hostAliases?.map(({ hostnames }) => hostnames)).toEqual([["credential-proxy"]]);
    const proxy = pod(recorded, "claude-agent-a-credential-proxy");
    expect(proxy?.spec?.containers[0]?.env).toContainEqual({ name: "LISTEN_PORT", value: "18787" });
    expect(proxy?.spec?.volumes?.flatMap((volume) => volume.secret?.secretName ?? [])).toEqual(["claude-agent-a-credential-proxy-secret"]);
    expect(policy(recorded, "claude-agent-a-credential-proxy")?.egress?.[0]?.ports).toEqual([{ protocol: "TCP", port: 443 }]);
    // A session without egress has the way to its proxy and no other.
    expect(policiesIn(recorded).filter(({ spec }) => selects(spec?.podSelector, sessionPod(recorded).metadata?.labels))).toHaveLength(2);
    expect(policy(recorded, "claude-agent-a-credential-proxy-door")?.egress).toHaveLength(1);
  });

  test("that an init step fetches come by way of the session's own egress, with a secret that the session does not see", async () => {
    const recorded = await make({
      egress: { allow },
      credentials: {
        kind: "init",
        provider: "anthropic",
        command: "vault read",
        secret: secret("env KEY", "the-key"),
      } as Given["credentials"] & {},
    });
    const { spec } = sessionPod(recorded);
    const init = spec?.initContainers?.find(({ name }) => name === "claude-agent-a-auth");
    const targets = (mounts: readonly { name: string; mountPath: string; readOnly?: boolean }[] = []) =>
      Object.fromEntries(mounts.map(({ mountPath, name, readOnly }) => [mountPath, [name, readOnly]]));
    expect(targets(init?.volumeMounts)["/workspace"]).toEqual(["claude-agent-a-auth", false]);
    expect(targets(init?.volumeMounts)["/secret"]).toEqual(["claude-agent-a-auth-secret", true]);
    const [session] = spec?.containers ?? [];
    expect(targets(session?.volumeMounts)["/auth"]).toEqual(["claude-agent-a-auth", true]);
    expect(targets(session?.volumeMounts)).not.toHaveProperty("/secret");
    expect(init?.env).toContainEqual({ name: "HTTPS_PROXY", value: "http://egress-proxy:3128" });
    // Nothing was opened for it that the session would keep.
    expect(policiesIn(recorded).map(({ metadata }) => metadata?.name)).toEqual(["claude-agent-a", "claude-agent-a-proxy"]);
    expect(recorded.parts.flatMap(({ authority }) => authority)).toContain(
      "secret that an init step with the session's egress fetches with secret env KEY: vault read",
    );
  });
});

test("no session can read another's Secrets: there is no role, and no pod has a token", async () => {
  const recorded = await make({ egress: { allow }, credentials: proxied }, ["a", "b"]);
  expect(recorded.all.filter(({ type }) => type.startsWith("kubernetes:rbac"))).toEqual([]);
  for (const { inputs } of [...recorded.of("Deployment"), ...recorded.of("StatefulSet")])
    expect((inputs as V1Deployment).spec?.template.spec).toMatchObject({ automountServiceAccountToken: false });
  for (const { inputs } of recorded.of("ServiceAccount")) expect(inputs).toMatchObject({ automountServiceAccountToken: false });
  expect(JSON.stringify(recorded.all)).not.toContain("serviceAccountToken:");
});

test("what stands beside a session with a long id has names that a Service can have", async () => {
  const id = "a".repeat(40);
  const { of } = await make({ egress: { allow }, credentials: proxied }, [id]);
  const names = of("Service").map(({ inputs }) => (inputs as V1Service).metadata?.name ?? "");
  expect(names.filter((name) => name.length > 63)).toEqual([]);
  expect(new Set(names).size).toBe(3);
});
