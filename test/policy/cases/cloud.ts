/** AWS: what runs tasks and machines by other names, and what lets the world in by pieces. */
import { changed, cluster, definition, iamRole, machineTask, resource, securityGroup, task } from "../fixtures.ts";
import { type Case, fargate, machine, rule, unknown } from "./case.ts";

type Props = Record<string, unknown>;
const aws = (type: string, props: Props, name = "x") => resource(`aws:${type}`, name, props);

/** A resource by way of Cloud Control, and of the generic resource of the other provider. */
const generic = (typeName: string, state: Props) => [
  aws("cloudcontrol/resource:Resource", { typeName, desiredState: JSON.stringify(state) }),
  resource("aws-native:index:ExtensionResource", "x", { type: typeName, properties: state }),
];
const container = (change: Props = {}) => ({
  Name: "agent",
  Image: definition.image,
  User: "10001:10001",
  ReadonlyRootFilesystem: true,
  ...change,
});
const genericTask = (change: Props, props: Props = {}) =>
  generic("AWS::ECS::TaskDefinition", {
    RequiresCompatibilities: ["FARGATE"],
    NetworkMode: "awsvpc",
    ContainerDefinitions: [container(change)],
    ...props,
  });

const properties = {
  image: definition.image,
  user: "10001",
  readonlyRootFilesystem: true,
  executionRoleArn: "arn:aws:iam::123456789012:role/x",
};
/** A job in each form that Batch takes. */
const jobs = (change: Props): ReturnType<typeof aws>[] => {
  const one = { ...properties, ...change };
  return [
    aws("batch/jobDefinition:JobDefinition", { type: "container", containerProperties: JSON.stringify(one) }),
    resource("aws-native:batch:JobDefinition", "x", { type: "container", containerProperties: one }),
    aws("batch/jobDefinition:JobDefinition", {
      type: "container",
      ecsProperties: JSON.stringify({ taskProperties: [{ containers: [one] }] }),
    }),
    aws("batch/jobDefinition:JobDefinition", {
      type: "multinode",
      nodeProperties: JSON.stringify({ mainNode: 0, numNodes: 1, nodeRangeProperties: [{ targetNodes: "0:", container: one }] }),
    }),
  ];
};
const podJob = (podProperties: Props) => aws("batch/jobDefinition:JobDefinition", { type: "container", eksProperties: { podProperties } });

/** A task that something else runs, in each place that says so. */
const runs = (network: Props, rest: Props, override: Props = {}): readonly (readonly [string, ReturnType<typeof aws>])[] => {
  const input = JSON.stringify({ containerOverrides: [{ name: "agent", ...override }] });
  const taskDefinitionArn = "arn:aws:ecs:eu-west-1:123456789012:task-definition/x";
  return [
    [
      "EventBridge",
      aws("cloudwatch/eventTarget:EventTarget", { ecsTarget: { taskDefinitionArn, networkConfiguration: network, ...rest }, input }),
    ],
    [
      "Scheduler",
      aws("scheduler/schedule:Schedule", {
        target: { ecsParameters: { taskDefinitionArn, networkConfiguration: network, ...rest }, input },
      }),
    ],
    [
      "Pipes",
      aws("pipes/pipe:Pipe", {
        targetParameters: {
          ecsTaskParameters: {
            taskDefinitionArn,
            networkConfiguration: { awsVpcConfiguration: { assignPublicIp: network.assignPublicIp === true ? "ENABLED" : "DISABLED" } },
            overrides: { containerOverrides: [override] },
            ...rest,
          },
        },
      }),
    ],
    [
      "Step Functions",
      aws("sfn/stateMachine:StateMachine", {
        definition: JSON.stringify({
          States: {
            Run: {
              Type: "Task",
              Resource: "arn:aws:states:::ecs:runTask.sync",
              Parameters: {
                NetworkConfiguration: { AwsvpcConfiguration: { AssignPublicIp: network.assignPublicIp === true ? "ENABLED" : "DISABLED" } },
                EnableExecuteCommand: rest.enableExecuteCommand,
                Overrides: { ContainerOverrides: [{ Name: "agent", Environment: override.environment, Command: override.command }] },
              },
            },
          },
        }),
      }),
    ],
  ];
};

