import { describe, expect, test } from "vitest";
import { changed, iamPolicy, iamRole, resource, secret, securityGroup } from "../fixtures.ts";
import { found } from "./found.ts";

const document = (...statements: object[]) => JSON.stringify({ Statement: statements });
const everything = { Effect: "Allow", Action: "*", Resource: "*" };
const allowing = (Action: unknown, Resource: unknown = "*") =>
  changed(iamPolicy, { policy: document({ Effect: "Allow", Action, Resource }) });

describe("a type that carries rights", () => {
  test.each([
    "aws:iam/policy:Policy",
    "aws:iam/rolePolicy:RolePolicy",
    "aws:iam/userPolicy:UserPolicy",
    "aws:iam/groupPolicy:GroupPolicy",
    "aws-native:iam:ManagedPolicy",
    "aws-native:iam:RolePolicy",
  ])("%s", (type) => {
    const sentence = ['critical: The policy in "x" must list its actions.'];
    expect(found("IAM-001", resource(type, "x", { policy: document(everything) }))).toEqual(sentence);
    expect(found("IAM-001", resource(type, "x", { policyDocument: document(everything) }))).toEqual(sentence);
    expect(found("IAM-002", resource(type, "x", { policy: document({ ...everything, Action: "s3:*" }) }))).toHaveLength(1);
  });

  test.each(["RolePolicyAttachment", "UserPolicyAttachment", "GroupPolicyAttachment", "PolicyAttachment"])("%s", (type) => {
    const policyArn = "arn:aws:iam::aws:policy/AdministratorAccess";
    expect(found("IAM-001", resource(`aws:iam/x:${type}`, "x", { policyArn }))).toEqual([
      'critical: The role or user in "x" must not have AdministratorAccess.',
    ]);
  });

  test("a role, by its inline policies and by those of AWS", () => {
    for (const inline of [{ inlinePolicies: [{ policy: document(everything) }] }, { policies: [{ policyDocument: document(everything) }] }])
      expect(found("IAM-001", resource("aws:iam/role:Role", "x", inline))).toEqual(['critical: The policy in "x" must list its actions.']);
    expect(
      found("IAM-001", resource("aws:iam/role:Role", "x", { managedPolicyArns: ["arn:aws:iam::aws:policy/IAMFullAccess"] })),
    ).toHaveLength(1);
  });

  test.each(["aws-native:iam:Group", "aws-native:iam:User", "aws:iam/user:User"])("%s, by its inline policies", (type) => {
    const inline = { policies: [{ policyDocument: document(everything) }] };
    expect(found("IAM-001", resource(type, "x", inline))).toEqual(['critical: The policy in "x" must list its actions.']);
    expect(found("IAM-001", resource(`${type}Membership`, "x", inline))).toEqual([]);
  });

  test.each([
    ["aws:iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", "policyArns"],
    ["aws:iam/userPolicyAttachmentsExclusive:UserPolicyAttachmentsExclusive", "policyArns"],
    ["aws:iam/groupPolicyAttachmentsExclusive:GroupPolicyAttachmentsExclusive", "policyArns"],
    ["aws:ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", "managedPolicyArn"],
    ["aws:ssoadmin/managedPolicyAttachmentsExclusive:ManagedPolicyAttachmentsExclusive", "managedPolicyArns"],
    ["aws-native:sso:PermissionSet", "managedPolicies"],
  ])("%s by %s", (type, key) => {
    const attached = (name: string) => ({
      [key]: key.endsWith("s") ? [`arn:aws:iam::aws:policy/${name}`] : `arn:aws:iam::aws:policy/${name}`,
    });
    expect(found("IAM-001", resource(type, "x", attached("AdministratorAccess")))).toEqual([
      'critical: The role or user in "x" must not have AdministratorAccess.',
    ]);
    expect(found("IAM-001", resource(type, "x", attached("ReadOnlyAccess")))).toEqual([]);
    expect(found("IAM-001", resource(`${type}2`, "x", attached("AdministratorAccess")))).toEqual([]);
  });

  test("a permission set by a policy of one's own name, and by the one that it holds", () => {
    const attachment = "aws:ssoadmin/customerManagedPolicyAttachment:CustomerManagedPolicyAttachment";
    const named = (name: string) => found("IAM-001", resource(attachment, "x", { customerManagedPolicyReference: { name } })).length;
    expect([named("AdministratorAccess"), named("mine")]).toEqual([1, 0]);
    const inline = (inlinePolicy: string) =>
      found("IAM-001", resource("aws:ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", "x", { inlinePolicy })).length;
    expect([inline(document(everything)), inline(document({ ...everything, Action: "s3:GetObject" }))]).toEqual([1, 0]);
  });
});

