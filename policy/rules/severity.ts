/** How bad a violation is. */
export type Severity = "critical" | "high" | "medium" | "low";

/** Where a stack is going to run; the stricter, the more is mandatory. */
export type Level = "local" | "single-node" | "production";

/** What a violation does: say so, stop the deployment, or nothing because the rule is off. */
export type Enforcement = "advisory" | "mandatory" | "disabled";

/** The gravest first. */
export const severities: readonly Severity[] = ["critical", "high", "medium", "low"];

/** The laxest first. */
export const levels: readonly Level[] = ["local", "single-node", "production"];

/** Critical and High always stop a deployment, Medium does outside a laptop, Low never does. */
export function enforcementOf(severity: Severity, level: Level): Enforcement {
  if (severity === "critical" || severity === "high") return "mandatory";
  if (severity === "medium") return level === "local" ? "advisory" : "mandatory";
  return "advisory";
}
