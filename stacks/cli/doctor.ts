import type { Command } from "commander";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import { findEngine } from "../../components/container-engine/find.ts";
import { isHere } from "../../components/container-engine/here.ts";
import { networkModeOf } from "../../components/isolated-network/args.ts";
import { limitsOf } from "../../components/session-container/args.ts";
import { baseline } from "../../policy/baseline.ts";
import { fromConfig } from "../configuration.ts";
import { parse, type Settings } from "../settings.ts";
import { openEngine } from "../strategies/open-ports.ts";
import { formatSize } from "../units.ts";
import { freeBytes, largest, volumesNow } from "./disk.ts";
import { lowInotify, readInotify, sharing } from "./kernel-limits.ts";
import { sourceFilter } from "./source-filter.ts";
import { table } from "./table.ts";
import { loadStack, reachableEngine, stackOption } from "./stack.ts";

/** One thing that this machine can or cannot hold to. */
export interface Finding {
  readonly subject: string;
  readonly found: string;
  /** `ok`, `note` where a promise is weaker here, `missing` where sessions cannot run. */
  readonly verdict: "ok" | "note" | "missing";
  readonly means: string;
}

export function register(program: Command): void {
  program
    .command("doctor")
    .description("Say what this machine can and cannot enforce, and what that means for the sessions.")
    .addOption(stackOption())
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  npx sessions doctor\n")
    .action(run);
}

async function run(options: { stack: string; json?: boolean }): Promise<void> {
  const source = loadStack(options.stack);
  const settings = parse(fromConfig(source.config), { root: source.root });
  const { address, source: how } = await findEngine({ address: settings.strategy.engine });
  const docker = await reachableEngine(source);
  const findings =
    docker === undefined
      ? [
          {
            subject: "engine",
            found: `none at ${address} (${how})`,
            verdict: "missing" as const,
            means: 'nothing can be started; "npm start" can install and start one on Debian and Ubuntu',
          },
        ]
      : await examine(docker, settings, `${address} (${how})`);
  if (options.json) console.log(JSON.stringify(findings, null, 2));
  else
    console.log(
      table(
        ["subject", "found", "", "what it means"],
        findings.map(({ subject, found, verdict, means }) => [subject, found, verdict, means]),
      ),
    );
  if (findings.some(({ verdict }) => verdict === "missing")) process.exitCode = 1;
}

/** The fields of the engine's own description that the client library does not declare. */
interface EngineInfo {
  readonly SecurityOptions?: readonly string[] | null;
  readonly CgroupVersion?: string;
  readonly CgroupDriver?: string;
  readonly PidsLimit?: boolean;
  readonly MemoryLimit?: boolean;
  readonly SwapLimit?: boolean;
  readonly CpuCfsQuota?: boolean;
  readonly MemTotal: number;
  readonly NCPU: number;
  readonly DockerRootDir: string;
  readonly LiveRestoreEnabled?: boolean;
  readonly DefaultAddressPools?: readonly { Base: string; Size: number }[] | null;
}

/** The findings that only the engine's own machine gives. */
async function examineMachine(settings: Settings, info: EngineInfo, here: boolean): Promise<Finding[]> {
  if (!here) {
    const means = "the engine is on another machine; run doctor there";
    return ["inotify", "free disk"].map((subject) => ({ subject, found: "not known", verdict: "note", means }));
  }
  const [inotify, sharers, free] = [readInotify(), sharing(settings), await freeBytes(info.DockerRootDir)];
  const low = lowInotify(inotify, sharers);
  const promised = settings.sessions.reduce((sum, session) => sum + limitsOf(session).disk, 0);
  const enough = free !== undefined && free >= promised;
  return [
    {
      subject: "inotify",
      found: `${inotify.instances} instances and ${inotify.watches} watches for each uid; ${sharers} sessions share uid ${baseline.user.uid}`,
      verdict: low.length === 0 ? "ok" : "note",
      means:
        low.length === 0
          ? "file watchers of one session leave the others enough"
          : `one session can take them all; give sessions "uid: own", or the machine "sysctl -w ${low.join(" ")}"`,
    },
    {
      subject: "free disk",
      found: free === undefined ? `${info.DockerRootDir} cannot be asked` : `${formatSize(free)}, limits add up to ${formatSize(promised)}`,
      verdict: enough ? "ok" : "note",
      means: enough
        ? "every session can use its whole limit"
        : "the limits promise more than there is; a full disk stops the work of all sessions",
    },
  ];
}

