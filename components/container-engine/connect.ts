import { readFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";
import type { FoundEngine } from "./find.ts";
import { SshAgent } from "./ssh.ts";

/** A client for the Docker Engine or Podman, for who hands it on. */
export type EngineClient = Docker;

/**
 * Opens a client for the engine. Nothing is sent yet.
 *
 * @throws Error when the address is of a kind that is not spoken, or its certificates cannot be read
 */
export function connectEngine(engine: FoundEngine): Docker {
  const address = engine.address.includes("://") ? engine.address : `tcp://${engine.address}`;
  if (address.startsWith("unix://")) return clientOf({ socketPath: address.slice("unix://".length) });
  const url = new URL(address);
  if (url.password !== "" && url.protocol !== "ssh:")
    throw new Error(`engine address: ${url.protocol}//${url.host} is given with a password, which no engine asks for; write it without`);
  switch (url.protocol) {
    case "ssh:":
      // The library's own SSH knows neither the user's host keys nor the SSH configuration; the system's ssh does.
      return clientOf({ host: "docker", agent: new SshAgent(address) } as Docker.DockerOptions);
    case "tcp:":
    case "http:":
    case "https:": {
      const port = url.port || (engine.certPath === undefined ? "2375" : "2376");
      if (engine.certPath === undefined)
        return clientOf({ host: url.hostname, port, protocol: url.protocol === "https:" ? "https" : "http" });
      const [ca, cert, key] = ["ca.pem", "cert.pem", "key.pem"].map((file) => readCertificate(engine, file));
      return clientOf({ host: url.hostname, port, protocol: "https", ca, cert, key } as Docker.DockerOptions);
    }
    default:
      throw new Error(`engine address "${engine.address}" is of no known kind; write unix:///path, tcp://host:port or ssh://user@host`);
  }
}

/** Seconds after which an engine that says nothing is not there. */
const patience = 30;

/** Asks whether an engine answers. @throws Error when it does not */
export async function greet(docker: Docker): Promise<void> {
  await (docker as unknown as { ping(options: object): Promise<unknown> }).ping({ abortSignal: AbortSignal.timeout(patience * 1000) });
}

function readCertificate({ address, source, certPath = "" }: FoundEngine, file: string): Buffer {
  const path = join(certPath, file);
  try {
    return readFileSync(path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const wayOut = source.startsWith("docker context")
      ? "make the context anew with all three certificates"
      : `set DOCKER_CERT_PATH to a folder with ca.pem, cert.pem and key.pem`;
    throw new Error(`the engine at ${address} (${source}) is reached by TLS, and ${path} cannot be read (${code}); ${wayOut}`);
  }
}

/** What the library finds in the environment counts for it beside what it is told, and may be another engine. */
function clientOf(options: Docker.DockerOptions): Docker {
  const named = process.env.DOCKER_HOST;
  delete process.env.DOCKER_HOST;
  try {
    return withoutBodiesInAddresses(new Docker(options));
  } finally {
    if (named !== undefined) process.env.DOCKER_HOST = named;
  }
}

/** A request of the library's, as far as it is looked at here. */
interface Request {
  readonly path: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

/** Requests whose body the library writes into their address as well, secrets and all, where an engine's log may keep it. */
const doubled = /\/(configs|containers|networks|secrets|volumes)\/create\?$|\/services\/[^/]+\/update\?$/;

/** What an engine reads of their addresses. */
const inAddress = ["name", "version"];

function withoutBodiesInAddresses(docker: Docker): Docker {
  const modem = docker.modem as { dial(request: Request, done: unknown): void };
  const { dial } = modem;
  modem.dial = (request, done) => {
    const { path, options: body = {} } = request;
    const query = Object.fromEntries(Object.entries(body).filter(([key]) => inAddress.includes(key)));
    dial.call(modem, doubled.test(path) ? { ...request, options: { _query: query, _body: body } } : request, done);
  };
  return docker;
}
