import { bindsKey, testsIn } from "./read/conditions.ts";
import { grantKinds, grants, isScoped } from "./read/iam.ts";
import { allowsAction, covers, type Statement } from "./read/policy-document.ts";
import { allowedOnEvery, allowsEverything } from "./read/reach.ts";
import { graded, type Rule } from "./rule.ts";

/** Actions that give whoever has them any right, by the type of what they are for. From the published lists of such ways. */
const leadToEverything = listed({
  "iam policy/": ["CreatePolicyVersion", "SetDefaultPolicyVersion"],
  "iam role/": [
    "AttachRolePolicy",
    "PutRolePolicy",
    "UpdateAssumeRolePolicy",
    "DeleteRolePermissionsBoundary",
    "PutRolePermissionsBoundary",
  ],
  "iam user/": [
    "AttachUserPolicy",
    "PutUserPolicy",
    "CreateAccessKey",
    "CreateLoginProfile",
    "UpdateLoginProfile",
    "CreateServiceSpecificCredential",
    "ResetServiceSpecificCredential",
    "DeleteUserPermissionsBoundary",
    "PutUserPermissionsBoundary",
  ],
  "iam group/": ["AttachGroupPolicy", "PutGroupPolicy", "AddUserToGroup"],
  "iam oidc-provider/": ["CreateOpenIDConnectProvider", "UpdateOpenIDConnectProviderThumbprint", "AddClientIDToOpenIDConnectProvider"],
  "iam saml-provider/": ["CreateSAMLProvider", "UpdateSAMLProvider"],
  "sso permissionSet/": [
    "AttachManagedPolicyToPermissionSet",
    "AttachCustomerManagedPolicyReferenceToPermissionSet",
    "PutInlinePolicyToPermissionSet",
    "CreateAccountAssignment",
  ],
  "identitystore group/": ["CreateGroupMembership"],
});

/** Actions that run code as somebody else, without passing a role: on a machine, in a function, a job or a container that is there. */
const runAsAnother = listed({
  "lambda function:": ["UpdateFunctionCode", "UpdateFunctionConfiguration"],
  "ssm instance/": ["SendCommand", "StartSession"],
  "ec2-instance-connect instance/": ["SendSSHPublicKey", "SendSerialConsoleSSHPublicKey"],
  "ec2 instance/": ["ModifyInstanceAttribute"],
  "ecs task/": ["ExecuteCommand"],
  "eks access-entry/": ["AssociateAccessPolicy"],
  "eks cluster/": ["CreateAccessEntry"],
  "glue devEndpoint/": ["UpdateDevEndpoint"],
  "sagemaker notebook-instance/": ["CreatePresignedNotebookInstanceUrl"],
  "cognito-identity identitypool/": ["SetIdentityPoolRoles"],
  "kms key/": ["PutKeyPolicy"],
});

/** Actions that run code with a role that is passed to the service. */
const runWithRole = listed({
  "lambda function:": ["CreateFunction", "UpdateFunctionConfiguration"],
  "ec2 instance/": ["RunInstances", "AssociateIamInstanceProfile", "ReplaceIamInstanceProfileAssociation"],
  "ec2 spot-instances-request/": ["RequestSpotInstances", "RequestSpotFleet"],
  "ecs task-definition/": ["RunTask", "StartTask", "RegisterTaskDefinition"],
  "ecs service/": ["CreateService", "UpdateService"],
  "cloudformation stack/": ["CreateStack", "UpdateStack", "CreateChangeSet", "CreateStackSet"],
  "glue devEndpoint/": ["CreateDevEndpoint"],
  "glue job/": ["CreateJob", "UpdateJob"],
  "glue session/": ["CreateSession"],
  "datapipeline pipeline/": ["CreatePipeline", "PutPipelineDefinition"],
  "sagemaker notebook-instance/": ["CreateNotebookInstance"],
  "sagemaker training-job/": ["CreateTrainingJob"],
  "sagemaker processing-job/": ["CreateProcessingJob"],
  "codebuild project/": ["CreateProject", "UpdateProject"],
  "codestar project/": ["CreateProject"],
  "batch job-definition/": ["RegisterJobDefinition"],
  "ssm automation-definition/": ["StartAutomationExecution"],
  "states stateMachine:": ["CreateStateMachine", "UpdateStateMachine"],
  "scheduler schedule/": ["CreateSchedule", "UpdateSchedule"],
  "events rule/": ["PutTargets"],
  "apprunner service/": ["CreateService"],
  "elasticmapreduce cluster/": ["RunJobFlow"],
  "bedrock-agentcore code-interpreter/": ["CreateCodeInterpreter"],
});

