import { describe, expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { auditLines } from "../../policy/report/audit.ts";
import { combined } from "../../policy/report/checked.ts";
import { junit } from "../../policy/report/junit.ts";
import { sarif } from "../../policy/report/sarif.ts";
import { rules } from "../../policy/rules/index.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { resource, sessionContainer } from "./fixtures.ts";

const now = new Date("2027-01-01T12:00:00Z");
const odd = resource("docker:index/container:Container", 'a"<&>\n\u0001b', {
  ...sessionContainer().props,
  readOnly: false,
});
const report = evaluate([sessionContainer({ privileged: true, pidMode: "host", readOnly: false, usernsMode: unknown }), odd], {
  now,
  config: {
    "CTR-009": { exceptions: [{ resource: "alpha", reason: "a test", owner: "me", expires: "2027-03-31" }] },
  },
});

const checked = [{ stack: "local", source: "stacks/Pulumi.local.yaml", report }];

interface Result {
  readonly ruleId: string;
  readonly ruleIndex: number;
  readonly kind: string;
  readonly level: string;
  readonly suppressions?: readonly { readonly kind: string }[];
  readonly locations: readonly { readonly physicalLocation: { readonly artifactLocation: { readonly uri: string } } }[];
}

describe("SARIF", () => {
  const log = sarif(checked) as {
    version: string;
    runs: { tool: { driver: { rules: { id: string }[] } }; results: Result[] }[];
  };
  const run = log.runs[0];
  const about = (id: string) => run?.results.filter(({ ruleId }) => ruleId === id) ?? [];

  test("holds every rule, and a result for each finding that points at its rule", () => {
    expect(log.version).toBe("2.1.0");
    expect(run?.tool.driver.rules.map(({ id }) => id)).toEqual(rules.map(({ id }) => id));
    expect(run?.results).toHaveLength(report.findings.length);
    for (const { ruleId, ruleIndex, locations } of run?.results ?? []) {
      expect(run?.tool.driver.rules[ruleIndex]?.id).toBe(ruleId);
      expect(locations[0]?.physicalLocation.artifactLocation.uri).toBe("stacks/Pulumi.local.yaml");
    }
  });

  test("tells violations, advice, exceptions and what is open apart", () => {
    expect(about("CTR-006")).toMatchObject([{ kind: "fail", level: "error" }]);
    expect(about("CTR-001")).toMatchObject([
      { kind: "fail", level: "warning" },
      { kind: "fail", level: "warning" },
    ]);
    expect(about("CTR-036")[0]).toMatchObject({ kind: "fail", level: "note" });
    expect(about("CTR-020")).toMatchObject([{ kind: "open", level: "none" }]);
    expect(about("CTR-009")).toMatchObject([{ suppressions: [{ kind: "external" }] }]);
    expect(about("CTR-006")[0]).not.toHaveProperty("suppressions");
  });
});

describe("JUnit", () => {
  const xml = junit(checked, now);

  test("fails for violations, skips what is open, passes the rest", () => {
    expect(xml.match(/<failure /g)).toHaveLength(report.findings.filter(({ verdict }) => verdict === "violation").length);
    expect(xml.match(/<skipped\/>/g)).toHaveLength(report.counts.notEvaluated);
    const cases = xml.match(/<testcase /g)?.length;
    expect(xml).toContain(`tests="${cases}" failures="${xml.match(/<failure /g)?.length}" errors="0"`);
    expect(new Set([...xml.matchAll(/classname="([^"]+)"/g)].map((match) => match[1]))).toEqual(new Set(rules.map(({ id }) => id)));
  });

  test("is XML whatever stands in a name", () => {
    expect(xml).toContain("a&quot;&lt;&amp;&gt;&#10;b");
    expect(xml).not.toContain("\u0001");
    expect(xml.replace(/&(amp|lt|gt|quot|#10);/g, "")).not.toMatch(/&/);
  });
});

test("several stacks are one report with the worst of each figure, and all findings", () => {
  const clean = evaluate([sessionContainer()], { now, level: "production" });
  const both = combined([...checked, { stack: "clean", source: "stacks/Pulumi.clean.yaml", report: clean }]);
  expect(both).toMatchObject({ level: "production", score: report.score, secure: false, packVersion: report.packVersion });
  expect(both.findings).toEqual([...report.findings, ...clean.findings]);
  expect(both.counts.resources).toBe(3);
  expect(both.stacks.map(({ stack, secure }) => [stack, secure])).toEqual([
    ["local", false],
    ["clean", true],
  ]);
  expect(() => combined([])).toThrow("there is no report to combine");
});

test("the audit log has a line of JSON for each finding, and one for the check itself", () => {
  const lines = auditLines(report, "local", now)
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toHaveLength(report.findings.length + 1);
  expect(lines.find(({ rule }) => rule === "CTR-006")).toEqual({
    time: "2027-01-01T12:00:00.000Z",
    stack: "local",
    level: "local",
    rule: "CTR-006",
    resource: sessionContainer().urn,
    severity: "critical",
    enforcement: "mandatory",
    verdict: "violation",
    packVersion: report.packVersion,
  });
  expect(lines.at(-1)).toMatchObject({ verdict: "checked", score: report.score, secure: false });
});
