import { describe, expect, test } from "vitest";
import { buildArguments, buildOf, contextOf, dockerfileOf, isRemote } from "../../../policy/rules/read/build.ts";
import { bindsKey, namesCaller, testsIn } from "../../../policy/rules/read/conditions.ts";
import { finalStage, instructions, stageBase, stageName } from "../../../policy/rules/read/dockerfile.ts";
import { attachedPolicies, grants, isScoped } from "../../../policy/rules/read/iam.ts";
import {
  allowsAction,
  covers,
  isForEverybody,
  isPattern,
  type Statement,
  statementsOf,
} from "../../../policy/rules/read/policy-document.ts";
import type { Subject } from "../../../policy/rules/read/subject.ts";
import type { Props } from "../../../policy/rules/read/value.ts";

const subject = (kind: string, props: Props): Subject => ({
  resource: { urn: "", type: "", name: "x", props: {} },
  kind,
  name: "x",
  props,
  isPatch: false,
});

describe("a Dockerfile's instructions", () => {
  test.each<[string, string[]]>([
    ["", []],
    ["FROM a", ["FROM|a"]],
    ["from a\r\nRun  b  c \n", ["FROM|a", "RUN|b  c"]],
    ["  \tFROM\ta  ", ["FROM|a"]],
    ["# FROM a\n  #FROM b\nFROM c # d", ["FROM|c # d"]],
    ["RUN a \\\n  b \\\n c", ["RUN|a    b   c"]],
    ["RUN a ` \t\n b", ["RUN|a   b"]],
    ["RUN a \\\n# a comment\n b", ["RUN|a   b"]],
    ["RUN a \\x\nUSER b", ["RUN|a \\x", "USER|b"]],
    ["RUN\nUSER b", ["USER|b"]],
    ["1FROM a\n-x b\nA1 b", []],
    ["a b\n\nc d", ["A|b", "C|d"]],
  ])("of %j", (source, expected) => {
    expect(instructions(source).map(({ word, rest }) => `${word}|${rest}`)).toEqual(expected);
  });

  test.each<[string, string | undefined, string]>([
    ["ARG a", undefined, "a"],
    ["ARG a\nFROM b\nRUN c", undefined, "b c"],
    ["FROM a\nRUN b\nFROM c\nRUN d", undefined, "c d"],
    ["FROM a AS one\nRUN b\nFROM c as Two\nRUN d\nFROM e\nRUN f", "one", "a AS one b"],
    ["FROM a AS one\nRUN b\nFROM c as Two\nRUN d\nFROM e\nRUN f", "two", "c as Two d"],
    ["FROM a AS one\nRUN b\nFROM c\nRUN d", "gone", "c d"],
    // A stage has what the one that it builds on has set, and what that one builds on.
    ["FROM a AS one\nRUN b\nFROM one AS two\nRUN c\nFROM two\nRUN d", undefined, "a AS one b one AS two c two d"],
    ["FROM a AS one\nRUN b\nFROM one\nRUN c\nFROM d\nRUN e", undefined, "d e"],
    // A name that comes later, or is the stage's own, is an image.
    ["FROM b AS a\nRUN x\nFROM c AS b\nRUN y", "a", "b AS a x"],
    ["FROM one AS one\nRUN b", undefined, "one AS one b"],
  ])("of %j, built to %s", (source, target, expected) => {
    const own = finalStage(instructions(source), target);
    expect(own.map(({ rest }) => rest).join(" ")).toBe(expected);
  });

  test.each<[string, string, string | undefined]>([
    ["a", "a", undefined],
    ["a AS b", "a", "b"],
    ["a as B", "a", "b"],
    ["a  As\tb", "a", "b"],
    ["--platform=linux/amd64 a AS b", "a", "b"],
    ["--x --y  a", "a", undefined],
    ["--x", "", undefined],
    ["--x a  AS  B ", "a", "b"],
    ["a--x AS b", "a--x", "b"],
    [" a", "a", undefined],
    ["aASb", "aASb", undefined],
    ["", "", undefined],
  ])("a stage from %j", (from, base, name) => {
    expect([stageBase(from), stageName(from)]).toEqual([base, name]);
  });
});

