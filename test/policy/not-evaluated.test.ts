import { describe, expect, test } from "vitest";
import { blocked, evaluate, type PolicyConfig, type Resource } from "../../policy/evaluate.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { fromPreview, fromState } from "../../policy/stack-files.ts";
import { changed, deployment, iamPolicy, role, sessionContainer, sessionVolume } from "./fixtures.ts";

const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
const stateOf = ({ urn, type, props }: Resource, inputs: object) => ({ urn, custom: true, type, inputs: { ...props, ...inputs } });
const container = sessionContainer();

/** What a rule of High or above reads, and is not known. */
const unread: readonly (readonly [string, readonly Resource[]])[] = [
  ["a secret in a state", fromState({ deployment: { resources: [stateOf(container, { privileged: sealed })] } })],
  ["a secret in a preview", fromPreview({ steps: [{ op: "create", newState: stateOf(container, { privileged: "[secret]" }) }] })],
  ["an output", [sessionContainer({ privileged: unknown })]],
  ["all of a pod", [changed(deployment, { "spec/template": unknown })]],
  ["a role's rules", [changed(role, { rules: unknown })]],
  ["what only a graver finding of a rule reads", [changed(sessionVolume, { driverOpts: unknown })]],
  ["a policy document", [changed(iamPolicy, { policy: unknown })]],
];

describe.each(unread)("%s that no rule could read", (_, resources) => {
  const at = (level: "local" | "single-node" | "production", config: PolicyConfig = {}) => evaluate(resources, { level, config });

  test("is not secure at any level, and stops production alone", () => {
    for (const level of ["local", "single-node", "production"] as const) expect(at(level).secure, level).toBe(false);
    const grave = (report: ReturnType<typeof at>) =>
      blocked({ ...report, findings: report.findings.filter(({ verdict }) => verdict === "not-evaluated") });
    expect(grave(at("single-node"))).toBe(false);
    expect(grave(at("production"))).toBe(true);
    expect(grave(at("production", { "GEN-002": { allowNotEvaluated: true } }))).toBe(false);
    expect(at("production", { "GEN-002": { allowNotEvaluated: true } }).secure).toBe(false);
  });
});

test("what no rule of High reads, or is excepted, counts against nothing", () => {
  const secureWith = (one: Resource, config: PolicyConfig = {}) => evaluate([one], { level: "production", config }).secure;
  expect(secureWith(sessionContainer({ cpus: unknown }))).toBe(true);
  const exceptions = [{ resource: "alpha", reason: "a test", owner: "me", expires: "2999-01-01" }];
  const image = sessionContainer({ image: unknown });
  expect(secureWith(image)).toBe(false);
  expect(secureWith(image, { "CTR-033": { exceptions } })).toBe(true);
});
