import { flag } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const serviceLinks: Rule = {
  id: "K8S-028",
  name: "service-links",
  title: "The addresses of all services are in the environment",
  severity: "low",
  frameworks: [],
  remediation: "Set enableServiceLinks to false.",
  reads: "enableServiceLinks",
  automatic: true,
  admission: {
    expression: "has(object.spec.enableServiceLinks) && !object.spec.enableServiceLinks",
    message: "The pod must set enableServiceLinks to false.",
  },
  platforms: ["kubernetes"],
  *workload({ spec, title }) {
    if (flag(spec.enableServiceLinks) !== false) yield `The ${title} must set enableServiceLinks to false.`;
  },
};
