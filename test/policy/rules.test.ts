import { describe, expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { rules } from "../../policy/rules/index.ts";
import { cases as aws } from "./cases/aws.ts";
import { cases as cloud } from "./cases/cloud.ts";
import { cases as containers } from "./cases/containers.ts";
import { cases as docker } from "./cases/docker.ts";
import { cases as engine } from "./cases/engine.ts";
import { cases as generic } from "./cases/generic.ts";
import { cases as iam } from "./cases/iam.ts";
import { cases as kubernetes } from "./cases/kubernetes.ts";
import { cases as secrets } from "./cases/secrets.ts";
import { cases as volumes } from "./cases/volumes.ts";

const cases = [...containers, ...docker, ...kubernetes, ...aws, ...generic, ...secrets, ...volumes, ...iam, ...cloud, ...engine];

/** The catalogue. Removing a rule from the pack leaves its line here without one. */
const catalogue = [
  ["CTR", [...range(1, 43), 45, 46, 47, 48]],
  ["NET", range(0, 7)],
  ["VOL", range(1, 6)],
  ["IMG", range(1, 5)],
  ["PRV", range(1, 2)],
  ["PLG", [1]],
  ["K8S", [...range(1, 18), 21, 22, 23, ...range(25, 30)]],
  ["ECS", range(1, 8)],
  ["EFS", range(1, 5)],
  ["SG", range(1, 6)],
  ["IAM", range(1, 6)],
  ["SEC", [1, 4]],
  ["LOG", [1]],
  ["MON", [1]],
  ["ECR", range(1, 3)],
  ["CB", [1]],
  ["GEN", range(1, 8)],
] as const;

function range(from: number, to: number): number[] {
  return Array.from({ length: to - from + 1 }, (_, at) => from + at);
}

const ids = catalogue.flatMap(([family, numbers]) => numbers.map((number) => `${family}-${String(number).padStart(3, "0")}`));

/** A URN by its last part of the type and the name: `Container alpha`. */
function shortly(urn: string): string {
  const [name = "", type] = urn.split("::").toReversed();
  return type === undefined ? name : `${type.split(":").at(-1)} ${name}`;
}

/** Rules that look at no input that a preview may not know. */
const readNoInputs = ["IAM-004", "GEN-002", "GEN-003", "GEN-004", "GEN-005", "GEN-006", "GEN-007"];

test("the pack holds the whole catalogue, each rule once", () => {
  expect(rules.map(({ id }) => id)).toEqual(ids);
});

describe.each(ids)("%s", (id) => {
  const own = cases.filter(({ rule }) => rule === id);
  const rule = rules.find((one) => one.id === id);

  test("has a case for each severity that it may find, and an unknown one", () => {
    const found = new Set(
      own.filter(({ verdict }) => verdict !== "not-evaluated" && verdict !== "clean").map(({ severity }) => severity ?? rule?.severity),
    );
    expect([...found].sort()).toEqual([rule?.severity, ...(rule?.also ?? [])].sort());
    if (!readNoInputs.includes(id)) expect(own.some(({ verdict }) => verdict === "not-evaluated")).toBe(true);
  });

  test.each(own.map((one) => [`${one.verdict ?? "violation"}: ${one.what}`, one] as const))("%s", (_, one) => {
    const { findings } = evaluate(one.resources, one.config === undefined ? {} : { config: one.config });
    const mine = findings.filter((finding) => finding.rule === id);
    if (one.verdict === "clean") return expect(mine).toEqual([]);
    const [verdict, severity] = [one.verdict ?? "violation", one.severity ?? rule?.severity];
    const meant = mine.filter((finding) => finding.verdict === verdict && finding.severity === severity);
    const first = one.resources[0]?.urn ?? "policy-pack-config";
    expect(meant.map(({ resource }) => shortly(resource))).toEqual(one.at ?? [shortly(first)]);
    expect(mine).toHaveLength(meant.length + (one.beside ?? 0));
    for (const { verdict, message } of mine)
      if (verdict !== "not-evaluated") expect(message).toMatch(/^The [\s\S]* (must|must not) [\s\S]*\.$/);
    for (const { message } of findings) expect(message).not.toMatch(/hunter2|sk-ant-api03|ghp_abc|AKIAIOS|not to be seen/);
  });
});
