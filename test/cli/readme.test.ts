import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { argumentRefusals } from "../../components/seccomp/arguments.ts";
import { refusals } from "../../components/seccomp/refused.ts";
import { parse } from "../../stacks/settings.ts";
import { liveEngine } from "../engine/rig.ts";
import { temporaryFolder } from "../support/folder.ts";
import { Checkout, commandIn } from "./checkout.ts";

const docker = await liveEngine();
const root = join(import.meta.dirname, "../..");
const read = (file: string) => readFileSync(join(root, file), "utf8");
const readme = read("README.md");
const pages = ["README.md", ...["components", "stacks", "policy", "test"].flatMap((room) => pagesBelow(room))];
const commandPage = read("stacks/cli/README.md");
const { scripts } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { scripts: Record<string, string> };

function pagesBelow(room: string): string[] {
  const files = readdirSync(join(root, room), { recursive: true, encoding: "utf8" });
  return files.filter((file) => basename(file) === "README.md" && !file.includes("node_modules")).map((file) => join(room, file));
}

test("the README is short, and its lines fit a terminal", () => {
  expect(readme.split(/\s+/).length).toBeLessThanOrEqual(1000);
  expect(readme.split("\n").filter((line) => line.length > 100)).toEqual([]);
});

/** The files of this project that a page links to. */
function linksOf(page: string): string[] {
  const links = read(page).matchAll(/\]\(([^)#:]+)\)|^\[.*\]: (\S+)$/gm);
  return [...links].map(([, inline, below]) => join(dirname(page), inline ?? below ?? ""));
}

test.each(pages)("what %s links to is there", (page) => {
  expect(linksOf(page).filter((link) => !existsSync(join(root, link)))).toEqual([]);
});

test("every page can be reached from the README", () => {
  const linked = pages.flatMap(linksOf);
  expect(pages.filter((page) => page !== "README.md" && !linked.includes(page))).toEqual([]);
});

test("every npm script, every command and every file that the pages name is there", () => {
  const all = pages.map(read).join("\n");
  const named = [...all.matchAll(/npm (?:run ([\w:-]+)|(start|test)\b)/g)].map(([, script, short]) => script ?? short ?? "");
  expect(named.length).toBeGreaterThan(5);
  expect(named.filter((script) => scripts[script] === undefined)).toEqual([]);
  const commands = [...all.matchAll(/npx sessions ([a-z-]+)/g)].map(([, command]) => `stacks/cli/${command}.ts`);
  expect(commands.length).toBeGreaterThan(15);
  expect(commands.filter((file) => !existsSync(join(root, file)))).toEqual([]);
  for (const [, file = ""] of all.matchAll(/`((?:stacks|policy|components|images|test)\/[\w./-]+)`/g))
    expect(() => readFileSync(join(root, file)), file).not.toThrow(/ENOENT/);
});

test("the settings of a session's egress that their page shows are read", () => {
  const section = read("components/egress-proxy/README.md");
  const shown = (pattern: RegExp) => parseYaml(pattern.exec(section)?.[1] ?? "");
  const [, egressSets = ""] = /`(\{ corp: .*?\})`/.exec(section) ?? [];
  const network = { ...shown(/```yaml\n([^`]*)```/).network, ...shown(/`(bandwidth: .*?)`/) };
  network.egress.allow.push({ set: "corp" });
  const { sessions } = parse({ egressSets: parseYaml(egressSets), sessions: [{ id: "a", network }] });
  const [{ egress, download } = {}] = sessions.map((session) => session.network);
  expect(typeof egress === "object" && egress.allow.map(({ host, ports }) => `${host}:${ports}`)).toEqual(
    expect.arrayContaining([
      "api.anthropic.com:80,443",
      "*.github.com:80,443",
      "mirror.corp.example:80,443",
      "api.github.com:443",
      "git.corp.example:80,443,8443",
    ]),
  );
  expect(download).toBe(10 * 1024 ** 2);
});

test("the settings of a company's proxy that their page shows are read", () => {
  const [, section = ""] = read("components/egress-proxy/README.md").split("\n## A company's HTTP proxy\n");
  const shown = parseYaml(/```yaml\n([^`]*)```/.exec(section)?.[1] ?? "").config["agent-sessions:egress"];
  const { parent } = parse({ sessions: [], egress: shown }, { environment: {} });
  expect(parent).toMatchObject({ host: "proxy.corp.example", port: 3128, noProxy: ["git.corp.example", "*.in.corp.example"] });
  expect(parent?.login).toMatchObject({ username: "svc-agents", secret: { from: "env", name: "CORP_PROXY_PASSWORD" } });
});

test("the settings of a gateway that their page shows are read", () => {
  const shown = parseYaml(/```yaml\n([^`]*)```/.exec(read("components/gateway/README.md"))?.[1] ?? "")["agent-sessions:single-node"];
  const { gateway } = parse({ strategy: "single-node", "single-node": shown, sessions: [] }, { environment: {} });
  expect(gateway).toMatchObject({
    address: "0.0.0.0",
    names: ["agents.corp.example"],
    users: { alice: { from: "env", name: "GATEWAY_ALICE" } },
    tokens: [{ from: "file", path: "/etc/agent-sessions/token" }],
    certificate: { chain: { path: "/etc/tls/chain.pem" }, key: { path: "/etc/tls/key.pem" } },
    rateLimit: { requests: 20, burst: 200 },
  });
});

test("the settings of dev services that their page shows are read", () => {
  const shown = parseYaml(/```yaml\n([^`]*)```/.exec(read("components/dev-services/README.md"))?.[1] ?? "");
  const { sessions, strategy } = parse({ local: shown["agent-sessions:local"], sessions: shown["agent-sessions:sessions"] });
  expect(sessions.map(({ services }) => services)).toEqual([["postgresql", "redis"]]);
  expect(strategy).toMatchObject({ devServices: { postgresql: { port: 5433 }, redis: { port: 6381 } } });
});

test("the settings of an agent that their page shows are read", () => {
  const folder = temporaryFolder("unattended");
  writeFileSync(join(folder, "managed.json"), "{}");
  writeFileSync(join(folder, "rules.md"), "Be kind.");
  const section = read("components/agent-settings/README.md");
  const { agent } = parseYaml(/```yaml\n([^`]*)```/.exec(section)?.[1] ?? "");
  const [session] = parse({ sessions: [{ id: "a", agent }] }, { root: folder, environment: {} }).sessions;
  expect(session?.agent).toEqual({
    task: "Mend the failing tests and commit.",
    permissions: "bypass",
    settings: "{}",
    instructions: "Be kind.",
  });
});

test("the policies of clean-up that their page shows are read", () => {
  const shown = parseYaml(/```yaml\n([^`]*)```/.exec(read("stacks/cli/cleanup/README.md"))?.[1] ?? "")["agent-sessions:cleanup"];
  const { cleanup } = parse({ sessions: [], cleanup: shown }, { environment: {} });
  expect(cleanup.map(({ name, trigger, grace, archive }) => [name, trigger.kind, grace, archive?.level])).toEqual([
    ["finished", "complete", 10, 6],
    ["old-logs", "age", undefined, undefined],
    ["full", "disk", 10, 9],
    ["demo", "manual", 30, undefined],
  ]);
});

test("the page of the seccomp profile lists what it refuses, and why", () => {
  const page = read("components/seccomp/README.md");
  for (const { what, why } of [...refusals, ...argumentRefusals]) expect(page).toContain(`\n| ${what} | ${why} |\n`);
});

describe.skipIf(docker === undefined)("a session in a minute", () => {
  // A session of that name may be running on this machine.
  const commands = (text = "") =>
    text
      .replaceAll("demo", "r-demo")
      .replaceAll("review", "r-review")
      .split("\n")
      .flatMap((line) => /^npx sessions ([^#]+)/.exec(line)?.[1]?.trim() ?? []);
  const daily = commands(readme.split("## A session in a minute")[1]?.split("```")[1]);
  // The last of the README's takes the sessions down.
  const lines = [...daily.slice(0, -1), ...commands(commandPage.split("```")[1]), ...daily.slice(-1)];
  const checkout = new Checkout();
  const code = join(temporaryFolder("readme"), "code");

  beforeAll(async () => {
    mkdirSync(code);
    const git = (...args: string[]) => execFileSync("git", ["-C", code, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    checkout.write(
      "local",
      JSON.stringify({
        config: {
          "agent-sessions:image": { agent: "none" },
          "agent-sessions:sessions": [{ id: "r-demo", repositories: [{ name: "code", path: code }] }],
        },
      }),
    );
    expect((await checkout.run(["up", "--yes", "--engine", "embedded"])).code).toBe(0);
  });
  afterAll(async () => {
    expect((await checkout.run(["down", "--delete-data", "--force", "--engine", "embedded"])).code).toBe(0);
    checkout.dispose();
  });

  test("holds every command of a day", () => {
    expect(lines.map((line) => line.split(" ")[0]).sort()).toEqual([
      "add",
      "attach",
      "diff",
      "doctor",
      "down",
      "exec",
      "list",
      "logs",
      "plan",
      "pull",
      "remove",
      "start",
      "stop",
      "top",
      "up",
      "verify",
    ]);
  });

  test.each(lines)("sessions %s", async (line) => {
    const args = line.split(" ");
    if (args[0] === "attach") expect((await checkout.runOnTerminal(args, /\$ |# /, "\u0002d")).code).toBe(0);
    else if (args.includes("--follow")) await followed(checkout, args);
    else {
      const { code, stderr } = await checkout.run(args);
      expect(code, stderr).toBe(0);
    }
  });
});

/** Follows until the first output, then ends it as Ctrl-C does. */
async function followed(checkout: Checkout, args: readonly string[]): Promise<void> {
  const child = spawn(process.execPath, [...commandIn(checkout.root), ...args], {
    cwd: checkout.root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(child, "close");
  await Promise.race([once(child.stdout, "data"), ended.then(() => Promise.reject(new Error("logs ended by itself")))]);
  child.kill("SIGINT");
  await ended;
}