test.each([
  ["AdministratorAccess", true],
  ["PowerUserAccess", true],
  ["IAMFullAccess", true],
  ["ReadOnlyAccess", false],
  ["MyAdministratorAccess", false],
  ["AdministratorAccess-Amplify", true],
  ["AdministratorAccess-AWSElasticBeanstalk", true],
  ["AdministratorAccess-mine", false],
  ["AWSOrganizationsFullAccess", true],
  ["AWSOrganizationsReadOnlyAccess", false],
  ["AWSSSOMasterAccountAdministrator", true],
  ["AWSSSOMemberAccountAdministrator", true],
  ["AWSSSODirectoryAdministrator", true],
  ["AWSSSODirectoryReadOnly", false],
  ["AWSDataPipeline_FullAccess", true],
  ["AWSDataPipeline_PowerUser", false],
  ["AWSCodeStarFullAccess", true],
  ["AWSServiceCatalogAdminFullAccess", true],
  ["ServiceCatalogAdminFullAccess", true],
  ["AWSServiceCatalogEndUserFullAccess", false],
  ["AWSElasticBeanstalkFullAccess", true],
  ["AWSElasticBeanstalkReadOnlyAccess", false],
  ["AWSOpsWorksRegisterCLI", true],
  ["AWSOpsWorksRegisterCLI_EC2", false],
  ["AmazonSageMakerFullAccess", false],
])("AWS's own policy %s gives everything: %s", (name, is) => {
  expect(found("IAM-001", changed(iamRole, { managedPolicyArns: [`arn:aws:iam::aws:policy/x/${name}`] }))).toEqual(
    is ? [`critical: The role or user in "alpha" must not have ${name}.`] : [],
  );
});

describe("an action that hands out rights or secrets", () => {
  test.each([
    "iam:PassRole",
    "secretsmanager:GetSecretValue",
    "kms:Decrypt",
    "ssm:GetParameter",
    "ssm:GetParameters",
    "ssm:GetParametersByPath",
    "sts:AssumeRole",
  ])("%s", (action) => {
    const sentence = [`high: The policy in "alpha" must name what ${action} is allowed on.`];
    expect(found("IAM-002", allowing(action))).toEqual(sentence);
    expect(found("IAM-002", allowing([action.toUpperCase()], ["*"]))).toEqual(sentence);
    expect(found("IAM-002", allowing(action, "arn:aws:x:::mine"))).toEqual([]);
    expect(found("IAM-002", allowing(`${action}X`))).toEqual([]);
    expect(found("IAM-002", allowing(`x${action}`))).toEqual([]);
  });

  test("one of a whole service, and one by a pattern", () => {
    expect(found("IAM-002", allowing("s3:*"))).toEqual(['high: The policy in "alpha" must not allow s3:* on everything.']);
    expect(found("IAM-002", allowing("kms:De*"))).toEqual(['high: The policy in "alpha" must name what kms:Decrypt is allowed on.']);
    expect(found("IAM-002", allowing("kms:Decryp?"))).toEqual(['high: The policy in "alpha" must name what kms:Decrypt is allowed on.']);
    expect(found("IAM-002", allowing("kms.Decrypt"))).toEqual([]);
    expect(found("IAM-002", allowing(["s3:GetObject", "kms:Encrypt"]))).toEqual([]);
    for (const action of ["*", "*:*"])
      expect([found("IAM-001", allowing(action)).length, found("IAM-002", allowing(action))]).toEqual([1, []]);
  });

  test("what is denied is not allowed", () => {
    expect(found("IAM-002", changed(iamPolicy, { policy: document({ Effect: "Deny", Action: "iam:PassRole", Resource: "*" }) }))).toEqual(
      [],
    );
    expect(found("IAM-001", changed(iamPolicy, { policy: document({ ...everything, Effect: "Deny" }) }))).toEqual([]);
  });
});

