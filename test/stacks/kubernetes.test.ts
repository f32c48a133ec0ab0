import { readFileSync } from "node:fs";
import { beforeAll, describe, expect, test } from "vitest";
import { policyConfig } from "../../stacks/policy-config.ts";
import { review } from "../../stacks/recorder/review.ts";
import type { Registration } from "../../stacks/recorder/registration.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse, type Settings } from "../../stacks/settings.ts";
import { deploy } from "../../stacks/deploy.ts";
import { record, type Recorded } from "../support/record.ts";

/** What the strategy kubernetes asks for, from settings on. */

const digest = "0".repeat(64);
const images = { session: `registry.example/session@sha256:${digest}`, egressProxy: `registry.example/proxy@sha256:${digest}` };

/** A stack's settings, and what they ask for. */
async function recorded(
  sessions: readonly object[],
  kubernetes: object = {},
): Promise<Recorded & { readonly settings: Settings; readonly authority: readonly string[] }> {
  const settings = parse({ strategy: "kubernetes", kubernetes: { context: "test", images, ...kubernetes }, sessions }, { environment: {} });
  let authority: readonly string[] = [];
  const run = await record(async () => {
    ({ authority } = await deploy(settings, { project: "agent-sessions", stack: "test" }, new Secrets(noEncryptedConfig)));
  });
  return { ...run, settings, authority };
}

/** The objects of the cluster: kind and name. */
const objectsIn = ({ all }: Recorded) =>
  all
    .filter(({ type }) => type.startsWith("kubernetes:"))
    .map(({ type, inputs }) => `${type.split(":").at(-1)} ${(inputs.metadata as { name: string }).name}`)
    .sort();

/** What is asked for one of these sessions, whatever else there is. */
const ofSession = ({ all }: Recorded, id: string) =>
  all
    .filter(({ name }) => name === id || name.startsWith(`${id}-`))
    .map(({ urn, inputs, dependencies, parent }: Registration) => ({ urn, inputs, parent, dependencies: [...dependencies].sort() }))
    .sort((one, other) => (one.urn < other.urn ? -1 : 1));

const alone = [
  "NetworkPolicy claude-agent-a",
  "PersistentVolumeClaim claude-agent-a-logs",
  "PersistentVolumeClaim claude-agent-a-session",
  "PersistentVolumeClaim claude-agent-a-workspace",
  "PodDisruptionBudget claude-agent-a",
  "Service claude-agent-a",
  "ServiceAccount claude-agent-a",
  "StatefulSet claude-agent-a",
];
const common = [
  "ConfigMap agent-sessions-test-alerts",
  "LimitRange sessions",
  "Namespace agent-sessions-test",
  "NetworkPolicy default-deny",
  "ResourceQuota sessions",
  "ValidatingAdmissionPolicy agent-sessions-test.agent-sessions",
  "ValidatingAdmissionPolicyBinding agent-sessions-test.agent-sessions",
];

test("one session is eight objects, in a namespace that is there first", async () => {
  const run = await recorded([{ id: "a" }]);
  expect(objectsIn(run)).toEqual([...alone, ...common].sort());
  const namespaces = run.all.flatMap(({ type, inputs }) =>
    type.startsWith("kubernetes:") ? [(inputs.metadata as { namespace?: string }).namespace] : [],
  );
  // The namespace, the admission policy and its binding have none.
  expect(namespaces.filter((name) => name !== "agent-sessions-test")).toEqual([undefined, undefined, undefined]);
  expect(run.one("SessionVolumes").dependencies).toEqual(expect.arrayContaining(run.of("Namespace").map(({ urn }) => urn)));
});

