import { describe, expect, test } from "vitest";
import { heldBySession, type MeasuredVolume } from "../../components/container-engine/disk-usage.ts";
import { largest } from "../../stacks/platforms/docker/machine.ts";
import { lowInotify, sharing } from "../../stacks/platforms/docker/kernel-limits.ts";
import { parse } from "../../stacks/settings.ts";

describe("inotify", () => {
  test.each<[string, [number, number], number, string[]]>([
    ["the kernel's least is enough for one", [128, 8192], 1, []],
    ["and for none that shares", [128, 8192], 0, []],
    ["not for two that share a uid", [128, 8192], 2, ["fs.inotify.max_user_instances=256", "fs.inotify.max_user_watches=16384"]],
    ["each is judged by itself", [512, 16_383], 2, ["fs.inotify.max_user_watches=16384"]],
    ["a machine that gives less than the kernel", [127, 8192], 0, ["fs.inotify.max_user_instances=128"]],
  ])("%s", (_, [instances, watches], sharers, expected) => {
    expect(lowInotify({ instances, watches }, sharers)).toEqual(expected);
  });

  test("is shared by the sessions without a uid of their own", () => {
    expect(
      sharing(parse({ defaults: { uid: "own" }, sessions: [{ id: "a" }, { id: "b", uid: "shared" }, { id: "c", uid: 10_000 }] })),
    ).toBe(1);
  });
});

describe("what volumes hold", () => {
  const volume = (name: string, bytes: number, labels: Record<string, string> = {}): MeasuredVolume => ({
    name,
    bytes,
    labels: { created_by: "agent-sessions", ...labels },
  });

  test("counts for the session and the kind that the labels name, and for nobody else", () => {
    const held = heldBySession([
      volume("a", 1, { session_id: "one", kind: "workspace" }),
      volume("b", 2, { session_id: "one", kind: "logs" }),
      volume("c", 3, { session_id: "one", kind: "auth" }),
      volume("d", 4, { session_id: "one", kind: "toString" }),
      volume("e", 5, { kind: "repository" }),
      volume("f", 6, { session_id: "two", kind: "session" }),
      volume("g", 7, { session_id: "two", kind: "workspace", created_by: "somebody" }),
    ]);
    expect([...held]).toEqual([
      ["one", { workspace: 1, session: 0, logs: 2 }],
      ["two", { workspace: 0, session: 6, logs: 0 }],
    ]);
  });

  test("the largest come first, and empty ones not at all", () => {
    expect(largest([volume("a", 1), volume("b", 0), volume("c", 3 * 1024 ** 3), volume("d", 2), volume("e", 3)])).toBe(
      "c 3 GB, e 3 B, d 2 B",
    );
  });
});
