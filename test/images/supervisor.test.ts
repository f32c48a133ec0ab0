import { readFileSync } from "node:fs";
import { PassThrough, Readable } from "node:stream";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import { chosen } from "../../images/supervisor/files/chosen.ts";
import { path, points } from "../../images/supervisor/files/curves.ts";
import { printed, ranOut } from "../../images/supervisor/files/engine.ts";
import { Follower, nanoseconds, sinceOf } from "../../images/supervisor/files/follow.ts";
import { html } from "../../images/supervisor/files/html.ts";
import { bytesOf, ticksOf } from "../../images/supervisor/files/machine.ts";
import { EgressRecord, modelRequest } from "../../images/supervisor/files/records.ts";
import { perSecond, sampleOf } from "../../images/supervisor/files/samples.ts";
import { isNear } from "../../images/supervisor/files/server.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const text = (file: string) => readFileSync(`${root}${file}`, "utf8");

async function all<T>(items: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = [];
  for await (const item of items) found.push(item);
  return found;
}

describe("the image", () => {
  test.each(["build/trust-ca", "build/install-node"])("has the sessions' own %s, so that an engine builds both once", (file) => {
    expect(text(`images/supervisor/${file}`)).toBe(text(`images/session/${file}`));
  });

  test("has Node and the packages in the versions that are tested here", () => {
    const version = (file: string) => /^ARG NODE_VERSION=.*$/m.exec(text(file))?.[0];
    expect(version("images/supervisor/Dockerfile")).toBe(version("images/session/Dockerfile"));
    const { dependencies, devDependencies } = JSON.parse(text("package.json")) as Record<string, Record<string, string>>;
    const own = (JSON.parse(text("images/supervisor/package.json")) as { dependencies: Record<string, string> }).dependencies;
    expect({ ...devDependencies, ...dependencies }).toMatchObject(own);
    expect(text("images/supervisor/package-lock.json")).not.toMatch(/"resolved"|https?:\/\/registry/);
  });
});

describe("what the engine reader hands on", () => {
  const labels = { session_id: "a", stack: "p/s", created_by: "agent-sessions", "agent-sessions.inputs": "all of them" };

  test("sessions and their proxies, by the labels that say whose they are", () => {
    const listed = [
      { Id: "1", Labels: labels, Command: "secret" },
      { Id: "2", Labels: { ...labels, kind: "credential-proxy" } },
      { Id: "3", Labels: { ...labels, kind: "auth" } },
      { Id: "4", Labels: { created_by: "agent-sessions", kind: "supervisor" } },
      { Id: "5", Labels: null },
      { Id: "6", Labels: { stack: "p/s", kind: "gateway", url: "https://a.test/" } },
    ];
    expect(chosen.containers(listed)).toEqual([
      { Id: "1", Labels: { session_id: "a" }, kind: "session" },
      { Id: "2", Labels: { session_id: "a", kind: "credential-proxy" }, kind: "credential-proxy" },
      { Id: "6", Labels: { kind: "gateway" }, kind: "gateway" },
    ]);
  });

  test("of a container its state and limits, and of its environment the limit of its disk", () => {
    const told = {
      Id: "1",
      Name: "/a",
      RestartCount: 2,
      Mounts: ["secret"],
      State: {
        Status: "running",
        Running: true,
        Error: "secret",
        Health: { Status: "healthy", Log: [{ Start: "t", Output: "{}", ExitCode: 0 }] },
      },
      HostConfig: { Memory: 1, NanoCpus: 2, PidsLimit: 3, Binds: ["secret"] },
      Config: { Image: "i", Env: ["KEY=secret", "SESSION_DISK_LIMIT=5"], Cmd: ["secret"] },
    };
    expect(chosen.container(told)).toEqual({
      Id: "1",
      Name: "/a",
      RestartCount: 2,
      State: { Status: "running", Running: true, Error: "not started", Health: { Log: [{ Start: "t", Output: "{}" }] } },
      HostConfig: { Memory: 1, NanoCpus: 2, PidsLimit: 3 },
      Config: { Image: "i", Env: ["SESSION_DISK_LIMIT=5"] },
    });
  });

  test("of an event when it was, to the nanosecond, and of whom", () => {
    const told = '{"time":1,"timeNano":1767225600000000001,"Actor":{"Attributes":{"session_id":"a","agent-sessions.inputs":"secret"}}}';
    expect(chosen.event(told)).toBe('{"timeNano":1767225600000000001,"Actor":{"Attributes":{"session_id":"a"}}}');
  });

  test("what one stack's containers and volumes hold, and nothing of another's or of a stranger's", () => {
    const volume = (Name: string, Labels: object | null) => ({ Name, Labels, UsageData: { Size: 1 }, Mountpoint: "secret" });
    const told = {
      Containers: [
        { Id: "1", Labels: labels, SizeRw: 7 },
        { Id: "2", Labels: { ...labels, stack: "p/other" } },
      ],
      Volumes: [volume("a", labels), volume("b", null), volume("c", { ...labels, created_by: "somebody" })],
      Images: ["secret"],
    };
    expect(chosen.usage(told, "p/s")).toEqual({
      Containers: [{ Id: "1", SizeRw: 7 }],
      Volumes: [{ Name: "a", Labels: { session_id: "a" }, UsageData: { Size: 1 } }],
    });
  });
});

