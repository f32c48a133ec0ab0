import { baseline } from "../../../policy/baseline.ts";
import { check, type Check, heldUnless, type Neighbour } from "../check.ts";
import type { Promised } from "../promised.ts";

/** Outcomes by what was tried, such as `tcp 192.0.2.1 port 80`. */
type Outcomes = Readonly<Record<string, string>>;

/** Sealed but for its proxy and its group, where there are such. */
export const sealed = ({ network }: Promised) => network.isolation === "sealed" || network.egress !== undefined;
const alone = (session: Promised) => sealed(session) || session.network.isolation === "isolated";
/** Whether another session is of a session's group. */
const isMate = ({ network: { group } }: Promised, other: Neighbour) => group !== undefined && other.group === group;
const strangers = (session: Promised, all: readonly Neighbour[]) => all.filter((one) => one.id !== session.id && !isMate(session, one));
const mates = (session: Promised, all: readonly Neighbour[]) => all.filter((one) => one.id !== session.id && isMate(session, one));

/** Seconds until silence counts as no answer. */
const patience = 2;

/** Nobody takes the packet: there is no route, or nobody where it leads to. */
const noWay = ["ENETUNREACH", "EHOSTUNREACH", "EADDRNOTAVAIL", "EAFNOSUPPORT", "EACCES", "EPERM"];
/** The kernel asks three times, a second each, who has the address of the gateway. */
const patienceWithGateway = 4;

/** Somebody is there: a refused connection is an answer too. */
const answers = ["connected", "answered", "ECONNREFUSED"];

function found(outcomes: Outcomes): string {
  return [...new Set(Object.values(outcomes))].sort().join(", ") || "nothing to reach";
}

const reached = (outcomes: Outcomes, by: readonly string[]) =>
  Object.entries(outcomes).flatMap(([target, outcome]) => (by.includes(outcome) ? [`${target}: ${outcome}`] : []));

const publicResolvers = ["1.1.1.1", "9.9.9.9", "2606:4700:4700::1111"];
const outside = publicResolvers.flatMap((address) => [
  ["tcp", address, 443],
  ["tcp", address, 53],
  ["udp", address, 53],
  ["icmp", address, 0],
]);

const metadata = baseline.metadata.services;

/** Looks for sessions by their names, and for their servers at their addresses. */
function search(others: readonly Neighbour[], greeting: string) {
  const targets = others.flatMap(({ addresses, port }) =>
    addresses.flatMap((address) => [
      ["tcp", address, port],
      ["udp", address, port],
    ]),
  );
  // Each look-up is a process, of which the session may have few.
  const names = others.flatMap((other) => other.names).slice(0, 8);
  return { probe: "find_and_reach", args: { names, targets, greeting, seconds: patience } };
}

