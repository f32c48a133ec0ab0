import { evaluate, type Report, type Resource } from "../../policy/evaluate.ts";
import { policyConfig } from "../policy-config.ts";
import type { Settings } from "../settings.ts";
import type { Registration } from "./program.ts";

/** Judges what the program asks for by the policy rules, before anything is created. */
export function review(registrations: readonly Registration[], settings: Settings): Report {
  const resources = registrations.map(
    ({ urn, type, name, inputs, parent, dependencies, protect, ignoreChanges, retainOnDelete }): Resource => ({
      urn,
      type,
      name,
      props: { ...inputs },
      ...(parent !== undefined && { parent }),
      dependencies,
      protect,
      ignoreChanges,
      retainOnDelete,
    }),
  );
  return evaluate(resources, { level: "local", config: policyConfig(settings) });
}
