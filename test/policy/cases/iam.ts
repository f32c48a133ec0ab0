/** What policies of AWS let a role do, and whom roles and resources trust. */
import { changed, fileSystemPolicy, iamPolicy, iamRole, repositoryPolicy, resource, secret, secretRotation } from "../fixtures.ts";
import { type Case, rule, unknown } from "./case.ts";

type Statement = Readonly<Record<string, unknown>>;

const document = (...statements: Statement[]) => JSON.stringify({ Version: "2012-10-17", Statement: statements });
const policy = (...statements: Statement[]) => changed(iamPolicy, { policy: document(...statements) });
const allow = (Action: unknown, Resource: unknown = "*", rest: Statement = {}) => policy({ Effect: "Allow", Action, Resource, ...rest });
const letters = [..."abcdefghijklmnopqrstuvwxyz"];
const arn = (rest: string) => `arn:aws:${rest}`;

const attachment = (type: string, props: Record<string, unknown>) => resource(`aws:${type}`, "x", props);
const awsPolicy = (name: string) => arn(`iam::aws:policy/${name}`);

const provider = (issuer: string) => arn(`iam::123456789012:oidc-provider/${issuer}`);
const federated = (issuer: string, Condition?: Statement) =>
  changed(iamRole, {
    assumeRolePolicy: document({
      Effect: "Allow",
      Principal: { Federated: provider(issuer) },
      Action: "sts:AssumeRoleWithWebIdentity",
      ...(Condition && { Condition }),
    }),
  });
const like = (key: string, value: unknown, operator = "StringLike") => ({ [operator]: { [key]: value } });
const github = "token.actions.githubusercontent.com";
const gitlab = "gitlab.com";
const terraform = "app.terraform.io";
const cluster = "oidc.eks.eu-west-1.amazonaws.com/id/ABC";
const audience = like(`${github}:aud`, "sts.amazonaws.com", "StringEquals");

/** A statement for everybody, in each kind of resource that has one. */
const forEverybody = (
  Condition?: Statement,
): readonly (readonly [string, string, readonly ReturnType<typeof resource>[], "critical" | "medium"])[] => {
  const statement = (Action: string) => ({ Effect: "Allow", Principal: { AWS: "*" }, Action, ...(Condition && { Condition }) });
  return [
    ["IAM-003", "a role", [changed(iamRole, { assumeRolePolicy: document(statement("sts:AssumeRole")) })], "critical"],
    ["ECR-003", "a repository", [changed(repositoryPolicy, { policy: document(statement("ecr:BatchGetImage")) })], "critical"],
    [
      "SEC-001",
      "a secret",
      [changed(secret, { policy: document(statement("secretsmanager:GetSecretValue")) }), secretRotation],
      "critical",
    ],
  ];
};
const open = (what: string, condition?: Statement): Case[] =>
  forEverybody(condition).flatMap(([id, place, one, severity]) => rule(id).broken(`${place}: ${what}`, one, severity).cases);
const closed = (what: string, condition: Statement): Case[] =>
  forEverybody(condition).flatMap(([id, place, one]) => rule(id).clean(`${place}: ${what}`, one).cases);

const deny = (rest: Statement = {}) => ({
  Effect: "Deny",
  Principal: "*",
  Action: "*",
  Condition: { Bool: { "aws:SecureTransport": "false" } },
  ...rest,
});
const named = { Effect: "Allow", Principal: { AWS: arn("iam::123456789012:role/task") }, Action: "elasticfilesystem:ClientMount" };
const fileSystem = (...statements: Statement[]) => changed(fileSystemPolicy, { policy: document(...statements) });

