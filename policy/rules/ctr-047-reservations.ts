import { isSession } from "./read/session.ts";
import { number } from "./read/value.ts";
import { owasp, type Rule } from "./rule.ts";

export const reservations: Rule = {
  id: "CTR-047",
  name: "reservations",
  title: "A session is promised nothing on a busy server",
  severity: "low",
  frameworks: [owasp("7")],
  remediation: "Reserve memory and processor time for each session: reservations, or resourceIsolation for all sessions of a single node.",
  reads: "memoryReservation, cpuShares",
  // A laptop has one user, who knows what else runs there.
  enforcement: { local: "disabled", "single-node": "advisory", production: "advisory" },
  platforms: ["docker"],
  *container({ spec, title, workload }) {
    if (!isSession(workload)) return;
    if (!((number(spec.memoryReservation) ?? 0) > 0)) yield `The ${title} must have a memoryReservation.`;
    if (!((number(spec.cpuShares) ?? 0) > 0)) yield `The ${title} must have cpuShares.`;
  },
};