/** What takes the engine's disk. */
async function examineVolumes(docker: EngineClient): Promise<Finding> {
  const volumes = await volumesNow(docker);
  return {
    subject: "largest volumes",
    found: volumes === undefined ? "not known" : largest(volumes) || "none holds anything",
    verdict: volumes === undefined ? "note" : "ok",
    means: volumes === undefined ? "the engine did not count them" : '"npx sessions list --wide" says it for each session',
  };
}

async function examine(docker: EngineClient, settings: Settings, where: string): Promise<Finding[]> {
  const [info, version] = await Promise.all([docker.info() as Promise<EngineInfo>, docker.version()]);
  const options = (info.SecurityOptions ?? []).map((option) => option.replace(/^name=/, ""));
  const has = (name: string) => options.some((option) => option.split(",")[0] === name);
  const openTo = openEngine({ version, info });
  const memory = settings.sessions.reduce((sum, session) => sum + limitsOf(session).memory, 0);
  const networks = settings.sessions.filter(({ network }) => networkModeOf(network).kind === "bridge").length;
  const pools = info.DefaultAddressPools ?? [];
  const room = networkRoom(pools);
  const withoutLimit = [info.MemoryLimit === false && "memory", info.CpuCfsQuota === false && "processor time"]
    .filter(Boolean)
    .join(" and ");
  const judge = (
    subject: string,
    good: boolean,
    found: string,
    means: string,
    otherwise: string,
    bad: Finding["verdict"] = "note",
  ): Finding => ({ subject, found, verdict: good ? "ok" : bad, means: good ? means : otherwise });
  const here = await isHere(docker);
  const filter = sourceFilter(here);
  const more = [...(await examineMachine(settings, info, here)), await examineVolumes(docker)];
  return [
    { subject: "engine", found: `${version.Version} at ${where}`, verdict: "ok", means: "sessions run here" },
    judge(
      "seccomp",
      has("seccomp"),
      has("seccomp") ? "on" : "off",
      "dangerous system calls fail",
      "system calls are not filtered; use an engine and a kernel with seccomp",
      "missing",
    ),
    judge(
      "process limit",
      info.PidsLimit !== false,
      info.PidsLimit === false ? "not there" : "there",
      "a fork bomb hurts only its own session",
      "no session starts: its entrypoint waits for a limit that the kernel cannot give",
      "missing",
    ),
    judge(
      "memory and cpu limits",
      withoutLimit === "",
      withoutLimit === "" ? "there" : `none for ${withoutLimit}`,
      "a session cannot take the machine from the others",
      "a session can take the whole machine; boot a kernel with these controllers",
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
    judge(
      "AppArmor",
      has("apparmor"),
      has("apparmor") ? "on" : "off",
      "the engine's profile confines sessions",
      "one layer less; the other controls hold without it",
    ),
    judge(
      "user namespace",
      has("userns") || has("rootless"),
      has("rootless") ? "rootless engine" : has("userns") ? "remapped" : "the host's",
      "the agent's uid is nobody on the host",
      "uid 1000 in a session is uid 1000 on the host, without any capability; userns-remap in daemon.json changes that",
    ),
    judge(
      "crash of the engine",
      info.LiveRestoreEnabled === true,
      info.LiveRestoreEnabled ? "live-restore" : "sessions restart",
      "sessions run on",
      "sessions are started again with the engine; their volumes keep the data",
    ),
    ...filter,
    judge(
      "published ports",
      openTo === undefined,
      openTo ?? `Docker Engine ${version.Version}`,
      "those on 127.0.0.1 are for this machine alone",
      "with open egress, those on 127.0.0.1 let in who sends packets to a container's own address; use an allow list or Docker Engine 28",
    ),
    judge(
      "networks",
      networks <= room,
      `${pools.length > 0 ? pools.map(({ Base, Size }) => `${Base} in /${Size}`).join(", ") : "the engine's stock pools"}: about ${room}`,
      `enough for the sessions that need one (${networks})`,
      `${networks} sessions need one; add default-address-pools to daemon.json`,
      "missing",
    ),
    judge(
      "memory",
      memory <= info.MemTotal,
      `${formatSize(info.MemTotal)}, limits add up to ${formatSize(memory)}`,
      "every session can use its whole limit",
      "the limits promise more than there is; under pressure the kernel ends processes of the largest session",
    ),
    ...more,
  ];
}

/** How many networks the engine's address pools hold; an engine that names none has Docker's own, less what it uses itself. */
function networkRoom(pools: readonly { Base: string; Size: number }[]): number {
  if (pools.length === 0) return 28;
  return pools.reduce((sum, { Base, Size }) => sum + Math.max(0, 2 ** (Size - Number(Base.split("/")[1]))), 0);
}
