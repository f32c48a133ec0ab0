import type { IsolationLevel } from "../../components/isolated-network/args.ts";
import type { DeployedSession } from "../../components/session-container/args.ts";
import type { Owner } from "../../components/session.ts";
import type { Level } from "../../policy/evaluate.ts";
import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";

/** Where a deployment stands among others. */
export interface StackIdentity extends Owner {
  /** Tells checkouts of one stack apart; see Identity. Left out where nothing is compared with what the engine holds. */
  readonly deployment?: string;
}

/** A kind of platform, and how sessions come to be on it. */
export interface Strategy {
  /** Whether the embedded engine can roll out what it registers; the Pulumi CLI alone can otherwise. */
  readonly embedded: boolean;
  /** How strict the policy rules are with its stacks, under either engine, unless somebody names another level. */
  readonly level: Level;
  /** Loaded only when it is used, so that a local preview loads no cloud's library. */
  load(): Promise<{ deploy(settings: Settings, stack: StackIdentity, secrets: Secrets): Promise<Deployed> }>;
}

/** The outputs of a stack. */
export interface Deployed {
  /** By session id. */
  readonly sessions: Readonly<Record<string, DeployedSession & { readonly isolation: IsolationLevel }>>;
  /** What the sessions may do beyond a sealed box, sorted, so that any preview prints what is added and removed. */
  readonly authority: readonly string[];
  /** What they cost, and what that leaves out, in a line for people. @default nobody asks money for where they are */
  readonly cost?: string;
}
