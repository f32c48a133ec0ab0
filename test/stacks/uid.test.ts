import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, type SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("uid");
mkdirSync(join(root, "code"));
mkdirSync(join(root, "auth"));
writeFileSync(join(root, "auth/token"), "not-a-secret\n", { mode: 0o444 });
const read = (raw: Record<string, unknown>) => parse(raw, { root, environment: {} });
const sentencesOf = (raw: Record<string, unknown>): readonly string[] => {
  try {
    read(raw);
    return [];
  } catch (error) {
    return (error as SettingsError).sentences;
  }
};

describe("the uid of a session", () => {
  test("is its own where it says so, by its id or as a number, and nobody's where it shares", () => {
    const { sessions } = read({
      defaults: { uid: "own" },
      sessions: [{ id: "a" }, { id: "demo" }, { id: "b", uid: 10_000 }, { id: "c", uid: 13_999 }, { id: "d", uid: "shared" }],
    });
    expect(sessions.map(({ uid }) => uid)).toEqual([12_610, 13_852, 10_000, 13_999, undefined]);
  });

  test.each([9_999, 14_000, 0, 1000, "1000", "root", 10_000.5, true])("is not %j", (uid) => {
    expect(sentencesOf({ sessions: [{ id: "a", uid }] })).toEqual([
      `sessions[0].uid: ${JSON.stringify(uid)} is not a uid for a session; write shared, own or a number from 10000 to 13999.`,
    ]);
  });

  test.each<[string, object[], string]>([
    [
      "by their ids",
      [
        { id: "s10", uid: "own" },
        { id: "s54", uid: "own" },
      ],
      'sessions[1].uid: "own" gives session "s54" uid 10887, which session "s10" has; write a number for one of them, such as 10888.',
    ],
    [
      "by a number",
      [
        { id: "s10", uid: "own" },
        { id: "b", uid: 10_888 },
        { id: "c", uid: 10_887 },
      ],
      'sessions[2].uid: 10887 gives session "c" uid 10887, which session "s10" has; write a number for one of them, such as 10889.',
    ],
    [
      "the last of the range",
      [
        { id: "b", uid: 13_999 },
        { id: "c", uid: 13_999 },
      ],
      'sessions[1].uid: 13999 gives session "c" uid 13999, which session "b" has; write a number for one of them, such as 10000.',
    ],
  ])("is refused when two sessions have one %s", (_, sessions, expected) => {
    expect(sentencesOf({ sessions })).toEqual([expected]);
  });

  test.each<[string, object, string]>([
    ["a repository by path", { repositories: [{ name: "code", path: "code" }] }, "code"],
    ["a folder", { mounts: [{ source: "code", target: "/data" }] }, "code"],
    ["credentials of this machine", { credentials: { kind: "hostMount", path: "auth" } }, "auth"],
  ])("is not its own beside %s, but shared", (_, entry, folder) => {
    expect(sentencesOf({ defaults: { uid: "own" }, sessions: [{ id: "a", ...entry }] })).toEqual([
      `defaults.uid: "own" does not fit session "a", which sees ${join(root, folder)} of this machine, where files are for uid 1000; write uid: shared for it, or give it volumes and repositories by url.`,
    ]);
    expect(sentencesOf({ defaults: { uid: "own" }, sessions: [{ id: "a", uid: "shared", ...entry }] })).toEqual([]);
  });

  test("is not its own beside credentials of this machine that are not there either", () => {
    const sessions = [{ id: "a", uid: "own", credentials: { kind: "hostMount", path: "gone" } }];
    expect(sentencesOf({ sessions })).toContainEqual(
      expect.stringMatching(`^sessions\\[0\\].uid: "own" does not fit session "a", which sees ${join(root, "gone")} of this machine`),
    );
  });

  test("is judged beside a key that is none", () => {
    const sessions = [{ id: "a", uid: "own", colour: "red", repositories: [{ name: "code", path: "code" }] }];
    expect(sentencesOf({ sessions })).toEqual([
      expect.stringMatching(/^sessions\[0\]\.colour: there is no such key/),
      expect.stringMatching(/^sessions\[0\]\.uid: "own" does not fit session "a"/),
    ]);
  });

  test("is not its own beside a workspace of this machine", () => {
    const sessions = [{ id: "a", uid: 10_001, workspace: { kind: "host", path: "code" } }];
    expect(sentencesOf({ allowedHostPaths: [root], sessions })).toContainEqual(
      expect.stringMatching(/^sessions\[0\]\.uid: 10001 does not fit session "a", which sees code of this machine/),
    );
  });

  test("may be its own beside a repository by url", () => {
    expect(
      sentencesOf({
        sessions: [{ id: "a", uid: "own", repositories: [{ name: "code", url: `file://${root}/code` }], workspace: { kind: "tmpfs" } }],
      }),
    ).toEqual([]);
  });
});
