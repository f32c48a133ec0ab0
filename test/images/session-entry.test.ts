import { execFileSync } from "node:child_process";
import { createHash, randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Writable } from "node:stream";
import { setTimeout as delay } from "node:timers/promises";
import { beforeAll, describe, expect, vi } from "vitest";
import { tagNames } from "../../components/fargate/tags.ts";
import { runIn } from "../../stacks/cli/exec.ts";
import { pullSession } from "../../stacks/cli/pull.ts";
import type { StackSource } from "../../stacks/configuration.ts";
import { FargateClient } from "../../stacks/runtime/ecs/client.ts";
import { EcsRuntime } from "../../stacks/runtime/ecs.ts";
import type { CommandOptions } from "../../stacks/runtime/runtime.ts";
import { eachPiece } from "../../stacks/streams.ts";
import { images } from "../support/aws/stack.ts";
import { awsServer } from "../support/aws/server.ts";
import { addressOf, installPlugin } from "../support/aws/session-manager-plugin.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";
import { type LiveSession, sessionTests, until, whyNot } from "./live-session.ts";

/** Commands of a session on ECS: through ECS's API, AWS's program, a terminal that root has in the container, and session-entry. */

const reason = await whyNot();
if (reason !== undefined) missing(`tests of ECS Exec, as ${reason}`);

const aws = awsServer();
const token = "AAEAAdTokenOfTheLine";

