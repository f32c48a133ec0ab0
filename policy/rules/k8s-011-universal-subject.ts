import { nameOf, namespaceOf, title } from "./read/kubernetes.ts";
import { accessRules, bindingKinds, isHarmless, roleKinds } from "./read/rbac.ts";
import type { Subject } from "./read/subject.ts";
import { each, record, records, text } from "./read/value.ts";
import { about, advice, type Rule } from "./rule.ts";

const everybody = /^system:(anonymous|unauthenticated|authenticated|masters|serviceaccounts(:.*)?)$/;

/** Who reaches the API server at all; clusters hand out their own certificate this way. */
const withoutLogin = /^system:(anonymous|unauthenticated)$/;

const message = (binding: Subject, group: string): string => `The ${title(binding)} must not bind ${group}.`;

function* groupsIn(binding: Subject): Iterable<string> {
  for (const subject of records(binding.props.subjects)) {
    const name = text(subject.name) ?? "";
    if (everybody.test(name)) yield name;
  }
}

/** Whether a binding holds in one namespace, where it may give no more than a look at something. */
const isNarrow = ({ kind }: Subject): boolean => kind === "kubernetes:RoleBinding";

/** The roles of a stack that a binding may mean, and what changes them. */
function rolesOf(binding: Subject, roles: readonly Subject[]): Subject[] {
  const { kind, name } = record(binding.props.roleRef);
  return roles.filter(
    (role) =>
      role.kind === `kubernetes:${text(kind)}` &&
      nameOf(role) === text(name) &&
      (role.kind !== "kubernetes:Role" || namespaceOf(role) === namespaceOf(binding)),
  );
}

/** Whether a role is there, and gives everybody nothing that is anybody's secret. A patch tells a part of it. */
function isForEverybody(roles: readonly Subject[]): boolean {
  const isModest = (role: Subject) => role.props.aggregationRule == null && [...accessRules(role)].every(isHarmless);
  return roles.some(({ isPatch }) => !isPatch) && roles.every(isModest);
}

export const universalSubject: Rule = {
  id: "K8S-011",
  name: "universal-subject",
  title: "A role is bound to everybody",
  severity: "critical",
  also: ["low"],
  frameworks: [],
  remediation: "Name whom it is for. A role of the same stack that only reads named objects in its namespace may be everybody's.",
  reads: "subjects, roleRef, rules of the role where the stack holds it",
  kinds: bindingKinds,
  *resource(binding) {
    if (!isNarrow(binding)) for (const group of groupsIn(binding)) yield message(binding, group);
  },
  // What a binding in a namespace gives, the role beside it says.
  *stack(subjects) {
    const roles = subjects.filter(({ kind }) => roleKinds.some((one) => one === kind));
    const bindings = subjects.filter((subject) => bindingKinds.some((one) => one === subject.kind) && isNarrow(subject));
    yield* each(bindings, function* (binding) {
      const groups = [...groupsIn(binding)];
      const isModest = groups.length > 0 && isForEverybody(rolesOf(binding, roles));
      for (const group of groups)
        if (!isModest) yield about(binding, message(binding, group));
        else if (withoutLogin.test(group)) yield { ...advice(message(binding, group)), subject: binding };
    });
  },
};
