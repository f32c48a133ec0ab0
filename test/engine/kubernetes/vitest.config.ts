import { defineConfig } from "vitest/config";

/** The tests on a cluster, which all share one: `run.ts` makes the place for it, the set-up starts it. */
export default defineConfig({
  test: {
    include: ["test/engine/kubernetes/*.test.ts"],
    globalSetup: ["test/engine/kubernetes/setup.ts"],
    maxWorkers: 1,
    testTimeout: 180_000,
    hookTimeout: 300_000,
  },
});
