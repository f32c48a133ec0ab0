import { type Verdict, verdicts } from "../../components/egress-proxy/rules.ts";

/** What a session asked of one host on one port, with one verdict. */
export interface Asked {
  readonly host: string;
  readonly port: number;
  readonly verdict: Verdict;
  readonly requests: number;
  /** Bytes that the session received, the proxy's own answers included. */
  readonly received: number;
  /** Bytes that the session sent. */
  readonly sent: number;
  /** The last time, RFC 3339. */
  readonly last: string;
  /** The requests named themselves those of `sessions verify`, which whatever runs in the session can do too. */
  readonly verify?: true;
}

interface Line {
  readonly time: string;
  readonly host: string;
  readonly port: string;
  readonly verdict: Verdict;
  readonly by: string;
  readonly received: number;
  readonly sent: number;
}

/** Sums up a proxy's record, one line of JSON for each request, by host, port, verdict and whether it was verify's. */
export function summarize(record: string): Asked[] {
  const asked = new Map<string, Asked>();
  for (const { time, host, port, verdict, by, received, sent } of record.split("\n").flatMap(read)) {
    const key = `${host} ${port} ${verdict} ${by}`;
    const before = asked.get(key) ?? { requests: 0, received: 0, sent: 0 };
    asked.set(key, {
      host,
      port: Number(port),
      verdict,
      requests: before.requests + 1,
      received: before.received + received,
      sent: before.sent + sent,
      last: time,
      ...(by === "verify" && { verify: true }),
    });
  }
  return [...asked.values()].sort(
    (a, b) => verdicts.indexOf(a.verdict) - verdicts.indexOf(b.verdict) || (a.host < b.host ? -1 : a.host > b.host ? 1 : a.port - b.port),
  );
}

/** A line of the record; none for one that a crash cut short. */
function read(text: string): Line[] {
  try {
    const line = JSON.parse(text) as Line;
    return verdicts.includes(line.verdict) ? [line] : [];
  } catch {
    return [];
  }
}

/** What was refused and was only tried to see it refused. */
export const isRefusedTrial = ({ verify, verdict }: Asked): boolean => verify === true && verdict !== "allowed" && verdict !== "audited";

/** How many requests were refused, but for those that were only tried to see it. */
export const refusedIn = (asked: readonly Asked[]): number =>
  asked.reduce(
    (sum, { requests, verdict, verify }) => (verify || verdict === "allowed" || verdict === "audited" ? sum : sum + requests),
    0,
  );

/** Entries that would allow what was not on the list, but for addresses, which no entry can name, and what verify tried. */
export function suggest(asked: readonly Asked[]): string[] {
  const unlisted = asked.filter(
    ({ verdict, host, verify }) =>
      verify === undefined && (verdict === "unlisted" || verdict === "audited") && !/^[\d.]+$|[[\]:%]/.test(host),
  );
  return [...new Set(unlisted.map(({ host, port }) => (port === 80 || port === 443 ? host : `${host}:${port}`)))].sort();
}
