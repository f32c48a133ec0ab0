import type Docker from "dockerode";
import { type EngineKind, type EngineRights, isRootless } from "./kind.ts";

/** What limits a session, by the kernel's controller of it. */
const limited = { memory: "memory", cpu: "processor time", pids: "processes" } as const;

export type Controller = keyof typeof limited;

/** What an engine says of the limits that it holds, and of what it is told to hold them by. */
export interface LimitingEngine extends EngineRights {
  readonly MemoryLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly PidsLimit?: boolean;
  readonly CgroupVersion?: string;
}

/** Limits that an engine takes without a word, and does not hold. */
export interface UnheldLimits {
  readonly controllers: readonly Controller[];
  /** What is not limited, as people say it. */
  readonly of: string;
  readonly why: string;
  readonly wayOut: string;
}

/**
 * The limits that an engine does not hold. Of Podman, Docker's part of the API says what its machine could hold: a rootless one on
 * version 1 of control groups says that it has all limits, takes them and drops them. Its own part says what it has been given.
 *
 * @param info what it says in Docker's part
 * @returns nothing when it holds all
 */
export async function unheldLimits(docker: Docker, kind: EngineKind, info: LimitingEngine): Promise<UnheldLimits | undefined> {
  return judgeLimits(info, kind === "podman" ? await controllersOfPodman(docker) : controllersOfDocker(info));
}

/** As {@link unheldLimits}, of what an engine has said. @param given the controllers that it has */
export function judgeLimits(info: LimitingEngine, given: readonly string[]): UnheldLimits | undefined {
  const controllers = (Object.keys(limited) as Controller[]).filter((controller) => !given.includes(controller));
  if (controllers.length === 0) return undefined;
  const of = new Intl.ListFormat("en-GB").format(controllers.map((controller) => limited[controller]));
  return { controllers, of, ...reasonOf(info, controllers) };
}

function reasonOf(info: LimitingEngine, controllers: readonly Controller[]): Pick<UnheldLimits, "why" | "wayOut"> {
  if (!isRootless(info)) return { why: "its kernel has no controller for that", wayOut: "boot a kernel with these controllers" };
  if (info.CgroupVersion !== "2")
    return {
      why: "it is rootless, and control groups of version 1 are root's alone",
      wayOut: "boot with systemd.unified_cgroup_hierarchy=1, or have root's engine run the sessions",
    };
  return {
    why: "it is rootless, and its user was not given the controllers",
    wayOut: `give them by a drop-in of user@.service with "[Service] Delegate=${controllers.join(" ")}", or have root's engine run the sessions`,
  };
}

function controllersOfDocker({ MemoryLimit, CpuCfsQuota, PidsLimit }: LimitingEngine): Controller[] {
  const held: Readonly<Record<Controller, boolean>> = {
    memory: MemoryLimit !== false,
    cpu: CpuCfsQuota !== false,
    pids: PidsLimit !== false,
  };
  return (Object.keys(held) as Controller[]).filter((controller) => held[controller]);
}

function reasonUnsaid(error: Error & { readonly statusCode?: number }): string {
  return error.statusCode === 404
    ? "Podman before 4 does not say which limits it holds; take a later one"
    : `Podman does not say which limits it holds (${error.message}); start it anew, and see what it logs`;
}

/** @throws Error when it does not say */
async function controllersOfPodman({ modem }: Docker): Promise<readonly string[]> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  modem.dial({ path: "/v4.0.0/libpod/info", method: "GET", statusCodes: { 200: true } }, (error: Error | null, answer) =>
    error === null ? resolve(answer) : reject(new Error(reasonUnsaid(error))),
  );
  const { host } = (await promise) as { readonly host: { readonly cgroupControllers?: readonly string[] | null } };
  return host.cgroupControllers ?? [];
}
