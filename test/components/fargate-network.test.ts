import { describe, expect, test } from "vitest";
import { endpointNames, endpointsOf } from "../../components/fargate/endpoints.ts";
import { outwards, toRule, world } from "../../components/fargate/groups.ts";
import { SessionsNetwork, type SessionsNetworkArgs } from "../../components/fargate/network.ts";
import { type Fargate, FargateProvider } from "../../components/fargate/provider.ts";
import { domainOf, toLabel } from "../../components/fargate/tags.ts";
import { layout } from "../../components/fargate/vpc-layout.ts";
import { isWithin } from "../../components/egress-proxy/addresses.ts";
import { fargate } from "../support/fargate.ts";
import { type Recorded, record } from "../support/record.ts";

const made = { vpc: { cidr: "10.60.0.0/16", zones: 2 }, reaches: ["nothing"], names: [], dnsFirewall: true } as const;
const given = { ...made, vpc: { id: "vpc-1", subnets: ["subnet-1"], proxySubnets: ["subnet-2"] } };

const network = (args: SessionsNetworkArgs, more: Partial<Fargate> = {}): Promise<Recorded> =>
  record(() => {
    new SessionsNetwork("network", args, { provider: new FargateProvider("aws", { ...fargate, ...more }) });
  });

/** The rules of all groups, with what they are named: `sealed to files on 2049`. */
function rulesIn({ of }: Recorded): string[] {
  const rules = [...of("SecurityGroupIngressRule"), ...of("SecurityGroupEgressRule")];
  return rules.map(({ name, inputs }) => `${name.replace(/^network-/, "").replaceAll("-", " ")} on ${inputs.fromPort ?? "any"}`).sort();
}
const counts = ({ all }: Recorded) =>
  Object.fromEntries(
    [...Map.groupBy(all, ({ type }) => type.split(":").at(-1) ?? "")].map(([type, some]): [string, number] => [type, some.length]).sort(),
  );

describe("the subnets of a VPC", () => {
  test.each([
    [
      "10.60.0.0/16",
      2,
      { sessions: ["10.60.0.0/18", "10.60.64.0/18"], outer: ["10.60.128.0/19", "10.60.160.0/19"], gateway: "10.60.192.0/28" },
    ],
    ["10.60.7.9/22", 1, { sessions: ["10.60.4.0/24"], outer: ["10.60.6.0/25"], gateway: "10.60.7.0/28" }],
    [
      "172.31.252.0/22",
      3,
      {
        sessions: ["172.31.252.0/25", "172.31.252.128/25", "172.31.253.0/25"],
        outer: ["172.31.254.0/26", "172.31.254.64/26", "172.31.254.128/26"],
        gateway: "172.31.255.0/28",
      },
    ],
  ])("%s in %i zones", (cidr, zones, blocks) => {
    expect(layout(cidr, zones)).toEqual(blocks);
  });

  test("none lies in another, and all lie in the VPC, whatever its size and its zones", () => {
    for (const length of [16, 17, 18, 19, 20, 21, 22])
      for (const zones of [1, 2, 3, 4, 5, 6]) {
        const cidr = `10.32.0.0/${length}`;
        const { sessions, outer, gateway } = layout(cidr, zones);
        const all = [...sessions, ...outer, gateway];
        expect(all.filter((block) => !isWithin(block, cidr) || Number(block.split("/")[1]) > 28)).toEqual([]);
        expect(all.filter((block, index) => all.some((other, at) => at !== index && isWithin(block, other)))).toEqual([]);
      }
  });
});

