import {
  accessPoint,
  backupPolicy,
  backupSelection,
  changed,
  cluster,
  ecsService,
  fileSystem,
  fileSystemPolicy,
  iamPolicy,
  iamRole,
  lifecycle,
  logGroup,
  machineTask,
  repository,
  repositoryPolicy,
  resource,
  secret,
  secretRotation,
  secretVersion,
  securityGroup,
  task,
} from "../fixtures.ts";
import { type Case, rule, unknown } from "./case.ts";

const efs = (configuration: Record<string, unknown>) => task({}, { volumes: [{ name: "x", efsVolumeConfiguration: configuration }] });
const policy = (...statements: Record<string, unknown>[]) => changed(iamPolicy, { policy: JSON.stringify({ Statement: statements }) });
const allow = (Action: unknown, Resource: unknown = "*") => policy({ Effect: "Allow", Action, Resource });
const trust = (Principal: unknown) =>
  changed(iamRole, {
    assumeRolePolicy: JSON.stringify({ Statement: { Effect: "Allow", Principal, Action: "sts:AssumeRole" } }),
  });
const open = (cidrBlocks: string[], port = 8080) => [{ protocol: "tcp", fromPort: port, toPort: port, cidrBlocks, description: "x" }];
const publicStatement = JSON.stringify({
  Statement: [{ Effect: "Allow", Principal: { AWS: "*" }, Action: "*", Resource: "*" }],
});
const audit = { logging: "OVERRIDE", kmsKeyId: "key", logConfiguration: { cloudWatchEncryptionEnabled: true } };

