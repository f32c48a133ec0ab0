import { readFileSync, statSync } from "node:fs";
import type { Mount } from "../../../components/session-part.ts";
import { wayTo } from "../../../components/session-volumes/overlap.ts";
import { check, type Check, type Finding, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";

/** Mounts that the engine makes in every container. */
const systemMounts = /^\/(proc|sys|dev)(\/|$)|^\/$|^\/etc\/(resolv\.conf|hostname|hosts)$|^\/run\/\.containerenv$/;

/** What the kernel says in the session. */
interface MountTable {
  /** Its boot, which is no other kernel's. */
  readonly kernel: string;
  readonly mounts: readonly { readonly target: string; readonly readOnly: boolean; readonly type: string }[];
  /** Device and inode, or why they are not known, of each folder of the host by its target. */
  readonly folders: Readonly<Record<string, string>>;
}

const attempt = ({ mounts }: Promised) => ({
  how: "read the kernel's list of mounts, and what is there",
  probe: "mounts",
  args: { identify: bindsOf(mounts).map(({ target }) => target) },
});

export const mounts: readonly Check[] = [
  check<MountTable>({
    id: "mounts",
    control: "mountModes",
    quick: true,
    promise: ({ mounts }) =>
      `nothing is mounted but ${mounts
        .map(({ target }) => target)
        .sort()
        .join(", ")}, read-only or writable as promised`,
    attempt,
    expectation(table, { mounts }) {
      const promised = new Set(mounts.flatMap((mount) => [mount.target, ...piecesOf(mount, table).map(({ target }) => target)]));
      const more = table.mounts.filter(({ target }) => !systemMounts.test(target) && !promised.has(target));
      return heldUnless(
        [...more.map(({ target }) => `${target} is mounted`), ...mounts.flatMap((mount) => differs(mount, table))],
        `${promised.size} mounts`,
      );
    },
  }),
  check<MountTable>({
    id: "mount-sources",
    control: "mountModes",
    quick: true,
    promise: ({ mounts }) => {
      const binds = bindsOf(mounts);
      return binds.length === 0 ? undefined : `${binds.map(({ target, path }) => `${target} is ${path}`).join(", ")} of this machine`;
    },
    attempt,
    expectation({ kernel, folders }, { mounts }): Finding {
      if (kernel !== bootOfThisKernel())
        return { held: undefined, found: "the session's kernel is not this machine's, and counts inodes of its own" };
      return heldUnless(
        bindsOf(mounts).flatMap(({ target, path }) => {
          const [link] = wayTo(path).links;
          if (link !== undefined) return [`the link ${link} leads ${path} elsewhere, and ${target} at the next start`];
          const own = identityHere(path);
          if (own === undefined) return [`${path} is not there any more`];
          return folders[target] === own ? [] : [`${target} is another folder than ${path}`];
        }),
        "the same by device and inode",
      );
    },
  }),
];

const mode = (readOnly: boolean) => (readOnly ? "read-only" : "writable");

function bindsOf(mounts: readonly Mount[]): { readonly target: string; readonly path: string }[] {
  return mounts.flatMap(({ target, source }) => (source.kind === "host" ? [{ target, path: source.path }] : []));
}

/** Files of a secret that are mounted one by one, as Swarm does, each in memory, and not with the folder that they are in. */
function piecesOf({ target, source }: Mount, { mounts }: MountTable): MountTable["mounts"] {
  if (source.kind !== "secret" || mounts.some((mount) => mount.target === target)) return [];
  return mounts.filter((mount) => mount.target.startsWith(`${target}/`) && mount.type === "tmpfs");
}

/** How a mount is other than it was promised. */
function differs({ target, readOnly, source }: Mount, table: MountTable): string[] {
  const [found, ...hidden] = table.mounts.filter((mount) => mount.target === target).toReversed();
  const pieces = piecesOf({ target, readOnly, source }, table);
  if (pieces.length > 0) return pieces.flatMap((piece) => (piece.readOnly ? [] : [`${piece.target} is writable`]));
  if (found === undefined) return [`${target} is not mounted`];
  return [
    ...(found.readOnly === readOnly ? [] : [`${target} is ${mode(found.readOnly)}`]),
    ...(hidden.length === 0 ? [] : [`${target} hides another mount`]),
    ...(source.kind === "memory" && found.type !== "tmpfs" ? [`${target} is not memory`] : []),
  ];
}

function bootOfThisKernel(): string | undefined {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    return undefined;
  }
}

function identityHere(path: string): string | undefined {
  const found = statSync(path, { bigint: true, throwIfNoEntry: false });
  return found && `${found.dev}:${found.ino}`;
}
