import { createHmac, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import type { Port } from "../../components/session.ts";

/** What one attempt brought: the answer of its probe, why there is none, or why none can be believed. */
export type Outcome = { readonly id: string } & ({ readonly answer: unknown } | { readonly error: string } | { readonly forged: string });

/** One call of a probe. */
export interface Call {
  readonly id: string;
  readonly probe: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Until it is ended. */
  readonly seconds: number;
}

const parts = ["run", "files", "privileges", "system_calls", "limits", "network", "datagrams", "secrets"];

/**
 * The command line that runs probes in a session. It takes nothing from the agent's reach: neither its PATH nor its Python
 * packages. Its first line of standard input is a key of {@link newKey}.
 *
 * @param seconds for all of them together
 */
export function probeCommand(attempts: readonly Call[], seconds: number): string[] {
  return python("main()", { seconds, attempts });
}

/**
 * The command line of a server that greets whoever comes, until its standard input ends. The first line that it is given is a key
 * of {@link newKey}, the first that it prints its port.
 *
 * @param published ports that it listens on too, unless the session does
 */
export function serverCommand(greeting: string, seconds: number, published: readonly Port[] = []): string[] {
  const more = published.map(({ protocol, container }) => [protocol, container]);
  return python("serve(**json.loads(sys.argv[1]))", { greeting, seconds, more });
}

/** The command line of a listener that prints its port, then each datagram that arrives, until its standard input ends. */
export function listenerCommand(seconds: number): string[] {
  return python("listen(**json.loads(sys.argv[1]))", { seconds });
}

/** The command line of a server that greets whoever comes to a host, until its standard input ends. It prints its port and addresses. */
export function hostServerCommand(greeting: string, seconds: number): string[] {
  return python("serve_host(**json.loads(sys.argv[1]))", { greeting, seconds });
}

/** By which Python is closed to the session's other processes from its first instruction; see install-loader. */
const loader = "/usr/local/lib/agent-sessions/closed-loader";

function python(entry: string, argument: object): string[] {
  const source = parts.map((part) => readFileSync(new URL(`probes/${part}.py`, import.meta.url), "utf8"));
  return [loader, "/usr/bin/python3", "-I", "-c", [...source, entry].join("\n\n"), JSON.stringify(argument)];
}

/** A key that what runs in a session signs with. It goes through standard input: all of the session's processes read command lines. */
export function newKey(): string {
  return randomBytes(32).toString("hex");
}

/** What a line says when it is signed with the key. */
export function signedText(line: string, key: string): string | undefined {
  const [signature, text] = [line.slice(0, 64), line.slice(65)];
  return signature === createHmac("sha256", key).update(text).digest("hex") ? text : undefined;
}

/** Reads what the command printed. A line that is cut off or no outcome is left out; whole lines that are not signed are counted. */
export function readOutcomes(output: string, key: string): { outcomes: Outcome[]; unsigned: number } {
  const lines = output
    .split("\n")
    .slice(0, -1)
    .map((line) => signedText(line, key));
  const signed = lines.filter((text) => text !== undefined);
  return { outcomes: signed.flatMap(readOutcome), unsigned: lines.length - signed.length };
}

function readOutcome(text: string): Outcome[] {
  try {
    const read = JSON.parse(text) as Outcome | null;
    const isOutcome = typeof read?.id === "string" && ("error" in read ? typeof read.error === "string" : "answer" in read);
    return isOutcome ? [read] : [];
  } catch {
    return [];
  }
}
