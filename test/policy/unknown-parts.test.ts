import { describe, expect, test } from "vitest";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { definition, resource } from "./fixtures.ts";

/** What rules say of a resource: those that found something, and those that could not look. */
function judged(one: Resource, ...ids: string[]): Record<string, string[]> {
  const { findings } = evaluate([one]);
  return Object.fromEntries(ids.map((id) => [id, findings.filter(({ rule }) => rule === id).map(({ verdict }) => verdict)]));
}

const input = JSON.stringify({ containerOverrides: [{ name: "agent", environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }] });
const outside = { networkConfiguration: { assignPublicIp: true } };

describe("what is not known of a task that something else runs", () => {
  /** Where each describes its target, and the text that changes the containers. */
  const places: readonly (readonly [string, (parameters: unknown, input: unknown) => Resource])[] = [
    ["EventBridge", (ecsTarget, text) => resource("aws:cloudwatch/eventTarget:EventTarget", "x", { ecsTarget, input: text })],
    [
      "a rule of EventBridge",
      (ecsParameters, text) => resource("aws-native:events:Rule", "x", { targets: [{ id: unknown }, { ecsParameters, input: text }] }),
    ],
    ["Scheduler", (ecsParameters, text) => resource("aws:scheduler/schedule:Schedule", "x", { target: { ecsParameters, input: text } })],
  ];

  test.each(places)("%s: its input hides no network, and counts as not evaluated", (_, target) => {
    expect(judged(target(outside, unknown), "ECS-002", "CTR-026")).toEqual({ "ECS-002": ["violation"], "CTR-026": ["not-evaluated"] });
  });

  test.each(places)("%s: its network hides no secret", (_, target) => {
    expect(judged(target({ networkConfiguration: unknown }, input), "ECS-002", "CTR-026")).toEqual({
      "ECS-002": ["not-evaluated"],
      "CTR-026": ["violation"],
    });
  });

  test.each(places)("%s: whether it runs one at all", (_, target) => {
    expect(judged(target(unknown, input), "ECS-002", "CTR-026")).toEqual({ "ECS-002": ["not-evaluated"], "CTR-026": ["not-evaluated"] });
  });

  test("Pipes, and one target beside another", () => {
    const pipe = (ecsTaskParameters: object) => resource("aws:pipes/pipe:Pipe", "x", { targetParameters: { ecsTaskParameters } });
    const secrets = { containerOverrides: [{ environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }] };
    expect(judged(pipe({ networkConfiguration: unknown, overrides: secrets }), "ECS-002", "CTR-026")).toEqual({
      "ECS-002": ["not-evaluated"],
      "CTR-026": ["violation"],
    });
    expect(judged(pipe({ ...outside, overrides: unknown }), "ECS-002", "CTR-026")).toEqual({
      "ECS-002": ["violation"],
      "CTR-026": ["not-evaluated"],
    });
  });
});

describe("what is not known of a job of Batch", () => {
  const job = (container: object, rest: object = {}) =>
    resource("aws-native:batch:JobDefinition", "x", {
      type: "container",
      containerProperties: { image: definition.image, executionRoleArn: "arn:aws:iam::123456789012:role/x", ...container },
      ...rest,
    });

  test.each([
    ["user", "CTR-007"],
    ["resourceRequirements", "CTR-021"],
    ["linuxParameters", "CTR-015"],
    ["environment", "CTR-026"],
    ["jobRoleArn", "ECS-004"],
  ])("%s hides nothing else", (key, id) => {
    expect(judged(job({ privileged: true, [key]: unknown }), "CTR-006", id)).toEqual({
      "CTR-006": ["violation"],
      [id]: expect.arrayContaining(["not-evaluated"]),
    });
  });

  test("its nodes hide no container of its own, and the other way round", () => {
    expect(judged(job({ privileged: true }, { nodeProperties: unknown }), "CTR-006")).toEqual({
      "CTR-006": ["violation", "not-evaluated"],
    });
    const nodes = { nodeRangeProperties: [{ container: unknown }, { container: { image: definition.image, privileged: true } }] };
    expect(judged(resource("aws-native:batch:JobDefinition", "x", { nodeProperties: nodes }), "CTR-006")).toEqual({
      "CTR-006": ["violation", "not-evaluated"],
    });
  });
});

test("one input that is not known in a generic resource hides no other", () => {
  const state = (change: object) =>
    resource("aws-native:index:ExtensionResource", "x", {
      type: "AWS::ECS::TaskDefinition",
      properties: {
        Family: unknown,
        ContainerDefinitions: [{ Name: "x", Image: definition.image, Privileged: true, User: unknown, ...change }],
      },
    });
  expect(judged(state({}), "CTR-006", "CTR-007")).toEqual({ "CTR-006": ["violation"], "CTR-007": ["not-evaluated"] });
  expect(judged(state({ Privileged: unknown }), "CTR-006")).toEqual({ "CTR-006": ["not-evaluated"] });
});
