import { number, text } from "./read/value.ts";
import { advice, type Rule } from "./rule.ts";

export const logRetention: Rule = {
  id: "LOG-001",
  name: "log-retention",
  title: "Logs are kept for ever",
  severity: "medium",
  also: ["low"],
  frameworks: [],
  remediation: "Set retentionInDays, between 30 and 365.",
  reads: "retentionInDays, kmsKeyId",
  kinds: ["aws:cloudwatch:LogGroup", "aws:logs:LogGroup"],
  *resource({ name, props }) {
    if ((number(props.retentionInDays) ?? 0) <= 0) yield `The log group "${name}" must say how long it keeps logs.`;
    if (!text(props.kmsKeyId)) yield advice(`The log group "${name}" must be encrypted with a key of your own.`);
  },
};
