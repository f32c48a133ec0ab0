import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { ignored } from "../streams.ts";
import type { Listener } from "./check.ts";
import { listenerCommand } from "./probe.ts";

/** Listens for datagrams in the network of the machine that sessions run on, until `close`; or why nothing can. */
export async function hostListener(
  runtime: Pick<SessionRuntime, "startOnHostNetwork">,
  seconds: number,
): Promise<(Listener & { close(): void }) | { notTried: string }> {
  const started = await runtime.startOnHostNetwork(listenerCommand(seconds));
  if ("notTried" in started) return started;
  const output = new PassThrough();
  // Its end is an end of the output, however it came about.
  const end = () => void output.end();
  started.carry(output, ignored()).then(end, end);
  const heard = new Set<string>();
  const lines = createInterface({ input: output });
  const port = await new Promise<number>((resolve) => {
    lines.once("line", (line) => resolve(Number(line))).once("close", () => resolve(0));
  });
  if (!(port > 0)) {
    started.close();
    return { notTried: "nothing can listen in the host's network: the listener ended at once" };
  }
  lines.on("line", (line) => heard.add(String(JSON.parse(line))));
  return { port, close: started.close, heard: (beginning) => [...heard].filter((text) => text.startsWith(beginning)).sort() };
}
