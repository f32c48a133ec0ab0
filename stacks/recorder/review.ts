import { evaluate, type Level, type PolicyConfig, type Report, type Resource } from "../../policy/evaluate.ts";
import { policyConfig } from "../policy-config.ts";
import type { Settings, StrategyName } from "../settings.ts";
import type { Registration } from "./program.ts";

/** The level that each strategy is judged at. */
const levels: Readonly<Record<StrategyName, Level>> = { local: "local" };

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
  return evaluate(resources, { level: options.level ?? levels[settings.strategy.name], config: policyConfig(settings, options.config) });
}