describe("whom a role trusts", () => {
  const trusting = (Principal: unknown, Condition?: object) =>
    found("IAM-003", changed(iamRole, { assumeRolePolicy: document({ Effect: "Allow", Principal, Action: "sts:AssumeRole", Condition }) }));
  const service = { Service: "ecs-tasks.amazonaws.com" };
  const unnamed = ['critical: The role "alpha" must name whom it trusts.'];
  const forAnybody = ['low: The role "alpha" must trust a service only for your account (aws:SourceAccount).'];

  test.each(["*", { AWS: "*" }, { AWS: ["arn:aws:iam::1:role/x", "*"] }, { AWS: "arn:aws:iam::*:root" }])(
    "%j is everybody",
    (principal) => {
      expect(trusting(principal)).toEqual(unnamed);
    },
  );

  test.each([{ AWS: "arn:aws:iam::123456789012:root" }, { AWS: "arn:aws:iam::1:role/*" }, { Federated: "accounts.example.com" }])(
    "%j is not",
    (principal) => {
      expect(trusting(principal)).toEqual([]);
    },
  );

  test.each(["aws:SourceAccount", "aws:SourceArn", "aws:SourceOrgID", "AWS:sourceaccount"])(
    "a service is trusted with the condition %s",
    (key) => {
      expect(trusting(service, { StringEquals: { [key]: "1" } })).toEqual([]);
      expect(trusting(service)).toEqual(forAnybody);
      expect(trusting(service, { StringEquals: { [`x${key.slice(4)}`]: "1" } })).toEqual(forAnybody);
    },
  );
});

describe("a type that opens ports", () => {
  const rule = { protocol: "tcp", ipProtocol: "tcp", fromPort: 8080, toPort: 8080, description: "x" };
  const into = ['high: The security group "x" must not let everybody in on ports 8080 to 8080.'];
  const outOf = ['high: The security group "x" must not reach every address on ports 8080 to 8080.'];

  test.each([
    [
      "aws:ec2/securityGroup:SecurityGroup",
      (direction: string) => ({ description: "x", [direction]: [{ ...rule, cidrBlocks: ["0.0.0.0/0"] }] }),
    ],
    [
      "aws-native:ec2:SecurityGroup",
      (direction: string) => ({
        description: "x",
        [direction === "ingress" ? "securityGroupIngress" : "securityGroupEgress"]: [{ ...rule, cidrIp: "0.0.0.0/0" }],
      }),
    ],
    ["aws:ec2/securityGroupRule:SecurityGroupRule", (direction: string) => ({ ...rule, type: direction, ipv6CidrBlocks: ["::/0"] })],
  ] as const)("%s", (type, props) => {
    expect(found("SG-001", resource(type, "x", props("ingress")))).toEqual(into);
    expect(found("SG-002", resource(type, "x", props("egress")))).toEqual(outOf);
    expect([...found("SG-001", resource(type, "x", props("egress"))), ...found("SG-002", resource(type, "x", props("ingress")))]).toEqual(
      [],
    );
  });

  test.each([
    ["aws:vpc/x:SecurityGroupIngressRule", "aws:vpc/x:SecurityGroupEgressRule", "cidrIpv4", "0.0.0.0/0"],
    ["aws:vpc/x:SecurityGroupIngressRule", "aws:vpc/x:SecurityGroupEgressRule", "cidrIpv6", "::/0"],
    ["aws-native:ec2:SecurityGroupIngress", "aws-native:ec2:SecurityGroupEgress", "cidrIp", "0.0.0.0/0"],
  ])("%s and %s by %s", (ingress, egress, key, block) => {
    expect(found("SG-001", resource(ingress, "x", { ...rule, [key]: block }))).toEqual(into);
    expect(found("SG-002", resource(egress, "x", { ...rule, [key]: block }))).toEqual(outOf);
    expect([
      ...found("SG-001", resource(egress, "x", { ...rule, [key]: block })),
      ...found("SG-002", resource(ingress, "x", { ...rule, [key]: block })),
    ]).toEqual([]);
  });

  test("what is public is 80 and 443, one by one", () => {
    const open = (from: number, to: number, protocol = "tcp") =>
      found(
        "SG-001",
        changed(securityGroup, { ingress: [{ protocol, fromPort: from, toPort: to, cidrBlocks: ["0.0.0.0/0"], description: "x" }] }),
      ).length;
    expect([
      open(80, 80),
      open(443, 443),
      open(80, 443),
      open(81, 81),
      open(8443, 8443),
      open(443, 443, "-1"),
      open(443, 443, "ALL"),
    ]).toEqual([0, 0, 1, 1, 1, 1, 1]);
  });
});

