import { describe, expect, test } from "vitest";
import { changed, fileSystemPolicy, iamPolicy, iamRole } from "../fixtures.ts";
import { found } from "./found.ts";

const document = (...statements: object[]) => JSON.stringify({ Statement: statements });
const allowing = (Action: unknown, Resource: unknown = "*", more: object = {}) =>
  changed(iamPolicy, { policy: document({ Effect: "Allow", Action, Resource, ...more }) });
const scoped = { Condition: { StringEquals: { "aws:ResourceTag/team": "mine" } } };

describe("an action that leads to every right", () => {
  test.each(
    (
      "iam:CreatePolicyVersion iam:SetDefaultPolicyVersion iam:AttachRolePolicy iam:PutRolePolicy iam:UpdateAssumeRolePolicy " +
      "iam:DeleteRolePermissionsBoundary iam:PutRolePermissionsBoundary iam:AttachUserPolicy iam:PutUserPolicy " +
      "iam:CreateAccessKey iam:CreateLoginProfile iam:UpdateLoginProfile iam:CreateServiceSpecificCredential " +
      "iam:ResetServiceSpecificCredential iam:DeleteUserPermissionsBoundary iam:PutUserPermissionsBoundary " +
      "iam:AttachGroupPolicy iam:PutGroupPolicy iam:AddUserToGroup iam:CreateOpenIDConnectProvider " +
      "iam:UpdateOpenIDConnectProviderThumbprint iam:AddClientIDToOpenIDConnectProvider iam:CreateSAMLProvider " +
      "iam:UpdateSAMLProvider sso:AttachManagedPolicyToPermissionSet sso:AttachCustomerManagedPolicyReferenceToPermissionSet " +
      "sso:PutInlinePolicyToPermissionSet sso:CreateAccountAssignment identitystore:CreateGroupMembership"
    ).split(" "),
  )("%s", (action) => {
    const sentence = [`critical: The policy in "alpha" must not allow ${action} on everything: they lead to every right.`];
    for (const written of [action, action.toUpperCase(), `${action.slice(0, -1)}?`])
      expect([written, found("IAM-005", allowing(written))]).toEqual([written, sentence]);
    expect(found("IAM-005", allowing(`${action}X`))).toEqual([]);
    expect(found("IAM-005", allowing(action, "arn:aws:iam::123456789012:role/mine"))).toEqual([]);
    expect(found("IAM-005", allowing(action, "*", scoped))).toEqual([]);
    expect(found("IAM-005", changed(iamPolicy, { policy: document({ Effect: "Deny", Action: action, Resource: "*" }) }))).toEqual([]);
  });
});

describe("an action that runs code as another", () => {
  test.each(
    (
      "lambda:UpdateFunctionCode lambda:UpdateFunctionConfiguration ssm:SendCommand ssm:StartSession " +
      "ec2-instance-connect:SendSSHPublicKey ec2-instance-connect:SendSerialConsoleSSHPublicKey ec2:ModifyInstanceAttribute " +
      "ecs:ExecuteCommand eks:AssociateAccessPolicy eks:CreateAccessEntry glue:UpdateDevEndpoint " +
      "sagemaker:CreatePresignedNotebookInstanceUrl cognito-identity:SetIdentityPoolRoles kms:PutKeyPolicy"
    ).split(" "),
  )("%s", (action) => {
    expect(found("IAM-005", allowing(action))).toEqual([
      `high: The policy in "alpha" must not allow ${action} on everything: they run code with the rights of others.`,
    ]);
    expect(found("IAM-005", allowing(`${action}X`))).toEqual([]);
    expect(found("IAM-005", allowing(action, "arn:aws:x:eu-west-1:123456789012:function:mine"))).toEqual([]);
  });
});

