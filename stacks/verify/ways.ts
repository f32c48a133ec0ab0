import { containerName, proxyPort } from "../../components/session.ts";
import { parentFor } from "../../components/parent-proxy/args.ts";
import type { PartName, SessionRuntime } from "../runtime/runtime.ts";
import type { Session, Settings } from "../settings.ts";
import { eachPiece, ignored } from "../streams.ts";
import { firstListed } from "./promised.ts";

/** Where the connections of a proxy lead that is to go out by way of a parent. */
export interface Ways {
  readonly proxy: PartName;
  /** `host:port` of the parent. */
  readonly parent: string;
  /** The listed host to which a tunnel was asked for meanwhile, where there is one. */
  readonly target?: string;
  /** How the proxy answered to that: HTTP's status; empty when it did not. */
  readonly status: string;
  /** Connections to others than the parent, as `address:port`. */
  readonly astray: readonly string[];
}

/**
 * $1: the parent; $2: the session; $3: where to ask for a tunnel, or nothing. Says the tunnel's status, the addresses of the parent,
 * of the session and of the tunnel's end, and, while that is open, all connections.
 */
const look = `if [[ $3 ]]; then
  exec 3<> /dev/tcp/127.0.0.1/${proxyPort}
  printf 'CONNECT %s HTTP/1.1\\r\\nHost: %s\\r\\nUser-Agent: agent-sessions-verify\\r\\n\\r\\n' "$3" "$3" >&3
  read -r -t 8 _ status _ <&3
fi
echo "status \${status:-}"
say() { getent ahostsv4 "$2" | while read -r address _; do echo "$1 $address$3"; done; }
say parent "$1"
say session "$2"
[[ ! $3 ]] || say target "\${3%:*}" ":\${3##*:}"
while read -r _ from to state _; do echo "tcp $from $to $state"; done < <(cat /proc/net/tcp /proc/net/tcp6 2> /dev/null)`;

/**
 * Looks where the proxies of running sessions lead.
 *
 * @returns by session; nothing where no proxy of theirs goes out by way of a parent
 */
export async function waysOf(runtime: SessionRuntime, { sessions, parent }: Settings): Promise<ReadonlyMap<string, readonly Ways[]>> {
  if (parent === undefined) return new Map();
  const entries = sessions.map(async (session) => {
    const ways = proxiesOf(session, parent).map(({ name, target }) => waysFrom(runtime, session.id, name, parent, target));
    return [session.id, (await Promise.all(ways)).filter((one) => one !== undefined)] as const;
  });
  return new Map((await Promise.all(entries)).filter(([, ways]) => ways.length > 0));
}

function proxiesOf({ network: { egress }, credentials }: Session, parent: NonNullable<Settings["parent"]>) {
  const through = (host: string) => parentFor(parent, host) !== undefined;
  const listed = typeof egress === "object" ? egress.allow.filter(({ host }) => through(host)) : [];
  return [
    ...(typeof egress === "object" ? [{ name: "egress-proxy", target: firstListed(listed)?.join(":") } as const] : []),
    ...(credentials.kind === "proxy" && through(new URL(credentials.upstream).hostname)
      ? [{ name: "credential-proxy", target: undefined } as const]
      : []),
  ];
}

async function waysFrom(
  runtime: SessionRuntime,
  id: string,
  proxy: PartName,
  { host, port, noProxy }: NonNullable<Settings["parent"]>,
  target: string | undefined,
): Promise<Ways | undefined> {
  try {
    const started = await (await runtime.part(id, proxy))?.start(["bash", "-c", look, "look", host, containerName(id), target ?? ""]);
    if (started === undefined) return undefined;
    const said: Buffer[] = [];
    await started.carry(
      eachPiece((chunk) => void said.push(chunk)),
      ignored(),
    );
    // The hosts that are reached directly lead to addresses that nobody here can tell from others.
    const judgesAll = proxy === "credential-proxy" || noProxy.length === 0;
    const rest = { proxy, parent: `${host}:${port}`, ...(target !== undefined && { target }) };
    return { ...rest, ...readLook(Buffer.concat(said).toString("utf8"), { port, judgesAll }) };
  } catch {
    return undefined;
  }
}

/** States of a connection that is there, or asked for; and of a port that listens. */
const [established, asked, listening] = ["01", "02", "0A"];

/** Reads what a look said. */
export function readLook(text: string, proxy: { readonly port: number; readonly judgesAll: boolean }): Pick<Ways, "status" | "astray"> {
  const lines = text.split("\n").map((line) => line.trim().split(" "));
  const of = (kind: string) => lines.filter(([first]) => first === kind).map(([, ...words]) => words);
  const parents = new Set(of("parent").map(([address]) => `${address}:${proxy.port}`));
  const [sessions, targets] = [new Set(of("session").flat()), new Set(of("target").flat())];
  const rows = of("tcp").flatMap(([from = "", to = "", state = ""]) => {
    const [near, far] = [readEnd(from), readEnd(to)];
    return near === undefined || far === undefined ? [] : [{ near, far, state }];
  });
  const served = new Set(rows.flatMap(({ near, state }) => (state === listening ? [near.port] : [])));
  const astray = rows
    .filter(({ state }) => state === established || state === asked)
    .filter(({ near, far }) => !near.address.startsWith("127.") && !sessions.has(far.address) && !served.has(near.port))
    .map(({ far }) => `${far.address}:${far.port}`)
    .filter((far) => !parents.has(far) && (proxy.judgesAll || targets.has(far)));
  return { status: of("status")[0]?.[0] ?? "", astray: [...new Set(astray)].sort() };
}

/** An end of a connection as the kernel writes it: the address as words of this machine's byte order, lowest first, in hexadecimal. */
function readEnd(text: string): { address: string; port: number } | undefined {
  const [, digits, port] = /^(?:0{16}FFFF0000)?([0-9A-F]{8}):([0-9A-F]{4})$/.exec(text) ?? [];
  if (digits === undefined || port === undefined) return undefined;
  const bytes = [6, 4, 2, 0].map((at) => Number.parseInt(digits.slice(at, at + 2), 16));
  return { address: bytes.join("."), port: Number.parseInt(port, 16) };
}
