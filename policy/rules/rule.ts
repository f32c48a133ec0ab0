import type { Subject } from "./read/subject.ts";
import type { Container, Platform, Workload } from "./read/workload.ts";
import type { Enforcement, Level, Severity } from "./severity.ts";

/**
 * What a rule found: a sentence that begins "The <thing> must", or one with a severity of its own. A sentence names keys,
 * never values that may be secret.
 */
export type Found = string | Judgement;

export interface Judgement {
  readonly message: string;
  /** @default the rule's own */
  readonly severity?: Severity;
  /** Good advice rather than a broken rule: it never blocks and costs no score. */
  readonly advice?: true;
  /** For rules over a whole stack: what the sentence is about. */
  readonly subject?: Subject;
}

/** A rule that could not be judged on a resource, and why. */
export interface Unjudged {
  readonly rule: string;
  readonly why: "unknown" | "malformed";
  /** What was met, without its value. */
  readonly detail: string;
  /** It holds whatever the value turns out to be. */
  readonly isHarmless?: true;
}

/** Where else a rule stands. */
export interface Framework {
  readonly name: string;
  readonly version: string;
  readonly reference: string;
}

/** One setting of a rule, as JSON schema; shown in the reference and checked by the engine. */
export interface Setting {
  readonly type: "array" | "boolean" | "string";
  readonly items?: { readonly type: "string" };
  readonly description: string;
  readonly default: readonly string[] | boolean | string;
}

/** What rules over the configuration see. */
export interface Configuration {
  readonly config: Readonly<Record<string, unknown>>;
  readonly level: Level;
  readonly now: Date;
  readonly rules: readonly Rule[];
}

export type Settings = Readonly<Record<string, unknown>>;

/** What a Kubernetes cluster holds every pod to itself, in the Common Expression Language; see policy/admission.ts. */
export interface Admission {
  /** True of a pod that may run. `object` is the pod; what else there is, see admissionVariables. */
  readonly expression: string;
  /** What a person reads of a pod that is refused. */
  readonly message: string;
}

type Check<T> = (thing: T, settings: Settings) => Iterable<Found>;

/** One rule. It looks at the one or more scopes that it has a function for. */
export interface Rule {
  /** Never changes: people put it into exceptions. */
  readonly id: string;
  readonly name: string;
  readonly title: string;
  readonly severity: Severity;
  /** Other severities that it finds. Advice counts as low. */
  readonly also?: readonly Severity[];
  readonly frameworks: readonly Framework[];
  /** What to do about it. */
  readonly remediation: string;
  /** Which inputs it reads. */
  readonly reads: string;
  /** One value is always safe here, nothing must be sized and no data is lost. */
  readonly automatic?: true;
  readonly settings?: Readonly<Record<string, Setting>>;
  /** The same as a condition that a cluster holds pods to, where Pod Security Standards leave it open. */
  readonly admission?: Admission;
  /** Enforcement that does not follow from the severity. */
  readonly enforcement?: Readonly<Record<Level, Enforcement>>;

  /** Platforms of the containers and workloads that it looks at. @default all */
  readonly platforms?: readonly Platform[];
  /** Every container on every platform. */
  readonly container?: Check<Container>;
  /** Every group of containers that share namespaces and volumes: a pod, a task, or one container by itself. */
  readonly workload?: Check<Workload>;
  /** Resources of these kinds; `*` is every one. */
  readonly kinds?: readonly string[];
  readonly resource?: Check<Subject>;
  /** All resources together. */
  readonly stack?: Check<readonly Subject[]>;
  /** What the other rules could not judge about a resource. */
  readonly unjudged?: Check<readonly Unjudged[]>;
  /** The pack's own configuration. */
  readonly configuration?: (configuration: Configuration) => Iterable<Found>;
}

/** A sentence of another severity than the rule's. */
export function graded(severity: Severity, message: string): Judgement {
  return { severity, message };
}

/** Good advice: it neither blocks nor costs score. */
export function advice(message: string): Judgement {
  return { severity: "low", message, advice: true };
}

/** A sentence about one resource of a stack. */
export function about(subject: Subject, message: string, severity?: Severity): Judgement {
  return severity ? { subject, message, severity } : { subject, message };
}

/** CIS Docker Benchmark. */
export const cis = (reference: string): Framework => ({ name: "CIS Docker Benchmark", version: "1.6.0", reference });

/** Kubernetes Pod Security Standards: `baseline` or `restricted`. */
export const pss = (reference: string): Framework => ({ name: "Pod Security Standards", version: "1.34", reference });

/** AWS Foundational Security Best Practices. */
export const fsbp = (reference: string): Framework => ({
  name: "AWS Foundational Security Best Practices",
  version: "1.0.0",
  reference,
});

/** NIST SP 800-190, Application Container Security Guide. */
export const nist = (reference: string): Framework => ({ name: "NIST SP 800-190", version: "2017", reference });

/** OWASP Docker Security Cheat Sheet. */
export const owasp = (reference: string): Framework => ({
  name: "OWASP Docker Security Cheat Sheet",
  version: "2024",
  reference: `Rule ${reference}`,
});
