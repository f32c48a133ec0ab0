import { saidKind } from "./read/subject.ts";
import type { Rule } from "./rule.ts";

export const trueKind: Rule = {
  id: "GEN-008",
  name: "true-kind",
  title: "A resource is another object than its type says",
  severity: "high",
  frameworks: [],
  remediation: "Register the object under its own type: the provider builds what kind and apiVersion say, and people read the type.",
  reads: "kind, apiVersion",
  *resource(subject) {
    const said = saidKind(subject);
    if (said !== subject.kind)
      yield `The resource "${subject.name}" must be the ${short(subject.kind)} that its type says, not a ${short(said)}.`;
  },
};

const short = (kind: string): string => kind.slice("kubernetes:".length);
