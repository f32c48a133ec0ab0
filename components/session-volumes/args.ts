import { baseline } from "../../policy/baseline.ts";
import { type Mount, part, type SessionPart } from "../session-part.ts";
import { containerName, type Name, named, type SessionOwner, volumeName } from "../session.ts";

/** A repository that sessions read under `/repos/<name>`. */
export type Repository =
  | {
      readonly name: string;
      readonly kind: "path";
      /** The real path on the host. */
      readonly path: string;
    }
  | {
      readonly name: string;
      readonly kind: "clone";
      /** What it is called; see cloneName. */
      readonly clone: string;
    };

/** Where `/workspace` lives. */
export type Workspace =
  /** A labelled volume; it outlives the container. */
  | { readonly kind: "volume" }
  /** Memory of a stated size in bytes; any restart of the container empties it. */
  | { readonly kind: "tmpfs"; readonly size: number }
  /** A folder of the host. */
  | { readonly kind: "host"; readonly path: string };

export interface SessionVolumesArgs extends SessionOwner {
  /** @default [] */
  readonly repositories?: readonly Repository[];
  /** @default a volume */
  readonly workspace?: Workspace;
  /** Bytes of `/tmp`. @default 512 MB */
  readonly tmp?: number;
  /** Nothing that it keeps outlives its containers, of which there are several. @default false */
  readonly passing?: boolean;
  /** Who its processes are. @default 1000 */
  readonly uid?: number;
  /** Further folders of the host. @default [] */
  readonly binds?: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
}

/** The kinds of volume a session owns; the label `kind` carries one. */
export type VolumeKind = "workspace" | "session" | "logs";

/** The volumes that a session needs: its own data, its logs, and the workspace unless that lives elsewhere. */
export function volumeKindsOf(args: Pick<SessionVolumesArgs, "workspace" | "passing">): VolumeKind[] {
  if (args.passing === true) return [];
  return [...((args.workspace?.kind ?? "volume") === "volume" ? (["workspace"] as const) : []), "session", "logs"];
}

/** The names that a session's volumes take. */
export function volumeNames(args: Pick<SessionVolumesArgs, "sessionId" | "workspace">): Name[] {
  return volumeKindsOf(args).flatMap((kind) => named(volumeName(containerName(args.sessionId), kind), "volume"));
}

/**
 * Everything that a session sees besides its image, sorted by target.
 *
 * @throws Error when two mounts claim one target, or a folder of the host is all of it
 */
export function volumesPart(args: Omit<SessionVolumesArgs, keyof SessionOwner> & Pick<SessionOwner, "sessionId">): SessionPart {
  const mounts: Mount[] = [
    workspaceMount(args.workspace ?? { kind: "volume" }),
    { target: "/session", readOnly: false, source: { kind: "persistent", name: "session" } },
    // The folder's own mode (1733, root) lets the agent add and append, not list.
    { target: "/logs", readOnly: false, source: { kind: "persistent", name: "logs" } },
    memory("/tmp", args.tmp ?? baseline.limits.tmp, { exec: false, mode: "1777", owned: false }),
    memory("/tmp/agent", baseline.limits.agentTmp, { exec: false, mode: "0700", owned: true }),
    ...(args.repositories ?? []).map((repository): Mount => {
      const source =
        repository.kind === "path"
          ? ({ kind: "host", path: repository.path } as const)
          : ({ kind: "shared", name: repository.clone } as const);
      return { target: `/repos/${repository.name}`, readOnly: true, source };
    }),
    ...(args.binds ?? []).map(
      (bind): Mount => ({ target: bind.target, readOnly: bind.readOnly, source: { kind: "host", path: bind.source } }),
    ),
  ];
  const of = `session ${args.sessionId}:`;
  const twice = duplicateTargets(mounts.map((mount) => mount.target));
  if (twice.length > 0) throw new Error(`${of} two mounts on ${twice.join(", ")}; give each a target of its own`);
  const whole = mounts.find(({ source }) => source.kind === "host" && /^\/+$/.test(source.path));
  if (whole !== undefined) throw new Error(`${of} ${whole.target} is to be /, which is all of the host; name a folder`);
  return part({ mounts: mounts.sort((a, b) => (a.target < b.target ? -1 : 1)) });
}

function workspaceMount(workspace: Workspace): Mount {
  const target = "/workspace";
  switch (workspace.kind) {
    case "volume":
      return { target, readOnly: false, source: { kind: "persistent", name: "workspace" } };
    case "tmpfs":
      return memory(target, workspace.size, { exec: true, mode: "0700", owned: true });
    case "host":
      return { target, readOnly: false, source: { kind: "host", path: workspace.path } };
  }
}

function memory(target: string, size: number, rest: { readonly exec: boolean; readonly mode: string; readonly owned: boolean }): Mount {
  return { target, readOnly: false, source: { kind: "memory", size, ...rest } };
}

/** Targets that a bind of the user's own may not cover or lie in: the session's own, and the system's. */
export const reservedTargets = [
  "/workspace",
  "/session",
  "/logs",
  "/tmp",
  "/auth",
  "/repos",
  "/dev",
  "/proc",
  "/sys",
  "/etc",
  "/usr",
  "/bin",
  "/sbin",
  "/lib",
  "/lib64",
  "/run",
] as const;

/**
 * Why a bind's target is refused, as a sentence that follows key and value; undefined when it is fine.
 */
export function targetRefusal(target: string): string | undefined {
  if (!/^\/[^\p{Cc}:,]*$/u.test(target) || target === "/") return 'is not a path in the session; write an absolute one such as "/data"';
  if (target.split("/").some((part) => part === ".." || part === ".")) return "must be written without . and ..";
  const clean = target.replace(/\/+/g, "/").replace(/\/$/, "");
  const taken = reservedTargets.find((reserved) => clean === reserved || clean.startsWith(`${reserved}/`));
  return taken === undefined ? undefined : `lies in ${taken}, which the session needs itself; choose another target`;
}

/** The mounts whose targets lie in what the session may write, with the target around each. */
export function targetsInWritable(
  binds: readonly { readonly target: string; readonly readOnly: boolean }[],
): { readonly target: string; readonly outer: string }[] {
  const writable = binds.flatMap(({ target, readOnly }) => (readOnly ? [] : [cleanTarget(target)]));
  return binds.flatMap(({ target }) => {
    const outer = writable.find((folder) => cleanTarget(target).startsWith(`${folder}/`));
    return outer === undefined ? [] : [{ target, outer }];
  });
}

const cleanTarget = (target: string) => target.replace(/\/+/g, "/").replace(/(.)\/$/, "$1");

/** The targets that more than one mount claims. */
export function duplicateTargets(targets: readonly string[]): string[] {
  const clean = targets.map(cleanTarget);
  return [...new Set(clean.filter((target, index) => clean.indexOf(target) !== index))];
}
