import type { Limits, Pool } from "../session-container/args.ts";
import { jobLimits, serviceLimits } from "../session-part.ts";
import { volumeKindsOf, type Workspace } from "../session-volumes/args.ts";
import { diskOf, type TaskSize, taskSize } from "./size.ts";

/** What a stack asks of Fargate, known from what is asked of the stack: before anything is made, and by whoever asks what it costs. */

/** Of a session, what decides about it. */
export interface DeclaredSession {
  readonly limits: Pick<Limits, "cpu" | "memory" | "tmp" | "disk">;
  readonly pool?: Pool;
  readonly workspace: Workspace;
  /** Whether a proxy of its own keeps its key. */
  readonly proxy: boolean;
}

/** Tasks of one service. */
export interface DeclaredTasks {
  readonly size: TaskSize;
  /** GiB of disk. @default those that every task has */
  readonly disk?: number;
  /** How many run at first, and at most. */
  readonly count: number;
  readonly most: number;
}

export interface Declared {
  /** Each session's own. */
  readonly sessions: readonly DeclaredTasks[];
  /** Those that serve sessions. */
  readonly serving: readonly DeclaredTasks[];
  readonly accessPoints: number;
}

/** @param others how many repositories are cloned, and what the egress proxy may use, where there is one */
export function declaredBy(
  sessions: readonly DeclaredSession[],
  { clones, egressProxy }: { readonly clones: number; readonly egressProxy?: { readonly cpu: number; readonly memory: number } },
): Declared {
  const serving = [
    ...sessions.flatMap(({ proxy }) => (proxy ? [serviceLimits] : [])),
    ...Array.from({ length: clones }, () => jobLimits),
    ...(egressProxy === undefined ? [] : [egressProxy]),
  ];
  return {
    sessions: sessions.flatMap(ofSession),
    serving: serving.flatMap((limits) => tasks(limits, 0, { count: 1, most: 1 })),
    accessPoints: sessions.reduce((sum, { pool, workspace }) => sum + volumeKindsOf({ workspace, passing: pool !== undefined }).length, 0),
  };
}

function ofSession({ limits, pool, workspace }: DeclaredSession): DeclaredTasks[] {
  const scratch = limits.tmp + (workspace.kind === "tmpfs" ? workspace.size : 0);
  const most = Math.max(pool?.replicas ?? 1, pool?.autoscale?.max ?? 0, ...(pool?.autoscale?.schedule ?? []).map(({ max }) => max));
  return tasks(limits, pool === undefined ? scratch : scratch + limits.disk, { count: pool?.replicas ?? 1, most });
}

/** None where Fargate has no such task, which settings refuse. */
function tasks(
  limits: { readonly cpu: number; readonly memory: number },
  disk: number,
  counts: { readonly count: number; readonly most: number },
): DeclaredTasks[] {
  const size = taskSize(limits);
  const gib = diskOf(disk);
  return size === undefined ? [] : [{ size, ...(gib !== undefined && { disk: gib }), ...counts }];
}
