import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { beforeEach, expect, test, vi } from "vitest";
import { refuseUnknown, takeDown } from "../../stacks/cli/take-down.ts";
import type { Cleaner } from "../../stacks/platforms/cleanup.ts";
import type { LiveStack, EngineName } from "../../stacks/platforms/platform.ts";
import type { CommandPlace } from "../../stacks/runtime/runtime.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What down and remove make of a platform that is nothing but plain objects. */

const source = { project: "agent-sessions", stack: "down", root: process.cwd(), config: {} };
const done: string[] = [];
/** A workspace in which git answers one line: a commit and a file. */
const place: CommandPlace = {
  start: async () =>
    ({
      input: { end() {} },
      carry: async (output: { write(text: string): void; end(): void }) => {
        output.write("code\t1\t0\t1\tnotes.md\n\t0\t0\t0\n");
        output.end();
      },
      close() {},
      exitCode: async () => 0,
    }) as never,
};

function live(owner: EngineName | undefined, more: Partial<LiveStack> = {}): LiveStack {
  return {
    runtime: {} as never,
    owner: async () => owner,
    sessions: async () => ["one", "two"],
    fingerprint: async () => "",
    data: async (ids) => (ids ?? ["one", "two"]).map((id) => `${id}-data`),
    removeData: async (volume) => void done.push(`data ${volume}`),
    workspaces: async (ids) => [{ session: ids?.[0] ?? "one", inside: (work) => work(place) }],
    engine: async () => ({
      plan: () => Promise.reject(new Error("not asked")),
      remove: async (ids, deleteData, removed) => {
        done.push(`remove ${ids?.join() ?? "all"} ${deleteData}`);
        removed("pod", "pod-one");
        return ["pod-two: it stays"];
      },
    }),
    ...more,
  };
}

beforeEach(() => {
  done.length = 0;
  vi.spyOn(process.stderr, "write").mockReturnValue(true);
});

test("the platform's own engine removes what is named, and what is kept and what failed are told", async () => {
  expect(await takeDown(source, live("embedded"), ["one"], { engine: "auto" })).toEqual({
    removed: ["pod-one"],
    failures: ["pod-two: it stays"],
    kept: ["one-data"],
  });
  expect(done).toEqual(["remove one false"]);
});

test("data goes only when what would be lost with it was agreed to", async () => {
  await expect(takeDown(source, live("embedded"), ["one"], { engine: "auto", deleteData: true })).rejects.toThrow(
    "nothing was removed. With their data this is lost:\n  one: code: 1 commit not pulled, 1 file not committed (notes.md)\n",
  );
  const broken = live("embedded", {
    workspaces: async () => [{ session: "two", inside: () => Promise.reject(new Error("no node has it")) }],
  });
  await expect(takeDown(source, broken, undefined, { engine: "auto", deleteData: true })).rejects.toThrow(
    "two: what is in its workspace cannot be told (no node has it)",
  );
  expect(done).toEqual([]);
  await takeDown(source, broken, undefined, { engine: "auto", deleteData: true, force: true });
  expect(done).toEqual(["remove all true"]);
});

test("with Pulumi, what clean-up has left goes with the whole stack, and not with a part of it", async () => {
  const folder = temporaryFolder("destroy");
  writeFileSync(join(folder, "pulumi"), "#!/bin/sh\n", { mode: 0o755 });
  vi.stubEnv("PATH", `${folder}${delimiter}${process.env.PATH}`);
  const cleaner = { forget: async () => void done.push("forget") } as unknown as Cleaner;
  await takeDown(source, live("pulumi", { cleaner: async () => cleaner }), undefined, { engine: "auto", yes: true });
  expect(done).toEqual(["forget"]);
  const described = { ...source, config: { "agent-sessions:sessions": "[]" } };
  await takeDown(described, live("pulumi", { cleaner: async () => cleaner }), [], { engine: "auto", yes: true });
  expect(done).toEqual(["forget"]);
  vi.unstubAllEnvs();
});

test("a platform without an engine of its own is left to Pulumi", async () => {
  const { engine: _, ...bare } = live("embedded");
  await expect(takeDown(source, bare, undefined, { engine: "auto" })).rejects.toThrow("Pulumi alone rolls this stack out");
});

test("a session is known that is there or described", async () => {
  await refuseUnknown(source, live(undefined), ["one", "three"], ["three"]);
  await expect(refuseUnknown(source, live(undefined), ["tow"], ["three"])).rejects.toThrow(
    'there is no session "tow" in stack down; did you mean two? There is: one, three, two',
  );
});
