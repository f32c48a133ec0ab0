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

/** AWS's own policies that run code on any machine, or read any secret. */
const powerful =
  /^(SecretsManagerReadWrite|AmazonSSMFullAccess|AmazonEC2RoleforSSM|AmazonSSMAutomationRole|AWSLambda_FullAccess|AWSLambdaFullAccess|AmazonEC2FullAccess|AmazonECS_FullAccess|AmazonEC2ContainerServiceFullAccess|AWSCloudFormationFullAccess|AWSCodeBuildAdminAccess|AWSCodeBuildDeveloperAccess|AWSGlueConsoleFullAccess|AmazonElasticMapReduceFullAccess|AWSKeyManagementServicePowerUser|AmazonS3FullAccess|AmazonDynamoDBFullAccess|AmazonRDSFullAccess|DatabaseAdministrator|DataScientist|AWSBatchFullAccess|AWSStepFunctionsFullAccess|AWSAppRunnerFullAccess|AWSCloud9Administrator)$/;

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
      if (powerful.test(name)) yield message;
      else if (/FullAccess(V\d+)?$/.test(name)) yield graded("medium", message);
    }
  },
};
