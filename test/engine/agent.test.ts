import { randomBytes } from "node:crypto";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { makeRepository } from "../support/repository.ts";
import { stringify } from "yaml";
import { plainOutput } from "../../components/container-engine/output.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { stateText } from "../../stacks/runtime/session-state.ts";
import { Checkout } from "../cli/checkout.ts";
import { ModelApi } from "../support/model-api.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "agent";

/** With the real CLI of Claude Code, against a stand-in for the model. */
describe.skipIf(docker === undefined)("Claude Code in a session", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, stack);
  const checkout = new Checkout();
  const key = `key-${randomBytes(12).toString("hex")}`;
  const repository = join(rig.root, "code");
  const api = new ModelApi(({ said, turns }) => {
    if (said.includes("OVERLOAD"))
      return { status: 529, type: "overloaded_error", message: "Overloaded", headers: { "x-should-retry": "false" } };
    if (!said.includes("WRITE")) return { text: `You said ${turns + 1} things.` };
    const command = "echo done > done.txt && git add done.txt && git commit -qm 'Write done.txt'";
    return said.includes("out.txt") || turns > 0
      ? { text: "It is written." }
      : { text: "I write.", tool: "Bash", input: { command, description: "Write" } };
  });

  const sessionsOf = (port: number) => {
    const asked = (name: string) => ({
      network: { egress: "open" },
      environment: { ANTHROPIC_BASE_URL: `http://${ownAddress()}:${port}` },
      credentials: { kind: "file", secret: { file: join(rig.root, name) } },
      limits: { memory: "1 GB", processes: 256 },
    });
    return [
      {
        id: "c-task",
        ...asked("good"),
        repositories: [{ name: "code", path: repository }],
        agent: { task: "WRITE a file and commit it." },
      },
      { id: "c-refused", ...asked("bad"), agent: { task: "WRITE" } },
      { id: "c-overload", ...asked("good"), agent: { task: "OVERLOAD", settings: "managed.json" }, restart: "never" },
      { id: "c-tui", ...asked("good"), repositories: [{ name: "code", path: repository }], agent: { permissions: "bypass" } },
    ];
  };
  const inspect = (id: string) => rig.docker.getContainer(`claude-agent-${id}`).inspect();
  const state = async (id: string) => stateText(await askHealth(rig.docker, id, `claude-agent-${id}`));
  const becomes = (id: string, wanted: string) =>
    until(async () => (await state(id)) === wanted, 60, `the state "${wanted}" of ${id}`).catch(async (error: Error) => {
      throw new Error(`${error.message}; it is ${await state(id)}\n${await log(id)}`);
    });
  const log = async (id: string) => plainOutput(await rig.docker.getContainer(`claude-agent-${id}`).logs({ stdout: true, stderr: true }));
  const screen = async () => (await rig.shell("c-tui", "tmux capture-pane -p -t claude")).output;
  const shows = (wanted: RegExp) =>
    until(async () => wanted.test(await screen()), 60, `${wanted} on the screen`).catch(async (error: Error) => {
      throw new Error(`${error.message}\n${await screen()}`);
    });
  /** Types a line; what comes before the program listens is lost. */
  const type = async (text: string) => {
    const keys = (...args: string[]) => rig.shell("c-tui", `tmux send-keys -t claude ${args.join(" ")}`);
    await until(
      async () => {
        if ((await screen()).includes(text)) return true;
        await keys("C-u");
        await keys("-l", `'${text}'`);
        return false;
      },
      60,
      `"${text}" on the screen`,
    );
    await keys("Enter");
  };
  const sessions = (...args: string[]) => checkout.run([...args, "--stack", stack]);

  beforeAll(async () => {
    makeRepository(repository, { readme: "hello\n" });
    writeFileSync(join(rig.root, "good"), key);
    writeFileSync(join(rig.root, "bad"), "key-wrong");
    writeFileSync(join(checkout.root, "managed.json"), '{ "permissions": { "deny": ["WebFetch"] } }');
    api.key = key;
    checkout.write(stack, stringify({ config: { "agent-sessions:sessions": sessionsOf(await api.listen()) } }));
    const { stderr } = await sessions("up", "--yes", "--engine", "embedded", "--no-install");
    expect(stderr).not.toContain("steps were not done");
  }, 10 * minute);
  afterAll(async () => {
    api.close();
    expect((await sessions("down", "--delete-data", "--force", "--engine", "embedded")).code).toBe(0);
    checkout.dispose();
    await rig.dispose();
  }, 2 * minute);

  test("does its task without a person, prints what it does, keeps the result and is complete", async () => {
    await becomes("c-task", "complete (agent-exit)");
    expect(JSON.parse((await rig.shell("c-task", "cat /session/result.json")).output)).toMatchObject({
      type: "result",
      is_error: false,
      result: "It is written.",
    });
    expect((await rig.shell("c-task", "git -C /workspace/code log -1 --format='%s %an'")).output).toBe("Write done.txt agent c-task");
    expect(await log("c-task")).toMatch(/^I write\.$[\s\S]*^> Bash echo done > done\.txt[\s\S]*^result: It is written\.$/m);
  });

  test("asks for nothing but the model", async () => {
    expect(new Set(api.others)).toEqual(new Set());
  });

  test("a task whose key is refused says so at once, and is not tried again", async () => {
    await until(async () => (await state("c-refused")) === "key refused (401)", 10, "the refusal of the key");
  });

  test("what the API answers reaches the agent as it is, and a task that may not be tried again has failed", async () => {
    await becomes("c-overload", "failed (exit 1, 1 start)");
    expect(await log("c-overload")).toContain("529");
    expect(JSON.parse((await rig.shell("c-overload", "cat /session/result.json")).output)).toMatchObject({ is_error: true });
    expect((await rig.shell("c-overload", "cat /etc/claude-code/managed-settings.json; touch /etc/claude-code/x")).output).toMatch(
      /^\{"permissions":\{"deny":\["WebFetch"\]\}\}\ntouch: .*Read-only file system$/,
    );
  });

  test(
    "its terminal starts without a question, goes on with its conversation when it was killed, and is run again after /exit",
    async () => {
      await shows(/bypass permissions on/);
      expect(await screen()).not.toMatch(/trust|Yes, I accept/);
      await type("hello one");
      await shows(/You said 1 things\./);
      // Claude Code shows an answer before it keeps it.
      const kept = () => rig.shell("c-tui", "grep -qs 'You said 1 things' $HOME/.claude/projects/*/*.jsonl");
      await until(async () => (await kept()).code === 0, 60, "the conversation on the disk");
      const { State } = await inspect("c-tui");
      process.kill(State.Pid, "SIGKILL");
      await until(async () => (await inspect("c-tui")).State.Pid > 0 && (await inspect("c-tui")).State.Pid !== State.Pid, 60, "the return");
      // What was said before is on the screen again, and nothing was asked of the model a second time.
      await shows(/You said 1 things\./);
      await type("hello two");
      await shows(/You said 2 things\./);
      // A key that is refused for a while; Claude Code asks again until it is taken.
      api.key = "another";
      await type("hello three");
      await becomes("c-tui", "key refused (401)");
      api.key = key;
      await shows(/You said 3 things\./);
      await becomes("c-tui", "healthy");
      await type("/exit");
      await becomes("c-tui", "complete (agent-exit)");
      expect(JSON.parse((await sessions("list", "--json")).stdout)).toContainEqual(
        expect.objectContaining({ session: "c-tui", state: "complete", why: "agent-exit" }),
      );
      // Neither a second up nor the engine runs it again; whoever says so does.
      const up = await sessions("up", "--yes", "--engine", "embedded", "--only", "c-tui");
      expect(up.stdout).toContain("complete (agent-exit)");
      expect(up.code, up.stdout).toBe(0);
      await rig.docker.getContainer("claude-agent-c-tui").restart();
      await becomes("c-tui", "complete (agent-exit)");
      const attached = await checkout.runOnTerminal(["attach", "c-tui", "--stack", stack], /never/, "");
      expect(attached.stdout.replace(/\s+/g, " ")).toContain(
        'session "c-tui" is complete (agent-exit), and no agent runs in it; "npx sessions logs c-tui --stack agent" shows what it said',
      );
      expect(await sessions("start", "c-tui")).toMatchObject({
        code: 0,
        stdout: "Session c-tui is started again; it was complete (agent-exit).\n",
      });
      await shows(/You said 2 things\./);
      expect(await state("c-tui")).toBe("healthy");
      expect((await sessions("start", "c-tui")).stdout).toBe("Session c-tui runs already: healthy.\n");
      expect((await sessions("stop", "c-tui")).code).toBe(0);
      expect(await state("c-tui")).toBe("stopped");
      expect((await sessions("start", "c-tui")).stdout).toBe("Session c-tui is started.\n");
    },
    3 * minute,
  );
});
