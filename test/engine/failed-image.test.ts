import { afterAll, describe, expect, test } from "vitest";
import { Checkout } from "../cli/checkout.ts";
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

  test("is told once, with what its build said last", async () => {
    const checkout = new Checkout();
    try {
      checkout.write("failed-image", [{ id: "fi-told" }], { image: { agent: "none", base: "scratch" } });
      const { code, stderr } = await checkout.run(["up", "--stack", "failed-image", "--yes", "--no-install", "--engine", "embedded"]);
      const lines = stderr.split("\n").map((line) => line.trim());
      expect([code, lines.filter((line) => line.includes("could not be built"))]).toEqual([
        1,
        [expect.stringMatching(/^agent-sessions-session:/)],
      ]);
      const [first = ""] = lines.filter((line) => /^step 1\//i.test(line));
      expect(lines.slice(lines.findIndex((line) => line.startsWith("sessions:")))).toContain(first);
      // What the engine says of a step, such as that it is known, may be the same of two.
      const told = lines.filter((line) => line !== "" && !line.startsWith("--->"));
      expect(told.filter((line, at) => told.indexOf(line) !== at)).toEqual([]);
    } finally {
      await checkout.run(["down", "--stack", "failed-image", "--delete-data", "--force"]);
      checkout.dispose();
    }
  });
});
