import { readFileSync } from "node:fs";

/** What one attempt brought: the answer of its probe, or why there is none. */
export type Outcome = { readonly id: string } & ({ readonly answer: unknown } | { readonly error: string });

/** One call of a probe. */
export interface Call {
  readonly id: string;
  readonly probe: string;
  readonly args: Readonly<Record<string, unknown>>;
  /** Until it is ended. */
  readonly seconds: number;
}

const parts = ["run", "files", "privileges", "system_calls", "limits", "network", "secrets"];

/**
 * The command line that runs probes in a session. It takes nothing from the agent's reach: neither its PATH nor its Python
 * packages.
 *
 * @param seconds for all of them together
 */
export function probeCommand(attempts: readonly Call[], seconds: number): string[] {
  return python("main()", { seconds, attempts });
}

/** The command line of a server that greets whoever comes, until its standard input ends. Its first line is its port. */
export function serverCommand(greeting: string, seconds: number): string[] {
  return python("serve(**json.loads(sys.argv[1]))", { greeting, seconds });
}

function python(entry: string, argument: object): string[] {
  const source = parts.map((part) => readFileSync(new URL(`probes/${part}.py`, import.meta.url), "utf8"));
  return ["/usr/bin/python3", "-I", "-c", [...source, entry].join("\n\n"), JSON.stringify(argument)];
}

/** Reads what the command printed. A line that is cut off or no outcome is left out: the agent can write there too. */
export function readOutcomes(output: string): Outcome[] {
  return output.split("\n").flatMap((line) => {
    try {
      const read = JSON.parse(line) as Outcome | null;
      const isOutcome = typeof read?.id === "string" && ("error" in read ? typeof read.error === "string" : "answer" in read);
      return isOutcome ? [read] : [];
    } catch {
      return [];
    }
  });
}
