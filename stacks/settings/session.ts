import type { DevServiceName } from "../../components/dev-services/args.ts";
import type { HealthCheck, Limits, Pool, Reservations, Security } from "../../components/session-container/args.ts";
import type { Workspace } from "../../components/session-volumes/args.ts";
import type { AgentSetting } from "./agent.ts";
import type { CredentialsSetting } from "./credentials.ts";
import type { NetworkSettings } from "./network.ts";
import type { RepositorySetting } from "./repository.ts";

/** One session, with defaults and policy worked in. Sizes are bytes, times are seconds, paths are real. */
export interface Session {
  readonly id: string;
  readonly agentId: string;
  /** Left out for the one that sessions share. */
  readonly uid?: number;
  readonly repositories: readonly RepositorySetting[];
  readonly workspace: Workspace;
  readonly limits: Partial<Limits>;
  readonly reservations: Reservations;
  readonly environment: Readonly<Record<string, string>>;
  readonly credentials: CredentialsSetting;
  readonly network: NetworkSettings;
  /** Servers of the stack that it uses. */
  readonly services: readonly DevServiceName[];
  readonly healthCheck: Partial<HealthCheck>;
  readonly security: Security;
  readonly binds: readonly Bind[];
  readonly agent: AgentSetting;
  readonly agentCommand?: string;
  /** How often an agent that failed is started again; left out for always. */
  readonly retries?: number;
  /** Left out for one container with data of its own. */
  readonly pool?: Pool;
  readonly idleTimeout?: number;
  readonly maxLifetime?: number;
}

/** A folder of this machine that a session has mounted. */
export interface Bind {
  readonly source: string;
  readonly target: string;
  readonly readOnly: boolean;
}
