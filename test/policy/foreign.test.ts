import { execFileSync, spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { Analyzer, type Diagnostic, proto } from "./analyzer.ts";
import { dockerApp, dockerAppFindings } from "./foreign/docker-app.ts";
import { ecsApp, ecsAppFindings } from "./foreign/ecs-app.ts";
import { kubernetesApp, kubernetesAppFindings } from "./foreign/kubernetes-app.ts";
import { missing } from "../support/missing.ts";

const stacks: readonly (readonly [string, readonly Resource[], readonly string[]])[] = [
  ["a plain Docker app", dockerApp, dockerAppFindings],
  ["a Kubernetes deployment with a chart", kubernetesApp, kubernetesAppFindings],
  ["an ECS service", ecsApp, ecsAppFindings],
];

describe.each(stacks)("%s, which knows nothing of this project", (_, resources, expected) => {
  const { findings } = evaluate(resources);

  test("is judged with exactly these violations", () => {
    const found = findings
      .filter(({ verdict }) => verdict === "violation")
      .map(({ rule, resource, severity }) => `${rule} ${resource.split("::").at(-1)} ${severity}`);
    expect(found.sort()).toEqual([...expected].sort());
  });

  test("keeps its secrets", () => {
    expect(JSON.stringify(findings)).not.toContain("not-to-be-printed");
  });
});

test("a task definition that is not known yet is not evaluated by any rule about ECS containers, and by no other", () => {
  const missed = evaluate(ecsApp)
    .findings.filter(({ verdict }) => verdict === "not-evaluated")
    .map(({ rule }) => rule);
  expect(missed).toEqual(expect.arrayContaining(["CTR-001", "CTR-003", "CTR-006", "CTR-026", "ECS-004"]));
  expect(missed.filter((rule) => rule.startsWith("K8S"))).toEqual([]);
});

/** What the engine is told, by policy and resource; resource rules first, then those over the stack. */
async function ask(pack: Analyzer, resources: readonly Resource[]): Promise<Diagnostic[]> {
  const found = await pack.analyzeStack(resources);
  for (const resource of resources) found.push(...(await pack.analyze(resource)).map((one) => ({ ...one, urn: resource.urn })));
  return found;
}

const source = fileURLToPath(new URL("../../policy", import.meta.url));

/** What npm publishes of the pack, unpacked. */
function unpack(folder: string): void {
  const [packed] = JSON.parse(execFileSync("npm", ["pack", "--json", "--pack-destination", folder], { cwd: source, encoding: "utf8" }));
  const files: string[] = packed.files.map(({ path }: { path: string }) => path);
  expect(files).toEqual(
    expect.arrayContaining(["LICENSE", "README.md", "RULES.md", "levels/production.json", "PulumiPolicy.yaml", "index.js"]),
  );
  expect(files.filter((path) => !/(^LICENSE|\.(ts|js|json|md|yaml))$/.test(path))).toEqual([]);
  execFileSync("tar", ["-xzf", join(folder, packed.filename), "--strip-components=1", "-C", folder]);
}

/** The pack as somebody else takes it, with its own packages. @returns why it cannot be had, where no registry answers */
function installAlone(folder: string): string | undefined {
  unpack(folder);
  // Never published: the packages that the pack is tested with.
  cpSync(join(source, "package-lock.json"), join(folder, "package-lock.json"));
  const { status, stderr } = spawnSync("npm", ["ci", "--no-audit", "--no-fund", "--ignore-scripts"], {
    cwd: folder,
    encoding: "utf8",
    timeout: 240_000,
  });
  if (status === 0) return undefined;
  const fault = /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ETIMEDOUT|network/.exec(stderr)?.[0];
  if (fault === undefined) throw new Error(`npm ci failed: ${stderr}`);
  return fault;
}

describe.each(["in its place", "as npm publishes it"])("the pack's folder %s", (place) => {
  const folder = mkdtempSync(join(tmpdir(), "policy-"));
  let pack: Analyzer | undefined;

  beforeAll(async () => {
    if (place === "in its place") pack = await Analyzer.start(source);
    else {
      const fault = installAlone(folder);
      if (fault === undefined) pack = await Analyzer.start(folder, join(folder, "node_modules/@pulumi/pulumi/cmd/run-policy-pack"));
      else missing(`the pack's own packages cannot be had: ${fault}`);
    }
  }, 300_000);

  afterAll(() => {
    pack?.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  test.for(stacks)("finds in %s what the evaluator finds", { timeout: 60_000 }, async ([, resources, expected], { skip }) => {
    if (pack === undefined) return skip("its packages cannot be had");
    const told = (await ask(pack, resources)).filter(({ message }) => !message.includes("can't run policy"));
    const mandatory = (one: Diagnostic) => one.enforcementlevel === proto.EnforcementLevel.MANDATORY;
    const name = (rule: string, severity: string) => [rule, `${rule}-${severity}`];
    const { findings } = evaluate(resources);
    const judged = findings.filter(({ verdict }) => verdict !== "not-evaluated");
    expect(judged.length).toBeGreaterThanOrEqual(expected.length);
    for (const { rule, severity, resource, message, enforcement, verdict } of judged) {
      const same = told.find(
        (one) => name(rule, severity).includes(one.policyname) && one.urn === resource && one.message.endsWith(message),
      );
      expect(same, `${rule} ${resource} ${message}`).toBeDefined();
      if (same && verdict === "violation") expect(mandatory(same), rule).toBe(enforcement === "mandatory");
    }
    expect(told).toHaveLength(judged.length);
    expect(JSON.stringify(told)).not.toContain("not-to-be-printed");
  });
});