/** The same in the words of CloudFormation, by each generic resource. */
const genericRuns = (parameters: Props, override: Props = {}) => {
  const input = JSON.stringify({ containerOverrides: [{ name: "agent", ...override }] });
  return [
    ...generic("AWS::Events::Rule", { Targets: [{ Id: "other" }, { Id: "task", Input: input, EcsParameters: parameters }] }),
    ...generic("AWS::Scheduler::Schedule", { Target: { Input: input, EcsParameters: parameters } }),
    ...generic("AWS::Pipes::Pipe", {
      TargetParameters: { EcsTaskParameters: { ...parameters, Overrides: { ContainerOverrides: [upper(override)] } } },
    }),
    ...generic("AWS::StepFunctions::StateMachine", {
      Definition: {
        States: {
          Run: {
            Type: "Task",
            Resource: "arn:aws:states:::ecs:runTask",
            Parameters: { ...parameters, Overrides: { ContainerOverrides: [upper(override)] } },
          },
        },
      },
    }),
  ];
};
const upper = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(upper);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key.charAt(0).toUpperCase() + key.slice(1), upper(inner)]));
};
const openNetwork = { NetworkConfiguration: { AwsVpcConfiguration: { AssignPublicIp: "ENABLED" } } };
const closedNetwork = { NetworkConfiguration: { AwsVpcConfiguration: { AssignPublicIp: "DISABLED" } } };
const withPassword = { environment: [{ name: "DB_PASSWORD", value: "hunter2" }] };
const named = (one: ReturnType<typeof aws>) => `${one.type} of ${String(one.props.typeName ?? one.props.type)}`;

const group = (props: Props) => changed(securityGroup, { ingress: [], egress: [], ...props });
const open = (cidrBlocks: string[], port = 8080, protocol = "tcp") => ({
  protocol,
  fromPort: port,
  toPort: port,
  cidrBlocks,
  description: "x",
});
const piece = (name: string, cidrIpv4: string) => ({
  ...aws(
    "vpc/securityGroupIngressRule:SecurityGroupIngressRule",
    { ipProtocol: "tcp", fromPort: 8080, toPort: 8080, cidrIpv4, description: "x", securityGroupId: "sg-1" },
    name,
  ),
});
const prefixes = (...cidrs: string[]) => aws("ec2/managedPrefixList:ManagedPrefixList", { entries: cidrs.map((cidr) => ({ cidr })) });
const entry = (name: string, cidr: string) =>
  aws("ec2/managedPrefixListEntry:ManagedPrefixListEntry", { prefixListId: "pl-1", cidr }, name);
const script = "#!/bin/sh";
const plainTask = { logConfiguration: undefined, secrets: undefined };

/** Large networks that are next to none of each other, each in a rule by itself. */
const eights = (direction: "Ingress" | "Egress", count: number, port = 22) =>
  Array.from({ length: count }, (_, at) =>
    resource(`aws:vpc/securityGroup${direction}Rule:SecurityGroup${direction}Rule`, `net-${at}`, {
      securityGroupId: "sg-1",
      ipProtocol: "tcp",
      fromPort: port,
      toPort: port,
      cidrIpv4: `${11 + 5 * at}.0.0.0/8`,
      description: "x",
    }),
  );

