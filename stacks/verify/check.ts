import type { Promised } from "./promised.ts";

/** One promise to a session and how it is put to the test; whatever runs the session can use it. */
export interface Check {
  /** Stable, for reports. */
  readonly id: string;
  /** Cheap enough for the short form at the end of `up`. */
  readonly quick: boolean;
  /** What this session is promised; nothing where its settings promise nothing of the kind. */
  promise(session: Promised): string | undefined;
  /** How it is tried. */
  attempt(session: Promised): Attempt;
  /** Whether what the attempt brought is what was promised. */
  expectation(answer: unknown, session: Promised): Finding;
}

/** A function of `probes/` that runs inside the session as the agent's user; or the reason why it cannot be tried. */
export type Attempt = { readonly how: string } & (
  | {
      readonly probe: string;
      readonly args: Readonly<Record<string, unknown>>;
      /** Takes so much of the machine that only one session at a time may do it. @default false */
      readonly alone?: boolean;
    }
  | { readonly notTried: string }
);

export interface Finding {
  readonly held: boolean;
  /** What was found, for people. */
  readonly found: string;
}

/** Declares a check by the type of its probe's answer. */
export function check<Answer>(declared: Omit<Check, "expectation" | "quick"> & { readonly quick?: boolean; expectation(answer: Answer, session: Promised): Finding }): Check {
  return { quick: false, ...declared, expectation: (answer, session) => declared.expectation(answer as Answer, session) };
}

/** Held when nothing contradicts; else what contradicts. */
export function heldUnless(contradictions: readonly string[], otherwise: string): Finding {
  return contradictions.length === 0 ? { held: true, found: otherwise } : { held: false, found: contradictions.join("; ") };
}
