import { globSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { compare } from "../policy/compare/compare.ts";
import { coverage, reasons } from "../policy/compare/coverage.ts";
import { judges } from "../policy/compare/judges.ts";
import { temporaryFolder } from "../support/folder.ts";

const folder = judges();

describe.skipIf(folder === undefined)("checkov, kubernetes-validate, compose-lint and hadolint", () => {
  const workspace = temporaryFolder("judges");

  test("find nothing in foreign and in compliant stacks that the rules miss without a reason, and less than they", () => {
    const compared = compare(folder ?? "", workspace, globSync("images/*/Dockerfile"));
    expect(compared.flatMap(({ missed }) => missed)).toEqual([]);
    // Each judge was heard, and the rules find more than all of them in each foreign stack.
    for (const { both, ours } of compared.slice(0, 3)) for (const found of [both, ours]) expect(found.length).toBeGreaterThan(10);
    // Nothing is explained that nobody says.
    const said = new Set(
      compared.flatMap(({ both, explained }) => [...both, ...explained]).flatMap(({ check, resource }) => [check, `${check} ${resource}`]),
    );
    expect([...Object.keys(coverage), ...Object.keys(reasons)].filter((check) => !said.has(check))).toEqual([]);
  });
});
