import { describe, expect, test } from "vitest";
import { blocked, evaluate } from "../../policy/evaluate.ts";
import { sessionContainer } from "./fixtures.ts";

describe("our own session container", () => {
  test("has no violation at level local", () => {
    const report = evaluate([sessionContainer()]);
    expect(report.findings.filter(({ verdict }) => verdict !== "recommendation")).toEqual([]);
    expect(report).toMatchObject({ score: 100, secure: true });
  });

  test("is stopped when it loses its protection", () => {
    const report = evaluate([
      sessionContainer({ capabilities: { adds: ["cap_sys_admin"] }, securityOpts: [], privileged: true }),
    ]);
    expect(report.findings.filter(({ verdict }) => verdict === "violation").map(({ rule }) => rule)).toEqual(
      expect.arrayContaining(["CTR-002", "CTR-003", "CTR-006"]),
    );
    expect(blocked(report)).toBe(true);
  });
});
