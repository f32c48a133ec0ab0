import { describe, expect, test } from "vitest";
import { evaluate, type Finding, type Resource } from "../../policy/evaluate.ts";
import { grouped, stackText } from "../../stacks/cli/check/text.ts";
import { deployment, resource, sessionContainer } from "../policy/fixtures.ts";

const printed = (resources: readonly Resource[], screen?: number) => {
  const report = evaluate(resources);
  return { report, text: stackText({ stack: "shop", source: "x", report }, screen) };
};
const named = (one: Resource, name: string): Resource => ({ ...resource(one.type, name, { ...one.props }), custom: true });
/** Rows of a rule in the tables, each as its cells, with the lines into which they are broken joined. */
const rows = (text: string, rule: string): string[][] =>
  text
    .split(/\n[┌├└].*/)
    .filter((row) => row.startsWith(`\n│ ${rule}`))
    .map((row) =>
      row
        .trim()
        .split("\n")
        .map((line) => line.split("│").map((cell) => cell.trim()))
        .reduce((above, below) => above.map((cell, column) => `${cell} ${below[column]}`.trim())),
    );

describe("what a rule says of several resources in the same words", () => {
  const privileged = (name: string) => named(sessionContainer({ privileged: true }), name);

  test("is one row with their number and some of their names", () => {
    const { text } = printed(["a", "b", "c", "d", "e", "f"].map(privileged));
    const found = rows(text, "CTR-006");
    expect(found).toHaveLength(1);
    expect(found[0]?.[4]).toMatch(/^6: a, b, c, d and 2 more$/);
    expect(found[0]?.[5]).toBe("The container … must not be privileged.");
  });

  test("is one row with all of its words where there is one", () => {
    const [row] = rows(printed([privileged("web")]).text, "CTR-006");
    expect([row?.[4], row?.[5]]).toEqual(["web", 'The container "web" must not be privileged.']);
  });

  test("stays apart where the words, or how grave they are, differ", () => {
    const mount = (target: string, source: string) => ({ type: "bind", source, target, bindOptions: { propagation: "rprivate" } });
    const reading = (name: string, source: string) => named(sessionContainer({ mounts: [mount("/x", source)] }), name);
    expect(rows(printed([reading("a", "/etc"), reading("b", "/root")]).text, "CTR-012")).toHaveLength(2);
    expect(rows(printed([reading("a", "/etc"), reading("b", "/etc")]).text, "CTR-012")).toHaveLength(1);
    const [one] = evaluate([privileged("web")]).findings.filter(({ rule }) => rule === "CTR-006") as [Finding];
    const groups = (change: Partial<Finding>) => grouped([one, { ...one, ...change }]).length;
    expect([groups({}), groups({ resource: "urn::b" }), groups({ message: 'The container "b" must not be privileged.' })]).toEqual([
      1, 1, 1,
    ]);
    for (const change of [{ rule: "CTR-007" }, { severity: "low" }, { enforcement: "advisory" }, { remediation: "x" }] as const)
      expect([change, groups(change)]).toEqual([change, 2]);
  });

  test("comes after what is graver", () => {
    const { text } = printed([privileged("web"), named(sessionContainer({ user: "root", readOnly: false }), "db")]);
    const severities = [...text.split("Not evaluated")[0]!.matchAll(/^│ [A-Z0-9]+-\d+ +│ (\w+)/gm)].map(([, one]) => one);
    expect(severities).toEqual(
      [...severities].sort((a, b) => "critical high medium low".indexOf(a!) - "critical high medium low".indexOf(b!)),
    );
    expect(new Set(severities).size).toBeGreaterThan(1);
  });

  test("loses no finding: the numbers of all rows are those of the report", () => {
    const { report, text } = printed([...["a", "b"].map(privileged), named(deployment, "api"), named(sessionContainer(), "db")]);
    const counted = [...text.matchAll(/^│ [A-Z0-9]+-\d+ +│ \w+ +│ [\w-]+ +│ (?:(\d+): )?/gm)].reduce(
      (sum, [, many]) => sum + Number(many ?? 1),
      0,
    );
    const isRow = ({ verdict }: Finding) => verdict !== "recommendation";
    expect(counted).toBe(report.findings.filter(isRow).length);
  });
});

describe("advice", () => {
  test("takes at most eleven lines of at most 120 characters, however much there is", () => {
    const strange = Array.from({ length: 40 }, (_, at) => ({ ...resource(`acme${at}:index:Machine`, `m${at}`, {}), custom: true }));
    const { report, text } = printed(strange);
    expect(report.counts.recommendations).toBe(40);
    const lines = text.split("Recommendations")[1]!.split("\n");
    expect(lines.length).toBeLessThanOrEqual(11);
    expect(lines.at(-1)).toMatch(/^ {2}and 31 more of other rules or texts; --format json has all$/);
    for (const line of lines.slice(1)) expect(line.length).toBeLessThanOrEqual(120);
  });

  test("that is the same of many comes first, once", () => {
    const strange = ["a", "b", "c"].map((name) => ({ ...resource("acme:index:Machine", name, {}), custom: true }));
    expect(printed([...strange, { ...resource("other:index:Machine", "d", {}), custom: true }]).text.split("Recommendations")[1]).toMatch(
      /^[^\n]*\n {2}GEN-001 {2}3 times: The resource … must be looked at by somebody: no rule knows the package acme\.\n {2}GEN-001 {2}The resource "d"/,
    );
  });
});

test("a table is as wide as the terminal where it needs that, else 100 columns, and loses no word", () => {
  const found = [named(sessionContainer({ privileged: true }), "web")];
  const width = (screen?: number) =>
    Math.max(
      ...printed(found, screen)
        .text.split("\n")
        .filter((line) => /^[│┌]/.test(line))
        .map(({ length }) => length),
    );
  expect([width(), width(120), width(80)]).toEqual([100, 120, 80]);
  expect(width(1000)).toBeLessThan(1000);
  const [usual] = rows(printed(found).text, "CTR-006");
  expect(rows(printed(found, 1000).text, "CTR-006")).toEqual([usual]);
});

test("a stranger's name is shown without what a terminal obeys", () => {
  expect(printed([named(sessionContainer({ privileged: true }), "x\u001b[2Jy")]).text).not.toContain("\u001b");
});