describe("the network of sessions that reach nothing", () => {
  test("has no way out and no way in", async () => {
    const run = await network(made);
    for (const type of ["Route", "InternetGateway", "NatGateway", "Eip", "PrivateDnsNamespace"]) expect(run.of(type)).toEqual([]);
    expect(run.of("Subnet").map(({ inputs }) => [inputs.cidrBlock, inputs.availabilityZone, inputs.mapPublicIpOnLaunch])).toEqual([
      ["10.60.0.0/18", "eu-central-1a", false],
      ["10.60.64.0/18", "eu-central-1b", false],
    ]);
    expect(run.one("DefaultSecurityGroup").inputs).toMatchObject({ ingress: [], egress: [] });
  });

  test("opens AWS's endpoints and the file system, and nothing else", async () => {
    const run = await network(made);
    expect(rulesIn(run)).toEqual([
      "endpoints from sealed on 443",
      "endpoints from services on 443",
      "files from sealed on 2049",
      "sealed to endpoints on 443",
      "sealed to files on 2049",
      "sealed to layers on 443",
      "services to endpoints on 443",
      "services to layers on 443",
    ]);
    const rules = [...run.of("SecurityGroupIngressRule"), ...run.of("SecurityGroupEgressRule")];
    expect(rules.filter(({ inputs }) => "cidrIpv4" in inputs || "cidrIpv6" in inputs)).toEqual([]);
    for (const { inputs } of [...rules, ...run.of("SecurityGroup")]) expect(inputs.description).toMatch(/^[\w .:/()#,@[\]+=&;{}!$*-]+$/);
    for (const { inputs } of run.of("SecurityGroup")) expect(inputs).not.toHaveProperty("egress");
  });

  test("records what is refused, by a role of flow logs alone", async () => {
    const run = await network(made);
    expect(run.one("FlowLog").inputs).toMatchObject({ trafficType: "REJECT", logDestinationType: "cloud-watch-logs" });
    expect(run.one("LogGroup").inputs).toMatchObject({ name: "/agent-sessions/agent-sessions/test/_network", retentionInDays: 30 });
    expect(JSON.parse(run.one("Role").inputs.assumeRolePolicy as string)).toEqual({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: { Service: "vpc-flow-logs.amazonaws.com" },
          Action: "sts:AssumeRole",
          Condition: {
            ArnLike: { "aws:SourceArn": "arn:aws:ec2:eu-central-1:123456789012:vpc-flow-log/*" },
            StringEquals: { "aws:SourceAccount": "123456789012" },
          },
        },
      ],
    });
  });
});

describe("the network of sessions that go out", () => {
  test("leads out by one NAT gateway, from subnets in which no session is", async () => {
    const run = await network({ ...made, reaches: ["nothing", "egress proxy"] });
    expect(counts(run)).toMatchObject({ NatGateway: 1, InternetGateway: 1, Eip: 1, Route: 2, RouteTable: 3, PrivateDnsNamespace: 1 });
    const [gateway, outer] = run.of("Route").toSorted((one, other) => (one.name < other.name ? -1 : 1));
    expect([gateway?.name, gateway?.inputs.destinationCidrBlock, outer?.name, outer?.inputs.destinationCidrBlock]).toEqual([
      "network-gateway-route",
      "0.0.0.0/0",
      "network-outer-route",
      "0.0.0.0/0",
    ]);
    const ofSessions = run.of("RouteTable").find(({ name }) => name === "network-sessions-routes");
    expect(run.of("Route").filter(({ dependencies }) => dependencies.includes(ofSessions?.urn ?? ""))).toEqual([]);
    expect(run.one("PrivateDnsNamespace").inputs.name).toBe("test.agent-sessions.internal");
  });

  test.each([
    ["a session with a list reaches no address", "egress proxy", undefined],
    ["an open one reaches any", "anywhere", "network-open-to-anywhere"],
  ] as const)("%s", async (_, reach, rule) => {
    const run = await network({ ...made, reaches: [reach] });
    const wide = run.of("SecurityGroupEgressRule").filter(({ inputs }) => inputs.cidrIpv4 !== undefined);
    expect(wide.map(({ name }) => name)).toEqual(rule === undefined ? [] : [rule]);
  });

  test("another reach leaves what there was as it is", async () => {
    const [one, two] = [
      await network({ ...made, outward: true }),
      await network({ ...made, outward: true, reaches: ["nothing", "anywhere"] }),
    ];
    const inputs = ({ all }: Recorded) => new Map(all.map(({ name, type, inputs }) => [`${type} ${name}`, JSON.stringify(inputs)]));
    // What stands for an unknown id is another one in each run.
    const plain = (text = "") => text.replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, "unknown");
    const after = inputs(two);
    expect([...inputs(one)].filter(([name, text]) => plain(after.get(name)) !== plain(text))).toEqual([]);
  });
});

