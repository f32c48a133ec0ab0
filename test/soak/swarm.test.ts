import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import type { InspectedService } from "../../components/swarm/inspected.ts";
import { beginning } from "../../stacks/streams.ts";
import { liveEngine, until } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";
import { SwarmRig } from "./swarm-rig.ts";

const machine = canRunEngine ? await liveEngine() : undefined;
const minute = 60_000;

describe.skipIf(machine === undefined)("sessions as services of a swarm of one node", () => {
  // What a service cannot be given is the daemon's to see to.
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-profile-"));
  const profile = join(folder, "seccomp.json");
  writeFileSync(profile, seccompProfile);
  const own = new OwnEngine({ apart: true, configuration: { "no-new-privileges": true, "seccomp-profile": profile } });
  const rig = new SwarmRig(own.docker, "swarm");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, openFiles: 256, tmp: "16 MB" };
  const healthCheck = { interval: "2 s", timeout: "2 s" };
  const listed = { egress: { allow: [{ host: "one.swarm.test", addresses: ["10.0.0.0/8"] }] } };
  const credentials = { kind: "file", secret: { env: "SWARM_KEY" } };
  const sessions = [
    { id: "sw-sealed", limits, healthCheck, credentials },
    { id: "sw-list", limits, healthCheck, network: listed },
    { id: "sw-plain", limits, healthCheck },
  ];
  const more = { strategy: "swarm", swarm: own.settings.local, image: own.settings.image };
  const service = (name: string) => own.docker.getService(`claude-agent-${name}`).inspect() as Promise<InspectedService>;
  const health = (id: string) => rig.runtime.session(id).health();
  const healthy = (id: string) => until(async () => (await health(id)).state === "healthy", 60, `session ${id} being healthy`);
  const running = async (name: string) => {
    const label = [`com.docker.swarm.service.name=claude-agent-${name}`];
    const [container] = await own.docker.listContainers({ filters: { label } });
    return container?.Id;
  };
  const planned = async () => {
    const engine = rig.engine(sessions, more);
    return (await engine.plan(await engine.live())).plan;
  };

  beforeAll(async () => {
    process.env.SWARM_KEY = "sk-ant-api03-first";
    await own.start();
    await own.take(machine as NonNullable<typeof machine>, [{ id: "one", network: { egress: { allow: ["one.swarm.test"] } } }]);
    await own.docker.swarmInit({ AdvertiseAddr: "127.0.0.1", ListenAddr: "127.0.0.1:2377" });
    const { health } = await rig.up(sessions, more);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    const [services, secrets] = await Promise.all([own.docker.listServices(), own.docker.listSecrets()]);
    await own.docker.swarmLeave({ force: true });
    await own.end("SIGTERM");
    own.dispose();
    rmSync(folder, { recursive: true });
    delete process.env.SWARM_KEY;
    expect([services, secrets]).toEqual([[], []]);
  }, 3 * minute);

  test("a second run changes nothing", async () => {
    expect(
      (await planned()).steps.flatMap(({ operation, name, changes }) => (operation === "same" ? [] : [{ operation, name, changes }])),
    ).toEqual([]);
  });

  test(
    "none reaches the engine's machine, nor another session",
    async () => {
      const [program, ...args] = own.beside(["python3", "-m", "http.server", "8123", "--bind", "0.0.0.0"]);
      const server = spawn(program, args, { stdio: "ignore" });
      try {
        const gateways = await rig.runtime.gateways();
        const others = [...(await rig.runtime.reachable()).values()].flatMap(({ addresses }) => addresses);
        const ask = (session: string, target: string) =>
          rig.shell(session, `curl -s -o /dev/null -m 2 -w '%{http_code}' --noproxy '*' http://${target}/`);
        // The same attempt works from the proxy, which has a way out, so it is the network that refuses elsewhere.
        const fromProxy = async (at: string) => {
          const [output, errors] = [beginning(), beginning()];
          const started = await rig.runtime
            .egressProxy("sw-list")
            .start(["timeout", "2", "bash", "-c", `exec 3<>/dev/tcp/${at}/8123 && echo reached`]);
          await started.carry(output, errors);
          return output.text().trim();
        };
        await until(async () => (await Promise.all(gateways.map(fromProxy))).includes("reached"), 30, "an answer of the machine's");
        for (const session of ["sw-sealed", "sw-list"])
          for (const target of [...gateways.map((at) => `${at}:8123`), ...others.map((at) => `${at}:22`), "169.254.169.254", "192.0.2.1"])
            expect(`${session} ${target} ${(await ask(session, target)).output}`).toBe(`${session} ${target} 000`);
        expect((await rig.shell("sw-sealed", "timeout 5 getent hosts sw-plain tasks.claude-agent-sw-plain example.com")).code).not.toBe(0);
      } finally {
        server.kill();
      }
    },
    3 * minute,
  );

  test(
    "one with an allow list has its own proxy and nothing without it",
    async () => {
      const ask = async () => (await rig.shell("sw-list", "curl -s -o /dev/null -m 5 -w '%{http_code}' http://example.com/")).output;
      await until(async () => (await ask()) === "403", 60, "the proxy's refusal");
      const proxy = await service("sw-list-proxy");
      await own.docker.getService(proxy.ID).update({ ...proxy.Spec, Mode: { Replicated: { Replicas: 0 } }, version: proxy.Version.Index });
      await until(async () => (await ask()) === "000", 60, "the end of the proxy");
      await rig.up(sessions, more);
      await until(async () => (await ask()) === "403", 60, "the proxy's return");
    },
    3 * minute,
  );

  test(
    "a killed one comes back with its data",
    async () => {
      await rig.shell("sw-sealed", "echo kept > /workspace/marker");
      const before = await running("sw-sealed");
      await own.docker.getContainer(before ?? "").kill();
      await until(async () => ![undefined, before].includes(await running("sw-sealed")), 60, "another container");
      await healthy("sw-sealed");
      expect((await rig.shell("sw-sealed", "cat /workspace/marker")).output).toBe("kept");
    },
    2 * minute,
  );

  test(
    "another secret restarts the session that has it, and no other; the old one is gone",
    async () => {
      const read = async () =>
        (await rig.shell("sw-sealed", "cat /auth/token; touch /auth/token /auth/x 2>&1 | grep -c 'Read-only'")).output;
      expect(await read()).toBe("sk-ant-api03-first\n2");
      const before = await Promise.all([running("sw-sealed"), running("sw-list"), running("sw-plain")]);
      process.env.SWARM_KEY = "sk-ant-api03-second";
      const { applied } = await rig.up(sessions, more);
      expect(
        applied.outcomes
          .flatMap(({ operation, name }) => (operation === "same" ? [] : [`${operation} ${name.replace(/-[0-9a-f]{10}$/, "")}`]))
          .sort(),
      ).toEqual(["create claude-agent-sw-sealed-auth", "delete claude-agent-sw-sealed-auth", "replace claude-agent-sw-sealed"]);
      const after = await Promise.all([running("sw-sealed"), running("sw-list"), running("sw-plain")]);
      expect(after.map((id, at) => id === before[at])).toEqual([false, true, true]);
      expect(await read()).toBe("sk-ant-api03-second\n2");
      expect(await own.docker.listSecrets()).toHaveLength(1);
    },
    3 * minute,
  );

  test(
    "stops, is worked on while it is stopped, and starts again",
    async () => {
      const session = rig.runtime.session("sw-plain");
      await session.stop();
      expect(await health("sw-plain")).toMatchObject({ state: "stopped" });
      expect((await rig.runtime.list()).map(({ id, state }) => `${id} ${state}`)).toContain("sw-plain stopped");
      await expect(session.start(["true"])).rejects.toThrow("claude-agent-sw-plain is stopped; start it again");
      const [output, errors] = [beginning(), beginning()];
      await session.inWorkspace(async (place) => (await place.start(["id", "-u"])).carry(output, errors));
      expect(output.text().trim()).toBe("1000");
      expect((await planned()).steps.flatMap(({ operation, name }) => (operation === "start" ? [name] : []))).toEqual([
        "claude-agent-sw-plain",
      ]);
      await session.begin();
      await healthy("sw-plain");
    },
    2 * minute,
  );
});
