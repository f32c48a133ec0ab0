import { readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { Checkout } from "./checkout.ts";

const checkout = new Checkout();
afterAll(() => checkout.dispose());

const read = (stack: string) => readFileSync(checkout.stackFile(stack), "utf8");
const sessionsOf = (stack: string) => (parse(read(stack)) as { config: Record<string, unknown> }).config["agent-sessions:sessions"];

describe("sessions add", () => {
  test("adds an entry and keeps every line that was there", async () => {
    const before = "# ours\nconfig:\n  agent-sessions:sessions:\n    # the first\n    - id: one # stays\n";
    checkout.write("comments", before);
    const { code, stdout } = await checkout.run([
      "add",
      "two",
      "--stack",
      "comments",
      "--egress",
      "open",
      "-r",
      "lib=https://example.com/lib.git",
      "-r",
      "own=https://example.com/own.git",
    ]);
    expect([code, stdout]).toEqual([
      0,
      'Added session two to stacks/Pulumi.comments.yaml; "npx sessions up --stack comments" starts it.\n',
    ]);
    expect(read("comments").startsWith(before)).toBe(true);
    expect(sessionsOf("comments")).toEqual([
      { id: "one" },
      {
        id: "two",
        repositories: [
          { name: "lib", url: "https://example.com/lib.git" },
          { name: "own", url: "https://example.com/own.git" },
        ],
        network: { egress: "open" },
        uid: "own",
      },
    ]);
  });

  test("a repository as ssh writes it is refused, with the URL that is meant", async () => {
    checkout.write("ssh", "config:\n");
    const add = (repository: string) => checkout.run(["add", "two", "--stack", "ssh", "--repository", repository]);
    for (const repository of ["git@host.example:a/b.git", "own=git@host.example:/a/b.git", "host.example:a/b.git"])
      expect(await add(repository)).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(
          /is not a URL that git can clone; write https:\/\/, git:\/\/, ssh:\/\/(git@)?host\.example\/a\/b\.git or file:\/\/, or a path as \.\/PATH\./,
        ),
      });
    expect(read("ssh")).toBe("config:\n");
    expect((await add("./no:where")).stderr).toContain("does not exist on this machine");
  });

  test("loses nothing of what several add at once", async () => {
    checkout.write("at-once", "config:\n");
    const ids = ["a", "b", "c", "d", "e", "f"];
    const ended = await Promise.all(ids.map((id) => checkout.run(["add", id, "--stack", "at-once"])));
    expect(ended.map(({ code }) => code)).toEqual(ids.map(() => 0));
    expect((sessionsOf("at-once") as { id: string }[]).map(({ id }) => id).sort()).toEqual(ids);
  });

  test("adds a list of hosts and sets", async () => {
    checkout.write("allow", "config:\n");
    const { code } = await checkout.run(["add", "two", "--stack", "allow", "--allow", "git.corp.example:8443", "--allow", "set:github"]);
    expect(code).toBe(0);
    expect(sessionsOf("allow")).toEqual([
      { id: "two", network: { egress: { allow: ["git.corp.example:8443", { set: "github" }] } }, uid: "own" },
    ]);
  });

  test("writes where the key is and never the key, names repositories by their places, and the task or its file", async () => {
    checkout.write("agent", "config:\n");
    writeFileSync(join(checkout.root, "task.md"), "Do it.\n");
    const add = (...args: string[]) => checkout.run(["add", ...args, "--stack", "agent"]);
    const one = await add("one", "--key-env", "PATH", "-r", "stacks", "-r", "https://example.com/Some_Lib.git#v1", "--task", "Do it");
    expect(one.code, one.stderr).toBe(0);
    expect((await add("two", "--key-file", "~/key", "--upstream", "https://gateway.example/v1/messages", "--task", "@task.md")).code).toBe(
      0,
    );
    expect(sessionsOf("agent")).toEqual([
      {
        id: "one",
        repositories: [
          { name: "stacks", path: "stacks" },
          { name: "some-lib", url: "https://example.com/Some_Lib.git", ref: "v1" },
        ],
        credentials: { kind: "proxy", secret: { env: "PATH" } },
        agent: { task: "Do it" },
      },
      {
        id: "two",
        credentials: { kind: "proxy", secret: { file: join(homedir(), "key") }, upstream: "https://gateway.example/v1/messages" },
        agent: { taskFile: "task.md" },
        uid: "own",
      },
    ]);
    expect(read("agent")).not.toContain(process.env.PATH);
  });

  test.each([
    [
      "sessions kept as JSON in a text, as the Pulumi CLI may",
      `config:\n  agent-sessions:sessions: '[{"id": "one"}]'\n`,
      [{ id: "one" }, { id: "two", uid: "own" }],
    ],
    ["an empty configuration", "config:\n", [{ id: "two", uid: "own" }]],
    ["an empty file", "", [{ id: "two", uid: "own" }]],
    [
      "defaults that give every session a uid",
      "config:\n  agent-sessions:defaults: { uid: own }\n  agent-sessions:sessions: []\n",
      [{ id: "two" }],
    ],
    [
      "defaults with a folder of this machine, which is for uid 1000",
      "config:\n  agent-sessions:defaults: { repositories: [{ name: code, path: stacks }] }\n  agent-sessions:sessions: []\n",
      [{ id: "two" }],
    ],
    [
      "a session that has the new one's uid already",
      "config:\n  agent-sessions:sessions: [{ id: one, uid: 12142 }]\n",
      [
        { id: "one", uid: 12_142 },
        { id: "two", uid: 12_143 },
      ],
    ],
  ])("adds to %s", async (_, content, expected) => {
    checkout.write("forms", content);
    expect((await checkout.run(["add", "two", "--stack", "forms"])).code).toBe(0);
    expect(sessionsOf("forms")).toEqual(expected);
  });

  test.each([
    ["an id that is taken", ["one"], 2, /sessions\[1\]\.id: "one" is taken by sessions\[0\]/],
    ["an id of 41 characters", ["x".repeat(41)], 2, /longer than 40 characters/],
    ["a repository at /etc", ["two", "-r", "code=/etc"], 2, /sessions\[1\]\.repositories\[0\]/],
    ["a repository without a place", ["two", "-r", "code="], 2, /names no place/],
    ["a set that does not exist", ["two", "--allow", "set:nope"], 2, /sessions\[1\]\.network\.egress\.allow\[0\]\.set: "nope" is no set/],
    ["two kinds of egress", ["two", "--allow", "a.example", "--egress", "open"], 2, /cannot be used with option/],
    ["two keys", ["two", "--key-env", "A", "--key-file", "/a"], 2, /cannot be used with option/],
    ["a place for a key without one", ["two", "--upstream", "https://a.example"], 1, /--upstream is where a key goes/],
    ["a task file that is not there", ["two", "--task", "@/nowhere/task"], 2, /\/nowhere\/task cannot be read \(ENOENT\)/],
    ["a repository without a name", ["two", "-r", "https://example.com/--"], 2, /No name can be made of it/],
    ["an egress that does not exist", ["two", "--egress", "some"], 2, /Allowed choices are none, open/],
  ])("refuses %s and leaves the file alone", async (_, args, expected, sentence) => {
    const before = "config:\n  agent-sessions:sessions:\n    - id: one\n";
    checkout.write("refused", before);
    const { code, stdout, stderr } = await checkout.run(["add", ...args, "--stack", "refused"]);
    expect([code, stdout, stderr]).toEqual([expected, "", expect.stringMatching(sentence)]);
    expect(stderr).not.toMatch(/^\s+at /m);
    expect(read("refused")).toBe(before);
    expect(readdirSync(join(checkout.root, "stacks")).filter((name) => name.startsWith("Pulumi.refused"))).toEqual(["Pulumi.refused.yaml"]);
  });

  test("makes the file where there is none of any stack, and of others names the one that may be meant", async () => {
    const empty = new Checkout();
    try {
      for (const name of readdirSync(join(empty.root, "stacks"))) if (/^Pulumi\./.test(name)) rmSync(join(empty.root, "stacks", name));
      expect((await empty.run(["list"])).stderr).toBe(
        'sessions: there is no stack "local" (stacks/Pulumi.local.yaml); make it with "npx sessions add ID --stack local"\n',
      );
      expect((await empty.run(["add", "one"])).code).toBe(0);
      expect(readFileSync(empty.stackFile("local"), "utf8")).toBe(
        "# yaml-language-server: $schema=settings.schema.json\n\nconfig:\n  agent-sessions:sessions:\n    - id: one\n      uid: own\n",
      );
      expect((await empty.run(["add", "two", "--stack", "lcal"])).stderr).toBe(
        'sessions: there is no stack "lcal" (stacks/Pulumi.lcal.yaml); did you mean local? there is: local\n',
      );
    } finally {
      empty.dispose();
    }
  });

  test("names a stack file that is no YAML", async () => {
    checkout.write("broken", "config: [\n");
    const { code, stderr } = await checkout.run(["add", "two", "--stack", "broken"]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/^sessions: stacks\/Pulumi\.broken\.yaml is no YAML: /)]);
  });
});
