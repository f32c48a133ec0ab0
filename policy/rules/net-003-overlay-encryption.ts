import { option } from "./read/network.ts";
import { text } from "./read/value.ts";
import { cis, type Rule } from "./rule.ts";

export const overlayEncryption: Rule = {
  id: "NET-003",
  name: "overlay-encryption",
  title: "An overlay network is not encrypted",
  severity: "high",
  frameworks: [cis("7.3")],
  remediation: 'Set options to { encrypted: "" }.',
  reads: "driver, options.encrypted",
  automatic: true,
  kinds: ["docker:Network"],
  *resource(network) {
    if (text(network.props.driver) !== "overlay" || /^(|true|1)$/.test(option(network, "encrypted") ?? "no")) return;
    yield `The overlay network "${network.name}" must be encrypted.`;
  },
};
