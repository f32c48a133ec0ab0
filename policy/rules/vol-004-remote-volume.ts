import { record, text } from "./read/value.ts";
import { nist, type Rule } from "./rule.ts";

export const remoteVolume: Rule = {
  id: "VOL-004",
  name: "remote-volume",
  title: "A remote volume is not encrypted on its way",
  severity: "medium",
  frameworks: [nist("4.5.5")],
  remediation: "Use sec=krb5p for NFS, seal for CIFS, or EFS with TLS.",
  reads: "driverOpts",
  kinds: ["docker:Volume"],
  *resource({ name, props }) {
    const { type, o } = record(props.driverOpts);
    const options = (text(o) ?? "").split(",").map((word) => word.trim());
    const isPlain =
      (/^nfs4?$/.test(text(type) ?? "") && !options.includes("sec=krb5p")) ||
      (/^(cifs|smb3?)$/.test(text(type) ?? "") && !options.includes("seal"));
    if (isPlain) yield `The volume "${name}" must encrypt what it sends.`;
  },
};