describe("of three sessions", () => {
  const first = { id: "a", network: { egress: { allow: ["example.com"] } } };
  const second = { id: "b", workspace: { kind: "tmpfs", size: "1 GB" } };
  const third = { id: "c", pool: { replicas: 2 } };
  let two: Recorded;
  let three: Recorded & { readonly settings: Settings };

  beforeAll(async () => {
    [two, three] = [await recorded([first, second]), await recorded([first, second, third])];
  });

  test("each has what it asks for", () => {
    expect(objectsIn(three)).toEqual(
      [
        ...common,
        ...alone,
        "Deployment claude-agent-a-proxy",
        "NetworkPolicy claude-agent-a-proxy",
        "Service claude-agent-a-proxy",
        ...alone.filter((one) => !one.endsWith("workspace")).map((one) => one.replace("agent-a", "agent-b")),
        "Deployment claude-agent-c",
        "NetworkPolicy claude-agent-c",
        "PodDisruptionBudget claude-agent-c",
        "Service claude-agent-c",
        "ServiceAccount claude-agent-c",
      ].sort(),
    );
  });

  test("one that is added leaves what the others ask for as it was", () => {
    for (const id of ["a", "b"]) {
      expect(ofSession(two, id).length).toBeGreaterThan(8);
      expect(ofSession(three, id)).toEqual(ofSession(two, id));
    }
  });

  test("the policy rules let all of it pass at the level of production", () => {
    const report = review(three.all, three.settings);
    expect(report.findings.filter(({ verdict }) => verdict !== "recommendation").map(({ rule, message }) => `${rule} ${message}`)).toEqual(
      [],
    );
    expect(policyConfig(three.settings)["K8S-013"]).toEqual({ proxies: ["a-proxy-policy"] });
  });
});

test("nothing that a session may not know is in what is asked for its pod, and a changed key changes no pod", async () => {
  const sessions = [{ id: "a", credentials: { kind: "file", secret: { env: "TEST_CLUSTER_KEY" } } }];
  const keyed = async (key: string) => {
    process.env.TEST_CLUSTER_KEY = key;
    try {
      return await recorded(sessions);
    } finally {
      delete process.env.TEST_CLUSTER_KEY;
    }
  };
  const [one, other] = [await keyed("sesame-one"), await keyed("sesame-two")];
  expect(JSON.stringify(one.one("StatefulSet"))).not.toContain("sesame");
  expect(other.one("StatefulSet").inputs).toEqual(one.one("StatefulSet").inputs);
  expect(other.one("Secret").inputs).not.toEqual(one.one("Secret").inputs);
});

test("a secret that the cluster keeps is named where it is read, and is in nothing that is asked for", async () => {
  const secret = { clusterSecret: { name: "team-key", key: "api.key" } };
  const url = "https://git.example/tools.git";
  const proxy = { kind: "proxy", secret, upstream: "https://api.example/v1/messages" };
  const exception = { reason: "r", owner: "o", expires: "2099-01-01" };
  const run = await recorded([
    { id: "a", credentials: { kind: "file", secret } },
    { id: "b", credentials: { kind: "file", secret: { clusterSecret: { name: "login", key: ".credentials.json" } } } },
    { id: "c", credentials: proxy, repositories: [{ name: "tools", url, secret }] },
    { id: "d", credentials: { kind: "environment", secret, exception } },
    { id: "e", credentials: { kind: "init", command: "cat /secret/token", secret } },
  ]);
  expect(objectsIn(run).filter((name) => name.startsWith("Secret "))).toEqual([]);
  const pods = run.all.flatMap(({ inputs }) => (inputs.spec as { template?: { spec: object } } | undefined)?.template?.spec ?? []);
  const [{ name: clone = "" } = {}] = run.of("RepositoryClone");
  const volumes = pods.flatMap((pod) => (pod as { volumes: { name: string; secret?: object }[] }).volumes);
  const kept = (secretName: string, key: string, path: string) => ({ secretName, items: [{ key, path }], defaultMode: 0o440 });
  expect(Object.fromEntries(volumes.flatMap(({ name, secret }) => (secret === undefined ? [] : [[name, secret]])))).toEqual({
    "claude-agent-a-auth": kept("team-key", "api.key", "token"),
    "claude-agent-b-auth": kept("login", ".credentials.json", ".credentials.json"),
    "claude-agent-c-credential-proxy-secret": kept("team-key", "api.key", "token"),
    [`${clone}-secret`]: kept("team-key", "api.key", "password"),
    "claude-agent-e-auth-secret": kept("team-key", "api.key", "token"),
  });
  expect(run.authority.filter((line) => line.includes("secret"))).toEqual([
    "repository tools: secret api.key of the cluster's team-key to clone https://git.example/tools.git",
    "session a: secret api.key of the cluster's team-key as a file below /auth",
    "session b: secret .credentials.json of the cluster's login as a file below /auth",
    "session c: secret api.key of the cluster's team-key for https://api.example/v1/messages by way of a proxy",
    "session d: secret api.key of the cluster's team-key as the variable CLAUDE_AUTH_TOKEN",
    "session e: secret that an init step with the session's egress fetches with secret api.key of the cluster's team-key: cat /secret/token",
  ]);
  const findings = review(run.all, run.settings).findings.filter(({ verdict }) => verdict !== "recommendation");
  expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
});

