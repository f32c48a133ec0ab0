import { type AwsRequest, type Fields, inputsOf, mark, type Making, present, smallTagList, tagList } from "./request.ts";

/** How the provider asks for tasks and what they need: rights, files, secrets, images, logs, alarms and backups. */

// That it stays is no matter of the request.
const taskDefinition: Making = ({ containerDefinitions, ephemeralStorage, skipDestroy: _, tags, ...inputs }) => [
  {
    operation: "ecs.RegisterTaskDefinition",
    input: {
      ...inputs,
      ...(ephemeralStorage !== undefined && { ephemeralStorage: { sizeInGiB: (ephemeralStorage as Fields).sizeInGib } }),
      containerDefinitions: JSON.parse(String(containerDefinitions)),
      tags: smallTagList(tags),
    },
    brings: { arn: "taskDefinition.taskDefinitionArn", id: "taskDefinition.family", revision: "taskDefinition.revision" },
  },
];

const service: Making = (inputs) => {
  const { name, capacityProviderStrategies, networkConfiguration, deploymentMaximumPercent, deploymentMinimumHealthyPercent, ...more } =
    inputs;
  const { deploymentCircuitBreaker, serviceRegistries, enableEcsManagedTags, waitForSteadyState: _, tags, ...rest } = more;
  const { assignPublicIp, subnets, securityGroups } = networkConfiguration as Fields;
  return [
    {
      operation: "ecs.CreateService",
      input: {
        ...rest,
        serviceName: name,
        enableECSManagedTags: enableEcsManagedTags,
        capacityProviderStrategy: capacityProviderStrategies,
        networkConfiguration: {
          awsvpcConfiguration: { subnets, securityGroups, assignPublicIp: assignPublicIp === true ? "ENABLED" : "DISABLED" },
        },
        deploymentConfiguration: {
          deploymentCircuitBreaker,
          maximumPercent: deploymentMaximumPercent,
          minimumHealthyPercent: deploymentMinimumHealthyPercent,
        },
        ...(serviceRegistries !== undefined && { serviceRegistries: [serviceRegistries] }),
        tags: smallTagList(tags),
      },
      brings: { id: "service.serviceArn", arn: "service.serviceArn" },
    },
  ];
};

const fileSystem: Making = ({ lifecyclePolicies, tags, ...inputs }, name): AwsRequest[] => {
  const policies = (lifecyclePolicies as readonly Record<string, unknown>[]).map(({ transitionToIa: TransitionToIA, ...one }) =>
    present({ TransitionToIA, ...inputsOf(one) }),
  );
  return [
    {
      operation: "efs.CreateFileSystem",
      input: { CreationToken: name, ...inputsOf(inputs), Tags: tagList(tags) },
      brings: { id: "FileSystemId", arn: "FileSystemArn" },
    },
    { operation: "efs.PutLifecycleConfiguration", input: { FileSystemId: mark(name, "id"), LifecyclePolicies: policies } },
  ];
};

const alarm: Making = ({ name, metricQueries, tags, ...inputs }) => [
  {
    operation: "cloudwatch.PutMetricAlarm",
    input: {
      AlarmName: name,
      ...inputsOf(inputs, "alarmActions", "okActions"),
      AlarmActions: inputs.alarmActions,
      OKActions: inputs.okActions,
      Metrics: (metricQueries as readonly Fields[]).map(({ id, returnData, expression, metric }) => {
        if (metric === undefined) return { Id: id, ReturnData: returnData, Expression: expression };
        const { namespace: Namespace, metricName: MetricName, dimensions, period: Period, stat: Stat } = metric as Fields;
        const Dimensions = tagList(dimensions).map(({ Key: Name, Value }) => ({ Name, Value }));
        return { Id: id, ReturnData: returnData, MetricStat: { Metric: { Namespace, MetricName, Dimensions }, Period, Stat } };
      }),
      Tags: tagList(tags),
    },
  },
];

const metricFilter: Making = ({ name, pattern, logGroupName, metricTransformation }) => {
  const { name: metricName, namespace, value, ...rest } = metricTransformation as Fields;
  return [
    {
      operation: "logs.PutMetricFilter",
      input: {
        filterName: name,
        filterPattern: pattern,
        logGroupName,
        metricTransformations: [{ metricName, metricNamespace: namespace, metricValue: value, ...rest }],
      },
    },
  ];
};

const logGroup: Making = ({ name, retentionInDays, kmsKeyId, tags }) => [
  { operation: "logs.CreateLogGroup", input: present({ logGroupName: name, kmsKeyId, tags }) },
  { operation: "logs.PutRetentionPolicy", input: { logGroupName: name, retentionInDays } },
  {
    operation: "logs.DescribeLogGroups",
    input: { logGroupNamePrefix: name },
    brings: { id: "logGroups[0].logGroupName", arn: "logGroups[0].arn" },
  },
];

