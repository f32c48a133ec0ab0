import { healthCommands } from "./read/commands.ts";
import { isRecord, number, record } from "./read/value.ts";
import { cis, graded, type Rule } from "./rule.ts";

/** Whether a command succeeds whatever the container does. */
function alwaysSucceeds(command: string): boolean {
  const statement = command.trim().replace(/;$/, "").trimEnd();
  return /^(exit\s+0|true|:|\/bin\/true|\/usr\/bin\/true|echo\b.*)$/.test(statement);
}

function hasNoEffect(words: readonly string[]): boolean {
  const [first = "", ...rest] = words;
  const command = /^CMD(-SHELL)?$/.test(first) ? rest : words;
  return first === "NONE" || command.length === 0 || alwaysSucceeds(command.join(" ")) || alwaysSucceeds(command.at(-1) ?? "");
}

export const emptyHealthCheck: Rule = {
  id: "CTR-032",
  name: "empty-health-check",
  title: "The health check has no effect",
  severity: "medium",
  also: ["low"],
  frameworks: [cis("4.6")],
  remediation: "Ask the program's own endpoint.",
  reads: "healthcheck.tests, healthcheck.retries, livenessProbe, readinessProbe, healthCheck.command",
  *container(container) {
    const { platform, spec, title } = container;
    if (platform === "kubernetes") {
      for (const words of healthCommands(container))
        if (words.length > 0 && hasNoEffect(words)) yield `The ${title} must have probes that can fail.`;
      const { livenessProbe, readinessProbe } = spec;
      if (isRecord(livenessProbe) && JSON.stringify(livenessProbe) === JSON.stringify(readinessProbe))
        yield graded("low", `The ${title} must not have the same probe for liveness and readiness.`);
      return;
    }
    const check = platform === "ecs" ? spec.healthCheck : spec.healthcheck;
    if (!isRecord(check)) return;
    for (const words of healthCommands(container)) {
      if (hasNoEffect(words)) yield `The ${title} must have a health check that can fail.`;
      else if (!/^CMD(-SHELL)?$/.test(words[0] ?? "")) yield `The ${title} must begin its health check with CMD or CMD-SHELL.`;
    }
    if (number(record(check).retries) === 0) yield `The ${title} must retry its health check at least once.`;
  },
};
