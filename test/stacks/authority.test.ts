import { mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { authorityOfSessions, compareAuthority, keepAuthority, keptAuthority, sessionOf } from "../../stacks/authority.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("authority");
const folder = join(root, ".agent-sessions", "authority");

test.each([
  ["session a: egress to x:443", "a"],
  ["session a-1: port 127.0.0.1:1 to 2/tcp", "a-1"],
  ["parent proxy p:3128 for session a: all", undefined],
  ["every resource: what the transform x makes of it", undefined],
  ["session a", undefined],
])("%s is of session %s", (line, session) => {
  expect(sessionOf(line)).toBe(session);
});

test("what some sessions may do is told with what all may", () => {
  const lines = ["session a: one", "all: two", "session b: three"];
  expect(authorityOfSessions(lines, ["b"])).toEqual(["all: two", "session b: three"]);
  expect(authorityOfSessions(lines, [undefined])).toEqual(["all: two"]);
});

test("what is added and what removed is sorted", () => {
  expect(compareAuthority(["b", "a", "c"], ["d", "c", "0"])).toEqual({ added: ["0", "d"], removed: ["a", "b"] });
});

test("what was applied is kept, of each stack by itself, and of some sessions without the others", () => {
  const one = { root, stack: "one" };
  expect(keptAuthority(one)).toBeUndefined();
  keepAuthority(one, ["session b: old", "session a: old", "all: old"]);
  keepAuthority({ root, stack: "two" }, ["session a: two"]);
  expect(keptAuthority(one)).toEqual(["all: old", "session a: old", "session b: old"]);
  keepAuthority(one, ["session a: new", "session b: new", "session c: new", "all: new"], ["a"]);
  expect(keptAuthority(one)).toEqual(["all: new", "session a: new", "session b: old"]);
  keepAuthority(one, []);
  expect(keptAuthority(one)).toEqual([]);
  expect(keptAuthority({ root, stack: "two" })).toEqual(["session a: two"]);
  expect(readdirSync(folder).sort()).toEqual(["one.json", "two.json"]);
});

test.each(["", "{", "{}", "[1]", '"session a: x"'])("a file with %j in it tells nothing", (text) => {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, "three.json"), text);
  expect(keptAuthority({ root, stack: "three" })).toBeUndefined();
});
