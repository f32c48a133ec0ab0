import { readFileSync } from "node:fs";
import { relative } from "node:path";
import { Stryker } from "@stryker-mutator/core";
import { type Mutant, onOneLine } from "./mutants.ts";
import { chosenRanges, type Sample } from "./sample.ts";

/** Where a run keeps what it makes; what is known from the last run is not tried again. */
const folder = ".agent-sessions/mutation";

/** Changes operators, literals, calls and blocks of the files, one at a time, and runs the tests that reach each. */
export async function strykerMutants(files: readonly string[], root: string, sample: Sample, atOnce: number): Promise<Mutant[]> {
  const mutate = files.flatMap((file) => chosenRanges(file, readFileSync(file, "utf8").split("\n").length, sample));
  if (mutate.length === 0) return [];
  const results = await new Stryker({
    plugins: ["@stryker-mutator/vitest-runner"],
    testRunner: "vitest",
    // Threads would share the home folder of the process, which tests set.
    vitest: { configFile: "test/mutation/vitest.config.ts", pool: "forks" },
    mutate,
    coverageAnalysis: "perTest",
    concurrency: atOnce,
    timeoutMS: 30_000,
    incremental: true,
    incrementalFile: `${folder}/incremental.json`,
    tempDirName: `${folder}/sandbox`,
    ignorePatterns: [".agent-sessions"],
    reporters: ["progress-append-only", "html"],
    htmlReporter: { fileName: `${folder}/report.html` },
    warnings: { slow: false, unknownOptions: true, preprocessorErrors: true, unserializableOptions: true },
  }).runMutationTest();
  return (
    results
      // What is known from the last run is among the results, of other files too.
      .filter(({ fileName }) => files.includes(relative(root, fileName)))
      .filter(({ status }) => status !== "Ignored" && status !== "CompileError" && status !== "RuntimeError")
      .map(({ fileName, location: { start, end }, replacement, status }) => {
        const lines = readFileSync(fileName, "utf8")
          .split("\n")
          .slice(start.line - 1, end.line);
        const last = lines.length - 1;
        lines[last] = (lines[last] ?? "").slice(0, end.column - 1);
        lines[0] = (lines[0] ?? "").slice(start.column - 1);
        return {
          file: relative(root, fileName),
          line: start.line,
          before: onOneLine(lines.join("\n")),
          after: onOneLine(replacement),
          killed: status === "Killed" || status === "Timeout",
        };
      })
  );
}
