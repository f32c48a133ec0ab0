import { describe, expect, test } from "vitest";
import { blocked, evaluate, type PolicyConfig } from "../../policy/evaluate.ts";
import { sessionContainer } from "./fixtures.ts";

const privileged = sessionContainer({ privileged: true });
const excepted = (change: Record<string, unknown> = {}): PolicyConfig => ({
  "CTR-006": { exceptions: [{ resource: "alpha", reason: "a test", owner: "me", expires: "2027-03-31", ...change }] },
});
const on = (day: string) => new Date(`${day}T12:00:00Z`);

describe("exceptions", () => {
  test("cover a resource by name, URN or pattern, and say so", () => {
    for (const pattern of ["alpha", privileged.urn, "urn:pulumi:*::alpha", "al*"]) {
      const report = evaluate([privileged], { config: excepted({ resource: pattern }), now: on("2027-01-01") });
      expect(report.findings.find(({ rule }) => rule === "CTR-006")).toMatchObject({
        verdict: "excepted",
        message: expect.stringContaining("a test (me)"),
      });
      expect(report).toMatchObject({ score: 100, secure: true, counts: { excepted: 1 } });
      expect(blocked(report)).toBe(false);
    }
  });

  test("hold on their last day and not after it", () => {
    expect(blocked(evaluate([privileged], { config: excepted(), now: on("2027-03-31") }))).toBe(false);
    const after = evaluate([privileged], { config: excepted(), now: on("2027-04-01") });
    expect(blocked(after)).toBe(true);
    expect(after.findings.map(({ rule }) => rule)).toContain("GEN-006");
  });

  test.each([{ reason: " " }, { owner: "" }, { expires: "never" }, { resource: "**" }, { resource: "beta" }])(
    "do not cover with %j",
    (change) => {
      expect(blocked(evaluate([privileged], { config: excepted(change), now: on("2027-01-01") }))).toBe(true);
    },
  );
});

describe("enforcement", () => {
  const violations = (report: ReturnType<typeof evaluate>, id: string) =>
    report.findings.filter(({ rule, verdict }) => rule === id && verdict === "violation");
  const unpinned = sessionContainer({ image: "node:24.1" });
  const writable = sessionContainer({ readOnly: false });

  test("follows severity and level", () => {
    expect(violations(evaluate([writable]), "CTR-001")).toMatchObject([{ enforcement: "advisory" }]);
    expect(violations(evaluate([writable], { level: "single-node" }), "CTR-001")).toMatchObject([{ enforcement: "mandatory" }]);
    expect(violations(evaluate([unpinned], { level: "production" }), "CTR-033")).toMatchObject([
      { severity: "low", enforcement: "advisory" },
    ]);
    expect(violations(evaluate([privileged]), "CTR-006")).toMatchObject([{ enforcement: "mandatory" }]);
  });

  test("can be set for a rule, for one severity of it, and for all", () => {
    expect(violations(evaluate([writable], { config: { "CTR-001": "mandatory" } }), "CTR-001")).toMatchObject([
      { enforcement: "mandatory" },
    ]);
    expect(violations(evaluate([unpinned], { config: { "CTR-033-low": "mandatory" } }), "CTR-033")).toMatchObject([
      { enforcement: "mandatory" },
    ]);
    expect(violations(evaluate([unpinned], { config: { "CTR-033-low": "disabled" } }), "CTR-033")).toEqual([]);
    expect(violations(evaluate([writable], { config: { all: "mandatory" } }), "CTR-001")).toMatchObject([{ enforcement: "mandatory" }]);
    expect(violations(evaluate([writable], { config: { "CTR-001": { enforcementLevel: "remediate" } } }), "CTR-001")).toMatchObject([
      { enforcement: "mandatory" },
    ]);
  });
});

test("a report counts and scores what it found", () => {
  const report = evaluate([sessionContainer({ privileged: true, readOnly: false, cpus: undefined, networkMode: "host" })]);
  expect(report.counts).toMatchObject({ critical: 1, high: 1, medium: 1, low: 1, resources: 1 });
  expect(report.score).toBe(100 - 40 - 15 - 5 - 1);
  expect(report.secure).toBe(false);
  expect(evaluate(Array.from({ length: 9 }, () => privileged)).score).toBe(0);
});

test("an unknown value is counted, hides nothing that is known, and never passes", () => {
  const unknown = "04da6b54-80e4-46f7-96ec-b56ff0331ba9";
  const report = evaluate([sessionContainer({ capabilities: { adds: [unknown, "SYS_ADMIN"], drops: [unknown, "ALL"] } })]);
  const about = (id: string) => report.findings.filter(({ rule }) => rule === id).map(({ verdict }) => verdict);
  expect(about("CTR-003")).toEqual(["violation", "not-evaluated"]);
  expect(about("CTR-005")).toEqual([]);
  expect(report.counts.notEvaluated).toBe(2);
});

test("an empty stack is secure", () => {
  expect(evaluate([])).toMatchObject({ score: 100, secure: true, findings: [] });
});
