import { expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { planJson, planText } from "../../stacks/cli/render.ts";
import type { Plan, Step } from "../../stacks/recorder/plan.ts";
import type { Registration } from "../../stacks/recorder/registration.ts";

test.each<[string, unknown, unknown, string]>([
  ["values", 1, 2, "1 → 2"],
  ["lists, of which it names what is not in both", ["a", "b"], ["b", "c"], '["a"] → ["c"]'],
  ["a list with one entry more", ["a"], ["a", "b"], 'nothing → ["b"]'],
  ["a list in another order", ["a", "b"], ["b", "a"], '["a","b"] → ["b","a"]'],
  ["a list that repeats itself", ["a"], ["a", "a"], '["a"] → ["a","a"]'],
  ["a list instead of a value", "a", ["a"], '"a" → ["a"]'],
  ["long values, begun where they differ", `${"a".repeat(50)}1`, `${"a".repeat(50)}2`, '…aaaaaaaaaaaa1" → …aaaaaaaaaaaa2"'],
  ["long values, cut", `1${"a".repeat(50)}`, "2", `"1${"a".repeat(37)}… → "2"`],
  ["a value that goes on", "a".repeat(50), `${"a".repeat(50)}b`, '…aaaaaaaaaaaa" → …aaaaaaaaaaaab"'],
])("a plan shows how an input differs: %s", (_, before, after, shown) => {
  const step: Step = {
    operation: "replace",
    urn: "",
    type: "docker:index/container:Container",
    name: "one",
    changes: [{ key: "envs", before, after }],
  };
  const plan: Plan = {
    steps: [step],
    authority: { added: [], removed: [] },
    run: { registrations: [], outputs: {}, unanswered: [] },
  };
  expect(planText(plan, evaluate([])).split("\n").slice(0, 2)).toEqual(["  ± replace container  one", `      envs: ${shown}`]);
});

test("a plan names what a transform changed, and of the resources that it is about alone", () => {
  const registration = (urn: string, transformed?: readonly string[]) => ({ urn, ...(transformed && { transformed }) }) as Registration;
  const step = (urn: string): Step => ({ operation: "same", urn, type: "docker:index/container:Container", name: urn, changes: [] });
  const plan: Plan = {
    steps: [step("one"), step("two")],
    authority: { added: [], removed: [] },
    run: {
      registrations: [registration("one", ["labels", "memory"]), registration("two"), registration("three", ["labels"])],
      outputs: {},
      unanswered: [],
    },
  };
  expect(planText(plan, evaluate([]))).toContain("\n\nChanged by the transform:\n  container  one: labels, memory\n\nPolicy");
  expect(planJson(plan, evaluate([]), [])).toMatchObject({ transformed: [{ urn: "one", name: "one", keys: ["labels", "memory"] }] });
});
