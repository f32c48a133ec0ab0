import { describe, expect, test } from "vitest";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { definition, machineTask, resource, sessionContainer } from "./fixtures.ts";

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
  const labelled = { DockerLabels: { a: unknown, Privileged: "x" }, LogConfiguration: { Options: { a: unknown } }, Command: [unknown] };
  expect(judged(state(labelled), "CTR-006", "CTR-008")).toEqual({ "CTR-006": ["violation"], "CTR-008": [] });
});

/** Every path into a value, from the whole of it to each of its leaves. */
function* pathsIn(value: unknown, path: readonly string[] = []): Iterable<readonly string[]> {
  if (path.length > 0) yield path;
  if (typeof value === "object" && value !== null) for (const [key, inner] of Object.entries(value)) yield* pathsIn(inner, [...path, key]);
}

/** The same resource with something else in one place. */
function replaced(one: Resource, [first = "", ...rest]: readonly string[], by: (value: unknown) => unknown): Resource {
  const put = (value: unknown, keys: readonly string[]): unknown => {
    const [key, ...more] = keys;
    if (key === undefined) return by(value);
    const copy = (Array.isArray(value) ? [...value] : { ...(value as object) }) as Record<string, unknown>;
    copy[key] = put(copy[key], more);
    return copy;
  };
  return { ...one, props: { ...one.props, [first]: put(one.props[first], rest) } };
}

describe("a privileged container", () => {
  const bad = { name: "x", image: definition.image, user: "10001", privileged: true, environment: [{ name: "A", value: "b" }] };
  const generic = {
    Family: "x",
    Volumes: [{ Name: "x", Host: { SourcePath: "/srv" } }],
    ContainerDefinitions: [
      { Name: "y", Image: "y" },
      { Name: "x", Image: definition.image, Privileged: true, LinuxParameters: { InitProcessEnabled: true } },
    ],
  };
  const wrapped: readonly (readonly [string, Resource])[] = [
    ["of Docker", sessionContainer({ privileged: true })],
    ["of a task", machineTask({ privileged: true })],
    [
      "of a task in another provider",
      resource("aws-native:ecs:TaskDefinition", "x", { family: "x", containerDefinitions: [{ name: "y" }, bad] }),
    ],
    [
      "of a generic resource",
      resource("aws-native:index:ExtensionResource", "x", { type: "AWS::ECS::TaskDefinition", properties: generic }),
    ],
    [
      "of Cloud Control",
      resource("aws:cloudcontrol/resource:Resource", "x", { typeName: "AWS::ECS::TaskDefinition", desiredState: JSON.stringify(generic) }),
    ],
    [
      "of a job",
      resource("aws-native:batch:JobDefinition", "x", { type: "container", containerProperties: bad, platformCapabilities: ["EC2"] }),
    ],
    [
      "of a job's tasks",
      resource("aws-native:batch:JobDefinition", "x", {
        type: "container",
        ecsProperties: { taskProperties: [{ containers: [{ name: "y" }, bad] }] },
      }),
    ],
    [
      "of a job's nodes",
      resource("aws-native:batch:JobDefinition", "x", {
        type: "multinode",
        nodeProperties: { numNodes: 2, nodeRangeProperties: [{ container: { image: "y" } }, { container: bad }] },
      }),
    ],
  ];

  test.each(wrapped)("%s is found, or said not to be evaluated, whatever one input is not known", (_, one) => {
    expect(judged(one, "CTR-006")).toEqual({ "CTR-006": ["violation"] });
    for (const path of pathsIn(one.props))
      expect([
        path.join("."),
        judged(
          replaced(one, path, () => unknown),
          "CTR-006",
        )["CTR-006"]?.length,
      ]).not.toEqual([path.join("."), 0]);
  });

  test.each(wrapped)("%s is found, whatever one input is a secret", (_, one) => {
    const seal = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
    for (const path of pathsIn(one.props))
      expect([path.join("."), judged(replaced(one, path, seal), "CTR-006")]).toEqual([path.join("."), { "CTR-006": ["violation"] }]);
  });
});
