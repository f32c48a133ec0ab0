import { describe, expect, test } from "vitest";
import { blocked, evaluate } from "../../policy/evaluate.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { levels } from "../../policy/rules/severity.ts";
import { builtImage, compliant, pulledImage, sessionContainer } from "./fixtures.ts";

/** What tells people, without which a server with sessions is not as it should be. */
const labels = { created_by: "agent-sessions", kind: "prometheus", pids_limit: "128" };
const prometheus = sessionContainer({ mounts: [], labels: Object.entries(labels).map(([label, value]) => ({ label, value })) });

describe.each(Object.entries(compliant))("%s", (_, resources) => {
  test.each(levels)("has no violation at level %s, and everything was evaluated", (level) => {
    const report = evaluate(level === "local" ? resources : [...resources, prometheus], { level });
    expect(report.findings.filter(({ verdict }) => verdict !== "recommendation")).toEqual([]);
    expect(report).toMatchObject({ score: 100, secure: true });
    expect(blocked(report)).toBe(false);
  });
});

test("an image that is built or pulled in the same deployment holds nothing up, and is counted", () => {
  const built = { ...sessionContainer({ image: unknown }), dependencies: [builtImage.urn] };
  const report = evaluate([builtImage, built, prometheus], { level: "production" });
  expect(report.findings.filter(({ verdict }) => verdict !== "recommendation")).toMatchObject([
    { rule: "CTR-033", verdict: "not-evaluated", enforcement: "advisory" },
  ]);
  expect(report.secure).toBe(true);
  expect(blocked(report)).toBe(false);
  expect(blocked(evaluate([builtImage, built], { config: { "GEN-002": "mandatory" } }))).toBe(true);
  const pulled = { ...built, dependencies: [pulledImage.urn] };
  expect(blocked(evaluate([pulledImage, pulled], { level: "production" }))).toBe(false);
  // The name by which it is pulled is judged where it is pulled.
  const floating = { ...pulledImage, props: { name: "debian:latest" } };
  expect(blocked(evaluate([floating, pulled], { level: "production" }))).toBe(true);
  expect(blocked(evaluate([{ ...built, dependencies: [] }], { level: "production" }))).toBe(true);
});

test("a container that loses its protection is stopped", () => {
  const report = evaluate([sessionContainer({ capabilities: { adds: ["cap_sys_admin"] }, securityOpts: [], privileged: true })]);
  expect(report.findings.filter(({ verdict }) => verdict === "violation").map(({ rule }) => rule)).toEqual(
    expect.arrayContaining(["CTR-002", "CTR-003", "CTR-006"]),
  );
  expect(blocked(report)).toBe(true);
});
