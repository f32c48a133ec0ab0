import { createInterface } from "node:readline";
import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { securityOpts } from "../../../components/seccomp/docker.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { Listener } from "../../verify/check.ts";
import { listenerCommand } from "../../verify/probe.ts";

/**
 * Listens for datagrams in the network of the host, wherever the engine is, until `close`. It is a container of the sessions' own
 * image with no other right, since Node leaves multicasts out that its process has not asked for, and services of the host do not.
 *
 * @param image of a session; there is no listener without one
 */
export async function hostListener(
  docker: Docker,
  image: string | undefined,
  seconds: number,
): Promise<(Listener & { close(): void }) | { notTried: string }> {
  if (image === undefined) return { notTried: "no session runs" };
  const [program, ...rest] = listenerCommand(seconds);
  let container: Docker.Container | undefined;
  try {
    container = await docker.createContainer({
      Image: image,
      User: `${baseline.user.uid}:${baseline.user.gid}`,
      Entrypoint: [program ?? ""],
      Cmd: rest,
      Labels: { created_by: baseline.createdBy, kind: "verify-listener" },
      Healthcheck: { Test: ["NONE"] },
      OpenStdin: true,
      // It ends when whoever started it is gone.
      StdinOnce: true,
      HostConfig: {
        NetworkMode: "host",
        AutoRemove: true,
        ReadonlyRootfs: true,
        CapDrop: [...baseline.capabilities.drop],
        SecurityOpt: securityOpts(),
        PidsLimit: 8,
        Memory: 64 * 1024 ** 2,
        LogConfig: { Type: "none", Config: {} },
      },
    });
    const stream = await container.attach({ stream: true, hijack: true, stdin: true, stdout: true });
    const output = new PassThrough();
    docker.modem.demuxStream(stream, output, new PassThrough());
    stream.once("close", () => output.end());
    await container.start();
    return await listenerOn(output, () => void stream.end());
  } catch (error) {
    await container?.remove({ force: true }).catch(() => {});
    return { notTried: `nothing can listen in the host's network: ${(error as Error).message}` };
  }
}

/** @throws Error when it says no port */
async function listenerOn(output: NodeJS.ReadableStream, close: () => void): Promise<Listener & { close(): void }> {
  const heard = new Set<string>();
  const lines = createInterface({ input: output });
  const port = await new Promise<number>((resolve) => {
    lines.once("line", (line) => resolve(Number(line))).once("close", () => resolve(0));
  });
  if (!(port > 0)) throw new Error("the listener ended at once");
  lines.on("line", (line) => heard.add(String(JSON.parse(line))));
  return { port, close, heard: (beginning) => [...heard].filter((text) => text.startsWith(beginning)).sort() };
}