export const network: readonly Check[] = [
  check<Outcomes>({
    id: "outside",
    control: "noNetwork",
    // On a sealed network it takes seconds until it is certain that nobody answers.
    quick: ({ network }) => network.mode.kind === "none" && network.group === undefined,
    promise: (session) =>
      sealed(session) ? `no way out${session.network.egress === undefined ? "" : " but through the proxy"}` : undefined,
    attempt: () => ({
      how: "addresses of public resolvers over TCP, UDP (DNS) and ICMP, IPv4 and IPv6",
      probe: "reach",
      args: { targets: outside, seconds: patienceWithGateway },
    }),
    expectation(outcomes) {
      const way = Object.entries(outcomes).filter(([, outcome]) => !noWay.includes(outcome));
      if (way.length > 0 && way.every(([, outcome]) => outcome === "no answer"))
        return { held: undefined, found: "packets left and nobody answered, which proves nothing" };
      return heldUnless(
        way.map(([target, outcome]) => `${target}: ${outcome}`),
        found(outcomes),
      );
    },
  }),
  check<Outcomes>({
    id: "metadata",
    control: "metadata",
    promise: (session) => (sealed(session) ? "no metadata address" : undefined),
    attempt: () => ({
      how: metadata.join(", "),
      probe: "reach",
      args: { targets: metadata.map((address) => ["tcp", address, 80]), seconds: patience },
    }),
    expectation: (outcomes) => heldUnless(reached(outcomes, answers), found(outcomes)),
  }),
  check<Outcomes>({
    id: "host-services",
    control: "isolation",
    promise: (session) => (sealed(session) ? "no service of the host" : undefined),
    attempt(_, { host, greeting }) {
      const how = "a server that verify opened there, over TCP and UDP, on the host's own addresses and the networks' gateways";
      if ("notTried" in host) return { how, notTried: host.notTried };
      const { addresses, port } = host;
      return {
        how,
        probe: "reach",
        args: {
          targets: addresses.flatMap((address) => [
            ["tcp", address, port],
            ["udp", address, port],
          ]),
          greeting,
          seconds: patience,
        },
      };
    },
    expectation(outcomes, _, { host }) {
      const greeted = reached(outcomes, ["greeted"]);
      if (greeted.length === 0 && "ended" in host && host.ended?.())
        return { held: undefined, found: "the server on the host has ended, and nobody was left to be reached" };
      return heldUnless(greeted, found(outcomes));
    },
  }),
  check<Outcomes>({
    id: "resolver",
    control: "noNetwork",
    promise: (session) => (sealed(session) ? "no name is resolved outside" : undefined),
    attempt: () => ({
      how: "ask the session's resolvers, the engine's among them, for a random name",
      probe: "resolvers",
      args: { seconds: patience },
    }),
    expectation: (outcomes) => heldUnless(reached(outcomes, ["found", "no such name"]), found(outcomes)),
  }),
  check<Outcomes>({
    id: "other-sessions",
    control: "isolation",
    promise: (session) =>
      alone(session)
        ? `no other session${session.network.group === undefined ? "" : " but those of its group"} can be found or reached`
        : undefined,
    attempt(session, { neighbours, greeting }) {
      const how = "the names of other sessions, and servers that verify opened in them, over TCP and UDP";
      const others = strangers(session, neighbours);
      if (others.length === 0) return { how, notTried: "no other session has an address" };
      return { how, ...search(others, greeting) };
    },
    expectation(outcomes, session, { neighbours }) {
      const found = Object.entries(outcomes).flatMap(([target, outcome]) =>
        target.startsWith("name ") && outcome !== "" ? [`${target} is ${outcome}`] : [],
      );
      const contradictions = [...found, ...reached(outcomes, ["greeted"])];
      const silenced = strangers(session, neighbours).filter((other) => other.ended?.());
      if (contradictions.length === 0 && silenced.length > 0)
        return {
          held: undefined,
          found: `the server in ${silenced.map((other) => other.id).join(", ")} has ended, and nobody was left to be reached`,
        };
      return heldUnless(contradictions, "neither");
    },
  }),
  check<Outcomes>({
    id: "group",
    control: "group",
    promise: ({ network: { group } }) => (group === undefined ? undefined : `the sessions of group ${group} can be found and reached`),
    attempt(session, { neighbours, greeting }) {
      const how = "their names, and servers that verify opened in them";
      const others = mates(session, neighbours);
      return others.length === 0 ? { how, notTried: "no other session of the group has an address" } : { how, ...search(others, greeting) };
    },
    expectation(outcomes, session, { neighbours }) {
      const lost = mates(session, neighbours).filter(
        ({ id, addresses, port, ended }) =>
          ended?.() !== true &&
          (outcomes[`name ${id}`] === "" || !addresses.some((address) => outcomes[`tcp ${address} port ${port}`] === "greeted")),
      );
      return heldUnless(
        lost.map(({ id }) => `session ${id} is not there`),
        "all of them",
      );
    },
  }),
  check<Outcomes>({
    id: "services",
    control: "isolation",
    promise: (session, { services = [] }) =>
      alone(session) && services.some(({ at }) => at.length > 0)
        ? "nothing that serves the stack can be reached over a network"
        : undefined,
    attempt: (_, { services = [] }) => ({
      how: `the addresses of ${services.flatMap(({ name, at }) => (at.length > 0 ? [name] : [])).join(", ")}`,
      probe: "reach",
      args: { targets: services.flatMap(({ at }) => at.map(({ address, port }) => ["tcp", address, port])), seconds: patience },
    }),
    expectation: (outcomes) => heldUnless(reached(outcomes, answers), found(outcomes)),
  }),
];