export const cases: Case[] = [
  ...rule("ECS-001")
    .broken("no TLS", efs({ fileSystemId: "fs", authorizationConfig: { iam: "ENABLED" } }))
    .broken("TLS off", efs({ transitEncryption: "DISABLED", authorizationConfig: { iam: "ENABLED" } }))
    .broken("nobody asked who", efs({ transitEncryption: "ENABLED" }), "medium")
    .unknown(efs({ transitEncryption: unknown })).cases,
  ...rule("ECS-002")
    .broken("a service", changed(ecsService, { "networkConfiguration/assignPublicIp": true }))
    .broken("a task set", {
      ...changed(ecsService, { "networkConfiguration/assignPublicIp": true }),
      type: "aws:ecs/taskSet:TaskSet",
    })
    .broken(
      "the other provider",
      resource("aws-native:ecs:Service", "x", {
        networkConfiguration: { awsvpcConfiguration: { assignPublicIp: "ENABLED" } },
      }),
    )
    .unknown(changed(ecsService, { "networkConfiguration/assignPublicIp": unknown })).cases,
  ...rule("ECS-003")
    .broken("no cluster", changed(ecsService, { enableExecuteCommand: true }))
    .broken("a cluster that does not record", [changed(ecsService, { enableExecuteCommand: true }), cluster])
    .broken(
      "a record that is not encrypted",
      changed(cluster, { configuration: { executeCommandConfiguration: { ...audit, logConfiguration: {} } } }),
    )
    .unknown(changed(ecsService, { enableExecuteCommand: unknown }))
    .finds({ at: ["stack"] }).cases,
  ...rule("ECS-004")
    .broken("none", task({}, { executionRoleArn: undefined }))
    .broken("one for both", task({}, { taskRoleArn: "arn:aws:iam::123456789012:role/execution" }))
    .unknown(task({}, { taskRoleArn: unknown })).cases,
  ...rule("ECS-005")
    .broken("bridge", machineTask({}, { networkMode: "bridge" }))
    .broken("unsaid", task({}, { networkMode: undefined }))
    .broken("bridge on Fargate", task({}, { networkMode: "bridge", requiresCompatibilities: ["EXTERNAL", "FARGATE"] }))
    .clean("a machine outside AWS", machineTask({}, { networkMode: "bridge", requiresCompatibilities: ["external"] }))
    .unknown(task({}, { networkMode: unknown })).cases,
  ...rule("ECS-006")
    .broken("1.3.0", changed(ecsService, { platformVersion: "1.3.0" }))
    .unknown(changed(ecsService, { platformVersion: unknown })).cases,
  ...rule("ECS-007")
    .broken("unsaid", changed(cluster, { settings: undefined }))
    .broken("off", changed(cluster, { settings: [{ name: "containerInsights", value: "disabled" }] }))
    .unknown(changed(cluster, { settings: unknown })).cases,
  ...rule("ECS-008")
    .broken("none", changed(ecsService, { deploymentCircuitBreaker: undefined }))
    .broken("no rollback", changed(ecsService, { "deploymentCircuitBreaker/rollback": false }))
    .unknown(changed(ecsService, { deploymentCircuitBreaker: unknown })).cases,
  ...rule("EFS-001")
    .broken("unsaid", changed(fileSystem, { encrypted: undefined }))
    .broken("false", changed(fileSystem, { encrypted: false }))
    .unknown(changed(fileSystem, { encrypted: unknown })).cases,
  ...rule("EFS-002")
    .broken("unsaid", changed(accessPoint, { rootDirectory: undefined }))
    .broken("the root", changed(accessPoint, { "rootDirectory/path": "/x/.." }))
    .unknown(changed(accessPoint, { rootDirectory: unknown })).cases,
  ...rule("EFS-003")
    .broken("unsaid", changed(accessPoint, { posixUser: undefined }), "medium")
    .broken("root", changed(accessPoint, { "posixUser/uid": 0 }))
    .broken("root's group", changed(accessPoint, { "posixUser/gid": 0 }))
    .unknown(changed(accessPoint, { "posixUser/uid": unknown })).cases,
  ...rule("EFS-004")
    .clean("in a plan of its own", [fileSystem, backupSelection])
    .broken("another one is in a plan", [
      resource("aws:efs/fileSystem:FileSystem", "beta", { encrypted: true, kmsKeyId: "key" }),
      fileSystem,
      backupSelection,
    ])
    .broken("none", fileSystem)
    .broken("off", [fileSystem, changed(backupPolicy, { "backupPolicy/status": "DISABLED" })])
    .advised("AWS's own key", [changed(fileSystem, { kmsKeyId: undefined }), backupPolicy])
    .advised("one zone", [changed(fileSystem, { availabilityZoneName: "eu-west-1a" }), backupPolicy])
    .unknown([changed(fileSystem, { kmsKeyId: unknown }), backupPolicy]).cases,
  ...rule("EFS-005")
    .broken("no TLS asked for", changed(fileSystemPolicy, { policy: JSON.stringify({ Statement: [] }) }))
    .broken("everybody, and no TLS asked for", changed(fileSystemPolicy, { policy: publicStatement }))
    .finds({ at: ["FileSystemPolicy alpha", "FileSystemPolicy alpha"] })
    .unknown(changed(fileSystemPolicy, { policy: unknown })).cases,
  ...rule("SG-001")
    .broken("everybody", changed(securityGroup, { ingress: open(["0.0.0.0/0"]) }))
    .broken("in halves", changed(securityGroup, { ingress: open(["0.0.0.0/1", "128.0.0.0/1"]) }))
    .broken("one half", changed(securityGroup, { ingress: open(["0.0.0.0/1"]) }))
    .broken(
      "IPv6",
      changed(securityGroup, {
        ingress: [{ protocol: "-1", fromPort: 0, toPort: 0, ipv6CidrBlocks: ["::/0"], description: "x" }],
      }),
    )
    .broken(
      "every port",
      changed(securityGroup, {
        ingress: [{ protocol: "tcp", fromPort: 0, toPort: 65535, cidrBlocks: ["0.0.0.0/0"], description: "x" }],
      }),
    )
    .broken(
      "a rule by itself",
      resource("aws:ec2/securityGroupRule:SecurityGroupRule", "x", {
        type: "ingress",
        protocol: "tcp",
        fromPort: 8080,
        toPort: 8080,
        cidrBlocks: ["0.0.0.0/0"],
        description: "x",
      }),
    )
    .broken(
      "a newer rule",
      resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "x", {
        ipProtocol: "tcp",
        fromPort: 8080,
        toPort: 8080,
        cidrIpv4: "0.0.0.0/0",
        description: "x",
      }),
    )
    .unknown(changed(securityGroup, { ingress: open([unknown]) })).cases,
  ...rule("SG-002")
    .broken("everywhere", changed(securityGroup, { egress: open(["0.0.0.0/0"], 80) }))
    .advised("everywhere by TLS", changed(securityGroup, { egress: open(["0.0.0.0/0"], 443) }))
    .broken(
      "a newer rule",
      resource("aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule", "x", {
        ipProtocol: "-1",
        cidrIpv6: "::/0",
        description: "x",
      }),
    )
    .unknown(changed(securityGroup, { egress: unknown })).cases,
  ...rule("SG-003")
    .broken("none", changed(securityGroup, { description: undefined }))
    .broken("a rule", changed(securityGroup, { egress: [{ protocol: "tcp", fromPort: 1, toPort: 1, cidrBlocks: [] }] }))
    .unknown(changed(securityGroup, { description: unknown })).cases,
  ...rule("IAM-001")
    .broken("everything", allow("*"))
    .broken("everything in a list", allow(["s3:GetObject", "*:*"], ["*"]))
    .broken("all but some", policy({ Effect: "Allow", NotAction: "iam:*", Resource: "*" }))
    .broken("keys in lower case", changed(iamPolicy, { policy: { statement: [{ effect: "Allow", action: "*", resource: "*" }] } }))
    .broken("inline", changed(iamRole, { inlinePolicies: [{ name: "x", policy: publicStatement }] }))
    .broken("AWS's own", changed(iamRole, { managedPolicyArns: ["arn:aws:iam::aws:policy/AdministratorAccess"] }))
    .broken(
      "attached",
      resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "x", {
        policyArn: "arn:aws:iam::aws:policy/PowerUserAccess",
      }),
    )
    .unknown(changed(iamPolicy, { policy: unknown })).cases,
  ...["s3:*", "iam:PassRole", "secretsmanager:GetSecretValue", "secretsmanager:Get*", "kms:Decrypt", "IAM:passrole"].flatMap(
    (action) => rule("IAM-002").broken(action, allow(action)).cases,
  ),
  ...rule("IAM-002")
    .broken("ssm:GetParameter*", allow("ssm:GetParameter*"))
    .finds({ at: Array(3).fill("Policy alpha") })
    .unknown(changed(iamPolicy, { policy: unknown })).cases,
  ...rule("IAM-003")
    .broken("everybody", trust("*"))
    .broken("everybody by AWS", trust({ AWS: ["*"] }))
    .broken("a service for anybody", trust({ Service: "ecs-tasks.amazonaws.com" }), "low")
    .unknown(changed(iamRole, { assumeRolePolicy: unknown })).cases,
  ...rule("IAM-004")
    .broken("a user", resource("aws:iam/user:User", "x", {}))
    .broken("a key", resource("aws:iam/accessKey:AccessKey", "x", {})).cases,
  ...rule("SEC-001")
    .broken("no rotation", secret)
    .broken("too seldom", changed(secretRotation, { "rotationRules/automaticallyAfterDays": 365 }))
    .broken("not recoverable", [changed(secret, { recoveryWindowInDays: 0 }), secretRotation])
    .broken("everybody", [changed(secret, { policy: publicStatement }), secretRotation], "critical")
    .broken("everybody by a policy", resource("aws:secretsmanager/secretPolicy:SecretPolicy", "x", { policy: publicStatement }), "critical")
    .advised("AWS's own key", [changed(secret, { kmsKeyId: undefined }), secretRotation])
    .unknown([changed(secret, { policy: unknown }), secretRotation]).cases,
  ...rule("SEC-004")
    .broken("a plain string", changed(secretVersion, { secretString: "hunter2" }))
    .broken("a parameter", resource("aws:ssm/parameter:Parameter", "x", { type: "SecureString", value: "hunter2" }))
    .advised("opened by an engine", { ...changed(secretVersion, { secretString: "hunter2" }), secretsOpened: true })
    .unknown(changed(secretVersion, { secretString: unknown })).cases,
  ...rule("LOG-001")
    .broken("unsaid", changed(logGroup, { retentionInDays: undefined }))
    .broken("for ever", changed(logGroup, { retentionInDays: 0 }))
    .advised("AWS's own key", changed(logGroup, { kmsKeyId: undefined }))
    .unknown(changed(logGroup, { retentionInDays: unknown })).cases,
  ...rule("ECR-001")
    .broken("unsaid", changed(repository, { imageScanningConfiguration: undefined }))
    .unknown(changed(repository, { imageScanningConfiguration: unknown })).cases,
  ...rule("ECR-002")
    .broken("unsaid", changed(repository, { imageTagMutability: undefined }))
    .broken(
      "most excepted",
      changed(repository, {
        imageTagMutability: "IMMUTABLE_WITH_EXCLUSION",
        imageTagMutabilityExclusionFilters: [{ filter: "*" }],
      }),
    )
    .unknown(changed(repository, { imageTagMutability: unknown })).cases,
  ...rule("ECR-003")
    .broken("everybody", changed(repositoryPolicy, { policy: publicStatement }))
    .broken("no end", repository, "low")
    .broken("another's lifecycle", [repository, { ...lifecycle, dependencies: [] }, { ...repository, urn: `${repository.urn}-2` }], "low")
    .finds({ at: ["Repository alpha", "Repository alpha-2"] })
    .advised("AWS's own key", [changed(repository, { encryptionConfigurations: undefined }), lifecycle])
    .unknown(changed(repositoryPolicy, { policy: unknown })).cases,
];