describe("a build", () => {
  const image = (props: Props, kind = "docker:Image") => subject(kind, props);

  test("is in the image, or is the image", () => {
    expect(buildOf(image({ build: "./x" }))).toEqual({ context: "./x" });
    expect(buildOf(image({ build: { context: "y" } }))).toEqual({ context: "y" });
    expect(buildOf(image({}))).toEqual({});
    expect(buildOf(image({ context: "z", build: { context: "y" } }, "docker-build:Image"))).toMatchObject({ context: "z" });
  });

  test("has arguments by either name", () => {
    expect([...buildArguments(image({ build: { args: { a: "b" }, buildArgs: { c: 1, d: null } } }))]).toEqual([
      ["a", "b"],
      ["c", "1"],
      ["d", ""],
    ]);
  });

  test.each<[string, Props, string | undefined, string | undefined]>([
    ["docker:Image", { build: "./x" }, "./x", "./x/Dockerfile"],
    ["docker:Image", { build: { context: "x", dockerfile: "y" } }, "x", "y"],
    ["docker:Image", { build: {} }, undefined, undefined],
    ["docker:RemoteImage", { build: { context: "x", dockerfile: "y" } }, "x", "x/y"],
    ["docker:RemoteImage", { build: { context: "x" } }, "x", "x/Dockerfile"],
    ["docker:RegistryImage", { build: { context: "x", dockerfile: "y" } }, "x", "x/y"],
    ["docker:RemoteImage", { build: { context: "x", remoteContext: "https://y/z.git" } }, "https://y/z.git", undefined],
    ["docker-build:Image", { context: { location: "x" }, dockerfile: { location: "y" } }, "x", "y"],
    ["docker-build:Image", { context: { location: "x" } }, "x", "x/Dockerfile"],
    ["docker-build:Image", { context: { location: "git@host:x" }, dockerfile: { location: "y" } }, "git@host:x", undefined],
  ])("of %s %j has its context and its Dockerfile", (kind, props, context, dockerfile) => {
    expect([contextOf(image(props, kind)), dockerfileOf(image(props, kind))]).toEqual([context, dockerfile]);
  });

  test.each<[string, boolean]>([
    ["http://x", true],
    ["https://x", true],
    ["git://x", true],
    ["ssh://x", true],
    ["git@x:y", true],
    ["github.com/x/y", true],
    ["../x.git", true],
    ["../x.git#main", true],
    ["ftp://x", false],
    ["./https://x", false],
    ["x/git@y", false],
    ["x/github.com/y", false],
    ["x.gitx", false],
    ["xgit", false],
    ["github.com", false],
  ])("at %s is remote: %s", (context, is) => {
    expect(isRemote(context)).toBe(is);
  });
});

