import { metadataOf, specOf, title } from "./read/kubernetes.ts";
import { entries, list } from "./read/value.ts";
import { graded, type Rule } from "./rule.ts";

export const ingressTls: Rule = {
  id: "K8S-023",
  name: "ingress-tls",
  title: "An ingress has no TLS, or carries configuration of the proxy",
  severity: "medium",
  also: ["high"],
  frameworks: [],
  remediation: "Add tls; remove snippets.",
  reads: "tls, annotations",
  kinds: ["kubernetes:Ingress"],
  *resource(ingress) {
    let hasTls = false;
    for (const _ of list(specOf(ingress).tls)) hasTls = true;
    if (!hasTls && !ingress.isPatch) yield `The ${title(ingress)} must have TLS.`;
    for (const [key] of entries(metadataOf(ingress).annotations))
      if (/^nginx\.(ingress\.kubernetes\.io|org)\/.*snippets?$/.test(key))
        yield graded("high", `The ${title(ingress)} must not carry ${key}.`);
  },
};
