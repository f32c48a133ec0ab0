import { evaluate, type PolicyConfig, type Resource } from "../../../policy/evaluate.ts";

/** What one rule says of resources: severity, or `advice`, and sentence of each finding. An input that was not judged is none. */
export function found(rule: string, resources: Resource | readonly Resource[], config: PolicyConfig = {}): string[] {
  const mine = evaluate([resources].flat(), { config }).findings.filter((finding) => finding.rule === rule);
  return mine.map(({ verdict, severity, message }) => `${verdict === "violation" ? severity : verdict}: ${message}`);
}
