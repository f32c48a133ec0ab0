import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { policies } from "../../policy/policies.ts";
import { unknown } from "../../policy/rules/read/value.ts";
import { Analyzer, type Diagnostic, proto } from "./analyzer.ts";
import { sessionContainer } from "./fixtures.ts";

let pack: Analyzer;

beforeAll(async () => {
  pack = await Analyzer.start(fileURLToPath(new URL("../../policy", import.meta.url)));
}, 60_000);

afterAll(() => pack.stop());

const analyze = (props: Record<string, unknown>): Promise<Diagnostic[]> => pack.analyze(sessionContainer(props));

describe("the pack over the analyzer protocol", () => {
  test("says what it holds: every policy with its severity, enforcement and remediation", async () => {
    const info = await pack.info();
    const listed = info.policiesList as { readonly name: string }[];
    expect(info.name).toBe("agent-sessions");
    expect(listed.map(({ name }) => name)).toEqual(policies().map(({ name }) => name));
    const privileged = listed.find(({ name }) => name === "CTR-006");
    expect(privileged).toMatchObject({
      description: "Container is privileged",
      enforcementlevel: proto.EnforcementLevel.MANDATORY,
      severity: proto.PolicySeverity.POLICY_SEVERITY_CRITICAL,
      framework: { name: "CIS Docker Benchmark", reference: "5.5" },
      url: "RULES.md#ctr-006",
    });
  });

  test("passes our own container but for advice", async () => {
    const found = await analyze({});
    expect(found.filter(({ enforcementlevel }) => enforcementlevel === proto.EnforcementLevel.MANDATORY)).toEqual([]);
  });

  test("stops a dangerous capability in a spelling of its own", async () => {
    const found = await analyze({ capabilities: { adds: [" cap_sys_admin"], drops: ["ALL"] } });
    expect(found.filter(({ policyname }) => policyname === "CTR-003")).toMatchObject([
      {
        message: 'A dangerous capability is added\nThe container "alpha" must not add the capability SYS_ADMIN.',
        enforcementlevel: proto.EnforcementLevel.MANDATORY,
        severity: proto.PolicySeverity.POLICY_SEVERITY_HIGH,
      },
    ]);
  });

  test("says that a rule could not run where a value is unknown, and still reports what is known", async () => {
    const found = await analyze({ capabilities: { adds: [unknown, "SYS_TIME"], drops: ["ALL"] } });
    const messages = found.filter(({ policyname }) => policyname === "CTR-003").map(({ message }) => message);
    expect(messages).toHaveLength(2);
    expect(messages[0]).toContain('The container "alpha" must not add the capability SYS_TIME.');
    expect(messages[1]).toMatch(/can't run policy 'CTR-003' .* during preview/);
  });

  test("reports a broken input and goes on", async () => {
    const found = await analyze({ capabilities: "broken" });
    expect(found.filter(({ policyname }) => policyname === "GEN-003")).toHaveLength(1);
  });

  test("obeys configured enforcement, settings and exceptions", async () => {
    const shared = { privileged: true, pidMode: "host", ipcMode: "host", networkMode: "host" };
    const own = ["CTR-006", "CTR-008", "CTR-009", "CTR-010"];
    const broken = (await analyze(shared)).filter(({ policyname }) => own.includes(policyname));
    expect(broken.map(({ policyname, message }) => [policyname, message.includes('The container "alpha" must not')])).toEqual(
      own.map((name) => [name, true]),
    );
    await pack.configure({
      "CTR-006": { enforcement: proto.EnforcementLevel.ADVISORY },
      "CTR-009": { enforcement: proto.EnforcementLevel.DISABLED },
      "CTR-008": { properties: { allowHostNetwork: true } },
      "CTR-010": {
        properties: {
          exceptions: [{ resource: "alpha", reason: "shared memory", owner: "me", expires: "2999-01-01" }],
        },
      },
    });
    const found = await analyze(shared);
    await pack.configure({});
    const names = found.map(({ policyname }) => policyname);
    expect(names).not.toContain("CTR-009");
    expect(names).not.toContain("CTR-010");
    expect(names).not.toContain("CTR-008");
    expect(found.filter(({ policyname }) => policyname === "CTR-006").map(({ enforcementlevel }) => enforcementlevel)).toEqual([
      proto.EnforcementLevel.ADVISORY,
    ]);
  });
});
