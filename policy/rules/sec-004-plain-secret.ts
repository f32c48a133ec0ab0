import { isRecord, text } from "./read/value.ts";
import { advice, type Rule } from "./rule.ts";

export const plainSecret: Rule = {
  id: "SEC-004",
  name: "plain-secret",
  title: "A secret's value is plain in the state",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use secretStringWo (valueWo), which no state keeps, or a Pulumi secret.",
  reads: "secretString, secretBinary, a parameter's value, and whether they are kept as secrets",
  kinds: ["aws:secretsmanager:SecretVersion", "aws:ssm:Parameter"],
  *resource({ kind, name, props, resource }) {
    if (kind === "aws:ssm:Parameter" && text(props.type) !== "SecureString") return;
    for (const key of kind === "aws:ssm:Parameter" ? ["value"] : ["secretString", "secretBinary"]) {
      if (isRecord(resource.props[key]) || !text(props[key])) continue;
      const message = `The secret value "${name}" must be a Pulumi secret, or be given as ${key}Wo.`;
      // An engine opens secrets before it asks a policy, so there it can only be said.
      yield resource.secretsOpened ? advice(message) : message;
    }
  },
};
