import { spawnSync } from "node:child_process";
import { beforeEach, describe, expect, test, vi } from "vitest";
import { tagNames } from "../../components/fargate/tags.ts";
import { FargateClient } from "../../stacks/runtime/ecs/client.ts";
import { EcsRuntime } from "../../stacks/runtime/ecs.ts";
import { printed } from "../../stacks/runtime/printed.ts";
import { beginning } from "../../stacks/streams.ts";
import { awsServer, Refused } from "../support/aws/server.ts";

/** What commands ask of sessions on ECS, through the SDK's own client, of a server that answers what AWS would. */

const aws = awsServer();
const owner = { project: "agent-sessions", stack: "far" };
const cluster = "agent-sessions-far";
const runtime = () => new EcsRuntime(new FargateClient({ region: "eu-central-1", cluster }), owner);

const arn = (kind: string, name: string) => `arn:aws:ecs:eu-central-1:123456789012:${kind}/${cluster}/${name}`;
type Fields = Record<string, unknown>;

function toService(id: string, more: Fields = {}, tags: Fields = {}) {
  const all = {
    [tagNames.project]: "agent-sessions",
    [tagNames.stack]: "far",
    [tagNames.session]: id,
    [tagNames.kind]: "session",
    ...tags,
  };
  return {
    serviceName: `claude-agent-${id}`,
    serviceArn: arn("service", `claude-agent-${id}`),
    status: "ACTIVE",
    desiredCount: 1,
    taskDefinition: `definition-${id}`,
    tags: Object.entries(all).flatMap(([key, value]) => (value === undefined ? [] : [{ key, value }])),
    ...more,
  };
}

function toTask(id: string, name: string, more: Fields = {}) {
  return {
    taskArn: arn("task", name),
    taskDefinitionArn: `definition-${id}`,
    group: `service:claude-agent-${id}`,
    createdAt: 1_700_000_000,
    lastStatus: "RUNNING",
    containers: [{ name: "session", lastStatus: "RUNNING", healthStatus: "HEALTHY" }],
    ...more,
  };
}

const definition = {
  cpu: "2048",
  memory: "4096",
  containerDefinitions: [
    {
      name: "session",
      user: "1000:1000",
      environment: [
        { name: "SESSION_DISK_LIMIT", value: "1000" },
        { name: "SESSION_REPOSITORIES", value: "widgets" },
      ],
      logConfiguration: { logDriver: "awslogs", options: { "awslogs-group": "/sessions/one", "awslogs-stream-prefix": "s" } },
    },
  ],
};

let services: ReturnType<typeof toService>[];
let running: ReturnType<typeof toTask>[];
let stopped: ReturnType<typeof toTask>[];
let lines: { eventId: string; timestamp: number; message: string; stream: string }[];

/** What AWS holds, as it answers questions about it. */
beforeEach(() => {
  services = [toService("one")];
  running = [toTask("one", "t1")];
  stopped = [];
  lines = [];
  const described = (all: readonly Fields[], key: string, named: readonly unknown[]) => all.filter((one) => named.includes(one[key]));
  aws.answers = {
    ListServices: () => ({ serviceArns: services.map(({ serviceArn }) => serviceArn) }),
    DescribeServices: ({ services: named }) => ({ services: described(services, "serviceArn", named as string[]) }),
    ListTasks: ({ desiredStatus }) => ({ taskArns: (desiredStatus === "STOPPED" ? stopped : running).map(({ taskArn }) => taskArn) }),
    DescribeTasks: ({ tasks }) => ({ tasks: described([...running, ...stopped], "taskArn", tasks as string[]) }),
    DescribeTaskDefinition: () => ({ taskDefinition: definition }),
    UpdateService: ({ service, desiredCount }) => {
      services = services.map((one) => (one.serviceArn === service ? { ...one, desiredCount: Number(desiredCount) } : one));
      if (desiredCount === 0) running = [];
      return {};
    },
    TagResource: ({ tags }) => {
      services = services.map((one) => ({ ...one, tags: [...one.tags, ...(tags as typeof one.tags)] }));
      return {};
    },
    UntagResource: ({ tagKeys }) => {
      services = services.map((one) => ({ ...one, tags: one.tags.filter(({ key }) => !(tagKeys as string[]).includes(key)) }));
      return {};
    },
    StopTask: ({ task }) => {
      running = running.filter(({ taskArn }) => taskArn !== task);
      return {};
    },
    GetLogEvents: ({ logStreamName, limit, nextToken }) => ({
      events: nextToken !== undefined ? [] : lines.filter(({ stream }) => stream === logStreamName).slice(-Number(limit)),
      nextBackwardToken: "at the beginning",
    }),
    DescribeLogStreams: () => ({
      logStreams: [...new Set(lines.map(({ stream }) => stream))].reverse().map((logStreamName) => ({ logStreamName })),
    }),
    FilterLogEvents: ({ startTime = 0, logStreamNamePrefix }) => ({
      events: lines.filter(({ timestamp, stream }) => timestamp >= Number(startTime) && stream.startsWith(String(logStreamNamePrefix))),
    }),
  };
});

