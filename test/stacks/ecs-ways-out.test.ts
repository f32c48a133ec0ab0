import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { fargateExceptions } from "../../components/fargate/exceptions.ts";
import { passwordOf } from "../../components/egress-proxy/shared.ts";
import { SecretReference } from "../../components/session-part.ts";
import { evaluate, type PolicyConfig } from "../../policy/evaluate.ts";
import { UnreadSecrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { networkOf } from "../../stacks/strategies/ecs/network.ts";
import type { Registration } from "../../stacks/recorder/program.ts";
import { ecsSecrets, onEcs } from "../support/ecs.ts";
import { images } from "../support/fargate.ts";
import type { Recorded } from "../support/record.ts";

/** What sessions on ECS reach, and what serves them. */

const list = (id: string, ...allow: unknown[]) => ({ id, network: { egress: { allow } } });
const proxied = {
  id: "p",
  credentials: { kind: "proxy", secret: { env: "ECS_TEST_TOKEN" }, upstream: "https://api.anthropic.com/v1/messages" },
};
const cloned = (id: string, name = "tools") => ({ id, repositories: [{ name, url: `https://git.example.com/${name}` }] });

interface Definition {
  readonly name: string;
  readonly environment: readonly { readonly name: string; readonly value: string }[];
  readonly secrets?: readonly { readonly name: string; readonly valueFrom: string }[];
  readonly [key: string]: unknown;
}
const named = ({ of }: Recorded, type: string, name: string): Registration => {
  const found = of(type).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no ${type} called ${name}`);
  return found;
};
const containers = (run: Recorded, name: string): readonly Definition[] =>
  JSON.parse(named(run, "TaskDefinition", `${name}-definition`).inputs.containerDefinitions as string) as Definition[];
const container = (run: Recorded, task: string, name: string): Definition => {
  const found = containers(run, task).find((one) => one.name === name);
  if (found === undefined) throw new Error(`no container ${name} in ${task}`);
  return found;
};
const variables = ({ environment }: Definition) => Object.fromEntries(environment.map(({ name, value }) => [name, value]));
const secretNames = ({ secrets = [] }: Definition) => secrets.map(({ name }) => name);
const service = (run: Recorded, name: string) =>
  named({ ...run, of: (type) => run.of(type).filter((one) => one.type.startsWith("aws:ecs/")) }, "Service", `${name}-service`);
/** The groups and subnets of a service, by the names of the resources that they are. */
const placeOf = (run: Recorded, name: string) => {
  const names = service(run, name).dependencies.map((urn) => urn.split("::").at(-1) ?? "");
  const inputs = service(run, name).inputs.networkConfiguration as {
    securityGroups: unknown[];
    subnets: unknown[];
    assignPublicIp: boolean;
  };
  return { names, groups: inputs.securityGroups.length, publicIp: inputs.assignPublicIp };
};
/** The groups between which the rules of connections to a port are, as `from > to`, at both ends. */
const between = ({ of }: Recorded, port: number) => {
  const group = (urns: readonly string[], own: string) => {
    const names = urns.map((urn) => (urn.split("::").at(-1) ?? "").replace(/-group$/, ""));
    return names.find((name) => name !== own) ?? "nobody";
  };
  const rules = (type: string) => of(type).filter(({ inputs }) => inputs.fromPort === port);
  return {
    in: rules("SecurityGroupIngressRule").map(({ name, dependencies }) => {
      const own = name.replace(/-from-[a-z]+$/, "");
      return `${group(dependencies, own)} > ${own}`;
    }),
    out: rules("SecurityGroupEgressRule")
      .filter(({ inputs }) => inputs.cidrIpv4 === undefined)
      .map(({ name, dependencies }) => {
        const [own = "", kind] = name.split("-readers-to-");
        return kind === undefined ? name : `${group(dependencies, own)} > ${own}`;
      }),
  };
};
const plain = (text: string) => text.replaceAll(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22}/g, "unknown");
/** What is registered for one session, with unknown ids made alike. */
const ofSession = (run: Recorded, id: string) =>
  run.all
    .filter(({ urn }) => new RegExp(`::${id}(-|$)`).test(urn))
    .map(({ type, name, inputs }) => `${type} ${name} ${plain(JSON.stringify(inputs))}`)
    .sort();

describe("each egress mode", () => {
  test("none: no way out is made for anybody, and the session has no proxy", async () => {
    const run = await onEcs([{ id: "a" }]);
    expect(["NatGateway", "InternetGateway", "PrivateDnsNamespace", "SharedEgressProxy"].flatMap((type) => run.of(type))).toEqual([]);
    const session = container(run, "a", "session");
    expect([...Object.keys(variables(session)), ...secretNames(session)].filter((name) => /proxy/i.test(name))).toEqual([]);
    expect(placeOf(run, "a")).toMatchObject({ groups: 1, publicIp: false });
  });

  test("a list: the session signs in at the stack's proxy as itself, and no variable of its task holds the password", async () => {
    const run = await onEcs([list("a", "api.example.com")]);
    const session = container(run, "a", "session");
    expect(variables(session)).toMatchObject({
      NODE_USE_ENV_PROXY: "1",
      no_proxy: "localhost,127.0.0.1,::1",
      SESSION_PROXY_HEALTH_URL: "http://egress-proxy.test.agent-sessions.internal:3128/",
    });
    expect(secretNames(session)).toEqual(["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"]);
    const { secretString } = named(run, "SecretVersion", "a-environment-version").inputs as { secretString: { value: string } };
    const kept = JSON.parse(secretString.value) as Record<string, string>;
    const key = new SecretReference("", () => ecsSecrets.ECS_TEST_EGRESS_KEY);
    const password = passwordOf(key, "a").reveal();
    expect(new Set(Object.values(kept))).toEqual(new Set([`http://a:${password}@egress-proxy.test.agent-sessions.internal:3128`]));
    const proxy = variables(container(run, "egress-proxy", "egress-proxy"));
    expect(proxy.EGRESS_LOGINS).toBe(`a ${createHash("sha256").update(password).digest("hex")}`);
    expect(proxy.EGRESS_RULES).toContain("acl hosts0_0 dstdom_regex -n -i ^api\\.example\\.com$");
    const everything = JSON.stringify(run.all.filter(({ type }) => !type.includes("SecretVersion")));
    for (const secret of [password, ecsSecrets.ECS_TEST_EGRESS_KEY]) expect(everything).not.toContain(secret);
  });

  test("a list: the proxy has a group of its own that its sessions alone reach, and goes out on the ports of lists", async () => {
    const run = await onEcs([list("a", "api.example.com:443", "git.example.com:8443"), { id: "b" }]);
    const rules = [...run.of("SecurityGroupIngressRule"), ...run.of("SecurityGroupEgressRule")].filter(({ name }) =>
      name.includes("egress-proxy"),
    );
    expect(rules.map(({ name, inputs }) => [name, inputs.fromPort, inputs.cidrIpv4]).sort()).toEqual([
      ["egress-proxy-from-readers", 3128, undefined],
      ["egress-proxy-readers-to-egress-proxy", 3128, undefined],
      ["egress-proxy-to-hosts-443", 443, "0.0.0.0/0"],
      ["egress-proxy-to-hosts-8443", 8443, "0.0.0.0/0"],
    ]);
    expect(named(run, "Service", "egress-proxy-name").inputs).toMatchObject({
      name: "egress-proxy",
      dnsConfig: { routingPolicy: "MULTIVALUE", dnsRecords: [{ type: "A", ttl: 10 }] },
      healthCheckCustomConfig: { failureThreshold: 1 },
    });
    expect(service(run, "egress-proxy").inputs).toMatchObject({
      name: "agent-sessions-test-egress-proxy",
      desiredCount: 1,
      deploymentMinimumHealthyPercent: 100,
      deploymentMaximumPercent: 200,
      waitForSteadyState: true,
    });
    expect(placeOf(run, "egress-proxy").names).toEqual(
      expect.arrayContaining(["network-outer-0", "network-outer-1", "network-services-group"]),
    );
    expect(placeOf(run, "a").names).not.toContain("network-outer-0");
    expect(run.of("SharedEgressProxy")).toHaveLength(1);
    expect(named(run, "LogGroup", "egress-proxy-output").inputs.name).toBe("/agent-sessions/agent-sessions/test/_egress-proxy");
  });

  test("a list of a pool: the proxy has room for all its tasks", async () => {
    const pool = { autoscale: { min: 1, max: 5, cpu: 70, schedule: [{ at: "cron(0 8 * * ? *)", min: 1, max: 9 }] } };
    const run = await onEcs([{ ...list("a", "api.example.com"), pool }, list("b", "api.example.com")]);
    expect(container(run, "egress-proxy", "egress-proxy").ulimits).toEqual([{ name: "nofile", softLimit: 10_752, hardLimit: 10_752 }]);
  });

  test("an audit: the proxy goes anywhere, and every name is answered", async () => {
    const run = await onEcs([{ id: "a", network: { egress: { allow: [], mode: "audit" } } }]);
    expect(named(run, "SecurityGroupEgressRule", "egress-proxy-to-hosts-any").inputs).toMatchObject({
      ipProtocol: "-1",
      cidrIpv4: "0.0.0.0/0",
    });
    expect(run.of("DnsFirewall")).toEqual([]);
  });

  test("open: the session is where a way leads out, and has a group of its own kind", async () => {
    const run = await onEcs([{ id: "a", network: { egress: "open" } }, { id: "b" }]);
    expect(placeOf(run, "a").names).toContain("network-outer-0");
    expect(placeOf(run, "b").names).not.toContain("network-outer-0");
    expect(
      run
        .of("SecurityGroupEgressRule")
        .filter(({ inputs }) => inputs.cidrIpv4 !== undefined)
        .map(({ name }) => name),
    ).toEqual(["network-open-to-anywhere"]);
  });
});

