import { createInterface, type Interface } from "node:readline";
import { PassThrough } from "node:stream";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { ignored } from "../streams.ts";
import type { HostServer, Listener } from "./check.ts";
import { hostServerCommand, listenerCommand } from "./probe.ts";

/** A program in the network of the machine that sessions run on. */
interface OnHost {
  readonly first: string | undefined;
  /** Told of each line after the first. */
  readonly lines: Interface;
  readonly ended: () => boolean;
  readonly close: () => void;
}

/** Starts one, until `close`, and waits for its first line; or why none can be started. */
async function startOnHost(
  runtime: Pick<SessionRuntime, "startOnHostNetwork">,
  command: readonly string[],
): Promise<OnHost | { readonly notTried: string }> {
  const started = await runtime.startOnHostNetwork(command);
  if ("notTried" in started) return started;
  const output = new PassThrough();
  let ended = false;
  // Its end is an end of the output, however it came about.
  const end = () => {
    ended = true;
    output.end();
  };
  started.carry(output, ignored()).then(end, end);
  const lines = createInterface({ input: output });
  const first = await new Promise<string | undefined>((resolve) => {
    lines.once("line", resolve).once("close", () => resolve(undefined));
  });
  return { first, lines, ended: () => ended, close: started.close };
}

/** Listens for datagrams in the network of the machine that sessions run on, until `close`; or why nothing can. */
export async function hostListener(
  runtime: Pick<SessionRuntime, "startOnHostNetwork">,
  seconds: number,
): Promise<(Listener & { close(): void }) | { notTried: string }> {
  const started = await startOnHost(runtime, listenerCommand(seconds));
  if ("notTried" in started) return started;
  const { lines, close } = started;
  const port = Number(started.first ?? 0);
  if (!(port > 0)) {
    close();
    return { notTried: "nothing can listen in the host's network: the listener ended at once" };
  }
  const heard = new Set<string>();
  lines.on("line", (line) => heard.add(String(JSON.parse(line))));
  return { port, close, heard: (beginning) => [...heard].filter((text) => text.startsWith(beginning)).sort() };
}

/** Greets whoever comes to the machine that sessions run on, which is not this one, until `close`; or why nothing can. */
export async function hostServer(
  runtime: Pick<SessionRuntime, "startOnHostNetwork">,
  greeting: string,
  seconds: number,
): Promise<(HostServer & { close(): void }) | { notTried: string }> {
  const started = await startOnHost(runtime, hostServerCommand(greeting, seconds));
  if ("notTried" in started) return started;
  const { first, ended, close } = started;
  try {
    return { ...(JSON.parse(first ?? "") as Pick<HostServer, "port" | "addresses">), ended, close };
  } catch {
    close();
    const instead = first === undefined ? "the server ended at once" : "the server did not say where it listens";
    return { notTried: `nothing can be opened in the host's network: ${instead}` };
  }
}
