import { randomBytes } from "node:crypto";
import { proxyAlias, proxyPort } from "../../../components/session.ts";
import { check, type Check, heldUnless } from "../check.ts";
import { firstListed } from "../promised.ts";

/** The status of each answer, or how there was none. */
type Statuses = Readonly<Record<string, string>>;

const proxy = { host: proxyAlias, port: proxyPort };
const seconds = 4;

const isStatus = (status: string) => /^\d{3}$/.test(status);
/** By which the proxy's record tells what verify tried; see squid.conf. */
const byVerify = "User-Agent: agent-sessions-verify\r\n";
const connectTo = (target: string) => `CONNECT ${target} HTTP/1.1\r\nHost: ${target}\r\n${byVerify}\r\n`;
const tunnelsTo = (targets: readonly string[]) => Object.fromEntries(targets.map((target) => [`CONNECT ${target}`, connectTo(target)]));
const get = (name: string, header = name) => `GET http://${name}/ HTTP/1.1\r\nHost: ${header}\r\n${byVerify}Connection: close\r\n\r\n`;

export const egressProxy: readonly Check[] = [
  check<Statuses>({
    id: "proxy-refuses",
    control: "egressList",
    quick: true,
    promise({ network: { egress } }) {
      if (egress === undefined) return undefined;
      return egress.mode === "audit"
        ? "the proxy takes nothing to a private or metadata address"
        : "the proxy takes nothing to a host, port or address that is not listed";
    },
    attempt({ network: { egress } }) {
      const barred = ["10.0.0.1:443", `127.0.0.1:${proxyPort}`, `${proxyAlias}:${proxyPort}`, "169.254.169.254:80"];
      if (egress?.mode === "audit")
        return {
          how: "tunnels to such addresses and to the proxy's own by its name",
          probe: "ask_proxy",
          args: { ...proxy, requests: tunnelsTo(barred), seconds },
        };
      const unlisted = `${randomBytes(8).toString("hex")}.invalid`;
      const listed = (egress?.allow[0]?.host ?? unlisted).replace(/^\*/, "verify");
      const requests = {
        ...tunnelsTo([`${unlisted}:443`, `${listed}:1`, "1.1.1.1:443", ...barred]),
        "GET of an unlisted host": get(unlisted),
        "GET of an unlisted host under a listed Host header": get(unlisted, listed),
      };
      return {
        how: "an unlisted host, a listed one on port 1, addresses, the proxy's own name and a metadata service through tunnels; an unlisted host under a listed one's Host header",
        probe: "ask_proxy",
        args: { ...proxy, requests, seconds },
      };
    },
    expectation(statuses) {
      const answered = Object.entries(statuses).filter(([, status]) => isStatus(status));
      if (answered.length === 0)
        return { held: undefined, found: `the proxy does not answer: ${[...new Set(Object.values(statuses))].join(", ")}` };
      return heldUnless(
        Object.entries(statuses).flatMap(([request, status]) => (status === "403" ? [] : [`${request}: ${status}`])),
        "403",
      );
    },
  }),
  check<Statuses>({
    id: "proxy-allows",
    control: "egressList",
    promise: ({ network: { egress } }) => ((egress?.allow.length ?? 0) === 0 ? undefined : "a listed host can be reached"),
    attempt({ network: { egress } }) {
      const how = "a tunnel to the first host that is listed by its whole name";
      const listed = firstListed(egress?.allow);
      if (listed === undefined) return { how, notTried: "only suffixes are listed" };
      const target = listed.join(":");
      return { how, probe: "ask_proxy", args: { ...proxy, requests: { [target]: connectTo(target) }, seconds: 3 * seconds } };
    },
    expectation(statuses) {
      const [target = "", status = ""] = Object.entries(statuses)[0] ?? [];
      if (status === "403") return { held: false, found: `${target} is refused (403)` };
      // The host itself may be down, or there may be none of that name.
      return { held: status === "200" ? true : undefined, found: `${target}: ${status}` };
    },
  }),
  check<Statuses>({
    id: "proxy-halted",
    control: "egressList",
    promise: ({ network: { egress } }) => (egress === undefined ? undefined : "without its proxy nothing gets out"),
    attempt({ network: { egress } }) {
      const listed = firstListed(egress?.allow) ?? [`${randomBytes(8).toString("hex")}.invalid`, 443];
      return {
        how: "while its proxy stands still, a tunnel through whoever goes by the proxy's name, and a listed host directly",
        probe: "pass_by_proxy",
        args: { ...proxy, request: connectTo(listed.join(":")), listed, seconds: 1.5 },
        proxyHalted: true,
      };
    },
    expectation(outcomes) {
      const way = Object.entries(outcomes).filter(([, outcome]) => isStatus(outcome) || outcome === "connected");
      return heldUnless(
        way.map(([target, outcome]) => `${target}: ${outcome}`),
        [...new Set(Object.values(outcomes))].join(", "),
      );
    },
  }),
];
