import { createHash } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { PassThrough } from "node:stream";
import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { tagNames } from "../../components/fargate/tags.ts";
import { FargateClient } from "../../stacks/runtime/ecs/client.ts";
import { enterBy, type Line } from "../../stacks/runtime/ecs/entry.ts";
import { EcsRuntime } from "../../stacks/runtime/ecs.ts";
import { beginning } from "../../stacks/streams.ts";
import { awsServer } from "../support/aws/server.ts";
import { addressOf, installPlugin } from "../support/aws/session-manager-plugin.ts";
import { temporaryFolder } from "../support/folder.ts";

/** Who runs a command in a session on ECS is told what is missing, and believes nothing that comes over the line. */

const aws = awsServer();
const token = "AAEAAdTokenOfTheLine";
type Fields = Record<string, unknown>;

describe("a command is refused before AWS opens a line", () => {
  const folder = temporaryFolder("programs");
  const programs = { current: join(folder, "current"), old: join(folder, "old"), none: join(folder, "none") };
  let [service, task]: Fields[] = [];
  let agent: Fields;
  let says: string;

  beforeAll(() => {
    for (const place of Object.values(programs)) mkdirSync(place);
    installPlugin(programs.current);
    installPlugin(programs.old, "1.2.497.0");
  });

  beforeEach(() => {
    const tags = { [tagNames.project]: "p", [tagNames.stack]: "far", [tagNames.session]: "one", [tagNames.kind]: "session" };
    service = {
      serviceArn: "service/one",
      serviceName: "one",
      desiredCount: 1,
      enableExecuteCommand: true,
      taskDefinition: "definition",
      tags: Object.entries(tags).map(([key, value]) => ({ key, value })),
    };
    agent = { name: "ExecuteCommandAgent", lastStatus: "RUNNING" };
    task = { taskArn: "task/far/t1", group: "service:one", lastStatus: "RUNNING", enableExecuteCommand: true };
    says = "";
    aws.answers = {
      ListServices: () => ({ serviceArns: ["service/one"] }),
      DescribeServices: () => ({ services: [service] }),
      ListTasks: ({ desiredStatus }) => ({ taskArns: desiredStatus === "RUNNING" && task !== undefined ? ["task/far/t1"] : [] }),
      DescribeTasks: () => ({
        tasks: [{ containers: [{ name: "session", lastStatus: "RUNNING", runtimeId: "r", managedAgents: [agent] }], ...task }],
      }),
      DescribeTaskDefinition: () => ({ taskDefinition: { containerDefinitions: [{ name: "session", user: "10001:1000" }] } }),
      ExecuteCommand: () => ({ session: { sessionId: "s", streamUrl: addressOf({ says }), tokenValue: token } }),
    };
    vi.stubEnv("PATH", `${programs.current}:${process.env.PATH}`);
  });
  afterEach(() => void vi.stubEnv("PATH", process.env.PATH?.split(":").slice(1).join(":")));

  const start = (options = {}) =>
    new EcsRuntime(new FargateClient({ region: "eu-central-1", cluster: "agent-sessions-far" }), { project: "p", stack: "far" })
      .session("one")
      .start(["true"], options);
  const asked = () => aws.asked.filter(({ operation }) => operation === "ExecuteCommand");

  test("where ECS Exec is off, naming the setting", async () => {
    service = { ...service, enableExecuteCommand: false };
    await expect(start()).rejects.toThrow(
      "no command can be run in one, as ECS Exec is off; agent-sessions:ecs: {execute: ephemeral-volumes} turns it on",
    );
    expect(asked()).toEqual([]);
  });

  test("where no task runs, as it is stopped", async () => {
    task = undefined as unknown as Fields;
    await expect(start()).rejects.toThrow(
      "one has no task that runs, and no command can be run in it; sessions list says why, and sessions start",
    );
    expect(asked()).toEqual([]);
  });

  test("where its task is older than that setting, or AWS's agent in it does not run", async () => {
    task = { ...task, enableExecuteCommand: false };
    await expect(start()).rejects.toThrow("the task t1 was started while ECS Exec was off");
    task = { ...task, enableExecuteCommand: true };
    agent = { ...agent, lastStatus: "PENDING", reason: "not yet" };
    await expect(start()).rejects.toThrow("AWS's agent in the task t1 is PENDING (not yet), and without it no command can be run there");
    expect(asked()).toEqual([]);
  });

  test("where AWS's program is not there, or would show the token of the line to everybody", async () => {
    vi.stubEnv("PATH", `${programs.none}`);
    await expect(start()).rejects.toThrow(
      "ECS Exec takes AWS's session-manager-plugin, and it is not there; install it as https://docs.aws.amazon.com/",
    );
    vi.stubEnv("PATH", `${programs.old}:/usr/bin:/bin`);
    await expect(start()).rejects.toThrow("session-manager-plugin is version 1.2.497.0, which shows the token of the line in its command");
    expect(asked()).toEqual([]);
  });

  test("as another user than the session's", async () => {
    await expect(start({ user: "0:0" })).rejects.toThrow(
      "commands in its task run as 10001:1000, and no other user than that can be had: 0:0",
    );
    expect(asked()).toEqual([]);
  });

  test("and one that AWS's program could not start says so, without the token", async () => {
    says = "Cannot perform start session: TOKEN \x1b]0;t\x07 is refused\n";
    const error = await start({ user: "10001" }).catch((refused: Error) => refused.message);
    expect(error).toMatch(/^ECS Exec ended before the command began; .* Cannot perform start session: ]0;t is refused Exiting/);
    expect(error).not.toContain(token);
  });

  test("is asked for in the words of the session's image, which AWS records", async () => {
    await start().catch(() => {});
    expect(asked()).toMatchObject([
      {
        input: {
          cluster: "agent-sessions-far",
          task: "task/far/t1",
          container: "session",
          interactive: true,
          command: expect.stringMatching(/^'\/usr\/local\/bin\/session-entry' '[0-9a-f]{32}' '\{\}' 'true'$/),
        },
      },
    ]);
  });
});

