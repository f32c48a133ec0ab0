import type { Report } from "../../policy/evaluate.ts";
import type { Plan, Step } from "../recorder/plan.ts";
import { wrapped } from "./table.ts";
import { unknownValue } from "../recorder/unknown.ts";

const signs: Readonly<Record<Step["operation"], string>> = { create: "+", replace: "±", start: "▸", delete: "-", keep: "·", same: " " };

/** Characters of a value that a line shows. */
const shown = 40;
/** Characters that stand before the first difference of two long values. */
const lead = 12;

/** Two values on one line, cut where they are long, and begun shortly before they differ. */
function difference(before: unknown, after: unknown): string {
  const texts = [before, after].map((value) =>
    value === undefined ? "nothing" : JSON.stringify(value).replaceAll(unknownValue, "known after the build"),
  );
  const [first = "", second = ""] = texts;
  const isLong = texts.some(({ length }) => length > shown);
  let alike = 0;
  while (isLong && alike < first.length && first[alike] === second[alike]) alike += 1;
  const start = Math.max(0, alike - lead);
  return texts
    .map((text) => (start > 0 ? `…${text.slice(start)}` : text))
    .map((text) => (text.length > shown ? `${text.slice(0, shown - 1)}…` : text))
    .join(" → ");
}

/** Two values; of lists, what is not in both, unless they differ in order alone. */
function apart(before: unknown, after: unknown): [unknown, unknown] {
  if (!Array.isArray(before) || !Array.isArray(after)) return [before, after];
  const without = (list: readonly unknown[], other: readonly unknown[]) => {
    const texts = new Set(other.map((entry) => JSON.stringify(entry)));
    const own = list.filter((entry) => !texts.has(JSON.stringify(entry)));
    return own.length > 0 ? own : undefined;
  };
  const [gone, come] = [without(before, after), without(after, before)];
  return gone === undefined && come === undefined ? [before, after] : [gone, come];
}

const kindOf = (type: string) => type.split(":").pop()?.toLowerCase() ?? type;

/** The resources of a plan that a transform changed, and what of them. */
function transformedIn({ steps, run: { registrations } }: Plan): { urn: string; type: string; name: string; keys: readonly string[] }[] {
  const changed = new Map(registrations.map(({ urn, transformed }) => [urn, transformed]));
  return steps.flatMap(({ urn, type, name }) => {
    const keys = changed.get(urn);
    return keys === undefined ? [] : [{ urn, type, name, keys }];
  });
}

/** What a plan changes, one line for each resource and for each input that differs, then authority and score. */
export function planText(plan: Plan, report: Report): string {
  const lines: string[] = [];
  for (const step of plan.steps) {
    if (step.operation === "same") continue;
    const note =
      step.operation === "keep"
        ? " (its data is kept; npx sessions down --delete-data removes it)"
        : step.restarts !== undefined
          ? `  ends the running agent of session ${step.restarts}`
          : "";
    lines.push(`  ${signs[step.operation]} ${step.operation.padEnd(8)}${kindOf(step.type).padEnd(10)} ${step.name}${note}`);
    for (const { key, before, after } of step.changes) lines.push(`      ${key}: ${difference(...apart(before, after))}`);
  }
  const same = plan.steps.filter(({ operation }) => operation === "same").length;
  if (lines.length === 0) lines.push("  Nothing is to change.");
  else lines.push(`  ${same} unchanged.`);
  const transformed = transformedIn(plan).map(({ type, name, keys }) => `  ${kindOf(type).padEnd(10)} ${name}: ${keys.join(", ")}`);
  if (transformed.length > 0) lines.push("", "Changed by the transform:", ...transformed);
  lines.push(...authorityText(plan.authority));
  lines.push("", `Policy: score ${report.score} of 100, ${report.secure ? "secure" : "not secure"}.`);
  for (const { verdict, severity, rule, message } of report.findings)
    if (verdict === "violation") lines.push(`  ${severity} ${rule}: ${message}`);
  return wrapped(lines.join("\n"));
}

/** What sessions may do from now on and no longer; no lines where nothing of it changes. */
export function authorityText({ added, removed }: Plan["authority"]): string[] {
  if (added.length + removed.length === 0) return [];
  return ["", "Authority:", ...added.map((line) => `  + ${line}`), ...removed.map((line) => `  - ${line}`)];
}

/** A plan as a program reads it. */
export function planJson(plan: Plan, report: Report, refusals: readonly string[]): object {
  return {
    steps: plan.steps.map(({ operation, urn, type, name, changes, restarts }) => ({
      operation,
      urn,
      type,
      name,
      changes,
      ...(restarts !== undefined && { restarts }),
    })),
    transformed: transformedIn(plan),
    authority: plan.authority,
    refusals,
    policy: report,
  };
}
