import { defineConfig } from "vitest/config";

/** The long tests: what is killed at random, many sessions, and what takes minutes of a whole server. */
export default defineConfig({
  test: {
    include: ["test/soak/**/*.test.ts"],
    globalSetup: ["test/support/engine.ts"],
    maxWorkers: 1,
    testTimeout: 600_000,
    hookTimeout: 600_000,
  },
});
