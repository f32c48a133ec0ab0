import type { Cluster } from "../cluster/provider.ts";
import type { Fargate } from "../fargate/provider.ts";

/** Enters the terminal that the image's session-agent opens for the agent. */
export const terminal = "tmux attach -t claude";

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

/**
 * The same for a session on Fargate: AWS's own line where ECS Exec is on, which takes its session-manager-plugin; else what shows the
 * terminal.
 */
export function taskAttachCommand(
  sessionId: string,
  { region, profile, cluster, service }: Pick<Fargate, "region" | "profile"> & { readonly cluster: string; readonly service: string },
  execute: boolean,
): string {
  if (!execute) return `npx sessions logs ${sessionId} --follow`;
  const where = `--region ${region}${profile === undefined ? "" : ` --profile ${profile}`} --cluster ${cluster}`;
  const task = `$(aws ecs list-tasks ${where} --service-name ${service} --query 'taskArns[0]' --output text)`;
  return `aws ecs execute-command ${where} --task ${task} --container session --interactive --command "${terminal}"`;
}
