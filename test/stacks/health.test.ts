import type Docker from "dockerode";
import { describe, expect, test } from "vitest";
import { lastHealth, stateOf } from "../../stacks/embedded/health.ts";

describe("what the engine's last check of a session answered", () => {
  const failed = '{"status":"failed","reason":"disk 2 GB of 1 GB","timestamp":"2026-01-01T00:00:10Z"}\n';
  const healthy = '{"status":"healthy","timestamp":"2026-01-01T00:00:10Z"}\n';
  const state = (running: boolean, ...log: [string, string][]) =>
    ({
      State: {
        Running: running,
        StartedAt: "2026-01-01T00:00:05.123456789Z",
        Health: { Log: log.map(([Start, Output]) => ({ Start, Output })) },
      },
    }) as unknown as Docker.ContainerInspectInfo;

  test.each<[string, Docker.ContainerInspectInfo, string | undefined]>([
    ["the last one", state(true, ["2026-01-01T00:00:06Z", healthy], ["2026-01-01T01:00:07+01:00", failed]), "failed: disk 2 GB of 1 GB"],
    [
      "the last one that is an answer",
      state(true, ["2026-01-01T00:00:06Z", failed], ["2026-01-01T00:00:08Z", "Health check exceeded timeout (10s)"]),
      "failed: disk 2 GB of 1 GB",
    ],
    ["none of before the start", state(true, ["2026-01-01T00:00:05.1Z", failed]), undefined],
    ["none when there was no check yet", state(true), undefined],
    ["none of a session that does not run", state(false, ["2026-01-01T00:00:06Z", failed]), undefined],
    [
      "without what a terminal would act upon",
      state(true, ["2026-01-01T00:00:06Z", '{"status":"failed","reason":"\\u001b]52;c;aGk=\\u0007disk"}']),
      "failed: ]52;c;aGk=disk",
    ],
    [
      "of one line, whatever was said",
      state(true, ["2026-01-01T00:00:06Z", `{"status":"failed","reason":["${"x".repeat(999)}"]}`]),
      `failed: ${"x".repeat(200)}`,
    ],
    ["none that is cut off", state(true, ["2026-01-01T00:00:06Z", '{"status":"fai']), undefined],
  ])("is %s", (_, inspected, expected) => {
    const health = lastHealth(inspected);
    expect(health && stateOf(health)).toBe(expected);
  });
});