describe("each source of credentials", () => {
  const proxyRules = (run: Recorded) =>
    [...run.of("SecurityGroupIngressRule"), ...run.of("SecurityGroupEgressRule")]
      .filter(({ name }) => name.startsWith("p-"))
      .map(({ name, inputs }) => `${name} ${inputs.fromPort} ${inputs.cidrIpv4 ?? ""}`.trim())
      .sort();

  test("a proxy is a task of its own, which its session alone reaches and which goes to its upstream's port", async () => {
    const run = await onEcs([proxied, { id: "b" }]);
    expect(proxyRules(run)).toEqual([
      "p-credential-proxy-from-readers 18787",
      "p-credential-proxy-readers-to-credential-proxy 18787",
      "p-credential-proxy-to-hosts-443 443 0.0.0.0/0",
    ]);
    expect(placeOf(run, "p").groups).toBe(2);
    expect(placeOf(run, "b").groups).toBe(1);
    expect(placeOf(run, "p").names).toContain("p-credential-proxy-readers-group");
    expect(placeOf(run, "b").names.filter((name) => name.startsWith("p-"))).toEqual([]);
    const session = container(run, "p", "session");
    expect(variables(session)).toMatchObject({
      ANTHROPIC_AUTH_TOKEN: "none",
      SESSION_MODEL_PROXY: "claude-agent-p-credential-proxy.test.agent-sessions.internal:18787",
    });
    expect(secretNames(session)).toEqual([]);
    expect(containers(run, "p").map(({ name }) => name)).toEqual(["session"]);
    const [proxy, writer] = containers(run, "p-credential-proxy");
    expect([proxy?.name, writer?.name]).toEqual(["credential-proxy", "credential-proxy-secrets"]);
    expect(variables(proxy as Definition)).toMatchObject({ LISTEN_PORT: "18787", UPSTREAM: "https://api.anthropic.com/v1/messages" });
    expect(proxy).toMatchObject({
      portMappings: [{ containerPort: 18787, hostPort: 18787, protocol: "tcp" }],
      dependsOn: [{ containerName: "credential-proxy-secrets", condition: "SUCCESS" }],
    });
    expect(named(run, "LogGroup", "p-credential-proxy-output").inputs.name).toBe("/agent-sessions/agent-sessions/test/p-credential-proxy");
  });

  test("a file is written by a container of the session's task, from its own secret", async () => {
    const run = await onEcs([{ id: "f", credentials: { kind: "file", secret: { env: "ECS_TEST_TOKEN" } } }]);
    expect(containers(run, "f").map(({ name, essential }) => [name, essential])).toEqual([
      ["session", true],
      ["session-secrets", false],
    ]);
    expect(run.of("Secret").map(({ inputs }) => inputs.namePrefix)).toEqual(["agent-sessions/agent-sessions/test/f/auth-"]);
    expect(run.of("NatGateway")).toEqual([]);
  });

  test("an init step goes out as its session does, and by its login", async () => {
    const init = { kind: "init", command: "fetch", secret: { env: "ECS_TEST_TOKEN" } };
    const run = await onEcs([
      { ...list("i", "vault.example.com"), credentials: init },
      { id: "j", credentials: init },
    ]);
    const step = container(run, "i", "claude-agent-i-auth");
    expect(secretNames(step)).toEqual(["HTTPS_PROXY", "HTTP_PROXY", "http_proxy", "https_proxy"]);
    expect(secretNames(container(run, "j", "claude-agent-j-auth"))).toEqual([]);
    // Whoever looks at them in Secrets Manager can tell them apart.
    const kept = run.of("Secret").map(({ inputs }) => String(inputs.namePrefix));
    expect(kept.filter((name) => name.includes("/i/")).sort()).toEqual([...new Set(kept.filter((name) => name.includes("/i/")))].sort());
    expect(kept).toContain("agent-sessions/agent-sessions/test/i/claude-agent-i-auth-environment-");
    expect(run.outputs).toMatchObject({
      authority: expect.arrayContaining([expect.stringContaining("an init step with the session's egress")]) as unknown,
    });
  });

  test("a variable is a secret of its own, which no step before the session has", async () => {
    const exception = { reason: "a test", owner: "tests", expires: "2099-01-01" };
    const environment = { kind: "environment", secret: { env: "ECS_TEST_TOKEN" }, exception };
    const run = await onEcs([{ ...cloned("e"), credentials: environment }]);
    expect(secretNames(container(run, "e", "session"))).toEqual(["CLAUDE_AUTH_TOKEN"]);
    expect(secretNames(container(run, "e", "clone-tools"))).toEqual([]);
  });

  test("none needs no secret", async () => {
    expect((await onEcs([{ id: "n" }])).of("Secret")).toEqual([]);
  });
});