const asked = (operation: string) => aws.asked.filter((one) => one.operation === operation).map(({ input }) => input);

describe("sessions", () => {
  test("are the stack's own, told by their tags, sorted; what serves them is none", async () => {
    services = [
      toService("two"),
      toService("one"),
      toService("strange", {}, { [tagNames.stack]: "near" }),
      toService("gone", { status: "INACTIVE" }),
      toService("one-proxy", {}, { [tagNames.kind]: "egress-proxy", [tagNames.session]: undefined, [tagNames.serves]: "one" }),
    ];
    running = [toTask("one", "t1")];
    const listed = await runtime().list();
    expect(listed.map(({ id, state }) => [id, state])).toEqual([
      ["one", "running"],
      ["two", "pending"],
    ]);
  });

  test("are none where nothing was rolled out", async () => {
    aws.answers.ListServices = () => {
      throw new Refused("ClusterNotFoundException", "Cluster not found.");
    };
    expect(await runtime().list()).toEqual([]);
  });

  test("are entered by ECS Exec where it is on, and shown by their log where it is off", async () => {
    const attachOf = async () => (await runtime().session("one").describe()).attach;
    expect(await attachOf()).toBe("npx sessions logs one --follow --stack far");
    services = [toService("one", { enableExecuteCommand: true })];
    expect(await attachOf()).toBe("npx sessions attach one --stack far");
  });

  test("are asked about together: a hundred take few questions", async () => {
    services = Array.from({ length: 100 }, (_, index) => toService(`s${index}`));
    running = services.map((_, index) => toTask(`s${index}`, `t${index}`));
    // However long a busy machine takes, all is asked within one moment.
    vi.useFakeTimers({ toFake: ["Date"] });
    const live = runtime();
    const listed = await live.list();
    await Promise.all(listed.map((session) => session.health()));
    vi.useRealTimers();
    expect(asked("ListServices")).toHaveLength(1);
    expect(asked("DescribeServices")).toHaveLength(10);
    expect(asked("DescribeTasks")).toHaveLength(1);
  });

  test.each([
    ["stopped", { desiredCount: 0 }, [], []],
    ["running", {}, [toTask("one", "t1")], []],
    ["pending", {}, [toTask("one", "t1", { lastStatus: "PENDING" })], []],
    ["restarting", {}, [], [toTask("one", "t0", { stopCode: "EssentialContainerExited" })]],
  ])("are %s by their tasks", async (state, more, now, before) => {
    services = [toService("one", more)];
    [running, stopped] = [now, before];
    expect((await runtime().list()).map((session) => session.state)).toEqual([state]);
  });

  test("of another stack are named by it", async () => {
    aws.answers.ListClusters = () => ({
      clusterArns: ["arn:aws:ecs:eu-central-1:1:cluster/agent-sessions-near", "arn:aws:ecs:eu-central-1:1:cluster/x"],
    });
    aws.answers.DescribeServices = ({ cluster: where }) =>
      where === "agent-sessions-near" ? { services: [toService("else", {}, { [tagNames.stack]: "near" })] } : { services: [] };
    expect(await runtime().stackOf("else")).toBe("agent-sessions/near");
    expect(asked("DescribeServices")).toEqual([
      { cluster: "agent-sessions-near", services: ["agent-sessions-near-claude-agent-else"], include: ["TAGS"] },
    ]);
  });

  test("know their variables, and their user, by the task definition", async () => {
    const live = runtime();
    expect(await live.session("one").variable("SESSION_REPOSITORIES")).toBe("widgets");
    expect(await live.uids()).toEqual(new Map([["one", 1000]]));
  });
});