test("nodes sign in where images are by a Secret that is there before any pod", async () => {
  const login = '{"auths":{"registry.example":{"auth":"c2VzYW1l"}}}';
  process.env.TEST_CLUSTER_LOGIN = login;
  const { one } = await recorded([{ id: "a" }], { pullSecret: { env: "TEST_CLUSTER_LOGIN" } }).finally(() => {
    delete process.env.TEST_CLUSTER_LOGIN;
  });
  expect(one("Secret").inputs).toEqual({
    apiVersion: "v1",
    kind: "Secret",
    metadata: {
      name: "agent-sessions-registry",
      namespace: "agent-sessions-test",
      labels: {
        "app.kubernetes.io/managed-by": "agent-sessions",
        "agent-sessions/project": "agent-sessions",
        "agent-sessions/stack": "test",
      },
    },
    type: "kubernetes.io/dockerconfigjson",
    // Secret to the engine, as the mark beside it says.
    stringData: {
      "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270",
      value: { ".dockerconfigjson": login },
    },
  });
  const { template } = one("StatefulSet").inputs.spec as { template: { spec: object } };
  expect(template.spec).toMatchObject({ imagePullSecrets: [{ name: "agent-sessions-registry" }] });
  expect(one("SessionVolumes").dependencies).toContain(one("Secret").urn);
});

test("what is no login at a registry is refused before anything is registered", async () => {
  process.env.TEST_CLUSTER_LOGIN = "sesame";
  const error = await recorded([{ id: "a" }], { pullSecret: { env: "TEST_CLUSTER_LOGIN" } })
    .catch((thrown: Error) => thrown)
    .finally(() => {
      delete process.env.TEST_CLUSTER_LOGIN;
    });
  expect((error as Error).message).toContain("kubernetes.pullSecret: env TEST_CLUSTER_LOGIN is not what ~/.docker/config.json has");
  expect((error as Error).message).not.toContain("sesame");
});

test.each([{}, { sharedStorageClass: "nfs" }])(
  "the policy rules let clones and proxies with keys pass too, with %j",
  async (kubernetes) => {
    const { all, settings } = await recorded(
      [
        {
          id: "a",
          repositories: [{ name: "tools", url: "https://git.example/tools" }],
          credentials: { kind: "proxy", secret: { env: "PATH" } },
        },
      ],
      kubernetes,
    );
    const findings = review(all, settings).findings.filter(({ verdict }) => verdict !== "recommendation");
    expect(findings.map(({ rule, message }) => `${rule} ${message}`)).toEqual([]);
  },
);

test.each([
  ["a session without egress", "500 without egress", {}],
  ["one with an allow list", "500 with an allow list", { egress: { allow: ["example.com"] } }],
])("%s, and %s, are as many objects and bytes as the README has measured", async (one, many, network) => {
  const page = readFileSync(new URL("../../components/cluster/README.md", import.meta.url), "utf8");
  const said = (row: string) => {
    const [, objects = "", bytes = ""] = new RegExp(`^\\| ${row} \\| ([\\d,]+) \\| (.+) \\|$`, "m").exec(page) ?? [];
    const [amount = "", unit] = bytes.split(" ");
    return [Number(objects.replace(",", "")), Number(amount.replace(",", "")) * (unit === "MB" ? 1e6 : 1)] as const;
  };
  const measured = async (count: number) => {
    const { all } = await recorded(Array.from({ length: count }, (_, index) => ({ id: `s-${100 + index}`, network })));
    const objects = all.filter(({ type }) => type.startsWith("kubernetes:")).map(({ inputs }) => inputs);
    return [objects.length, JSON.stringify(objects).length] as const;
  };
  const [few, more] = [await measured(1), await measured(3)];
  const each = [(more[0] - few[0]) / 2, (more[1] - few[1]) / 2] as const;
  const all = [few[0] + 499 * each[0], few[1] + 499 * each[1]] as const;
  for (const [row, found] of [
    [one, each],
    [many, all],
  ] as const) {
    expect(said(row)[0]).toBe(found[0]);
    expect(Math.abs(said(row)[1] - found[1]) / found[1]).toBeLessThan(0.03);
  }
});
