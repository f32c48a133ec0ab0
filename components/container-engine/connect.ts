import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { Agent } from "node:http";
import { join } from "node:path";
import { Duplex } from "node:stream";
import Docker from "dockerode";
import type { FoundEngine } from "./find.ts";

/** A client for the Docker Engine or Podman, for who hands it on. */
export type EngineClient = Docker;

/**
 * Opens a client for the engine. Nothing is sent yet.
 *
 * @throws Error when the address is of a kind that is not spoken, or its certificates cannot be read
 */
export function connectEngine(engine: FoundEngine): Docker {
  const address = engine.address.includes("://") ? engine.address : `tcp://${engine.address}`;
  if (address.startsWith("unix://")) return new Docker({ socketPath: address.slice("unix://".length) });
  const url = new URL(address);
  switch (url.protocol) {
    case "ssh:":
      // The library's own SSH knows neither the user's host keys nor the SSH configuration; the system's ssh does.
      return new Docker({ host: "docker", protocol: "http", agent: new SshAgent(url) } as Docker.DockerOptions);
    case "tcp:":
    case "http:":
    case "https:": {
      const port = url.port || (engine.certPath === undefined ? "2375" : "2376");
      if (engine.certPath === undefined)
        return new Docker({ host: url.hostname, port, protocol: url.protocol === "https:" ? "https" : "http" });
      const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((file) => readFileSync(join(engine.certPath ?? "", file)));
      return new Docker({ host: url.hostname, port, protocol: "https", ca, cert, key });
    }
    default:
      throw new Error(`engine address "${engine.address}" is of no known kind; write unix:///path, tcp://host:port or ssh://user@host`);
  }
}

/** Speaks HTTP through `ssh host docker system dial-stdio`, one ssh for each connection. */
class SshAgent extends Agent {
  readonly #target: URL;

  constructor(target: URL) {
    super({ keepAlive: true, maxSockets: 8 });
    this.#target = target;
  }

  override createConnection(): Duplex {
    const { hostname, port, username } = this.#target;
    const args = [
      "-T",
      "-o",
      "BatchMode=yes",
      ...(port ? ["-p", port] : []),
      ...(username ? ["-l", username] : []),
      "--",
      hostname,
      "docker",
      "system",
      "dial-stdio",
    ];
    const ssh = spawn("ssh", args, { stdio: ["pipe", "pipe", "inherit"] });
    const stream = Duplex.from({ readable: ssh.stdout, writable: ssh.stdin });
    ssh.once("error", (error) => stream.destroy(error));
    stream.once("close", () => ssh.kill());
    // The HTTP client asks its sockets for these; a pipe has nothing to set.
    return Object.assign(stream, {
      setTimeout: () => stream,
      setNoDelay: () => stream,
      setKeepAlive: () => stream,
      ref: () => stream,
      unref: () => stream,
    });
  }
}