describe("what comes over the line", () => {
  const word = "0123456789abcdef";
  const sum = (text: string) => `${text.length},${createHash("sha256").update(text).digest("hex")}`;
  const open = (...pieces: string[]) => {
    const [from, to] = [new PassThrough(), new PassThrough()];
    const ends: boolean[] = [];
    for (const piece of pieces) from.write(piece);
    const line: Line = { from, to, end: (patiently) => void ends.push(patiently), reason: () => "it ended" };
    let said = "";
    to.setEncoding("latin1").on("data", (text: string) => {
      said += text;
    });
    return { from, ends, said: () => said, line };
  };
  const carried = async (...pieces: string[]) => {
    const { line, from, ends, said } = open(`Starting ${word} `, word.slice(0, 5), `${word.slice(5)}:`, ...pieces);
    from.end();
    const started = await enterBy(line, word);
    const [output, errors] = [beginning(), beginning()];
    await started.carry(output, errors);
    return { code: await started.exitCode(), output: output.text(), errors: errors.text(), ends, said: said() };
  };

  test("is taken apart wherever it is cut, and what stands around it is left out", async () => {
    expect(await carried("o", "aGk=", ".\r\neb2g=.", `x3,${sum("hioh")}.Exiting`)).toEqual({
      code: 3,
      output: "hi",
      errors: "oh",
      ends: [false],
      // What was taken is said, so that the session may send more.
      said: "a2.a2.",
    });
  });

  test.each([
    [
      "is less than was printed",
      `oaGk=.x0,${sum("hi!")}.`,
      "of what the command printed, 2 bytes came, and they are not the 3 that it was",
    ],
    ["is other than was printed", `oaGk=.x0,${sum("ho")}.`, "of what the command printed, 2 bytes came"],
    ["breaks off", "oaGk=.", "the line to the command broke off"],
    ["has no end", `o${"a".repeat(70_000)}`, "what came from the session is not what its image sends"],
    ["comes from nobody", "n.", "nothing in the session takes commands"],
  ])("and %s fails the command", async (_, text, sentence) => {
    await expect(carried(text)).rejects.toThrow(sentence);
  });

  test("is not waited for once the line has ended before the command began", async () => {
    const { line, from } = open("Cannot perform start session");
    from.end();
    await expect(enterBy(line, word)).rejects.toThrow("it ended");
  });

  test.each(["x,0,e3b0.", "xabc,0,e3b0.", `x256,${sum("").slice(1)}.`, "x-1,0,e3b0.", "kInfinity.", "k-1.", "k1e3.", "k1."])(
    "is not the image's own: %s",
    async (message) => {
      const { line, from, ends } = open(`${word}:${message}`);
      const started = await enterBy(line, word);
      await expect(started.carry(beginning(), beginning())).rejects.toThrow("what came from the session is not what its image sends");
      expect(ends).toEqual([true]);
      from.end();
    },
  );

  test.each(["", "filler ".repeat(2000)])("is given up where nobody says that it has begun", async (filler) => {
    const { line, from, ends } = open(filler);
    await expect(enterBy(line, word, 300)).rejects.toThrow("nothing in the session took the command within 0.3 s");
    expect(ends).toEqual([false]);
    from.end();
  });

  test("holds up who writes more than the line holds, until it was taken", async () => {
    const { line, from, said } = open(`${word}:`);
    const started = await enterBy(line, word);
    const done: string[] = [];
    const carrying = started.carry(beginning(), beginning());
    started.input.write(Buffer.alloc(256 * 1024), () => done.push("first"));
    started.input.write(Buffer.alloc(16), () => done.push("second"));
    await expect.poll(() => done).toEqual(["first"]);
    from.write("k262144.");
    await expect.poll(() => done).toEqual(["first", "second"]);
    started.resize(10, 20);
    started.close();
    from.end();
    await carrying;
    expect(said().slice(-40)).toMatch(/[A-Za-z0-9+/=]+\.iA{22}==\.r10,20\.q\.$/);
  });
});
