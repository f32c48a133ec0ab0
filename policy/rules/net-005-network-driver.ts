import { text } from "./read/value.ts";
import { nist, type Rule } from "./rule.ts";

export const networkDriver: Rule = {
  id: "NET-005",
  name: "network-driver",
  title: "The network's driver does not isolate",
  severity: "medium",
  frameworks: [nist("4.3.3")],
  remediation: "Use bridge or overlay.",
  reads: "driver",
  kinds: ["docker:Network"],
  *resource(network) {
    const driver = text(network.props.driver) ?? "";
    if (/^(macvlan|ipvlan|host)$/.test(driver)) yield `The network "${network.name}" must not use the driver ${driver}.`;
  },
};
