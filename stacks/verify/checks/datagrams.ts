import { check, type Check, type Surroundings } from "../check.ts";
import { sealed } from "./network.ts";

/** How each way of sending ended, as far as the session can know. */
type Outcomes = Readonly<Record<string, string>>;

const beginning = (session: string) => `verify of ${session}: `;

/** Whatever has come from a session that says what the probe says: anybody on a network can send anything. */
function arrived(session: string, { listener }: Surroundings): string[] {
  if ("notTried" in listener) return [];
  const ways = listener.heard(beginning(session)).map((text) => text.slice(beginning(session).length));
  return ways.filter((way) => /^an? [\w .:]{1,80}$/.test(way)).slice(0, 64);
}

/** What goes one way, from a network on which the host itself has no address. */
export const datagrams: readonly Check[] = [
  check<Outcomes>({
    id: "stray-datagrams",
    control: "isolation",
    promise: (session) => (sealed(session) ? "no datagram reaches a service of the host, not even one way" : undefined),
    attempt({ id }, { host, listener }) {
      const how =
        "broadcasts, multicasts and datagrams past the routes, to a listener that verify opened in the network of the host, which tells what arrived";
      if ("notTried" in listener) return { how, notTried: listener.notTried };
      const addresses = "notTried" in host ? [] : host.addresses;
      return { how, probe: "stray_datagrams", args: { beginning: beginning(id), port: listener.port, addresses } };
    },
    expectation(outcomes, { id }, surroundings) {
      const ways = arrived(id, surroundings);
      if (ways.length === 0)
        return { held: true, found: [...new Set(Object.values(outcomes))].sort().join(", ") || "no network to send on" };
      return { held: false, found: `arrived: ${ways.join(", ")}; net.ipv4.conf.all.rp_filter=2 on the host stops it` };
    },
  }),
];
