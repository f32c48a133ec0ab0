import { PassThrough } from "node:stream";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { outputOf } from "../../stacks/cli/exec.ts";
import { ClusterClient } from "../../stacks/runtime/kubernetes/client.ts";
import { linesSince, printed } from "../../stacks/runtime/printed.ts";
import { KubernetesRuntime } from "../../stacks/runtime/kubernetes.ts";
import { beginning, ignored } from "../../stacks/streams.ts";
import { ApiServer, type Running } from "../support/api-server.ts";
import { namespace, owner, paths, policy, putPod, putProxy, putSession } from "../support/cluster-objects.ts";

/** What commands do on a cluster: a real client, and an imitated API server. */

let api: ApiServer;
let runtime: KubernetesRuntime;

beforeAll(async () => {
  api = await ApiServer.start();
  runtime = new KubernetesRuntime(new ClusterClient({ context: api.context, kubeconfig: api.kubeconfig, namespace }), owner);
});

afterAll(() => api.close());

const fresh = { refuse: () => undefined, answer: () => ({ code: 0 }), changed: () => {}, logs: () => "" };

beforeEach(() => {
  api.objects.clear();
  putSession(api, "one");
});

afterEach(() => {
  Object.assign(api, fresh);
  api.asked.length = 0;
});

const pod = () => api.objects.get(`${paths.pods}/claude-agent-one-0`);
const session = () => runtime.session("one");
const healthy = '{"status":"healthy"}';

test("a command's output, complaints and exit code come through, and its words as they are", async () => {
  const seen: Running[] = [];
  api.answer = (running) => {
    seen.push(running);
    return { output: "out\n", errors: "err\n", code: 7 };
  };
  const [output, errors] = [beginning(), beginning()];
  const started = await session().start(["printf", "%s & %s", "a b", ""], { folder: "/work space", environment: { TERM: "dumb" } });
  await started.carry(output, errors);
  expect([output.text(), errors.text(), await started.exitCode()]).toEqual(["out\n", "err\n", 7]);
  expect(seen[0]?.pod).toBe("claude-agent-one-0");
  expect(seen[0]?.command).toEqual(["/usr/bin/env", "--chdir=/work space", "TERM=dumb", "printf", "%s & %s", "a b", ""]);
  expect(seen[0]?.query.get("container")).toBe("session");
});

test("what is written goes to the command's standard input, and its end too", async () => {
  api.answer = ({ socket }) =>
    new Promise((resolve) => {
      let text = "";
      socket.onMessage((message) => {
        if (message[0] === 0) text += message.subarray(1).toString();
        if (message[0] === 255 && message[1] === 0) resolve({ output: text.toUpperCase() });
      });
    });
  const started = await session().start(["tr"], { input: true });
  const output = beginning();
  started.input.write("one ");
  started.input.end("two");
  await started.carry(output, ignored());
  expect(output.text()).toBe("ONE TWO");
});

test("a terminal is one stream, and its size is told", async () => {
  api.answer = ({ socket, query }) =>
    new Promise((resolve) =>
      socket.onMessage((message) => {
        if (message[0] === 4) resolve({ output: `${query.get("tty")} ${query.get("stderr")} ${message.subarray(1)}` });
      }),
    );
  const started = await session().start(["top"], { terminal: true, input: true });
  started.resize(20, 90);
  const output = beginning();
  await started.carry(output, ignored());
  expect(output.text()).toBe('true false {"Width":90,"Height":20}');
});

test("nothing is lost of what a command prints, however slowly it is taken", async () => {
  const megabyte = "x".repeat(1024 ** 2);
  api.answer = () => ({ output: megabyte.repeat(20) });
  const slow = new PassThrough({ highWaterMark: 1024 });
  const started = await session().start(["yes"]);
  const carried = started.carry(slow, ignored()).then(() => slow.end());
  let bytes = 0;
  for await (const piece of slow) bytes += (piece as Buffer).length;
  await carried;
  expect(bytes).toBe(20 * 1024 ** 2);
  expect(await started.exitCode()).toBe(0);
});

