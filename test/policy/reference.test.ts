import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { policies } from "../../policy/policies.ts";
import { files } from "../../policy/reference.ts";
import { rules } from "../../policy/rules/index.ts";

test.each([...files()])("%s is what the rules say (else run: node policy/generate.ts)", (path, content) => {
  expect(readFileSync(new URL(`../../policy/${path}`, import.meta.url), "utf8")).toBe(content);
});

test("every rule says what it is, what it reads and what to do", () => {
  for (const rule of rules) {
    for (const words of [rule.title, rule.reads, rule.remediation]) expect(words.trim(), rule.id).not.toBe("");
    expect(rule.name, rule.id).toMatch(/^[a-z0-9]+(-[a-z0-9]+)*$/);
    expect(rule.remediation, rule.id).toMatch(/\.$/);
  }
  expect(new Set(rules.map(({ name }) => name)).size).toBe(rules.length);
});

test("a level file configures every policy of the pack, and no other", () => {
  const names = policies().map(({ name }) => name);
  for (const [path, content] of files()) if (path.startsWith("levels/")) expect(Object.keys(JSON.parse(content)), path).toEqual(names);
});
