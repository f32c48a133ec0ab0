import { text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const taskRoles: Rule = {
  id: "ECS-004",
  name: "task-roles",
  title: "A task's own role is the one that starts it",
  severity: "medium",
  frameworks: [],
  remediation: "Use two roles: one to start the task, one for what runs in it.",
  reads: "taskRoleArn, executionRoleArn",
  platforms: ["ecs"],
  *workload({ spec, title }) {
    const execution = text(spec.executionRoleArn);
    if (!execution) yield `The ${title} must have an execution role.`;
    else if (execution === text(spec.taskRoleArn)) yield `The ${title} must not have its execution role as its task role.`;
  },
};
