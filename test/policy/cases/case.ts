import type { Finding, PolicyConfig, Resource, Severity } from "../../../policy/evaluate.ts";
import { unknown } from "../../../policy/rules/read/value.ts";
import { changed, deployment, machineTask, service, sessionContainer, task } from "../fixtures.ts";

/** One way to break a rule, to keep it from being judged, or to look as if one broke it. */
export interface Case {
  readonly rule: string;
  readonly what: string;
  readonly resources: readonly Resource[];
  /** @default the rule's own */
  readonly severity?: Severity;
  /** @default "violation" */
  readonly verdict?: Finding["verdict"] | "clean";
  readonly config?: PolicyConfig;
  /** What is found, one for each finding: `Container alpha`, or `stack`. @default the first resource, once */
  readonly at?: readonly string[];
  /** How many findings of another severity or verdict the rule has beside these. @default 0 */
  readonly beside?: number;
}

type Changes = Readonly<Record<string, unknown>>;

/** Starts a list of cases of one rule. */
export function rule(id: string) {
  const cases: Case[] = [];
  const list = {
    cases,
    /** Broken, with the rule's own severity unless another is named. */
    broken(what: string, resources: Resource | readonly Resource[], severity?: Severity, config?: PolicyConfig) {
      cases.push({
        rule: id,
        what,
        resources: [resources].flat(),
        ...(severity && { severity }),
        ...(config && { config }),
      });
      return list;
    },
    advised(what: string, resources: Resource | readonly Resource[], config?: PolicyConfig) {
      const advice = { severity: "low", verdict: "recommendation" } as const;
      cases.push({ rule: id, what, resources: [resources].flat(), ...advice, ...(config && { config }) });
      return list;
    },
    /** What is safe, and close to what is not: the rule has nothing to say. */
    clean(what: string, resources: Resource | readonly Resource[], config?: PolicyConfig) {
      cases.push({ rule: id, what, resources: [resources].flat(), verdict: "clean", ...(config && { config }) });
      return list;
    },
    /** Not known before the update. */
    unknown(resources: Resource | readonly Resource[], config?: PolicyConfig) {
      const verdict = "not-evaluated";
      cases.push({
        rule: id,
        what: "an unknown value",
        resources: [resources].flat(),
        verdict,
        ...(config && { config }),
      });
      return list;
    },
    /** What the last case finds where that is not its first resource once. */
    finds(found: Pick<Case, "at" | "beside">) {
      cases.push({ ...(cases.pop() as Case), ...found });
      return list;
    },
  };
  return list;
}

export { unknown };

/** The Docker container with inputs changed. */
export const container = (changes: Changes): Resource => changed(sessionContainer(), changes);

const under = (prefix: string, changes: Changes): Changes =>
  Object.fromEntries(Object.entries(changes).map(([path, value]) => [`${prefix}/${path}`, value]));

/** The Swarm service with its container spec changed. */
export const swarm = (changes: Changes): Resource => changed(service, under("taskSpec/containerSpec", changes));

/** The deployment with its pod spec changed. */
export const pod = (changes: Changes): Resource => changed(deployment, under("spec/template/spec", changes));

/** The deployment with its one container changed. */
export const podContainer = (changes: Changes): Resource => pod(under("containers/0", changes));

/** The Fargate task, and the one on machines, with its definition changed. */
export const fargate = (change: Changes): Resource => task(change);
export const machine = (change: Changes): Resource => machineTask(change);