test("what serves sessions lets in those it serves alone, and these reach it alone", async () => {
  const run = await onEcs([{ ...proxied, ...list("p", "api.example.com"), ...cloned("p") }, { id: "b" }]);
  const keeper = run.one("RepositoryMirror").name;
  const both = (connection: string) => ({ in: [connection], out: [connection] });
  expect(between(run, 18_787)).toEqual(both("p-credential-proxy-readers > p-credential-proxy"));
  expect(between(run, 8418)).toEqual(both(`${keeper}-readers > ${keeper}`));
  expect(between(run, 3128)).toEqual(both("network-filtered > egress-proxy"));
});

describe("a clone", () => {
  test("is kept by a task with a way out to its URL's port, and copied by sessions that name it alone", async () => {
    const run = await onEcs([cloned("a"), cloned("b"), { id: "c" }]);
    const keeper = run.one("RepositoryMirror").name;
    expect(containers(run, keeper).map(({ name }) => name)).toEqual(["repository"]);
    const { command, healthCheck } = container(run, keeper, "repository") as unknown as { command: string[]; healthCheck: object };
    expect(command.at(-1)).toBe("/usr/local/bin/repository-fetch && exec node /usr/local/lib/agent-sessions/repository-mirror.js");
    expect(healthCheck).toMatchObject({ startPeriod: 300, interval: 120, retries: 10 });
    expect(variables(container(run, "a", "clone-tools")).REPOSITORY_MIRROR).toBe(`${keeper}.test.agent-sessions.internal:8418`);
    expect(["a", "b", "c"].map((id) => placeOf(run, id).names.includes(`${keeper}-readers-group`))).toEqual([true, true, false]);
    expect(["a", "b", "c"].map((id) => placeOf(run, id).groups)).toEqual([2, 2, 1]);
  });

  test("its secret is in no session's task", async () => {
    const repositories = [{ name: "tools", url: "https://git.example.com/tools", secret: { env: "ECS_TEST_PASSWORD" } }];
    const run = await onEcs([{ id: "a", repositories }]);
    expect(run.of("Secret").filter(({ name }) => name.startsWith("a-"))).toEqual([]);
    expect(run.of("Secret")).toHaveLength(1);
  });
});

