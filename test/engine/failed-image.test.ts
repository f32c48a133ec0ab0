import { afterAll, describe, expect, test } from "vitest";
import { liveEngine, Rig } from "./rig.ts";

const docker = await liveEngine();

describe.skipIf(docker === undefined)("an image that cannot be built", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "failed-image");
  afterAll(() => rig.dispose(), 60_000);

  test("is the one failure that is told: what needs it is skipped, with all that needs that", async () => {
    const sessions = [{ id: "fi-listed", network: { egress: { allow: ["one.example.com"] } } }, { id: "fi-none" }];
    // Nothing can be run in an image of nothing.
    const engine = rig.engine(sessions, { image: { agent: "none", base: "scratch" } });
    const live = await engine.live();
    const { outcomes } = await engine.apply((await engine.plan(live)).plan, live);
    const named = (ask: (outcome: (typeof outcomes)[number]) => unknown) =>
      outcomes.flatMap((outcome) => (ask(outcome) ? [outcome.name] : []));
    expect(
      named(({ error }) => error !== undefined)
        .map((name) => name.replace(/:.*/, ""))
        .sort(),
    ).toEqual(["agent-sessions-egress-proxy", "agent-sessions-session"]);
    expect(named(({ skipped }) => skipped).sort()).toEqual([
      "claude-agent-fi-listed",
      "claude-agent-fi-listed-proxy",
      "claude-agent-fi-none",
    ]);
  });
});
