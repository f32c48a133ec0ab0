import type { Service, Task } from "@aws-sdk/client-ecs";
import { FargateError, type FargatePlace } from "./answers.ts";
import { nameIn } from "./objects.ts";

/** Says why no command can be run in a container from here, and what is the way into it. */
export function noCommand(
  { region, profile, cluster }: FargatePlace,
  { serviceName, enableExecuteCommand }: Service,
  task: Task | undefined,
  container: string,
): FargateError {
  if (enableExecuteCommand !== true)
    return new FargateError(
      `no command can be run in ${serviceName}, as ECS Exec is off; agent-sessions:ecs: {execute: ephemeral-volumes} turns it on, and says what that costs`,
    );
  if (task === undefined) return new FargateError(`${serviceName} has no task that runs, and no command can be run in it`);
  const by = profile === undefined ? "" : ` --profile ${profile}`;
  return new FargateError(
    `ECS Exec is AWS's own line, which its command opens: aws ecs execute-command --region ${region}${by} --cluster ${cluster} --task ${nameIn(task.taskArn)} --container ${container} --interactive --command "COMMAND"; it takes AWS's session-manager-plugin`,
  );
}
