import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { connect } from "node:net";
import { homedir } from "node:os";
import { join } from "node:path";

/** A container engine and how it was found. */
export interface FoundEngine {
  /** `unix://`, `tcp://` or `ssh://` address. */
  readonly address: string;
  /** What named it: `settings`, `DOCKER_HOST`, `docker context <name>`, `socket` or `default`. */
  readonly source: string;
  /** A folder with `ca.pem`, `cert.pem` and `key.pem`, for a TLS address. */
  readonly certPath?: string;
}

export interface FindOptions {
  /** The address from the settings. */
  readonly address?: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly home?: string;
  /** The folder of the system's own sockets. @default /var/run */
  readonly run?: string;
}

/**
 * Finds the engine that everything speaks to: the setting, then `DOCKER_HOST`, the current docker context, and the usual
 * sockets of Docker, Docker Desktop, rootless Docker and Podman, of which the first that answers wins.
 *
 * @returns the engine; when none can be seen, the place where Docker's would be
 * @throws Error when the current docker context cannot be read
 */
export async function findEngine(options: FindOptions = {}): Promise<FoundEngine> {
  const environment = options.environment ?? process.env;
  const home = options.home ?? homedir();
  const run = options.run ?? "/var/run";
  const certPath = environment.DOCKER_TLS_VERIFY ? (environment.DOCKER_CERT_PATH ?? join(home, ".docker")) : undefined;
  const withCerts = (address: string, source: string): FoundEngine => ({
    address,
    source,
    ...(certPath !== undefined && address.startsWith("tcp:") && { certPath }),
  });

  if (options.address !== undefined) return withCerts(options.address, "settings");
  if (environment.DOCKER_HOST) return withCerts(environment.DOCKER_HOST, "DOCKER_HOST");
  const context = dockerContext(environment, home);
  if (context !== undefined) return context;

  const sockets = usualSockets(environment, home, run).filter((path) => isSocket(path));
  for (const path of sockets) if (await answers(path)) return { address: `unix://${path}`, source: "socket" };
  return { address: `unix://${sockets[0] ?? join(run, "docker.sock")}`, source: sockets.length > 0 ? "socket" : "default" };
}

/**
 * The socket of an engine on the machine that it runs on, for a container there. What a desktop's programs find elsewhere leads to
 * an engine in a machine of its own, which listens there at the usual place, as one that is reached over a network does unless
 * its address names the socket.
 */
export function engineSocketOf({ address }: Pick<FoundEngine, "address">): string {
  const there = /^ssh:\/\/[^/]+(\/.+)$/.exec(address)?.[1];
  return there ?? /^unix:\/\/((?:\/var)?\/run\/.+)$/.exec(address)?.[1] ?? "/var/run/docker.sock";
}

/** Where engines listen, the likeliest first. */
function usualSockets(environment: NodeJS.ProcessEnv, home: string, run: string): string[] {
  const runtime = environment.XDG_RUNTIME_DIR ?? `/run/user/${process.getuid?.() ?? 1000}`;
  return [
    join(run, "docker.sock"),
    join(runtime, "docker.sock"),
    join(home, ".docker/run/docker.sock"),
    join(home, ".colima/default/docker.sock"),
    join(runtime, "podman/podman.sock"),
    join(run, "podman/podman.sock"),
    join(home, ".local/share/containers/podman/machine/podman.sock"),
  ];
}

function isSocket(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isSocket() ?? false;
}

function answers(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path);
    const done = (answer: boolean) => {
      socket.destroy();
      resolve(answer);
    };
    socket.setTimeout(1000, () => done(false));
    socket.once("connect", () => done(true));
    socket.once("error", () => done(false));
  });
}

/** The current docker context, unless it is the default one. */
function dockerContext(environment: NodeJS.ProcessEnv, home: string): FoundEngine | undefined {
  const folder = environment.DOCKER_CONFIG ?? join(home, ".docker");
  const configFile = join(folder, "config.json");
  let name = environment.DOCKER_CONTEXT;
  if (!name && existsSync(configFile)) name = (JSON.parse(readFileSync(configFile, "utf8")) as { currentContext?: string }).currentContext;
  if (!name || name === "default") return undefined;

  const id = createHash("sha256").update(name).digest("hex");
  const metaFile = join(folder, "contexts/meta", id, "meta.json");
  if (!existsSync(metaFile))
    throw new Error(
      `docker context "${name}" is chosen but not there (${metaFile}); run "docker context use default" or set agent-sessions:local: {engine: …}`,
    );
  const meta = JSON.parse(readFileSync(metaFile, "utf8")) as { Endpoints?: { docker?: { Host?: string } } };
  const address = meta.Endpoints?.docker?.Host;
  if (!address)
    throw new Error(`docker context "${name}" names no engine; name one by agent-sessions:local: {engine: unix:///var/run/docker.sock}`);
  const tls = join(folder, "contexts/tls", id, "docker");
  return { address, source: `docker context ${name}`, ...(existsSync(tls) && { certPath: tls }) };
}