describe("the resolver", () => {
  const listed = ({ of }: Recorded) =>
    of("ResolverFirewallDomainList").find(({ name }) => name === "network-dns-answered")?.inputs.domains as string[];

  test("answers names of AWS, of what serves sessions and of their lists, and no other", async () => {
    const run = await network({ ...made, reaches: ["egress proxy"], names: ["api.example.com", "*.example.org"] });
    expect(listed(run)).toEqual(
      [...endpointNames(fargate), "*.test.agent-sessions.internal", "api.example.com", "*.example.org"].toSorted(),
    );
    const rules = run.of("ResolverFirewallRule").map(({ inputs: { firewallRuleGroupId, firewallDomainListId, ...plain } }) => plain);
    const byPriority = rules.toSorted((one, other) => Number(one.priority) - Number(other.priority));
    expect(byPriority).toEqual([
      { name: "agent-sessions-test-answered", priority: 1, action: "ALLOW", firewallDomainRedirectionAction: "TRUST_REDIRECTION_DOMAIN" },
      { name: "agent-sessions-test-others", priority: 2, action: "BLOCK", blockResponse: "NXDOMAIN" },
    ]);
    expect(run.of("ResolverFirewallDomainList").map(({ inputs }) => inputs.domains)).toContainEqual(["*"]);
    expect(run.one("ResolverFirewallConfig").inputs).toMatchObject({ firewallFailOpen: "DISABLED" });
    expect(run.one("ResolverFirewallRuleGroupAssociation").inputs).toMatchObject({ priority: 101 });
  });

  test.each([
    ["where any host is asked for", { ...made, names: "any" }],
    ["where it is left to others", { ...given, dnsFirewall: false }],
  ] as const)("is left as it is %s", async (_, args) => {
    expect((await network(args)).all.filter(({ type }) => type.includes("Firewall"))).toEqual([]);
  });

  test.each(["test", "Team_A", "1.2", "x".repeat(70), "-"])("finds a stack called %s by a name of the DNS", (stack) => {
    expect(toLabel(stack)).toMatch(/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/);
    expect(domainOf({ project: "p", stack })).toBe(`${toLabel(stack)}.p.internal`);
  });
});

describe("AWS's endpoints", () => {
  const statements = (policy: string) =>
    (JSON.parse(policy) as { Statement: { Action: string[]; Resource: string | string[]; Condition?: object }[] }).Statement;
  const account = "123456789012";
  const key = `arn:aws:kms:eu-central-1:${account}:key/of-the-stack`;

  test("take nothing out of the stack: each is for its own images, logs and secrets", async () => {
    const run = await network(made);
    const all = run
      .of("VpcEndpoint")
      .map(({ inputs }) => [inputs.serviceName, inputs.vpcEndpointType, statements(inputs.policy as string)]);
    const Condition = { StringEquals: { "aws:PrincipalAccount": "123456789012" } };
    const images = [
      { Effect: "Allow", Principal: "*", Action: ["ecr:GetAuthorizationToken"], Resource: "*", Condition },
      {
        Effect: "Allow",
        Principal: "*",
        Action: ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        Resource: ["arn:aws:ecr:eu-central-1:123456789012:repository/*"],
        Condition,
      },
    ];
    const allowing = (Action: string[], Resource: string) => [{ Effect: "Allow", Principal: "*", Action, Resource, Condition }];
    const own = "agent-sessions/agent-sessions/test/*";
    expect(
      Object.fromEntries(
        all.map(([name, type, statements]) => [String(name).replace("com.amazonaws.eu-central-1.", ""), [type, statements]]),
      ),
    ).toEqual({
      "ecr.api": ["Interface", images],
      "ecr.dkr": ["Interface", images],
      logs: [
        "Interface",
        allowing(["logs:CreateLogStream", "logs:PutLogEvents"], `arn:aws:logs:eu-central-1:123456789012:log-group:/${own}`),
      ],
      secretsmanager: [
        "Interface",
        allowing(["secretsmanager:GetSecretValue"], `arn:aws:secretsmanager:eu-central-1:123456789012:secret:${own}`),
      ],
      // ECR signs for what is read there.
      s3: [
        "Gateway",
        [
          {
            Effect: "Allow",
            Principal: "*",
            Action: ["s3:GetObject"],
            Resource: "arn:aws:s3:::prod-eu-central-1-starport-layer-bucket/*",
          },
        ],
      ],
    });
  });

  test("what is for every resource is for this account alone, with ECS Exec too", () => {
    const all = endpointsOf({ ...fargate, account, execute: true, key }).flatMap(({ policy }) => statements(policy));
    const wide = all.filter(({ Resource }) => Resource === "*");
    expect(wide.flatMap(({ Action }) => Action)).toEqual([
      "ecr:GetAuthorizationToken",
      "ecr:GetAuthorizationToken",
      "logs:DescribeLogGroups",
      "ssmmessages:CreateControlChannel",
      "ssmmessages:CreateDataChannel",
      "ssmmessages:OpenControlChannel",
      "ssmmessages:OpenDataChannel",
    ]);
    expect(wide.map(({ Condition }) => Condition)).toEqual(wide.map(() => ({ StringEquals: { "aws:PrincipalAccount": account } })));
  });

  test("an account that nobody named is asked of AWS, rather than any", async () => {
    const run = await record(() => {
      const { account: _, ...rest } = fargate;
      new SessionsNetwork("network", made, { provider: new FargateProvider("aws", rest) });
    });
    const logs = run.of("VpcEndpoint").find(({ name }) => name === "network-logs");
    expect(statements(logs?.inputs.policy as string)).toMatchObject([
      {
        Resource: "arn:aws:logs:eu-central-1:000000000000:log-group:/agent-sessions/agent-sessions/test/*",
        Condition: { StringEquals: { "aws:PrincipalAccount": "000000000000" } },
      },
    ]);
  });

  test("images in another account's repositories are pulled from there alone", () => {
    const images = { session: `210987654321.dkr.ecr.eu-central-1.amazonaws.com/x@sha256:${"0".repeat(64)}` };
    const [api] = endpointsOf({ ...fargate, account, images });
    expect(statements(api?.policy ?? "")[1]?.Resource).toEqual(["arn:aws:ecr:eu-central-1:210987654321:repository/*"]);
  });
});

