// What the proxies of a session, and the gateway, say of requests, one line of JSON for each.

/** What became of a request for a host: let through; refused; or nobody could say where the host is. */
export const verdicts = ["allowed", "denied", "unresolved"] as const;
type Verdict = (typeof verdicts)[number];

/** The words of the egress proxy's own record. */
const meaning: ReadonlyMap<unknown, Verdict> = new Map([
  ["allowed", "allowed"],
  ["audited", "allowed"],
  ["unlisted", "denied"],
  ["address", "denied"],
  ["unresolved", "unresolved"],
]);

/** A host that a session asked for in vain. */
export interface RefusedHost {
  /** As the client wrote it, with percent signs. */
  readonly host: string;
  readonly port: string;
  readonly requests: number;
  /** The last time, RFC 3339. */
  readonly last: string;
  /** The request named itself one of `sessions verify`, which whatever runs in the session can do too. */
  readonly verify: boolean;
}

/** Hosts that are kept of one session: whatever runs in it chooses how many it asks for. */
const mostHosts = 50;

export class EgressRecord {
  readonly counts: Record<Verdict, number> = { allowed: 0, denied: 0, unresolved: 0 };
  readonly #refused = new Map<string, RefusedHost>();

  /** @param counted false for what was before the counters began */
  add(text: string, counted: boolean): void {
    const line = object(text);
    const verdict = meaning.get(line?.verdict);
    if (line === undefined || verdict === undefined) return;
    if (counted) this.counts[verdict]++;
    if (verdict === "denied") this.#refuse(line);
  }

  #refuse(line: Readonly<Record<string, unknown>>): void {
    const [host = "", port = "", last = ""] = [line.host, line.port, line.time].map((value) => String(value ?? "").slice(0, 255));
    const key = `${host} ${port}`;
    const requests = (this.#refused.get(key)?.requests ?? 0) + 1;
    // Put last again, so that the first is the one that was asked for the longest time ago.
    this.#refused.delete(key);
    this.#refused.set(key, { host, port, requests, last, verify: line.by === "verify" });
    const [oldest] = this.#refused.keys();
    if (this.#refused.size > mostHosts && oldest !== undefined) this.#refused.delete(oldest);
  }

  /** Latest first. */
  refused(): RefusedHost[] {
    return [...this.#refused.values()].reverse();
  }
}

/** A request to a model, as the credential proxy saw it. */
export interface ModelRequest {
  /** `2xx` and so on. */
  readonly code: string;
  /** Until the model's first word, where the proxy says it, else until its last. */
  readonly seconds: number;
}

/** A request from elsewhere, as the gateway saw it. */
export interface GatewayRequest {
  /** Which service it was for. */
  readonly service: string;
  /** `2xx` and so on. */
  readonly code: string;
  /** Until the answer's end; of what stays open, such as a page that is kept up to date, it says nothing. */
  readonly seconds: number | undefined;
}

export function gatewayRequest(text: string): GatewayRequest | undefined {
  const { service, status, seconds } = object(text) ?? {};
  if (typeof service !== "string" || typeof status !== "number" || !isStatus(status) || typeof seconds !== "number") return undefined;
  return { service, code: classOf(status), seconds: status === 101 ? undefined : seconds };
}

const isStatus = (status: number) => status >= 100 && status <= 599;
const classOf = (status: number) => `${Math.floor(status / 100)}xx`;

export function modelRequest(text: string): ModelRequest | undefined {
  const { status, milliseconds, answered } = object(text) ?? {};
  const took = typeof answered === "number" ? answered : milliseconds;
  if (typeof status !== "number" || !isStatus(status) || typeof took !== "number" || !(took >= 0)) return undefined;
  return { code: classOf(status), seconds: took / 1000 };
}

function object(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
