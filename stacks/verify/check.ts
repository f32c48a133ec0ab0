import type { ControlName } from "../controls/list.ts";
import type { ClusterFacts } from "../runtime/cluster-facts.ts";
import type { Held, MountedVolume, Reachable, StackService } from "../runtime/runtime.ts";
import type { VisitedPort } from "./outsider.ts";
import type { Promised } from "./promised.ts";
import type { KnownSecrets } from "./known-secrets.ts";
import type { Ways } from "./ways.ts";

/** One promise to a session and how it is put to the test; whatever runs the session can use it. */
export interface Check {
  /** Stable, for reports. */
  readonly id: string;
  /** What it tries; on a platform that does not enforce it, nothing is promised. */
  readonly control: ControlName;
  /** Whether it is cheap enough for the short form at the end of `up`, which knows nothing of the surroundings. */
  quick(session: Promised): boolean;
  /** What this session is promised; nothing where its settings promise nothing of the kind. */
  promise(session: Promised, surroundings: Surroundings): string | undefined;
  /** How it is tried. */
  attempt(session: Promised, surroundings: Surroundings): Attempt;
  /** Whether what the attempt brought is what was promised. */
  expectation(answer: unknown, session: Promised, surroundings: Surroundings): Finding;
}

/**
 * A function of `probes/` that runs inside the session as the agent's user; or what was learned from outside; or the reason
 * why it cannot be tried.
 */
export type Attempt = { readonly how: string } & (
  | {
      readonly probe: string;
      readonly args: Readonly<Record<string, unknown>>;
      /** Takes so much of the machine that only one session at a time may do it. @default false */
      readonly alone?: boolean;
      /** Runs while the session's proxy stands still. @default false */
      readonly proxyHalted?: boolean;
    }
  | { readonly answer: unknown }
  | { readonly notTried: string }
);

export interface Finding {
  /** Nothing where what was found proves neither. */
  readonly held: boolean | undefined;
  /** What was found, for people. */
  readonly found: string;
}

/** What lies around the sessions and is known only outside of them. */
export interface Surroundings {
  /** What verify's own servers say, so that whoever says it is one of them. */
  readonly greeting: string;
  /** A server on every address of the host; or why there is none. */
  readonly host: HostServer | { readonly notTried: string };
  /** A listener for datagrams in the network of the host itself; or why there is none. */
  readonly listener: Listener | { readonly notTried: string };
  /** Running sessions with an address, each with a server; the one that is tried may be among them. */
  readonly neighbours: readonly Neighbour[];
  /** What serves all sessions of the stack. @default nothing does */
  readonly services?: readonly StackService[];
  /** By session, what volumes the engine has mounted. */
  readonly volumes: ReadonlyMap<string, readonly MountedVolume[]>;
  /** By session, the uid of each that the engine has, whichever stack it belongs to. */
  readonly uids: ReadonlyMap<string, number>;
  /** By session, what the engine counts in its volumes; or why that is not known. */
  readonly held: ReadonlyMap<string, Held> | { readonly notTried: string };
  readonly secrets: KnownSecrets;
  /** The cluster that the sessions run on, and at which version its namespace is to be held to Pod Security. @default they run on none */
  readonly cluster?: ClusterFacts & { readonly promisedVersion: string };
  /** By session, visits to its ports that are for this machine alone; or why there were none. @default nobody visited any */
  readonly ports?: ReadonlyMap<string, readonly VisitedPort[]> | { readonly notTried: string };
  /** By session, where its proxies lead that are to go out by way of a parent. @default nobody looked, or there is no parent */
  readonly ways?: ReadonlyMap<string, readonly Ways[]>;
}

/** A server on a port of the host, over TCP and UDP. */
export interface HostServer {
  readonly port: number;
  readonly addresses: readonly string[];
  /** Whether it has ended before its time. @default it cannot */
  readonly ended?: () => boolean;
}

export interface Listener {
  readonly port: number;
  /** What has arrived and begins so. */
  heard(beginning: string): readonly string[];
}

/** A running session as others would look for it. */
export interface Neighbour extends Reachable {
  readonly id: string;
  /** @default it is in none */
  readonly group?: string;
  readonly port: number;
  /** Whether its server has ended too early, as whatever runs in that session can bring about. @default it has not */
  ended?(): boolean;
}

/** Declares a check by the type of its probe's answer. @param declared.quick false when left out */
export function check<Answer>(
  declared: Omit<Check, "expectation" | "quick"> & {
    readonly quick?: boolean | Check["quick"];
    expectation(answer: Answer, session: Promised, surroundings: Surroundings): Finding;
  },
): Check {
  const { quick = false } = declared;
  return {
    ...declared,
    quick: typeof quick === "boolean" ? () => quick : quick,
    expectation: (answer, session, surroundings) => declared.expectation(answer as Answer, session, surroundings),
  };
}

/** Held when nothing contradicts; else what contradicts. */
export function heldUnless(contradictions: readonly string[], otherwise: string): Finding {
  return contradictions.length === 0 ? { held: true, found: otherwise } : { held: false, found: contradictions.join("; ") };
}