describe("a measurement", () => {
  const stats = {
    read: "2026-01-01T00:00:10.5Z",
    cpu_stats: { cpu_usage: { total_usage: 3e9 }, online_cpus: 4 },
    memory_stats: { usage: 1000, limit: 5000, stats: { inactive_file: 300 } },
    pids_stats: { current: 9 },
    networks: { eth0: { rx_bytes: 1, tx_bytes: 2 }, eth1: { rx_bytes: 10, tx_bytes: 20 } },
    blkio_stats: {
      io_service_bytes_recursive: [
        { op: "Read", value: 5 },
        { op: "write", value: 6 },
        { op: "Total", value: 11 },
        { op: "read", value: 1 },
      ],
    },
  };

  test("counts memory without what the kernel could drop, and every leg and disk", () => {
    expect(sampleOf(stats)).toEqual({
      at: Date.parse(stats.read),
      cpuSeconds: 3,
      onlineCpus: 4,
      memory: 700,
      memoryLimit: 5000,
      processes: 9,
      received: 11,
      transmitted: 22,
      blockRead: 6,
      blockWritten: 6,
    });
    const first = { ...stats.memory_stats, stats: { total_inactive_file: 400, inactive_file: 300 } };
    expect(sampleOf({ ...stats, memory_stats: first })?.memory).toBe(600);
    expect(sampleOf({ ...stats, memory_stats: { usage: 100, stats: { inactive_file: 300 } } })?.memory).toBe(100);
  });

  test("is none of a container that does not run, and has no legs where there is no network", () => {
    expect(sampleOf({ read: "0001-01-01T00:00:00Z", cpu_stats: {}, memory_stats: {} })).toBeUndefined();
    expect(sampleOf({ ...stats, read: "0001-01-01T00:00:00Z" })).toBeUndefined();
    expect(sampleOf({ ...stats, networks: undefined, blkio_stats: { io_service_bytes_recursive: null } })).toMatchObject({
      received: 0,
      blockRead: 0,
    });
  });

  test("gives a rate with the one before it, but not across a start", () => {
    const [before, now] = [
      sampleOf(stats),
      sampleOf({ ...stats, read: "2026-01-01T00:00:20.5Z", cpu_stats: { cpu_usage: { total_usage: 8e9 } } }),
    ];
    const cpu = (sample: NonNullable<typeof now>) => sample.cpuSeconds;
    expect(perSecond(before, now as NonNullable<typeof now>, cpu)).toBe(0.5);
    expect(perSecond(now, before as NonNullable<typeof now>, cpu)).toBeUndefined();
    expect(perSecond(undefined, now as NonNullable<typeof now>, cpu)).toBeUndefined();
    expect(
      perSecond({ ...now, cpuSeconds: 9 } as NonNullable<typeof now>, { ...now, at: (now?.at ?? 0) + 1 } as NonNullable<typeof now>, cpu),
    ).toBeUndefined();
  });

  test("of the machine is read from where the kernel keeps it", () => {
    expect(ticksOf("cpu  1 2 3 40 5 6 7 8 900 900\ncpu0 1 1 1 1\n")).toEqual({ all: 72, idle: 45 });
    expect(bytesOf("MemTotal:       24684084 kB\nMemAvailable:   100 kB\n", "MemAvailable")).toBe(102_400);
    expect(bytesOf("MemTotal: 1 kB\n", "MemAvailable")).toBeNaN();
  });
});