describe("another session", () => {
  test("leaves the registrations of the others as they were", async () => {
    const one = { ...list("a", "api.example.com"), ...cloned("a"), credentials: proxied.credentials };
    const three = [one, { id: "b" }, list("c", "other.example.com"), { ...cloned("d"), network: { egress: "open" } }];
    const [before, after] = [await onEcs([one]), await onEcs(three)];
    expect(ofSession(before, "a").length).toBeGreaterThan(25);
    expect(ofSession(after, "a")).toEqual(ofSession(before, "a"));
    expect(run(after, "egress-proxy")).not.toBe(run(before, "egress-proxy"));
  });
  const run = (recorded: Recorded, name: string) => JSON.stringify(containers(recorded, name));
});

describe("a parent proxy", () => {
  const parent = { url: "http://10.1.2.3:3128", username: "svc", secret: { env: "ECS_TEST_PASSWORD" } };

  test("is where proxies go, and its login is a secret of the task that signs in there", async () => {
    const run = await onEcs([{ ...list("a", "api.example.com"), credentials: proxied.credentials }], {}, { egress: { parent } });
    const wide = run.of("SecurityGroupEgressRule").filter(({ inputs }) => inputs.cidrIpv4 !== undefined);
    expect(wide.map(({ name, inputs }) => `${name} ${inputs.cidrIpv4} ${inputs.fromPort}`).sort()).toEqual([
      "a-credential-proxy-to-10.1.2.3-3128 10.1.2.3/32 3128",
      "egress-proxy-to-10.1.2.3-3128 10.1.2.3/32 3128",
    ]);
    const proxy = container(run, "egress-proxy", "egress-proxy");
    expect(variables(proxy).PARENT_PROXY).toBe("http://10.1.2.3:3128");
    expect(secretNames(proxy)).toEqual(["PARENT_LOGIN"]);
    expect(secretNames(container(run, "a", "session"))).not.toContain("PARENT_LOGIN");
  });
});