describe("conditions", () => {
  test.each<[string, string, boolean]>([
    ["StringEquals", "stringequals", false],
    ["StringEqualsIfExists", "stringequals", true],
    ["ForAnyValue:StringLike", "stringlike", false],
    ["ForAllValues:StringLike", "stringlike", true],
    ["ForAllValue:StringLike", "stringlike", true],
    ["forallvalues:StringLikeIfExists", "stringlike", true],
    ["XForAnyValue:StringLike", "xforanyvalue:stringlike", false],
    ["IfExistsX", "ifexistsx", false],
  ])("the operator %s", (written, operator, holdsWithout) => {
    expect([...testsIn({ [written]: { "AWS:SourceArn": ["a", null, 1], b: "c" } })]).toEqual([
      { operator, key: "aws:sourcearn", values: ["a", "1"], holdsWithout },
      { operator, key: "b", values: ["c"], holdsWithout },
    ]);
  });

  test("an operator on nothing asks for nothing", () => {
    expect([...testsIn({ StringEquals: "x", StringLike: null, Bool: {} })]).toEqual([]);
  });

  test.each<[string, boolean]>([
    ["StringEquals", true],
    ["StringEqualsIgnoreCase", true],
    ["Bool", true],
    ["Null", true],
    ["IpAddress", true],
    ["NumericEquals", true],
    ["StringLike", true],
    ["ArnEquals", true],
    ["ArnLike", true],
    ["StringNotEquals", false],
    ["StringNotLike", false],
    ["NotIpAddress", false],
    ["NumericLessThan", false],
    ["ArnNotLike", false],
    ["StringEqualsIfExists", false],
    ["XStringEquals", false],
    ["StringLikeX", false],
  ])("%s binds a key: %s", (operator, binds) => {
    const bound = (condition: Props) =>
      bindsKey(
        condition,
        (key) => key === "k",
        (value) => value === "good",
      );
    expect(bound({ [operator]: { K: "good" } })).toBe(binds);
    expect(bound({ [operator]: { K: ["good", "good"] } })).toBe(binds);
    expect(bound({ [operator]: { K: ["good", "bad"] } })).toBe(false);
    expect(bound({ [operator]: { K: [] } })).toBe(false);
    expect(bound({ [operator]: { other: "good" } })).toBe(false);
    expect(bound({ StringEquals: { other: "good" }, [operator]: { other: "good", k: "good" } })).toBe(binds);
  });

  test("a star is a pattern to those operators that know patterns", () => {
    const seen: unknown[] = [];
    const see = (operator: string, value: string) =>
      bindsKey(
        { [operator]: { k: value } },
        () => true,
        (one, isPattern) => seen.push([operator, one, isPattern]) === 0,
      );
    for (const operator of ["StringEquals", "StringLike", "ArnLike"]) for (const value of ["a", "a*", "a?"]) see(operator, value);
    expect(seen).toEqual([
      ["StringEquals", "a", false],
      ["StringEquals", "a*", false],
      ["StringEquals", "a?", false],
      ["StringLike", "a", false],
      ["StringLike", "a*", true],
      ["StringLike", "a?", true],
      ["ArnLike", "a", false],
      ["ArnLike", "a*", true],
      ["ArnLike", "a?", true],
    ]);
  });

  test.each([
    "aws:PrincipalOrgID",
    "aws:PrincipalOrgPaths",
    "aws:PrincipalAccount",
    "aws:PrincipalArn",
    "aws:SourceOrgID",
    "aws:SourceOrgPaths",
    "aws:SourceAccount",
    "aws:SourceOwner",
    "aws:SourceArn",
    "aws:SourceVpc",
    "aws:SourceVpce",
    "aws:userid",
    "kms:CallerAccount",
  ])("%s names a caller, and a key beside it does not", (key) => {
    expect(namesCaller({ StringEquals: { [key]: "x" } })).toBe(true);
    expect(namesCaller({ StringEquals: { [`${key}x`]: "x" } })).toBe(false);
    expect(namesCaller({ StringEquals: { [`x${key}`]: "x" } })).toBe(false);
  });

  test.each<[string, boolean]>([
    ["o-abcd", true],
    ["o-ab*", true],
    ["o-a*", false],
    ["????abcd", false],
    ["*", false],
    ["*abcd", false],
    ["", false],
    ["arn:aws:s3:::bucket", true],
    ["arn:aws:s3:::buc*", true],
    ["arn:aws:s3:::bu*", false],
    ["arn:aws:s3:::*", false],
    ["arn:aws:sns:eu-central-1:123456789012:*", true],
    ["arn:aws:sns:*:123456789012:*", true],
    ["arn:aws:sns:eu-central-1:*:topic", false],
    ["arn:aws:sns:eu-central-1:12345678901?:topic", false],
    ["arn:aws:x:::restapis/*", false],
    ["arn:aws:x:::restapis/a*", true],
    ["arn:*", false],
    ["arn", true],
    ["xarn:*", true],
  ])("a caller like %j is named: %s", (value, names) => {
    expect(namesCaller({ StringLike: { "aws:SourceArn": value } })).toBe(names);
  });
});

