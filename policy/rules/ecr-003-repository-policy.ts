import { namesCaller } from "./read/conditions.ts";
import { isForEverybody, statementsOf } from "./read/policy-document.ts";
import { records, text } from "./read/value.ts";
import { about, advice, fsbp, type Rule } from "./rule.ts";

export const repositoryPolicy: Rule = {
  id: "ECR-003",
  name: "repository-policy",
  title: "A repository is open to everybody",
  severity: "critical",
  also: ["low"],
  frameworks: [fsbp("ECR.3")],
  remediation: "Name who may pull and push; add a lifecycle policy.",
  reads: "RepositoryPolicy, LifecyclePolicy, encryptionConfigurations",
  kinds: ["aws:ecr:RepositoryPolicy", "aws:ecr:Repository"],
  *resource({ kind, name, props }) {
    for (const statement of statementsOf(
      kind === "aws:ecr:RepositoryPolicy" ? (props.policy ?? props.policyText) : props.repositoryPolicyText,
    ))
      if (statement.allows && isForEverybody(statement) && !namesCaller(statement.condition))
        yield `The repository "${name}" must not be open to everybody.`;
    if (kind !== "aws:ecr:Repository") return;
    for (const { encryptionType } of records(props.encryptionConfigurations)) if (/^KMS/.test(text(encryptionType) ?? "")) return;
    yield advice(`The repository "${name}" must be encrypted with a key of your own.`);
  },
  *stack(subjects) {
    const repositories = subjects.filter(({ kind }) => kind === "aws:ecr:Repository");
    const lifecycles = subjects.filter(({ kind }) => kind === "aws:ecr:LifecyclePolicy");
    for (const repository of repositories) {
      const isKept =
        lifecycles.some(({ resource }) => resource.dependencies?.includes(repository.resource.urn)) ||
        (repositories.length === 1 && lifecycles.length > 0);
      if (!isKept) yield about(repository, `The repository "${repository.name}" must have a lifecycle policy.`, "low");
    }
  },
};
