import { dockerObjects } from "./read/network.ts";
import { labelOf, sessionOf } from "./read/session.ts";
import { nist, type Rule } from "./rule.ts";

export const alerting: Rule = {
  id: "MON-001",
  name: "alerts",
  title: "Nobody is told when a session is not well",
  severity: "low",
  frameworks: [nist("4.4.4")],
  remediation: "Leave monitoring of a single node on, or have what watches the server watch the sessions too and write an exception.",
  reads: "labels of the stack's containers",
  // On a laptop whoever works with the sessions sees them.
  enforcement: { local: "disabled", "single-node": "advisory", production: "advisory" },
  kinds: ["docker:Container"],
  *stack(subjects) {
    const containers = dockerObjects(subjects, "docker:Container");
    if (!containers.some((container) => sessionOf(container) !== undefined)) return;
    if (containers.some((container) => labelOf(container, "kind") === "prometheus")) return;
    yield "The stack must have monitoring: no alert is raised when a session is not well.";
  },
};
