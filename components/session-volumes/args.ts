import { createHash } from "node:crypto";
import type * as pulumi from "@pulumi/pulumi";
import { secretStem } from "../credentials/args.ts";
import { type Name, named } from "../names.ts";
import { parentNames, parentStem } from "../parent-proxy/args.ts";
import { containerName } from "../session-container/args.ts";

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

/** The name of a session's volume. */
export function volumeName(sessionId: string, kind: VolumeKind): string {
  return `${containerName(sessionId)}-${kind}`;
}

/** The names that a session's volumes take. */
export function volumeNames(args: Pick<SessionVolumesArgs, "sessionId" | "workspace">): Name[] {
  return volumeKindsOf(args).flatMap((kind) => named(volumeName(args.sessionId, kind), "volume"));
}

/**
 * How a clone comes about. Where an earlier form let what the repository tracks become configuration, nothing in the volume can
 * be believed, not even that it is sound: a clone of another form gets another name, so it is made anew and the old one removed.
 */
const cloneForm = 2;

/** A clone's name, made of the URL, so that sessions that name the same one share it. */
export function cloneName({ name, url }: { readonly name: string; readonly url: string }): string {
  return `agent-repository-${name}-${createHash("sha256").update(`${cloneForm} ${url}`).digest("hex").slice(0, 8)}`;
}

/** The names that a clone takes, with a secret or without, and with a login at a parent proxy. */
export function cloneNames(clone: { readonly name: string; readonly url: string }, signsInAtParent = false): Name[] {
  const stem = cloneName(clone);
  return [
    ...named(stem, "volume", "network", "container"),
    ...named(secretStem(stem), "volume", "container"),
    ...(signsInAtParent ? parentNames(stem) : []),
  ];
}

/** What a clone's volume and all that is made for it are called, by the volume's name. */
export const cloneParts = (volume: string): string[] => [volume, secretStem(volume), parentStem(volume)];

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
