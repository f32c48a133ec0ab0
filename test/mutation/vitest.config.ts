import { defineConfig } from "vitest/config";
import { NearestFirst, rememberWhoNoticed } from "./nearest-first.ts";

/**
 * The tests that judge mutants: those without an engine, less what compares two runs of the whole, tries random inputs or starts
 * programs; and those of hooks, which change containers, so that nothing but an engine can tell whether they do.
 */
export default defineConfig({
  test: {
    include: ["test/components/**/*.test.ts", "test/policy/**/*.test.ts", "test/stacks/**/*.test.ts", "test/engine/hooks.test.ts"],
    exclude: ["test/policy/{analyzer,any-input,foreign,schemas}.test.ts", "test/stacks/both-engines.test.ts"],
    testTimeout: 60_000,
    // One process for all files of a run: what a mutant costs is the start of processes.
    isolate: false,
    sequence: { sequencer: NearestFirst },
    reporters: [rememberWhoNoticed],
    globalSetup: ["test/support/demo.ts"],
    setupFiles: ["test/mutation/no-engine.ts"],
  },
});