describe("an action that runs code with a role that is passed", () => {
  test.each(
    (
      "lambda:CreateFunction lambda:UpdateFunctionConfiguration ec2:RunInstances ec2:AssociateIamInstanceProfile " +
      "ec2:ReplaceIamInstanceProfileAssociation ec2:RequestSpotInstances ec2:RequestSpotFleet ecs:RunTask ecs:StartTask " +
      "ecs:RegisterTaskDefinition ecs:CreateService ecs:UpdateService cloudformation:CreateStack cloudformation:UpdateStack " +
      "cloudformation:CreateChangeSet cloudformation:CreateStackSet glue:CreateDevEndpoint glue:CreateJob glue:UpdateJob " +
      "glue:CreateSession datapipeline:CreatePipeline datapipeline:PutPipelineDefinition sagemaker:CreateNotebookInstance " +
      "sagemaker:CreateTrainingJob sagemaker:CreateProcessingJob codebuild:CreateProject codebuild:UpdateProject " +
      "codestar:CreateProject batch:RegisterJobDefinition ssm:StartAutomationExecution states:CreateStateMachine " +
      "states:UpdateStateMachine scheduler:CreateSchedule scheduler:UpdateSchedule events:PutTargets apprunner:CreateService " +
      "elasticmapreduce:RunJobFlow bedrock-agentcore:CreateCodeInterpreter"
    ).split(" "),
  )("%s", (action) => {
    const sentence = `critical: The policy in "alpha" must not allow iam:PassRole of every role together with ${action}.`;
    const passing = (more: object, Resource = "*") =>
      found(
        "IAM-005",
        changed(iamPolicy, {
          policy: document(
            { Effect: "Allow", Action: action, Resource: "*" },
            { Effect: "Allow", Action: "iam:PassRole", Resource, ...more },
          ),
        }),
      ).filter((one) => one.startsWith("critical"));
    const to = (service: string) => ({ Condition: { StringEquals: { "iam:PassedToService": service } } });
    const service = action.split(":")[0];
    expect([passing({}), passing(to(`${service}.amazonaws.com`))]).toEqual([[sentence], [sentence]]);
    expect([passing(to("example.amazonaws.com")), passing({}, "arn:aws:iam::123456789012:role/mine")]).toEqual([[], []]);
    expect(found("IAM-005", allowing(action)).filter((one) => one.startsWith("critical"))).toEqual([]);
  });
});

test("more than three actions are counted", () => {
  expect(found("IAM-005", allowing(["iam:PutRolePolicy", "iam:PutUserPolicy", "iam:PutGroupPolicy", "iam:CreateAccessKey"]))).toEqual([
    'critical: The policy in "alpha" must not allow iam:PutRolePolicy, iam:PutUserPolicy, iam:CreateAccessKey and 1 more on everything: they lead to every right.',
  ]);
});

describe("a policy of AWS that runs code anywhere or reads any secret", () => {
  const attached = (name: string) => found("IAM-002", changed(iamRole, { managedPolicyArns: [`arn:aws:iam::aws:policy/${name}`] }));

  test.each(
    (
      "SecretsManagerReadWrite AmazonSSMFullAccess AmazonEC2RoleforSSM AmazonSSMAutomationRole AWSLambda_FullAccess " +
      "AWSLambdaFullAccess AmazonEC2FullAccess AmazonECS_FullAccess AmazonEC2ContainerServiceFullAccess " +
      "AWSCloudFormationFullAccess AWSCodeBuildAdminAccess AWSCodeBuildDeveloperAccess AWSGlueConsoleFullAccess " +
      "AmazonElasticMapReduceFullAccess AWSKeyManagementServicePowerUser AmazonS3FullAccess AmazonDynamoDBFullAccess " +
      "AmazonRDSFullAccess DatabaseAdministrator DataScientist AWSBatchFullAccess AWSStepFunctionsFullAccess " +
      "AWSAppRunnerFullAccess AWSCloud9Administrator AWSSecretsManagerClientReadOnlyAccess AmazonSSMReadOnlyAccess " +
      "EC2FastLaunchFullAccess EC2InstanceConnect AWSGlueConsoleSageMakerNotebookFullAccess AmazonElasticMapReduceforEC2Role " +
      "AmazonEC2RoleforDataPipelineRole AmazonDynamoDBFullAccess_v2 AmazonDynamoDBFullAccesswithDataPipeline " +
      "AmazonEventBridgeFullAccess AmazonEventBridgeSchedulerFullAccess CloudWatchEventsFullAccess AmazonSageMakerFullAccess " +
      "SageMakerStudioAdminIAMDefaultExecutionPolicy SageMakerStudioAdminIAMPermissiveExecutionPolicy AmazonCognitoPowerUser " +
      "AWSMarketplaceFullAccess AWSMarketplaceImageBuildFullAccess SystemAdministrator"
    ).split(" "),
  )("%s", (name) => {
    expect(attached(name)).toEqual([`high: The role or user in "alpha" must not have ${name}.`]);
    expect([...attached(`${name}Only`), ...attached("AmazonS3ReadOnlyAccess")]).toEqual([]);
  });

  test("another's FullAccess is of one service", () => {
    for (const name of [
      "AmazonSQSFullAccess",
      "AmazonAPIGatewayFullAccess",
      "AWSTransferFullAccessV2",
      "AmazonGuardDutyFullAccess_v2",
      "AmazonLaunchWizard_Fullaccess",
      "AmazonFraudDetectorFullAccessPolicy",
      "AmazonElasticTranscoder_FullAccess",
      "mine_full_access",
    ])
      expect(attached(name)).toEqual([`medium: The role or user in "alpha" must not have ${name}.`]);
    for (const name of ["FullAccessReviewer", "NetworkAdministrator", "AmazonSSMManagedInstanceCore", "AWSBatchServiceRole"])
      expect([name, attached(name)]).toEqual([name, []]);
  });
});

