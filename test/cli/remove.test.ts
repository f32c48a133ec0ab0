import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { liveEngine } from "../engine/rig.ts";
import { Checkout } from "./checkout.ts";

const docker = (await liveEngine()) as Docker;

describe.skipIf(docker === undefined)("sessions that are taken down one by one", () => {
  const checkout = new Checkout({ ONE_KEY: "not-a-key" });
  const code = join(checkout.root, "code");
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", "rm", ...args]);
  const file = () => readFileSync(checkout.stackFile("rm"), "utf8");
  const described = `config:
  # The image stays.
  agent-sessions:image: { agent: none }
  agent-sessions:sessions:
    # All of them.
    - id: rm-one # Goes.
      repositories: [ { name: code, path: ${code} } ]
      credentials: { kind: proxy, secret: { env: ONE_KEY } }
      network: { egress: { allow: [ example.com ] } }
    # The other.
    - id: rm-two # Stays.
      repositories: [ { name: lib, url: "file://${code}" } ]
`;

  /** All that the engine holds of these sessions. */
  async function objects(): Promise<string[]> {
    const [containers, networks, { Volumes }] = await Promise.all([
      docker.listContainers({ all: true }),
      docker.listNetworks(),
      docker.listVolumes(),
    ]);
    const names = [
      ...containers.map(({ Names }) => Names[0]?.slice(1) ?? ""),
      ...[...networks, ...(Volumes ?? [])].map(({ Name }) => Name),
    ];
    return [...new Set(names.filter((name) => /rm-(one|two)|^agent-sessions-.*lib/.test(name)))].sort();
  }

  beforeAll(async () => {
    mkdirSync(code);
    const git = (...args: string[]) => execFileSync("git", ["-C", code, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    checkout.write("rm", described);
    const { code: status, stderr } = await sessions("up", "--yes", "--engine", "embedded");
    expect(status, stderr).toBe(0);
  });
  afterAll(async () => {
    await sessions("down", "--delete-data", "--force", "--engine", "embedded");
    checkout.dispose();
  });

  test("what would be lost is named and asked for, and without a terminal needs --force", async () => {
    const work = "echo new > kept && git add kept && git commit -qm kept && echo new > loose";
    expect((await sessions("exec", "rm-one", "--", "sh", "-c", work)).code).toBe(0);
    const lost = "rm-one: code: 1 commit not pulled, 1 file not committed (loose)";
    const before = await objects();
    for (const command of [["remove", "rm-one"], ["down"]])
      expect(await checkout.run([...command, "--stack", "rm", "--delete-data"])).toMatchObject({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining(lost),
      });
    const asked = await checkout.runOnTerminal(["remove", "rm-one", "--stack", "rm", "--delete-data"], /Go on\? \[y\/N\] /, "n\r");
    expect([asked.code, asked.stdout]).toEqual([1, expect.stringContaining(lost)]);
    expect(await objects()).toEqual(before);
    expect(file()).toBe(described);
    // Nothing of the other's is lost, and what was pulled is not either.
    expect((await sessions("pull", "rm-one", "--commit")).code).toBe(0);
    expect((await sessions("exec", "rm-one", "--", "touch", "later")).code).toBe(0);
    expect((await sessions("remove", "rm-one", "--delete-data")).stderr).toContain("rm-one: code: 1 file not committed (later)\n");
  });

  test("stashes, repositories in others and files in none are named too, and so is what a session without a repository has", async () => {
    const inOne = [
      "echo more >> kept && git stash --quiet",
      "echo vendor >> .git/info/exclude && git init -q 'vendor/[in]ner' && cd 'vendor/[in]ner' && git commit -q --allow-empty -m inner",
      // What only looks like a repository hides nothing, and temporary files are nobody's work.
      "mkdir -p /workspace/odd/.git /workspace/.tmp && touch /workspace/odd/notes.md /workspace/.tmp/x",
    ];
    expect((await sessions("exec", "rm-one", "--", "sh", "-ec", inOne.join("\n"))).stderr).toBe("");
    expect((await sessions("remove", "rm-one", "--delete-data")).stderr).toContain(
      [
        "lost:",
        "  rm-one: code: 1 stash, 1 file not committed (later)",
        "  rm-one: code/vendor/[in]ner: 1 commit not pulled",
        "  rm-one: /workspace: 1 file in no repository (odd/notes.md)\n",
      ].join("\n"),
    );
    const put = (from: string, to: string) => sessions("exec", "rm-two", "--", "mv", `${from}/lib`, `${to}/lib`);
    expect((await put("/workspace", "/session")).code).toBe(0);
    expect((await sessions("exec", "rm-two", "--", "sh", "-c", "echo new > /workspace/new")).code).toBe(0);
    expect((await sessions("down", "rm-two", "--delete-data")).stderr).toContain(
      "lost:\n  rm-two: /workspace: 1 file in no repository (new)\n",
    );
    expect((await put("/session", "/workspace")).code).toBe(0);
    expect((await sessions("exec", "rm-two", "--", "rm", "/workspace/new")).code).toBe(0);
    expect((await sessions("exec", "rm-one", "--", "git", "stash", "drop", "--quiet")).code).toBe(0);
  });

  test("down takes down the sessions that it names, with the clone that nobody else has, and keeps the data", async () => {
    expect((await sessions("down", "rm-too")).stderr).toBe(
      'sessions: there is no session "rm-too" in stack rm; did you mean rm-two? There is: rm-one, rm-two\n',
    );
    const { code: status, stdout } = await sessions("down", "rm-two", "--json");
    expect([status, JSON.parse(stdout).kept]).toEqual([
      0,
      ["logs", "session", "workspace"].map((kind) => `claude-agent-rm-two-${kind}`).sort(),
    ]);
    expect((await objects()).filter((name) => !name.includes("rm-one"))).toEqual(JSON.parse(stdout).kept);
    expect((await sessions("exec", "rm-one", "--", "true")).code).toBe(0);
    expect(file()).toBe(described);
  });

  test("remove goes on where it was killed, looks at the data of a session that is gone, and leaves nothing of it", async () => {
    // As if it was killed before it came to the file.
    expect((await sessions("down", "rm-one")).code).toBe(0);
    expect(await sessions("remove", "rm-one", "--delete-data")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("rm-one: code: 1 file not committed (later)"),
    });
    expect(file()).toBe(described);
    expect((await sessions("remove", "rm-one", "--delete-data", "--force")).code).toBe(0);
    expect((await objects()).filter((name) => name.includes("rm-one"))).toEqual([]);
    expect(file()).toBe(described.replace(/ {4}- id: rm-one[\s\S]*(?= {4}# The other)/, ""));
    expect((await sessions("remove", "rm-one")).stderr).toContain('there is no session "rm-one"');
    // Its data is still there, so that it can be removed when the session is nowhere else.
    expect((await sessions("remove", "rm-two")).stdout).toMatch(/^Nothing was there to remove\.\nKept with their data: /);
    expect((await sessions("remove", "rm-two", "--delete-data")).code).toBe(0);
    expect(await objects()).toEqual([]);
    expect(file()).toMatch(/^config:\n {2}# The image stays\.\n[\s\S]*# All of them\.\n/);
    expect(parse(file()).config["agent-sessions:sessions"]).toEqual([]);
  });
});