export const cases: Case[] = [
  ...rule("IAM-001")
    .broken("wildcards in every part of the ARN", allow("*", arn("*:*:*:*")))
    .broken("an ARN that ends early", allow("*", "arn:*"))
    .broken("more stars", allow("**", ["*", "**"]))
    .broken("at least one letter", allow("?*:?*", "?*"))
    .broken("service by service, letter by letter", allow(letters.map((letter) => `${letter}*`)))
    .broken("in several statements", policy(...letters.map((letter) => ({ Effect: "Allow", Action: `${letter}*:*`, Resource: "*" }))))
    .broken("all resources but one", policy({ Effect: "Allow", Action: "*", NotResource: arn("s3:::x") }))
    .broken(
      "exclusive attachments",
      attachment("iam/rolePolicyAttachmentsExclusive:RolePolicyAttachmentsExclusive", { policyArns: [awsPolicy("AdministratorAccess")] }),
    )
    .broken(
      "a permission set",
      attachment("ssoadmin/managedPolicyAttachment:ManagedPolicyAttachment", { managedPolicyArn: awsPolicy("AdministratorAccess") }),
    )
    .broken(
      "a permission set of the other provider",
      resource("aws-native:sso:PermissionSet", "x", { managedPolicies: [awsPolicy("PowerUserAccess")] }),
    )
    .broken(
      "a permission set's own policy",
      attachment("ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", {
        inlinePolicy: document({ Effect: "Allow", Action: "*", Resource: "*" }),
      }),
    )
    .broken(
      "a user's attachment in another partition",
      attachment("iam/userPolicyAttachment:UserPolicyAttachment", { policyArn: "arn:aws-cn:iam::aws:policy/IAMFullAccess" }),
    )
    .clean("one service", allow("s3:*", arn("s3:::bucket/*")))
    .clean("everything that is read", allow(["ec2:Describe*", "s3:List*", "iam:Get*"]))
    .clean("a policy to look", attachment("iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: awsPolicy("ReadOnlyAccess") }))
    .cases,
  ...["ec2:?*", "ec2:**", "EC2:*", "iam:*", "ecs:*"].flatMap((action) => rule("IAM-002").broken(action, allow(action)).cases),
  ...rule("IAM-002")
    .broken("letter by letter", allow(letters.map((letter) => `ec2:${letter.toUpperCase()}*`)))
    .broken("every table", allow("dynamodb:*", arn("dynamodb:*:*:table/*")))
    .broken("every role", allow("iam:PassRole", arn("iam::*:role/*")))
    .broken("every role of an account", allow("iam:PassRole", arn("iam::123456789012:role/*")))
    .broken(
      "every role, letter by letter",
      allow(
        "iam:PassRole",
        letters.map((letter) => arn(`iam::123456789012:role/${letter}*`)),
      ),
    )
    .broken("every secret", allow("secretsmanager:GetSecretValue", arn("secretsmanager:*:*:secret:*")))
    .broken("every secret at once", allow("secretsmanager:BatchGet*"))
    .broken("every key", allow("kms:Dec*", arn("kms:eu-west-1:123456789012:key/*")))
    .broken("AWS's own", attachment("iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: awsPolicy("SecretsManagerReadWrite") }))
    .broken(
      "AWS's own for a service",
      attachment("iam/rolePolicyAttachment:RolePolicyAttachment", { policyArn: awsPolicy("CloudWatchFullAccess") }),
      "medium",
    )
    .clean("one role", allow("iam:PassRole", arn("iam::123456789012:role/task")))
    .clean("roles of one prefix", allow("iam:PassRole", arn("iam::123456789012:role/web-*")))
    .clean("a role of each account", allow("sts:AssumeRole", arn("iam::*:role/deploy")))
    .clean("one bucket", allow("s3:*", [arn("s3:::bucket"), arn("s3:::bucket/*")]))
    .clean("what has a tag", allow("ec2:*", "*", { Condition: { StringEquals: { "aws:ResourceTag/team": "web" } } }))
    .clean(
      "keys of a service",
      allow("kms:Decrypt", "*", { Condition: { StringEquals: { "kms:ViaService": "s3.eu-west-1.amazonaws.com" } } }),
    )
    .clean(
      "the execution role of ECS",
      attachment("iam/rolePolicyAttachment:RolePolicyAttachment", {
        policyArn: awsPolicy("service-role/AmazonECSTaskExecutionRolePolicy"),
      }),
    ).cases,
  ...[
    "iam:AttachRolePolicy",
    "iam:PutRolePolicy",
    "iam:CreateAccessKey",
    "iam:UpdateLoginProfile",
    "iam:CreatePolicyVersion",
    "iam:SetDefaultPolicyVersion",
    "iam:AddUserToGroup",
    "iam:UpdateAssumeRolePolicy",
    "iam:Put*",
    "iam:*Policy*",
    "iam:*",
    "sso:CreateAccountAssignment",
    "identitystore:CreateGroupMembership",
  ].flatMap((action) => rule("IAM-005").broken(action, allow(action)).cases),
  ...rule("IAM-005")
    .broken("on every role", allow("iam:AttachRolePolicy", arn("iam::*:role/*")))
    .broken("on every user of an account", allow("iam:CreateAccessKey", arn("iam::123456789012:user/*")))
    .broken("a role for a function", allow(["iam:PassRole", "lambda:CreateFunction", "lambda:InvokeFunction"]))
    .broken(
      "a role for a task",
      policy(
        { Effect: "Allow", Action: "iam:Pass*", Resource: arn("iam::*:role/*") },
        { Effect: "Allow", Action: "ecs:Run*", Resource: "*" },
      ),
    )
    .broken(
      "a role for one service",
      policy(
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: "*",
          Condition: { StringEquals: { "iam:PassedToService": "ec2.amazonaws.com" } },
        },
        { Effect: "Allow", Action: "ec2:RunInstances", Resource: "*" },
      ),
    )
    .broken("another's code", allow("lambda:UpdateFunctionCode"), "high")
    .broken("commands on any machine", allow("ssm:Send*"), "high")
    .broken(
      "a role of a permission set",
      attachment("ssoadmin/permissionSetInlinePolicy:PermissionSetInlinePolicy", {
        inlinePolicy: document({ Effect: "Allow", Action: "iam:PutUserPolicy", Resource: "*" }),
      }),
    )
    .clean("one role", allow(["iam:AttachRolePolicy", "iam:PutRolePolicy"], arn("iam::123456789012:role/web-*")))
    .clean("one's own keys", allow(["iam:CreateAccessKey", "iam:UpdateLoginProfile"], arn("iam::*:user/${aws:username}")))
    .clean(
      "one role for a task",
      policy(
        { Effect: "Allow", Action: "iam:PassRole", Resource: arn("iam::123456789012:role/task") },
        { Effect: "Allow", Action: "ecs:RunTask", Resource: "*" },
      ),
    )
    .clean(
      "a role for another service",
      policy(
        {
          Effect: "Allow",
          Action: "iam:PassRole",
          Resource: "*",
          Condition: { StringEquals: { "iam:PassedToService": "rds.amazonaws.com" } },
        },
        { Effect: "Allow", Action: "lambda:CreateFunction", Resource: "*" },
      ),
    )
    .clean("machines with a tag", allow("ssm:StartSession", "*", { Condition: { StringLike: { "ssm:resourceTag/team": "web" } } }))
    .clean("what only looks", allow(["iam:Get*", "iam:List*", "iam:SimulatePrincipalPolicy"]))
    .unknown(changed(iamPolicy, { policy: unknown })).cases,
  ...open("no condition"),
  ...open("a key that may be absent", { "ForAllValues:StringEquals": { "aws:PrincipalOrgID": "o-abc123" } }),
  ...open("a key that need not be there", { StringEqualsIfExists: { "aws:SourceAccount": "123456789012" } }),
  ...open("every organisation", { StringLike: { "aws:PrincipalOrgID": "*" } }),
  ...open("all accounts but one", { StringNotEquals: { "aws:SourceAccount": "123456789012" } }),
  ...open("every source", { ArnLike: { "aws:SourceArn": "arn:aws:s3:*:*:*" } }),
  ...closed("one organisation", { StringEquals: { "aws:PrincipalOrgID": "o-abc123" } }),
  ...closed("one organisation in another case", { stringequals: { "AWS:PrincipalOrgId": ["o-abc123"] } }),
  ...closed("one source", { ArnLike: { "aws:SourceArn": "arn:aws:sns:*:123456789012:*" } }),
  ...closed("one account", { StringEquals: { "aws:SourceAccount": "123456789012" } }),
  ...closed("a path of an organisation", { "ForAnyValue:StringLike": { "aws:PrincipalOrgPaths": "o-abc123/r-ab12/*" } }),
  ...rule("IAM-003")
    .broken(
      "everybody, as a data source lists it",
      changed(iamRole, {
        assumeRolePolicy: { Statement: [{ Effect: "Allow", Principals: [{ type: "AWS", identifiers: ["*"] }], Action: "sts:AssumeRole" }] },
      }),
    )
    .broken(
      "every account",
      changed(iamRole, {
        assumeRolePolicy: document({ Effect: "Allow", Principal: { AWS: "arn:aws:iam::*:root" }, Action: "sts:AssumeRole" }),
      }),
    )
    .clean(
      "a machine",
      changed(iamRole, {
        assumeRolePolicy: document({ Effect: "Allow", Principal: { Service: "ec2.amazonaws.com" }, Action: "sts:AssumeRole" }),
      }),
    ).cases,
  ...rule("IAM-006")
    .broken("GitHub without condition", federated(github))
    .broken("GitHub with its audience alone", federated(github, audience))
    .broken("GitHub, any subject", federated(github, { ...audience, ...like(`${github}:sub`, "*") }))
    .broken("GitHub, any repository", federated(github, like(`${github}:sub`, "repo:*")))
    .broken("GitHub, any owner", federated(github, like(`${github}:sub`, "repo:*/web:ref:refs/heads/main")))
    .broken("GitHub, owners of a prefix", federated(github, like(`${github}:sub`, "repo:acme*")))
    .broken(
      "GitHub, one of several is wild",
      federated(github, like(`${github}:sub`, ["repo:acme/web:*", "repo:*:environment:production"])),
    )
    .broken("GitHub, where it is there", federated(github, like(`${github}:sub`, "repo:acme/web:*", "StringLikeIfExists")))
    .broken("GitHub, of all values", federated(github, like(`${github}:sub`, "repo:acme/web:*", "ForAllValues:StringLike")))
    .broken("GitHub, another issuer's subject", federated(github, like(`${gitlab}:sub`, "repo:acme/web:*")))
    .broken("GitLab", federated(gitlab, like(`${gitlab}:sub`, "project_path:*:ref_type:branch:ref:main")))
    .broken("GitLab without condition", federated(gitlab))
    .broken("Terraform Cloud", federated(terraform, like(`${terraform}:sub`, "organization:*:project:*:workspace:*:run_phase:*")))
    .broken("Terraform Cloud with its audience", federated(terraform, like(`${terraform}:aud`, "aws.workload.identity", "StringEquals")))
    .broken(
      "Cognito",
      federated("cognito-identity.amazonaws.com", like("cognito-identity.amazonaws.com:amr", "authenticated", "ForAnyValue:StringLike")),
    )
    .broken("EKS without condition", federated(cluster), "high")
    .broken("EKS, any account", federated(cluster, like(`${cluster}:sub`, "system:serviceaccount:*:*")), "high")
    .broken("EKS, any account in short", federated(cluster, like(`${cluster}:sub`, "system:serviceaccount:*")), "high")
    .broken("EKS, any account of a namespace", federated(cluster, like(`${cluster}:sub`, "system:serviceaccount:web:*")), "medium")
    .broken("a forge of one's own", federated("gitlab.example.com", like("gitlab.example.com:sub", "project_path:*")), "high")
    .clean("GitHub, one repository", federated(github, { ...audience, ...like(`${github}:sub`, "repo:acme/web:*") }))
    .clean("GitHub, one owner", federated(github, like(`${github}:sub`, "repo:acme/*")))
    .clean("GitHub, one branch", federated(github, like(`${github}:sub`, "repo:acme/web:ref:refs/heads/main", "StringEquals")))
    .clean("GitHub, keys in another case", federated(github, like(`${github.toUpperCase()}:SUB`, "repo:acme/web:*", "stringlike")))
    .clean("GitHub, its owner", federated(github, like(`${github}:repository_owner_id`, "123", "StringEquals")))
    .clean("GitLab, one group", federated(gitlab, like(`${gitlab}:sub`, "project_path:acme/*:ref_type:branch:ref:main")))
    .clean(
      "Terraform Cloud, one organisation",
      federated(terraform, like(`${terraform}:sub`, "organization:acme:project:*:workspace:web:run_phase:*")),
    )
    .clean("EKS, one account", federated(cluster, like(`${cluster}:sub`, "system:serviceaccount:web:web", "StringEquals")))
    .clean(
      "Cognito, one pool",
      federated("cognito-identity.amazonaws.com", like("cognito-identity.amazonaws.com:aud", "eu-west-1:abc", "StringEquals")),
    )
    .clean("a forge of one's own, one group", federated("gitlab.example.com", like("gitlab.example.com:sub", "project_path:acme/*")))
    .clean(
      "SAML",
      changed(iamRole, {
        assumeRolePolicy: document({
          Effect: "Allow",
          Principal: { Federated: arn("iam::123456789012:saml-provider/me") },
          Action: "sts:AssumeRoleWithSAML",
          Condition: { StringEquals: { "SAML:aud": "https://signin.aws.amazon.com/saml" } },
        }),
      }),
    )
    .unknown(changed(iamRole, { assumeRolePolicy: unknown })).cases,
  ...rule("EFS-005")
    .broken("a denial of one action", fileSystem(deny({ Action: "elasticfilesystem:ClientWrite" }), named))
    .broken("a denial for one role", fileSystem(deny({ Principal: { AWS: arn("iam::123456789012:role/x") } }), named))
    .broken(
      "a denial with another condition",
      fileSystem(deny({ Condition: { Bool: { "aws:SecureTransport": "false" }, StringEquals: { "aws:SourceVpc": "vpc-1" } } }), named),
    )
    .broken("a denial of all but some", fileSystem(deny({ Action: undefined, NotAction: "elasticfilesystem:ClientMount" }), named))
    .broken(
      "a denial at an access point",
      fileSystem(deny({ Resource: arn("elasticfilesystem:eu-west-1:123456789012:access-point/fsap-1") }), named),
    )
    .broken("a denial of TLS", fileSystem(deny({ Condition: { Bool: { "aws:SecureTransport": "true" } } }), named))
    .clean("a denial of each action", fileSystem(deny({ Action: ["elasticfilesystem:Client*"], Principal: { AWS: "*" } }), named))
    .clean(
      "everybody of an organisation",
      fileSystem(deny(), { ...named, Principal: "*", Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abc123" } } }),
    )
    .clean(
      "through a mount target",
      fileSystem(deny(), { ...named, Principal: "*", Condition: { Bool: { "elasticfilesystem:AccessedViaMountTarget": "true" } } }),
    ).cases,
];
