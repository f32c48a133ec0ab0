import * as pulumi from "@pulumi/pulumi";
import { sharedProxyLog } from "../../../components/egress-proxy/ecs.ts";
import type { FargateMonitoringArgs } from "../../../components/monitoring/ecs.ts";
import { mostTasks } from "../../../components/session-container/ecs/pool.ts";
import type { Settings } from "../../settings.ts";
import type { Deployed } from "../strategy.ts";

/** What CloudWatch watches of a stack; undefined where it is to watch nothing. */
export function monitoringOf({ strategy, sessions }: Settings<"ecs">, deployed: Deployed): FargateMonitoringArgs | undefined {
  if (strategy.monitoring === false) return undefined;
  const { topic, email } = strategy.monitoring;
  const watched = sessions.map(({ id, credentials, network, pool }) => ({
    id,
    ...(pool !== undefined && { tasks: mostTasks(pool) }),
    filtered: typeof network.egress === "object",
    credentialProxy: credentials.kind === "proxy",
    // Its service comes after the log groups of all that it needs.
    after: pulumi.output(deployed.sessions[id]?.containerId),
  }));
  const [filtered] = watched.filter((session) => session.filtered);
  return {
    sessions: watched,
    ...(filtered !== undefined && { egress: { log: sharedProxyLog, after: filtered.after } }),
    ...(topic !== undefined && { topic }),
    ...(email !== undefined && { email }),
  };
}
