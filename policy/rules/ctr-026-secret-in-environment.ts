import { environment } from "./read/environment.ts";
import { isSecret } from "./read/secret-detection.ts";
import { holdsToken } from "./read/token-formats.ts";
import { records, text } from "./read/value.ts";
import { fsbp, graded, nist, owasp, type Rule } from "./rule.ts";

export const secretInEnvironment: Rule = {
  id: "CTR-026",
  name: "secret-in-environment",
  title: "A secret is in the environment",
  severity: "high",
  also: ["critical"],
  frameworks: [fsbp("ECS.8"), nist("4.1.4"), owasp("12")],
  remediation:
    "Use a file: a Docker secret, a Secret volume in Kubernetes, secrets from Secrets Manager on ECS. Where the program takes nothing else, an exception says so.",
  reads: "envs, env, environment",
  kinds: ["aws:ecs:Run"],
  // What starts a task may add to the environment of its containers.
  *resource({ name, props }) {
    for (const override of records(props.containerOverrides))
      for (const variable of records(override.environment)) {
        const [key, value] = [text(variable.name) ?? "", text(variable.value) ?? ""];
        if (isSecret(key, value)) yield `The task of "${name}" must not take a secret from the environment variable ${key}.`;
      }
  },
  *container(container) {
    for (const { name, value } of environment(container)) {
      const message = `The ${container.title} must not take a secret from the environment variable ${name}.`;
      if (holdsToken(value)) yield graded("critical", message);
      else if (isSecret(name, value)) yield message;
    }
  },
};
