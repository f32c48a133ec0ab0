import type * as pulumi from "@pulumi/pulumi";
import type { IsolationLevel } from "../../components/isolated-network/args.ts";

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

/** The outputs of a stack. */
export interface Deployed {
  /** By session id. */
  readonly sessions: Readonly<Record<string, DeployedSession>>;
  /** What the sessions may do beyond a sealed box, sorted, so that any preview prints what is added and removed. */
  readonly authority: readonly string[];
}
