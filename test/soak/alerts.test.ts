import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { dashboards } from "../../components/monitoring/dashboards.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { freePorts, liveEngine, Rig, until } from "../engine/rig.ts";
import { ownAddress } from "../support/own-address.ts";

/** Real sessions, the supervisor, Prometheus and Alertmanager: what a session does to itself is told to whoever is to know. */

const engine = await liveEngine();
const minute = 60_000;

interface Told {
  readonly status: "firing" | "resolved";
  readonly labels: Readonly<Record<string, string>>;
}

describe.skipIf(engine === undefined)("alerts of sessions", () => {
  const rig = new Rig(engine!, "alerted");
  const told: Told[] = [];
  const limits = { memory: "512 MB", cpu: 0.5 };
  const sessions = ["full", "busy", "killed", "loop"].map((name) => ({
    id: `alerted-${name}`,
    // What a busy machine gives it all the same.
    limits: name === "busy" ? { ...limits, cpu: 0.1 } : limits,
  }));
  let options: Readonly<Record<string, unknown>> = {};
  let receiver: Server;
  let prometheus = 0;

  const heard = (name: string, session: string, status: Told["status"] = "firing") =>
    told.some(({ labels, status: is }) => labels.alertname === name && labels.session === session && is === status);
  /** @returns seconds until it was told */
  const within = async (seconds: number, name: string, session: string, status: Told["status"] = "firing") => {
    const since = Date.now();
    await until(async () => heard(name, session, status), seconds, `${name} of ${session}, ${status}`);
    const took = Math.round((Date.now() - since) / 1000);
    console.info(`${name} of ${session}, ${status}: ${took} s`);
    return took;
  };
  const running = async (session: string) => (await rig.docker.getContainer(`claude-agent-${session}`).inspect()).State;
  const ask = async (expr: string): Promise<unknown[]> => {
    const response = await fetch(`http://127.0.0.1:${prometheus}/api/v1/query?query=${encodeURIComponent(expr)}`);
    const { data, error } = (await response.json()) as { data?: { result: unknown[] }; error?: string };
    if (data === undefined) throw new Error(`${expr}: ${error}`);
    return data.result;
  };

  beforeAll(async () => {
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      told.push(...(JSON.parse(Buffer.concat(chunks).toString("utf8")) as { alerts: Told[] }).alerts);
      response.end();
    }).listen(0);
    await once(receiver, "listening");
    const [supervisor = 0, first = 0, alertmanager = 0] = await freePorts(3);
    prometheus = first;
    const url = `http://${ownAddress()}:${(receiver.address() as AddressInfo).port}/`;
    options = {
      strategy: "single-node",
      "single-node": {
        // Half of so little is soon not to be had.
        resourceIsolation: false,
        supervisor: { port: supervisor },
        monitoring: { grafana: false, ports: { prometheus, alertmanager }, webhook: { url } },
      },
    };
    await rig.up(sessions, options);
    await until(async () => (await ask("agent_sessions_memory_bytes").catch(() => [])).length === 4, 120, "figures of all sessions");
  }, 10 * minute);

  afterAll(async () => {
    await rig.dispose();
    receiver.close();
  }, 2 * minute);

  test(
    "more than 90 % of its memory and a busy CPU are told within a minute, and that they are over",
    async () => {
      const hold = `python3 -c 'import time; x = bytearray(b"x") * (470 << 20); time.sleep(600)' & echo $! > /tmp/holds; wait`;
      void rig.shell("alerted-full", hold);
      void rig.shell("alerted-busy", "for one in 1 2 3; do while :; do :; done & echo $! >> /tmp/burns; done; wait");
      const burns = async () => {
        // On a busy machine a session does not get what it may have at once.
        await until(async () => (await ask('agent_sessions_cpu_ratio{session="alerted-busy"} > 0.95')).length > 0, 120, "a busy CPU");
        await within(60, "SessionCpuHigh", "alerted-busy");
      };
      await Promise.all([within(60, "SessionMemoryHigh", "alerted-full"), burns()]);
      const of = (name: string) => told.find(({ labels }) => labels.alertname === name)?.labels;
      expect(of("SessionMemoryHigh")).toMatchObject({ session: "alerted-full", stack: "agent-sessions/alerted", severity: "critical" });
      expect(of("SessionCpuHigh")).toMatchObject({ session: "alerted-busy", strategy: "single-node", severity: "warning" });
      await rig.shell("alerted-full", "kill $(cat /tmp/holds)");
      await rig.shell("alerted-busy", "kill $(cat /tmp/burns)");
      await Promise.all([
        within(90, "SessionMemoryHigh", "alerted-full", "resolved"),
        within(90, "SessionCpuHigh", "alerted-busy", "resolved"),
      ]);
      // Nobody else was named.
      expect(told.filter(({ labels }) => labels.session === "alerted-loop")).toEqual([]);
    },
    5 * minute,
  );

  test(
    "a program that is killed for memory, and a session that starts again and again, are told",
    async () => {
      void rig.shell("alerted-killed", `python3 -c 'x = bytearray(b"x") * (600 << 20)'`);
      const restarts = (async () => {
        for (let time = 0; time < 4; time++) {
          const { StartedAt } = await running("alerted-loop");
          // The engine counts what ended by itself alone.
          await until(async () => (await running("alerted-loop")).Running, 60, "a session that runs");
          await rig.shell("alerted-loop", "kill -KILL -1").catch(() => {});
          await until(async () => (await running("alerted-loop")).StartedAt !== StartedAt, 60, "another start");
        }
      })();
      await Promise.all([within(90, "SessionOutOfMemory", "alerted-killed"), restarts]);
      await within(90, "SessionRestartLoop", "alerted-loop");
    },
    8 * minute,
  );

  test(
    "what monitors may die: sessions are as they were, and figures, silences and alerts come back",
    async () => {
      const before = await running("alerted-full");
      const samples = 'count_over_time(agent_sessions_memory_bytes{session="alerted-full"}[1h])';
      const count = async () => Number(((await ask(samples).catch(() => []))[0] as { value: [number, string] } | undefined)?.value[1] ?? 0);
      const had = await count();
      for (const name of ["prometheus", "alertmanager"]) {
        const container = rig.docker.getContainer(`agent-sessions-alerted-${name}`);
        const { State } = await container.inspect();
        // As a crash would: the engine starts what was not stopped by hand.
        process.kill(State.Pid, "SIGKILL");
        await until(async () => (await container.inspect()).State.StartedAt !== State.StartedAt, 60, `another start of ${name}`);
      }
      await until(async () => (await count()) > had, 60, "old figures and new ones");
      expect((await running("alerted-full")).StartedAt).toBe(before.StartedAt);
      expect((await running("alerted-full")).Running).toBe(true);
    },
    4 * minute,
  );

  test(
    "every panel's expression has an answer of the real figures, or is of what these sessions have not",
    async () => {
      const absent = /cleanup|credential|egress_requests|gateway/;
      for (const { title, panels } of dashboards())
        for (const { expr } of panels.flatMap(({ targets }) => targets)) {
          if (absent.test(expr)) continue;
          const asked = expr.replaceAll("$stack", ".*").replaceAll("$session", "alerted-full");
          await until(async () => (await ask(asked)).length > 0, 60, `an answer on ${title} to ${asked}`);
        }
    },
    3 * minute,
  );

  test("a second up changes nothing", async () => {
    const again = rig.engine(sessions, options);
    expect(changes((await again.plan(await again.live())).plan)).toBe(false);
  });
});
