const GiB = 1024;

const steps = (from: number, to: number, step: number): number[] =>
  Array.from({ length: (to - from) / step + 1 }, (_, index) => from + index * step);

/**
 * What a task of Fargate's may have: units of processor time, 1024 for a core, and the MiB of memory that go with them.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-tasks-services.html#fargate-tasks-size
 */
const pairs: readonly (readonly [cpu: number, memory: readonly number[]])[] = [
  [256, [512, GiB, 2 * GiB]],
  [512, steps(GiB, 4 * GiB, GiB)],
  [1024, steps(2 * GiB, 8 * GiB, GiB)],
  [2048, steps(4 * GiB, 16 * GiB, GiB)],
  [4096, steps(8 * GiB, 30 * GiB, GiB)],
  [8192, steps(16 * GiB, 60 * GiB, 4 * GiB)],
  [16_384, steps(32 * GiB, 120 * GiB, 8 * GiB)],
];

/** What a task has: units of processor time, 1024 for a core, and MiB. */
export interface TaskSize {
  readonly cpu: number;
  readonly memory: number;
}

/** The smallest pair that holds so much; undefined where none does. @param limits cores, and bytes */
export function taskSize(limits: { readonly cpu: number; readonly memory: number }): TaskSize | undefined {
  const [units, most] = [Math.round(limits.cpu * 1024), Math.ceil(limits.memory / 1024 ** 2)];
  for (const [cpu, memories] of pairs) {
    const memory = cpu < units ? undefined : memories.find((one) => one >= most);
    if (memory !== undefined) return { cpu, memory };
  }
  return undefined;
}

/** GiB that Fargate gives a task that asks for nothing, and at most. @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/fargate-task-storage.html */
export const disk = { usual: 20, most: 200 } as const;

/** GiB of the task's disk that its images take, unpacked; they lie there too. */
const ofImages = 6;

/** The GiB of disk that a task asks for; undefined where the usual do. @param bytes what lies in its own volumes at most */
export function diskOf(bytes: number): number | undefined {
  const needed = Math.ceil(bytes / 1024 ** 3) + ofImages;
  return needed <= disk.usual ? undefined : needed;
}
