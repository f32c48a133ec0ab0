import { execFileSync } from "node:child_process";
import { request } from "node:http";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Says in the supervisor's place what is given, one text after the other, and how each is answered: the status, and what it says. */
const speak = `
const { connect } = require("node:net");
const ask = (text) => new Promise((resolve) => {
  let answer = "";
  const socket = connect("/run/engine-reader/socket", () => socket.write(text));
  socket.on("data", (chunk) => { answer += chunk; if (/follow|events/.test(text)) socket.destroy(); });
  socket.setTimeout(20000, () => socket.destroy());
  socket.on("error", () => {});
  socket.on("close", () => resolve(answer));
});
(async () => {
  const answers = [];
  for (const text of JSON.parse(process.argv[1])) answers.push(await ask(text));
  console.log(JSON.stringify(answers));
})();`;

describe.skipIf(docker === undefined)("the supervisor", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "supervised");
  const other = new Rig(rig.docker, "not-supervised");
  const supervisor = rig.docker.getContainer("agent-sessions-supervised-supervisor");
  const session = rig.docker.getContainer("claude-agent-watched-one");
  /** A reader whose engine is gone from where it was. */
  let lost: Docker.Container;
  let port = 0;
  let up: () => ReturnType<Rig["up"]>;

  const get = (path: string, headers: Record<string, string> = {}, method = "GET") =>
    new Promise<{ status: number; body: string; headers: Record<string, unknown> }>((resolve, reject) => {
      request({ host: "127.0.0.1", port, path, method, headers }, (answer) => {
        let body = "";
        answer.setEncoding("utf8").on("data", (text: string) => {
          body += text;
        });
        answer.once("end", () => resolve({ status: answer.statusCode ?? 0, body, headers: answer.headers }));
      })
        .once("error", reject)
        .end();
    });
  /** A figure, by its name and some of its labels; undefined where it is not there. */
  const figure = async (name: string, labels: Record<string, string> = {}) => {
    const { body } = await get("/metrics");
    const line = body
      .split("\n")
      .find(
        (text) =>
          text.startsWith(`agent_sessions_${name}{`) && Object.entries(labels).every(([key, value]) => text.includes(`${key}="${value}"`)),
      );
    return line === undefined ? undefined : Number(line.split(" ").at(-1));
  };
  const one = { session: "watched-one", stack: "agent-sessions/supervised", strategy: "single-node" };
  const becomes = (name: string, labels: Record<string, string>, is: (value: number) => boolean) =>
    until(
      async () =>
        figure(name, labels).then(
          (value) => value !== undefined && is(value),
          () => false,
        ),
      60,
      `${name} ${JSON.stringify(labels)}`,
    );
  /** What a command prints in the supervisor's place. */
  const run = async (...command: string[]): Promise<string> => {
    const exec = await supervisor.exec({ Cmd: command, AttachStdout: true, AttachStderr: true });
    const stream = await exec.start({});
    const chunks: Buffer[] = [];
    stream.on("data", (chunk: Buffer) => chunks.push(chunk));
    await new Promise((resolve) => stream.once("end", resolve));
    return plainOutput(Buffer.concat(chunks));
  };
  const say = async (...texts: string[]) => JSON.parse(await run("node", "-e", speak, JSON.stringify(texts))) as string[];
  const asked = (path: string, method = "GET", more = "", rest = "") =>
    `${method} ${path} HTTP/1.1\r\nHost: docker\r\n${more}Connection: close\r\n\r\n${rest}`;

  beforeAll(async () => {
    [port = 0] = await freePorts(1);
    const limits = { memory: "512 MB", cpu: 1 };
    const network = { egress: { allow: ["example.com"] } };
    const environment = { PLAIN: "not-for-the-supervisor" };
    // So that the engine asks at once; its first question comes after an interval.
    const healthCheck = { interval: "2 s" };
    const sessions = [{ id: "watched-one", network, limits, environment, healthCheck }, { id: "watched-two" }];
    up = () => rig.up(sessions, { strategy: "single-node", "single-node": { supervisor: { port }, monitoring: false } });
    await up();
    await other.up([{ id: "watched-not" }]);
    const { Image, Config } = await rig.docker.getContainer("agent-sessions-supervised-engine-reader").inspect();
    const Healthcheck = { Test: Config.Healthcheck?.Test ?? [], Interval: 1e9, Timeout: 10e9 };
    const HostConfig = { NetworkMode: "none", Tmpfs: { "/run/engine-reader": "" } };
    lost = await rig.docker.createContainer({ Image, User: "0:0", Entrypoint: Config.Entrypoint ?? "", Healthcheck, HostConfig });
    await lost.start();
    await becomes("collection_failed", {}, (failed) => failed === 0);
  }, 10 * minute);
  afterAll(async () => {
    await lost.remove({ force: true, v: true });
    await other.dispose();
    await rig.dispose();
  }, 2 * minute);

  test("is as it was after another up", async () => {
    expect(changes((await up()).reviewed.plan)).toBe(false);
  });

  test("tells each session of its stack apart, and what limits it has", async () => {
    await becomes("memory_limit_bytes", one, (bytes) => bytes === 512 * 1024 ** 2);
    expect(await figure("cpu_limit_cores", one)).toBe(1);
    expect(await figure("processes_limit", one)).toBe(512);
    expect(await figure("session_info", { session: "watched-two" })).toBe(1);
    expect((await get("/metrics")).body).not.toContain("watched-not");
    await becomes("session_state", { ...one, state: "healthy" }, (is) => is === 1);
    await becomes("disk_bytes", { ...one, place: "session" }, (bytes) => bytes > 0);
  });

  test("agrees with docker stats within 5 %", async () => {
    const busy = "t = time.process_time(); exec('while time.process_time() - t < 3: pass')";
    const python = `import time; x = b"x" * (300 << 20); ${busy}; open("/tmp/held", "w"); time.sleep(600)`;
    const encoded = Buffer.from(python).toString("base64");
    const holding = rig.shell("watched-one", `python3 -c "$(echo ${encoded} | base64 -d)" & echo $! > /tmp/holder; wait`);
    await until(async () => (await rig.shell("watched-one", "ls /tmp/held")).code === 0, 120, "the memory and the time are taken");
    const seconds = async () => (await session.stats({ stream: false })).cpu_stats.cpu_usage.total_usage / 1e9;
    const least = await seconds();
    const now = Date.now() / 1000;
    const began = async () => ((await figure("collection_timestamp_seconds")) ?? 0) - ((await figure("collection_seconds")) ?? 0);
    await until(async () => (await began()) > now, 60, "a whole round after it");
    const shown = ["stats", "--no-stream", "--format", "{{.MemPerc}}", "claude-agent-watched-one"];
    const told = Number.parseFloat(execFileSync("docker", shown, { encoding: "utf8" })) / 100;
    const [memory = 0, limit = 1] = [await figure("memory_bytes", one), await figure("memory_limit_bytes", one)];
    expect(Math.abs(memory / limit / told - 1)).toBeLessThan(0.05);
    const used = await figure("cpu_seconds_total", one);
    expect(used).toBeGreaterThan(least * 0.95);
    expect(used).toBeLessThan((await seconds()) * 1.05);
    await rig.shell("watched-one", "kill $(cat /tmp/holder)");
    await holding;
  }, 180_000);

  test("counts what the egress proxy lets through and refuses, and shows the hosts as mere text", async () => {
    await rig.shell("watched-one", "for path in 1 2 3; do curl -s -m 10 http://refused.example/$path; done");
    await rig.shell(
      "watched-one",
      `exec 3<>/dev/tcp/egress-proxy/3128; printf 'GET http://<img>.example/ HTTP/1.0\\r\\n\\r\\n' >&3; cat <&3`,
    );
    await becomes("egress_requests_total", { ...one, verdict: "denied" }, (count) => count >= 3);
    const { body } = await get("/");
    expect(body).toContain("refused.example:80, 3 times");
    expect(body).not.toContain("<img");
  });

  test("counts an end for want of memory, and a start after an end", async () => {
    const { code } = await rig.shell("watched-one", `python3 -c 'x = b"x" * (900 << 20)'`);
    expect(code).not.toBe(0);
    await becomes("oom_kills_total", one, (count) => count > 0);
    await rig.shell("watched-one", "kill -KILL -1");
    await becomes("restarts_total", one, (count) => count === 1);
  });

  test("answers this machine and the monitoring network by their names for it, and only by GET", async () => {
    expect((await get("/health")).status).toBe(200);
    expect((await get("/", { host: "supervisor:9464" })).status).toBe(200);
    expect((await get("/", { host: `rebound.example:${port}` })).status).toBe(421);
    for (const method of ["POST", "PUT", "DELETE", "OPTIONS"]) expect((await get("/", {}, method)).status).toBe(405);
    expect((await get("/secrets")).status).toBe(404);
    expect((await get("/")).headers["content-security-policy"]).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; /);
  });

  test("learns of the engine what it needs, and none of it is of others", async () => {
    const { Id: id } = await session.inspect();
    const { Id: proxy } = await rig.docker.getContainer("claude-agent-watched-one-proxy").inspect();
    const since = "1.000000000";
    const answers = await say(
      ...[
        "/_ping",
        "/containers/json",
        `/containers/${id}/json`,
        `/containers/${id}/stats?stream=false&one-shot=true`,
        `/containers/${proxy}/logs?follow=true&stdout=true&timestamps=true&since=${since}`,
        "/system/df",
        "/volumes",
        `/events?since=${since}`,
      ].map((path) => asked(path)),
    );
    expect(answers.map((answer) => answer.split("\r\n")[0])).toEqual(answers.map(() => "HTTP/1.1 200 OK"));
    const all = answers.join("\n");
    expect(all).toContain("SESSION_DISK_LIMIT=");
    for (const kept of ["not-for-the-supervisor", "PATH=", "watched-not", "agent-sessions.inputs"]) expect(all).not.toContain(kept);
  });

  test(
    "has nothing else answered, whatever the request is dressed up as",
    async () => {
      const { Id: id } = await session.inspect();
      const { Id: foreign } = await rig.docker.getContainer("claude-agent-watched-not").inspect();
      const body = (text: string) => `Content-Length: ${text.length}\r\n`;
      const paths = [
        "/containers/json?all=1",
        "/v1.41/containers/json",
        "//containers/json",
        "/containers/../containers/json",
        "/containers/%2e%2e/containers/json",
        "/containers%2fjson",
        "/containers/json/",
        "/containers/json#",
        "/CONTAINERS/json",
        `/containers/${id}/json?size=1`,
        `/containers/${id.slice(0, 12)}/json`,
        "/containers/claude-agent-watched-one/json",
        `/containers/${foreign}/json`,
        `/containers/${foreign}/stats?stream=false&one-shot=true`,
        `/containers/${id}/stats`,
        `/containers/${id}/logs?follow=true&stdout=true&timestamps=true&since=1.000000000`,
        `/containers/${id}/top`,
        `/containers/${id}/export`,
        `/containers/${id}/archive?path=/session`,
        `/containers/${id}/changes`,
        `/containers/${id}/attach/ws?stream=1`,
        "/exec/0/json",
        "/images/json",
        "/images/get?names=x",
        "/secrets",
        "/configs",
        "/networks",
        "/info",
        "/version",
        "/swarm",
        "/plugins",
        "/events",
        "/events?since=1.000000000&filters={}",
        "http://docker/containers/json",
        "*",
      ];
      const texts = [
        ...paths.map((path) => asked(path)),
        ...["POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS", "TRACE"].map((method) => asked("/containers/json", method)),
        ...["stop", "kill", "exec", "attach?stream=1&stdin=1", "update", "restart"].map((what) =>
          asked(`/containers/${id}/${what}`, "POST", body("")),
        ),
        asked("/containers/create", "POST", `Content-Type: application/json\r\n${body("{}")}`, "{}"),
        asked("/build", "POST", "Transfer-Encoding: chunked\r\n", "0\r\n\r\n"),
        asked("/containers/json", "GET", body("POST /x"), "POST /x"),
        asked("/_ping", "GET", "Content-Length: 0\r\nContent-Length: 5\r\n"),
        asked(
          "/_ping",
          "GET",
          "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n",
          `0\r\n\r\nPOST /containers/${id}/kill HTTP/1.1\r\nHost: docker\r\n\r\n`,
        ),
        `CONNECT docker:2375 HTTP/1.1\r\nHost: docker\r\n\r\n`,
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
      ];
      const answers = await say(...texts);
      const answered = texts.filter((_, index) => !/^(HTTP\/1\.1 40[03] |$)/.test(answers[index]?.split("\r\n")[0] ?? ""));
      expect(answered).toEqual([]);
      const hijacked = await say(asked("/_ping", "GET", "Upgrade: tcp\r\nConnection: Upgrade\r\n"));
      expect(hijacked[0]).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
      expect((await session.inspect()).State.Running).toBe(true);
    },
    3 * minute,
  );

  test("ends at once, harms nobody by it, and is back with the next start", async () => {
    const { StartedAt } = (await session.inspect()).State;
    await supervisor.stop({ t: 60 });
    expect((await supervisor.inspect()).State.ExitCode).not.toBe(137);
    expect((await rig.runtime.session("watched-two").health()).state).toBe("healthy");
    expect((await session.inspect()).State.StartedAt).toBe(StartedAt);
    await supervisor.start();
    await becomes("session_info", one, (is) => is === 1);
  });

  test("starts its reader again when the engine is gone from where it was: the next start sees where it is now", async () => {
    expect(await lost.wait()).toMatchObject({ StatusCode: 1 });
    expect(plainOutput(await lost.logs({ stdout: true, stderr: true }))).toContain("the engine has not answered for 20 seconds");
  });

  test("looks up no name but those on its network, and shows what the sessions may do", async () => {
    const lookup = (name: string) => `require("node:dns").promises.lookup("${name}").then(() => "found", () => "none")`;
    const script = `Promise.all([${lookup("supervisor")}, ${lookup("example.com")}]).then((all) => console.log(all.join()))`;
    expect(await run("node", "-e", script)).toBe("found,none");
    expect((await get("/")).body).toContain("<li>session watched-one: egress to example.com:80,443</li>");
  });

  test("runs held to the baseline, and reaches nothing but the reader", async () => {
    for (const [name, user] of [
      ["supervisor", "14000:14000"],
      ["engine-reader", "0:0"],
    ]) {
      const { Config, HostConfig } = await rig.docker.getContainer(`agent-sessions-supervised-${name}`).inspect();
      expect(Config.User).toBe(user);
      expect(HostConfig).toMatchObject({ ReadonlyRootfs: true, CapDrop: ["ALL"], Privileged: false });
      expect(HostConfig.CapAdd ?? []).toEqual([]);
      expect(HostConfig.PidsLimit).toBeGreaterThan(0);
      expect(HostConfig.SecurityOpt).toContain("no-new-privileges:true");
    }
    const reader = await rig.docker.getContainer("agent-sessions-supervised-engine-reader").inspect();
    expect(reader.HostConfig.NetworkMode).toBe("none");
    const { Mounts } = await supervisor.inspect();
    expect(new Set(Mounts.map(({ Destination, RW }) => `${Destination} ${RW}`))).toEqual(
      new Set(["/run/engine-reader false", "/etc/agent-sessions false"]),
    );
  });
});
