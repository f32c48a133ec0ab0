import { spawn } from "node:child_process";
import { randomBytes, randomInt } from "node:crypto";
import { text } from "node:stream/consumers";
import { isLocal, type Port } from "../../components/session.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import type { Settings } from "../settings.ts";
import { knock, type Target, type Visit } from "./knock.ts";

/** A port of a session that is for this machine alone, and what became of visits to the container that has it. */
export interface VisitedPort {
  readonly port: Port;
  readonly from: {
    /** This machine itself. */
    readonly here: Visit;
    /** Somebody on a network of its own who has this machine as a router. */
    readonly outside: Visit;
  };
}

/** Seconds until silence counts as no answer: from here; and from outside beyond twice what it took from here. */
const patience = { here: 10, outside: 2 };

/**
 * Visits the ports of sessions that are for this machine alone: from here, and as a neighbour on its network would, who sends
 * packets to the own address of a container. The neighbour is a network namespace with a cable to this machine's; both are gone
 * when it has ended.
 *
 * @returns the visits by session; or why there could be no neighbour
 */
export async function visitPorts(
  runtime: Pick<SessionRuntime, "portAddresses">,
  settings: Settings,
  onThisMachine: boolean,
): Promise<ReadonlyMap<string, readonly VisitedPort[]> | { readonly notTried: string }> {
  const wanted = (await Promise.all(settings.sessions.map((session) => portsOf(runtime, session)))).flat();
  if (wanted.length === 0) return new Map();
  if (!onThisMachine) return { notTried: "the engine is on another machine, whose neighbours cannot be stood in for" };
  if (process.getuid?.() !== 0) return { notTried: "it takes root to stand in for a neighbour of this machine" };
  const targets = wanted.map(({ target }) => target);
  const begun = Date.now();
  const here = await knock(targets, patience.here);
  const outside = await knockFromOutside(targets, patience.outside + (2 * (Date.now() - begun)) / 1000);
  if ("notTried" in outside) return outside;
  const visited = wanted.map(({ session, port }, index) => ({
    session,
    port,
    from: { here: here[index] ?? "no way", outside: outside[index] ?? "no way" },
  }));
  return Map.groupBy(visited, ({ session }) => session);
}

/** The ports of a session that are for this machine alone, each with the addresses of the container that publishes it. */
async function portsOf(runtime: Pick<SessionRuntime, "portAddresses">, { id, network }: Settings["sessions"][number]) {
  const ports = network.ports.filter(isLocal);
  if (ports.length === 0) return [];
  const addresses = await runtime.portAddresses(id, typeof network.egress === "object");
  return ports.flatMap((port) =>
    addresses.map((address) => ({ session: id, port, target: { address, port: port.container, protocol: port.protocol } })),
  );
}

/** $1: the name of the cable's end here; $2, $3: the addresses at its ends; the others: what runs at the far end. */
const neighbourhood = `set -e
near() { nsenter --net="/proc/$PPID/ns/net" ip "$@"; }
ip link add verify type veth peer name "$1" netns "$PPID"
near addr add "$2/30" dev "$1"
near link set "$1" up
ip addr add "$3/30" dev verify
ip link set verify up
ip route add default via "$2"
shift 3
exec "$@"`;

/** Visits targets as a neighbour of this machine, which takes root. @returns the visits in their order, or why there could be none */
export async function knockFromOutside(
  targets: readonly Target[],
  seconds: number = patience.outside,
): Promise<Visit[] | { readonly notTried: string }> {
  // Of the block that is set aside for tests of networks.
  const block = `198.19.${randomInt(256)}.${randomInt(64) * 4}`;
  const [near, far] = [1, 2].map((more) => block.replace(/\d+$/, (last) => String(Number(last) + more))) as [string, string];
  const program = `import { knock } from ${JSON.stringify(new URL("knock.ts", import.meta.url))};
    console.log(JSON.stringify(await knock(JSON.parse(process.argv[1]), ${seconds})));`;
  const node = [process.execPath, "--input-type=module", "--eval", program, JSON.stringify(targets)];
  const cable = `verify-${randomBytes(4).toString("hex")}`;
  const child = spawn("unshare", ["--net", "sh", "-c", neighbourhood, "sh", cable, near, far, ...node], {
    stdio: ["ignore", "pipe", "pipe"],
  });
  const failed = new Promise<string>((resolve) => child.once("error", (error) => resolve(error.message)));
  const said = Promise.all([text(child.stdout), text(child.stderr)]);
  const outcome = await Promise.race([failed, said]);
  if (typeof outcome === "string") return { notTried: `no neighbour could be stood in for: ${outcome}` };
  const [output, errors] = outcome;
  try {
    return JSON.parse(output) as Visit[];
  } catch {
    return { notTried: `no neighbour could be stood in for: ${errors.trim().split("\n").at(-1)}` };
  }
}
