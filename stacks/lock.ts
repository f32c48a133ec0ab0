import { existsSync, mkdirSync, rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";

/** A second run found the deployment locked. */
export class LockedError extends Error {
  constructor(holder: string) {
    super(`another run is at work on this stack (${holder}); wait for it, or end it, and try again`);
    this.name = "LockedError";
  }
}

/**
 * Locks something for this process: a deployment, or a stack file. The lock is a listening socket, so it dies with its holder
 * however that ends: on Linux it has no file at all, elsewhere a file that nobody listens on is taken over.
 *
 * @param waiting told once who holds it, which is then waited for
 * @returns what releases it
 * @throws LockedError when another process holds it, naming that process, and nobody is told that it is waited for
 */
export async function lock(what: string, waiting?: (holder: string) => void): Promise<() => void> {
  const address = process.platform === "linux" ? `\0agent-sessions/${what}` : socketFile(what);
  let told = false;
  for (let attempt = 0; attempt < 5; ) {
    const server = await listen(address);
    if (server !== undefined) return () => void server.close();
    const holder = await askHolder(address);
    if (holder !== undefined) {
      if (waiting === undefined) throw new LockedError(holder);
      if (!told) waiting(holder);
      told = true;
      await delay(100);
      continue;
    }
    // Nobody answered: either the holder just ended, or it left a file behind. Who waits meets ends of others any number of times.
    if (!address.startsWith("\0") && existsSync(address)) rmSync(address);
    if (waiting === undefined) attempt += 1;
    else await delay(5);
  }
  throw new LockedError("it does not say who it is");
}

function socketFile(what: string): string {
  const folder = join(tmpdir(), `agent-sessions-${userInfo().uid}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  return join(folder, `${what}.lock`);
}

function listen(address: string): Promise<Server | undefined> {
  return new Promise((resolve, reject) => {
    const server = createServer((socket) => {
      // Who asked may be gone before it is told; that is no harm to the holder.
      socket.on("error", () => {});
      socket.end(`process ${process.pid}`);
    });
    server.unref();
    server.once("error", (error: NodeJS.ErrnoException) => (error.code === "EADDRINUSE" ? resolve(undefined) : reject(error)));
    server.listen(address, () => resolve(server));
  });
}

/** Who holds the lock; undefined when nobody listens any more. */
function askHolder(address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    let answer = "";
    const socket = connect(address);
    socket.setTimeout(2000, () => socket.destroy());
    socket.on("data", (data) => {
      answer += data;
    });
    socket.once("error", () => resolve(undefined));
    socket.once("close", () => resolve(answer || "it does not say who it is"));
  });
}
