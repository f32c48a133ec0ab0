import { StringDecoder } from "node:string_decoder";
import { Writable } from "node:stream";
import type Docker from "dockerode";
import { containerName } from "../../components/session-container/args.ts";
import { baseline } from "../../policy/baseline.ts";
import type { Promised } from "./promised.ts";
import type { Target } from "./run.ts";

/** A session as a container of the Docker Engine or Podman. */
export function dockerTarget(docker: Docker, promised: Promised): Target {
  return { promised, execute: (command, seconds) => execute(docker, docker.getContainer(containerName(promised.id)), command, seconds) };
}

async function execute(docker: Docker, container: Docker.Container, command: readonly string[], seconds: number): Promise<string> {
  const exec = await container.exec({ Cmd: [...command], User: `${baseline.user.uid}:${baseline.user.gid}`, WorkingDir: "/", AttachStdout: true, AttachStderr: true });
  const stream = await exec.start({});
  const texts = { output: "", errors: "" };
  const collect = (key: keyof typeof texts) => {
    const decoder = new StringDecoder("utf8");
    return new Writable({
      write(chunk: Buffer, _, done) {
        texts[key] += decoder.write(chunk);
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