test("letting go of a command ends its connection without an error, and one that breaks off is an error", async () => {
  let running: Running | undefined;
  api.answer = (given) => {
    running = given;
    return new Promise(() => {});
  };
  const started = await session().start(["sleep"], { input: true });
  const carried = started.carry(ignored(), ignored());
  started.close();
  await carried;
  expect(await started.exitCode()).toBeUndefined();
  await expect.poll(() => api.open).toBe(0);
  const broken = await session().start(["sleep"]);
  const waiting = broken.carry(ignored(), ignored());
  running?.socket.close();
  await expect(waiting).rejects.toThrow("the connection to the command broke off");
});

test("a command that cannot be started is told of in a sentence", async () => {
  api.refuse = (_, path) => (path.endsWith("/exec") ? { code: 403, message: "" } : undefined);
  await expect(session().start(["true"])).rejects.toThrow(/may not do this \(403\): .*it takes the right to create pods\/exec/);
  api.refuse = fresh.refuse;
  api.objects.delete(`${paths.pods}/claude-agent-one-0`);
  await expect(session().start(["true"])).rejects.toThrow('session "one" has no pod, and with a pod its output goes; it is stopped');
});

test("a cluster that cannot end an input is told of, rather than a command that waits for ever", async () => {
  const { protocols } = api;
  api.protocols = ["v4.channel.k8s.io"];
  await expect(session().start(["cat"], { input: true })).rejects.toThrow(
    "cannot end a command's input; that takes Kubernetes 1.30 or later",
  );
  api.protocols = protocols;
});

test("no command runs as somebody else, or where the session's own variables would have the agent's code loaded", async () => {
  const probe = { user: "1000:1000", environment: { LD_PRELOAD: "" } };
  await (await session().start(["true"], probe)).carry(ignored(), ignored());
  await expect(session().start(["true"], { user: "0:0" })).rejects.toThrow("run as 1000:1000, and no other user than that can be had: 0:0");
  const [container] = (pod()!.spec as { containers: { env: unknown[] }[] }).containers;
  container?.env.push({ name: "LD_PRELOAD", value: "/workspace/own.so" });
  await expect(session().start(["true"], probe)).rejects.toThrow(
    "its settings set LD_PRELOAD, by which the agent's code could take a command's place",
  );
});

test("logs are asked for as they are wanted, and each line's time is kept", async () => {
  api.logs = (name, query) => `2026-01-02T03:04:05.000000000Z ${name} said\n2026-01-02T03:04:06.500000000Z ${query}\n`;
  expect(await printed(session(), { tail: 5 })).toContain("tailLines=5");
  const [line] = await linesSince(session(), "2026-01-02T03:04:05.000000000Z");
  expect(line).toContain("sinceTime=2026-01-02T03%3A04%3A05.000Z");
  expect(line).toContain("timestamps=true");
  api.refuse = (_, path) => (path.endsWith("/log") ? { code: 400, message: 'container "session" is waiting to start' } : undefined);
  await expect(printed(session())).rejects.toThrow('answered 400: container "session" is waiting to start');
});

test("logs that are followed come as they are written, until they end", async () => {
  let goOn = () => {};
  api.logs = (_, query, response) => {
    expect(query.get("follow")).toBe("true");
    response.writeHead(200).write("first\n");
    goOn = () => void response.end("second\n");
    return undefined;
  };
  const seen: string[] = [];
  const sink = new PassThrough();
  sink.on("data", (piece: Buffer) => seen.push(piece.toString()));
  const logged = session().logs({ follow: true }, sink);
  await expect.poll(() => seen.join("")).toBe("first\n");
  goOn();
  await logged;
  expect(seen.join("")).toBe("first\nsecond\n");
});

