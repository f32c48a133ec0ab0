import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { Checkout } from "./checkout.ts";
import { missing } from "../support/missing.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)(
  "the commands on live sessions",
  () => {
    const checkout = new Checkout();
    const rig = new Rig(docker as NonNullable<typeof docker>, "cli", checkout.root);
    const code = join(rig.root, "code");
    const upstream = join(rig.root, "upstream");
    const limits = { memory: "256 MB", cpu: 0.5, processes: 64 };
    const described = [
      {
        id: "c-work",
        limits,
        repositories: [
          { name: "code", path: code },
          { name: "lib", url: `file://${upstream}` },
        ],
      },
      { id: "c-open", limits, network: { egress: "open" } },
    ];

    const sessions = (...args: string[]) => checkout.run([...args, "--stack", "cli"]);
    const exec = (id: string, command: string[], input?: string) => checkout.run(["exec", "--stack", "cli", id, "--", ...command], input);
    const git = (folder: string, ...args: string[]) =>
      execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();
    const inSession = async (line: string) => {
      const { code: status, output } = await rig.shell("c-work", line);
      expect([status, output]).toEqual([0, expect.any(String)]);
      return output;
    };

    /** What the agent did: in each repository one commit, and one file that is not committed. */
    const work = () =>
      inSession(
        "for name in code lib; do cd /workspace/$name; [[ -e loose ]] && continue; echo committed > kept; git add kept; git commit -qm kept; echo new > loose; done",
      );

    beforeAll(async () => {
      for (const folder of [code, upstream]) {
        mkdirSync(folder);
        git(folder, "init", "-q", "-b", "main");
        for (const text of ["first\n", "second\n"]) {
          writeFileSync(join(folder, "file"), text);
          git(folder, "add", ".");
          git(folder, "commit", "-qm", text.trim());
        }
      }
      const { health } = await rig.up(described);
      expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
      checkout.write("cli", described);
    }, 10 * minute);
    afterAll(async () => {
      await rig.dispose();
      checkout.dispose();
    }, 2 * minute);

    test("list says how each session is cut off, told from the engine", async () => {
      const { code: status, stdout } = await sessions("list", "--json");
      expect(status).toBe(0);
      const rows = JSON.parse(stdout) as Record<string, unknown>[];
      expect(rows.map(({ session, isolation, state, memory, processes }) => [session, isolation, state, memory, processes])).toEqual([
        ["c-open", "isolated", "healthy", 256 * 1024 ** 2, 64],
        ["c-work", "sealed", "healthy", 256 * 1024 ** 2, 64],
      ]);
      expect((await sessions("list")).stdout).toMatch(/session .* isolation .*c-open .* isolated .*c-work .* sealed /s);
    });

    test("exec keeps the exit code, both outputs and what is sent", async () => {
      expect(await exec("c-work", ["bash", "-c", "cat; echo err >&2; exit 7"], "sent\n")).toEqual({
        code: 7,
        stdout: "sent\n",
        stderr: "err\n",
      });
      expect(await exec("c-work", ["cat"])).toEqual({ code: 0, stdout: "", stderr: "" });
      const size = 3_000_000;
      const { stdout } = await exec("c-work", ["wc", "-c"], "x".repeat(size));
      expect(stdout.trim()).toBe(String(size));
      expect((await exec("c-work", ["head", "-c", String(size), "/dev/zero"])).stdout.length).toBe(size);
    });

    test("exec begins where the agent works, and says what is not there in one sentence", async () => {
      const pwd = async (...options: string[]) => (await checkout.run(["exec", "--stack", "cli", ...options, "--", "pwd"])).stdout;
      // It has two repositories, and the other none.
      expect([await pwd("c-work"), await pwd("c-open"), await pwd("c-work", "--workdir", "/tmp")]).toEqual([
        "/workspace\n",
        "/workspace\n",
        "/tmp\n",
      ]);
      expect(await exec("c-work", ["nosuch", "-x"])).toEqual({
        code: 127,
        stdout: "",
        stderr: 'sessions: there is no command "nosuch" in the session\n',
      });
      expect(await checkout.run(["exec", "--stack", "cli", "c-work", "--workdir", "/nosuch", "--", "pwd"])).toEqual({
        code: 126,
        stdout: "",
        stderr: 'sessions: there is no folder "/nosuch" in the session\n',
      });
      expect(await sessions("exec", "c-work", "ls", "-la")).toMatchObject({
        code: 2,
        stderr: expect.stringMatching(/unknown option '-la'\n[\s\S]*stand after --, as in: .*sessions exec demo -- ls -la\n$/),
      });
    });

    test("exec gives a terminal only when asked to", async () => {
      expect((await exec("c-work", ["tty"])).stdout).toBe("not a tty\n");
      expect((await checkout.run(["exec", "-t", "--stack", "cli", "c-work", "--", "tty"])).stdout).toMatch(/^\/dev\/pts\/\d+/);
      const shell = await checkout.runOnTerminal(["exec", "-it", "--stack", "cli", "c-work", "--", "bash"], /\$ /, "tty; exit 5\r");
      expect([shell.code, shell.stdout]).toEqual([5, expect.stringMatching(/\/dev\/pts\/\d+/)]);
      expect(await checkout.run(["exec", "-it", "--stack", "cli", "c-work", "--", "bash"], "")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("leave -t out"),
      });
    });

    test("an unknown session is named together with those that are there", async () => {
      expect(await exec("nope", ["true"])).toEqual({
        code: 1,
        stdout: "",
        stderr: 'sessions: there is no session "nope" in stack cli; there is: c-open, c-work\n',
      });
      expect((await exec("c-wrk", ["true"])).stderr).toBe(
        'sessions: there is no session "c-wrk" in stack cli; did you mean c-work? There is: c-open, c-work\n',
      );
    });

    test("a session of another stack or checkout is named with it, and left alone", async () => {
      const other = new Checkout();
      for (const stack of ["cli", "else"]) other.write(stack, [{ id: "x" }]);
      try {
        expect((await other.run(["list", "--stack", "cli"])).stdout).toBe(
          'No session is there; "npx sessions up --stack cli" starts them.\n',
        );
        const [checkedOut, stacked] = await Promise.all(["cli", "else"].map((stack) => other.run(["stop", "c-open", "--stack", stack])));
        expect(checkedOut).toMatchObject({
          code: 1,
          stderr: 'sessions: session "c-open" belongs to the stack cli of another checkout; run the command there\n',
        });
        expect(stacked).toMatchObject({
          code: 1,
          stderr: 'sessions: session "c-open" belongs to stack agent-sessions/cli; name it with --stack cli\n',
        });
        expect((await rig.docker.getContainer("claude-agent-c-open").inspect()).State.Running).toBe(true);
      } finally {
        other.dispose();
      }
    });

    test("attach enters the agent's terminal at its size, whatever the terminal is called, and leaves it running", async () => {
      // The shell at work there answers; then the keys that detach.
      const inside = "tmux display -p 'size=#{client_width}x#{client_height}.'; tmux detach\r";
      const { code: status, stdout } = await checkout.runOnTerminal(["attach", "c-work", "--stack", "cli"], /\$ /, inside);
      expect([status, stdout]).toEqual([0, expect.stringContaining("[detached (from session claude)]")]);
      await until(
        async () => (await inSession("tmux capture-pane -p -t claude")).includes("size=111x33."),
        60,
        "the terminal's size in the session",
      );
    });

    test("attach without a terminal says so", async () => {
      expect(await sessions("attach", "c-work")).toEqual({
        code: 1,
        stdout: "",
        stderr: expect.stringContaining("attach needs a terminal"),
      });
    });

    test("logs shows what the terminal showed, from a time and a line on", async () => {
      expect((await sessions("logs", "c-open")).stdout).toContain("session: the agent runs");
      expect((await sessions("logs", "c-open", "--tail", "1")).stdout.trim().split("\n")).toHaveLength(1);
      expect((await sessions("logs", "c-open", "--since", "2999-01-01T00:00:00Z")).stdout).toBe("");
      expect((await sessions("logs", "c-open", "--since", "1h")).stdout).toContain("session: the agent runs");
      expect((await sessions("logs", "c-open", "--tail", "x")).code).toBe(2);
      expect((await sessions("logs", "c-open", "--since", "x")).code).toBe(2);
    });

    test("diff shows what was committed and what was not, and nothing that was there before", async () => {
      for (const name of ["code", "lib"])
        expect(await sessions("diff", "c-work", "--repository", name)).toEqual({ code: 0, stdout: "", stderr: `${name}: no changes\n` });
      await work();
      for (const name of ["code", "lib"]) {
        const { stdout } = await sessions("diff", "c-work", "--repository", name);
        expect(stdout.match(/^\+\+\+ .*/gm)).toEqual(["+++ b/kept", "+++ b/loose"]);
        expect(await inSession(`git -C /workspace/${name} status --porcelain`)).toBe("?? loose");
      }
      expect((await sessions("diff", "c-work", "--repository", "lib", "--stat")).stdout).toContain("2 files changed");
    });

    test("pull brings the commits out, checks nothing out, and has nothing to bring the second time", async () => {
      await work();
      const pull = () => sessions("pull", "c-work", "--repository", "code", "--json");
      const first = await pull();
      expect([first.code, first.stderr]).toEqual([0, ""]);
      expect(JSON.parse(first.stdout)).toEqual([
        {
          repository: "code",
          into: code,
          branch: "session/c-work",
          count: 1,
          commits: [{ id: expect.any(String), subject: "kept" }],
          head: expect.any(String),
          left: { files: 1, names: ["loose"] },
        },
      ]);
      expect(git(code, "rev-parse", "session/c-work")).toBe(await inSession("git -C /workspace/code rev-parse HEAD"));
      expect([git(code, "branch", "--show-current"), git(code, "status", "--porcelain"), readFileSync(join(code, "file"), "utf8")]).toEqual(
        ["main", "", "second\n"],
      );
      expect(JSON.parse((await pull()).stdout)).toMatchObject([{ commits: [] }]);
    });

    test("pull into an empty repository counts what came, and takes one repository at a time", async () => {
      await work();
      const into = join(rig.root, "empty");
      git(rig.root, "init", "-q", into);
      expect((await sessions("pull", "c-work", "--repository", "lib", "--into", into)).stdout).toMatch(
        /^lib: 3 new on session\/c-work .*\n {2}\w+ kept\n/,
      );
      expect((await sessions("pull", "c-work", "--into", into)).stderr).toContain("name one with --repository");
    });

    test("pull replaces commits of the user's only with --force", async () => {
      const own = git(code, "commit-tree", "-p", "main", "-m", "own", "main^{tree}");
      git(code, "branch", "-f", "session/c-work", own);
      expect(await sessions("pull", "c-work", "--repository", "code")).toMatchObject({
        code: 1,
        stderr: expect.stringContaining("--force replaces them"),
      });
      expect(git(code, "rev-parse", "session/c-work")).toBe(own);
      expect((await sessions("pull", "c-work", "--repository", "code", "--force")).code).toBe(0);
      expect(git(code, "rev-parse", "session/c-work")).not.toBe(own);
    });

    test("pull runs no hook, and takes no tree that would write into .git", async () => {
      const mark = join(rig.root, "hook-ran");
      for (const hook of ["reference-transaction", "post-checkout", "post-merge"])
        writeFileSync(join(code, ".git/hooks", hook), `#!/bin/sh\ntouch '${mark}'\n`, { mode: 0o755 });
      const before = git(code, "rev-parse", "session/c-work");
      await inSession("cd /workspace/code && echo more > more && git add more && git commit -qm more");
      expect((await sessions("pull", "c-work", "--repository", "code")).code).toBe(0);
      const good = git(code, "rev-parse", "session/c-work");
      expect(good).not.toBe(before);
      expect(() => readFileSync(mark)).toThrow("ENOENT");

      const raw =
        "{ printf '100644 .git\\0'; git rev-parse HEAD:more | xxd -r -p 2>/dev/null || git rev-parse HEAD:more | sed 's/../\\\\x&/g' | xargs -0 printf '%b' | head -c 20; }";
      await inSession(
        `cd /workspace/code && tree=$(${raw} | git hash-object -t tree --literally -w --stdin) && git update-ref refs/heads/session/c-work $(git commit-tree -p HEAD -m evil $tree)`,
      );
      const { code: status, stderr } = await sessions("pull", "c-work", "--repository", "code");
      expect([status, stderr]).toEqual([1, expect.stringContaining("contains '.git'")]);
      expect(git(code, "rev-parse", "session/c-work")).toBe(good);
      await inSession(`git -C /workspace/code update-ref refs/heads/session/c-work ${good}`);
    });

    test("pull takes no more than the size that is given, and leaves nothing behind", async () => {
      await work();
      await inSession("cd /workspace/lib && head -c 3M /dev/urandom > big && git add big && git commit -qm big");
      const into = join(rig.root, "large");
      git(rig.root, "init", "-q", into);
      const pull = (most: string) => sessions("pull", "c-work", "--repository", "lib", "--into", into, "--max-size", most);
      expect(await pull("1 MB")).toEqual({
        code: 1,
        stdout: "",
        stderr:
          "sessions: the session sends more than 1 MB, which is the most that is taken; look at what it committed, and allow more with --max-size SIZE\n",
      });
      expect(readdirSync(tmpdir()).filter((name) => name.startsWith("agent-sessions-pull-"))).toEqual([]);
      await until(async () => (await rig.shell("c-work", "pgrep -f 'bundle create'")).code === 1, 30, "the end of what the session sent");
      expect(git(into, "branch", "--list")).toBe("");
      expect((await pull("a lot")).stderr).toContain('Write a size such as "500 MB" or "2 GB".');
      expect((await pull("8 MB")).code).toBe(0);
    });

    test("pull writes nowhere where a session may write", async (context) => {
      const { Mountpoint } = await rig.docker.getVolume("claude-agent-c-work-workspace").inspect();
      const into = join(Mountpoint, "code");
      if (!existsSync(into)) context.skip(missing(`${into} of the engine cannot be seen from here`));
      expect(await sessions("pull", "c-work", "--repository", "code", "--into", into)).toMatchObject({
        code: 1,
        stderr: expect.stringMatching(/lies where session "c-work" may write|dubious ownership/),
      });
    });

    // Clipboard, title, colour, a mode, a report.
    const hostile = "\\033]52;c;eA==\\007\\033]0;title\\033\\134\\033[31mred\\033[?1000h\\033[6n";

    test.each([
      ["a command with a terminal", ["-t"], ""],
      ["a command without one", [], ""],
      ["what a command says of itself", [], ">&2"],
    ])("exec: %s draws on the user's terminal and reaches nothing else of it", async (_, options, where) => {
      const line = `printf "${hostile}" ${where}; echo ready; read -t 2`;
      const { stdout } = await checkout.runOnTerminal(
        ["exec", ...options, "--stack", "cli", "c-work", "--", "bash", "-c", line],
        /ready/,
        "",
      );
      expect(stdout).toContain("\x1b[31mred\x1b[?1000h");
      expect(stdout).not.toMatch(/\x1b\]|52;c|title|\x1b\[6n/);
      expect(stdout.endsWith("\x1b[?1000l\x1b[m")).toBe(true);
    });

    test("exec into a pipe changes no byte, with a terminal for the command or without", async () => {
      const expected = "\x1b]52;c;eA==\x07\x1b]0;title\x1b\\\x1b[31mred\x1b[?1000h\x1b[6n";
      for (const options of [[], ["-t"]]) {
        const { stdout } = await checkout.run(["exec", ...options, "--stack", "cli", "c-work", "--", "bash", "-c", `printf "${hostile}"`]);
        expect(stdout).toBe(expected);
      }
    });

    test("attach: whatever is written to its terminal, by tmux or past it, reaches the screen alone, which is put back", async () => {
      const past = `printf "${hostile}" > $(tmux display -p "#{client_tty}")`;
      const through = `printf "\\033Ptmux;\\033\\033]52;c;eA==\\007\\033\\134"; tmux set-buffer -w x`;
      const { stdout } = await checkout.runOnTerminal(["attach", "c-work", "--stack", "cli"], /\$ /, `${past}; ${through}; tmux detach\r`);
      expect(stdout).toContain("\x1b[31mred\x1b[?1000h");
      expect(stdout).toContain("\x1b[?1049h");
      expect(stdout).not.toMatch(/\x1b\][05]|\x1bP|\x1b\[6n|\x1b\[>?c/);
      expect(stdout.lastIndexOf("\x1b[?1000l")).toBeGreaterThan(stdout.lastIndexOf("\x1b[?1000h"));
      expect(stdout.lastIndexOf("\x1b[?1049l")).toBeGreaterThan(stdout.lastIndexOf("\x1b[?1049h"));
      expect(await inSession("for name in set-clipboard allow-passthrough set-titles; do tmux show-options -gv $name; done")).toBe(
        "off\noff\noff",
      );
    });

    test("logs and diff are free of control characters in a pipe too, unless asked for as they are", async () => {
      await inSession(`printf "${hostile}\\n" > /proc/1/fd/1; cd /workspace/code && printf 'a\\r\\nb\\033]0;title\\007\\n' > hostile`);
      const printed = "]52;c;eA==]0;title\\[31mred";
      const logs = await until(
        async () => {
          const shown = await sessions("logs", "c-work", "--tail", "5");
          return shown.stdout.includes(printed) && shown;
        },
        30,
        "the log of what was printed",
      );
      expect(logs.stdout).not.toMatch(/[\x00-\x08\x0b-\x1f\x7f-\x9f]/);
      expect((await sessions("logs", "c-work", "--tail", "5", "--raw")).stdout).toContain("\x1b]52;c;eA==\x07");
      const diff = await sessions("diff", "c-work", "--repository", "code");
      expect(diff.stdout).toContain("+a\n+b]0;title\n");
      expect(diff.stderr).toBe("sessions: control characters in code were left out; --raw leaves them in, for git apply or an editor\n");
      expect(await sessions("diff", "c-work", "--repository", "code", "--raw")).toEqual({
        code: 0,
        stdout: expect.stringContaining("+a\r\n+b\x1b]0;title\x07\n"),
        stderr: "",
      });
    });

    test("diff is cut at the size that is given, and says so", async () => {
      await inSession("cd /workspace/code && seq 100000 > long");
      const { code: status, stdout, stderr } = await sessions("diff", "c-work", "--repository", "code", "--raw", "--max-size", "10 KB");
      expect([status, stdout.length]).toEqual([1, 10 * 1024]);
      expect(stderr).toBe(
        'sessions: what session "c-work" changed in code is cut here, at 10 KB; --stat gives an overview, and --max-size SIZE shows more\n',
      );
      expect((await sessions("diff", "c-work", "--repository", "code", "--stat")).stdout).toContain("100000");
    });

    test("an error quotes nothing that commands a terminal", async () => {
      expect((await sessions("logs", "x\u001b]0;title\u0007\u009b2J")).stderr).toMatch(/^sessions: there is no session "x\]0;title2J"/);
    });

    test("stop and start end and bring back one session; in between, commands say how to start it", async () => {
      expect((await sessions("stop", "c-open")).code).toBe(0);
      expect((await sessions("stop", "c-open")).code).toBe(0);
      expect(await exec("c-open", ["true"])).toEqual({
        code: 1,
        stdout: "",
        stderr: 'sessions: session "c-open" is not running but exited; "npx sessions start c-open --stack cli" starts it\n',
      });
      expect((await exec("c-work", ["true"])).code).toBe(0);
      expect((await sessions("start", "c-open")).code).toBe(0);
      expect((await exec("c-open", ["true"])).code).toBe(0);
    });

    test("diff and pull work on a stopped session, name what is not committed, and take it with --commit", async () => {
      expect((await sessions("diff", "c-work", "-r", "code", "--stat")).stdout).toContain("loose");
      expect((await sessions("stop", "c-work")).code).toBe(0);
      try {
        const users = () => rig.docker.listContainers({ all: true, filters: { volume: ["claude-agent-c-work-workspace"] } });
        expect((await sessions("diff", "c-work", "-r", "code", "--stat")).stdout).toContain("loose");
        const pull = async (...options: string[]) => (await sessions("pull", "c-work", "-r", "code", "--force", ...options)).stdout;
        expect(await pull()).toMatch(/^code: \d+ files? not committed \(.*loose.*\); .*sessions pull c-work --commit/m);
        expect(await pull("--commit")).toMatch(/^code: 1 new .*\n {2}\w+ Uncommitted work of session c-work$/m);
        expect(git(code, "show", "session/c-work:loose")).toBe("new");
        expect(await pull("--commit")).toMatch(/^code: nothing new on session\/c-work \(\w+\)\n$/);
        expect((await users()).map(({ Names }) => Names)).toEqual([["/claude-agent-c-work"]]);
      } finally {
        expect((await sessions("start", "c-work")).code).toBe(0);
      }
      await until(async () => (await exec("c-work", ["git", "-C", "/workspace/code", "status", "--porcelain"])).code === 0, 60, "a start");
      await inSession("cd /workspace/code && git reset -q --hard origin/main");
      expect(await sessions("diff", "c-work", "-r", "code")).toEqual({ code: 0, stdout: "", stderr: "code: no changes\n" });
    });

    test("doctor names the engine and judges every subject", async () => {
      const { stdout } = await sessions("doctor", "--json");
      const findings = JSON.parse(stdout) as { subject: string; verdict: string; means: string }[];
      expect(findings.map(({ subject }) => subject)).toEqual([
        "engine",
        "seccomp",
        "AppArmor",
        "user namespace",
        "crash of the engine",
        ...((await rig.runtime.isPodman()) ? ["health checks", "start of the machine"] : []),
        "process limit",
        "memory and cpu limits",
        "swap limit",
        "cgroups",
        "published ports",
        "log driver",
        "networks",
        "memory",
        "filter of sources",
        "inotify",
        "free disk",
        "largest volumes",
      ]);
      expect(findings.filter(({ verdict, means }) => !["ok", "note", "missing"].includes(verdict) || means === "")).toEqual([]);
    });
  },
  minute,
);
