import { execFileSync } from "node:child_process";
import { readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { dockerApp, dockerAppFindings } from "../policy/foreign/docker-app.ts";
import { sessionContainer } from "../policy/fixtures.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout } from "./checkout.ts";

// Neither an engine nor the Pulumi CLI can be reached. The project's own stack has a repository, which git makes.
const programs = temporaryFolder("check-programs");
symlinkSync(execFileSync("sh", ["-c", "command -v git"], { encoding: "utf8" }).trim(), join(programs, "git"));
const checkout = new Checkout({ PATH: programs, DOCKER_HOST: "unix:///nowhere/docker.sock" });
const folder = temporaryFolder("check");
afterAll(() => checkout.dispose());

const check = (...args: string[]) => checkout.run(["check", ...args]);
const json = async (...args: string[]) => JSON.parse((await check("--format", "json", ...args)).stdout);
const file = (name: string, content: unknown) => {
  writeFileSync(join(folder, name), typeof content === "string" ? content : JSON.stringify(content));
  return join(folder, name);
};
const exported = file("export.json", {
  version: 3,
  deployment: { resources: dockerApp.map(({ props, ...rest }) => ({ ...rest, inputs: props })) },
});

describe("the project's own stacks", () => {
  // A laptop's sessions lack what a server's have: somebody who is told, and memory and cores that they are promised.
  test.each([
    ["local", 0],
    ["single-node", 3],
    ["production", 3],
  ])("have no violation at level %s, but %i low ones of the laptop's", async (level, low) => {
    const { code, stdout } = await check("--level", level, "--format", "json", "--fail-on", low === 0 ? "low" : "medium");
    expect(JSON.parse(stdout)).toMatchObject({
      level,
      secure: true,
      counts: { critical: 0, high: 0, medium: 0, low },
      stacks: [
        { stack: "ecs", score: 100 },
        { stack: "kubernetes", score: 100 },
        { stack: "local", score: 100 - low },
        { stack: "single-node", score: 100 },
        { stack: "swarm", score: 100 },
      ],
    });
    expect(code).toBe(0);
  });

  test("are told in a table, with the score, advice and what could not be evaluated", async () => {
    const { code, stdout, stderr } = await check();
    // Where no registry answers, it is said what that leaves out.
    const expected = /^warning: .*(single-node\.monitoring\.grafana: there is none|before a swarm is there).*\n/gm;
    expect([code, stderr.replace(expected, "")]).toEqual([0, ""]);
    expect(stdout).toMatch(/^Stack local, level local, rules \d+\.\d+\.\d+: score 100 of 100, secure\.\n\d+ resources; 0 critical, /m);
    expect(stdout).toMatch(/Not evaluated, so not passed:[\s\S]*CTR-033[\s\S]*Recommendations:/);
  });
});

test("a secret that no rule could read fails the check of a production stack, unless a setting says otherwise", async () => {
  const sealed = { "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:abc" };
  const { props, ...container } = sessionContainer({ privileged: sealed });
  const state = file("sealed.json", { deployment: { resources: [{ ...container, inputs: props }] } });
  const at = async (...args: string[]) => {
    const { code, stdout } = await check("--state", state, "--format", "json", ...args);
    return [code, JSON.parse(stdout).secure];
  };
  const allowed = file("allowed.json", { "GEN-002": { allowNotEvaluated: true } });
  expect(await at("--level", "local")).toEqual([0, false]);
  expect(await at("--level", "production")).toEqual([1, false]);
  expect(await at("--level", "production", "--fail-on", "critical")).toEqual([1, false]);
  expect(await at("--level", "production", "--config", allowed)).toEqual([0, false]);
});

describe("a stack file that loosens what it should not", () => {
  const secret = "sk-ant-REDACTED";
  const loose = (environment: object = {}) =>
    checkout.write("loose", [
      {
        id: "loose",
        network: { egress: "open", ports: [{ container: 80, host: 8080, address: "0.0.0.0" }] },
        security: { capabilities: ["SYS_ADMIN"] },
        environment,
      },
    ]);

  test("fails, and every output says which stack, rule and resource", async () => {
    loose();
    const { code, stdout } = await check("--format", "json");
    const report = JSON.parse(stdout);
    expect([code, report.secure]).toEqual([1, false]);
    expect(Object.keys(report)).toEqual(["packVersion", "level", "score", "secure", "counts", "findings", "stacks"]);
    expect(report.stacks.map(({ stack, secure }: { stack: string; secure: boolean }) => [stack, secure])).toEqual([
      ["ecs", true],
      ["kubernetes", true],
      ["local", true],
      ["loose", false],
      ["single-node", true],
      ["swarm", true],
    ]);
    const found = report.findings.find(({ rule }: { rule: string }) => rule === "CTR-003");
    expect(Object.keys(found).sort()).toEqual(["enforcement", "message", "remediation", "resource", "rule", "severity", "type", "verdict"]);
    expect(found).toMatchObject({
      verdict: "violation",
      resource: expect.stringMatching(/^urn:pulumi:loose::agent-sessions::.*::loose-container$/),
    });
    expect((await check("--format", "junit")).stdout).toMatch(
      /<testsuite id="2" [^>]*name="local"[\s\S]*<testsuite id="3" [^>]*name="loose"[\s\S]*classname="CTR-003" [^>]*><failure /,
    );
    const results = JSON.parse((await check("--format", "sarif")).stdout).runs[0].results;
    expect(results).toContainEqual(
      expect.objectContaining({
        ruleId: "CTR-003",
        level: "error",
        locations: [
          expect.objectContaining({
            physicalLocation: { artifactLocation: { uri: "stacks/Pulumi.loose.yaml" }, region: { startLine: 1 } },
          }),
        ],
      }),
    );
    expect((await check("--stack", "local")).code).toBe(0);
  });

  test("fails by severity as asked, and by what a configuration makes of it", async () => {
    checkout.write("loose", [{ id: "loose", network: { egress: "open" } }]);
    const { findings } = await json("--stack", "loose");
    const graves = findings
      .filter(({ verdict }: { verdict: string }) => verdict === "violation")
      .map(({ severity }: { severity: string }) => severity);
    expect([...new Set(graves)]).toEqual(["medium"]);
    const codeOf = async (...args: string[]) => (await check("--stack", "loose", ...args)).code;
    expect([
      await codeOf(),
      await codeOf("--fail-on", "high"),
      await codeOf("--fail-on", "medium"),
      await codeOf("--level", "production"),
    ]).toEqual([0, 0, 1, 1]);
    const rules = [
      ...new Set(findings.filter(({ verdict }: { verdict: string }) => verdict === "violation").map(({ rule }: { rule: string }) => rule)),
    ] as string[];
    const disabled = file("disabled.json", Object.fromEntries(rules.map((rule) => [rule, "disabled"])));
    expect(await codeOf("--fail-on", "low", "--config", disabled)).toBe(0);
    const exceptions = [{ resource: "*", reason: "", owner: "platform", expires: "2020-01-01" }];
    const faulty = await json("--stack", "loose", "--config", file("faulty.json", { "CTR-003": { exceptions } }));
    expect(
      faulty.findings.filter(({ rule }: { rule: string }) => rule === "GEN-006").map(({ message }: { message: string }) => message),
    ).toEqual([
      "The exception CTR-003[0] must have a reason.",
      "The exception CTR-003[0] must name a resource, not all of them.",
      "The exception CTR-003[0] must be renewed or removed: it expired on 2020-01-01.",
    ]);
  });

  test("keeps a secret in it to itself, in every output", async () => {
    loose({ API_TOKEN: secret });
    const log = join(folder, "audit.jsonl");
    for (const format of ["table", "json", "sarif", "junit"]) {
      const { stdout, stderr } = await check("--stack", "loose", "--format", format, "--audit-log", log);
      expect(stdout).toContain("CTR-026");
      expect(stdout + stderr).not.toContain(secret);
    }
    const lines = readFileSync(log, "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines.filter(({ verdict }) => verdict === "checked")).toHaveLength(4);
    expect(lines.find(({ rule }) => rule === "CTR-026")).toMatchObject({
      time: expect.stringMatching(/^\d{4}-/),
      stack: "loose",
      level: "local",
      resource: expect.stringContaining("loose-container"),
      verdict: "violation",
      packVersion: expect.any(String),
    });
    expect(JSON.stringify(lines)).not.toContain(secret);
  });
});

describe("a foreign stack", () => {
  const steps = dockerApp.map(({ props, ...rest }) => ({ op: "create", urn: rest.urn, newState: { ...rest, inputs: props } }));

  test("is judged from its export as by the pack", async () => {
    const report = await json("--state", exported);
    const found = report.findings.filter(({ verdict }: { verdict: string }) => verdict === "violation");
    expect(
      found.map(({ rule, resource, severity }: Record<string, string>) => `${rule} ${resource?.split("::").at(-1)} ${severity}`).sort(),
    ).toEqual([...dockerAppFindings].sort());
    expect(report.stacks).toMatchObject([{ stack: exported }]);
  });

  test("is judged from its preview", async () => {
    const { code, stdout } = await check("--preview", file("preview.json", { steps }));
    expect([code, stdout]).toEqual([1, expect.stringContaining("not secure")]);
  });

  test("is judged from standard input, an export as a preview", async () => {
    const report = await json("--state", exported);
    const told = { counts: report.counts, score: report.score, findings: report.findings };
    for (const input of [readFileSync(exported, "utf8"), JSON.stringify({ steps })]) {
      const { code, stdout } = await checkout.run(["check", "-", "--format", "json"], input);
      expect([code, JSON.parse(stdout)]).toEqual([
        1,
        expect.objectContaining({ ...told, stacks: [expect.objectContaining({ stack: "stdin" })] }),
      ]);
    }
    expect(JSON.parse((await check(exported, "--format", "json")).stdout)).toEqual(report);
    const broken = await checkout.run(["check", "-"], "top-secret");
    expect([broken.code, broken.stdout, broken.stderr]).toEqual([1, "", expect.stringContaining("stdin is no JSON; write it anew")]);
    expect(broken.stderr).not.toContain("top-secret");
  });

  test("that was like this before fails no more, and what is new does", async () => {
    const known = file("known.json", (await check("--state", exported, "--format", "json")).stdout);
    const before = await json("--state", exported);
    const after = await json("--state", exported, "--baseline", known);
    expect(after).toMatchObject({ score: before.score, secure: false, counts: { critical: 0, high: 0, medium: 0, low: 0 } });
    expect(after.counts.excepted).toBe(dockerAppFindings.length);
    expect((await check("--state", exported, "--baseline", known, "--fail-on", "low")).code).toBe(0);
    const worse = dockerApp.map(({ props, ...rest }) => ({
      ...rest,
      inputs: rest.type === "docker:index/container:Container" ? { ...props, privileged: true } : props,
    }));
    const { code, stdout } = await check(
      "--state",
      file("worse.json", { deployment: { resources: worse } }),
      "--baseline",
      known,
      "--format",
      "json",
    );
    const found = JSON.parse(stdout).findings.filter(({ verdict }: { verdict: string }) => verdict === "violation");
    expect([code, ...new Set(found.map(({ rule }: { rule: string }) => rule))]).toEqual([1, "CTR-006"]);
  });

  test.each([
    [["--baseline", file("no-report.json", { findings: [{ rule: "CTR-006" }] })], 2, /no-report\.json is no baseline/],
    [["--baseline", "/nowhere/x.json"], 2, /\/nowhere\/x\.json cannot be read \(ENOENT\)/],
    [[exported, "--state", exported], 1, /name one stack to judge: a file or -, --stack, --state or --preview/],
    [["--explain", "CTR-999"], 1, /there is no rule "CTR-999"; policy\/RULES\.md lists them/],
    [["--state", "/nowhere/x.json"], 1, /\/nowhere\/x\.json cannot be read \(ENOENT\); name a file that is there/],
    [["--state", file("text", "top-secret")], 1, /text is no JSON; write it anew/],
    [["--state", file("list", [])], 1, /this is no stack export/],
    [["--preview", file("object", {})], 1, /this is no preview/],
    [["--state", exported, "--preview", exported], 2, /'--state <file>' cannot be used with option '--preview <file>'/],
    [["--stack", "nope"], 1, /there is no stack "nope"/],
    [["--level", "high"], 2, /Allowed choices are local, single-node, production/],
    [["--config", file("config", "[]")], 2, /config must hold an object with a key for each rule/],
  ])("%j ends with %i and a sentence", async (args, code, sentence) => {
    const result = await check(...args);
    expect(result.stderr).toMatch(sentence);
    expect(result.stderr).not.toContain("top-secret");
    expect([result.code, result.stdout]).toEqual([code, ""]);
  });
});

test("a rule is explained by its id or its name, in any case", async () => {
  const section = (await check("--explain", "ctr-001")).stdout;
  expect(section).toMatch(
    /^CTR-001\n\n[^\n]+\(`read-only-root`\)\.\n\n- Severity: [\s\S]*- What to do: [\s\S]*- On Kubernetes: Set securityContext/,
  );
  expect((await check("--explain", "read-only-root")).stdout).toBe(section);
  expect(section).not.toContain("CTR-002");
});

test.each([
  ["monitoring", ["MON-001"]],
  ["resourceIsolation", ["CTR-047", "CTR-047"]],
  ["securityHardening", ["CTR-048"]],
])("%s switched off is a violation of a single node", async (option, rules) => {
  const at = async (options: object) => {
    checkout.write("server", [{ id: "one" }], { strategy: "single-node", "single-node": options });
    return json("--stack", "server", "--level", "single-node", "--fail-on", "low");
  };
  const { stacks, counts } = await at({ [option]: false });
  expect([stacks[0].score, counts.low]).toEqual([100 - rules.length, rules.length]);
  const told = await check("--stack", "server", "--level", "single-node", "--fail-on", "low");
  expect([told.code, ...rules.map((rule) => told.stdout.includes(rule))]).toEqual([1, ...rules.map(() => true)]);
  expect((await at({})).stacks[0].score).toBe(100);
});
