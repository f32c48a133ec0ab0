import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { AgentSettings } from "../../components/agent-settings/docker.ts";
import { authorityOf, environmentOf, type SessionContainerArgs } from "../../components/session-container/args.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { record } from "../support/record.ts";
import { part } from "../../components/session-part.ts";

const root = mkdtempSync(join(tmpdir(), "agent-settings-"));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const token = `sk-ant-${"a1B2".repeat(10)}`;
for (const [name, content] of Object.entries({
  "task.md": "Mend the tests.\n",
  "empty.md": " \n",
  "token.md": `Use ${token}.`,
  "long.md": "x".repeat(100 * 1024 + 1),
  "settings.json": '{ "permissions": { "deny": ["WebFetch"] } }',
  "list.json": "[]",
  "null.json": "null",
  "text.json": '"text"',
  "broken.json": "{",
  "token.json": JSON.stringify({ env: { KEY: token } }),
}))
  writeFileSync(join(root, name), content);
// Whoever opens it waits until somebody writes.
execFileSync("mkfifo", [join(root, "pipe")]);

const parsed = (session: object, more: object = {}) =>
  parse({ sessions: [{ id: "a", ...session }], ...more }, { root, environment: {} }).sessions[0]!;
const refusals = (session: object, more: object = {}): string => {
  try {
    parsed(session, more);
  } catch (error) {
    if (error instanceof SettingsError) return error.message;
    throw error;
  }
  return "";
};

