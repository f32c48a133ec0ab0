import { number, text } from "./read/value.ts";
import { advice, cis, owasp, type Rule } from "./rule.ts";

const fewRetries = 5;

export const endlessRestart: Rule = {
  id: "CTR-036",
  name: "endless-restart",
  title: "Restarts have no end",
  severity: "low",
  frameworks: [cis("5.15"), owasp("7")],
  remediation:
    "Use on-failure with at most 5 retries where nothing must come back after a crash of the engine; always is what brings it back.",
  reads: "restart, maxRetryCount",
  platforms: ["docker"],
  *workload({ spec, title }) {
    const restart = text(spec.restart);
    if (restart === "always" || restart === "unless-stopped") yield advice(`The ${title} must have a reason to restart without end.`);
    const retries = number(spec.maxRetryCount) ?? 0;
    if (restart === "on-failure" && (retries <= 0 || retries > fewRetries))
      yield `The ${title} must give up after at most ${fewRetries} restarts.`;
  },
};
