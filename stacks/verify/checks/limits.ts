import { formatSize } from "../../units.ts";
import { check, type Check, type Finding, heldUnless } from "../check.ts";
import type { Promised } from "../promised.ts";

/** How far an attempt came, and what stopped it; nothing when it came beyond the limit. */
interface Reached {
  readonly reached: number;
  readonly refusal: string | null;
}

function refusedAt({ reached, refusal }: Reached, limit: number, things: string): Finding {
  return refusal === null
    ? { held: false, found: `${reached} ${things} were had, and the limit is ${limit}` }
    : { held: true, found: `refused after ${reached} (${refusal})` };
}

/** File systems in memory, by target, with the bytes that they may hold. */
function scratch({ mounts, limits }: Promised): Record<string, number> {
  const sizes = mounts.flatMap(({ target, source }) => (source.kind === "memory" ? [[target, source.size] as const] : []));
  return Object.fromEntries([...sizes, ["/dev/shm", limits.sharedMemory] as const].sort());
}

/** The kernel hands processor time out in slices of a tenth of a second. */
const slack = (cores: number) => cores * 1.2 + 0.05;

export const limits: readonly Check[] = [
  check<Reached>({
    id: "process-limit",
    control: "processes",
    promise: ({ limits }) => `at most ${limits.processes} processes`,
    attempt: ({ limits }) => ({
      how: "start processes until that is refused, then end them",
      probe: "fork_children",
      args: { limit: limits.processes },
    }),
    expectation: (answer, { limits }) => refusedAt(answer, limits.processes, "processes"),
  }),
  check<Reached>({
    id: "open-files-limit",
    control: "openFiles",
    quick: true,
    promise: ({ limits }) => `at most ${limits.openFiles} open files in a process`,
    attempt: ({ limits }) => ({ how: "open files until that is refused", probe: "open_files", args: { limit: limits.openFiles } }),
    expectation: (answer, { limits }) => refusedAt(answer, limits.openFiles, "open files"),
  }),
  check<Record<string, string>>({
    id: "scratch-limit",
    control: "scratch",
    quick: true,
    promise: (session) =>
      `at most ${Object.entries(scratch(session))
        .map(([target, size]) => `${formatSize(size)} in ${target}`)
        .join(", ")}`,
    attempt: (session) => ({
      how: "ask each for a page more than that at once",
      probe: "reserve_space",
      args: { sizes: scratch(session) },
    }),
    expectation: (answer) =>
      heldUnless(
        Object.entries(answer).flatMap(([target, outcome]) => (outcome === "given" ? [`${target} gave more`] : [])),
        "ENOSPC",
      ),
  }),
  check<{ reached: number; ended: boolean }>({
    id: "memory-limit",
    control: "memory",
    promise: ({ limits }) => `at most ${formatSize(limits.memory)} of memory`,
    attempt: ({ limits }) => ({
      how: "fill memory in a process that the kernel ends first",
      probe: "take_memory",
      args: { limit: limits.memory },
      alone: true,
    }),
    expectation: ({ reached, ended }) => ({ held: ended, found: `${ended ? "ended" : "not ended"} at ${formatSize(reached)}` }),
  }),
  check<{ cores: number; throttled: number }>({
    id: "cpu-limit",
    control: "cpu",
    promise: ({ limits }) => `at most ${limits.cpu} cores`,
    attempt: ({ limits }) => ({
      how: "keep more cores than that busy for half a second",
      probe: "burn_processor",
      args: { cores: limits.cpu },
      alone: true,
    }),
    expectation({ cores, throttled }, { limits }) {
      const found = `${cores.toFixed(2)} cores were had`;
      if (cores > slack(limits.cpu)) return { held: false, found };
      return throttled > 0
        ? { held: true, found: `${found}, then the kernel held it back` }
        : { held: undefined, found: `${found}, as the machine was too busy to give more` };
    },
  }),
];
