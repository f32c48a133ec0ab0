import { describe, expect, test } from "vitest";
import { allowedOnEvery, allowsEverything, allowsService, reachesEvery, servicesIn } from "../../../policy/rules/read/reach.ts";

const inAccount = "arn:aws:any:eu-west-1:123456789012";

describe("a pattern after a type of resources", () => {
  test.each(
    (
      "role user group policy instance-profile oidc-provider saml-provider table function layer instance cluster service task task-definition " +
      "container-instance secret key alias parameter document stack changeSet project repository log-group volume security-group subnet vpc " +
      "image snapshot network-interface db db-cluster rule event-bus stateMachine stateMachines activity notebook-instance training-job devEndpoint " +
      "job crawler database catalog workgroup stream topic queue pipeline application environment server endpoint model bot file-system access-point " +
      "loadbalancer targetgroup listener certificate distribution hostedzone userpool identitypool domain dataset fleet build report-group launch-template"
    ).split(" "),
  )("%s/* is every one of it, and one's own folder is not", (type) => {
    for (const mark of ["/", ":"]) {
      expect(reachesEvery([`${inAccount}:${type}${mark}*`], "any")).toBe(true);
      expect(reachesEvery([`${inAccount}:${type}x${mark}*`], "any")).toBe(false);
      expect(reachesEvery([`${inAccount}:${type}${mark}mine-*`], "any")).toBe(false);
    }
  });
});

test("a name of one letter is nobody's, so that a pattern for those names next to none", () => {
  expect(reachesEvery(["arn:aws:iam::123456789012:role/?"], "iam", "role/")).toBe(false);
  expect(reachesEvery(["arn:aws:iam::123456789012:role/??"], "iam", "role/")).toBe(false);
  expect(reachesEvery(["arn:aws:iam::123456789012:role/?*"], "iam", "role/")).toBe(true);
});

describe("a pattern for nearly all", () => {
  test.each<[string, boolean]>([
    ["*", true],
    ["?*", true],
    ["*?*", true],
    ["?", false],
    ["arn:aws:s3:::*", true],
    ["arn:aws-cn:s3:::*", true],
    ["arn:aws-us-gov:s3:::*", true],
    ["arn:*:s3:::*", true],
    ["arn:aws:*", true],
    ["arn:aws:s3:eu-central-1:123456789012:*", true],
    ["arn:azure:s3:::*", false],
    ["xarn:aws-cn:s3:::*", false],
    ["arn:aws:sqs:::*", false],
    ["arn:aws:s3:::mine-*", false],
    ["arn:aws:s3:::", false],
  ])("%s reaches every bucket: %s", (pattern, does) => {
    expect(reachesEvery([pattern], "s3")).toBe(does);
  });

  test.each<[string, boolean]>([
    ["arn:aws:sqs:*:*:*", true],
    ["arn:aws:sqs:us-*:*:*", true],
    ["arn:aws:sqs:us-east-?:*:*", true],
    ["arn:aws:sqs:us-east-1:*:*", true],
    ["arn:aws:sqs:us-*:999999999999:*", true],
    ["arn:aws:sqs:*:99*:*", true],
    ["arn:aws:sqs:*:99999999999?:*", true],
    ["arn:aws-cn:sqs:*:*:*", true],
    ["arn:aws-*:sqs:*:*:*", true],
    ["arn:aws*:sqs:*:*:*", true],
    ["arn:*:sqs:*:*:*", true],
    ["arn:aws:sqs:*", true],
    ["arn:aws:sqs:us-*", true],
    ["arn:aws:sqs:us-*:*:mine-*", false],
    ["arn:aws:sns:us-*:*:*", false],
    ["arn:aws:sqs:us-*:*:", false],
  ])("%s reaches every queue: %s", (pattern, does) => {
    expect(reachesEvery([pattern], "sqs")).toBe(does);
  });
});

describe("patterns of actions", () => {
  const halves = (service: string, last: string) =>
    [..."abcdefghijklmnopqrstuvwxyz"].filter((letter) => letter <= last).map((letter) => `${service}:${letter}*`);

  test.each<[readonly string[], boolean]>([
    [["*"], true],
    [["s3:*"], true],
    [["s?:*"], true],
    [["s3:?*"], true],
    [halves("s3", "m"), true],
    [halves("s3", "l"), false],
    [["s3:get*", "s3:put*"], false],
    [["s3:getobject"], false],
    [["s3"], false],
    [["sqs:*"], false],
    [["s3control:*"], false],
    [[], false],
  ])("%j allow nearly all of s3: %s", (patterns, does) => {
    expect(allowsService(patterns, "s3")).toBe(does);
  });

  // Those by which one sees that all are meant.
  const sixteen = "iam sts ec2 s3 lambda ecs kms rds ssm logs sns sqs eks ecr organizations cloudformation".split(" ");
  const each = (services: readonly string[]) => services.map((service) => `${service}:*`);

  test("nearly all services are more than half of those that everybody has", () => {
    expect([allowsEverything(["*"]), allowsEverything(["*:*"]), allowsEverything(each(sixteen)), allowsEverything([])]).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect([8, 9].map((count) => allowsEverything(each(sixteen.slice(0, count))))).toEqual([false, true]);
    expect([8, 9].map((count) => allowsEverything(each(sixteen.slice(-count))))).toEqual([false, true]);
    expect(allowsEverything(sixteen.map((service) => `${service}:get*`))).toBe(false);
  });

  test.each<[readonly string[], readonly string[]]>([
    [
      ["s3:get*", "s3:put*", "bedrock-runtime:*"],
      ["s3", "bedrock-runtime"],
    ],
    [["e*:*"], ["ec2", "ecs", "eks", "ecr"]],
    [["s?s:x"], ["sts", "sns", "sqs"]],
    [["*"], sixteen],
    [["ec*"], ["ec2", "ecs", "ecr"]],
    [["s3"], ["s3"]],
    [["dynamodb"], []],
    [[], []],
  ])("%j name %j", (patterns, services) => {
    expect(servicesIn(patterns)).toEqual(services);
  });

  test("what statements reach together is reached by the action that they share", () => {
    const statement = (allows: boolean, actions: string[], ...resources: string[]) => ({
      allows,
      actions,
      resources,
      principals: [],
      excepts: false,
      condition: {},
    });
    const half = (from: number, to: number) =>
      [..."abcdefghijklmnopqrstuvwxyz"].slice(from, to).map((letter) => `${inAccount.replace("any", "sqs")}:${letter}*`);
    const [first, second] = [half(0, 7), half(7, 14)];
    expect(allowedOnEvery([statement(true, ["sqs:a", "sqs:b"], "*")], "sqs")).toEqual(["sqs:a", "sqs:b"]);
    expect(allowedOnEvery([statement(false, ["sqs:a"], "*")], "sqs")).toEqual([]);
    expect(allowedOnEvery([statement(true, ["sqs:a"], ...first)], "sqs")).toEqual([]);
    const both = [statement(true, ["sqs:a", "sqs:b"], ...first), statement(true, ["sqs:a"], ...second)];
    expect(allowedOnEvery(both, "sqs")).toEqual(["sqs:a"]);
  });
});
