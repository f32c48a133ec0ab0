import { execFileSync } from "node:child_process";
import { chmodSync, mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { buildSessionImage, docker, sessionTests, until, whyNot } from "./live-session.ts";
import { missing } from "../support/missing.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of the session image, as ${reason}`);

/** A new folder that the agent's uid may read, as a repository on the host must be. */
function sharedFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "session-repository-"));
  chmodSync(folder, 0o755);
  return folder;
}

describe.skipIf(reason !== undefined)("the session image", { concurrent: true }, () => {
  const repository = sharedFolder();
  const { test, image } = sessionTests();

  beforeAll(() => {
    writeFileSync(join(repository, "file"), "content\n");
    const git = (...args: string[]) => execFileSync("git", ["-C", repository, "-c", "user.name=a", "-c", "user.email=a@b", ...args]);
    git("init", "--quiet", "-b", "main");
    git("add", "file");
    git("commit", "--quiet", "-m", "first");
  });

  afterAll(() => rmSync(repository, { recursive: true, force: true }));

  test("says who runs it, how, and what it is", async () => {
    const { Config } = await docker.getImage(image()).inspect();
    expect(Config.User).toBe("1000:1000");
    expect(Config.Entrypoint).toEqual(["/usr/bin/tini", "--", "/usr/local/bin/session-entrypoint"]);
    expect(Config.Healthcheck?.Test).toEqual(["CMD", "/usr/local/bin/session-health"]);
    expect(Object.keys(Config.Labels)).toEqual(
      expect.arrayContaining(["created", "revision", "version", "title"].map((key) => `org.opencontainers.image.${key}`)),
    );
  });

  test("holds the tools, and nothing that gives rights or builds programs", async ({ start }) => {
    const session = await start();
    const tools = ["git", "node", "npm", "python3", "pip", "curl", "jq", "rg", "tmux", "ps", "less", "patch", "unzip", "ssh", "nano"];
    expect((await session.exec(`for tool in ${tools.join(" ")}; do command -v $tool >/dev/null || echo $tool; done`)).out).toBe("");
    expect((await session.exec("for tool in sudo gcc make docker; do command -v $tool; done")).out).toBe("");
    expect((await session.exec("cd / && find / -xdev -type f -perm /6000", "0")).out).toBe("");
    expect((await session.exec("ls -A /var/lib/apt/lists /var/cache/apt /root/.npm 2>/dev/null | grep -v :", "0")).out).toBe("");
    expect((await session.exec("node -p 'parseInt(process.versions.node) >= 20'")).out).toBe("true");
    expect(
      (
        await session.exec(
          "node -e 'require(`tls`).rootCertificates.length > 50 || process.exit(1)' && python3 -m venv /workspace/venv && /workspace/venv/bin/pip --version",
        )
      ).code,
    ).toBe(0);
  });

  test("holds the packages that settings add, and nothing else that installing leaves", async ({ start }) => {
    const session = await start({ image: await buildSessionImage("make bc") });
    expect((await session.exec("echo 6*7 | bc; make --version | head -1")).out).toMatch(/^42\nGNU Make [\d.]+$/);
    expect((await session.exec("cd / && find / -xdev -type f -perm /6000; ls -A /var/lib/apt/lists /opt", "0")).out).toBe(
      "/opt:\n\n/var/lib/apt/lists:",
    );
  });

  test("is healthy under the full hardening, and can write only where it may", async ({ start }) => {
    const session = await start();
    await session.becomes("healthy");
    const status = (await session.exec("grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/1/status")).out;
    expect(status.match(/^Cap\w+:\t0{16}$/gm)).toHaveLength(5);
    expect(status).toMatch(/^NoNewPrivs:\t1$/m);
    expect(status).toMatch(/^Seccomp:\t2$/m);
    expect((await session.exec("id -u; id -g")).out).toBe("1000\n1000");
    for (const folder of ["/", "/etc", "/usr/local/bin", "/repos", "/auth"]) {
      expect((await session.exec(`touch ${folder}/x`)).code, folder).not.toBe(0);
    }
    for (const folder of ["/workspace", "/session", "/logs", "/tmp", "/tmp/agent", "/dev/shm"]) {
      expect((await session.exec(`echo x >> ${folder}/x`)).code, folder).toBe(0);
    }
    expect((await session.exec("ls /logs")).code).not.toBe(0);
    // Temporary programs can be run: `go test` and builds of Python packages do that.
    expect((await session.exec('printf "#!/bin/sh\\necho ran" > $TMPDIR/p && chmod +x $TMPDIR/p && $TMPDIR/p')).out).toBe("ran");
  });

  test("starts nothing of the agent before there is a process limit", async ({ start }) => {
    const session = await start({ processes: null, environment: { AGENT_COMMAND: "touch /session/ran; exec sleep 600" } });
    await until(
      async () => (await session.health()).status === "starting",
      60,
      async () => "starting",
    );
    expect((await session.exec("pgrep tmux; ls /session/ran /session/home")).out).not.toMatch(/^(\d+|\/session)/m);
    await session.container.update({ PidsLimit: 99 });
    await session.becomes("healthy");
    expect((await session.exec("ls /session/ran")).code).toBe(0);
  });

  test("ends with a sentence when no process limit comes", async ({ start }) => {
    const session = await start({ processes: null, environment: { SESSION_PIDS_WAIT: "1" } });
    expect(await session.ends()).toBe(1);
    expect(await session.logs()).toContain("the container has no process limit (pids.max is max)");
  });

  test("copies what the terminal shows to the container's log and to /logs, as plain text", async ({ start }) => {
    const session = await start({
      environment: { AGENT_COMMAND: "printf '\\033[31mréd\\033[0m\\n\\033]0;title\\007one\\033[5Ctwo\\n'; exec sleep 600" },
    });
    await session.becomes("healthy");
    await until(
      async () => (await session.logs()).includes("one two"),
      60,
      () => session.logs(),
    );
    expect(await session.logs()).toMatch(/^réd$/m);
    expect(await session.logs()).not.toMatch(/\x1b|^.*title(?!\\)/m);
    expect((await session.exec("ls -l /logs", "0")).out).toMatch(/-rw------- 1 agent agent +\d{2} .* one-\d{8}T\d{6}Z\.1\.log/);
  });

  test("clones repositories onto a branch of the session, whole or not at all", async ({ start }) => {
    const session = await start({ binds: [`${repository}:/repos/app:ro`], environment: { SESSION_REPOSITORIES: "app" } });
    await session.becomes("healthy");
    expect((await session.exec("git -C /workspace/app branch --show-current; cat /workspace/app/file")).out).toBe("session/one\ncontent");
    expect(
      (await session.exec("cd /workspace/app && echo more >> file && git commit -qam more && git log -1 --format='%an %ae'")).out,
    ).toBe("agent one agent-one@localhost");
    // A start that was killed in the middle of the clone.
    await session.exec("mv /workspace/app /workspace/.clone-app");
    await session.container.restart({ t: 5 });
    await session.becomes("healthy");
    expect((await session.exec("git -C /workspace/app log --format=%s; ls -A /workspace")).out.split("\n")).toEqual([
      "first",
      ".tmp",
      "app",
    ]);
  });

  test("takes an empty repository, waits for one that is being filled, and says which one is missing", async ({ start }) => {
    const empty = sharedFolder();
    const filling = sharedFolder();
    const hidden = `${filling}.git`;
    try {
      execFileSync("git", ["init", "--quiet", empty]);
      execFileSync("git", ["clone", "--quiet", repository, filling]);
      renameSync(join(filling, ".git"), hidden);
      // A name that says it of itself says nothing.
      writeFileSync(join(filling, ".agent-sessions-ready"), "");
      const session = await start({
        binds: [`${empty}:/repos/empty:ro`, `${filling}:/repos/filling:ro`],
        environment: { SESSION_REPOSITORIES: "empty filling" },
      });
      await until(
        async () => (await session.exec("ls /workspace/empty")).code === 0,
        60,
        () => session.logs(),
      );
      expect((await session.exec("git -C /workspace/empty branch --show-current")).out).toBe("session/one");
      expect((await session.health()).status).toBe("starting");
      writeFileSync(join(filling, ".agent-sessions-filling"), "");
      renameSync(hidden, join(filling, ".git"));
      await session.becomes("healthy");
    } finally {
      rmSync(empty, { recursive: true, force: true });
      rmSync(filling, { recursive: true, force: true });
      rmSync(hidden, { recursive: true, force: true });
    }
    const missing = await start({ environment: { SESSION_REPOSITORIES: "nowhere", SESSION_REPOSITORY_WAIT: "1" } });
    await missing.becomes("failed");
    expect((await missing.health()).reason).toBe("/repos/nowhere is no git repository that uid 1000 can read");
  });

  test("is complete when the agent leaves with 0, also after a restart", async ({ start }) => {
    const session = await start({ environment: { AGENT_COMMAND: "echo ran >> /session/times\n" } });
    await session.becomes("complete");
    expect(await session.health()).toMatchObject({ reason: "agent-exit" });
    await session.container.restart({ t: 5 });
    await session.becomes("complete");
    expect((await session.exec("cat /session/times")).out).toBe("ran");
  });

  test("never misses the end of a shell", async ({ start }) => {
    // tmux itself misses about every second one; see session-agent.
    const sessions = await Promise.all([0, 1, 2, 3].map(() => start()));
    for (const session of sessions) {
      await session.becomes("healthy");
      await session.exec("tmux send-keys -t claude exit Enter");
      await session.becomes("complete");
    }
  });

  test("ends with the code of an agent that fails, and with its last words in the log", async ({ start }) => {
    const session = await start({ environment: { AGENT_COMMAND: "echo last words; exit 3" } });
    expect(await session.ends()).toBe(3);
    expect(await session.logs()).toMatch(/^last words$/m);
  });

  test("starts an agent that fails again only so often, and then stays failed, until it is told to run again or to do something else", async ({
    start,
  }) => {
    const environment = {
      AGENT_COMMAND: "echo ran >> /session/times; test -e /session/mended || exit 3",
      SESSION_RETRIES: "1",
      SESSION_RETRY_PAUSE: "1",
    };
    const session = await start({ restart: "always", environment });
    const times = async () => (await session.exec("wc -l < /session/times")).out;
    await session.becomes("failed");
    expect(await session.health()).toMatchObject({ reason: "exit 3, 2 starts", exitCode: 3, starts: 2 });
    expect(await session.logs()).toContain("session: the agent failed (1 of 2 starts); it starts again in 1 s.");
    // As after a restart of the engine.
    await session.container.restart({ t: 5 });
    await session.becomes("failed");
    expect(await times()).toBe("2");
    await session.exec("touch /session/mended; session-again");
    await session.container.restart({ t: 5 });
    await session.becomes("complete");
    expect(await times()).toBe("3");
    await session.container.stop({ t: 5 });
    const other = await start({ after: session, environment: { ...environment, AGENT_COMMAND: "echo other >> /session/times" } });
    await other.becomes("complete");
    expect((await other.exec("tail -n 1 /session/times")).out).toBe("other");
  });

  test("does not try a task again whose key is refused, nor when the container is started again", async ({ start }) => {
    const folder = sharedFolder();
    const refusal = JSON.stringify({ type: "system", subtype: "api_retry", error_status: 401, error: "authentication_failed" });
    writeFileSync(join(folder, "claude"), `#!/bin/sh\necho ran >> /session/times\necho '${refusal}'\nexit 1\n`, { mode: 0o755 });
    try {
      const session = await start({
        restart: "always",
        binds: [`${join(folder, "claude")}:/usr/local/bin/claude:ro`],
        environment: { AGENT_TASK: "Mend it.\n", SESSION_RETRIES: "3", SESSION_RETRY_PAUSE: "1" },
      });
      await until(
        async () => (await session.health()).exitCode !== undefined,
        60,
        () => session.logs(),
      );
      await session.becomes("key refused");
      expect(await session.health()).toMatchObject({ reason: "401", exitCode: 1, starts: 1 });
      await session.container.restart({ t: 5 });
      await session.becomes("key refused");
      expect((await session.exec("cat /session/times")).out).toBe("ran");
      expect(await session.logs()).toContain("! the API answered 401 (authentication_failed); asked again");
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  test("does not count what was stopped as a failure, and counts what was killed as one", async ({ start }) => {
    const session = await start({ restart: "always", environment: { AGENT_COMMAND: "exec sleep 600", SESSION_RETRIES: "0" } });
    await session.becomes("healthy");
    await session.container.restart({ t: 20 });
    await session.becomes("healthy");
    await session.container.kill({ signal: "KILL" });
    await session.container.start();
    await session.becomes("failed");
    expect((await session.health()).reason).toBe("exit 137, 1 start");
  });

  test("is not called healthy between the failures of an agent that is always started again", async ({ start }) => {
    const session = await start({ restart: "always", environment: { AGENT_COMMAND: "sleep 1; exit 3" } });
    await until(
      async () => (await session.state()).restarts >= 2,
      60,
      async () => "two restarts",
    );
    const seen = new Set<string>();
    await until(
      async () => {
        seen.add((await session.health()).status);
        return (await session.state()).restarts >= 4;
      },
      60,
      async () => "more restarts",
    );
    expect([...seen]).not.toContain("healthy");
    expect([...seen]).toContain("unhealthy");
  });

  test("an agent that ends before anybody waits for it is not missed", async ({ start }) => {
    // Of one session, seldom; of so many that start beside each other, some.
    const sessions = await Promise.all(Array.from({ length: 16 }, () => start({ environment: { AGENT_COMMAND: "exit 3" } })));
    expect(new Set(await Promise.all(sessions.map((session) => session.ends(30))))).toEqual(new Set([3]));
  });

  test("passes TERM on to the agent and ends at once", async ({ start }) => {
    const session = await start({
      environment: { AGENT_COMMAND: "trap 'echo got TERM; touch /session/term; exit 0' TERM; while :; do sleep 0.1; done" },
    });
    await session.becomes("healthy");
    const before = Date.now();
    await session.container.stop({ t: 20 });
    expect(Date.now() - before).toBeLessThan(10_000);
    expect((await session.state()).exitCode).toBe(143);
    expect(await session.logs()).toMatch(/^got TERM$/m);
  });

  test.for([
    ["a stopped agent", "pkill -STOP sleep", "the agent's process is stopped"],
    ["a stopped tmux", "pkill -STOP -x 'tmux: server'", "tmux does not answer"],
  ] as const)("%s brings the session back at its last allowed failure, data intact", async ([, hang, sentence], { start }) => {
    const session = await start({ restart: "always", environment: { AGENT_COMMAND: "exec sleep 600", SESSION_HEALTH_RETRIES: "2" } });
    await session.becomes("healthy");
    await session.exec("echo kept > /session/data");
    await session.exec(hang);
    const first = await session.exec("session-health");
    expect(first.code).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({ status: "unhealthy", reason: sentence });
    expect((await session.state()).restarts).toBe(0);
    await session.exec("session-health");
    await until(
      async () => (await session.state()).restarts === 1,
      60,
      async () => "restarted",
    );
    await session.becomes("healthy");
    expect((await session.exec("cat /session/data")).out).toBe("kept");
  });

  test("survives a full scratch folder, and health still ends a session that hangs in one", async ({ start }) => {
    const session = await start({ restart: "always", environment: { AGENT_COMMAND: "exec sleep 600", SESSION_HEALTH_RETRIES: "2" } });
    await session.becomes("healthy");
    await session.exec("dd if=/dev/zero of=/tmp/agent/full bs=64k");
    expect((await session.exec("session-health")).code).toBe(0);
    await session.exec("pkill -STOP sleep; session-health; session-health");
    await until(
      async () => (await session.state()).restarts === 1,
      60,
      async () => "restarted",
    );
    await session.becomes("healthy");
  });

  test("ends when nothing has happened for the idle time, with everything that it runs", async ({ start }) => {
    const session = await start({
      environment: {
        SESSION_IDLE_TIMEOUT: "2",
        AGENT_COMMAND: "setsid sleep 777 & for i in 1 2 3; do echo $i; sleep 1; done; exec sleep 600",
      },
    });
    await session.becomes("complete");
    expect(JSON.parse((await session.exec("cat /session/complete")).out)).toMatchObject({ reason: "idle" });
    expect(await session.logs()).toMatch(/^3$/m);
    expect((await session.exec("pgrep -f 'sleep (777|600)'")).code).toBe(1);
  });

  test("counts its lifetime from the first start, not from the last", async ({ start }) => {
    const session = await start({ environment: { SESSION_MAX_LIFETIME: "15", AGENT_COMMAND: "exec sleep 600" } });
    await session.becomes("healthy");
    const first = (await session.exec("cat /session/started")).out;
    await session.container.restart({ t: 5 });
    await session.becomes("healthy");
    expect((await session.exec("cat /session/started")).out).toBe(first);
    await session.becomes("complete");
    expect(JSON.parse((await session.exec("cat /session/complete")).out)).toMatchObject({ reason: "lifetime" });
  });

  test("answers /health over HTTP with the same words", async ({ start }) => {
    const session = await start({ environment: { SESSION_HEALTH_PORT: "8080", AGENT_COMMAND: "exec sleep 600" } });
    const ask = () => session.exec("curl -s -w ' %{http_code}' http://127.0.0.1:8080/health");
    await session.becomes("healthy");
    await until(
      async () => (await ask()).out.endsWith("200"),
      60,
      async () => (await ask()).out,
    );
    expect((await ask()).out).toMatch(/^\{"status":"healthy","timestamp":"[^"]+Z"\}\n 200$/);
    await session.exec("pkill -STOP sleep");
    expect((await ask()).out).toMatch(/^\{"status":"unhealthy","reason":"the agent's process is stopped".* 503$/s);
    expect((await session.exec("curl -s -o /dev/null -w '%{http_code}' http://127.0.0.1:8080/other")).out).toBe("404");
  });

  test("is unhealthy when its proxy does not answer", async ({ start }) => {
    const session = await start({ environment: { SESSION_PROXY_HEALTH_URL: "http://127.0.0.1:9/", AGENT_COMMAND: "exec sleep 600" } });
    await session.becomes("unhealthy");
    await until(
      async () => (await session.health()).reason === "the egress proxy does not answer",
      60,
      async () => JSON.stringify(await session.health()),
    );
  });
});
