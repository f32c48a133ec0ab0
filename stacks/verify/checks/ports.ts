import { portAuthority } from "../../../components/session.ts";
import { check, type Check, heldUnless } from "../check.ts";
import type { VisitedPort } from "../outsider.ts";

/** Somebody is there who talks, or listens at least. */
const letIn = ["answered", "kept"];

export const ports: readonly Check[] = [
  check<readonly VisitedPort[]>({
    id: "local-ports",
    control: "ports",
    promise: ({ network: { localPorts } }) =>
      localPorts.length === 0 ? undefined : `for this machine alone: ${localPorts.map(portAuthority).join(", ")}`,
    attempt({ id }, { ports }) {
      const how = "as a neighbour on this machine's network, who sends packets to the own address of the container that has the port";
      if (ports === undefined) return { how, notTried: "nobody visited it" };
      return "notTried" in ports ? { how, notTried: ports.notTried } : { how, answer: ports.get(id) ?? [] };
    },
    expectation(visited) {
      const reached = visited.filter(({ from }) => letIn.includes(from.outside));
      const named = ({ port }: VisitedPort) => `${port.container}/${port.protocol}`;
      if (reached.length > 0)
        return heldUnless(
          reached.map((visit) => `a neighbour is let in at ${named(visit)} (${visit.from.outside})`),
          "",
        );
      const deaf = visited.filter(({ from }) => !letIn.includes(from.here) || from.outside === "no way");
      if (visited.length === 0 || deaf.length > 0)
        return {
          held: undefined,
          found: `nobody answers this machine either: ${deaf.map((visit) => `${named(visit)} (${visit.from.here})`).join(", ") || "no container has them"}`,
        };
      return { held: true, found: [...new Set(visited.map(({ from }) => from.outside))].join(", ") };
    },
  }),
];
