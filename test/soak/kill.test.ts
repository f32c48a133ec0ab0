import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, test } from "vitest";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig } from "../engine/rig.ts";

const docker = await liveEngine();
const root = fileURLToPath(new URL("../..", import.meta.url));
const minutes = 60_000;

/** One `up` of a rig in a process of its own, so that it can be killed. */
function upProcess(rig: Rig, sessions: readonly object[]) {
  const file = join(rig.root, "run.ts");
  writeFileSync(
    file,
    `import Docker from ${JSON.stringify(join(root, "node_modules/dockerode/lib/docker.js"))};
     import { EmbeddedEngine } from ${JSON.stringify(join(root, "stacks/embedded/engine.ts"))};
     import { lock } from ${JSON.stringify(join(root, "stacks/lock.ts"))};
     const config = ${JSON.stringify({ "agent-sessions:sessions": JSON.stringify(sessions), "agent-sessions:image": '{"agent":"none"}' })};
     const engine = new EmbeddedEngine({ project: "agent-sessions", stack: ${JSON.stringify(rig.stack)}, root: ${JSON.stringify(rig.root)}, config }, new Docker());
     try {
       const release = await lock(engine.identity.deployment);
       const live = await engine.live();
       const { plan, refusals } = await engine.plan(live);
       if (refusals.length > 0) throw new Error(refusals.join(" "));
       const { outcomes } = await engine.apply(plan, live);
       for (const { name, error } of outcomes) if (error !== undefined) throw new Error(name + ": " + error);
       release();
     } catch (error) { console.error(error.message); process.exitCode = 1; }`,
  );
  const child = spawn(process.execPath, [file], { cwd: root, stdio: ["ignore", "ignore", "pipe"] });
  let errors = "";
  child.stderr.on("data", (chunk: Buffer) => {
    errors += chunk.toString("utf8");
  });
  const ended = new Promise<{ code: number | null; errors: string }>((resolve) => child.once("close", (code) => resolve({ code, errors })));
  return { child, ended };
}

describe.skipIf(docker === undefined)("an up that is cut off", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "kill");
  const sessions = ["k-one", "k-two", "k-three"].map((id, index) => ({ id, network: index === 0 ? { egress: "open" } : {} }));
  afterAll(() => rig.dispose(), 2 * minutes);

  test(
    "is made good by the next one, at 20 moments spread over its duration",
    async () => {
      await rig.up(sessions);
      const wipe = async () => {
        const engine = rig.engine(sessions);
        expect(await engine.remove(engine.teardown(await engine.live(), true))).toEqual([]);
      };
      await wipe();
      const started = Date.now();
      expect(await upProcess(rig, sessions).ended).toEqual({ code: 0, errors: "" });
      const duration = Date.now() - started;

      for (let round = 0; round < 20; round += 1) {
        await wipe();
        const { child, ended } = upProcess(rig, sessions);
        await new Promise((resolve) => setTimeout(resolve, (duration * (round + Math.random())) / 20));
        child.kill("SIGKILL");
        await ended;
        const { health } = await rig.up(sessions);
        expect(
          health.map(({ state }) => state),
          `round ${round}`,
        ).toEqual(["healthy", "healthy", "healthy"]);
        const engine = rig.engine(sessions);
        const live = await engine.live();
        expect(changes((await engine.plan(live)).plan)).toBe(false);
        const own = live.own.map(({ kind, name }) => `${kind} ${name}`).sort();
        expect(own).toEqual([
          ...["k-one", "k-three", "k-two"].map((id) => `container claude-agent-${id}`),
          "network claude-agent-k-one",
          ...["k-one", "k-three", "k-two"].flatMap((id) =>
            ["logs", "session", "workspace"].map((kind) => `volume claude-agent-${id}-${kind}`),
          ),
        ]);
      }
    },
    15 * minutes,
  );

  test(
    "two at once: one wins, the other says who is at work",
    async () => {
      const engine = rig.engine(sessions);
      await engine.remove(engine.teardown(await engine.live(), true));
      const runs = await Promise.all([upProcess(rig, sessions).ended, upProcess(rig, sessions).ended]);
      expect(runs.map(({ code }) => code).sort()).toEqual([0, 1]);
      expect(runs.find(({ code }) => code === 1)?.errors).toMatch(/another run is at work on this stack \(process \d+\)/);
    },
    2 * minutes,
  );
});