describe("a key of a condition that says for whom a statement is", () => {
  const trusting = (Condition: object) =>
    found(
      "IAM-003",
      changed(iamRole, {
        assumeRolePolicy: document({ Effect: "Allow", Principal: "*", Action: "sts:AssumeRole", Condition }),
      }),
    );
  const unnamed = ['critical: The role "alpha" must name whom it trusts.'];

  test.each(
    (
      "aws:PrincipalOrgID aws:PrincipalOrgPaths aws:PrincipalAccount aws:PrincipalArn aws:SourceOrgID aws:SourceOrgPaths aws:SourceAccount " +
      "aws:SourceOwner aws:SourceArn aws:SourceVpc aws:SourceVpce aws:userid kms:CallerAccount"
    ).split(" "),
  )("%s", (key) => {
    for (const operator of ["StringEquals", "StringLike", "stringequals", "ArnLike", "ArnEquals", "StringEqualsIgnoreCase"])
      expect([operator, trusting({ [operator]: { [key]: "mine-1" } })]).toEqual([operator, []]);
    expect(trusting({ StringEquals: { [key.toUpperCase()]: ["mine-1", "mine-2"] } })).toEqual([]);
    for (const open of [
      { StringNotEquals: { [key]: "mine-1" } },
      { StringEqualsIfExists: { [key]: "mine-1" } },
      { "ForAllValues:StringEquals": { [key]: "mine-1" } },
      { StringLike: { [key]: "*" } },
      { StringLike: { [key]: ["mine-1", "?*"] } },
      { StringEquals: { [`${key}x`]: "mine-1" } },
      { StringEquals: { [key]: [] } },
    ])
      expect([open, trusting(open)]).toEqual([open, unnamed]);
  });

  test.each([
    ["arn:aws:iam::123456789012:role/*", "arn:aws:iam::*:role/mine"],
    ["arn:aws:s3:::mine*", "arn:aws:s3:::*"],
    ["o-abc123/*", "o-*"],
  ])("a pattern names somebody: %s, and not %s", (value, neighbour) => {
    const by = (pattern: string) => trusting({ StringLike: { "aws:SourceArn": pattern } });
    expect([by(value), by(neighbour)]).toEqual([[], unnamed]);
  });
});