const backupRule = ({ targetVaultName, schedule, startWindow, completionWindow, lifecycle, ruleName }: Fields) => {
  const { deleteAfter: DeleteAfterDays, coldStorageAfter: MoveToColdStorageAfterDays } = (lifecycle ?? {}) as Fields;
  return present({
    RuleName: ruleName,
    TargetBackupVaultName: targetVaultName,
    ScheduleExpression: schedule,
    StartWindowMinutes: startWindow,
    CompletionWindowMinutes: completionWindow,
    Lifecycle: present({ DeleteAfterDays, MoveToColdStorageAfterDays }),
  });
};

const backupPlan: Making = ({ name, rules, tags }) => [
  {
    operation: "backup.CreateBackupPlan",
    input: { BackupPlan: { BackupPlanName: name, Rules: (rules as readonly Fields[]).map(backupRule) }, BackupPlanTags: tags },
    brings: { id: "BackupPlanId", arn: "BackupPlanArn" },
  },
];

/** Of application auto-scaling, whose targets are named by what they scale. */
const scaling = ({ serviceNamespace, scalableDimension, resourceId }: Fields) => ({
  ServiceNamespace: serviceNamespace,
  ScalableDimension: scalableDimension,
  ResourceId: resourceId,
});

export const compute: Readonly<Record<string, Making>> = {
  "aws:ecs/cluster:Cluster": ({ name, tags, ...inputs }) => [
    {
      operation: "ecs.CreateCluster",
      input: { clusterName: name, ...inputs, tags: smallTagList(tags) },
      brings: { id: "cluster.clusterArn", arn: "cluster.clusterArn" },
    },
  ],
  "aws:ecs/clusterCapacityProviders:ClusterCapacityProviders": ({ clusterName, capacityProviders, defaultCapacityProviderStrategies }) => [
    {
      operation: "ecs.PutClusterCapacityProviders",
      input: { cluster: clusterName, capacityProviders, defaultCapacityProviderStrategy: defaultCapacityProviderStrategies },
    },
  ],
  "aws:ecs/taskDefinition:TaskDefinition": taskDefinition,
  "aws:ecs/service:Service": service,
  "aws:iam/role:Role": ({ name, assumeRolePolicy, tags }) => [
    {
      operation: "iam.CreateRole",
      input: { RoleName: name, AssumeRolePolicyDocument: assumeRolePolicy, Tags: tagList(tags) },
      brings: { id: "Role.RoleName", arn: "Role.Arn" },
    },
  ],
  "aws:iam/rolePolicy:RolePolicy": ({ name, role, policy }) => [
    { operation: "iam.PutRolePolicy", input: { RoleName: role, PolicyName: name, PolicyDocument: policy } },
  ],
  "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ({ role, policyArn }) => [
    { operation: "iam.AttachRolePolicy", input: { RoleName: role, PolicyArn: policyArn } },
  ],
  "aws:efs/fileSystem:FileSystem": fileSystem,
  "aws:efs/fileSystemPolicy:FileSystemPolicy": ({ fileSystemId, policy }) => [
    { operation: "efs.PutFileSystemPolicy", input: { FileSystemId: fileSystemId, Policy: policy } },
  ],
  "aws:efs/mountTarget:MountTarget": (inputs) => [
    { operation: "efs.CreateMountTarget", input: inputsOf(inputs), brings: { id: "MountTargetId" } },
  ],
  "aws:efs/accessPoint:AccessPoint": ({ tags, ...inputs }, name) => [
    {
      operation: "efs.CreateAccessPoint",
      input: { ClientToken: name, ...inputsOf(inputs), Tags: tagList(tags) },
      brings: { id: "AccessPointId", arn: "AccessPointArn" },
    },
  ],
  "aws:efs/backupPolicy:BackupPolicy": ({ fileSystemId, backupPolicy }) => [
    { operation: "efs.PutBackupPolicy", input: { FileSystemId: fileSystemId, BackupPolicy: inputsOf(backupPolicy as Fields) } },
  ],
  "aws:secretsmanager/secret:Secret": ({ namePrefix, name, kmsKeyId, tags }) => [
    {
      operation: "secretsmanager.CreateSecret",
      input: present({ Name: name ?? `${namePrefix}20260102`, KmsKeyId: kmsKeyId, Tags: tagList(tags) }),
      brings: { id: "ARN", arn: "ARN" },
    },
  ],
  "aws:secretsmanager/secretVersion:SecretVersion": ({ secretId, secretString }) => [
    {
      operation: "secretsmanager.PutSecretValue",
      input: { SecretId: secretId, SecretString: secretString },
      brings: { id: "VersionId", versionId: "VersionId", arn: "ARN" },
    },
  ],
  "aws:ecr/repository:Repository": ({ name, imageScanningConfiguration, imageTagMutability, encryptionConfigurations, tags }) => [
    {
      operation: "ecr.CreateRepository",
      input: present({
        repositoryName: name,
        imageScanningConfiguration,
        imageTagMutability,
        encryptionConfiguration: (encryptionConfigurations as readonly Fields[] | undefined)?.map(({ encryptionType, kmsKey }) =>
          present({ encryptionType, kmsKey }),
        )[0],
        tags: tagList(tags),
      }),
      brings: { id: "repository.repositoryName", arn: "repository.repositoryArn", repositoryUrl: "repository.repositoryUri" },
    },
  ],
  "aws:ecr/lifecyclePolicy:LifecyclePolicy": ({ repository, policy }) => [
    { operation: "ecr.PutLifecyclePolicy", input: { repositoryName: repository, lifecyclePolicyText: policy } },
  ],
  "aws:cloudwatch/logGroup:LogGroup": logGroup,
  "aws:cloudwatch/logMetricFilter:LogMetricFilter": metricFilter,
  "aws:cloudwatch/metricAlarm:MetricAlarm": alarm,
  "aws:cloudwatch/dashboard:Dashboard": (inputs) => [{ operation: "cloudwatch.PutDashboard", input: inputsOf(inputs) }],
  "aws:sns/topic:Topic": ({ name, kmsMasterKeyId, tags }) => [
    {
      operation: "sns.CreateTopic",
      input: { Name: name, ...(kmsMasterKeyId !== undefined && { Attributes: { KmsMasterKeyId: kmsMasterKeyId } }), Tags: tagList(tags) },
      brings: { id: "TopicArn", arn: "TopicArn" },
    },
  ],
  "aws:sns/topicPolicy:TopicPolicy": ({ arn, policy }) => [
    { operation: "sns.SetTopicAttributes", input: { TopicArn: arn, AttributeName: "Policy", AttributeValue: policy } },
  ],
  "aws:cloudwatch/eventRule:EventRule": ({ tags, ...inputs }) => [
    { operation: "events.PutRule", input: { ...inputsOf(inputs), Tags: tagList(tags) } },
  ],
  "aws:cloudwatch/eventTarget:EventTarget": ({ rule, arn, targetId, inputTransformer }) => {
    const { inputPaths, inputTemplate } = inputTransformer as { inputPaths: Fields; inputTemplate: string };
    const target = { Id: targetId, Arn: arn, InputTransformer: { InputPathsMap: inputPaths, InputTemplate: inputTemplate } };
    return [{ operation: "events.PutTargets", input: { Rule: rule, Targets: [target] } }];
  },
  "aws:sns/topicSubscription:TopicSubscription": ({ topic, protocol, endpoint }) => [
    { operation: "sns.Subscribe", input: { TopicArn: topic, Protocol: protocol, Endpoint: endpoint } },
  ],
  // Pulumi gives it a name of its own, by the resource's.
  "aws:backup/vault:Vault": ({ kmsKeyArn, tags }, name) => [
    {
      operation: "backup.CreateBackupVault",
      input: present({ BackupVaultName: `${name}-0a1b2c3`, EncryptionKeyArn: kmsKeyArn, BackupVaultTags: tags }),
      brings: { id: "BackupVaultName", name: "BackupVaultName", arn: "BackupVaultArn" },
    },
  ],
  "aws:backup/vaultLockConfiguration:VaultLockConfiguration": (inputs) => [
    { operation: "backup.PutBackupVaultLockConfiguration", input: inputsOf(inputs) },
  ],
  "aws:backup/plan:Plan": backupPlan,
  "aws:backup/selection:Selection": ({ planId, name, iamRoleArn, resources }) => [
    {
      operation: "backup.CreateBackupSelection",
      input: { BackupPlanId: planId, BackupSelection: { SelectionName: name, IamRoleArn: iamRoleArn, Resources: resources } },
    },
  ],
  "aws:appautoscaling/target:Target": (inputs) => [
    {
      operation: "application-autoscaling.RegisterScalableTarget",
      input: { ...scaling(inputs), MinCapacity: inputs.minCapacity, MaxCapacity: inputs.maxCapacity },
      brings: { id: "ScalableTargetARN", arn: "ScalableTargetARN" },
    },
  ],
  "aws:appautoscaling/policy:Policy": (inputs) => [
    {
      operation: "application-autoscaling.PutScalingPolicy",
      input: {
        ...scaling(inputs),
        PolicyName: inputs.name,
        PolicyType: inputs.policyType,
        TargetTrackingScalingPolicyConfiguration: inputsOf(inputs.targetTrackingScalingPolicyConfiguration as Fields),
      },
    },
  ],
  "aws:appautoscaling/scheduledAction:ScheduledAction": ({ name, schedule, timezone, scalableTargetAction, ...inputs }) => [
    {
      operation: "application-autoscaling.PutScheduledAction",
      input: present({
        ...scaling(inputs),
        ScheduledActionName: name,
        Schedule: schedule,
        Timezone: timezone,
        ScalableTargetAction: inputsOf(scalableTargetAction as Fields),
      }),
    },
  ],
};
