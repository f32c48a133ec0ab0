import type Docker from "dockerode";
import { hasSystemd, isOwn } from "../../../components/container-engine/here.ts";
import { isRootless, kindOf } from "../../../components/container-engine/kind.ts";
import { type LimitingEngine, type UnheldLimits, unheldLimits } from "../../../components/container-engine/unheld-limits.ts";
import { networkModeOf } from "../../../components/isolated-network/args.ts";
import { limitsOf } from "../../../components/session-container/args.ts";
import type { Settings } from "../../settings.ts";
import { logDriverRefusal, type LoggingEngine } from "../../strategies/log-driver.ts";
import { type EngineFacts, openEngine } from "../../strategies/open-ports.ts";
import { formatSize } from "../../units.ts";
import type { Finding } from "../platform.ts";
import { examineMachine, examineVolumes } from "./machine.ts";

/** The fields of the engine's own description that the client library does not declare. */
export interface EngineInfo extends LoggingEngine, LimitingEngine {
  readonly CgroupDriver?: string;
  readonly SwapLimit?: boolean;
  readonly MemTotal: number;
  readonly DockerRootDir: string;
  readonly LiveRestoreEnabled?: boolean;
  readonly DefaultAddressPools?: readonly { Base: string; Size: number }[] | null;
}

/**
 * What an engine, and its machine where that is this one, can and cannot hold to.
 *
 * @param asked where the engine is, and how long counting what volumes hold may take
 */
export async function examine(
  docker: Docker,
  settings: Settings,
  { where, seconds }: { readonly where: string; readonly seconds: number },
): Promise<readonly Finding[]> {
  const [info, version] = await Promise.all([docker.info() as Promise<EngineInfo>, docker.version()]);
  const kind = kindOf(version);
  const isPodman = kind === "podman";
  return [
    { subject: "engine", found: `${isPodman ? "Podman " : ""}${version.Version} at ${where}`, verdict: "ok", means: "sessions run here" },
    ...examineConfinement(info),
    ...(isPodman ? examineServices(info) : [crashFinding(info)]),
    ...(await unheldLimits(docker, kind, info).then(
      (unheld) => examineLimits(info, unheld),
      ({ message }: Error): Finding[] => [
        { subject: "limits", found: "not known", verdict: "missing", means: `no session starts: ${message}` },
      ],
    )),
    portFinding({ version, info }),
    logFinding(info, settings),
    ...examineRoom(info, settings, isPodman),
    ...(await examineMachine(docker, settings, info.DockerRootDir)),
    await examineVolumes(docker, seconds),
  ];
}

/** @param otherwise what it means when it is not good */
function judge(subject: string, good: boolean, found: string, means: string, otherwise: string, bad: Finding["verdict"] = "note"): Finding {
  return { subject, found, verdict: good ? "ok" : bad, means: good ? means : otherwise };
}

/** What keeps a session from taking the machine. */
export function examineLimits(info: EngineInfo, unheld?: UnheldLimits): Finding[] {
  const { controllers = [], why, wayOut } = unheld ?? {};
  const otherwise = `no session starts: ${why}; ${wayOut}`;
  const without = [controllers.includes("memory") && "memory", controllers.includes("cpu") && "processor time"]
    .filter(Boolean)
    .join(" and ");
  const forks = !controllers.includes("pids");
  return [
    judge("process limit", forks, forks ? "there" : "not there", "a fork bomb hurts only its own session", otherwise, "missing"),
    judge(
      "memory and cpu limits",
      without === "",
      without === "" ? "there" : `none for ${without}`,
      "a session cannot take the machine from the others",
      otherwise,
      "missing",
    ),
    judge(
      "swap limit",
      info.SwapLimit !== false,
      info.SwapLimit === false ? "not there" : "there",
      "a memory limit counts swap too",
      "a session can swap beyond its memory limit; boot with swapaccount=1 or without swap",
    ),
    judge(
      "cgroups",
      info.CgroupVersion === "2",
      `version ${info.CgroupVersion ?? "1"}, ${info.CgroupDriver ?? ""}`,
      "limits hold",
      "limits hold; reservations are coarser than with version 2",
    ),
  ];
}

