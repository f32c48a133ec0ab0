import { existsSync } from "node:fs";
import { hostname, release } from "node:os";
import type Docker from "dockerode";
import { connectEngine } from "./connect.ts";
import type { FoundEngine } from "./find.ts";

/** Whether an engine runs upon this machine's own kernel, and neither elsewhere nor in a machine within it. */
export async function isHere(docker: Docker): Promise<boolean> {
  return isOwn(await docker.info());
}

/** What an engine says of the machine that it runs on. */
export interface EngineMachine {
  readonly Name: string;
  readonly KernelVersion: string;
}

/** As {@link isHere}, of what an engine has said. */
export function isOwn({ Name, KernelVersion }: EngineMachine): boolean {
  return Name === hostname() && KernelVersion === release();
}

/** Whether systemd manages this machine, as sd_booted(3) has it. */
export const hasSystemd = (): boolean => existsSync("/run/systemd/system");

/** Runtimes whose containers have a kernel of their own. */
const ownKernel = /runsc|gvisor|kata/i;

/**
 * Whether a folder of this machine has the same inode in the engine's containers. Of an engine that does not answer, nothing
 * speaks against it when it is reached by a socket of this machine: what is planned without it is what it will be given.
 */
export async function sharesInodes(engine: FoundEngine): Promise<boolean> {
  if (!engine.address.startsWith("unix://") || process.platform !== "linux") return false;
  try {
    const info = (await connectEngine(engine).info()) as EngineMachine & { DefaultRuntime?: string };
    return isOwn(info) && !ownKernel.test(info.DefaultRuntime ?? "");
  } catch {
    return true;
  }
}