describe("the record of an egress proxy", () => {
  const line = (verdict: string, host = "a.example", more = {}) =>
    JSON.stringify({ time: "2026-01-01T00:00:00Z", host, port: "443", verdict, by: "-", ...more });

  test("says how many requests went through, and how many did not", () => {
    const record = new EgressRecord();
    for (const verdict of ["allowed", "audited", "unlisted", "address", "unresolved", "toString", ""]) record.add(line(verdict), true);
    for (const torn of ["", "{", "null", '"allowed"', '{"verdict":["allowed"']) record.add(torn, true);
    expect(record.counts).toEqual({ allowed: 2, denied: 2, unresolved: 1 });
  });

  test("keeps the hosts that were refused last, those of before the counters too, and no more than it has room for", () => {
    const record = new EgressRecord();
    record.add(line("unlisted", "early.example"), false);
    for (let count = 0; count < 60; count++) record.add(line("unlisted", `${count}.example`), true);
    record.add(line("unlisted", "30.example", { by: "verify", time: "later" }), true);
    expect(record.counts.denied).toBe(61);
    const refused = record.refused();
    expect(refused).toHaveLength(50);
    expect(refused[0]).toEqual({ host: "30.example", port: "443", requests: 2, last: "later", verify: true });
    expect(refused.some(({ host }) => host === "early.example")).toBe(false);
  });
});

test("a credential proxy says how a request ended and how long it took", () => {
  expect(modelRequest('{"status":200,"milliseconds":1500}')).toEqual({ code: "2xx", seconds: 1.5 });
  expect(modelRequest('{"status":529,"milliseconds":90000,"answered":250}')).toEqual({ code: "5xx", seconds: 0.25 });
  for (const torn of [
    "{}",
    '{"status":"200","milliseconds":1}',
    '{"status":200}',
    '{"status":99,"milliseconds":1}',
    '{"status":200,"milliseconds":-1}',
    "no",
  ])
    expect(modelRequest(torn)).toBeUndefined();
});

