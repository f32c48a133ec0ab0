import { describe, expect, test } from "vitest";
import { reachesEvery } from "../../../policy/rules/read/reach.ts";

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
