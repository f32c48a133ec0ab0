import { lstatSync, realpathSync, type Stats, statSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, normalize, resolve } from "node:path";
import { baseline } from "../../policy/baseline.ts";

/**
 * Folders of the host that no session may see, at any depth: what is in them configures the host, holds its credentials
 * or reaches its engine, or is what its own services work from. `/var` is not listed as a whole, since data folders below it are
 * common.
 */
const systemFolders = [
  ...baseline.systemFolders,
  "/run",
  "/var/cache",
  "/var/log",
  "/var/mail",
  "/var/run",
  "/private/etc",
  "/private/var/run",
] as const;

/** Folders that are refused themselves: binding `/` or `/var` would hand over everything below, and `/tmp` what everybody keeps there. */
const roots = [
  "/",
  "/home",
  "/Users",
  "/var",
  "/var/lib",
  "/var/tmp",
  "/private",
  "/private/tmp",
  "/private/var",
  "/private/var/tmp",
  "/opt",
  "/srv",
  "/mnt",
  "/media",
  "/tmp",
] as const;

/** What of a user's holds credentials: more programs than anybody can list keep theirs in the last two. */
const credentialFolders = [...baseline.userCredentials, ".config", ".local"];

/** Whether `path` is `folder` or lies below it. Both are absolute and normalised. */
function within(path: string, folder: string): boolean {
  return path === folder || path.startsWith(folder.endsWith("/") ? folder : `${folder}/`);
}

export interface HostPathRules {
  /** The folder that a relative path starts from. */
  readonly base: string;
  /** The path is bound writable: it must lie in one of {@link allowedRoots} and belong to {@link owner}. */
  readonly writable?: boolean;
  /** Folders of the host in which a writable bind may lie. */
  readonly allowedRoots?: readonly string[];
  /** The uid that must own a writable folder. */
  readonly owner?: number;
}

/** The path to bind, links resolved, or the sentence that says why it is refused; the sentence follows the key and the value. */
export type HostPathVerdict = { readonly path: string } | { readonly refused: string };

/** The sockets of container engines, by their usual names. */
const engineSocket = /(^|\/)(docker|podman|containerd|crio|cri-dockerd|buildkitd)\.sock$/;

/** Why a path, links resolved, may not be bound at all. */
function refusal(path: string): string | undefined {
  if (engineSocket.test(path)) return "is the socket of a container engine, and who holds it is root on this machine; take the mount out";
  if ((roots as readonly string[]).includes(path)) return "would hand over everything below it; name the one folder that is meant";
  const system = systemFolders.find((folder) => within(path, folder));
  if (system !== undefined) return `lies in the system folder ${system}; copy what is needed to a folder of its own`;
  // Under sudo the own home is root's, and the credentials lie in the caller's.
  const home = /^\/(home|Users)\/[^/]+/.exec(path)?.[0] ?? realOf(homedir());
  if (path === home) return "is the home folder, with its credentials; name a folder in it";
  const secret = credentialFolders.find((folder) => within(path, `${home}/${folder}`));
  if (secret !== undefined) return `lies in ~/${secret}, which holds credentials; copy what is needed to a folder of its own`;
  return undefined;
}

/** An absolute path, from one that starts at a folder or, by `~`, in the user's own. */
export function fromHome(path: string, folder: string): string {
  return resolve(folder, path.replace(/^~(?=\/|$)/, homedir()));
}

/** A path with links resolved; as it is when it is not there. */
export function realOf(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}

/** The folder above a path in which everybody may put another in its place. With the sticky bit, as `/tmp` has it, only owners may. */
function openFolder(path: string): string | undefined {
  for (let folder = dirname(path); folder !== "/"; folder = dirname(folder)) {
    const { mode = 0 } = statSync(folder, { throwIfNoEntry: false }) ?? {};
    if ((mode & 0o1002) === 0o002) return folder;
  }
  return undefined;
}

/**
 * Judges a path of the host before anything is created: no system folder, no credentials, no socket, no `..`, no link that leads
 * to one, and nothing that everybody may replace. What is returned is the real path. The engine follows links in it anew at each
 * start of a container, so it stands for the same folder only as long as nobody puts a link into it: see {@link overlapRefusal}
 * for what sessions may write, and the image's session-mounts, which compares at each start.
 */
export function checkHostPath(path: string, rules: HostPathRules): HostPathVerdict {
  if (path.trim() === "") return { refused: "is empty; name a folder" };
  if (path.split("/").includes("..")) return { refused: 'climbs with ".."; write the full path that is meant' };
  const absolute = normalize(fromHome(path, rules.base)).replace(/(.)\/+$/, "$1");
  const direct = refusal(absolute);
  if (direct !== undefined) return { refused: direct };

  let real: string;
  let found: Stats;
  try {
    lstatSync(absolute);
    real = realpathSync(absolute);
    found = statSync(real);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    return { refused: code === "EACCES" ? "cannot be read by this user" : `does not exist on this machine (${absolute})` };
  }
  const followed = refusal(real);
  if (followed !== undefined) return { refused: `leads to ${real}, which ${followed}` };
  if (found.isSocket()) return { refused: "is a socket; an agent with a socket of the host holds whatever listens there" };
  if (!found.isDirectory()) return { refused: "is not a folder" };
  const open = openFolder(real);
  if (open !== undefined)
    return { refused: `lies in ${open}, where everybody may put a link in its place; run: chmod o-w ${open}, or name another folder` };
  if (rules.writable !== true) return { path: real };

  const allowed = (rules.allowedRoots ?? []).map((root) => realOf(fromHome(root, rules.base)));
  if (!allowed.some((root) => within(real, root))) {
    return { refused: "is to be writable and lies in none of allowedHostPaths; add the folder that holds it there" };
  }
  if (rules.owner !== undefined && found.uid !== rules.owner) {
    return { refused: `belongs to uid ${found.uid}, and the agent is uid ${rules.owner}; run: chown -R ${rules.owner} ${real}` };
  }
  return { path: real };
}
