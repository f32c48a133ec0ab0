import { number, records } from "./read/value.ts";
import { pss, type Rule } from "./rule.ts";

export const hostPort: Rule = {
  id: "K8S-016",
  name: "host-port",
  title: "A port of the node is taken",
  severity: "medium",
  frameworks: [pss("baseline")],
  remediation: "Use a Service.",
  reads: "ports[].hostPort",
  platforms: ["kubernetes"],
  *container({ spec, title }) {
    for (const port of records(spec.ports))
      if ((number(port.hostPort) ?? 0) > 0) yield `The ${title} must not take the node's port ${number(port.hostPort)}.`;
  },
};
