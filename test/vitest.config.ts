import { defineConfig } from "vitest/config";

// The live tests share one engine and two cores, and wait for much of their time.
const options = { maxWorkers: 3, maxConcurrency: 3, testTimeout: 180_000, hookTimeout: 600_000 };
const underPulumi = "test/engine/pulumi*.test.ts";

export default defineConfig({
  test: {
    globalSetup: ["test/support/demo.ts", "test/support/engine.ts"],
    projects: [
      {
        test: {
          ...options,
          name: "tests",
          include: ["test/**/*.test.ts"],
          exclude: [underPulumi, "test/soak/**", "test/engine/kubernetes/**", "**/node_modules/**"],
          sequence: { groupOrder: 0 },
        },
      },
      // The Docker provider builds images of the same names anew, and a session of another test would be behind them.
      { test: { ...options, name: "pulumi", include: [underPulumi], sequence: { groupOrder: 1 } } },
    ],
  },
});
