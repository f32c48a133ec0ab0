import { entries, records, text, texts } from "./value.ts";
import type { Container } from "./workload.ts";

export interface Variable {
  readonly name: string;
  readonly value: string;
}

/** Variables whose value stands in the resource itself; those that come from a secret store are not among them. */
export function* environment(container: Container): Iterable<Variable> {
  const { platform, spec } = container;
  if (platform === "docker") {
    for (const pair of texts(spec.envs)) {
      const at = pair.indexOf("=");
      if (at > 0) yield { name: pair.slice(0, at), value: pair.slice(at + 1) };
    }
  } else if (platform === "swarm") {
    for (const [name, value] of entries(spec.env)) yield { name, value: text(value) ?? "" };
  } else
    for (const variable of records(platform === "ecs" ? spec.environment : spec.env))
      yield { name: text(variable.name) ?? "", value: text(variable.value) ?? "" };
}