describe("what Claude Code does and how", () => {
  test.each([
    [{}, { permissions: "ask" }],
    [{ task: "Mend." }, { permissions: "bypass", task: "Mend." }],
    [
      { task: "Mend.", permissions: "ask" },
      { permissions: "ask", task: "Mend." },
    ],
    [{ permissions: "bypass" }, { permissions: "bypass" }],
    [{ taskFile: "task.md" }, { permissions: "bypass", task: "Mend the tests.\n" }],
    [
      { settings: "settings.json", instructions: "task.md" },
      { permissions: "ask", settings: '{"permissions":{"deny":["WebFetch"]}}', instructions: "Mend the tests.\n" },
    ],
  ])("%j", (agent, expected) => {
    expect(parsed({ agent }).agent).toEqual(expected);
  });

  test.each<[object, RegExp, object?]>([
    [{ agent: { task: "a", taskFile: "task.md" } }, /agent\.taskFile: "task.md" stands beside a task; leave one of them out/],
    [{ agent: { taskFile: "none.md" } }, /agent\.taskFile: "none.md" cannot be read; name a file/],
    [{ agent: { taskFile: "empty.md" } }, /agent\.taskFile: "empty.md" is empty/],
    [{ agent: { taskFile: "token.md" } }, /agent\.taskFile: "token.md" holds what has the form of a credential; take it out/],
    [{ agent: { task: "x".repeat(100 * 1024 + 1) } }, /agent\.task: "the task" is longer than 100 KB; put what is long into a file/],
    ...(["taskFile", "settings", "instructions"] as const).flatMap((key): [object, RegExp][] => [
      [{ agent: { [key]: "long.md" } }, new RegExp(`agent\\.${key}: "long.md" is longer than 100 KB; name a shorter one`)],
      [{ agent: { [key]: "pipe" } }, new RegExp(`agent\\.${key}: "pipe" is no regular file; name one`)],
      [{ agent: { [key]: "/dev/zero" } }, new RegExp(`agent\\.${key}: "/dev/zero" is no regular file; name one`)],
      [{ agent: { [key]: "." } }, new RegExp(`agent\\.${key}: "." is no regular file; name one`)],
    ]),
    [{ security: { seccompProfile: "pipe" } }, /security\.seccompProfile: "pipe" is no regular file; name one/],
    [{}, /image\.caBundle: "pipe" is no regular file; name one, or set image\.caBundle: none/, { image: { caBundle: "pipe" } }],
    [{ agent: { task: "a" }, agentCommand: "claude" }, /agent\.task: "the task" stands beside an agentCommand.*leave one out/],
    [{ agent: { permissions: "all" } }, /agent\.permissions: "all" is not a way to ask; write ask or bypass/],
    [{ agent: { settings: "list.json" } }, /agent\.settings: "list.json" is no object of JSON/],
    [{ agent: { settings: "null.json" } }, /agent\.settings: "null.json" is no object of JSON/],
    [{ agent: { settings: "text.json" } }, /agent\.settings: "text.json" is no object of JSON/],
    [{ agent: { settings: "broken.json" } }, /agent\.settings: "broken.json" cannot be read as JSON/],
    [{ agent: { settings: "token.json" } }, /agent\.settings: "token.json" holds what has the form of a credential/],
    [{ agent: { instructions: "token.md" } }, /agent\.instructions: "token.md" holds what has the form of a credential/],
    [
      { agent: { task: "a" } },
      /agent: is for Claude Code, and image.agent is none or another; write agentCommand/,
      { image: { agent: "none" } },
    ],
    [{ restart: "sometimes" }, /restart: "sometimes" is not a way to restart; write always, on-failure, never or \{retries: 3\}/],
    [{ restart: { retries: -1 } }, /restart/],
  ])("%j is refused", (session, sentence, more) => {
    const said = refusals(session, more);
    expect(said).toMatch(sentence);
    expect(said).not.toContain(token);
  });

  test.each([
    [{}, undefined],
    [{ agent: { task: "a" } }, 3],
    [{ agent: { task: "a" }, restart: "always" }, undefined],
    [{ restart: "on-failure" }, 3],
    [{ restart: "never" }, 0],
    [{ restart: { retries: 7 } }, 7],
  ])("%j is started again so often: %s", (session, retries) => {
    expect(parsed(session).retries).toBe(retries);
  });

  test("a session's way to restart stands in the place of the defaults' own", () => {
    expect(parsed({ restart: { retries: 2 } }, { defaults: { restart: "always" } }).retries).toBe(2);
    expect(parsed({ restart: "never" }, { defaults: { restart: { retries: 5 } } }).retries).toBe(0);
  });

  test("the container is told of it, trusts what the settings name, and authority says that nobody is asked", () => {
    const args = {
      sessionId: "a",
      repositories: ["code"],
      parts: [],
      agent: parsed({ agent: { task: "Mend." } }).agent,
      retries: 3,
    } as unknown as SessionContainerArgs;
    expect(environmentOf(args)).toMatchObject({
      AGENT_TASK: "Mend.",
      AGENT_PERMISSIONS: "bypass",
      AGENT_TRUSTED: "/workspace /workspace/code",
      SESSION_RETRIES: "3",
    });
    expect(authorityOf(args)).toEqual(["session a: agent uses its tools without asking"]);
    const host = { target: "/workspace", readOnly: false, source: { kind: "host", path: "/srv/w" } } as const;
    const asks = { ...args, agent: parsed({}).agent, parts: [part({ mounts: [host] })] } as unknown as SessionContainerArgs;
    // What lies in a folder of the host may be anybody's.
    expect(environmentOf(asks)).toMatchObject({ AGENT_TRUSTED: "/workspace/code" });
    expect(environmentOf(asks)).not.toHaveProperty("AGENT_PERMISSIONS");
    expect(authorityOf(asks).join()).not.toContain("asking");
  });

  test("managed settings and instructions are files of a volume that the session only reads, and verify is told so", async () => {
    const { one } = await record(
      () => new AgentSettings("a", { sessionId: "a", project: "agent-sessions", stack: "test", image: "sha256:1", settings: "{}" }),
    );
    expect(one("Container").inputs).toMatchObject({
      name: "claude-agent-a-managed",
      start: false,
      uploads: [
        { file: "/etc/claude-code/managed-settings.json", permissions: "0444" },
        { file: "/etc/claude-code/CLAUDE.md", permissions: "0444" },
      ],
    });
    expect(one("Volume").inputs.name).toBe("claude-agent-a-managed");
    const mount = { target: "/etc/claude-code", readOnly: true, source: expect.objectContaining({ kind: "secret", name: "managed" }) };
    expect(promisedTo(parsed({ agent: { instructions: "task.md" } })).mounts).toContainEqual(mount);
    expect(promisedTo(parsed({ agent: { task: "a" } })).mounts).not.toContainEqual(mount);
  });
});
