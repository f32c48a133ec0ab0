import { StringDecoder } from "node:string_decoder";
import { Writable } from "node:stream";
import type Docker from "dockerode";
import { proxyName } from "../../components/egress-proxy/args.ts";
import { containerName } from "../../components/session-container/args.ts";
import { baseline } from "../../policy/baseline.ts";
import { newKey, signedText } from "./probe.ts";
import type { Promised } from "./promised.ts";
import type { Halted, Target } from "./run.ts";

/** A session as a container of the Docker Engine or Podman. */
export function dockerTarget(docker: Docker, promised: Promised): Target {
  return {
    promised,
    execute: (command, seconds, input) => execute(docker, promised, command, seconds, input),
    haltProxy: (seconds) => haltProxy(docker.getContainer(proxyName(promised.id)), seconds),
  };
}

/** How a command runs in a session: as the user of the container. */
const inside = {
  WorkingDir: "/",
  // Where the session's own variables lead to what the agent writes, its code would run in here.
  Env: ["LD_AUDIT=", "LD_LIBRARY_PATH=", "LD_PRELOAD="],
};

/** A server in a session. */
export interface StartedServer {
  readonly port: number;
  /** Whether it has ended, which is not to happen before `close`. */
  ended(): boolean;
  close(): void;
}

/** Starts a server that prints its port first, signed, and ends with its standard input. @returns nothing when it says no port in time */
export async function startServer(container: Docker.Container, command: readonly string[]): Promise<StartedServer | undefined> {
  const exec = await container.exec({ ...inside, Cmd: [...command], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
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
    stream.write(`${key}\n`);
    stream
      .once("data", (chunk: Buffer) => answer(chunk.subarray(8).toString("latin1")))
      .once("close", end)
      .once("error", end);
  });
  const close = () => void stream.destroy();
  if (port > 0 && port < 65_536) return { port, ended: () => ended, close };
  close();
  return undefined;
}

/** Characters. No run of the probes prints more, and a session that prints without end is not to fill this machine's memory. */
const mostOutput = 16 * 1024 ** 2;

async function execute(docker: Docker, { id, uid }: Promised, command: readonly string[], seconds: number, input: string): Promise<string> {
  const asAgent = { ...inside, User: `${uid}:${baseline.user.gid}` };
  const container = docker.getContainer(containerName(id));
  const exec = await container.exec({ ...asAgent, Cmd: [...command], AttachStdin: true, AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  stream.write(input);
  const texts = { output: "", errors: "" };
  const collect = (key: keyof typeof texts) => {
    const decoder = new StringDecoder("utf8");
    return new Writable({
      write(chunk: Buffer, _, done) {
        texts[key] += decoder.write(chunk);
        if (texts[key].length > mostOutput) stream.destroy();
        done();
      },
    });
  };
  docker.modem.demuxStream(stream, collect("output"), collect("errors"));
  const timer = setTimeout(() => stream.destroy(), seconds * 1000);
  await new Promise((resolve) => stream.once("end", resolve).once("close", resolve).once("error", resolve));
  clearTimeout(timer);
  const { ExitCode: code } = await exec.inspect();
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

async function haltProxy(proxy: Docker.Container, seconds: number): Promise<Halted> {
  const exec = await proxy.exec({ Cmd: ["bash", "-c", haltLine, "halt", String(seconds)], AttachStdin: true, AttachStdout: true });
  const stream = await exec.start({ hijack: true, stdin: true });
  let said = "";
  const ended = new Promise<void>((resolve) =>
    stream
      .once("close", resolve)
      .once("end", resolve)
      .once("error", () => resolve()),
  );
  const halted = new Promise<void>((resolve) =>
    stream.on("data", (chunk: Buffer) => {
      said += chunk.toString("latin1");
      resolve();
    }),
  );
  await Promise.race([halted, ended]);
  if (!said.includes("halted")) throw new Error("its proxy cannot be halted");
  return {
    async resume() {
      stream.end();
      await ended;
      return !said.includes("expired");
    },
  };
}
