import { isRecord, text } from "./read/value.ts";
import { advice, type Rule } from "./rule.ts";

/** Inputs that hold the secret itself. */
const inputs: Readonly<Record<string, readonly string[]>> = {
  "aws:secretsmanager:SecretVersion": ["secretString", "secretBinary"],
  "aws:ssm:Parameter": ["value"],
  "docker:Secret": ["data", "dataRaw"],
};

export const plainSecret: Rule = {
  id: "SEC-004",
  name: "plain-secret",
  title: "A secret's value is plain in the state",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use secretStringWo (valueWo), which no state keeps, or a Pulumi secret.",
  reads: "secretString, secretBinary, a parameter's value, the data of a Docker secret, and whether they are kept as secrets",
  kinds: ["aws:secretsmanager:SecretVersion", "aws:ssm:Parameter", "docker:Secret"],
  *resource({ kind, name, props, resource }) {
    if (kind === "aws:ssm:Parameter" && text(props.type) !== "SecureString") return;
    for (const key of inputs[kind] ?? []) {
      if (isRecord(resource.props[key]) || !text(props[key])) continue;
      const other = kind === "docker:Secret" ? "" : `, or be given as ${key}Wo`;
      const message = `The secret value "${name}" must be a Pulumi secret${other}.`;
      // An engine opens secrets before it asks a policy, so there it can only be said.
      yield resource.secretsOpened ? advice(message) : message;
    }
  },
};
