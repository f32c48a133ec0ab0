import type { Cluster } from "../cluster/provider.ts";

/** Enters the terminal that the image's session-agent opens for the agent. */
export const terminal = "tmux attach -t claude";

/** Whether that terminal is open: not before the agent starts, and not after it has ended. */
export const hasTerminal = "tmux has-session -t claude";

/** A line for a shell that enters a session's terminal. @param container its name */
export const attachCommand = (container: string): string => `docker exec -it ${container} ${terminal}`;

/** The same for a session on a cluster, which is always named. @param pod its name */
export function podAttachCommand(
  pod: string,
  { kubeconfig, context, namespace }: Pick<Cluster, "kubeconfig" | "context" | "namespace">,
): string {
  const config = kubeconfig === undefined ? "" : ` --kubeconfig ${kubeconfig}`;
  return `kubectl${config} --context ${context} --namespace ${namespace} exec -it ${pod} -c session -- ${terminal}`;
}

/** The same where a service of Swarm's runs it, on the node that it runs on. @param service its name */
export const serviceAttachCommand = (service: string): string =>
  `docker exec -it $(docker ps -q -f label=com.docker.swarm.service.name=${service}) ${terminal}`;

/** The same for a session on Fargate, by the command that opens ECS Exec, where that is on; else what shows the terminal. */
export function taskAttachCommand(sessionId: string, stack: string, execute: boolean): string {
  return execute ? `npx sessions attach ${sessionId} --stack ${stack}` : `npx sessions logs ${sessionId} --follow --stack ${stack}`;
}