describe("a policy document", () => {
  const allow: Statement = { allows: true, actions: [], resources: [], principals: [], excepts: false, condition: {} };

  test.each<[unknown, object[]]>([
    [undefined, []],
    [null, []],
    ["", []],
    [{}, []],
    [{ Statement: [] }, []],
    [{ Statement: { Effect: "Allow" } }, [{}]],
    ['{"statement":[{"effect":"ALLOW"},{"Effect":"Deny"},{}]}', [{}, { allows: false }, { allows: false }]],
    [{ statements: [{ effect: "Allow", actions: "S3:Get*", resources: ["A"] }] }, [{ actions: ["s3:get*"], resources: ["A"] }]],
    [{ Statement: { Effect: "Allow", Action: ["A:B", null, "c:d"] } }, [{ actions: ["a:b", "c:d"] }]],
    [{ Statement: { Effect: "Allow", NotAction: "a:b", Action: "c:d" } }, [{ actions: ["*"], excepts: true }]],
    [{ Statement: { Effect: "Allow", NotResource: "a", Resource: "b" } }, [{ resources: ["*"], excepts: true }]],
    [{ Statement: { Effect: "Allow", NotPrincipal: { AWS: "a" } } }, [{ principals: [{ type: "*", id: "*" }], excepts: true }]],
    [{ Statement: { Effect: "Allow", Principal: "*" } }, [{ principals: [{ type: "*", id: "*" }] }]],
    [
      { Statement: { Effect: "Allow", Principal: { AWS: ["a", "b"], Service: "c" } } },
      [
        {
          principals: [
            { type: "aws", id: "a" },
            { type: "aws", id: "b" },
            { type: "service", id: "c" },
          ],
        },
      ],
    ],
    [
      { Statement: { Effect: "Allow", principals: [{ type: "AWS", identifiers: ["a", "b"] }, { identifiers: ["c"] }, "d", null] } },
      [
        {
          principals: [
            { type: "aws", id: "a" },
            { type: "aws", id: "b" },
            { type: "", id: "c" },
            { type: "*", id: "d" },
            { type: "*", id: "" },
          ],
        },
      ],
    ],
    [{ Statement: { Effect: "Allow", Condition: { Bool: { a: "b" } } } }, [{ condition: { Bool: { a: "b" } } }]],
    [
      {
        statements: {
          effect: "Allow",
          conditions: [
            { test: "Bool", variable: "a", values: ["b"] },
            { test: "Bool", variable: "c", values: ["d"] },
            { test: "Null", values: ["e"] },
            { variable: "f", values: [] },
          ],
        },
      },
      [{ condition: { Bool: { a: ["b"], c: ["d"] }, Null: { "": ["e"] }, "": { f: [] } } }],
    ],
  ])("%j", (document, expected) => {
    expect([...statementsOf(document)]).toEqual(expected.map((one) => ({ ...allow, ...one })));
  });

  test.each<[unknown, string]>([
    ["{", "an input is not a policy document in JSON"],
    ["[]", "an input is not a policy document in JSON"],
    ["5", "an input is not a policy document in JSON"],
    [5, "an input is not an object"],
    [{ Statement: "x" }, "an input is not an object"],
  ])("%j is none", (document, message) => {
    expect(() => [...statementsOf(document)]).toThrow(message);
  });

  test.each<[string, boolean]>([
    ["*", true],
    ["**", true],
    ["arn:aws:iam::*:root", true],
    ["arn:aws-cn:sts::?*:assumed-role/x", true],
    ["arn:aws:iam::123456789012:root", false],
    ["arn:aws:iam::12*:root", false],
    ["arn:aws:s3::*:x", false],
    ["x*", false],
    ["*x", false],
    ["xarn:aws:iam::*:root", false],
    ["", false],
  ])("a principal %j is everybody: %s", (id, is) => {
    expect(
      isForEverybody({
        ...allow,
        principals: [
          { type: "aws", id: "me" },
          { type: "aws", id },
        ],
      }),
    ).toBe(is);
  });

  test.each<[string, string, boolean]>([
    ["a", "a", true],
    ["a", "A", false],
    ["a", "ab", false],
    ["*", "", true],
    ["a*", "a\nb", true],
    ["a*", "ba", false],
    ["*a", "ab", false],
    ["a?c", "abc", true],
    ["a?c", "ac", false],
    ["a??", "abc", true],
    ["a??", "ab", false],
    ["a?*", "a", true],
    ["a.c", "abc", false],
    ["a.*", "abc", false],
    ["(a|b)*", "(a|b)c", true],
    ["(a|b)*", "ac", false],
    ["${aws:username}/*", "${aws:username}/x", true],
    ["[a]*", "a", false],
    ["a+*", "aa", false],
    ["a\\*", "a\\b", true],
    ["^a$*", "^a$", true],
  ])("the pattern %j covers %j: %s", (pattern, words, does) => {
    expect([covers(pattern, words), covers(pattern, words)]).toEqual([does, does]);
  });

  test("an action is allowed in any case", () => {
    expect([allowsAction("S3:Get*", "s3:getObject"), allowsAction("s3:get", "S3:GET"), allowsAction("s3:put*", "s3:GetObject")]).toEqual([
      true,
      true,
      false,
    ]);
    expect(["a", "a*", "a?"].map(isPattern)).toEqual([false, true, true]);
  });
});