describe("a session's health", () => {
  test("is what its check says, and of one that ended what it says itself", async () => {
    const session = runtime().session("one");
    expect(await session.health()).toEqual({ session: "one", container: "t1", state: "healthy" });
    lines = [
      { eventId: "1", timestamp: 1, stream: "s/session/t1", message: "working" },
      { eventId: "2", timestamp: 2, stream: "s/session/t1", message: 'session: complete: {"reason":"agent-exit"}' },
    ];
    expect(await session.health()).toMatchObject({ state: "complete", why: "agent-exit" });
  });

  test("is not told by a task before the one that runs", async () => {
    lines = [{ eventId: "1", timestamp: 1, stream: "s/session/t0", message: "session: failed: exit 1, 1 start. Nothing runs" }];
    expect(await runtime().session("one").health()).toMatchObject({ state: "healthy" });
  });

  test("of a pool counts its tasks", async () => {
    services = [toService("one", { desiredCount: 3 })];
    expect(await runtime().session("one").health()).toMatchObject({ why: "1 of 3 tasks run, one is healthy" });
  });

  test("is stopped where there is none", async () => {
    services = [];
    expect(await runtime().session("one").health()).toEqual({
      session: "one",
      container: "claude-agent-one",
      state: "stopped",
      why: "it is not there",
    });
  });
});

describe("stopping and starting", () => {
  test("change the service alone, and a pool comes back at its size", async () => {
    services = [toService("one", { desiredCount: 3 })];
    const session = runtime().session("one");
    await session.stop();
    expect(asked("UpdateService")).toEqual([{ cluster, service: services[0]?.serviceArn, desiredCount: 0 }]);
    await session.begin();
    expect(services[0]?.desiredCount).toBe(3);
    expect(services[0]?.tags.map(({ key }) => key)).not.toContain("agent-sessions:tasks");
  });

  test("do nothing where nothing is to be done", async () => {
    const session = runtime().session("one");
    await session.begin();
    services = [toService("one", { desiredCount: 0 })];
    running = [];
    await runtime().session("one").stop();
    expect(asked("UpdateService")).toEqual([]);
  });

  test("a restart ends the session's own tasks and no other", async () => {
    services = [toService("one"), toService("two")];
    running = [toTask("one", "t1"), toTask("two", "t2")];
    await runtime().session("one").restart();
    expect(running.map(({ taskArn }) => taskArn)).toEqual([arn("task", "t2")]);
  });
});

describe("logs", () => {
  beforeEach(() => {
    lines = ["a", "b", "c", "d"].map((message, index) => ({
      eventId: message,
      timestamp: (index + 1) * 1000,
      stream: `s/session/${index < 2 ? "t0" : "t1"}`,
      message,
    }));
    lines.push({ eventId: "x", timestamp: 5000, stream: "s/clone/t1", message: "of another container" });
  });

  test("are those of the session's container, of tasks that have ended too, in order", async () => {
    expect(await printed(runtime().session("one"))).toBe("a\nb\nc\nd");
  });

  test("come from the end, across tasks, and from a time on", async () => {
    expect(await printed(runtime().session("one"), { tail: 3 })).toBe("b\nc\nd");
    expect(await printed(runtime().session("one"), { tail: 0 })).toBe("");
    expect(await printed(runtime().session("one"), { since: 3 })).toBe("c\nd");
    expect(await printed(runtime().session("one"), { since: 4, timestamps: true })).toBe("1970-01-01T00:00:04.000Z d");
  });

  test("that are followed come once each, a late one too, until nobody reads", async () => {
    const output = beginning();
    const reading = runtime().session("one").logs({ follow: true, tail: 1 }, output);
    await expect.poll(() => output.text()).toBe("d\n");
    lines.push({ eventId: "late", timestamp: 4000, stream: "s/session/t1", message: "late" });
    lines.push({ eventId: "e", timestamp: 6000, stream: "s/session/t1", message: "e" });
    await expect.poll(() => output.text(), { timeout: 10_000 }).toBe("d\nlate\ne\n");
    output.destroy();
    await reading.catch(() => {});
  });

  test("of a group that is not there are none", async () => {
    const gone = () => {
      throw new Refused("ResourceNotFoundException", "The specified log group does not exist.");
    };
    aws.answers = { ...aws.answers, FilterLogEvents: gone, DescribeLogStreams: gone };
    expect(await printed(runtime().session("one"), { tail: 3 })).toBe("");
  });
});