describe("following", () => {
  const piece = (line: string) =>
    Buffer.concat([Buffer.from([1, 0, 0, 0]), Buffer.from(new Uint32Array([line.length]).buffer).reverse(), Buffer.from(line)]);

  test("moments keep their nanoseconds there and back", () => {
    expect(sinceOf(nanoseconds("2026-01-01T00:00:00.000000001Z") ?? 0n)).toBe("1767225600.000000001");
    expect(nanoseconds("2026-01-01T01:00:00.1+01:00")).toBe(1_767_225_600_100_000_000n);
    expect(nanoseconds("yesterday")).toBeUndefined();
  });

  test("what a container prints comes line by line, however the stream is cut", async () => {
    const bytes = Buffer.concat([piece("2026-01-01T00:00:00.5Z one\n"), piece("torn\n"), piece("2026-01-01T00:00:01Z two\n")]);
    const cut = Readable.from([bytes.subarray(0, 3), bytes.subarray(3, 20), bytes.subarray(20)]);
    expect(await all(printed(cut))).toEqual([
      { at: 1_767_225_600_500_000_000n, text: "one" },
      { at: 1_767_225_601_000_000_000n, text: "two" },
    ]);
    const endless = Readable.from([Buffer.from([1, 0, 0, 0, 255, 255, 255, 255])]);
    await expect(all(printed(endless))).rejects.toThrow("no record of the engine");
  });

  test("memory that ran out is told of sessions alone", async () => {
    const event = (attributes: object, nano = "1767225600000000001") =>
      `{"timeNano":${nano},"Actor":${JSON.stringify({ Attributes: attributes })}}\n`;
    const stream = Readable.from([
      event({ session_id: "a" }).slice(0, 10),
      event({ session_id: "a" }).slice(10),
      event({ session_id: "b", kind: "credential-proxy" }),
      event({}),
    ]);
    expect(await all(ranOut(stream))).toEqual([{ at: 1_767_225_600_000_000_001n, text: "a" }]);
  });

  test("comes back to where it was after each end, and never after it was told to stop", async () => {
    const asked: string[] = [];
    const taken: string[] = [];
    let streams: PassThrough[] = [];
    const follower = new Follower(
      {
        open: (since) => {
          asked.push(since);
          const stream = new PassThrough();
          streams.push(stream);
          return Promise.resolve(stream);
        },
        read: printed,
        take: (line) => taken.push(line),
      },
      5n,
    );
    follower.ensure();
    follower.ensure();
    await vi.waitFor(() => expect(streams).toHaveLength(1));
    streams[0]?.end(Buffer.concat([piece("1970-01-01T00:00:00.000000004Z before\n"), piece("1970-01-01T00:00:00.000000007Z one\n")]));
    await vi.waitFor(() => {
      follower.ensure();
      expect(streams).toHaveLength(2);
    });
    expect([asked, taken]).toEqual([["0.000000005", "0.000000008"], ["one"]]);
    follower.stop();
    await vi.waitFor(() => expect(streams[1]?.destroyed).toBe(true));
    streams = [];
    follower.ensure();
    expect(streams).toEqual([]);
  });
});

describe("the status page", () => {
  test("takes whatever is put into it for text", () => {
    expect(html`<p title="${'"><script>'}">${["a & b", html`<b>${"'"}</b>`]}</p>`.text).toBe(
      '<p title="&quot;&gt;&lt;script&gt;">a &amp; b<b>&#39;</b></p>',
    );
    expect(html`${"a\u202eb\u001b[2Jc\u2028"}`.text).toBe("a\ufffdb\ufffd[2Jc\ufffd");
  });

  test("draws the last hour with its peaks, and leaves gaps where nothing is known", () => {
    expect(points([])).toEqual(Array(90).fill(Number.NaN));
    const values = [...Array<number>(354).fill(0), 0, 9, Number.NaN, 1, 2, Number.NaN];
    expect(points(values).slice(-2)).toEqual([9, 2]);
    expect(path([0.5], 1)).toBe("M89 16.0h1");
    expect(path([...Array<number>(4).fill(1), ...Array<number>(4).fill(Number.NaN), ...Array<number>(8).fill(0)], 1)).toBe(
      "M86 1.0h1M88 31.0h1L90 31.0",
    );
    expect(path([5, 5, 5, 5], 0)).not.toContain("NaN");
  });

  test("is for this machine and its own network", () => {
    const cidr = (address: string) => ({ address, cidr: address }) as never;
    const interfaces = { lo: [cidr("127.0.0.1/8")], eth0: [cidr("172.20.0.3/16"), cidr("fd00::3/64")] };
    for (const near of ["127.0.0.1", "172.20.0.1", "::ffff:172.20.9.9", "fd00::1"]) expect(isNear(near, interfaces)).toBe(true);
    for (const far of ["10.77.1.1", "172.21.0.1", "::ffff:192.168.1.9", "fe80::1", undefined, ""])
      expect(isNear(far, interfaces)).toBe(false);
  });
});
