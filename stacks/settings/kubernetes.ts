import { fromHome } from "../../components/session-volumes/host-path.ts";
import { baseline } from "../../policy/baseline.ts";
import { formatSize } from "../units.ts";
import { judgeAddresses } from "./allowed-host.ts";
import { type SecretSource, sourceOf } from "./credentials.ts";
import { SettingsError } from "./error.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";

type Kubernetes = StrategySetting<"kubernetes">;

/** What of a cluster's description is looked up on this machine. */
export interface ClusterSetting {
  /** An absolute path. */
  readonly kubeconfig?: string;
  readonly pullSecret?: SecretSource;
}

/** @param root paths in the settings start here */
export function resolveCluster(strategy: Kubernetes | undefined, root: string): ClusterSetting | undefined {
  if (strategy === undefined) return undefined;
  const { kubeconfig, pullSecret } = strategy;
  return {
    ...(kubeconfig !== undefined && { kubeconfig: fromHome(kubeconfig, root) }),
    ...(pullSecret !== undefined && { pullSecret: sourceOf(pullSecret, root, "kubernetes.pullSecret") }),
  };
}

/** What names of objects leave to a session's id: the longest, `claude-agent-<id>-credential-proxy`, is a name that DNS finds. */
const longestId = 33;

/**
 * What does not fit together in a deployment on a cluster.
 *
 * @param registry where images are pushed to
 */
export function kubernetesMistakes(
  strategy: Kubernetes | undefined,
  registry: string | undefined,
  sessions: readonly Pick<Session, "id" | "limits" | "network" | "pool">[],
): string[] {
  if (strategy === undefined) return [];
  const { context, images, claims, companyAddresses = [] } = strategy;
  const mistakes: string[] = [];
  if (context === undefined) mistakes.push("kubernetes.context: is missing; name the context of the kubeconfig whose cluster is meant.");
  if (images === undefined && registry === undefined)
    mistakes.push("image.registry: is missing, and nodes pull images; name a registry, or images that are there by kubernetes.images.");
  judgeAddresses(companyAddresses, ["kubernetes", "companyAddresses"], mistakes);
  const filtered = sessions.find(({ network }) => typeof network.egress === "object");
  if (images !== undefined && images.egressProxy === undefined && filtered !== undefined)
    mistakes.push(`kubernetes.images.egressProxy: is missing, and session "${filtered.id}" has an allow list; name the image.`);
  const room = claims.workspace + claims.session;
  for (const [index, { id, limits, pool }] of sessions.entries()) {
    for (const key of ["memory", "cooldown", "schedule"] as const)
      if (pool?.autoscale?.[key] !== undefined)
        mistakes.push(`sessions[${index}].pool.autoscale.${key}: is for AWS ECS, and a cluster scales by processor time alone; remove it.`);
    const { disk = baseline.limits.disk } = limits;
    if (id.length > longestId)
      mistakes.push(
        sentence(
          ["sessions", index, "id"],
          id,
          `is longer than ${longestId} characters, which names on a cluster leave to it; choose a shorter one`,
        ),
      );
    if (disk > room)
      mistakes.push(
        `session "${id}": limits.disk is ${formatSize(disk)}, and its claims hold ${formatSize(room)}; lower it, or raise kubernetes.claims.`,
      );
  }
  return mistakes;
}

/**
 * The namespace of a stack's objects.
 *
 * @throws SettingsError when it is to be named by the stack, whose name makes none
 */
export function namespaceOf({ namespace }: Pick<Kubernetes, "namespace">, stack: string): string {
  const name = namespace ?? `agent-sessions-${stack}`;
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(name)) return name;
  throw new SettingsError([`kubernetes.namespace: is left out, and the stack's name makes "${name}", which is no namespace's; write one.`]);
}