/** Actions on one type of resource. */
interface Ways {
  readonly service: string;
  readonly type: string;
  /** As they are written, and as statements have them. */
  readonly actions: readonly (readonly [written: string, action: string])[];
}

/** Lists of actions by service and type, as they are asked for. */
function listed(actionsByType: Readonly<Record<string, readonly string[]>>): readonly Ways[] {
  return Object.entries(actionsByType).map(([key, names]) => {
    const [service = "", type = ""] = key.split(" ");
    const written = names.map((name) => `${service}:${name}`);
    return { service, type, actions: written.map((name) => [name, name.toLowerCase()] as const) };
  });
}

/** Which of some actions statements allow on everything that they are for. */
function allowed(statements: readonly Statement[], list: readonly Ways[]): string[] {
  return list.flatMap(({ service, type, actions: wanted }) => {
    // What a statement reaches takes longer to find out than what it is about.
    const about = statements.filter(({ actions }) => actions.some((pattern) => wanted.some(([, action]) => covers(pattern, action))));
    if (about.length === 0) return [];
    const patterns = allowedOnEvery(about, service, type);
    return wanted.flatMap(([written, action]) => (patterns.some((pattern) => covers(pattern, action)) ? [written] : []));
  });
}

/** Services that a statement lets a role be passed to; undefined for any. */
function passedTo({ condition }: Statement): readonly string[] | undefined {
  if (
    !bindsKey(
      condition,
      (key) => key === "iam:passedtoservice",
      (value) => value !== "*",
    )
  )
    return undefined;
  return [...testsIn(condition)].flatMap(({ key, values }) => (key === "iam:passedtoservice" ? values : []));
}

function takesRole(action: string, passing: readonly Statement[]): boolean {
  const [service = ""] = action.split(":");
  return passing.some((statement) => passedTo(statement)?.some((name) => name.startsWith(service) || /[*?]/.test(name)) ?? true);
}

const some = (actions: readonly string[]): string =>
  actions.length > 3 ? `${actions.slice(0, 3).join(", ")} and ${actions.length - 3} more` : actions.join(", ");

export const privilegeEscalation: Rule = {
  id: "IAM-005",
  name: "privilege-escalation",
  title: "A role can give itself any right",
  severity: "critical",
  also: ["high"],
  frameworks: [],
  remediation: "Name the roles, users and policies that the actions are for, and none that can do more than the role itself.",
  reads: "policy, inlinePolicies, inlinePolicy",
  kinds: grantKinds,
  *resource(subject) {
    const statements = [...grants(subject)].filter((statement) => !isScoped(statement));
    if (allowsEverything(allowedOnEvery(statements, "iam", "role/"))) return;
    const own = allowed(statements, leadToEverything);
    if (own.length > 0) yield `The policy in "${subject.name}" must not allow ${some(own)} on everything: they lead to every right.`;
    const passing = statements.filter((one) =>
      allowedOnEvery([one], "iam", "role/").some((pattern) => allowsAction(pattern, "iam:PassRole")),
    );
    const running = allowed(statements, runWithRole).filter((action) => takesRole(action, passing));
    if (running.length > 0)
      yield `The policy in "${subject.name}" must not allow iam:PassRole of every role together with ${some(running)}.`;
    const another = allowed(statements, runAsAnother);
    if (another.length > 0)
      yield graded(
        "high",
        `The policy in "${subject.name}" must not allow ${some(another)} on everything: they run code with the rights of others.`,
      );
  },
};
