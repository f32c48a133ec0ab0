/** One rule on one resource. Both engines and the evaluator go through here, so that they cannot differ. */
import { holdsAwsObjects } from "./rules/read/aws-objects.ts";
import { kindOf, type Resource, type Subject, subjectsOf } from "./rules/read/subject.ts";
import { Malformed, Unknown } from "./rules/read/value.ts";
import { type Container, containersOf, type Platform, platformOf, type Workload, workloadsOf } from "./rules/read/workload.ts";
import type { Found, Judgement, Rule, Settings, Unjudged } from "./rules/rule.ts";

/** What could be read, and why not more. */
interface Collected<T> {
  readonly items: readonly T[];
  readonly failure?: unknown;
}

function collect<From, To>(from: Collected<From>, read: (item: From) => Iterable<To>): Collected<To> {
  const items: To[] = [];
  let failure = from.failure;
  for (const source of from.items) {
    try {
      for (const item of read(source)) items.push(item);
    } catch (error) {
      failure ??= error;
    }
  }
  return { items, failure };
}

/** A resource, opened once for all rules. */
export interface Target {
  readonly resource: Resource;
  readonly platform: Platform | undefined;
  readonly subjects: Collected<Subject>;
  readonly workloads: Collected<Workload>;
  readonly containers: Collected<Container>;
}

export function targetOf(resource: Resource): Target {
  const subjects = collect({ items: [resource] }, subjectsOf);
  const workloads = collect(subjects, workloadsOf);
  const platform = platformOfType(resource.type);
  return { resource, platform, subjects, workloads, containers: collect(workloads, containersOf) };
}

export interface Verdict {
  readonly found: readonly Judgement[];
  readonly unjudged?: Unjudged;
}

/** The same sentence twice about one thing says nothing more, unless it is graver. */
function add(found: Judgement[], one: Found): void {
  const judgement: Judgement = typeof one === "string" ? { message: one } : one;
  const isSame = ({ message, subject, severity, advice }: Judgement) =>
    message === judgement.message && subject === judgement.subject && severity === judgement.severity && advice === judgement.advice;
  if (!found.some(isSame)) found.push(judgement);
}

/** Whether there is anything in a resource that a rule looks at. What could not be read may be that. */
function mayFind(rule: Rule, { platform, subjects, workloads, containers }: Target): boolean {
  if (containers.failure !== undefined) return true;
  if (rule.resource && subjects.items.some((subject) => looksAt(rule, subject))) return true;
  if (platform === undefined || !isFor(rule, platform)) return false;
  return (rule.container && containers.items.length > 0) || (rule.workload !== undefined && workloads.items.length > 0);
}

const looksAt = ({ kinds }: Rule, { kind }: Subject): boolean => kinds === undefined || kinds.includes(kind);

const nothing: Verdict = { found: [] };

/** Runs one rule's functions over what they look at. */
export function judge(rule: Rule, target: Target, settings: Settings): Verdict {
  if (!mayFind(rule, target)) return nothing;
  const found: Judgement[] = [];
  let failure: unknown;
  const run = <T>(things: Collected<T>, check: (thing: T, settings: Settings) => Iterable<Found>): void => {
    failure ??= things.failure;
    for (const thing of things.items) {
      try {
        for (const one of check(thing, settings)) add(found, one);
      } catch (error) {
        failure ??= error;
      }
    }
  };
  if (target.platform !== undefined && isFor(rule, target.platform)) {
    if (rule.container) run(target.containers, rule.container);
    if (rule.workload) run(target.workloads, rule.workload);
  }
  const { items, failure: unread } = target.subjects;
  if (rule.resource) run({ items: items.filter((subject) => looksAt(rule, subject)), failure: unread }, rule.resource);
  return failure === undefined ? { found } : { found, unjudged: unjudged(rule, failure) };
}

/** Runs a rule over a whole stack. */
export function judgeStack(rule: Rule, subjects: readonly Subject[], settings: Settings): Verdict {
  const found: Judgement[] = [];
  try {
    for (const one of rule.stack?.(subjects, settings) ?? []) add(found, one);
  } catch (error) {
    return { found, unjudged: unjudged(rule, error) };
  }
  return { found };
}

/** Anything that is not one of our own two errors is an input of a shape nobody thought of. */
function unjudged(rule: Rule, error: unknown): Unjudged {
  if (error instanceof Unknown) return { rule: rule.id, why: "unknown", detail: error.path, ...(error.isHarmless && { isHarmless: true }) };
  return {
    rule: rule.id,
    why: "malformed",
    detail: error instanceof Malformed ? error.expected : "what its platform takes",
  };
}

/** What a resource holds may be on a platform though it is on none itself. */
function platformOfType(type: string): Platform | undefined {
  const kind = kindOf(type);
  return platformOf(kind) ?? (holdsAwsObjects(kind) ? "ecs" : undefined);
}

/** Whether a rule can have anything to say about resources of this type; spares opening the inputs of all others. */
export function concerns(rule: Rule, type: string): boolean {
  if (rule.unjudged) return true;
  const kind = kindOf(type);
  const platform = platformOfType(type);
  if ((rule.container || rule.workload) && platform !== undefined && isFor(rule, platform)) return true;
  if (!rule.resource) return false;
  // The inputs of a Kubernetes object may say that it is another one than its type says, and may hold more of them.
  const mayHold = (one: string) =>
    (platform === "kubernetes" && one.startsWith("kubernetes:")) || (holdsAwsObjects(kind) && one.startsWith("aws:"));
  return rule.kinds === undefined || rule.kinds.some((one) => one === kind || mayHold(one));
}

const isFor = ({ platforms }: Rule, platform: Platform): boolean => platforms === undefined || platforms.includes(platform);
