import { describe, expect, test } from "vitest";
import { namespaceOf } from "../../stacks/settings/kubernetes.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";

const images = { session: "registry.example/session@sha256:0000000000000000000000000000000000000000000000000000000000000000" };
const sound = { context: "prod", images };

/** The settings of a stack on a cluster. */
const settingsOf = (kubernetes: object, session: object = {}, stack: object = {}) =>
  parse({ strategy: "kubernetes", kubernetes, sessions: [{ id: "a", ...session }], ...stack }, { environment: {}, root: "/root" });

/** What is wrong with it. */
function mistakesIn(...given: Parameters<typeof settingsOf>): readonly string[] {
  try {
    settingsOf(...given);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}

test("a cluster is described by its context; all else has a default", () => {
  const GB = 1024 ** 3;
  expect(settingsOf(sound).strategy).toEqual({
    name: "kubernetes",
    context: "prod",
    images,
    claims: { workspace: 20 * GB, session: 5 * GB, logs: GB, repository: 10 * GB },
    podSecurity: "v1.35",
    monitoring: "configmap",
    spread: { over: "kubernetes.io/hostname" },
    failureRecovery: { after: 60 },
  });
});

test("a session is promised half of its limits, unless it says otherwise", () => {
  expect(settingsOf(sound).sessions[0]?.reservations).toEqual({ memory: 2 * 1024 ** 3, cpu: 1 });
  expect(settingsOf(sound, { reservations: { cpu: 2 } }).sessions[0]?.reservations).toEqual({ memory: 2 * 1024 ** 3, cpu: 2 });
});

test("paths start at the root, and the pull secret is one that is read when a plan is made", () => {
  const { cluster } = settingsOf({ ...sound, kubeconfig: "cluster/config", pullSecret: { file: "login.json" } });
  expect(cluster).toEqual({
    kubeconfig: "/root/cluster/config",
    pullSecret: { key: "kubernetes.pullSecret", from: "file", path: "/root/login.json" },
  });
  expect(settingsOf(sound).cluster).toEqual({});
  expect(parse({ sessions: [] }, { environment: {} }).cluster).toBeUndefined();
});

const tooLong = "x".repeat(34);

describe("what does not fit is told with the way out", () => {
  test.each<[string, Parameters<typeof settingsOf>, string]>([
    ["no context", [{ images }], "kubernetes.context: is missing; name the context of the kubeconfig whose cluster is meant."],
    [
      "a label that is none",
      [{ ...sound, spread: { over: "a label" } }],
      'kubernetes.spread.over: "a label" is not the name of a label; write one such as "kubernetes.io/hostname".',
    ],
    [
      "no images",
      [{ context: "prod" }],
      "image.registry: is missing, and nodes pull images; name a registry, or images that are there by kubernetes.images.",
    ],
    [
      "no image of a proxy that a session needs",
      [sound, { network: { egress: { allow: ["example.com"] } } }],
      'kubernetes.images.egressProxy: is missing, and session "a" has an allow list; name the image.',
    ],
    [
      "an address of the company's that is public",
      [{ ...sound, companyAddresses: ["10.9.0.0/16", "203.0.113.0/24"] }],
      'kubernetes.companyAddresses: "203.0.113.0/24" is not inside a private range (10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, fc00::/7); public addresses need no entry, and those of this machine and of metadata services are never reached.',
    ],
    [
      "a network of another kind",
      [{ ...sound, networkPlugin: "calico" }],
      'kubernetes.networkPlugin: "calico" is not a kind of network; write policies, cilium or eks.',
    ],
    [
      "a name that is too long",
      [sound, { id: tooLong }],
      `sessions[0].id: "${tooLong}" is longer than 33 characters, which names on a cluster leave to it; choose a shorter one.`,
    ],
    [
      "claims that are smaller than the limit",
      [sound, { limits: { disk: "30 GB" } }],
      'session "a": limits.disk is 30 GB, and its claims hold 25 GB; lower it, or raise kubernetes.claims.',
    ],
    [
      "a namespace that is none",
      [{ ...sound, namespace: "Prod" }],
      'kubernetes.namespace: "Prod" is not a name; use a-z, 0-9 and -, beginning and ending with a letter or digit.',
    ],
    [
      "a profile outside the kubelet's folder",
      [{ ...sound, seccompProfile: "../etc/x" }],
      'kubernetes.seccompProfile: "../etc/x" is not a path below the kubelet\'s folder; write one such as "profiles/agent.json".',
    ],
    [
      "a pool of a number and by its work",
      [sound, { pool: { replicas: 2, autoscale: { min: 1, max: 2 } } }],
      'sessions[0].pool: {"replicas":2,"autoscale":{"min":1,"max":2}} has replicas and autoscale; remove one of them.',
    ],
    [
      "a pool that is to scale by memory",
      [sound, { pool: { autoscale: { min: 1, max: 2, memory: 70 } } }],
      "sessions[0].pool.autoscale.memory: is for AWS ECS, and a cluster scales by processor time alone; remove it.",
    ],
    [
      "a pool of fewer at most than at least",
      [sound, { pool: { autoscale: { min: 3, max: 2 } } }],
      'sessions[0].pool.autoscale: {"min":3,"max":2} has a min above its max; exchange them.',
    ],
    [
      "clients that are everybody",
      [sound, { pool: { clients: { labels: {} } } }],
      "sessions[0].pool.clients.labels: {} is empty, which is every pod; name a label.",
    ],
    [
      "a folder of this machine",
      [sound, { workspace: { kind: "host", path: "/srv" } }],
      'sessions[0].workspace.kind: "host" takes a folder of this machine, and a pod runs on any node; write workspace: {kind: volume}.',
    ],
    [
      "a capability",
      [sound, { security: { capabilities: ["NET_BIND_SERVICE"] } }],
      'sessions[0].security.capabilities: ["NET_BIND_SERVICE"] cannot be added, as Pod Security admits none but NET_BIND_SERVICE; remove it.',
    ],
  ])("%s", (_, given, sentence) => expect(mistakesIn(...given)).toContain(sentence));

  test("a registry takes the place of named images", () => {
    expect(mistakesIn({ context: "prod" }, {}, { image: { registry: "registry.example/team" } })).toEqual([]);
  });

  test("a secret of a cluster's is refused where there is none", () => {
    const secret = { clusterSecret: { name: "team-key", key: "token" } };
    expect(() => parse({ sessions: [{ id: "a", credentials: { kind: "file", secret } }] })).toThrow(
      "sessions[0].credentials.secret.clusterSecret: the value is a Secret of a cluster, and sessions run on none; name where the secret is by env, file or command.",
    );
  });

  test.each(["claude-agent-b-auth", "claude-agent-b-credential-proxy-secret", "agent-sessions-registry"])(
    "the Secret %s, which the stack makes, is no session's to name",
    (name) => {
      const secret = (chosen: string) => ({ clusterSecret: { name: chosen, key: "token" } });
      const refused = `sessions[0].credentials.secret.clusterSecret.name: the value begins as the Secrets do that the stack makes, and may hold another session's; name one that something else fills.`;
      expect(mistakesIn(sound, { credentials: { kind: "file", secret: secret(name) } })).toEqual([refused]);
      expect(mistakesIn(sound, { repositories: [{ name: "one", url: "https://git.example/a.git", secret: secret(name) }] })).toEqual([
        refused.replace("credentials.", "repositories[0]."),
      ]);
      expect(mistakesIn(sound, { credentials: { kind: "file", secret: secret(`team-${name}`) } })).toEqual([]);
    },
  );

  test("a pool is refused where an engine runs sessions", () => {
    expect(() => parse({ sessions: [{ id: "a", pool: {} }] }, { environment: {} })).toThrow(
      'sessions[0].pool: {"replicas":3,"port":8080} is several containers of one session, which Kubernetes and ECS alone run; remove it, and describe as many sessions.',
    );
  });
});

test("the namespace is the one that is named, else the stack's", () => {
  expect(namespaceOf({ namespace: "agents" }, "Prod")).toBe("agents");
  expect(namespaceOf({}, "prod")).toBe("agent-sessions-prod");
  expect(() => namespaceOf({}, "Prod_1")).toThrow(
    "kubernetes.namespace: is left out, and the stack's name makes \"agent-sessions-Prod_1\", which is no namespace's; write one.",
  );
});
