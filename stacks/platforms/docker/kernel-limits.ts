import { readFileSync } from "node:fs";
import { uidOf } from "../../../components/session-container/user.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { Settings } from "../../settings.ts";

/** What inotify gives a uid. */
export interface Inotify {
  readonly instances: number;
  readonly watches: number;
}

/** What the kernel itself gives a uid at least (fs/notify/inotify/inotify_user.c), and so what a session can count on elsewhere. */
const share: Inotify = { instances: 128, watches: 8192 };

/** This machine's limits of inotify. */
export function readInotify(): Inotify {
  const read = (name: string) => Number(readFileSync(`/proc/sys/fs/inotify/${name}`, "utf8"));
  return { instances: read("max_user_instances"), watches: read("max_user_watches") };
}

/** How many sessions share the uid that is not their own. */
export function sharing({ sessions }: Settings): number {
  return sessions.filter((session) => uidOf(session) === baseline.user.uid).length;
}

/** The settings of the kernel that leave those who share a uid less than a share each, with the value that would do. */
export function lowInotify({ instances, watches }: Inotify, sharers: number): string[] {
  const wanted = { instances: share.instances * Math.max(1, sharers), watches: share.watches * Math.max(1, sharers) };
  return [
    ...(instances < wanted.instances ? [`fs.inotify.max_user_instances=${wanted.instances}`] : []),
    ...(watches < wanted.watches ? [`fs.inotify.max_user_watches=${wanted.watches}`] : []),
  ];
}