test("a secret that everybody may read", () => {
  const shared = (Action: string, Principal: unknown = "*", Effect = "Allow") =>
    found("SEC-001", changed(secret, { policy: document({ Effect, Principal, Action, Resource: "*" }) })).filter((one) =>
      one.startsWith("critical"),
    );
  const sentence = ['critical: The secret "alpha" must not be readable by everybody.'];
  for (const action of ["secretsmanager:GetSecretValue", "secretsmanager:*", "*"]) expect(shared(action)).toEqual(sentence);
  expect([...shared("secretsmanager:DescribeSecret"), ...shared("*", { AWS: "arn:aws:iam::1:root" }), ...shared("*", "*", "Deny")]).toEqual(
    [],
  );
});

test.each(["accessKey", "secretKey", "token"])("a provider's %s", (key) => {
  const provider = (props: object) => found("PRV-002", resource("pulumi:providers:aws", "x", { ...props }));
  expect(provider({ [key]: "x" })).toEqual([`high: The provider "x" must not have ${key} in its inputs.`]);
  expect(provider({ [`${key}File`]: "x", region: "eu-central-1" })).toEqual([]);
  expect(provider({ [`x${key}`]: "x" })).toEqual([]);
});

describe("a credential in any provider", () => {
  const provider = (kind: string, props: object) => found("PRV-002", resource(`pulumi:providers:${kind}`, "x", { ...props }));
  const sentence = (key: string) => [
    `high: The provider "x" must not have a credential in its input ${key}, unless it is a Pulumi secret.`,
  ];
  const sealed = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });

  test.each(["token", "client-key-data", "password", "id-token", "refresh-token", "access-token"])("a kubeconfig with %s", (word) => {
    const kubeconfig = (key: string) => `users:\n- name: x\n  user:\n    ${key}: abc\n`;
    expect(provider("kubernetes", { kubeconfig: kubeconfig(word) })).toEqual(sentence("kubeconfig"));
    expect(provider("kubernetes", { kubeconfig: `{"user":{"${word}":"abc"}}` })).toEqual(sentence("kubeconfig"));
    for (const neighbour of [`${word}File`, "mytoken", "certificate-authority-data"])
      expect([neighbour, provider("kubernetes", { kubeconfig: kubeconfig(neighbour) })]).toEqual([neighbour, []]);
    expect(provider("kubernetes", { kubeconfig: sealed(kubeconfig(word)) })).toEqual([]);
  });

  test("a registry's password, and what is named as a secret", () => {
    const login = { address: "ghcr.io", username: "me", password: "x" };
    expect(provider("docker", { registryAuth: [login] })).toEqual(sentence("registryAuth"));
    expect(provider("docker", { registryAuth: JSON.stringify([login]) })).toEqual(sentence("registryAuth"));
    expect(provider("docker", { registryAuth: [{ ...login, password: sealed("x") }] })).toEqual([]);
    expect(provider("docker", { registryAuth: [{ address: "docker.io" }, { ...login, password: sealed("x") }] })).toEqual([]);
    expect(provider("docker", { registryAuth: [{ ...login, password: undefined }] })).toEqual([]);
    expect(provider("docker-build", { registries: [login] })).toEqual(sentence("registries"));
    expect(provider("cloudflare", { apiToken: "x" })).toEqual(sentence("apiToken"));
    expect(provider("cloudflare", { apiToken: sealed("x") })).toEqual([]);
    expect(provider("cloudflare", { accountId: "x" })).toEqual([]);
  });
});
