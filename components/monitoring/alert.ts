import type { Metric } from "./metrics.ts";

/** What an alert is, whoever judges it: Prometheus, Kubernetes and CloudWatch each have a form of it. */

/** Of a metric, the series with these labels. A list is any of several values. */
export interface Series {
  readonly metric: Metric;
  readonly where?: Readonly<Record<string, string | readonly string[]>>;
}

/** What is compared with a threshold. Windows are seconds. */
export type Quantity =
  /** What was measured last; over several series that differ in these labels alone, their sum or the greatest. */
  | (Series & { readonly kind: "latest"; readonly over?: { readonly labels: readonly string[]; readonly take: "sum" | "max" } })
  /** By how much a counter grew in a window. */
  | (Series & { readonly kind: "growth"; readonly window: number; readonly over?: readonly string[] })
  /** The value below which a share of what a histogram observed in a window lies. */
  | (Series & { readonly kind: "quantile"; readonly quantile: number; readonly window: number })
  | { readonly kind: "ratio"; readonly part: Quantity; readonly whole: Quantity }
  /** What a ratio leaves of one. */
  | { readonly kind: "rest"; readonly of: Quantity }
  /** Seconds since a moment. */
  | (Series & { readonly kind: "age" })
  /** Seconds since the supervisor last looked without a mistake; very many while it does not answer. */
  | { readonly kind: "silence" }
  /** Always one: its alert never ends. */
  | { readonly kind: "always" };

export interface Alert {
  readonly name: string;
  readonly of: "session" | "stack";
  readonly severity: "critical" | "warning" | "none";
  readonly quantity: Quantity;
  readonly operator: ">" | ">=" | "<";
  readonly threshold: number;
  /** Seconds for which it must hold. */
  readonly holds: number;
  /** What people read first: what is so. `{{value}}` is the quantity in the unit that is named, `{{service}}` its label. */
  readonly summary: string;
  /** The unit of the quantity, for people. */
  readonly unit: "percent" | "count" | "seconds" | "bytes" | "none";
  /** What it means, and what to do first. */
  readonly description: string;
}