describe("the policy rules, at the level production", () => {
  /** What stops a roll-out. */
  const refused = ({ all }: Recorded, config: PolicyConfig) =>
    evaluate(
      all.map((one) => ({ ...one, props: one.inputs })),
      { level: "production", config },
    ).findings.filter(({ verdict, enforcement }) => verdict === "violation" && enforcement === "mandatory");

  test("let a stack with every way out pass by exceptions that are written down, each of which is needed", async () => {
    const run = await onEcs([{ ...list("a", "api.example.com"), ...cloned("a"), credentials: proxied.credentials }, { id: "b" }]);
    expect(refused(run, run.config)).toEqual([]);
    expect(new Set(refused(run, {}).map(({ rule }) => rule))).toEqual(new Set(Object.keys(fargateExceptions)));
  });

  test("refuse a session that reaches any host", async () => {
    const run = await onEcs([{ id: "a", network: { egress: "open" } }]);
    expect(refused(run, run.config).map(({ rule, resource }) => `${rule} ${resource.split("::").at(-1)}`)).toEqual([
      "SG-002 network-open-to-anywhere",
    ]);
  });
});

describe("what a stack's network leads to", () => {
  const settings = (sessions: readonly object[], more: object = {}) =>
    parse({ strategy: "ecs", ecs: { region: "eu-central-1", images, egressKey: { env: "X" } }, sessions, ...more }, { environment: {} });

  test.each<[what: string, sessions: readonly object[], expected: object]>([
    ["nothing", [{ id: "a" }], { reaches: ["nothing"], outward: false, names: [], dnsFirewall: true }],
    [
      "hosts of lists",
      [list("a", "x.example", "*.y.example"), { id: "b" }],
      { reaches: ["egress proxy", "nothing"], outward: false, names: ["*.y.example", "x.example"] },
    ],
    [
      "upstreams and clones",
      [proxied, cloned("c")],
      { reaches: ["nothing"], outward: true, names: ["api.anthropic.com", "git.example.com"] },
    ],
    ["any host", [{ id: "a", network: { egress: "open" } }], { reaches: ["anywhere"], names: "any" }],
  ])("%s", (_, sessions, expected) => {
    expect(networkOf(settings(sessions) as Parameters<typeof networkOf>[0])).toMatchObject(expected);
  });

  test("a VPC that is given is looked after by whoever made it, unless asked", () => {
    const vpc = { id: "vpc-0a", subnets: ["subnet-0a"], proxySubnets: ["subnet-0b"] };
    const given = (more: object) =>
      parse({ strategy: "ecs", ecs: { region: "eu-central-1", images, vpc, ...more }, sessions: [{ id: "a" }] }, { environment: {} });
    expect(networkOf(given({}) as Parameters<typeof networkOf>[0])).toMatchObject({ vpc, dnsFirewall: false });
    expect(networkOf(given({ dnsFirewall: true }) as Parameters<typeof networkOf>[0]).dnsFirewall).toBe(true);
  });
});