test("sessions are listed with what they are, and pools as one", async () => {
  putProxy(api, "one");
  putSession(api, "two");
  putSession(api, "many", { pool: 3 });
  putPod(api, "many", "claude-agent-many-2", { phase: "Pending" });
  api.objects.get(`${paths.statefulSets}/claude-agent-two`)!.spec = { replicas: 0 };
  api.answer = () => ({ output: healthy });
  const listed = await runtime.list();
  expect(listed.map(({ id, state }) => `${id} ${state}`)).toEqual(["many running", "one running", "two stopped"]);
  expect((await listed[0]!.health()).why).toBe("2 of 3 pods ready");
  expect(await listed[1]!.describe()).toEqual({
    container: "claude-agent-one-0",
    network: "claude-agent-one",
    isolation: "egress-filtered",
    memory: 4 * 1024 ** 3,
    cpu: 1.5,
    processes: 0,
    disk: 1000,
    attach: `kubectl --context imitation --namespace ${namespace} exec -it claude-agent-one-0 -c session -- tmux attach -t claude`,
    created: "2026-01-02T03:04:05.000Z",
  });
  expect((await listed[0]!.describe()).isolation).toBe("sealed");
  putProxy(api, "one", "http_access allow listed\nhttp_access allow resolved !barred as_audited");
  expect((await session().describe()).isolation).toBe("isolated");
  putProxy(api, "one");
  expect((await session().describe()).isolation).toBe("egress-filtered");
  api.put(paths.policies, policy("open", {}, [{}]));
  expect((await runtime.session("one").describe()).isolation).toBe("isolated");
  expect(await session().variable("SESSION_REPOSITORIES")).toBe("widgets");
});

test("a pod of which its node has started nothing says what it waits for, as its last event has it", async () => {
  const creating = { state: { waiting: { reason: "ContainerCreating" } }, restartCount: 0, ready: false };
  const status = { phase: "Pending", containerStatuses: [{ name: "session", ...creating }] };
  const { metadata } = putPod(api, "one", "claude-agent-one-0", status);
  const event = (reason: string, message: string, lastTimestamp: string, uid = metadata.uid) =>
    api.put(paths.events, {
      metadata: { name: reason + lastTimestamp },
      involvedObject: { kind: "Pod", name: "claude-agent-one-0", uid },
      type: "Warning",
      reason,
      message,
      lastTimestamp,
    });
  expect(await session().health()).toMatchObject({ state: "starting" });
  event("FailedMount", 'secret "team-key" not found', "2026-01-02T03:04:06Z");
  event("FailedMount", "an earlier one", "2026-01-02T03:04:05Z");
  event("FailedMount", "of the pod before", "2026-01-02T03:04:07Z", "another");
  event("FailedScheduling", "no claim was bound yet", "2026-01-02T03:04:08Z");
  expect(await session().health()).toMatchObject({ state: "starting", why: 'secret "team-key" not found' });
  const started = { ...creating, name: "logs", state: { running: {} } };
  Object.assign(pod()!.status as object, { initContainerStatuses: [started] });
  expect((await session().health()).why).toBeUndefined();
});

test("a session of another stack is not listed, and is found by its id", async () => {
  const strange = api.objects.get(`${paths.statefulSets}/claude-agent-one`)!;
  strange.metadata.labels = { ...strange.metadata.labels, "agent-sessions/stack": "near" };
  expect(await runtime.list()).toEqual([]);
  expect(await runtime.stackOf("one")).toBe("agent-sessions/near");
  expect(await runtime.stackOf("two")).toBeUndefined();
});