describe.skipIf(reason !== undefined)("ECS Exec", () => {
  const { test } = sessionTests();
  const programs = temporaryFolder("plugin");
  const record = join(programs, "record");
  const into = temporaryFolder("into");
  beforeAll(() => {
    installPlugin(programs);
    vi.stubEnv("PATH", `${programs}:${process.env.PATH}`);
  });

  /** A session of ECS's that is a container of Docker's. */
  const onEcs = ({ container }: LiveSession) => {
    const tags = { [tagNames.project]: "p", [tagNames.stack]: "far", [tagNames.session]: "one", [tagNames.kind]: "session" };
    const service = {
      serviceArn: "arn:aws:ecs:eu-central-1:123456789012:service/agent-sessions-far/one",
      serviceName: "one",
      status: "ACTIVE",
      desiredCount: 1,
      enableExecuteCommand: true,
      taskDefinition: "definition",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    };
    const agent = { name: "ExecuteCommandAgent", lastStatus: "RUNNING" };
    const task = {
      taskArn: "arn:aws:ecs:eu-central-1:123456789012:task/agent-sessions-far/t1",
      group: "service:one",
      lastStatus: "RUNNING",
      enableExecuteCommand: true,
      containers: [{ name: "session", lastStatus: "RUNNING", runtimeId: "t1-1", managedAgents: [agent] }],
    };
    aws.answers = {
      ListServices: () => ({ serviceArns: [service.serviceArn] }),
      DescribeServices: () => ({ services: [service] }),
      ListTasks: () => ({ taskArns: [task.taskArn] }),
      DescribeTasks: () => ({ tasks: [task] }),
      DescribeTaskDefinition: () => ({ taskDefinition: { containerDefinitions: [{ name: "session", user: "1000:1000" }] } }),
      ExecuteCommand: ({ command }) => ({
        session: {
          sessionId: "ecs-execute-command-1",
          streamUrl: addressOf({ container: container.id, command: String(command), record }),
          tokenValue: token,
        },
      }),
    };
    const place = { region: "eu-central-1", cluster: "agent-sessions-far" };
    return new EcsRuntime(new FargateClient(place), { project: "p", stack: "far" });
  };

  const collect = () => {
    const pieces: Buffer[] = [];
    return Object.assign(
      eachPiece((piece) => void pieces.push(piece)),
      { bytes: () => Buffer.concat(pieces) },
    );
  };
  const inSession = async (live: LiveSession, command: readonly string[], options?: CommandOptions, given?: Buffer) => {
    const [output, errors] = [collect(), collect()];
    const started = await onEcs(live).session("one").start(command, options);
    if (given !== undefined) started.input.end(given);
    await started.carry(output, errors);
    return { code: await started.exitCode(), output: output.bytes(), errors: errors.bytes().toString() };
  };
  const begin = async (start: (options: object) => Promise<LiveSession>) => {
    const session = await start({ environment: { SESSION_ENTRY: "1", OWN: "of the container" } });
    await session.becomes("healthy");
    return session;
  };

  test("runs commands as the session's user, byte by byte, with their exit code and none of what AWS's program says", async ({ start }) => {
    const live = await begin(start);
    const script = `printf 'a\\nb\\r\\n\\0\\377\\x1b[31m.x0,0,'; id >&2; grep -E 'CapEff|NoNewPrivs' /proc/self/status >&2; exit 7`;
    expect(await inSession(live, ["bash", "-c", script])).toEqual({
      code: 7,
      output: Buffer.from("a\nb\r\n\0\xff\x1b[31m.x0,0,", "latin1"),
      errors: "uid=1000(agent) gid=1000(agent) groups=1000(agent)\nCapEff:\t0000000000000000\nNoNewPrivs:\t1\n",
    });
    expect((await inSession(live, ["bash", "-c", "kill -KILL $$"])).code).toBe(137);
    expect(await inSession(live, ["no-such-program"])).toMatchObject({ code: 127, errors: expect.stringContaining("no-such-program") });
    const words = ["it's", 'a "b"', "$HOME `id` \\ #", "", "ä\n\tü"];
    expect((await inSession(live, ["printf", "[%s]", ...words])).output.toString()).toBe(words.map((word) => `[${word}]`).join(""));
    const more = { folder: "/tmp", environment: { OWN: "another", MORE: "=" } };
    const variables = 'echo "$PWD $OWN $MORE $PATH ${SESSION_RESUME-none} ${AGENT_PATH-none}"';
    const path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/session/home/.local/bin";
    expect((await inSession(live, ["bash", "-c", variables], more)).output.toString()).toBe(`/tmp another = ${path} none none\n`);
    const line = readFileSync(record, "utf8")
      .trim()
      .split("\n")
      .map((one) => JSON.parse(one) as { argv: string[]; TokenValue: string });
    expect(line[0]?.argv).toEqual([
      "AWS_SSM_START_SESSION_RESPONSE",
      "eu-central-1",
      "StartSession",
      "",
      '{"Target":"ecs:agent-sessions-far_t1_t1-1"}',
      "",
    ]);
    expect(line.every(({ TokenValue }) => TokenValue === token)).toBe(true);
    expect(JSON.stringify(line.map(({ argv }) => argv))).not.toContain(token);
  });

  test("takes and gives more than the line holds, in both directions at once", async ({ start }) => {
    const live = await begin(start);
    const given = randomBytes(3 * 1024 * 1024);
    const { code, output } = await inSession(live, ["cat"], { input: true }, given);
    expect({ code, sum: createHash("sha256").update(output).digest("hex") }).toEqual({
      code: 0,
      sum: createHash("sha256").update(given).digest("hex"),
    });
    // Standard input that nobody reads holds nobody up.
    expect((await inSession(live, ["true"], { input: true }, given)).code).toBe(0);
  });

  test("holds up who prints more than is taken", async ({ start }) => {
    const live = await begin(start);
    const endless = "for ((i = 0; ; i++)); do printf %08000d 0; echo $i >/tmp/agent/printed; done";
    const started = await onEcs(live).session("one").start(["bash", "-c", endless]);
    const carried = started.carry(
      eachPiece(() => new Promise(() => {})),
      collect(),
    );
    const printed = async () => Number((await live.exec("cat /tmp/agent/printed")).out) * 8000;
    let [before, now] = [-1, 0];
    await until(
      async () => {
        [before, now] = [now, await printed()];
        await delay(1000);
        return now > 0 && before === now;
      },
      60,
      async () => `its standstill; it is at ${now}`,
    );
    // The window, what a pipe holds, and what was read of it.
    expect(now).toBeLessThan((256 + 64 + 16 + 16) * 1024);
    started.close();
    void carried.catch(() => {});
  });

  test("gives a terminal of the caller's size, on which a hostile session draws and does nothing else", async ({ start }) => {
    const live = await begin(start);
    const started = await onEcs(live)
      .session("one")
      .start(["bash", "-c", "read -r; stty size; tty; echo $TERM"], {
        terminal: true,
        input: true,
        environment: { TERM: "xterm-256color" },
      });
    const output = collect();
    started.resize(31, 97);
    started.input.write("x\n");
    await started.carry(output, output);
    expect(output.bytes().toString()).toMatch(/^x\r\n31 97\r\n\/dev\/pts\/\d+\r\nxterm-256color\r\n$/);
    const screen = Object.assign(collect(), { isTTY: true });
    const hostile = `printf 'red \\033[31mtext\\033]52;c;aGk=\\a\\033]0;title\\a\\033[c'`;
    await runIn(onEcs(live).session("one"), ["bash", "-c", hostile], {
      tty: true,
      stdin: false,
      output: screen as Writable,
      errors: screen as Writable,
    });
    expect(screen.bytes().toString()).toContain("red \x1b[31mtext");
    expect(screen.bytes().toString()).not.toMatch(/\x1b\]|\x1b\[c/);
  });

  test("enters the agent's own terminal", async ({ start }) => {
    const live = await begin(start);
    const started = await onEcs(live).session("one").start(["bash", "-c", "exec tmux attach -t claude"], { terminal: true, input: true });
    const output = collect();
    started.resize(30, 90);
    const carried = started.carry(output, output);
    started.input.write("echo $((40 + 2)) by-key\n");
    await until(
      async () => output.bytes().toString().includes("42 by-key"),
      60,
      async () => output.bytes().toString(),
    );
    started.input.write("\x02d");
    await carried;
    expect(await started.exitCode()).toBe(0);
  });

  test("brings a session's commits out, and no more than is taken", async ({ start }) => {
    const live = await begin(start);
    const git = (...args: string[]) => execFileSync("git", ["-C", into, ...args], { maxBuffer: 2 ** 22 });
    git("init", "--quiet");
    const work = "head -c 700000 /dev/urandom >blob && git add . && git -c user.name=a -c user.email=a@b commit -qm 'some work'";
    const made = await live.exec(
      `git init -q -b session/one /workspace/w && cd /workspace/w && ${work} && echo more >left && sha256sum <blob`,
    );
    const url = "https://git.example.com/w";
    const described = {
      strategy: "ecs",
      ecs: { region: "eu-central-1", images },
      sessions: [{ id: "one", repositories: [{ name: "w", url }] }],
    };
    const config = Object.fromEntries(Object.entries(described).map(([key, value]) => [`agent-sessions:${key}`, JSON.stringify(value)]));
    const source = {
      project: "p",
      stack: "far",
      root: "/",
      config: { ...config, "agent-sessions:strategy": "ecs" },
    } as unknown as StackSource;
    expect(await pullSession(onEcs(live), source, "one", { into })).toMatchObject([
      { repository: "w", branch: "session/one", count: 1, commits: [{ subject: "some work" }], left: { files: 1, names: ["left"] } },
    ]);
    expect(createHash("sha256").update(git("show", "session/one:blob")).digest("hex")).toBe(made.out.split(" ")[0]);
    await expect(pullSession(onEcs(live), source, "one", { into, maxSize: 100_000 })).rejects.toThrow("the session sends more than");
  });

  test.for([
    ["prints", "exec -a let-go yes", 500_000],
    ["says nothing, and does not listen to who hangs up", "trap '' HUP; echo; exec -a let-go sleep infinity", 1],
  ] as const)("ends what is let go of while it %s", async ([, line, bytes], { start }) => {
    const live = await begin(start);
    const [output, errors] = [collect(), collect()];
    const started = await onEcs(live).session("one").start(["bash", "-c", line]);
    const carried = started.carry(output, errors);
    await until(
      async () => output.bytes().length >= bytes,
      60,
      async () => "its output",
    );
    const runs = async () => (await live.exec("pgrep -f ^let-go")).code === 0;
    await until(runs, 60, async () => "its name");
    started.close();
    await carried;
    expect(await started.exitCode()).toBeUndefined();
    await until(
      async () => !(await runs()),
      60,
      async () => "its end",
    );
  });

  test("comes back when the agent has ended what lets people in, and says when nothing does", async ({ start }) => {
    const live = await begin(start);
    await live.exec("pkill -f 'session-entry --serve'");
    await until(
      async () => (await inSession(live, ["true"]).catch(() => undefined))?.code === 0,
      60,
      async () => "an entry",
    );
    const closed = await start({});
    await closed.becomes("healthy");
    await expect(inSession(closed, ["true"])).rejects.toThrow("nothing in the session takes commands, as it is only starting,");
  });
});