describe("a plan says to which sessions every name is answered though they reach none, or a list", () => {
  const vpc = { id: "vpc-0a", subnets: ["subnet-0a"], proxySubnets: ["subnet-0b"] };
  const open = (id: string) => ({ id, network: { egress: "open" } });
  const audited = { id: "c", network: { egress: { allow: [], mode: "audit" } } };
  const page = "(components/isolated-network/README.md).";
  const because = (id: string) =>
    `no name that is not needed: session ${id} asks for any host, and a VPC has one DNS firewall, so that there is none; give it a stack of its own ${page}`;
  const without = `no name that is not needed: there is no DNS firewall in the VPC; write ecs.dnsFirewall: true ${page}`;

  test.each<[string, readonly object[], object, readonly string[]]>([
    ["not where a firewall keeps the others back", [{ id: "a" }, list("b", "x.example")], {}, []],
    ["an open one beside them", [{ id: "a" }, list("b", "x.example"), open("c")], {}, [`for sessions a, b: ${because("c")}`]],
    ["an audit beside them", [{ id: "a" }, audited], {}, [`for session a: ${because("c")}`]],
    ["a VPC that is given", [{ id: "a" }, list("b", "x.example")], { vpc }, [`for every session: ${without}`]],
    ["not where the firewall is in it", [{ id: "a" }], { vpc, dnsFirewall: true }, []],
    ["a firewall that is turned off", [{ id: "a" }, open("c")], { dnsFirewall: false }, [`for session a: ${without}`]],
    ["not those that ask for any host themselves", [open("c")], {}, []],
  ])("%s", async (_, sessions, ecs, expected) => {
    const place = { region: "eu-central-1", images, egressKey: { env: "X" }, ...ecs };
    const { reported } = parse({ strategy: "ecs", ecs: place, sessions }, { environment: {} });
    const names = reported.filter((line) => line.includes("no name that"));
    expect(names).toEqual(expected.map((rest) => `Not enforced on ECS on Fargate, ${rest}`));
    const firewalls = (await onEcs(sessions, ecs)).of("DnsFirewall");
    const concerned = sessions.some(({ network }: { network?: { egress?: unknown } }) => network?.egress !== "open");
    expect(firewalls).toHaveLength(concerned && names.length === 0 ? 1 : 0);
  });
});

test("more clones than a network interface takes groups are refused, naming the quota", () => {
  const urls = (count: number) =>
    Array.from({ length: count }, (_, index) => ({ name: `r${index}`, url: `https://git.example.com/r${index}` }));
  const parsed = (session: object) => () =>
    parse({ strategy: "ecs", ecs: { region: "eu-central-1", images }, sessions: [session] }, { environment: {} });
  expect(parsed({ id: "a", repositories: urls(4) })).not.toThrow();
  expect(parsed({ ...proxied, repositories: urls(3) })).not.toThrow();
  expect(parsed({ ...proxied, repositories: urls(4) })).toThrow(
    'session "p": names 4 repositories by url, each of which takes one of the 5 security groups of a network interface; name at most 3.',
  );
});

describe("the key of the logins", () => {
  const parsed = (ecs: object, sessions: readonly object[]) =>
    parse({ strategy: "ecs", ecs: { region: "eu-central-1", images, ...ecs }, sessions }, { environment: {} });

  test("is asked for where a session has a list, and nowhere else", () => {
    expect(() => parsed({}, [list("a", "x.example")])).toThrow(
      'ecs.egressKey: is missing, and session "a" has an allow list; name a secret such as {env: EGRESS_KEY}, which "openssl rand -hex 32" makes.',
    );
    expect(() => parsed({}, [{ id: "a" }])).not.toThrow();
  });

  test("that somebody could guess is refused, without being told", async () => {
    const { Secrets, noEncryptedConfig } = await import("../../stacks/secrets.ts");
    process.env.ECS_TEST_SHORT_KEY = "too-short-a-key";
    const read = new Secrets(noEncryptedConfig).read(parsed({ egressKey: { env: "ECS_TEST_SHORT_KEY" } }, [list("a", "x.example")]));
    const error = await read.then(
      () => "",
      (error: Error) => error.message,
    );
    expect(error).toContain("ecs.egressKey: env ECS_TEST_SHORT_KEY has fewer than 32 characters");
    expect(error).not.toContain("too-short-a-key");
  });

  test("is not needed to judge a stack", () => {
    expect(new UnreadSecrets().reference({ key: "", from: "env", name: "X" }).reveal()).toBe("");
  });
});
