import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout, commandIn, forNode } from "./checkout.ts";

/** What is said beside what was read from this machine. */
const beside = (stderr: string) => stderr.replace(/^Read from this machine, .*\n/m, "");

const folder = temporaryFolder("plan");
const root = fileURLToPath(new URL("../..", import.meta.url));

/** Runs `sessions` where no engine and no Pulumi CLI can be reached. */
const sessions = (...args: string[]) => sessionsIn(root, process.env.HOME, ...args);

function sessionsIn(cwd: string, home: string | undefined, ...args: string[]) {
  const env = { HOME: home, PATH: "/nowhere", DOCKER_HOST: "unix:///nowhere/docker.sock", ...forNode };
  return spawnSync(process.execPath, [...commandIn(cwd), ...args], { cwd, env, encoding: "utf8" });
}

test("plan needs no engine, no CLI and no network", () => {
  const { status, stdout, stderr } = sessions("plan", "--json", "--detailed-exitcode");
  expect(stderr).toMatch(
    /^Read from this machine, and maybe otherwise on another: .*"npx sessions resolve --stack \w+" writes it into the stack file\.\n$/,
  );
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

test("plan without an engine says of ports for this machine alone that nobody looked whether they are", () => {
  const checkout = new Checkout();
  try {
    const ports = [{ container: 80, host: 8080 }];
    checkout.write("ports", [
      { id: "p-open", network: { egress: "open", ports } },
      { id: "p-listed", network: { egress: { allow: ["example.com"] }, ports: [{ container: 80, host: 8081 }] } },
    ]);
    const { status, stderr } = sessionsIn(checkout.root, process.env.HOME, "plan", "--stack", "ports");
    expect(status).toBe(0);
    expect(beside(stderr).trim()).toMatch(
      /^warning: .*No engine answers, so whether it keeps this machine's neighbours from these was not checked: sessions\[0\]\.network\.ports: port 127\.0\.0\.1:8080 to 80\/tcp$/,
    );
  } finally {
    checkout.dispose();
  }
});

test("plan says what the platform does not enforce of what a session asks for", () => {
  const checkout = new Checkout();
  try {
    writeFileSync(join(folder, "token"), "a-key\n");
    const exception = { reason: "a tool that reads no file", owner: "us", expires: "2999-01-01" };
    const credentials = { kind: "environment", secret: { file: join(folder, "token") }, exception };
    checkout.write("reported", [{ id: "r-one", credentials, network: { egress: { allow: ["api.anthropic.com"] } } }]);
    const line =
      "Not enforced on Docker, for every session: a secret in a variable: whoever may speak to the engine can read it (components/credentials/README.md).";
    const plan = (...args: string[]) => sessionsIn(checkout.root, process.env.HOME, "plan", "--stack", "reported", ...args);
    const { status, stdout, stderr } = plan();
    expect([status, beside(stderr)]).toEqual([0, ""]);
    expect(stdout.split("\n")).toContain(line);
    expect(JSON.parse(plan("--json").stdout)).toMatchObject({ reported: [line] });
  } finally {
    checkout.dispose();
  }
});

test("plan warns of credentials without a way to whoever takes them", () => {
  const checkout = new Checkout();
  try {
    writeFileSync(join(folder, "key"), "a-key\n");
    checkout.write("way", [{ id: "w-one", credentials: { kind: "file", secret: { file: join(folder, "key") } } }]);
    const { status, stderr } = sessionsIn(checkout.root, process.env.HOME, "plan", "--stack", "way");
    expect([status, beside(stderr).trim().replace("[runtime] ", "")]).toEqual([
      0,
      'warning: sessions[0].credentials: session "w-one" has credentials of kind file and no way to api.anthropic.com; write kind: proxy, or network: {egress: {allow: [api.anthropic.com]}}',
    ]);
  } finally {
    checkout.dispose();
  }
});

test("plan compares with a saved plan", () => {
  const file = join(folder, "saved.json");
  expect(sessions("plan", "--save", file).status).toBe(0);
  const saved = JSON.parse(readFileSync(file, "utf8")) as { resources: object; authority: string[] };
  expect(Object.keys(saved.resources)).toHaveLength(6);
  const { status, stdout } = sessions("plan", "--against", file, "--detailed-exitcode");
  expect([status, stdout]).toEqual([0, "Nothing differs from the saved plan.\n"]);
  writeFileSync(file, JSON.stringify({ ...saved, authority: ["session gone: root", ...saved.authority] }));
  expect(sessions("plan", "--against", file).stdout).toContain("Authority:\n  - session gone: root\n");
  writeFileSync(file, JSON.stringify(saved.resources));
  const old = sessions("plan", "--against", file);
  expect([old.status, old.stderr]).toEqual([
    1,
    `sessions: --against: ${file} is no plan that this version saved; save it anew with "npx sessions plan --save ${file}"\n`,
  ]);
});

describe("a list with the set of a package manager", () => {
  const checkout = new Checkout();
  afterAll(() => checkout.dispose());
  const plan = (registry: string, ...args: string[]) => {
    writeFileSync(join(folder, ".npmrc"), `registry=${registry}\n`);
    return sessionsIn(checkout.root, folder, "plan", "--stack", "sets", ...args);
  };

  test("the plan shows what it became on this machine, and no password", () => {
    checkout.write("sets", [{ id: "p-sets", network: { egress: { allow: ["registry.corp.example", { set: "npm" }] } } }]);
    const { stdout, stderr } = plan("https://me:hunter2@npm.corp.example:8443/", "--json");
    expect(beside(stderr)).toBe("");
    expect((JSON.parse(stdout) as { authority: { added: string[] } }).authority.added).toEqual([
      "session p-sets: egress to npm.corp.example:8443 (npm)",
      "session p-sets: egress to registry.corp.example:80,443",
    ]);
    expect(stdout).not.toContain("hunter2");
    expect(plan("https://me:hunter2@npm.corp.example:8443/").stdout).toContain(
      "Authority:\n  + session p-sets: egress to npm.corp.example:8443 (npm)\n",
    );
  });

  test("another configuration changes the proxy alone, and one that no session can use is refused", () => {
    const file = join(folder, "saved-sets.json");
    expect(plan("https://one.example/", "--save", file).status).toBe(0);
    expect(plan("https://one.example/", "--against", file).stdout).toBe("Nothing differs from the saved plan.\n");
    expect(plan("https://two.example/", "--against", file).stdout).toMatch(
      /^ {2}change \S+::p-sets-proxy: envs\n\nAuthority:\n {2}\+ session p-sets: egress to two\.example:443 \(npm\)\n {2}- session p-sets: egress to one\.example:443 \(npm\)\n$/,
    );
    const { authority } = JSON.parse(plan("https://two.example/", "--against", file, "--json").stdout) as { authority: unknown };
    expect(authority).toEqual({
      added: ["session p-sets: egress to two.example:443 (npm)"],
      removed: ["session p-sets: egress to one.example:443 (npm)"],
    });
    const { status, stderr } = plan("http://me:hunter2@localhost:4873/");
    expect([status, stderr]).toEqual([
      2,
      `sessions: The settings need a change: sessions[0].network.egress.allow[1].set: "npm" leads to localhost (registry in ${folder}/.npmrc), which is this machine, and no session reaches that; mend that, or list hosts instead of the set.\n`,
    ]);
  });
});

describe("a secret that a command prints", () => {
  const checkout = new Checkout();
  afterAll(() => checkout.dispose());
  const [command, trace] = [join(folder, "get"), join(folder, "ran")];
  writeFileSync(command, `#!/bin/sh\necho x >>${trace}\necho a-key\n`, { mode: 0o755 });
  const credentials = (kind: string) => ({ kind, secret: { command: [command, "an-argument"] } });
  const plan = (...args: string[]) => {
    checkout.write(
      "commands",
      ["file", "proxy"].map((kind) => ({ id: `p-${kind}`, network: { egress: "open" }, credentials: credentials(kind) })),
    );
    return sessionsIn(checkout.root, folder, "plan", "--stack", "commands", ...args);
  };
  const places = ["sessions[0].credentials.secret", "sessions[1].credentials.secret"];

  test("is not asked for with --no-commands, and counts as unknown", () => {
    const { status, stdout, stderr } = plan("--no-commands");
    expect([status, beside(stderr), existsSync(trace)]).toEqual([0, "", false]);
    for (const place of places)
      expect(stdout).toContain(`Unknown, so that what depends on it counts as changed: ${place}: command ${command}\n`);
    const json = JSON.parse(plan("--no-commands", "--json").stdout) as { unknownSecrets: string[]; steps: { name: string }[] };
    expect(json.unknownSecrets).toEqual(places.map((place) => `${place}: command ${command}`));
    expect(json.steps.map(({ name }) => name)).toContain("claude-agent-p-file-auth");
    expect(existsSync(trace)).toBe(false);
  });

  test("is announced before its command runs, once", () => {
    const { status, stdout, stderr } = plan();
    expect([status, beside(stderr)]).toEqual([0, places.map((place) => `${place}: running command ${command}\n`).join("")]);
    expect(stdout).not.toContain("Unknown");
    expect(readFileSync(trace, "utf8")).toBe("x\n");
  });
});

test.each([
  [["nope"], 2, /unknown command 'nope'/],
  [["plan", "--nope"], 2, /unknown option '--nope'/],
  [["plan", "--stack", "none"], 1, /there is no stack "none" .*; there is: .*\blocal\b/],
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

test("with --only, the secrets and clones of the others are neither read nor planned", async () => {
  const checkout = new Checkout();
  try {
    const secret = (name: string) => ({ credentials: { kind: "proxy", secret: { env: name } } });
    const clone = (name: string) => ({ repositories: [{ name, url: `https://example.com/${name}.git`, secret: { env: "ONLY_SET" } }] });
    checkout.write("only", [
      { id: "one", ...secret("ONLY_UNSET"), ...clone("theirs") },
      { id: "two", ...secret("ONLY_SET"), ...clone("ours") },
    ]);
    const plan = (...args: string[]) =>
      spawnSync(process.execPath, [...commandIn(checkout.root), "plan", "--stack", "only", "--json", ...args], {
        cwd: checkout.root,
        env: { HOME: process.env.HOME, PATH: "/nowhere", DOCKER_HOST: "unix:///nowhere/docker.sock", ONLY_SET: "a-key", ...forNode },
        encoding: "utf8",
      });
    expect([plan().status, plan().stderr]).toEqual([2, expect.stringContaining("env ONLY_UNSET is not set")]);
    const { status, stdout, stderr } = plan("--only", "two");
    expect(status, stderr).toBe(0);
    const names = (JSON.parse(stdout) as { steps: { name: string }[] }).steps.map(({ name }) => name);
    expect(names.filter((name) => /one|theirs/.test(name))).toEqual([]);
    expect(names.filter((name) => /claude-agent-two$|ours/.test(name)).length).toBeGreaterThan(2);
    expect(plan("--only", "tow").stderr).toContain('there is no session "tow" in the stack file; did you mean two?');
  } finally {
    checkout.dispose();
  }
});
