import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { revealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { judges, opinionsOn } from "../policy/compare/judges.ts";
import { roleDocuments } from "../support/aws/documents.ts";
import { scenarios } from "../support/aws/scenarios.ts";
import { rolledOut } from "../support/aws/stack.ts";
import { temporaryFolder } from "../support/folder.ts";
import { python, pythonPackages } from "../support/packages.ts";

/** What stacks on ECS are made of, by others' judgement: checkov of all, parliament of what roles allow. */

const ownKeys = "AWS's own keys encrypt it; ecs.key names one of the user's, with which this is not found";
const bySight = "it is there, and is tied by an id that AWS chooses, which a plan does not have";

/** What checkov finds, and why it is as it is. Nothing else is found, and nothing here is not. */
const explained: Readonly<Record<string, string>> = {
  CKV_AWS_136: ownKeys,
  CKV_AWS_149: ownKeys,
  CKV_AWS_158: ownKeys,
  CKV_AWS_166: ownKeys,
  CKV_AWS_184: ownKeys,
  CKV_AWS_26: "AWS's own key for topics lets no alarm publish, and an alarm's words are no secret; ecs.key encrypts it",
  CKV_AWS_338: "ecs.logs.keep says how long, 30 d unless it says more",
  CKV2_AWS_5: bySight,
  CKV2_AWS_11: bySight,
  CKV2_AWS_12: bySight,
  CKV2_AWS_18: bySight,
  CKV2_AWS_19: "it is the NAT gateway's, as no instance is there",
  CKV2_AWS_57: "it is the user's to give and to change: the next up hands out another, and restarts who reads it alone",
};

const checkov = judges();
const parliament = pythonPackages("parliament==1.6.4");

describe.skipIf(checkov === undefined)("checkov", () => {
  const workspace = temporaryFolder("checkov");
  const found = async (name: string, described: (typeof scenarios)[string]) => {
    const resources = (await rolledOut(described)).map((one) => ({ ...one, props: revealSecrets(one.inputs) }));
    return opinionsOn(checkov ?? "", workspace, name.replace(/\W/g, "-"), resources).map(({ check }) => check);
  };

  test("finds nothing in any form of a stack that is not explained, and with a key of the user's nothing of keys", async () => {
    const all: Record<string, readonly string[]> = {};
    for (const [name, described] of Object.entries(scenarios)) all[name] = await found(name, described);
    expect([...new Set(Object.values(all).flat())].sort()).toEqual(Object.keys(explained).sort());
    expect(all["what a company has"]?.filter((check) => explained[check] === ownKeys || check === "CKV_AWS_26")).toEqual([]);
  });
});

/** Prints what parliament finds in documents, by severity. */
const ask = `
import json, sys
from parliament import analyze_policy_string, enhance_finding
told = []
for name, text in json.load(open(sys.argv[1])):
    for finding in analyze_policy_string(text).findings:
        finding = enhance_finding(finding)
        told.append([name, finding.severity, finding.issue, str(finding.detail)])
print(json.dumps(told))
`;

describe.skipIf(parliament === undefined)("parliament", () => {
  const workspace = temporaryFolder("parliament");
  const judged = (documents: readonly (readonly [string, string])[]) => {
    const file = join(workspace, `${documents.length}.json`);
    writeFileSync(file, JSON.stringify(documents));
    return JSON.parse(python(parliament ?? "", ask, file)) as [name: string, severity: string, issue: string, detail: string][];
  };

  test("finds nothing of medium severity or above in what roles allow", async () => {
    const all = await Promise.all(
      Object.entries(scenarios).map(async ([name, described]) =>
        roleDocuments(await rolledOut(described)).map((one) => [`${name}: ${one.name}`, one.text] as const),
      ),
    );
    expect(all.flat().length).toBeGreaterThan(30);
    expect(judged(all.flat()).filter(([, severity]) => severity !== "LOW")).toEqual([]);
  });

  test("finds what is wrong", () => {
    const Statement = [{ Effect: "Allow", Action: "s3:NoSuchAction", Resource: "arn:aws:s3:::x/*" }];
    expect(judged([["x", JSON.stringify({ Version: "2012-10-17", Statement })]])).toHaveLength(1);
  });
});
