import { statfs } from "node:fs/promises";
import type Docker from "dockerode";
import { type MeasuredVolume, measureVolumes } from "../../../components/container-engine/disk-usage.ts";
import { isHere } from "../../../components/container-engine/here.ts";
import { limitsOf } from "../../../components/session-container/args.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { Settings } from "../../settings.ts";
import { formatSize } from "../../units.ts";
import type { Finding } from "../platform.ts";
import { engineDisk } from "./cleanup/disk.ts";
import { lowInotify, readInotify, sharing } from "./kernel-limits.ts";
import { sourceFilter } from "./source-filter.ts";

/** The findings that only the engine's own machine gives. @param folder where the engine keeps all that it has */
export async function examineMachine(docker: Docker, settings: Settings, folder: string): Promise<Finding[]> {
  if (!(await isHere(docker))) {
    const unknown = { found: "not known", verdict: "note", means: "the engine is on another machine; run doctor there" } as const;
    const free = await engineDisk(docker).then(({ used, size }) => size - used, ignored);
    return [{ subject: "inotify", ...unknown }, free === undefined ? { subject: "free disk", ...unknown } : judgeDisk(settings, free)];
  }
  // Bytes that a file system still gives to who is not root.
  const free = await statfs(folder).then(({ bavail, bsize }) => bavail * bsize, ignored);
  const disk = free === undefined ? { ...judgeDisk(settings, 0), found: `${folder} cannot be asked` } : judgeDisk(settings, free);
  return [...sourceFilter(), examineInotify(settings), disk];
}

function examineInotify(settings: Settings): Finding {
  const [inotify, sharers] = [readInotify(), sharing(settings)];
  const low = lowInotify(inotify, sharers);
  return {
    subject: "inotify",
    found: `${inotify.instances} instances and ${inotify.watches} watches for each uid; ${sharers} sessions share uid ${baseline.user.uid}`,
    verdict: low.length === 0 ? "ok" : "note",
    means:
      low.length === 0
        ? "file watchers of one session leave the others enough"
        : `one session can take them all; give sessions "uid: own", or the machine "sysctl -w ${low.join(" ")}"`,
  };
}

/** @param free bytes on the engine's disk */
function judgeDisk(settings: Settings, free: number): Finding {
  const promised = settings.sessions.reduce((sum, session) => sum + limitsOf(session).disk, 0);
  const enough = free >= promised;
  return {
    subject: "free disk",
    found: `${formatSize(free)}, limits add up to ${formatSize(promised)}`,
    verdict: enough ? "ok" : "note",
    means: enough
      ? "every session can use its whole limit"
      : "the limits promise more than there is; a full disk stops the work of all sessions",
  };
}

const ignored = () => undefined;

/** What takes the engine's disk. @param seconds that counting may take */
export async function examineVolumes(docker: Docker, seconds: number): Promise<Finding> {
  const subject = "largest volumes";
  const volumes = await measureVolumes(docker, seconds);
  if ("notTried" in volumes) return { subject, found: "not known", verdict: "note", means: volumes.notTried };
  return {
    subject,
    found: largest(volumes) || "none holds anything",
    verdict: "ok",
    means: '"npx sessions list --wide" says it for each session',
  };
}

/** The volumes that hold most, the largest first, as people read them. */
export function largest(volumes: readonly MeasuredVolume[], count = 3): string {
  const held = volumes.filter(({ bytes }) => bytes > 0).toSorted((one, other) => other.bytes - one.bytes);
  return held
    .slice(0, count)
    .map(({ name, bytes }) => `${name} ${formatSize(bytes)}`)
    .join(", ");
}
