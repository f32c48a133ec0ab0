import type * as pulumi from "@pulumi/pulumi";
import { type Name, named, volumeName } from "../session.ts";

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
      readonly kind: "volume";
      /** The volume that a {@link RepositoryClone} fills. */
      readonly volume: string;
    };

/** Where `/workspace` lives. */
export type Workspace =
  /** A labelled volume; it outlives the container. */
  | { readonly kind: "volume" }
  /** Memory of a stated size in bytes; any restart of the container empties it. */
  | { readonly kind: "tmpfs"; readonly size: number }
  /** A folder of the host. */
  | { readonly kind: "host"; readonly path: string };

export interface SessionVolumesArgs {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** @default [] */
  readonly repositories?: readonly Repository[];
  /** @default a volume */
  readonly workspace?: Workspace;
  /** Bytes of `/tmp`. @default 512 MB */
  readonly tmp?: number;
  /** Further folders of the host. @default [] */
  readonly binds?: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
}

/** One thing that a session sees in its file system. */
export interface Mount {
  /** Absolute path in the session. */
  readonly target: string;
  readonly readOnly: boolean;
  readonly source:
    | { readonly kind: "volume"; readonly name: string }
    | { readonly kind: "bind"; readonly path: string }
    | {
        readonly kind: "tmpfs";
        /** Bytes. */
        readonly size: number;
        /** Programs may be run from it. */
        readonly exec: boolean;
        /** Octal permissions. */
        readonly mode: string;
        /** Belongs to the agent rather than to root. */
        readonly owned: boolean;
      };
}

/** The kinds of volume a session owns; the label `kind` carries one. */
export type VolumeKind = "workspace" | "session" | "logs" | "repository";

/** The volumes that a session needs: its own data, its logs, and the workspace unless that lives elsewhere. */
export function volumeKindsOf(args: Pick<SessionVolumesArgs, "workspace">): VolumeKind[] {
  return [...((args.workspace?.kind ?? "volume") === "volume" ? (["workspace"] as const) : []), "session", "logs"];
}

/** The names that a session's volumes take. */
export function volumeNames(args: Pick<SessionVolumesArgs, "sessionId" | "workspace">): Name[] {
  return volumeKindsOf(args).flatMap((kind) => named(volumeName(args.sessionId, kind), "volume"));
}

/** What a session container takes from its volumes. */
export interface VolumesForSession {
  readonly mounts: readonly Mount[];
  /** The resources that must be there first. */
  readonly resources: readonly pulumi.Resource[];
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
