import { describe, expect } from "vitest";
import { sessionTests, until, whyNot } from "./live-session.ts";
import { missing } from "../support/missing.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of a session's disk, as ${reason}`);

describe.skipIf(reason !== undefined)("a session's disk", { concurrent: true }, () => {
  const { test } = sessionTests();
  const MB = 1024 ** 2;
  const limited = (megabytes: number, command = "exec sleep 600") => ({
    SESSION_DISK_LIMIT: String(megabytes * MB),
    SESSION_DISK_FOLDERS: "/workspace /session",
    SESSION_HEALTH_RETRIES: "1",
    AGENT_COMMAND: command,
  });

  test("ends what runs and says why when it takes more than its limit, keeps the data, and starts again when there is room", async ({
    start,
  }) => {
    const session = await start({ restart: "always", environment: limited(64, "sleep 600 & exec sleep 600") });
    const other = await start({ environment: limited(64) });
    await Promise.all([session.becomes("healthy"), other.becomes("healthy")]);
    await session.exec("head -c 40M /dev/zero > /workspace/half; head -c 40M /dev/zero > /session/half; ln /session/half /session/same");
    await session.becomes("failed");
    expect((await session.health()).reason).toMatch(/^disk 80(\.\d)? MB of 64 MB$/);
    expect((await session.exec("pgrep -c 'sleep|tmux|session-disk'; stat -c %s /workspace/half /session/half")).out).toBe(
      ["1", 40 * MB, 40 * MB].join("\n"),
    );
    // The engine's own check reports it and ends nothing.
    expect((await session.exec("session-health; session-health")).code).toBe(1);
    await session.container.restart({ t: 5 });
    await session.becomes("failed");
    expect(await session.logs()).toMatch(
      /^session: failed: disk 80(\.\d)? MB of 64 MB\. Nothing runs any more and all data is kept: "sessions exec one" can make room, then "sessions start one" starts it again\.$/m,
    );
    expect((await session.exec("rm /workspace/half && ls /session")).out).toContain("half");
    await session.container.restart({ t: 5 });
    await session.becomes("healthy");
    expect([(await session.state()).restarts, (await other.health()).status]).toEqual([0, "healthy"]);
  });

  test("is watched again when the watch was ended, and while little room is left", async ({ start }) => {
    const session = await start({ environment: limited(32) });
    await session.becomes("healthy");
    await session.exec("head -c 28M /dev/zero > /workspace/a; pkill -KILL session-disk");
    await session.exec("head -c 8M /dev/zero > /workspace/b");
    await session.becomes("failed");
  });

  test("is watched on while the session has no process left to start, as a fork bomb brings about", async ({ start }) => {
    // A session in want of processes is unhealthy, which is another test's subject.
    const session = await start({ environment: { ...limited(32), SESSION_HEALTH_RETRIES: "100" }, processes: 48 });
    await session.becomes("healthy");
    const watch = async () => (await session.exec("pgrep -f bin/session-disk")).out;
    const before = await watch();
    // So much is written that the watch has to count, for which it starts a process, again and again.
    const starve = [
      "import os, signal, time",
      "children = []",
      "try:",
      "    while True:",
      "        child = os.fork()",
      "        if child == 0: signal.pause()",
      "        children.append(child)",
      "except OSError: pass",
      "open('/workspace/a', 'wb').write(bytes(20 << 20))",
      "time.sleep(6)",
      "for child in children: os.kill(child, signal.SIGKILL)",
      "print(len(children))",
    ].join("\n");
    expect(Number((await session.exec(`exec python3 -c "${starve}"`)).out)).toBeGreaterThan(10);
    expect(await watch()).toBe(before);
    await session.exec("head -c 16M /dev/zero > /workspace/b");
    await session.becomes("failed");
  });

  test("is not counted where it holds no more than the limit, whatever the files' lengths", async ({ start }) => {
    const session = await start({ environment: { ...limited(16), SESSION_DISK_FOLDERS: "/workspace" } });
    await session.becomes("healthy");
    await session.exec("truncate -s 1G /workspace/sparse; head -c 20M /dev/zero > /session/other");
    expect((await session.exec("session-disk --once; echo $?; SESSION_DISK_FOLDERS=/session session-disk --once; echo $?")).out).toMatch(
      /^0\ndisk 20(\.\d)? MB of 16 MB\n3$/,
    );
  });

  test("that is full ends no session and loses nothing", async ({ start }) => {
    const session = await start({ restart: "always", workspace: 4 * MB, environment: limited(64) });
    await session.becomes("healthy");
    await session.exec("head -c 8M /dev/zero > /workspace/full");
    for (let failure = 0; failure < 3; failure++)
      expect(JSON.parse((await session.exec("session-health")).out)).toMatchObject({ status: "unhealthy", reason: "/workspace is full" });
    expect((await session.exec("pgrep -xf 'sleep 600' | wc -l; stat -c %s /workspace/full")).out).toBe(["1", 4 * MB].join("\n"));
    expect((await session.state()).restarts).toBe(0);
    await session.exec("rm /workspace/full");
    await session.becomes("healthy");
  });

  test("holds no more of the record than its files may, all starts together", async ({ start }) => {
    const line = "x".repeat(99);
    const session = await start({
      environment: { SESSION_LOG_FILE_BYTES: "1000", AGENT_COMMAND: `for i in $(seq 60); do echo $i ${line}; done; exec sleep 600` },
    });
    for (const _ of [1, 2]) {
      await session.becomes("healthy");
      await until(
        async () => (await session.exec(`tail -c 200 "$(tail -n 1 /session/records)" | grep -c '^60 x'`)).out === "1",
        60,
        () => session.logs(),
      );
      await session.container.restart({ t: 5 });
    }
    await session.becomes("healthy");
    const held = Number(
      (await session.exec("cd / && find /logs -type f -printf '%s\\n' | awk '{ sum += $1 } END { print sum }'", "0")).out,
    );
    expect(held).toBeGreaterThan(8000);
    expect(held).toBeLessThanOrEqual(10_000);
  });
});
