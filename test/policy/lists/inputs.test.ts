import { describe, expect, test } from "vitest";
import { resource } from "../fixtures.ts";
import { found } from "./found.ts";

const aws = (type: string, props: Record<string, unknown>) => resource(`aws:${type}`, "x", props);
const target = (props: Record<string, unknown>) => aws("cloudwatch/eventTarget:EventTarget", { arn: "arn:aws:x", ...props });
const variable = (name: string, value: string) => JSON.stringify({ ContainerOverrides: { Environment: [{ Name: name, Value: value }] } });
const commands = (...words: string[]) => JSON.stringify({ commands: words });

/** Everything that hands a text to what it starts. */
const places: readonly (readonly [string, (text: string) => ReturnType<typeof aws>])[] = [
  ["a target's input", (input) => target({ input })],
  ["a target's template", (inputTemplate) => target({ inputTransformer: { inputPaths: { v: "$.v" }, inputTemplate } })],
  ["a target of the other provider", (Input) => resource("aws-native:events:Rule", "x", { targets: [{ id: "a", input: Input }] })],
  [
    "its template",
    (inputTemplate) => resource("aws-native:events:Rule", "x", { targets: [{ id: "a", inputTransformer: { inputTemplate } }] }),
  ],
  ["a schedule", (input) => aws("scheduler/schedule:Schedule", { target: { arn: "arn:aws:x", input } })],
  ["a pipe", (inputTemplate) => aws("pipes/pipe:Pipe", { targetParameters: { inputTemplate } })],
  ["a pipe's enrichment", (inputTemplate) => aws("pipes/pipe:Pipe", { enrichmentParameters: { inputTemplate } })],
  [
    "a state machine",
    (text) =>
      aws("sfn/stateMachine:StateMachine", {
        definition: JSON.stringify({
          States: { A: { Type: "Task", Resource: "arn:aws:states:::batch:submitJob.sync", Parameters: JSON.parse(text) as unknown } },
        }),
      }),
  ],
];

describe.each(places)("the input of %s", (_, make) => {
  test("may hold no secret", () => {
    const says = (what: string) => [expect.stringMatching(new RegExp(`^high: The input of "x" must not have a secret${what}\\.$`))];
    expect(found("CTR-027", make(variable("DB_PASSWORD", "hunter2")))).toEqual(says(" in DB_PASSWORD"));
    expect(found("CTR-027", make(JSON.stringify({ a: [{ apiKey: "q7Zx81Kp0Lm2" }] })))).toEqual(says(" in apiKey"));
    expect(found("CTR-027", make(commands("export PGPASSWORD=hunter2; psql")))).toEqual(says(" in commands"));
    expect(
      found("CTR-027", make(JSON.stringify({ Overrides: { containerOverrides: [{ command: ["--token=abcdefgh123"] }] } }))),
    ).toHaveLength(1);
  });

  test("may hold anything else", () => {
    for (const words of [
      variable("LEVEL", "info"),
      variable("DB_PASSWORD", ""),
      variable("DB_PASSWORD", "<password>"),
      variable("DB_PASSWORD_FILE", "/run/secrets/db"),
      commands("psql -h db", "echo done"),
      JSON.stringify({ "token.$": "$.token", password: "{% $states.input.password %}" }),
      "{}",
    ])
      expect([words, found("CTR-027", make(words))]).toEqual([words, []]);
  });
});

test("a template is read with its places empty, and as text where it is no JSON", () => {
  const template = (inputTemplate: string, more = {}) => target({ inputTransformer: { inputTemplate }, ...more });
  expect(found("CTR-027", template('{"id": <id>, "dbPassword": "hunter2"}'))).toHaveLength(1);
  expect(found("CTR-027", template('{"id": <id>, "dbPassword": <password>}'))).toEqual([]);
  expect(found("CTR-027", template('"run with --password=hunter22 for <id>"'))).toHaveLength(1);
  expect(found("CTR-027", template("run with --password=hunter22 for <id>"))).toHaveLength(1);
  expect(found("CTR-027", template("run for <id>"))).toEqual([]);
});

test("a task of ECS takes a template like an input", () => {
  const overrides =
    '{"containerOverrides": [{"name": "a", "environment": [{"name": "DB_PASSWORD", "value": "hunter2"}, {"name": "ID", "value": <id>}]}]}';
  const task = target({ ecsTarget: { taskDefinitionArn: "arn:aws:x" }, inputTransformer: { inputTemplate: overrides } });
  expect(found("CTR-026", task)).toEqual(['high: The task of "x" must not take a secret from the environment variable DB_PASSWORD.']);
  expect(found("CTR-027", task)).toEqual([]);
});

test("the defaults of a job's parameters are no place for secrets", () => {
  const job = (parameters: Record<string, string>) => aws("batch/jobDefinition:JobDefinition", { type: "container", parameters });
  expect(found("CTR-027", job({ dbPassword: "hunter2" }))).toHaveLength(1);
  expect(found("CTR-027", job({ level: "info" }))).toEqual([]);
  const pipe = aws("pipes/pipe:Pipe", {
    targetParameters: { batchJobParameters: { containerOverrides: { environments: [{ name: "DB_PASSWORD", value: "hunter2" }] } } },
  });
  expect(found("CTR-027", pipe)).toHaveLength(1);
});
