import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";

const root = temporaryFolder("cleanup-settings");
const mayGive = process.getuid?.() === 0;
if (!mayGive) missing("only root can give a folder to the agent's uid, as a writable one must belong to it");

const read = (policies: unknown, sessions: readonly object[] = []) => parse({ sessions, cleanup: { policies } }, { root, environment: {} });

function refusedWith(policies: unknown, more: Readonly<Record<string, unknown>> = {}): readonly string[] {
  try {
    parse({ sessions: [], cleanup: { policies }, ...more }, { root, environment: {} });
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

const policy = { name: "old", volumes: ["logs"], trigger: { age: "7 d" }, strategy: "delete" };

test("without the key nothing may go", () => {
  expect(parse({ sessions: [] }, { root, environment: {} }).cleanup).toEqual([]);
});

test("every trigger and strategy is read into plain numbers and absolute folders", () => {
  expect(
    read([
      policy,
      { name: "full", volumes: ["workspace", "session"], containers: true, trigger: { disk: 85 }, strategy: { graceful: "30 s" } },
      { name: "done", containers: true, volumes: ["logs"], trigger: { complete: "1 d" }, strategy: { archive: "kept", compress: 6 } },
      {
        name: "asked",
        sessions: ["demo"],
        volumes: ["logs"],
        trigger: "manual",
        strategy: { archive: "/srv/kept", graceful: "2 m" },
      },
    ]).cleanup,
  ).toEqual([
    { name: "old", volumes: ["logs"], containers: false, trigger: { kind: "age", seconds: 7 * 86_400 } },
    { name: "full", volumes: ["workspace", "session"], containers: true, trigger: { kind: "disk", percent: 85 }, grace: 30 },
    {
      name: "done",
      volumes: ["logs"],
      containers: true,
      trigger: { kind: "complete", seconds: 86_400 },
      grace: 10,
      archive: { folder: join(root, "kept"), level: 6 },
    },
    {
      name: "asked",
      sessions: ["demo"],
      volumes: ["logs"],
      containers: false,
      trigger: { kind: "manual" },
      grace: 120,
      archive: { folder: "/srv/kept" },
    },
  ]);
});

describe("each mistake is one sentence with key, value and way out", () => {
  const at = "cleanup.policies[0]";
  test.each<[unknown, string]>([
    [[], "cleanup.policies: [] is empty; write a policy, or remove the key cleanup."],
    [
      [{ ...policy, name: "Old ones" }],
      `${at}.name: "Old ones" is not a name; use a-z, 0-9 and -, beginning and ending with a letter or digit.`,
    ],
    [[policy, policy], `cleanup.policies[1].name: "old" is taken by ${at}; choose another, as --policy asks for one by it.`],
    [[{ ...policy, volumes: ["data"] }], `${at}.volumes[0]: "data" is not a kind of volume; write workspace, session, logs.`],
    [[{ ...policy, trigger: { age: "7 weeks" } }], `${at}.trigger.age: "7 weeks" is not a duration; write "7 d".`],
    [[{ ...policy, trigger: { disk: 100 } }], `${at}.trigger.disk: 100 is too large; write a number from 1 to 99.`],
    [
      [{ ...policy, trigger: "daily" }],
      `${at}.trigger: "daily" is not a trigger; write {age: "7 d"}, {disk: 85}, {complete: "1 d"} or manual.`,
    ],
    [
      [{ ...policy, strategy: "burn" }],
      `${at}.strategy: "burn" is not a way to go; write delete, {graceful: "30 s"} or {archive: /srv/archives, compress: 6}.`,
    ],
    [[{ ...policy, strategy: { archive: "/a", compress: 11 } }], `${at}.strategy.compress: 11 is too large; write a number from 1 to 9.`],
    [[{ ...policy, sessions: [] }], `${at}.sessions: [] is empty, so nothing would ever go; name sessions, or remove the key.`],
    [[{ ...policy, volumes: [] }], `${at}: names nothing that may go; write volumes: [logs], or containers: true.`],
    [
      [{ ...policy, trigger: { complete: "1 d" } }],
      `${at}.trigger: complete never comes true for volumes alone, as the session still has them mounted; write containers: true too.`,
    ],
    [
      [{ ...policy, volumes: [], containers: true, strategy: { archive: "/a" } }],
      `${at}.strategy: archive is for volumes, and the policy names none; write which, or another strategy.`,
    ],
    [
      [{ ...policy, strategy: { graceful: "5 s" } }],
      `${at}.strategy: graceful stops containers, and the policy names none; write containers: true, or the strategy delete.`,
    ],
  ])("%j", (policies, expected) => {
    expect(refusedWith(policies)).toEqual([expected]);
  });

  test.skipIf(!mayGive)("no session may write where archives are kept", () => {
    mkdirSync(join(root, "shared"));
    chownSync(join(root, "shared"), 1000, 1000);
    const sessions = [{ id: "a", mounts: [{ source: join(root, "shared"), target: "/shared", readOnly: false }] }];
    const kept = (archive: string) => refusedWith([{ ...policy, strategy: { archive } }], { allowedHostPaths: [root], sessions });
    expect(kept("shared/kept")).toEqual([
      expect.stringMatching(/strategy\.archive: "shared\/kept" lies in .*, which session "a" may write/),
    ]);
    expect(kept("apart")).toEqual([]);
  });
});
