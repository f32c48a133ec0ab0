import { type Report, stops } from "../../policy/evaluate.ts";
import type { AuthorityChange } from "../authority.ts";
import type { InputChange } from "./compare.ts";
import type { ProgramRun } from "./program.ts";

/** What is to happen to one resource. `keep` leaves a volume that has left the program with its data. */
export type Operation = "same" | "create" | "replace" | "start" | "delete" | "keep";

export interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  /** What the platform calls it. */
  readonly name: string;
  readonly changes: readonly InputChange[];
  /** The sessions that need it; all, and those to come, when left out. */
  readonly sessions?: readonly string[];
  /** An image is built or pulled, which may take minutes. */
  readonly builds?: boolean;
  /** The session whose running agent the step ends. */
  readonly restarts?: string;
  /** Why it cannot be carried out, a sentence. */
  readonly conflict?: string;
}

/** What became of one step. */
export interface Outcome {
  readonly operation: Operation;
  readonly urn: string;
  readonly name: string;
  /** Why it failed. */
  readonly error?: string;
  /** It was not tried, since something it needs failed. */
  readonly skipped?: boolean;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly authority: AuthorityChange;
  readonly run: ProgramRun;
}

/** A plan and what the policy rules say of it. */
export interface Reviewed<P extends Plan = Plan> {
  readonly plan: P;
  readonly report: Report;
  /** Why it must not be carried out, one sentence each; empty when it may. */
  readonly refusals: readonly string[];
}

/** A plan and its judgement. */
export function judged<P extends Plan>(plan: P, report: Report): Reviewed<P> {
  return { plan, report, refusals: refusalsOf(plan, report) };
}

/** What is left of a plan for these sessions, with what others need too; all of it when none is named. */
export function limitTo<P extends Plan>(reviewed: Reviewed<P>, ids: readonly string[] | undefined): Reviewed<P> {
  if (ids === undefined) return reviewed;
  const steps = reviewed.plan.steps.filter(({ sessions }) => sessions?.some((id) => ids.includes(id)) ?? true);
  return judged({ ...reviewed.plan, steps }, reviewed.report);
}

/** Whether a plan changes anything. */
export function changes(plan: Plan): boolean {
  return plan.steps.some(({ operation }) => operation !== "same" && operation !== "keep");
}

/** Why a plan cannot be carried out, one sentence each. */
export function conflictsOf({ steps }: Pick<Plan, "steps">): string[] {
  return steps.flatMap(({ conflict }) => conflict ?? []);
}

/** Why a plan must not be carried out, one sentence each: what stands in its way on the engine, and what the policy rules refuse. */
function refusalsOf(plan: Plan, report: Report): string[] {
  const refused = report.findings.filter(stops);
  return [
    ...conflictsOf(plan),
    ...refused.map(
      ({ rule, resource, message, remediation }) => `policy ${rule}: ${resource.split("::").pop()}: ${message} ${remediation}`,
    ),
  ];
}

/** What the sessions of a program may do, a line each. */
export function authorityIn({ outputs }: Pick<ProgramRun, "outputs">): readonly string[] {
  return (outputs.authority ?? []) as readonly string[];
}
