import { PassThrough, type Readable } from "node:stream";
import { describe, expect, test, vi } from "vitest";
import { sessionMetrics, stackMetrics } from "../../components/monitoring/metrics.ts";
import type { Described, Engine, Listed, Usage } from "../../images/supervisor/files/engine.ts";
import { Metrics } from "../../images/supervisor/files/metrics.ts";
import type { Stats } from "../../images/supervisor/files/samples.ts";
import { Watch } from "../../images/supervisor/files/watch.ts";

const idOf = (name: string) => Buffer.from(name).toString("hex").padEnd(64, "0");

function listed(name: string, labels: Listed["Labels"], status = "Up 3 minutes (healthy)"): Listed {
  const state = status.startsWith("Up") ? "running" : "exited";
  return { Id: idOf(name), Names: [`/${name}`], Image: "i", State: state, Status: status, Created: 1, Labels: labels };
}

const session = (id: string) => listed(id, { session_id: id });

/** An engine that says what it is told to. */
class ToldEngine implements Pick<Engine, keyof Engine> {
  all: readonly Listed[] = [];
  cpu = 0;
  restarts = 0;
  exited: number | undefined;
  /** Why the container cannot be started. */
  unstarted = "";
  environment: readonly string[] = [];
  hung = new Set<string>();
  streams = new Map<string, PassThrough>();
  held: Usage = { Containers: [], Volumes: [] };
  cleaned: { last_run?: string; next_run?: string; outcome?: string }[] = [];
  answers = true;
  #time = Date.parse("2026-01-01T00:00:00Z");

  async containers(): Promise<readonly Listed[]> {
    if (!this.answers) throw new Error("the engine is away");
    this.#time += 10_000;
    return this.all;
  }

  async inspect(id: string): Promise<Described> {
    const name = this.all.find(({ Id }) => Id === id)?.Names[0] ?? "";
    const state = { Status: "running", Running: true, Paused: false, Restarting: false, ExitCode: 0, StartedAt: "2026-01-01T00:00:00Z" };
    const ended = this.exited !== undefined && { Status: "exited", Running: false, ExitCode: this.exited, Error: this.unstarted };
    const log = [{ Start: "2026-01-01T00:00:01Z", Output: '{"status":"healthy"}' }];
    return {
      Name: name,
      RestartCount: this.restarts,
      State: { ...state, ...ended, Health: { Log: log } },
      HostConfig: { Memory: 1000, NanoCpus: 2e9, PidsLimit: 9 },
      Config: { Image: "i", Env: ["SESSION_DISK_LIMIT=77", ...this.environment] },
    };
  }

  /** Like the client, which gives up after a time. */
  async stats(id: string): Promise<Stats> {
    if (this.hung.has(id)) await new Promise((_, reject) => setTimeout(() => reject(new Error("no answer in time")), 500));
    return {
      read: new Date(this.#time).toISOString(),
      cpu_stats: { cpu_usage: { total_usage: this.cpu * 1e9 }, online_cpus: 8 },
      memory_stats: { usage: 500, limit: 1000 },
    };
  }

  async usage(): Promise<Usage> {
    return this.held;
  }

  async cleanUps() {
    return this.cleaned;
  }

  logs = async (id: string): Promise<Readable> => this.#stream(id);
  events = async (): Promise<Readable> => this.#stream("events");

  #stream(name: string): PassThrough {
    const stream = new PassThrough();
    this.streams.set(name, stream);
    return stream;
  }

  /** Has a container print a line, now. */
  print(name: string, line: string, at = new Date()): void {
    const text = Buffer.from(`${at.toISOString()} ${line}\n`);
    const header = Buffer.alloc(8);
    header.writeUInt32BE(text.length, 4);
    this.streams.get(idOf(name))?.write(Buffer.concat([header, text]));
  }
}

function watching(...all: Listed[]) {
  return watchingBehind(false, ...all);
}

