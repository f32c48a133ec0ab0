import { handlers } from "./read/kubernetes.ts";
import { record, text } from "./read/value.ts";
import { pss, type Rule } from "./rule.ts";

export const probeHost: Rule = {
  id: "K8S-018",
  name: "probe-host",
  title: "A probe asks another host",
  severity: "high",
  frameworks: [pss("baseline")],
  remediation: "Remove host: the node would send requests for the pod.",
  reads: "livenessProbe, readinessProbe, startupProbe, lifecycle",
  automatic: true,
  platforms: ["kubernetes"],
  *container({ spec, title }) {
    for (const handler of handlers(spec))
      for (const kind of ["httpGet", "tcpSocket"])
        if (text(record(handler[kind]).host)) yield `The ${title} must not name a host in its probes and hooks.`;
  },
};
