import { namesCaller } from "./read/conditions.ts";
import { allowsAction, isForEverybody, type Statement, statementsOf } from "./read/policy-document.ts";
import { number, record, text } from "./read/value.ts";
import { about, advice, fsbp, graded, type Rule } from "./rule.ts";

const longestDays = 90;

/** Whether a statement lets everybody read a secret. */
function isOpen(statement: Statement): boolean {
  const reads = statement.actions.some((action) => allowsAction(action, "secretsmanager:GetSecretValue"));
  return statement.allows && reads && isForEverybody(statement) && !namesCaller(statement.condition);
}

export const secretRotation: Rule = {
  id: "SEC-001",
  name: "secret-rotation",
  title: "A secret is not rotated, not recoverable, or open to everybody",
  severity: "medium",
  also: ["critical", "low"],
  frameworks: [fsbp("SecretsManager.1"), fsbp("SecretsManager.4")],
  remediation: "Rotate it at least every 90 days, keep the recovery window, use a key of your own, and name who may read it.",
  reads: "secretsmanager.Secret, SecretRotation, SecretPolicy",
  kinds: [
    "aws:secretsmanager:Secret",
    "aws:secretsmanager:SecretPolicy",
    "aws:secretsmanager:SecretRotation",
    "aws:secretsmanager:ResourcePolicy",
  ],
  *resource({ kind, name, props }) {
    for (const statement of statementsOf(kind.endsWith("SecretRotation") ? undefined : (props.policy ?? props.resourcePolicy)))
      if (isOpen(statement)) yield graded("critical", `The secret "${name}" must not be readable by everybody.`);
    if (kind.endsWith("SecretRotation")) {
      const days = number(record(props.rotationRules).automaticallyAfterDays);
      if (days !== undefined && days > longestDays) yield `The secret "${name}" must be rotated within ${longestDays} days.`;
    }
    if (!kind.endsWith(":Secret")) return;
    if (number(props.recoveryWindowInDays) === 0) yield `The secret "${name}" must be recoverable after it is deleted.`;
    if (!text(props.kmsKeyId)) yield advice(`The secret "${name}" must be encrypted with a key of your own.`);
  },
  *stack(subjects) {
    const secrets = subjects.filter(({ kind }) => kind === "aws:secretsmanager:Secret");
    const rotations = subjects.filter(({ kind }) => kind === "aws:secretsmanager:SecretRotation");
    for (const secret of secrets) {
      const isRotated =
        rotations.some(({ resource }) => resource.dependencies?.includes(secret.resource.urn)) ||
        (secrets.length === 1 && rotations.length > 0);
      if (!isRotated) yield about(secret, `The secret "${secret.name}" must be rotated.`);
    }
  },
};
