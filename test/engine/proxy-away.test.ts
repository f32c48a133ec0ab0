import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { proxyName } from "../../components/session.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("a session whose proxy is away", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "proxy-away");
  const id = "away";
  const session = {
    id,
    limits: { memory: "256 MB", cpu: 1, processes: 64, tmp: "16 MB" },
    network: { egress: { allow: ["one.away.test"] } },
    healthCheck: { interval: "1 s", startPeriod: "1 s", retries: 2 },
  };
  const container = rig.docker.getContainer(`claude-agent-${id}`);
  const proxy = rig.docker.getContainer(proxyName(id));

  beforeAll(async () => {
    const { health } = await rig.up([session]);
    expect(health.map(({ state }) => state)).toEqual(["healthy"]);
  }, 10 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  test(
    "starts again at its last allowed failure, keeps its data, and is well when the proxy is back",
    async () => {
      await rig.shell(id, "echo kept > /session/kept");
      const { StartedAt: before } = (await container.inspect()).State;
      await proxy.stop();
      await until(async () => (await container.inspect()).State.StartedAt !== before, 60, "the session's new start");
      expect(plainOutput(await container.logs({ stdout: true, stderr: true }))).toContain(
        "session: unhealthy (the egress proxy does not answer); the session is ended and starts again.",
      );
      await proxy.start();
      await until(async () => (await askHealth(rig.docker, id, `claude-agent-${id}`)).state === "healthy", 60, "the session's health");
      expect((await rig.shell(id, "cat /session/kept")).output).toBe("kept");
    },
    3 * minute,
  );

  test("a proxy that ends by itself is started again", async () => {
    const { StartedAt: before } = (await proxy.inspect()).State;
    await rig.shell(`${id}-proxy`, "kill -KILL -1");
    await until(
      async () => {
        const { Running, StartedAt } = (await proxy.inspect()).State;
        return Running && StartedAt !== before;
      },
      30,
      "the proxy's new start",
    );
  });
});
