import type * as pulumi from "@pulumi/pulumi";
import type { IsolationLevel } from "../../components/isolated-network/args.ts";
import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";

/** Where a deployment stands among others. */
export interface Place {
  /** `<project>/<stack>`. */
  readonly stack: string;
  /** Tells checkouts of one stack apart; see Identity. Left out where nothing is compared with what the engine holds. */
  readonly deployment?: string;
}

/** What a strategy says of one session. */
export interface DeployedSession {
  readonly container: string;
  readonly containerId: pulumi.Output<string>;
  /** The network's name, or the mode where there is none of its own. */
  readonly network: string;
  readonly isolation: IsolationLevel;
  readonly attach: string;
}

/** A kind of platform, and how sessions come to be on it. */
export interface Strategy {
  /** Whether the embedded engine can roll out what it registers; the Pulumi CLI alone can otherwise. */
  readonly embedded: boolean;
  /** Loaded only when it is used, so that a local preview loads no cloud's library. */
  load(): Promise<{ deploy(settings: Settings, place: Place, secrets: Secrets): Promise<Deployed> }>;
}

/** The outputs of a stack. */
export interface Deployed {
  /** By session id. */
  readonly sessions: Readonly<Record<string, DeployedSession>>;
  /** What the sessions may do beyond a sealed box, sorted, so that any preview prints what is added and removed. */
  readonly authority: readonly string[];
}
