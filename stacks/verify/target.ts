import { StringDecoder } from "node:string_decoder";
import { baseline } from "../../policy/baseline.ts";
import type { CommandPlace, SessionRuntime } from "../runtime/runtime.ts";
import { eachPiece, ignored } from "../streams.ts";
import { newKey, signedText } from "./probe.ts";
import type { Promised } from "./promised.ts";
import type { Halted, Target } from "./run.ts";

/** A live session, to be verified. */
export function targetOf(runtime: Pick<SessionRuntime, "session" | "egressProxy" | "standIns">, promised: Promised): Target {
  const { standIns } = runtime;
  const place = standIns?.of(promised.id) ?? runtime.session(promised.id);
  const wait = standIns?.seconds ?? 0;
  return {
    promised,
    execute: (command, seconds, input) => execute(place, promised, command, seconds + wait, input),
    haltProxy: (seconds) => haltProxy(runtime.egressProxy(promised.id), seconds),
  };
}

/** How a command runs in a session. */
const inside = {
  input: true,
  folder: "/",
  // Where the session's own variables lead to what the agent writes, its code would run in here.
  environment: { LD_AUDIT: "", LD_LIBRARY_PATH: "", LD_PRELOAD: "" },
};

/** A server in a session. */
export interface StartedServer {
  readonly port: number;
  /** Whether it has ended, which is not to happen before `close`. */
  ended(): boolean;
  close(): void;
}

/** Starts a server that prints its port first, signed, and ends with its standard input. @returns nothing when it says no port in time */
export async function startServer(place: CommandPlace, command: readonly string[]): Promise<StartedServer | undefined> {
  const started = await place.start(command, inside);
  const key = newKey();
  let ended = false;
  const port = await new Promise<number>((resolve) => {
    const timer = setTimeout(() => resolve(0), 5000);
    const answer = (text: string) => {
      clearTimeout(timer);
      resolve(Number(signedText(text.trimEnd(), key) ?? 0));
    };
    const end = () => {
      ended = true;
      answer("");
    };
    started.input.write(`${key}\n`);
    started
      .carry(
        eachPiece((chunk) => answer(chunk.toString("latin1"))),
        ignored(),
      )
      .then(end, end);
  });
  if (port > 0 && port < 65_536) return { port, ended: () => ended, close: started.close };
  started.close();
  return undefined;
}

/** Characters. No run of the probes prints more, and a session that prints without end is not to fill this machine's memory. */
const mostOutput = 16 * 1024 ** 2;

async function execute(
  place: CommandPlace,
  { uid }: Promised,
  command: readonly string[],
  seconds: number,
  input: string,
): Promise<string> {
  const started = await place.start(command, { ...inside, user: `${uid}:${baseline.user.gid}` });
  started.input.write(input);
  const texts = { output: "", errors: "" };
  const collect = (key: keyof typeof texts) => {
    const decoder = new StringDecoder("utf8");
    return eachPiece((chunk) => {
      texts[key] += decoder.write(chunk);
      if (texts[key].length > mostOutput) started.close();
    });
  };
  const timer = setTimeout(started.close, seconds * 1000);
  // What came until then counts, however it ended.
  await started.carry(collect("output"), collect("errors")).catch(() => {});
  clearTimeout(timer);
  const code = await started.exitCode();
  if (code) throw new Error(`the probes ended with ${code}${texts.errors === "" ? "" : `: ${texts.errors.trim().split("\n").at(-1)}`}`);
  return texts.output;
}

/** Stops Squid until standard input ends, so that it goes on when whoever asked for it is gone. */
const haltLine = `for process in /proc/[0-9]*; do
  [[ $(<$process/comm) == squid ]] && kill -STOP "\${process#/proc/}" && halted="\${process#/proc/}"
done 2>/dev/null
trap 'kill -CONT "$halted"' EXIT
[[ $halted ]] && echo halted && read -r -t "$1"
(($? <= 128)) || echo expired`;

async function haltProxy(proxy: CommandPlace, seconds: number): Promise<Halted> {
  const started = await proxy.start(["bash", "-c", haltLine, "halt", String(seconds)], { input: true });
  let said = "";
  let ended: Promise<void> = Promise.resolve();
  const halted = new Promise<void>((resolve) => {
    const output = eachPiece((chunk) => {
      said += chunk.toString("latin1");
      resolve();
    });
    ended = started.carry(output, ignored()).catch(() => {});
  });
  await Promise.race([halted, ended]);
  if (!said.includes("halted")) throw new Error("its proxy cannot be halted");
  return {
    async resume() {
      started.input.end();
      await ended;
      return !said.includes("expired");
    },
  };
}
