import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { Checkout, commandIn, forNode } from "../cli/checkout.ts";
import { missing } from "../support/missing.ts";
import { liveEngine, until } from "../engine/rig.ts";

const docker = await liveEngine();
const minute = 60_000;
const stack = "logs";
const id = "lg-one";
const journal = existsSync("/run/systemd/journal/socket");
if (docker !== undefined && !journal) missing("no journald runs on this machine, so what it keeps is not read");

/** More than two files of a megabyte hold. */
const lines = 60_000;

const drivers = [
  ["json-file", { driver: "json-file", maxSize: "1 MB", maxFiles: 2 }],
  ["local", { driver: "local", maxSize: "1 MB", maxFiles: 2 }],
  ...(journal ? ([["journald", { driver: "journald" }]] as const) : []),
] as const;

describe.skipIf(docker === undefined).each(drivers)("the output of a session by the driver %s", (driver, logs) => {
  const checkout = new Checkout();
  const engine = docker as NonNullable<typeof docker>;
  const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const shown = async (...args: string[]) => (await sessions("logs", id, ...args)).stdout.trim().split("\n");
  const type = (text: string) => sessions("exec", id, "--", "tmux", "send-keys", "-t", "claude", text, "Enter");
  const inspect = (name: string) => engine.getContainer(name).inspect();

  beforeAll(async () => {
    const limits = { memory: "256 MB", processes: 64 };
    const entry = { id, limits, network: { egress: { allow: ["one.logs.test"] } } };
    checkout.write(stack, [entry], { image: { agent: "none" }, logs });
    const up = await sessions("up", "--yes", "--engine", "embedded");
    expect(up.code, up.stderr).toBe(0);
  }, 10 * minute);
  afterAll(async () => {
    expect((await sessions("down", "--delete-data", "--force", "--engine", "embedded")).code).toBe(0);
    checkout.dispose();
  }, 2 * minute);

  test("is kept as asked, and so is its proxy's, in files of its own size", async () => {
    const own = driver === "journald" ? {} : { "max-size": "1m", "max-file": "2" };
    expect((await inspect(`claude-agent-${id}`)).HostConfig.LogConfig).toEqual({ Type: driver, Config: own });
    const ofProxy = driver === "journald" ? {} : { "max-size": "10m", "max-file": "5" };
    expect((await inspect(`claude-agent-${id}-proxy`)).HostConfig.LogConfig).toEqual({ Type: driver, Config: ofProxy });
    expect((await sessions("plan", "--detailed-exitcode")).code).toBe(0);
  });

  test("is shown from a time and a line on, followed, and beyond a file's end", async () => {
    expect((await sessions("logs", id, "--since", "1h")).stdout).toContain("session: the agent runs");
    expect((await sessions("logs", id, "--since", "2999-01-01T00:00:00Z")).stdout).toBe("");
    const child = spawn(process.execPath, [...commandIn(checkout.root), "logs", id, "--stack", stack, "--follow", "--tail", "1"], {
      env: { ...process.env, ...forNode },
      stdio: ["ignore", "pipe", "inherit"],
    });
    let followed = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      followed += text;
    });
    try {
      await until(async () => followed !== "", 30, "the line that was last");
      await type(`seq -f 'line %.0f' 1 ${lines}; echo the e''nd`);
      await until(async () => followed.includes("the end"), 60, "what came after it");
      expect(followed).toContain(`line ${lines}\n`);
    } finally {
      child.kill();
    }
    expect((await shown()).lastIndexOf(`line ${lines}`)).toBeGreaterThan(1000);
    await until(async () => (await shown("--tail", "20")).includes("the end"), 30, "the last lines");
    expect(await shown("--tail", "1")).toHaveLength(1);
  });

  test("of its proxy is what egress sums up", async () => {
    await sessions("exec", id, "--", "curl", "-s", "-o", "/dev/null", "http://two.logs.test/");
    await until(async () => (await sessions("egress", id, "--json")).stdout.includes("two.logs.test"), 30, "the record");
    const asked = JSON.parse((await sessions("egress", id, "--json", "--since", "1h")).stdout);
    expect(asked).toContainEqual(expect.objectContaining({ host: "two.logs.test", verdict: "unlisted", requests: 1 }));
  });
});

describe.skipIf(docker === undefined || journal)("journald where there is none", () => {
  const checkout = new Checkout();
  afterAll(() => checkout.dispose());

  test(
    "is refused by plan and up before anything is made, and found by doctor",
    async () => {
      checkout.write(stack, [{ id }], { image: { agent: "none" }, logs: { driver: "journald" } });
      const sentence = 'logs.driver: "journald" is not enabled on this machine, where no journald runs; start systemd-journald';
      for (const command of ["plan", "up"]) {
        const { code, stderr } = await checkout.run([command, "--stack", stack]);
        expect([code, stderr]).toEqual([2, expect.stringContaining(sentence)]);
      }
      const { code, stdout } = await checkout.run(["doctor", "--stack", stack, "--json"]);
      expect(JSON.parse(stdout)).toContainEqual(expect.objectContaining({ subject: "log driver", found: "journald", verdict: "missing" }));
      expect(code).toBe(1);
    },
    minute,
  );
});
