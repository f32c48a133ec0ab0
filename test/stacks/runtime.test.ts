import { PassThrough, type Writable } from "node:stream";
import { expect, test } from "vitest";
import { readRecord } from "../../stacks/cli/egress.ts";
import { outputOf } from "../../stacks/cli/exec.ts";
import { credentialProxy, liveSession, runningSession } from "../../stacks/cli/sessions.ts";
import { askAgain, waitHealthy } from "../../stacks/runtime/health.ts";
import type { CommandOptions, Health, ListedSession, RunningPart, SessionRuntime, StartedCommand } from "../../stacks/runtime/runtime.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { startServer, targetOf } from "../../stacks/verify/target.ts";
import { parse } from "../../stacks/settings.ts";

/** What commands and verify make of a platform that is nothing but plain objects. */

const asked: { command: readonly string[]; options: CommandOptions }[] = [];

/** A command that answers what it is given, and ends with a code. */
function started(command: readonly string[], code: number, input = new PassThrough()): StartedCommand {
  return {
    input,
    async carry(output: Writable, errors: Writable) {
      output.write(command.join(" "));
      errors.write("a complaint\n");
      await new Promise((resolve) => output.end(resolve));
    },
    resize() {},
    close: () => void input.destroy(),
    exitCode: async () => code,
  };
}

const part = (log: string, code = 0): RunningPart => ({
  start: async (command, options = {}) => {
    asked.push({ command, options });
    return started(command, code);
  },
  logs: async (_, output) => void output.write(log),
});

function session(id: string, state: string, states: readonly Health["state"][] = ["healthy"]): ListedSession {
  const left = [...states];
  return {
    ...part(`\x1b[31m${id} said\n`),
    id,
    state,
    health: async () => ({ session: id, container: `pod/${id}`, state: (left.length > 1 ? left.shift() : left[0]) ?? "healthy" }),
    describe: () => Promise.reject(new Error("not asked")),
    usage: async () => undefined,
    variable: async () => undefined,
    begin: async () => {},
    stop: async () => {},
    restart: async () => {},
    inWorkspace: (work) => work(part("")),
  };
}

const record = JSON.stringify({
  time: "2026-01-01T00:00:00Z",
  host: "a.example",
  port: "443",
  verdict: "allowed",
  by: "session",
  received: 2,
  sent: 1,
});
const sessions = [session("one", "running"), session("two", "exited"), session("soon", "pending")];
const runtime = {
  list: async () => sessions,
  session: (id: string) => sessions.find((one) => one.id === id) ?? session(id, "gone"),
  part: async (id: string, name: string) => (id === "one" && name === "egress-proxy" ? part(`${record}\n`) : undefined),
  stackOf: async (id: string) => (id === "far" ? "agent-sessions/elsewhere" : undefined),
  egressProxy: () => part(""),
} as unknown as SessionRuntime;
const source = { project: "agent-sessions", stack: "test", root: "/", config: {} };

test("a session is found by its id, and whoever asks for another is told where it is", async () => {
  expect(await liveSession(runtime, source, "one")).toBe(sessions[0]);
  expect(await runningSession(runtime, source, "one")).toBe(sessions[0]);
  await expect(runningSession(runtime, source, "two")).rejects.toThrow(
    'session "two" is not running but exited; "npx sessions start two --stack test" starts it',
  );
  await expect(runningSession(runtime, source, "soon")).rejects.toThrow(
    'session "soon" is not running but pending; "npx sessions list --stack test" shows why',
  );
  await expect(liveSession(runtime, source, "far")).rejects.toThrow(
    "belongs to stack agent-sessions/elsewhere; name it with --stack elsewhere",
  );
  await expect(liveSession(runtime, source, "on")).rejects.toThrow(
    /there is no session "on" in stack test; did you mean one\? There is: one, two, soon/,
  );
  await expect(credentialProxy(runtime, source, "one")).rejects.toThrow("has no credential proxy");
});

test("what a proxy recorded is read, and a session without one is told of", async () => {
  expect(await readRecord(runtime, "one")).toEqual([expect.objectContaining({ host: "a.example", port: 443, requests: 1, received: 2 })]);
  await expect(readRecord(runtime, "two")).rejects.toThrow('session "two" has no allow list');
});

test("health is waited for, and one that stays unwell is quoted without control characters", async () => {
  const health = await waitHealthy(
    [session("late", "running", ["starting", "healthy"]), session("bad", "running", ["failed"])],
    5,
    () => {},
  );
  expect(health).toEqual([
    { session: "bad", container: "pod/bad", state: "failed", output: "[31mbad said" },
    { session: "late", container: "pod/late", state: "healthy" },
  ]);
});

test("one that was healthy until its first failure is found out when it is asked again", async () => {
  const loop = session("loop", "running", ["healthy", "unhealthy"]);
  const [still, over] = [session("still", "running", ["healthy"]), session("over", "running", ["complete"])];
  const all = [loop, over, still];
  const told: string[] = [];
  const found = await waitHealthy(all, 0, () => {});
  expect(found.map(({ state }) => state)).toEqual(["healthy", "complete", "healthy"]);
  const again = await askAgain(all, found, 0, (health) => told.push(`${health.session} ${health.state}`));
  expect(again.map(({ session: id, state }) => `${id} ${state}`)).toEqual(["loop unhealthy", "over complete", "still healthy"]);
  expect(told).toEqual(["loop unhealthy"]);
});

test("commands run as the agent's user without what would lead to its code, and an exit code is a failure", async () => {
  const [one] = parse({ sessions: [{ id: "one" }] }).sessions.map(promisedTo);
  asked.length = 0;
  expect(await targetOf(runtime, one!).execute(["probe", "now"], 5, "key\n")).toBe("probe now");
  expect(asked).toEqual([
    {
      command: ["probe", "now"],
      options: { input: true, folder: "/", environment: { LD_AUDIT: "", LD_LIBRARY_PATH: "", LD_PRELOAD: "" }, user: "1000:1000" },
    },
  ]);
  const failing = { ...runtime, session: () => part("", 3) } as unknown as SessionRuntime;
  await expect(targetOf(failing, one!).execute(["probe"], 5, "")).rejects.toThrow("the probes ended with 3: a complaint");
  expect(await outputOf(part("", 4), ["cat"])).toEqual({ code: 4, text: "cat" });
});

test("a server that does not sign its port is none, and a proxy that does not say so does not stand still", async () => {
  expect(await startServer(part(""), ["80"])).toBeUndefined();
  const [one] = parse({ sessions: [{ id: "one" }] }).sessions.map(promisedTo);
  const silent = { ...runtime, egressProxy: () => ({ ...part(""), start: async () => started([], 0) }) } as unknown as SessionRuntime;
  await expect(targetOf(silent, one!).haltProxy(1)).rejects.toThrow("its proxy cannot be halted");
});