describe("what a resource of IAM grants", () => {
  const document = (action: string) => ({ Statement: { Effect: "Allow", Action: action } });

  test.each<[Props, string[]]>([
    [{}, []],
    [{ policy: document("a:a") }, ["a:a"]],
    [{ policyDocument: document("a:b") }, ["a:b"]],
    [{ inlinePolicy: document("a:c") }, ["a:c"]],
    [{ inlinePolicies: [{ policy: document("a:d") }, { policyDocument: document("a:e") }] }, ["a:d", "a:e"]],
    [{ policies: [{ policyDocument: document("a:f") }] }, ["a:f"]],
    [{ policy: document("a:a"), inlinePolicy: document("a:c"), policies: [{ policy: document("a:d") }] }, ["a:a", "a:c", "a:d"]],
    [{ other: document("a:a") }, []],
  ])("%j", (props, actions) => {
    expect([...grants(subject("aws:iam:Role", props))].flatMap((one) => one.actions)).toEqual(actions);
  });

  test.each<[Props, string[]]>([
    [{}, []],
    [{ policyArn: "arn:aws:iam::aws:policy/a" }, ["a"]],
    [{ policyArn: "arn:aws:iam::1:policy/path/b" }, ["b"]],
    [{ managedPolicyArn: "c" }, ["c"]],
    [{ managedPolicyArns: ["x/d", "x/e"] }, ["d", "e"]],
    [{ policyArns: ["x/f"] }, ["f"]],
    [{ managedPolicies: ["x/g"] }, ["g"]],
    [{ customerManagedPolicyReference: { name: "x/h" } }, ["h"]],
    [{ policyArn: "x/", policyArns: [null] }, []],
  ])("%j attaches", (props, names) => {
    expect([...attachedPolicies(subject("aws:iam:Role", props))]).toEqual(names);
  });

  test.each<[Props, boolean]>([
    [{ StringEquals: { "aws:ResourceTag/team": "a" } }, true],
    [{ StringEquals: { "ec2:ResourceTag/team": "a" } }, true],
    [{ StringEquals: { "ssm:resourceTag/team": "a" } }, true],
    [{ StringEquals: { "secretsmanager:ResourceTag": "a" } }, true],
    [{ StringEquals: { "kms:ViaService": "a" } }, true],
    [{ StringEquals: { "kms:EncryptionContext:x": "a" } }, true],
    [{ "ForAnyValue:StringEquals": { "aws:CalledVia": "a" } }, true],
    [{ StringEquals: { "aws:ResourceOrgID": "a" } }, true],
    [{ StringLike: { "aws:ResourceTag/team": "a*" } }, true],
    [{ StringLike: { "aws:ResourceTag/team": "*" } }, false],
    [{ StringLike: { "aws:ResourceTag/team": ["a", "**"] } }, false],
    [{ StringNotEquals: { "aws:ResourceTag/team": "a" } }, false],
    [{ StringEqualsIfExists: { "aws:ResourceTag/team": "a" } }, false],
    [{ StringEquals: { "aws:RequestTag/team": "a" } }, false],
    [{ StringEquals: { "aws:ResourceTagX": "a" } }, false],
    [{ StringEquals: { "x:aws:CalledViaX": "a" } }, false],
    [{ StringEquals: { "x-aws:ResourceOrgID": "a" } }, false],
    [{ StringEquals: { "aws:SourceIp": "a" } }, false],
    [{}, false],
  ])("%j is scoped: %s", (condition, is) => {
    expect(isScoped({ ...({} as Statement), condition })).toBe(is);
  });
});
