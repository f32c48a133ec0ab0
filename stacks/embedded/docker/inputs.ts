import type { Properties } from "../../recorder/program.ts";

/** A label as the provider takes it. */
export interface LabelInput {
  readonly label: string;
  readonly value: string;
}

/** Labels as the provider takes them, as the engine does. */
export const labelsIn = (labels: readonly LabelInput[]): Record<string, string> =>
  Object.fromEntries(labels.map(({ label, value }) => [label, value]));

/** The labels of an object, as the engine takes them. */
export const labelsOf = (inputs: Properties): Record<string, string> => labelsIn((inputs.labels ?? []) as readonly LabelInput[]);

interface HealthInput {
  readonly tests: string[];
  readonly interval: string;
  readonly timeout: string;
  readonly startPeriod: string;
  readonly retries: number;
}

/** A health check as the engine takes it. */
export const toHealthcheck = (health: HealthInput) => ({
  Test: health.tests,
  Interval: nanoseconds(health.interval),
  Timeout: nanoseconds(health.timeout),
  StartPeriod: nanoseconds(health.startPeriod),
  Retries: health.retries,
});

/** Whether a container is made only so that files can be put into its volumes. One with `attach` is started by whoever makes it. */
export function neverStarts(inputs: Properties): boolean {
  return inputs.start === false && inputs.attach !== true;
}

/** Reads a duration as Go writes it (`1m30s`, `500ms`) into nanoseconds. */
export function nanoseconds(duration: unknown): number {
  const units: Readonly<Record<string, number>> = { ms: 1e6, s: 1e9, m: 60e9, h: 3600e9 };
  return [...String(duration ?? "0s").matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)].reduce(
    (sum, [, amount, unit]) => sum + Number(amount) * (units[unit ?? "s"] ?? 0),
    0,
  );
}

/**
 * Refuses inputs that this engine would have to leave out: a control that is dropped in silence is worse than an error.
 *
 * @throws Error naming the inputs and the way out
 */
export function refuseUnknown(type: string, name: string, inputs: Properties, known: readonly string[]): void {
  const unknown = Object.keys(inputs).filter((key) => !known.includes(key));
  if (unknown.length > 0)
    throw new Error(
      `${name}: the embedded engine does not know the input ${unknown.join(", ")} of ${type}; deploy this stack with the Pulumi CLI (--engine pulumi)`,
    );
}