describe("a VPC that is given", () => {
  test("is given endpoints and groups, and its subnets and routes stay as they are", async () => {
    expect(counts(await network({ ...given, outward: true, dnsFirewall: false }))).toEqual({
      PrivateDnsNamespace: 1,
      SecurityGroup: 4,
      SecurityGroupEgressRule: 5,
      SecurityGroupIngressRule: 3,
      SessionsNetwork: 1,
      VpcEndpoint: 5,
      aws: 1,
    });
  });

  test("with endpoints of its own is given none", async () => {
    const run = await network({ ...given, vpc: { ...given.vpc, endpoints: "sg-1" }, dnsFirewall: false });
    expect(run.of("VpcEndpoint")).toEqual([]);
    const out = run.of("SecurityGroupEgressRule").find(({ name }) => name === "network-sealed-to-endpoints");
    expect(out?.inputs).toMatchObject({ referencedSecurityGroupId: "sg-1", fromPort: 443, toPort: 443 });
    expect(rulesIn(run).filter((rule) => rule.startsWith("endpoints"))).toEqual([]);
  });
});

describe("an opening", () => {
  test.each([
    [
      { what: "x", peer: { group: "sg-1" }, port: 443 },
      { description: "x", ipProtocol: "tcp", fromPort: 443, toPort: 443, referencedSecurityGroupId: "sg-1" },
    ],
    [
      { what: "x", peer: { prefixList: "pl-1" }, port: 443 },
      { description: "x", ipProtocol: "tcp", fromPort: 443, toPort: 443, prefixListId: "pl-1" },
    ],
    [
      { what: "x", peer: world, port: "any" },
      { description: "x", ipProtocol: "-1", cidrIpv4: "0.0.0.0/0" },
    ],
  ] as const)("%j is a rule", (opening, rule) => {
    expect(toRule(opening)).toEqual(rule);
  });

  test.each([
    [
      "names on their ports",
      [
        { hosts: ["a.example"], ports: [443, 80] },
        { hosts: ["b.example"], ports: [443] },
      ],
      ["hosts-443 0.0.0.0/0 443", "hosts-80 0.0.0.0/0 80"],
    ],
    [
      "any host on every port",
      [
        { hosts: "any", ports: "any" },
        { hosts: ["b.example"], ports: [443] },
      ],
      ["hosts-any 0.0.0.0/0 any"],
    ],
    ["an address alone", [{ hosts: ["10.1.2.3"], ports: [3128] }], ["10.1.2.3-3128 10.1.2.3/32 3128"]],
  ] as const)("leads out to %s", (_, destinations, expected) => {
    const made = Object.entries(outwards("x", destinations));
    expect(made.map(([key, { peer, port }]) => `${key} ${"block" in peer ? peer.block : ""} ${port}`)).toEqual(expected);
  });
});