describe("an issuer that everybody has an account with", () => {
  const account = "arn:aws:iam::123456789012:oidc-provider/";
  const trusting = (issuer: string, Condition?: object) =>
    found(
      "IAM-006",
      changed(iamRole, {
        assumeRolePolicy: document({
          Effect: "Allow",
          Principal: { Federated: `${account}${issuer}` },
          Action: "sts:AssumeRoleWithWebIdentity",
          Condition,
        }),
      }),
    );

  test.each<[issuer: string, owned: string, stranger: string, claims: string]>([
    [
      "token.actions.githubusercontent.com",
      "repo:mine/x:*",
      "repo:*/x:*",
      "repository repository_id repository_owner repository_owner_id job_workflow_ref enterprise_id",
    ],
    ["gitlab.com", "project_path:mine/x:*", "project_path:*", "project_path namespace_path namespace_id project_id"],
    ["app.terraform.io", "organization:mine:*", "organization:*:project:x", "terraform_organization_id terraform_workspace_id"],
    ["app.eu.terraform.io", "organization:mine:*", "organization:*", "terraform_organization_id terraform_workspace_id"],
    ["agent.buildkite.com", "organization:mine:*", "organization:*", ""],
    ["api.pulumi.com/oidc", "pulumi:deploy:org:mine:*", "pulumi:deploy:org:*", "aud"],
    ["accounts.google.com", "12345*", "*", "aud oaud email hd"],
    ["graph.facebook.com", "12345*", "*", "app_id user_id aud"],
    ["www.amazon.com", "12345*", "*", "app_id user_id aud"],
    ["cognito-identity.amazonaws.com", "eu-west-1:1*", "*", "aud"],
  ])("%s", (issuer, owned, stranger, claims) => {
    const unnamed = [`critical: The role "alpha" must name whose tokens of ${issuer} it trusts (${issuer}:sub).`];
    const by = (claim: string, value: string, operator = "StringLike") =>
      trusting(issuer, { [operator]: { [`${issuer}:${claim}`]: value } });
    expect([trusting(issuer), by("sub", stranger), by("sub", "*"), by("x", owned)]).toEqual([unnamed, unnamed, unnamed, unnamed]);
    expect([by("sub", owned), by("sub", owned.replaceAll("*", "x"), "StringEquals")]).toEqual([[], []]);
    for (const claim of claims.split(" ").filter((one) => one !== ""))
      expect([claim, by(claim, "mine-1"), by(claim, "*"), by(`${claim}x`, "mine-1")]).toEqual([claim, [], unnamed, unnamed]);
  });

  test("one of one's own needs a subject, a cluster's a service account", () => {
    const own = "login.example.com";
    expect(trusting(own)).toEqual([`high: The role "alpha" must name whose tokens of ${own} it trusts (${own}:sub).`]);
    expect(trusting(own, { StringEquals: { [`${own}:sub`]: "me" } })).toEqual([]);
    const cluster = "oidc.eks.eu-west-1.amazonaws.com/id/A";
    const accounts = (sub: string) => trusting(cluster, { StringLike: { [`${cluster}:sub`]: sub } }).map((one) => one.split(":")[0]);
    expect(["system:serviceaccount:*:x", "system:serviceaccount:shop:*", "system:serviceaccount:shop:web"].map(accounts)).toEqual([
      ["high"],
      ["medium"],
      [],
    ]);
    expect(trusting(cluster).map((one) => one.split(":")[0])).toEqual(["high"]);
  });
});

test("a file system's policy that asks for TLS of everybody", () => {
  const deny = (more: object = {}) => ({
    Effect: "Deny",
    Principal: "*",
    Action: "*",
    Condition: { Bool: { "aws:SecureTransport": "false" } },
    ...more,
  });
  const missing = (...statements: object[]) => found("EFS-005", changed(fileSystemPolicy, { policy: document(...statements) })).length;
  expect([missing(deny()), missing(deny({ Action: "elasticfilesystem:*" })), missing(deny({ Principal: { AWS: "*" } }))]).toEqual([
    0, 0, 0,
  ]);
  for (const partial of [
    { Action: "elasticfilesystem:ClientWrite" },
    { Principal: { AWS: "arn:aws:iam::123456789012:role/x" } },
    { Effect: "Allow" },
    { Condition: { Bool: { "aws:SecureTransport": "true" } } },
    { Action: undefined, NotAction: "elasticfilesystem:ClientMount" },
    { Condition: { Bool: { "aws:SecureTransport": "false" }, StringEquals: { "aws:PrincipalOrgID": "o-x" } } },
  ])
    expect([partial, missing(deny(partial)) > 0]).toEqual([partial, true]);
});
