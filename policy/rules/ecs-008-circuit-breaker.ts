import { flag, record, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const circuitBreaker: Rule = {
  id: "ECS-008",
  name: "circuit-breaker",
  title: "A failed deployment is not rolled back",
  severity: "low",
  frameworks: [],
  remediation: "Set deploymentCircuitBreaker with enable and rollback.",
  reads: "deploymentCircuitBreaker",
  automatic: true,
  kinds: ["aws:ecs:Service"],
  *resource({ name, props }) {
    const controller = text(record(props.deploymentController).type) ?? "ECS";
    const { enable, rollback } = record(props.deploymentCircuitBreaker ?? record(props.deploymentConfiguration).deploymentCircuitBreaker);
    if (controller === "ECS" && !(flag(enable) === true && flag(rollback) === true))
      yield `The service "${name}" must roll a failed deployment back.`;
  },
};