export const cases: Case[] = [
  ...genericTask({ Privileged: true }).flatMap((one) => rule("CTR-006").broken(`a generic resource, ${one.type}`, one).cases),
  ...genericTask({ Environment: [{ Name: "DB_PASSWORD", Value: "hunter2" }] }).flatMap(
    (one) => rule("CTR-026").broken(`a generic resource, ${one.type}`, one).cases,
  ),
  ...genericTask({}, { Volumes: [{ Name: "x", Host: { SourcePath: "/etc" } }] }).flatMap(
    (one) => rule("CTR-012").broken(`a generic resource, ${one.type}`, one).cases,
  ),
  ...genericTask({}, { Volumes: [{ Name: "x", EFSVolumeConfiguration: { FilesystemId: "fs-1" } }] }).flatMap(
    (one) => rule("ECS-001").broken(`a generic resource, ${one.type}`, one).finds({ beside: 1 }).cases,
  ),
  ...generic("AWS::EC2::SecurityGroup", {
    GroupDescription: "x",
    SecurityGroupIngress: [{ IpProtocol: "tcp", FromPort: 22, ToPort: 22, CidrIp: "0.0.0.0/0" }],
  }).flatMap((one) => rule("SG-001").broken(`a generic resource, ${one.type}`, one).cases),
  ...generic("AWS::IAM::Role", {
    AssumeRolePolicyDocument: { Statement: { Effect: "Allow", Principal: { AWS: "*" }, Action: "sts:AssumeRole" } },
  }).flatMap((one) => rule("IAM-003").broken(`a generic resource, ${one.type}`, one).cases),
  ...generic("AWS::EFS::FileSystem", { Encrypted: false }).flatMap(
    (one) => rule("EFS-001").broken(`a generic resource, ${one.type}`, one).cases,
  ),
  ...generic("AWS::CloudFormation::Stack", { TemplateURL: "x" }).flatMap(
    (one) => rule("GEN-001").broken(`a generic resource, ${one.type}`, one).cases,
  ),
  ...rule("CTR-006").clean("a generic resource", genericTask({ DockerLabels: { Privileged: "true" } })).cases,
  ...rule("IAM-003").clean(
    "a generic resource",
    generic("AWS::IAM::Role", {
      AssumeRolePolicyDocument: {
        Statement: {
          Effect: "Allow",
          Principal: { AWS: "*" },
          Action: "sts:AssumeRole",
          Condition: { StringEquals: { "aws:PrincipalOrgID": "o-abc123" } },
        },
      },
    }),
  ).cases,
  ...rule("CTR-006").unknown(aws("cloudcontrol/resource:Resource", { typeName: "AWS::ECS::TaskDefinition", desiredState: unknown })).cases,
  ...rule("GEN-003").broken(
    "a generic resource whose state is none",
    aws("cloudcontrol/resource:Resource", { typeName: "AWS::ECS::TaskDefinition", desiredState: "{" }),
  ).cases,
  ...jobs({ privileged: true }).flatMap((one, at) => rule("CTR-006").broken(`a job of Batch, form ${at}`, one).cases),
  ...jobs({ readonlyRootFilesystem: false }).flatMap((one, at) => rule("CTR-001").broken(`a job of Batch, form ${at}`, one).cases),
  ...jobs({ user: "root" }).flatMap((one, at) => rule("CTR-007").broken(`a job of Batch, form ${at}`, one).cases),
  ...jobs({ environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }).flatMap(
    (one, at) => rule("CTR-026").broken(`a job of Batch, form ${at}`, one).cases,
  ),
  ...rule("CTR-012").broken("a job of Batch", jobs({ volumes: [{ name: "x", host: { sourcePath: "/etc" } }] })[0] ?? []).cases,
  ...rule("ECS-002").broken("a job of Batch", jobs({ networkConfiguration: { assignPublicIp: "ENABLED" } })[0] ?? []).cases,
  ...rule("CTR-006").broken("a pod of Batch", podJob({ containers: [{ image: definition.image, securityContext: { privileged: true } }] }))
    .cases,
  ...rule("CTR-008").broken("a pod of Batch that says nothing", podJob({ containers: [{ image: definition.image }] })).cases,
  ...["CTR-001", "CTR-002", "CTR-005", "CTR-006", "CTR-007", "CTR-026", "CTR-031", "CTR-037", "ECS-004", "ECS-005"].flatMap(
    (id) =>
      rule(id).clean(
        "a job of Batch",
        jobs({ user: "10001:10001", linuxParameters: { initProcessEnabled: true }, logConfiguration: { logDriver: "awslogs" } }),
      ).cases,
  ),
  ...genericRuns(openNetwork).flatMap((one) => rule("ECS-002").broken(named(one), one).cases),
  ...genericRuns(closedNetwork).flatMap((one) => rule("ECS-002").clean(named(one), one).cases),
  ...genericRuns({ EnableExecuteCommand: true }).flatMap((one) => rule("ECS-003").broken(named(one), [one, cluster]).cases),
  ...genericRuns({}, withPassword).flatMap((one) => rule("CTR-026").broken(named(one), one).cases),
  ...genericRuns({}, { environment: [{ name: "SESSION_ID", value: "alpha" }] }).flatMap(
    (one) => rule("CTR-026").clean(named(one), one).cases,
  ),
  ...genericTask({ LinuxParameters: { Capabilities: { Add: ["SYS_ADMIN"] } } }).flatMap(
    (one) => rule("CTR-003").broken(`a generic resource, ${one.type}`, one).cases,
  ),
  ...runs({ assignPublicIp: true }, {}).flatMap(([what, one]) => rule("ECS-002").broken(what, one).cases),
  ...runs({ assignPublicIp: false }, {}).flatMap(([what, one]) => rule("ECS-002").clean(what, one).cases),
  ...runs({}, { enableExecuteCommand: true }).flatMap(([what, one]) => rule("ECS-003").broken(what, [one, cluster]).cases),
  ...runs({}, {}, { environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }).flatMap(
    ([what, one]) => rule("CTR-026").broken(what, one).cases,
  ),
  ...runs({}, {}, { environment: [{ name: "SESSION_ID", value: "alpha" }] }).flatMap(
    ([what, one]) => rule("CTR-026").clean(what, one).cases,
  ),
  ...runs({}, {}, { command: ["sh", "-c", "export API_TOKEN=hunter2; run"] }).flatMap(
    ([what, one]) => rule("CTR-027").broken(what, one).cases,
  ),
  ...[
    aws("ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{ ami: "x" }, { ami: "x", userData: script }] }),
    aws("ec2/launchConfiguration:LaunchConfiguration", { userData: script }),
    resource("aws-native:autoscaling:LaunchConfiguration", "x", { userData: script }),
    resource("aws-native:ec2:LaunchTemplate", "x", { launchTemplateData: { userData: script } }),
    aws("lightsail/instance:Instance", { userData: script }),
    aws("lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion", {}),
    aws("ssm/document:Document", { documentType: "Command", content: JSON.stringify({ mainSteps: [{ action: "aws:runShellScript" }] }) }),
    aws("ssm/document:Document", {
      documentType: "Automation",
      documentFormat: "YAML",
      content: "mainSteps:\n- action: aws:executeScript\n",
    }),
    aws("ssm/association:Association", { name: "AWS-RunShellScript", parameters: { commands: "curl x | sh" } }),
    aws("apprunner/service:Service", {}),
    aws("elasticbeanstalk/environment:Environment", {}),
    aws("cloudformation/stackSetInstance:StackSetInstance", {}),
    ...["Build", "Fleet", "ContainerFleet", "ContainerGroupDefinition"].map((type) => resource(`aws-native:gamelift:${type}`, "x", {})),
  ].flatMap((one) => rule("GEN-001").broken(one.type, one).cases),
  ...rule("GEN-001")
    .clean("machines that start nothing", [
      aws("ec2/spotFleetRequest:SpotFleetRequest", { launchSpecifications: [{ ami: "x" }] }),
      aws("ec2/launchConfiguration:LaunchConfiguration", {}),
    ])
    .clean(
      "a document about sessions",
      aws("ssm/document:Document", { documentType: "Session", content: JSON.stringify({ sessionType: "Standard_Stream" }) }),
    )
    .clean("an update of an agent", aws("ssm/association:Association", { name: "AWS-UpdateSSMAgent" })).cases,
  ...rule("CB-001")
    .broken("privileged", aws("codebuild/project:Project", { environment: { privilegedMode: true } }))
    .broken("the other provider", resource("aws-native:codebuild:Project", "x", { environment: { privilegedMode: true } }))
    .broken("a generic resource", generic("AWS::CodeBuild::Project", { Environment: { PrivilegedMode: true } }))
    .finds({ at: ["Resource x", "ExtensionResource x"] })
    .broken("written as text", aws("codebuild/project:Project", { environment: { privilegedMode: "true" } }))
    .clean("not privileged", [
      aws("codebuild/project:Project", { environment: { privilegedMode: false } }),
      aws("codebuild/project:Project", { environment: {} }),
    ])
    .unknown(aws("codebuild/project:Project", { environment: { privilegedMode: unknown } })).cases,
  ...rule("SG-001")
    .broken(
      "pieces in several rules",
      group({ ingress: ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"].map((block) => open([block])) }),
    )
    .broken("pieces of the public part", group({ ingress: [open(["11.0.0.0/8", "12.0.0.0/6"]), open(["16.0.0.0/5", "24.0.0.0/8"])] }))
    .broken(
      "all of IPv6 that is in use",
      group({ ingress: [{ protocol: "tcp", fromPort: 22, toPort: 22, ipv6CidrBlocks: ["2000::/3"], description: "x" }] }),
    )
    .broken("pieces, one of them for every port", group({ ingress: [open(["16.0.0.0/5"]), open(["24.0.0.0/5"], 0, "-1")] }))
    .broken("pieces in rules by themselves", [piece("a", "16.0.0.0/5"), piece("b", "24.0.0.0/5")])
    .finds({ at: ["SecurityGroupIngressRule a", "SecurityGroupIngressRule b"] })
    .broken("the default group", aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [open(["0.0.0.0/0"])] }))
    .clean("a network and an office", group({ ingress: [open(["10.0.0.0/8"]), open(["203.0.113.0/24"])] }))
    .clean("pieces on different ports", group({ ingress: [open(["16.0.0.0/5"], 8080), open(["24.0.0.0/5"], 8081)] }))
    .clean("pieces by different protocols", [piece("a", "16.0.0.0/5"), changed(piece("b", "24.0.0.0/5"), { ipProtocol: "udp" })])
    .broken("pieces beside another group", [piece("a", "16.0.0.0/5"), piece("b", "24.0.0.0/5"), securityGroup])
    .finds({ at: ["SecurityGroupIngressRule a", "SecurityGroupIngressRule b"] })
    .broken("pieces of a group that is not made yet", [
      securityGroup,
      { ...changed(piece("a", "16.0.0.0/5"), { securityGroupId: unknown }), dependencies: ["urn:vpc", securityGroup.urn] },
      { ...changed(piece("b", "24.0.0.0/5"), { securityGroupId: unknown }), dependencies: [securityGroup.urn] },
    ])
    .finds({ at: ["SecurityGroupIngressRule a", "SecurityGroupIngressRule b"] })
    .clean("parts of different groups that are not made yet", [
      securityGroup,
      { ...securityGroup, urn: `${securityGroup.urn}-2` },
      { ...changed(piece("a", "16.0.0.0/5"), { securityGroupId: unknown }), dependencies: [securityGroup.urn] },
      { ...changed(piece("b", "24.0.0.0/5"), { securityGroupId: unknown }), dependencies: [`${securityGroup.urn}-2`] },
    ])
    .clean("parts of different groups", [piece("a", "16.0.0.0/5"), changed(piece("b", "24.0.0.0/5"), { securityGroupId: "sg-2" })])
    .broken("pieces beside one that is not known", [
      piece("a", "16.0.0.0/5"),
      piece("b", "24.0.0.0/5"),
      changed(piece("c", "1.0.0.0/8"), { fromPort: unknown, securityGroupId: "sg-3" }),
    ])
    .finds({ at: ["SecurityGroupIngressRule a", "SecurityGroupIngressRule b"], beside: 2 })
    .broken("a dozen networks, each of them large", eights("Ingress", 12))
    .finds({ at: eights("Ingress", 12).map(({ name }) => `SecurityGroupIngressRule ${name}`) })
    .clean("eleven, as no network has", eights("Ingress", 11))
    .clean("a load balancer", group({ ingress: [open(["0.0.0.0/0"], 443), open(["0.0.0.0/0"], 80)] })).cases,
  ...rule("SG-002")
    .broken("pieces", group({ egress: ["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"].map((block) => open([block])) }))
    .broken("TLS by UDP as well", group({ egress: [open(["0.0.0.0/0"], 443, "udp")] }))
    .broken("a dozen networks in rules by themselves", eights("Egress", 12))
    .finds({ at: eights("Egress", 12).map(({ name }) => `SecurityGroupEgressRule ${name}`) })
    .advised("the same by TLS", eights("Egress", 12, 443))
    .finds({ at: eights("Egress", 12).map(({ name }) => `SecurityGroupEgressRule ${name}`) })
    .clean("eleven", eights("Egress", 11))
    .clean("endpoints", group({ egress: [open(["10.0.0.0/16"], 443)] })).cases,
  ...rule("SG-004")
    .broken(
      "the members of the group",
      aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [{ protocol: "-1", self: true, fromPort: 0, toPort: 0 }] }),
    )
    .broken("egress", aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", { egress: [open(["10.0.0.0/8"])] }))
    .clean("nothing", [
      aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", {}),
      aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: [], egress: [] }),
    ])
    .unknown(aws("ec2/defaultSecurityGroup:DefaultSecurityGroup", { ingress: unknown })).cases,
  ...rule("SG-005")
    .broken("the world", prefixes("0.0.0.0/0"))
    .broken("the world in pieces", prefixes("0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/1"))
    .broken("an entry by itself", entry("a", "::/0"))
    .broken("entries by themselves", [entry("a", "16.0.0.0/5"), entry("b", "24.0.0.0/5")])
    .finds({ at: ["ManagedPrefixListEntry a", "ManagedPrefixListEntry b"] })
    .clean("networks", [prefixes("10.0.0.0/8", "203.0.113.0/24"), entry("a", "198.51.100.0/24")])
    .unknown(prefixes(unknown)).cases,
  ...rule("SG-006")
    .broken("the metadata service", group({ egress: [open(["169.254.169.254/32"], 80)] }))
    .broken("the credentials of tasks", group({ egress: [open(["169.254.170.2/32"], 80)] }))
    .broken(
      "by IPv6",
      group({ egress: [{ protocol: "tcp", fromPort: 80, toPort: 80, ipv6CidrBlocks: ["fd00:ec2::254/128"], description: "x" }] }),
    )
    .broken("in a list", prefixes("169.254.0.0/16"))
    .clean("a network", group({ egress: [open(["10.0.0.0/8"], 80)] }))
    .unknown(group({ egress: [open([unknown])] })).cases,
  ...rule("ECS-004")
    .clean("machines of one's own", machineTask(plainTask, { executionRoleArn: undefined }))
    .clean("nothing that it is for", task(plainTask, { executionRoleArn: undefined }))
    .broken("a secret on machines of one's own", machineTask({}, { executionRoleArn: undefined }))
    .broken(
      "a private image",
      task({ ...plainTask, image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/x:1.0" }, { executionRoleArn: undefined }),
    )
    .broken("logs of a Fargate task", task({ secrets: undefined }, { executionRoleArn: undefined })).cases,
  ...rule("CTR-005").clean("a task", [fargate({}), machine({})]).cases,
  ...rule("IAM-003").clean("nobody", changed(iamRole, { assumeRolePolicy: JSON.stringify({ Statement: [] }) })).cases,
];
