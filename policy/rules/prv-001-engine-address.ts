import { text } from "./read/value.ts";
import { cis, owasp, type Rule } from "./rule.ts";

export const engineAddress: Rule = {
  id: "PRV-001",
  name: "engine-address",
  title: "The engine is spoken to without TLS",
  severity: "critical",
  frameworks: [cis("2.7"), owasp("1")],
  remediation: "Use a unix socket, ssh, or TLS with certificates.",
  reads: "host, certMaterial, keyMaterial, certPath",
  kinds: ["pulumi:providers:docker", "pulumi:providers:docker-build"],
  *resource({ name, props }) {
    if (!/^(tcp|http):\/\//i.test(text(props.host) ?? "")) return;
    if (text(props.certPath) || (text(props.certMaterial) && text(props.keyMaterial))) return;
    yield `The provider "${name}" must prove itself to the engine, and the engine to it, with certificates.`;
  },
};
