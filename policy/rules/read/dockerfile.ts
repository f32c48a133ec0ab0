/** A Dockerfile's instructions, and what they should not do. */

export interface Instruction {
  readonly word: string;
  readonly rest: string;
}

/** Instructions with their continued lines joined and comments left out. */
export function instructions(source: string): Instruction[] {
  const lines = source.split(/\r?\n/).filter((line) => !/^\s*#/.test(line));
  const joined = lines.join("\n").replace(/[\\`][ \t]*\n/g, " ");
  return joined.split("\n").flatMap((line) => {
    const parts = /^\s*([A-Za-z]+)\s(.*)/.exec(line);
    return parts === null ? [] : [{ word: (parts[1] as string).toUpperCase(), rest: (parts[2] as string).trim() }];
  });
}

/** The instructions of the stage that is built: the named one, or the last. */
export function finalStage(all: readonly Instruction[], target?: string): Instruction[] {
  const starts = all.flatMap(({ word, rest }, at) => (word === "FROM" ? [{ at, base: stageBase(rest), name: stageName(rest) }] : []));
  const chosen = starts.find(({ name }) => target !== undefined && name === target) ?? starts.at(-1);
  if (!chosen) return [...all];
  const end = starts.find(({ at }) => at > chosen.at)?.at;
  const own = all.slice(chosen.at, end);
  const parent = starts.find(({ name, at }) => name !== undefined && name === chosen.base && at < chosen.at);
  // A stage inherits what the stage it builds on has set.
  return parent?.name ? [...finalStage(all.slice(0, chosen.at), parent.name), ...own] : own;
}

export function stageName(from: string): string | undefined {
  return /\sas\s+(\S+)/.exec(from.toLowerCase())?.[1];
}

export function stageBase(from: string): string {
  const words = from.trim().split(/\s+/);
  return words.find((word) => !word.startsWith("--")) ?? "";
}
