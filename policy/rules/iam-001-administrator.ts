import { attachedPolicies, grantKinds, grants } from "./read/iam.ts";
import { allowsEverything, reachesEvery } from "./read/reach.ts";
import { fsbp, type Rule } from "./rule.ts";

/** AWS's own policies with which one can do everything, or let oneself do it. */
const administrators =
  /^(AdministratorAccess(-Amplify|-AWSElasticBeanstalk)?|PowerUserAccess|IAMFullAccess|AWSOrganizationsFullAccess|AWSSSO(Master|Member)AccountAdministrator|AWSSSODirectoryAdministrator|AWSDataPipeline_FullAccess|AWSCodeStarFullAccess|AWSElasticBeanstalkFullAccess|AWSOpsWorksRegisterCLI|(AWS)?ServiceCatalogAdminFullAccess)$/;

export const administrator: Rule = {
  id: "IAM-001",
  name: "administrator",
  title: "A role may do everything",
  severity: "critical",
  frameworks: [fsbp("IAM.1")],
  remediation: "List the actions.",
  reads: "policy, inlinePolicies, managedPolicyArns, policyArn, policyArns, inlinePolicy, managedPolicyArn",
  kinds: grantKinds,
  *resource(subject) {
    const reaching = [...grants(subject)].filter(({ allows, resources }) => allows && reachesEvery(resources, "iam", "role/"));
    if (allowsEverything(reaching.flatMap(({ actions }) => actions))) yield `The policy in "${subject.name}" must list its actions.`;
    for (const name of attachedPolicies(subject))
      if (administrators.test(name)) yield `The role or user in "${subject.name}" must not have ${name}.`;
  },
};
