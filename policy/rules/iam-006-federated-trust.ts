import { bindsKey } from "./read/conditions.ts";
import { covers, type Statement, statementsOf } from "./read/policy-document.ts";
import { graded, type Judgement, type Rule } from "./rule.ts";

interface Issuer {
  /** The issuer's host and path, as condition keys begin with it. */
  readonly is: RegExp;
  /** What a subject begins with that belongs to one customer of the issuer. */
  readonly owned: RegExp;
  /** Claims that name the customer as well as the subject does. */
  readonly claims?: readonly string[];
  /** A subject of somebody else, as the issuer writes it. */
  readonly stranger: string;
}

/** Issuers that everybody has an account with: without a subject, a role is open to all of them. */
const shared: readonly Issuer[] = [
  {
    is: /^token\.actions\.githubusercontent\.com/,
    owned: /^repo:[^*?:/]+\//,
    claims: ["repository", "repository_id", "repository_owner", "repository_owner_id", "job_workflow_ref", "enterprise_id"],
    stranger: "repo:q7Zx-stranger/q7Zx:ref:refs/heads/main",
  },
  {
    is: /^gitlab\.com/,
    owned: /^project_path:[^*?:/]+\//,
    claims: ["project_path", "namespace_path", "namespace_id", "project_id"],
    stranger: "project_path:q7Zx-stranger/q7Zx:ref_type:branch:ref:main",
  },
  {
    is: /^app\.(terraform|eu\.terraform)\.io/,
    owned: /^organization:[^*?:]+:/,
    claims: ["terraform_organization_id", "terraform_workspace_id"],
    stranger: "organization:q7Zx-stranger:project:q7Zx:workspace:q7Zx:run_phase:apply",
  },
  { is: /^agent\.buildkite\.com/, owned: /^organization:[^*?:]+:/, stranger: "organization:q7Zx-stranger:pipeline:q7Zx" },
  {
    is: /^api\.pulumi\.com\/oidc/,
    owned: /^pulumi:[^*?]*org:[^*?:]+:/,
    claims: ["aud"],
    stranger: "pulumi:deploy:org:q7Zx-stranger:project:q7Zx",
  },
  { is: /^accounts\.google\.com/, owned: /^[^*?]+/, claims: ["aud", "oaud", "email", "hd"], stranger: "109876543210987654321" },
  { is: /^(graph\.facebook\.com|www\.amazon\.com)/, owned: /^[^*?]+/, claims: ["app_id", "user_id", "aud"], stranger: "q7Zx" },
  { is: /^cognito-identity\.amazonaws\.com/, owned: /^[^*?]+/, claims: ["aud"], stranger: "eu-west-1:q7Zx" },
];

const isOfCluster = (issuer: string): boolean => /^oidc\.eks\./.test(issuer);

/** `system:serviceaccount:<namespace>:<name>`, with both named. */
const account = /^system:serviceaccount:[^*?:]+:[^*?:]+[*?]?$/;
const inNamespace = /^system:serviceaccount:[^*?:]+:/;

/** Of an issuer of one's own, a cluster or a forge, a subject has to name more than its kind. */
const namesSubject = (value: string): boolean =>
  value.startsWith("system:serviceaccount:") ? inNamespace.test(value) : /^[^*?:/]+[:/][^*?:/]+|^[^*?]{20,}/.test(value);

/** Whether a statement is for some subjects of its issuer, and those of nobody else. */
function bindsSubject({ condition }: Statement, issuer: string, known: Issuer | undefined): boolean {
  const isKey = (names: readonly string[]) => (key: string) => names.some((name) => key === `${issuer}:${name}`.toLowerCase());
  const owned = (value: string) => (known ? known.owned.test(value) && !covers(value, known.stranger) : namesSubject(value));
  if (bindsKey(condition, isKey(["sub"]), (value, isPattern) => !isPattern || owned(value))) return true;
  return bindsKey(condition, isKey(known?.claims ?? []), (value, isPattern) => !isPattern || /^[^*?]{3,}/.test(value));
}

/** The issuer that a federated principal stands for: its host, or the end of the provider's ARN. */
const issuerOf = (id: string): string => id.replace(/^arn:[^:]*:iam::[^:]*:oidc-provider\//, "").replace(/^https:\/\//, "");

function* judge(name: string, statement: Statement, issuer: string): Iterable<Judgement> {
  const known = shared.find(({ is }) => is.test(issuer));
  if (isOfCluster(issuer)) {
    const isKey = (key: string) => key === `${issuer}:sub`.toLowerCase();
    const named = (form: RegExp) => bindsKey(statement.condition, isKey, (value, isPattern) => !isPattern || form.test(value));
    if (!named(inNamespace))
      yield graded("high", `The role "${name}" must name the service account of the cluster that it trusts (${issuer}:sub).`);
    else if (!named(account)) yield graded("medium", `The role "${name}" must not trust every service account of a namespace.`);
  } else if (!bindsSubject(statement, issuer, known)) {
    const message = `The role "${name}" must name whose tokens of ${issuer} it trusts (${issuer}:sub).`;
    yield known ? { message } : graded("high", message);
  }
}

export const federatedTrust: Rule = {
  id: "IAM-006",
  name: "federated-trust",
  title: "A role trusts every token of an issuer",
  severity: "critical",
  also: ["high", "medium"],
  frameworks: [],
  remediation:
    "Add a condition on the token's subject: repo:<owner>/<repository>:… for GitHub, project_path:<group>/<project>:… for GitLab, organization:<name>:… for Terraform Cloud, system:serviceaccount:<namespace>:<name> for EKS.",
  reads: "assumeRolePolicy",
  kinds: ["aws:iam:Role"],
  *resource({ name, props }) {
    for (const statement of statementsOf(props.assumeRolePolicy ?? props.assumeRolePolicyDocument)) {
      if (!statement.allows) continue;
      for (const { type, id } of statement.principals) {
        // SAML names its audience, and the provider is one's own.
        if (type === "federated" && id !== "*" && !id.includes(":saml-provider/")) yield* judge(name, statement, issuerOf(id));
      }
    }
  },
};
