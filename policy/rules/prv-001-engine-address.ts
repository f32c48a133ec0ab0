import { skipsHostKey } from "./read/ssh.ts";
import { text, texts } from "./read/value.ts";
import { cis, owasp, type Rule } from "./rule.ts";

export const engineAddress: Rule = {
  id: "PRV-001",
  name: "engine-address",
  title: "The engine is spoken to without TLS, or without checking who it is",
  severity: "critical",
  frameworks: [cis("2.7"), owasp("1")],
  remediation: "Use a unix socket, ssh with the host's key in known_hosts, or TLS with certificates.",
  reads: "host, sshOpts, certMaterial, keyMaterial, certPath",
  kinds: ["pulumi:providers:docker", "pulumi:providers:docker-build"],
  *resource({ name, props }) {
    if (skipsHostKey([...texts(props.sshOpts)].join(" ")))
      yield `The provider "${name}" must check the key of the host that it reaches by ssh.`;
    if (!/^(tcp|http):\/\//i.test(text(props.host) ?? "")) return;
    if (text(props.certPath) || (text(props.certMaterial) && text(props.keyMaterial))) return;
    yield `The provider "${name}" must prove itself to the engine, and the engine to it, with certificates.`;
  },
};
