import type { PolicyResource, ReportViolation, ResourceValidationArgs } from "@pulumi/policy";
import { expect, test } from "vitest";
import { policies } from "../../policy/policies.ts";
import type { Resource } from "../../policy/evaluate.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { dockerApp } from "./foreign/docker-app.ts";
import { ecsApp } from "./foreign/ecs-app.ts";
import { kubernetesApp } from "./foreign/kubernetes-app.ts";
import { compliant, sessionContainer } from "./fixtures.ts";

/** One request after the other over the same list, as the SDK goes through it. */
const stacks = [dockerApp, kubernetesApp, ecsApp, ...Object.values(compliant)];
const pack = policies();

type Policy = (typeof pack)[number];

const args = ({ urn, type, name, props, protect = false, ignoreChanges = [] }: Resource) => ({
  urn,
  type,
  name,
  props,
  opts: { protect, ignoreChanges: [...ignoreChanges] },
  getConfig: () => ({}),
});

interface Asked {
  readonly runs: number;
  readonly said: readonly string[];
}

function ask(list: Iterable<Policy>, run: (policy: Policy, report: ReportViolation) => boolean): Asked {
  const said: string[] = [];
  let runs = 0;
  for (const policy of list) if (run(policy, (message) => said.push(`${policy.name} ${String(message)}`))) runs += 1;
  return { runs, said };
}

const about = (resource: Resource) => (policy: Policy, report: ReportViolation) => {
  const validate = policy.validateResource as ((args: ResourceValidationArgs, report: ReportViolation) => void) | undefined;
  validate?.(args(resource) as unknown as ResourceValidationArgs, report);
  return validate !== undefined;
};

const aboutAll = (resources: readonly Resource[]) => (policy: Policy, report: ReportViolation) => {
  const opened = resources.map((one) => ({ ...args(one), dependencies: [] }) as unknown as PolicyResource);
  policy.validateStack?.({ resources: opened, getConfig: () => ({}) } as never, report);
  return policy.validateStack !== undefined;
};

/** Policies that said something, and the one that opens the inputs for all. */
const needed = ({ said }: Asked): number => 1 + new Set(said.map((line) => line.split(" ")[0])).size;

test("a request runs few policies, and finds what each of them finds by itself", () => {
  let runs = 0;
  let findings = 0;
  for (const resource of stacks.flat()) {
    const alone = ask(pack.values(), about(resource));
    const together = ask(pack, about(resource));
    expect(together.said, resource.urn).toEqual(alone.said);
    // Each policy says by itself that it cannot judge what is not known.
    if (!JSON.stringify(resource.props).includes(unknown)) expect(together.runs, resource.urn).toBeLessThanOrEqual(needed(alone));
    runs += together.runs;
    findings += together.said.length;
  }
  expect(findings).toBeGreaterThan(100);
  expect(runs / stacks.flat().length).toBeLessThan(8);
});

test("the same of the stack phase", () => {
  for (const resources of stacks) {
    const alone = ask(pack.values(), aboutAll(resources));
    const together = ask(pack, aboutAll(resources));
    expect(together.said).toEqual(alone.said);
    expect(together.runs).toBeLessThanOrEqual(needed(alone));
  }
});

test("a policy with settings runs until it has told them, and is judged by what they are at each request", () => {
  const fresh = policies();
  const configured: { registries?: string[] } = {};
  const container = sessionContainer({ image: `registry.example/agent@sha256:${"a".repeat(64)}` });
  const run = () =>
    ask(fresh, (policy, report) => {
      const validate = policy.validateResource as (args: ResourceValidationArgs, report: ReportViolation) => void;
      const own = policy.name === "CTR-034" ? configured : {};
      validate(
        { ...args(container), getConfig: () => own } as unknown as ResourceValidationArgs,
        policy.name === "CTR-034" ? report : () => {},
      );
      return policy.name === "CTR-034";
    });
  expect(run()).toEqual({ runs: 1, said: [] });
  expect(run()).toEqual({ runs: 0, said: [] });
  configured.registries = ["other.example"];
  expect(run()).toEqual({
    runs: 1,
    said: ['CTR-034 The container "alpha" must not take its image from registry.example, which is not an allowed registry.'],
  });
});

test("a walk of which nothing ran lists every policy", () => {
  expect([...pack].map(({ name }) => name)).toEqual(Array.from(pack.values(), ({ name }) => name));
});