test("stop waits until the pod has ended and keeps the size, and start brings that back", async () => {
  putSession(api, "many", { pool: 3 });
  api.changed = (method, path, object) => {
    if (method !== "PATCH" || (object.spec as { replicas: number }).replicas > 0) return;
    for (const key of [...api.objects.keys()])
      if (key.startsWith(`${paths.pods}/${path.split("/").at(-1)}`)) setTimeout(() => api.objects.delete(key), 50);
  };
  await runtime.session("many").stop();
  expect(api.objects.get(`${paths.pods}/claude-agent-many-0`)).toBeUndefined();
  expect((await runtime.session("many").health()).state).toBe("stopped");
  // In another's name the next up would not get it back.
  expect(api.asked).toContain(`PATCH ${paths.deployments}/claude-agent-many?fieldManager=pulumi-kubernetes`);
  await runtime.session("many").begin();
  expect(api.objects.get(`${paths.deployments}/claude-agent-many`)).toMatchObject({ spec: { replicas: 3 } });
  expect(api.objects.get(`${paths.deployments}/claude-agent-many`)?.metadata.annotations).toEqual({});
  expect(api.objects.get(`${paths.claims}/claude-agent-many-workspace`)).toBeDefined();
});

test("a restart waits for another pod than before", async () => {
  const before = pod()?.metadata.uid;
  api.changed = (method) => method === "DELETE" && void putPod(api, "one", "claude-agent-one-0");
  await session().restart();
  expect(pod()?.metadata.uid).not.toBe(before);
});

/** A Job that looks into a workspace, as far as it is looked at here. */
interface ReaderJob {
  readonly spec: { readonly template: { readonly metadata: { readonly labels: object }; readonly spec: ReaderPod } };
}
interface ReaderPod {
  readonly volumes: readonly { readonly name: string }[];
  readonly containers: readonly object[];
}

test("the workspace of a session that is stopped is looked into by a pod that nobody else selects, and which goes", async () => {
  api.objects.delete(`${paths.pods}/claude-agent-one-0`);
  api.objects.get(`${paths.statefulSets}/claude-agent-one`)!.spec = {
    ...api.objects.get(`${paths.statefulSets}/claude-agent-one`)!.spec!,
    replicas: 0,
  };
  let job: ReaderJob | undefined;
  api.changed = (method, path, object) => {
    if (method !== "POST" || path !== paths.jobs) return;
    job = object as unknown as ReaderJob;
    const { template } = object.spec as { template: { metadata: { labels: Record<string, string> }; spec: Record<string, unknown> } };
    const status = { phase: "Running", containerStatuses: [{ name: "workspace-reader", state: { running: {} } }] };
    const labels = { ...template.metadata.labels, "batch.kubernetes.io/job-name": object.metadata.name };
    api.put(paths.pods, { metadata: { name: `${object.metadata.name}-x`, labels }, spec: template.spec, status });
  };
  api.answer = ({ command }) => ({ output: command.join(" ") });
  const text = await session().inWorkspace(async (place) => {
    await expect.poll(() => api.open).toBe(1);
    return (await outputOf(place, ["git", "status"])).text;
  });
  expect(text).toBe("git status");
  await expect.poll(() => api.open).toBe(0);
  const { spec } = job!.spec.template;
  expect(job!.spec).toMatchObject({ ttlSecondsAfterFinished: 0, backoffLimit: 0, activeDeadlineSeconds: 3600 });
  expect(job!.spec.template.metadata.labels).not.toHaveProperty("agent-sessions/session");
  expect(spec).toMatchObject({ automountServiceAccountToken: false, dnsPolicy: "None", restartPolicy: "Never" });
  expect(spec.volumes.map(({ name }) => name)).toEqual(["claude-agent-one-workspace", "tmp"]);
  expect(spec.containers[0]).toMatchObject({
    stdin: true,
    stdinOnce: true,
    command: ["cat"],
    securityContext: { readOnlyRootFilesystem: true },
  });
  expect([...api.objects.keys()].filter((key) => key.startsWith(paths.jobs))).toEqual([]);
});