function watchingBehind(gateway: boolean, ...all: Listed[]) {
  const engine = new ToldEngine();
  engine.all = all;
  const metrics = new Metrics("p/s", "single-node");
  const watch = new Watch(engine as unknown as Engine, metrics, gateway);
  const machine = { cpuRatio: 0.5, memory: 1, memoryAvailable: 1, disk: 1, diskFree: 1, load1: 1 };
  const text = async () =>
    (
      await metrics.text({
        sessions: [...watch.sessions.values()],
        machine,
        round: watch.round,
        cleanUp: watch.cleanUp,
        gateway: watch.gateway,
      })
    ).body;
  const figure = async (name: string, ...labels: string[]) => {
    const line = (await text())
      .split("\n")
      .find((each) => each.startsWith(`agent_sessions_${name}{`) && labels.every((label) => each.includes(label)));
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  };
  return { engine, watch, text, figure };
}

const egress = (verdict: string) => JSON.stringify({ verdict, host: "a.example", port: "443", time: "t", by: "-" });

describe("watching", () => {
  test("one session of which the engine says nothing delays no other, and is told of", async () => {
    const { engine, watch, figure } = watching(session("a"), session("b"));
    await watch.look();
    engine.cpu = 10;
    engine.hung.add(idOf("b"));
    const looking = watch.look().catch((error: Error) => error.message);
    await vi.waitFor(async () => expect(await figure("cpu_ratio", 'session="a"')).toBe(0.5));
    expect(await figure("collection_failed")).toBe(0);
    expect(await looking).toBe("no answer in time");
    expect(await figure("collection_failed")).toBe(1);
    expect([await figure("memory_bytes", 'session="b"'), await figure("session_info", 'session="b"')]).toEqual([undefined, 1]);
    engine.hung.clear();
    await watch.look();
    expect([await figure("collection_failed"), await figure("memory_bytes", 'session="b"')]).toEqual([0, 500]);
  });

  test("an engine that is away is told of, and what is known of the last round ends with its time", async () => {
    const { engine, watch, figure } = watching(session("a"));
    await watch.look();
    const heard = watch.listedAt;
    engine.answers = false;
    await expect(watch.look()).rejects.toThrow("the engine is away");
    expect([await figure("collection_failed"), watch.listedAt]).toEqual([1, heard]);
    expect(await figure("memory_bytes")).toBe(500);
    vi.useFakeTimers({ now: Date.now() + 60_000 });
    expect(await figure("memory_bytes")).toBeUndefined();
    vi.useRealTimers();
  });

  test("another container of a session counts from zero, and does not look busy for that", async () => {
    const { engine, watch, figure } = watching(session("a"));
    engine.cpu = 100;
    await watch.look();
    engine.all = [{ ...session("a"), Id: idOf("new") }];
    engine.cpu = 130;
    await watch.look();
    expect([await figure("cpu_ratio"), await figure("cpu_seconds_total")]).toEqual([undefined, 130]);
    expect(watch.sessions.get("a")?.curves.cpu.values).toEqual([Number.NaN, Number.NaN]);
  });

  test("proxies' records are counted from the supervisor's start on, and go with the session", async () => {
    const proxies = [listed("ep", { serves: "a", kind: "egress-proxy" }), listed("cp", { session_id: "a", kind: "credential-proxy" })];
    const { engine, watch, text, figure } = watching(session("a"), ...proxies);
    await watch.look();
    await vi.waitFor(() => expect(engine.streams.size).toBe(3));
    engine.print("ep", egress("unlisted"), new Date(Date.now() - 60_000));
    engine.print("ep", egress("unlisted"));
    engine.print("cp", '{"status":200,"milliseconds":400}');
    engine.print("cp", '{"status":401,"milliseconds":20}');
    await vi.waitFor(async () => expect(await figure("credential_requests_total", 'code="4xx"')).toBe(1));
    await vi.waitFor(async () => expect(await figure("egress_requests_total", 'verdict="denied"')).toBe(1));
    expect(watch.sessions.get("a")?.egress.refused()[0]?.requests).toBe(2);
    expect(await figure("credential_request_seconds_bucket", 'le="0.25"')).toBe(1);
    expect([await figure("credential_requests_total", 'code="5xx"'), await figure("credential_proxy_up")]).toEqual([0, 1]);

    engine.all = [session("a"), listed("cp", { session_id: "a", kind: "credential-proxy" }, "Up 3 minutes (unhealthy)")];
    await watch.look();
    expect(await figure("credential_proxy_up")).toBe(0);
    await vi.waitFor(() => expect(engine.streams.get(idOf("ep"))?.destroyed).toBe(true));
    engine.all = [];
    await watch.look();
    expect(await text()).not.toContain('session="a"');
  });

  test("requests by way of the gateway are counted by their service from the supervisor's start on, while there is a gateway", async () => {
    const { engine, watch, text, figure } = watching(listed("gw", { kind: "gateway" }));
    await watch.look();
    expect(watch.sessions.size).toBe(0);
    const of = (service: string, code: string) => figure("gateway_requests_total", `service="${service}"`, `code="${code}"`);
    expect([await figure("gateway_up"), await of("grafana", "5xx")]).toEqual([1, 0]);
    await vi.waitFor(() => expect(engine.streams.size).toBe(2));
    const line = (status: number, seconds: number) =>
      JSON.stringify({ service: "grafana", status, seconds, path: "/", address: "192.0.2.1" });
    engine.print("gw", line(502, 5), new Date(Date.now() - 60_000));
    engine.print("gw", line(502, 0.2));
    engine.print("gw", "no record");
    // What stays open is no slow answer.
    engine.print("gw", line(101, 600));
    engine.print("gw", line(200, 3));
    await vi.waitFor(async () => expect(await of("grafana", "2xx")).toBe(1));
    expect([await of("grafana", "5xx"), await of("grafana", "1xx"), await of("gateway", "2xx")]).toEqual([1, 1, 0]);
    expect(await figure("gateway_request_seconds_count", 'service="grafana"')).toBe(2);
    engine.all = [listed("gw", { kind: "gateway" }, "Up 3 minutes (unhealthy)")];
    await watch.look();
    expect(await figure("gateway_up")).toBe(0);
    engine.all = [];
    await watch.look();
    expect(await text()).not.toContain("agent_sessions_gateway");
  });

  test("a credential proxy that is gone does not serve, and of a session without one nothing is said", async () => {
    const { engine, watch, figure } = watching(session("a"));
    await watch.look();
    expect(await figure("credential_proxy_up")).toBeUndefined();
    engine.environment = ["SESSION_MODEL_PORT=18787"];
    await watch.look();
    expect([await figure("credential_proxy_up"), await figure("credential_requests_total", 'code="5xx"')]).toEqual([0, 0]);
    engine.all = [session("a"), listed("cp", { session_id: "a", kind: "credential-proxy" })];
    await watch.look();
    expect(await figure("credential_proxy_up")).toBe(1);
  });

  test("a gateway that is gone does not serve, once it was there or a roll-out has had its time", async () => {
    const seen = watchingBehind(true);
    await seen.watch.look();
    expect(await seen.figure("gateway_up")).toBeUndefined();
    seen.engine.all = [listed("gw", { kind: "gateway" })];
    await seen.watch.look();
    seen.engine.all = [];
    await seen.watch.look();
    expect(await seen.figure("gateway_up")).toBe(0);
    const late = watchingBehind(true);
    vi.useFakeTimers({ now: Date.now() + 601_000 });
    await late.watch.look();
    vi.useRealTimers();
    expect(await late.figure("gateway_up")).toBe(0);
  });

  test.each([
    [128, "exec: no such file", 1],
    [127, "a device is not there", 1],
    [1, "", 0],
    [0, "", 0],
    [143, "", 0],
    [137, "", 0],
  ])(
    "a session that ended with %i and %j has failed: %i; one that is stopped has not, also between two starts",
    async (code, why, failed) => {
      const { engine, watch, figure } = watching(session("a"));
      Object.assign(engine, { exited: code, unstarted: why });
      await watch.look();
      const state = (name: string) => figure("session_state", `state="${name}"`);
      expect([await state("failed"), await state("stopped"), await state("healthy")]).toEqual([failed, 1 - failed, 0]);
    },
  );

  test("of a session that is gone nothing is said, though its proxy is there", async () => {
    const proxy = listed("cp", { session_id: "a", kind: "credential-proxy" });
    const { engine, watch, figure } = watching(session("a"), proxy);
    await watch.look();
    expect(await figure("session_state", 'state="healthy"')).toBe(1);
    engine.all = [proxy];
    await watch.look();
    expect(await figure("session_state", 'state="healthy"')).toBeUndefined();
  });

  test("memory that ran out is counted by its session", async () => {
    const { engine, watch, figure } = watching(session("a"), session("b"));
    await watch.look();
    expect(await figure("oom_kills_total", 'session="a"')).toBe(0);
    await vi.waitFor(() => expect(engine.streams.has("events")).toBe(true));
    const nano = BigInt(Date.now() + 1000) * 1_000_000n;
    engine.streams.get("events")?.write(`{"timeNano":${nano},"Actor":{"Attributes":{"session_id":"a"}}}\n`);
    await vi.waitFor(async () => expect(await figure("oom_kills_total", 'session="a"')).toBe(1));
    expect(await figure("oom_kills_total", 'session="b"')).toBe(0);
  });

  test("serves every figure that alerts and dashboards are made of, each with stack and strategy, and no other", async () => {
    const proxy = listed("cp", { session_id: "a", kind: "credential-proxy" });
    const { engine, watch, text, figure } = watching(session("a"), proxy, listed("gw", { kind: "gateway" }));
    engine.restarts = 3;
    engine.held = {
      Containers: [{ Id: idOf("a"), SizeRw: 4 }],
      Volumes: [
        { Labels: { session_id: "a", kind: "workspace" }, UsageData: { Size: 5 } },
        { Labels: { session_id: "b", kind: "workspace" }, UsageData: { Size: 6 } },
        { Labels: { session_id: "a", kind: "auth" }, UsageData: { Size: 7 } },
        { Labels: { session_id: "a", kind: "logs" }, UsageData: { Size: -1 } },
      ],
    };
    engine.cleaned = [
      { last_run: "2026-01-01T00:00:00Z", outcome: "ok" },
      { last_run: "2026-01-02T00:00:00Z", next_run: "2026-01-02T00:10:00Z", outcome: "failed" },
      {},
    ];
    await watch.look();
    await watch.look();
    await watch.weigh();
    const body = await text();
    const names = [...body.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    expect(new Set(names)).toEqual(new Set([...sessionMetrics, ...stackMetrics]));
    const samples = body.split("\n").filter((line) => line !== "" && !line.startsWith("#"));
    for (const line of samples) expect(line).toMatch(/[{,]stack="p\/s",strategy="single-node"[,}]/);
    expect(body.split("\n").filter((line) => line.startsWith("agent_sessions_disk_bytes"))).toHaveLength(2);
    expect([await figure("disk_bytes", 'place="container"'), await figure("disk_bytes", 'place="workspace"')]).toEqual([4, 5]);
    expect([await figure("cleanup_failed"), await figure("cleanup_last_run_timestamp_seconds")]).toEqual([1, 1_767_312_000]);
    expect(await figure("cleanup_next_run_timestamp_seconds")).toBe(1_767_312_600);
    engine.cleaned = [{ last_run: "2026-01-03T00:00:00Z", outcome: "ok" }];
    await watch.look();
    expect(await figure("cleanup_next_run_timestamp_seconds")).toBeUndefined();
    expect([await figure("restarts_total"), await figure("disk_limit_bytes"), await figure("processes_limit")]).toEqual([3, 77, 9]);
    expect([await figure("session_state", 'state="healthy"'), await figure("session_state", 'state="failed"')]).toEqual([1, 0]);
  });
});