/** What stands between a session and the machine's kernel. */
function examineConfinement(info: EngineInfo): Finding[] {
  const options = (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, ""));
  const has = (name: string) => options.some((option) => option.split(",")[0] === name);
  const rootless = isRootless(info);
  return [
    judge(
      "seccomp",
      has("seccomp"),
      has("seccomp") ? "on" : "off",
      "dangerous system calls fail",
      "system calls are not filtered; use an engine and a kernel with seccomp",
      "missing",
    ),
    judge(
      "AppArmor",
      has("apparmor"),
      has("apparmor") ? "on" : "off",
      "the engine's profile confines sessions",
      "one layer less; the other controls hold without it",
    ),
    judge(
      "user namespace",
      has("userns") || rootless,
      rootless ? "rootless engine" : has("userns") ? "remapped" : "the host's",
      "the agent's uid is nobody on the host",
      "uid 1000 in a session is uid 1000 on the host, without any capability; userns-remap in daemon.json changes that",
    ),
  ];
}

function crashFinding(info: EngineInfo): Finding {
  return judge(
    "crash of the engine",
    info.LiveRestoreEnabled === true,
    info.LiveRestoreEnabled ? "live-restore" : "sessions restart",
    "sessions run on",
    "sessions are started again with the engine; their volumes keep the data",
  );
}

/**
 * What Podman leaves to systemd: it checks health and starts what ran before the machine was started anew. Without systemd on an
 * engine's own machine nobody does.
 */
export function examineServices(info: EngineInfo, systemd = isOwn(info) ? hasSystemd() : undefined): Finding[] {
  const found = systemd === undefined ? "not known" : systemd ? "systemd" : "no systemd";
  const enable = isRootless(info)
    ? '"systemctl --user enable podman-restart" has them started with the machine, "loginctl enable-linger" lets them outlive a login'
    : '"systemctl enable podman-restart" has them started with the machine';
  return [
    { subject: "crash of the engine", found: "there is no daemon", verdict: "ok", means: "sessions run on" },
    judge(
      "health checks",
      systemd === true,
      found,
      "an agent that hangs is ended and started again",
      systemd === undefined
        ? "the engine is on another machine; run doctor there"
        : "nothing ends an agent that hangs, since Podman has systemd run its checks; take Docker Engine, or a machine with systemd",
      systemd === undefined ? "note" : "missing",
    ),
    {
      subject: "start of the machine",
      found,
      verdict: "note",
      means: systemd === false ? "nothing starts sessions with the machine; run up after it" : enable,
    },
  ];
}

function portFinding(facts: EngineFacts): Finding {
  const openTo = openEngine(facts);
  return judge(
    "published ports",
    openTo === undefined,
    openTo ?? `Docker Engine ${facts.version.Version}`,
    "those on 127.0.0.1 are for this machine alone",
    "with open egress, those on 127.0.0.1 let in who sends packets to a container's own address; use an allow list or Docker Engine 28",
  );
}

function logFinding(info: EngineInfo, { logs }: Settings): Finding {
  const driver = logs?.driver ?? "json-file";
  const refusal = logDriverRefusal(driver, info);
  const means = driver === "journald" ? "rotated by journald" : "rotated by size";
  return judge("log driver", refusal === undefined, driver, means, `no session starts: it ${refusal}`, "missing");
}

/** Whether the engine has room for what the settings ask for. */
function examineRoom(info: EngineInfo, { sessions }: Settings, isPodman: boolean): Finding[] {
  const memory = sessions.reduce((sum, session) => sum + limitsOf(session).memory, 0);
  const groups = new Set(sessions.flatMap(({ network }) => network.group ?? []));
  const networks = sessions.filter(({ network }) => networkModeOf(network).kind === "bridge").length + groups.size;
  const pools = info.DefaultAddressPools ?? [];
  const room = isPodman ? podmanNetworks : networkRoom(pools);
  return [
    judge(
      "networks",
      networks <= room,
      `${pools.length > 0 ? pools.map(({ Base, Size }) => `${Base} in /${Size}`).join(", ") : "the engine's stock pools"}: about ${room}`,
      `enough for the sessions and groups that need one (${networks})`,
      `${networks} sessions and groups need one; add default-address-pools to daemon.json`,
      "missing",
    ),
    judge(
      "memory",
      memory <= info.MemTotal,
      `${formatSize(info.MemTotal)}, limits add up to ${formatSize(memory)}`,
      "every session can use its whole limit",
      "the limits promise more than there is; under pressure the kernel ends processes of the largest session",
    ),
  ];
}

/** What Podman's own pools hold (default_subnet_pools of containers.conf(5)). */
const podmanNetworks = 42_752;

/** How many networks the engine's address pools hold; an engine that names none has Docker's own, less what it uses itself. */
function networkRoom(pools: readonly { Base: string; Size: number }[]): number {
  if (pools.length === 0) return 28;
  return pools.reduce((sum, { Base, Size }) => sum + Math.max(0, 2 ** (Size - Number(Base.split("/")[1]))), 0);
}