test("no pod beside a stopped session is waited for that cannot come, and the Job goes all the same", async () => {
  api.objects.delete(`${paths.pods}/claude-agent-one-0`);
  api.changed = (method, _, object) => {
    if (method !== "POST") return;
    const labels = { "batch.kubernetes.io/job-name": object.metadata.name };
    api.put(paths.pods, {
      metadata: { name: "x", labels },
      status: { phase: "Failed", reason: "Evicted", message: "the node was low on memory" },
    });
  };
  await expect(session().inWorkspace(async () => 1)).rejects.toThrow(
    "no pod for the session's workspace can be had: unhealthy (evicted: the node was low on memory)",
  );
  expect([...api.objects.keys()].filter((key) => key.startsWith(paths.jobs))).toEqual([]);
});

test("what sessions use is counted in them, under either version of control groups", async () => {
  api.answer = () => ({ output: "cpu 1500000000\nmemory 5000\ncache 1000\nnet 10 20\nnet 1 2\nat 1700000000000000\n" });
  expect(await session().usage()).toEqual({ at: 1_700_000_000_000, cpuSeconds: 1.5, memory: 4000, received: 11, sent: 22 });
  api.answer = () => ({ output: "", code: 1 });
  expect(await session().usage()).toBeUndefined();
});

test("what claims hold is the kubelets' count, and not known where this user may not ask them", async () => {
  const volume = ["workspace", "session", "logs"].map((kind, index) => ({
    name: `claude-agent-one-${kind}`,
    usedBytes: index + 1,
    capacityBytes: 1e9,
  }));
  const stats = { pods: [{ podRef: { name: "claude-agent-one-0", namespace }, volume }] };
  api.objects.set("/api/v1/nodes/node-1/proxy/stats/summary", stats as never);
  expect(await runtime.held(5)).toEqual(new Map([["one", { workspace: 1, session: 2, logs: 3 }]]));
  // A claim that is a folder of the node's disk.
  Object.assign(volume[0]!, { usedBytes: 5e10, capacityBytes: 1e11 });
  expect(await runtime.held(5)).toEqual(new Map());
  api.refuse = (_, path) => (path.includes("/proxy/") ? { code: 403, message: "forbidden" } : undefined);
  expect(await runtime.held(5)).toEqual({ notTried: "only the kubelets count it, and this user may not ask them (nodes/proxy)" });
});

test("verify learns who has which volumes by labels alone, and what a Secret holds never comes here", async () => {
  const mounted = { name: "secret", secret: { secretName: "claude-agent-two-auth" } };
  const spec = pod()!.spec as { volumes: unknown[]; containers: { volumeMounts: unknown[] }[] };
  spec.volumes.push(mounted);
  spec.containers[0]!.volumeMounts.push({ name: "secret", mountPath: "/auth" });
  api.put(`/api/v1/namespaces/${namespace}/secrets`, {
    metadata: { name: "claude-agent-two-auth", labels: { "agent-sessions/session": "two" } },
  });
  expect((await runtime.volumes()).get("one")?.map(({ target, owner: whose }) => `${target} ${whose}`)).toEqual([
    "/workspace one",
    "/session one",
    "/logs one",
    "/auth two",
  ]);
  api.refuse = (_, path) => (path.includes("/secrets/") ? { code: 403, message: "forbidden" } : undefined);
  expect((await runtime.volumes()).has("one")).toBe(false);
  expect(await runtime.uids()).toEqual(new Map([["one", 1000]]));
  expect((await runtime.reachable()).get("one")).toEqual({ names: ["one", "claude-agent-one-0"], addresses: ["10.1.0.7"] });
});

test("the proxy of a session is found by what it serves", async () => {
  expect(await runtime.part("one", "egress-proxy")).toBeUndefined();
  await expect(runtime.egressProxy("one").start(["true"])).rejects.toThrow('session "one" has no egress proxy that runs');
  putProxy(api, "one");
  api.logs = (name) => `${name} recorded\n`;
  expect(await printed((await runtime.part("one", "egress-proxy"))!)).toBe("claude-agent-one-proxy-1 recorded");
});
