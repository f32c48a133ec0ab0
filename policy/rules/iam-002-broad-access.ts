import { attachedPolicies, grantKinds, grants, isScoped } from "./read/iam.ts";
import { allowsAction } from "./read/policy-document.ts";
import { allowedOnEvery, allowsEverything, allowsService, servicesIn } from "./read/reach.ts";
import { fsbp, graded, type Rule } from "./rule.ts";

/** Actions that hand out rights or secrets when they are not bound to a resource, and the type of what they are for. */
const sensitive = [
  ["iam:PassRole", "role/"],
  ["secretsmanager:GetSecretValue", "secret:"],
  ["secretsmanager:BatchGetSecretValue", "secret:"],
  ["kms:Decrypt", "key/"],
  ["ssm:GetParameter", "parameter/"],
  ["ssm:GetParameters", "parameter/"],
  ["ssm:GetParametersByPath", "parameter/"],
  ["sts:AssumeRole", "role/"],
] as const;

/** AWS's own policies that run code on any machine or with any role, or read any secret: what their documents say, judged as one's own. */
const powerful = new Set(
  (
    "SecretsManagerReadWrite AWSSecretsManagerClientReadOnlyAccess AmazonSSMFullAccess AmazonSSMReadOnlyAccess AmazonEC2RoleforSSM " +
    "AmazonSSMAutomationRole AWSLambda_FullAccess AWSLambdaFullAccess AmazonEC2FullAccess EC2FastLaunchFullAccess EC2InstanceConnect " +
    "AmazonECS_FullAccess AmazonEC2ContainerServiceFullAccess AWSCloudFormationFullAccess AWSCodeBuildAdminAccess " +
    "AWSCodeBuildDeveloperAccess AWSGlueConsoleFullAccess AWSGlueConsoleSageMakerNotebookFullAccess AmazonElasticMapReduceFullAccess " +
    "AmazonElasticMapReduceforEC2Role AmazonEC2RoleforDataPipelineRole AWSKeyManagementServicePowerUser AmazonS3FullAccess " +
    "AmazonDynamoDBFullAccess AmazonDynamoDBFullAccess_v2 AmazonDynamoDBFullAccesswithDataPipeline AmazonRDSFullAccess " +
    "AmazonEventBridgeFullAccess AmazonEventBridgeSchedulerFullAccess CloudWatchEventsFullAccess AmazonSageMakerFullAccess " +
    "SageMakerStudioAdminIAMDefaultExecutionPolicy SageMakerStudioAdminIAMPermissiveExecutionPolicy AmazonCognitoPowerUser " +
    "AWSMarketplaceFullAccess AWSMarketplaceImageBuildFullAccess DatabaseAdministrator SystemAdministrator DataScientist " +
    "AWSBatchFullAccess AWSStepFunctionsFullAccess AWSAppRunnerFullAccess AWSCloud9Administrator"
  ).split(" "),
);

/** Everything of one service, as AWS calls it. */
const ofOneService = /Full_?Access(Policy)?(_?v\d+)?$/i;

export const broadAccess: Rule = {
  id: "IAM-002",
  name: "broad-access",
  title: "A role may do too much with everything",
  severity: "high",
  also: ["medium"],
  frameworks: [fsbp("IAM.21")],
  remediation: "Name the ARNs.",
  reads: "policy, inlinePolicies, managedPolicyArns, policyArn, policyArns, inlinePolicy, managedPolicyArn",
  kinds: grantKinds,
  *resource(subject) {
    const statements = [...grants(subject)].filter((statement) => !isScoped(statement));
    const everywhere = allowedOnEvery(statements, "iam", "role/");
    // What may do everything is IAM-001's.
    if (!allowsEverything(everywhere)) {
      for (const service of servicesIn(statements.flatMap(({ actions }) => actions)))
        if (allowsService(allowedOnEvery(statements, service), service))
          yield `The policy in "${subject.name}" must not allow ${service}:* on everything.`;
      for (const [action, type] of sensitive) {
        const [service = ""] = action.split(":");
        const actions = allowedOnEvery(statements, service === "sts" ? "iam" : service, type);
        if (!allowsService(actions, service) && actions.some((pattern) => allowsAction(pattern, action)))
          yield `The policy in "${subject.name}" must name what ${action} is allowed on.`;
      }
    }
    for (const name of attachedPolicies(subject)) {
      const message = `The role or user in "${subject.name}" must not have ${name}.`;
      if (powerful.has(name)) yield message;
      else if (ofOneService.test(name)) yield graded("medium", message);
    }
  },
};