describe("the egress proxy that sessions share", () => {
  const signsIn = (secrets: object[]) => ({
    ...definition,
    containerDefinitions: definition.containerDefinitions.map((one) => ({ ...one, secrets })),
  });
  const proxy = { containerDefinitions: [{ ...definition.containerDefinitions[0], name: "egress-proxy" }] };

  beforeEach(() => {
    const tags = { [tagNames.kind]: "egress-proxy", [tagNames.session]: undefined };
    services = [toService("one"), toService("two"), toService("proxy", {}, tags)];
    aws.answers.DescribeTaskDefinition = ({ taskDefinition }) => ({
      taskDefinition:
        taskDefinition === "definition-proxy" ? proxy : signsIn(taskDefinition === "definition-one" ? [{ name: "HTTPS_PROXY" }] : []),
    });
  });

  test("is that of a session with a login, and shows its lines alone, from the end too", async () => {
    lines = ["a", "b"].map((message, index) => ({ eventId: message, timestamp: index, stream: "s/egress-proxy/t9", message }));
    const part = await runtime().part("one", "egress-proxy");
    expect(part && (await printed(part, { tail: 1 }))).toBe("b");
    expect(asked("FilterLogEvents")).toMatchObject([{ logStreamNamePrefix: "s/egress-proxy/", filterPattern: '{ $.session = "one" }' }]);
    expect(asked("DescribeLogStreams")).toEqual([]);
  });

  test("is none of a session without a login", async () => {
    expect(await runtime().part("two", "egress-proxy")).toBeUndefined();
    expect(await runtime().part("one", "credential-proxy")).toBeUndefined();
  });
});

