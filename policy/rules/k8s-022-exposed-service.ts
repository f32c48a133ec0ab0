import { specOf, title } from "./read/kubernetes.ts";
import { list, text } from "./read/value.ts";
import type { Rule } from "./rule.ts";

export const exposedService: Rule = {
  id: "K8S-022",
  name: "exposed-service",
  title: "A service is open beyond the cluster",
  severity: "medium",
  frameworks: [],
  remediation: "Use ClusterIP, behind the proxy.",
  reads: "type, externalIPs",
  kinds: ["kubernetes:Service"],
  *resource(service) {
    const spec = specOf(service);
    const type = text(spec.type) ?? "ClusterIP";
    if (type === "NodePort" || type === "LoadBalancer") yield `The ${title(service)} must not be of type ${type}.`;
    for (const _ of list(spec.externalIPs)) {
      yield `The ${title(service)} must not take external addresses.`;
      return;
    }
  },
};
