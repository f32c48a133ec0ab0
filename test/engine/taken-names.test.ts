import { afterEach, describe, expect, test } from "vitest";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();

describe.skipIf(docker === undefined)("a name that something else has taken", () => {
  const engine = docker as NonNullable<typeof docker>;
  const rigs: Rig[] = [];
  const checkout = () => {
    const rig = new Rig(engine, "taken");
    rigs.push(rig);
    return rig;
  };
  const sessions = [{ id: "n-taken", network: { egress: "open" } }];
  const name = "claude-agent-n-taken";
  const imageOf = async (rig: Rig) =>
    String((await rig.up([])).reviewed.plan.run.registrations.find(({ type }) => type.endsWith(":Image"))?.inputs.imageName);
  afterEach(async () => {
    await engine
      .getContainer(name)
      .remove({ force: true })
      .catch(() => {});
    await engine
      .getNetwork(name)
      .remove()
      .catch(() => {});
    for (const kind of ["logs", "session", "workspace"])
      await engine
        .getVolume(`${name}-${kind}`)
        .remove()
        .catch(() => {});
    for (const rig of rigs.splice(0)) await rig.dispose();
  });

  test("is an error for each that names the way out, and nothing is touched", async () => {
    const rig = checkout();
    const stranger = await engine.createContainer({ name, Image: await imageOf(rig) });
    await engine.createNetwork({ Name: name });
    await engine.createVolume({ Name: `${name}-session` });
    const planned = rig.engine(sessions);
    const { refusals } = await planned.plan(await planned.live());
    expect(refusals).toEqual([
      expect.stringMatching(
        /^volume claude-agent-n-taken-session is already there and was not made by agent-sessions; remove it with "docker volume rm claude-agent-n-taken-session", or rename the session$/,
      ),
      expect.stringMatching(
        /^network claude-agent-n-taken is already there and was not made by agent-sessions; remove it, replace it with "--adopt", or rename the session$/,
      ),
      expect.stringMatching(
        /^container claude-agent-n-taken is already there and was not made by agent-sessions; remove it, replace it with "--adopt", or rename the session$/,
      ),
    ]);
    expect((await stranger.inspect()).Id).toBe(stranger.id);
  });

  test("is never taken over where a volume is a bind of the host in disguise", async () => {
    const rig = checkout();
    await engine.createVolume({
      Name: `${name}-session`,
      Labels: { created_by: "agent-sessions" },
      DriverOpts: { type: "none", device: "/etc", o: "bind" },
    });
    const planned = rig.engine(sessions);
    for (const adopt of [false, true])
      expect((await planned.plan(await planned.live(), { adopt })).refusals).toEqual([
        expect.stringContaining("has options of its own, so its data may lie anywhere on the host"),
      ]);
  });

  test("is taken over with --adopt: container and network replaced, a volume of ours kept with its data", async () => {
    const [owner, rig] = [checkout(), checkout()];
    await owner.up(sessions);
    await owner.shell("n-taken", "echo kept > /session/marker");
    const before = await engine.getContainer(name).inspect();

    const planned = rig.engine(sessions);
    const live = await planned.live();
    const { plan, refusals } = await planned.plan(live, { adopt: true });
    expect([
      refusals,
      plan.steps.filter(({ operation }) => operation === "replace").map((step) => [step.type.split(":").pop(), step.restarts]),
    ]).toEqual([
      [],
      [
        ["Network", undefined],
        ["Container", "n-taken"],
      ],
    ]);
    expect((await planned.apply(plan, live)).outcomes.flatMap(({ error }) => error ?? [])).toEqual([]);
    expect((await engine.getContainer(name).inspect()).Id).not.toBe(before.Id);
    expect((await rig.shell("n-taken", "cat /session/marker")).output).toBe("kept");
    expect(changes((await planned.plan(await planned.live())).plan)).toBe(false);
  });
});
