import { evaluate, type Level, type PolicyConfig, type Report, type Resource } from "../../policy/evaluate.ts";
import { policyConfig } from "../policy-config.ts";
import type { Settings } from "../settings.ts";
import { strategies } from "../strategies/index.ts";
import type { Registration } from "./program.ts";

export interface ReviewOptions {
  /** @default that of the strategy */
  readonly level?: Level;
  /** The content of a `--policy-pack-config` file; see `policyConfig`. */
  readonly config?: PolicyConfig;
}

/** Judges what the program asks for by the policy rules, before anything is created. */
export function review(registrations: readonly Registration[], settings: Settings, options: ReviewOptions = {}): Report {
  const resources = registrations.map(
    ({ urn, type, name, custom, inputs, parent, dependencies, protect, ignoreChanges, retainOnDelete }): Resource => ({
      urn,
      type,
      name,
      custom,
      props: { ...inputs },
      ...(parent !== undefined && { parent }),
      dependencies,
      protect,
      ignoreChanges,
      retainOnDelete,
    }),
  );
  return evaluate(resources, {
    level: options.level ?? strategies[settings.strategy.name].level,
    config: policyConfig(settings, options.config),
  });
}
