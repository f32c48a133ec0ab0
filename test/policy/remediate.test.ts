import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { defaultsOf } from "../../policy/configuration.ts";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { automatic, isRemediable, remedied } from "../../policy/remediate.ts";
import { remedies, remediationOf } from "../../policy/rules/remedies.ts";
import { rules } from "../../policy/rules/index.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { severities } from "../../policy/rules/severity.ts";
import { Analyzer, proto } from "./analyzer.ts";
import { cases as aws } from "./cases/aws.ts";
import { cases as containers } from "./cases/containers.ts";
import { cases as docker } from "./cases/docker.ts";
import { cases as kubernetes } from "./cases/kubernetes.ts";
import { compliant, deployment, machineTask, service, sessionContainer } from "./fixtures.ts";

const cases = [...containers, ...docker, ...kubernetes, ...aws];

/** A copy of a resource, remedied or not. */
function tried(id: string, resource: Resource): { readonly isRemedied: boolean; readonly after: Resource } {
  const rule = rules.find((one) => one.id === id);
  if (rule === undefined) throw new Error(`there is no rule ${id}`);
  const after = structuredClone(resource);
  return { isRemedied: remedied(rule, () => structuredClone(after), after.props, defaultsOf(rule)).isRemedied, after };
}

test("the rules with a remedy are those that say so", () => {
  expect(
    rules
      .filter((rule) => rule.automatic)
      .map(({ id }) => id)
      .sort(),
  ).toEqual(Object.keys(automatic).sort());
  for (const rule of rules) expect(severities.some((severity) => isRemediable(rule, severity))).toBe(rule.automatic === true);
});

describe.each(Object.keys(automatic))("%s", (id) => {
  const broken = cases.filter((one) => one.rule === id && (one.verdict ?? "violation") === "violation" && one.resources.length === 1);

  test("is mended by its remedy in at least one case, and what was mended is found no more", () => {
    let mended = 0;
    for (const { resources, what } of broken) {
      const { isRemedied, after } = tried(id, resources[0] as Resource);
      if (!isRemedied) continue;
      mended += 1;
      const before = evaluate(resources).findings.filter(({ rule }) => rule !== id).length;
      const { findings } = evaluate([after]);
      expect(
        findings.filter(({ rule, severity, verdict }) => rule === id && verdict === "violation" && severity !== "low"),
        what,
      ).toEqual([]);
      expect(findings.filter(({ rule }) => rule !== id).length, what).toBeLessThanOrEqual(before);
    }
    expect(mended).toBeGreaterThan(0);
  });

  test("changes nothing that is as it must be", () => {
    for (const resource of Object.values(compliant).flat()) {
      const { isRemedied, after } = tried(id, resource);
      expect(isRemedied).toBe(false);
      expect(after).toEqual(resource);
    }
  });
});

describe("the pack", () => {
  let pack: Analyzer;
  beforeAll(async () => {
    pack = await Analyzer.start(fileURLToPath(new URL("../../policy", import.meta.url)));
  }, 60_000);
  afterAll(() => pack.stop());

  const open = { ports: [{ internal: 8080, external: 8080 }], securityOpts: [], __defaults: ["logDriver"] };
  const remediate = { enforcement: proto.EnforcementLevel.REMEDIATE };

  test("remedies nothing unless it is asked to", async () => {
    await pack.configure({});
    expect(await pack.remediate(sessionContainer(open))).toEqual([]);
  });

  test("writes the safe value of each rule that asks for it, after one another, and leaves all else as it is", async () => {
    await pack.configure({ "CTR-002": remediate, "CTR-028": remediate, "CTR-006": remediate });
    const written = await pack.remediate(sessionContainer(open));
    expect(written.map(({ policyname }) => policyname)).toEqual(["CTR-002", "CTR-028"]);
    const { props } = sessionContainer(open);
    expect(written.at(-1)?.properties).toEqual({
      ...props,
      ports: [{ internal: 8080, external: 8080, ip: "127.0.0.1" }],
      securityOpts: ["no-new-privileges:true"],
    });
  });

  test("keeps secrets secret", async () => {
    await pack.configure({ "CTR-002": remediate });
    const secret = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: ["PASSWORD=hunter2"] };
    const [written] = await pack.remediate(sessionContainer({ ...open, envs: secret }));
    expect(written?.properties.envs).toEqual(secret);
  });

  test("says that it cannot where a value is not known", async () => {
    await pack.configure({ "CTR-002": remediate });
    const [written] = await pack.remediate(sessionContainer({ ...open, securityOpts: ["seccomp=builtin", unknown] }));
    expect(written?.diagnostic).toMatch(/can't run remediation 'CTR-002'/);
  });

  test("leaves what an exception covers", async () => {
    const exceptions = [{ resource: "alpha", reason: "a test", owner: "me", expires: "2999-01-01" }];
    await pack.configure({ "CTR-002": { ...remediate, properties: { exceptions } } });
    expect(await pack.remediate(sessionContainer(open))).toEqual([]);
  });
});

test("a finding says what to do on its platform", () => {
  const rule = rules.find(({ id }) => id === "CTR-001");
  if (rule === undefined) throw new Error("there is no CTR-001");
  const words = [sessionContainer(), service, deployment, machineTask()].map(({ type }) => remediationOf(rule, type));
  expect(words).toEqual(Object.values(remedies["CTR-001"] ?? {}));
  expect(new Set(words).size).toBe(4);
  expect(remediationOf(rule, "aws:iam/role:Role")).toBe(rule.remediation);
});

test("what to do is told for platforms that a rule looks at, and for every one of them or none", () => {
  for (const [id, words] of Object.entries(remedies)) {
    const { platforms, container, workload } = rules.find((rule) => rule.id === id) ?? {};
    expect(container ?? workload, id).toBeDefined();
    if (platforms) expect(Object.keys(words).sort(), id).toEqual([...platforms].sort());
  }
});
