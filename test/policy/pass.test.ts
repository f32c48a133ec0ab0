import type { PolicyResource, ReportViolation, ResourceValidationArgs } from "@pulumi/policy";
import { expect, test } from "vitest";
import { severitiesOf } from "../../policy/configuration.ts";
import { policies } from "../../policy/policies.ts";
import { rules } from "../../policy/rules/index.ts";
import type { Resource } from "../../policy/evaluate.ts";
import { dockerApp } from "./foreign/docker-app.ts";
import { ecsApp } from "./foreign/ecs-app.ts";
import { kubernetesApp } from "./foreign/kubernetes-app.ts";
import { compliant } from "./fixtures.ts";

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

test("a request runs few policies, and finds what each of them finds by itself", () => {
  let runs = 0;
  let findings = 0;
  for (const resource of stacks.flat()) {
    const together = ask(pack, about(resource));
    const alone = ask(pack.values(), about(resource));
    expect(together.said, resource.urn).toEqual(alone.said);
    expect(together.runs).toBeLessThan(alone.runs / 2);
    runs += together.runs;
    findings += together.said.length;
  }
  expect(findings).toBeGreaterThan(100);
  expect(runs / stacks.flat().length).toBeLessThan(15);
});

test("the same of the stack phase", () => {
  const toldSettings = rules.filter(({ stack, settings }) => stack && settings).flatMap(severitiesOf).length;
  expect(toldSettings).toBeLessThan(5);
  for (const resources of stacks) {
    const together = ask(pack, aboutAll(resources));
    const alone = ask(pack.values(), aboutAll(resources));
    expect(together.said).toEqual(alone.said);
    // One that opens the stack for all, those that found something, and those that alone are told their settings.
    expect(together.runs).toBeLessThanOrEqual(1 + new Set(alone.said.map((line) => line.split(" ")[0])).size + toldSettings);
  }
});

test("a walk of which nothing ran lists every policy", () => {
  expect([...pack].map(({ name }) => name)).toEqual(Array.from(pack.values(), ({ name }) => name));
});