describe("what verify tries", () => {
  const registered = () => asked("RegisterTaskDefinition")[0] as { family: string; containerDefinitions: Fields[]; tags: Fields[] };
  const task = arn("task", "t7");
  const networkConfiguration = { awsvpcConfiguration: { subnets: ["subnet-1"], securityGroups: ["sg-1"] } };
  let status: Fields;

  beforeEach(() => {
    status = { lastStatus: "STOPPED", containers: [{ name: "session", exitCode: 3 }] };
    const container = {
      ...definition.containerDefinitions[0],
      command: ["agent"],
      healthCheck: { command: ["CMD", "x"] },
      entryPoint: ["tini", "--"],
    };
    const clone = { name: "clone", healthCheck: { command: ["CMD", "y"] } };
    const whole = { ...definition, family: "sessions", taskRoleArn: "role", containerDefinitions: [clone, container] };
    services = [toService("one", { networkConfiguration })];
    Object.assign(aws.answers, {
      DescribeTaskDefinition: () => ({ taskDefinition: whole }),
      RegisterTaskDefinition: ({ containerDefinitions }: { containerDefinitions?: { name: string; command?: string[] }[] }) => {
        const end = containerDefinitions?.find(({ name }) => name === "session")?.command?.[5] ?? "";
        const printedLines = ["first", "second", end].map((message, index) => ({ timestamp: index, message }));
        aws.answers.GetLogEvents = ({ logStreamName, nextToken }) => ({
          events: logStreamName === "s/session/t7" && nextToken === undefined ? printedLines : [],
          nextForwardToken: "at the end",
        });
        return { taskDefinition: { taskDefinitionArn: "made:1" } };
      },
      RunTask: () => ({ tasks: [{ taskArn: task }] }),
      DescribeTasks: ({ tasks }: Fields) => ({ tasks: (tasks as string[]).map((taskArn) => ({ taskArn, ...status })) }),
      DeregisterTaskDefinition: () => ({}),
      DeleteTaskDefinitions: () => ({}),
    });
  });

  const tried = async () => {
    const output = beginning();
    const started = await runtime()
      .standIns.of("one")
      .start(["probe", "it"], { input: true, folder: "/", environment: { LD_PRELOAD: "" } });
    started.input.write("the key\n");
    await started.carry(output, output);
    return { text: output.text(), code: await started.exitCode() };
  };

  test("runs in a task of its own, of the session's definition and network, that reads what it is given", async () => {
    expect(await tried()).toEqual({ text: "first\nsecond\n", code: 3 });
    const { family, containerDefinitions, tags } = registered();
    const [clone, session] = containerDefinitions;
    expect([family, clone]).toEqual(["sessions-verify", { name: "clone", healthCheck: { command: ["CMD", "y"] } }]);
    expect(session).toMatchObject({ entryPoint: ["tini", "--"], workingDirectory: "/", user: "1000:1000" });
    expect(session).not.toHaveProperty("healthCheck");
    expect(session?.command).toEqual([
      "bash",
      "-c",
      expect.stringContaining("exit $code"),
      "verify",
      "the key\n",
      expect.stringMatching(/^end /),
      expect.stringMatching(/^cut /),
      expect.stringContaining("import sys"),
      "probe",
      "it",
    ]);
    expect(session?.environment).toContainEqual({ name: "LD_PRELOAD", value: "" });
    expect(tags).toContainEqual({ key: tagNames.kind, value: "verify" });
    expect(asked("RunTask")).toMatchObject([{ cluster, taskDefinition: "made:1", networkConfiguration, count: 1 }]);
  });

  test("prints lines of any length, which the log holds in pieces", async () => {
    const long = `${"ä€😀x".repeat(10_000)}\n\n${"y".repeat(4000)}\n${"z".repeat(8001)}\nlast\n`;
    aws.answers.RegisterTaskDefinition = ({ containerDefinitions }: { containerDefinitions?: { name: string; command?: string[] }[] }) => {
      const [shell = "", ...args] = containerDefinitions?.find(({ name }) => name === "session")?.command ?? [];
      const print = ["bash", "-c", 'read -r key; [[ $key == "the key" ]] && printf %s "$1"; echo wrong >&2; exit 4', "print", long];
      const { stdout, status: code } = spawnSync(shell, [...args.slice(0, -2), ...print], { encoding: "utf8" });
      status = { lastStatus: "STOPPED", containers: [{ name: "session", exitCode: code }] };
      // Of an empty line the log makes no event.
      const events = stdout.split("\n").flatMap((message, timestamp) => (message === "" ? [] : [{ message, timestamp }]));
      expect(Math.max(...events.map(({ message }) => Buffer.byteLength(message)))).toBeLessThan(16 * 1024);
      aws.answers.GetLogEvents = ({ nextToken }) => ({ events: nextToken === undefined ? events : [], nextForwardToken: "at the end" });
      return { taskDefinition: { taskDefinitionArn: "made:1" } };
    };
    const started = await runtime().standIns.of("one").start(["probe", "it"]);
    started.input.write("the key\n");
    const output = beginning(1024 ** 2);
    await started.carry(output, output);
    expect(output.text()).toBe(`${long.replace("\n\n", "\n")}wrong\n`);
    expect(await started.exitCode()).toBe(4);
  });

  test("leaves nothing behind, also where no task can be had", async () => {
    await tried();
    expect([asked("StopTask"), asked("DeregisterTaskDefinition")]).toMatchObject([[{ task }], [{ taskDefinition: "made:1" }]]);
    aws.answers.RunTask = () => ({ tasks: [], failures: [{ reason: "Capacity is unavailable at this time" }] });
    await expect(tried()).rejects.toThrow("no task could be started: Capacity is unavailable at this time");
    expect(asked("DeregisterTaskDefinition")).toHaveLength(2);
  });

  test("says why its task did not run", async () => {
    status = { lastStatus: "STOPPED", stoppedReason: "CannotPullContainerError: not found", containers: [{ name: "session" }] };
    await expect(tried()).rejects.toThrow("the task for it did not run: CannotPullContainerError: not found");
  });
});

describe("who asks", () => {
  test("is told in one sentence what AWS refuses, and where", async () => {
    aws.answers.ListServices = () => {
      throw new Refused("AccessDeniedException", "User: me is not authorized to perform: ecs:ListServices");
    };
    await expect(runtime().list()).rejects.toThrow(
      "AWS does not let you do this (ECS cluster agent-sessions-far in eu-central-1): User: me is not authorized to perform: ecs:ListServices; ask who runs the account for that right",
    );
    aws.answers.ListServices = () => {
      throw new Refused("ExpiredTokenException", "The security token included in the request is expired");
    };
    await expect(runtime().list()).rejects.toThrow(/^AWS does not know who asks .*sign in anew, or name another profile/);
  });
});
