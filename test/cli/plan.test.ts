import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";

const folder = temporaryFolder("plan");
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `sessions` where no engine and no Pulumi CLI can be reached. */
function sessions(...args: string[]) {
  const env = { HOME: process.env.HOME, PATH: "/nowhere", DOCKER_HOST: "unix:///nowhere/docker.sock" };
  return spawnSync(process.execPath, ["stacks/cli/main.ts", ...args], { cwd: root, env, encoding: "utf8" });
}

test("plan needs no engine, no CLI and no network", () => {
  const { status, stdout, stderr } = sessions("plan", "--json", "--detailed-exitcode");
  expect(stderr).toBe("");
  expect(status).toBe(3);
  const plan = JSON.parse(stdout) as { steps: { operation: string; name: string }[]; refusals: string[] };
  expect(plan.refusals).toEqual([]);
  expect(plan.steps.map(({ operation, name }) => `${operation} ${name.replace(/:slim-\w+$/, "")}`).sort()).toEqual([
    "create agent-sessions-session",
    "create claude-agent-demo",
    "create claude-agent-demo-logs",
    "create claude-agent-demo-session",
    "create claude-agent-demo-workspace",
  ]);
});

test("plan compares with a saved plan", () => {
  const file = join(folder, "saved.json");
  expect(sessions("plan", "--save", file).status).toBe(0);
  expect(Object.keys(JSON.parse(readFileSync(file, "utf8")) as object)).toHaveLength(6);
  const { status, stdout } = sessions("plan", "--against", file, "--detailed-exitcode");
  expect([status, stdout]).toEqual([0, "Nothing differs from the saved plan.\n"]);
});

test.each([
  [["nope"], 2, /unknown command 'nope'/],
  [["plan", "--nope"], 2, /unknown option '--nope'/],
  [["plan", "--stack", "none"], 1, /there is no stack "none" .*; there is: local/],
  [["list"], 1, /no container engine answers at unix:\/\/\/nowhere\/docker.sock \(DOCKER_HOST\)/],
  [["doctor"], 1, /^$/],
])("sessions %j ends with %i", (args, code, sentence) => {
  const { status, stderr } = sessions(...args);
  expect(status).toBe(code);
  expect(stderr.trim()).toMatch(sentence);
});

test.each([
  "up",
  "down",
  "plan",
  "list",
  "add",
  "attach",
  "exec",
  "logs",
  "diff",
  "pull",
  "stop",
  "start",
  "build",
  "verify",
  "check",
  "doctor",
])("%s explains itself", (command) => {
  const { status, stdout } = sessions(command, "--help");
  expect(status).toBe(0);
  expect(stdout).toContain(`sessions ${command}`);
  expect(stdout).toContain("Example:");
});
