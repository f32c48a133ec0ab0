/** A web service on ECS with its roles, network and repository. */
import type { Resource } from "../../../policy/evaluate.ts";
import { unknown } from "../../../policy/rules/read/value.ts";
import { resource } from "../fixtures.ts";

export const ecsApp: readonly Resource[] = [
  resource("aws:ecr/repository:Repository", "shop", { forceDelete: true }),
  resource("aws:ecs/cluster:Cluster", "shop", {}),
  resource("aws:iam/role:Role", "task", {
    assumeRolePolicy: JSON.stringify({
      Version: "2012-10-17",
      Statement: [{ Effect: "Allow", Principal: { Service: "ecs-tasks.amazonaws.com" }, Action: "sts:AssumeRole" }],
    }),
    inlinePolicies: [
      {
        name: "all",
        policy: JSON.stringify({
          Version: "2012-10-17",
          Statement: [{ Effect: "Allow", Action: ["s3:*", "secretsmanager:GetSecretValue"], Resource: "*" }],
        }),
      },
    ],
  }),
  resource("aws:ec2/securityGroup:SecurityGroup", "web", {
    ingress: [
      { protocol: "tcp", fromPort: 80, toPort: 80, cidrBlocks: ["0.0.0.0/0"] },
      { protocol: "tcp", fromPort: 22, toPort: 22, cidrBlocks: ["0.0.0.0/0"] },
    ],
    egress: [{ protocol: "-1", fromPort: 0, toPort: 0, cidrBlocks: ["0.0.0.0/0"] }],
  }),
  resource("aws:ecs/taskDefinition:TaskDefinition", "web", {
    family: "web",
    cpu: "256",
    memory: "512",
    networkMode: "awsvpc",
    requiresCompatibilities: ["FARGATE"],
    executionRoleArn: "arn:aws:iam::123456789012:role/task",
    taskRoleArn: "arn:aws:iam::123456789012:role/task",
    containerDefinitions: JSON.stringify([
      {
        name: "web",
        image: "123456789012.dkr.ecr.eu-west-1.amazonaws.com/shop:latest",
        portMappings: [{ containerPort: 80 }],
        environment: [{ name: "DB_PASSWORD", value: "not-to-be-printed" }],
      },
    ]),
  }),
  resource("aws:ecs/taskDefinition:TaskDefinition", "worker", {
    family: "worker",
    networkMode: "awsvpc",
    executionRoleArn: unknown,
    containerDefinitions: unknown,
  }),
  resource("aws:ecs/service:Service", "web", {
    networkConfiguration: { assignPublicIp: true, subnets: ["subnet-1"] },
    enableExecuteCommand: true,
  }),
  resource("aws:cloudwatch/logGroup:LogGroup", "web", {}),
];

/** What is found at level local: rule, name of the resource, severity. */
export const ecsAppFindings = [
  "CTR-001 web medium",
  "CTR-005 web medium",
  "CTR-007 web medium",
  "CTR-026 web high",
  "CTR-030 web medium",
  "CTR-031 web medium",
  "CTR-033 web high",
  "CTR-035 web medium",
  "CTR-037 web low",
  "ECR-001 shop medium",
  "ECR-002 shop medium",
  "ECR-003 shop low",
  "ECS-002 web high",
  "ECS-003 web medium",
  "ECS-004 web medium",
  "ECS-007 shop low",
  "ECS-008 web low",
  "IAM-002 task high",
  "IAM-002 task high",
  "IAM-003 task low",
  "LOG-001 web medium",
  "SG-001 web high",
  "SG-002 web high",
  "SG-003 web low",
  "SG-003 web low",
  "SG-003 web low",
];
