import { fromHome } from "../../../components/session-volumes/host-path.ts";
import { fromConfig, type StackSource } from "../../configuration.ts";
import type { ClusterPlace } from "../../runtime/kubernetes/client.ts";

/**
 * Where a stack's sessions are, whatever else is in its configuration.
 *
 * @throws Error when it names no context: the kubeconfig's current one may be another cluster by now
 */
export function placeOf({ config, stack, root }: StackSource): ClusterPlace {
  const { kubernetes } = fromConfig(config);
  const { context, kubeconfig, namespace = `agent-sessions-${stack}` } = (kubernetes ?? {}) as Readonly<Record<string, unknown>>;
  if (typeof context !== "string" || context === "")
    throw new Error(
      `stack ${stack} names no cluster, and the kubeconfig's current context is never taken instead; write agent-sessions:kubernetes: {context: NAME}`,
    );
  return {
    context,
    namespace: String(namespace),
    ...(kubeconfig !== undefined && { kubeconfig: fromHome(String(kubeconfig), root) }),
  };
}
