import { imageOf } from "./read/image.ts";
import { record, records, text } from "./read/value.ts";
import { containersOf, onFargate, type Workload } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

/** Whether the agent needs a role to start a task: for secrets always, on Fargate for images and logs, which elsewhere the machine's role does. */
function needsExecutionRole(workload: Workload): boolean {
  for (const container of containersOf(workload)) {
    const { spec } = container;
    for (const _ of records(spec.secrets)) return true;
    for (const _ of records(record(spec.logConfiguration).secretOptions)) return true;
    if (text(record(spec.repositoryCredentials).credentialsParameter)) return true;
    if (!onFargate(workload)) continue;
    if (/\.dkr[.-]ecr[.-]/.test(imageOf(container) ?? "") || text(record(spec.logConfiguration).logDriver) === "awslogs") return true;
  }
  return false;
}

export const taskRoles: Rule = {
  id: "ECS-004",
  name: "task-roles",
  title: "A task's own role is the one that starts it",
  severity: "medium",
  frameworks: [],
  remediation: "Use two roles: one to start the task, one for what runs in it.",
  reads: "taskRoleArn, executionRoleArn, and what a task needs to be started",
  platforms: ["ecs"],
  *workload(workload) {
    const { spec, title } = workload;
    const execution = text(spec.executionRoleArn);
    if (execution && execution === text(spec.taskRoleArn)) yield `The ${title} must not have its execution role as its task role.`;
    if (!execution && needsExecutionRole(workload)) yield `The ${title} must have an execution role.`;
  },
};
