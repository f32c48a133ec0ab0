import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { makeRepository } from "../support/repository.ts";
import { parse } from "../../stacks/settings.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { verify } from "../../stacks/verify/run.ts";
import { surroundingsOf } from "../../stacks/verify/surroundings.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** Takes what the kernel gives one uid of a thing, until it gives no more; says how much, and holds it until its input ends. */
const taking = `
import ctypes, os, resource, signal, sys
libc = ctypes.CDLL(None, use_errno=True)
thing, most = sys.argv[1], int(sys.argv[2])
# Enough to tell, and not so many that ending them takes long.
hard = resource.getrlimit(resource.RLIMIT_SIGPENDING)[1]
resource.setrlimit(resource.RLIMIT_SIGPENDING, (min(4096, hard), hard))
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGRTMIN])
event = ctypes.create_string_buffer(64)
ctypes.memmove(ctypes.byref(event, 8), (ctypes.c_int * 2)(signal.SIGRTMIN, 0), 8)
timer = ctypes.c_void_p()
take = {
  "inotify instances": lambda: libc.inotify_init1(0) >= 0,
  "pending signals": lambda: libc.sigqueue(os.getpid(), signal.SIGRTMIN, ctypes.c_void_p(0)) == 0,
  "timers": lambda: libc.timer_create(1, event, ctypes.byref(timer)) == 0,
}[thing]
taken = 0
while taken < most and take():
  taken += 1
print(taken, flush=True)
sys.stdin.read()
`;

describe.skipIf(docker === undefined)("sessions with a uid of their own", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "uids");
  const limits = { memory: "256 MB", cpu: 1, processes: 64, openFiles: 1024, tmp: "16 MB" };
  const source = join(rig.root, "source");
  const own = { uid: "own", limits };
  const sessions = [
    {
      id: "u-one",
      ...own,
      repositories: [{ name: "app", url: `file://${source}` }],
      credentials: { kind: "proxy", secret: { file: join(rig.root, "key") }, upstream: "https://agent-sessions.invalid/v1" },
    },
    {
      id: "u-two",
      ...own,
      workspace: { kind: "tmpfs", size: "64 MB" },
      credentials: { kind: "file", secret: { file: join(rig.root, "key") } },
    },
    { id: "u-init", ...own, credentials: { kind: "init", command: "echo a-key-that-was-fetched-1" } },
    { id: "u-shared", limits },
    { id: "u-also-shared", limits },
  ];

  beforeAll(async () => {
    makeRepository(source, { readme: "hello\n" });
    writeFileSync(join(rig.root, "key"), "a-key-of-the-session-22");
    const { health } = await rig.up(sessions);
    expect(health.map(({ state, why }) => [state, why])).toEqual(sessions.map(() => ["healthy", undefined]));
  }, 5 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  /** Others of this machine that have the shared uid take and give back a few, too. */
  const some = 16;

  /** Takes a thing in one session, then asks for some of it in another. @returns what each got */
  async function takeAllThenSome(thing: string, taker: string, other: string): Promise<[number, number]> {
    const command = (most: number) => ["python3", "-c", taking, thing, String(most)];
    const run = async (session: string, most: number) => {
      const exec = await rig.docker
        .getContainer(`claude-agent-${session}`)
        .exec({ Cmd: command(most), AttachStdin: true, AttachStdout: true, AttachStderr: true });
      const stream = await exec.start({ hijack: true, stdin: true });
      const text = await new Promise<string>((resolve) => stream.once("data", (chunk: Buffer) => resolve(chunk.subarray(8).toString())));
      return {
        taken: Number(text),
        release: async () => {
          stream.end();
          // Only when the process is gone has the kernel everything back.
          await until(async () => !(await exec.inspect()).Running, 30, "the end of the taker");
        },
      };
    };
    const all = await run(taker, 1_000_000);
    const few = await run(other, some);
    await few.release();
    await all.release();
    return [all.taken, few.taken];
  }

  test.each(["inotify instances", "pending signals", "timers"])(
    "one takes all %s that it can have, and another has its own",
    async (thing) => {
      const [all, few] = await takeAllThenSome(thing, "u-one", "u-two");
      expect(all).toBeGreaterThan(4 * some);
      expect(few).toBe(some);
      // Signals and timers are held to a figure, by which no session takes the kernel's memory.
      if (thing !== "inotify instances") expect(all).toBeLessThanOrEqual(64 * 32);
    },
  );

  test.each(["inotify instances", "pending signals", "timers"])("of those that share a uid, one takes the other's %s", async (thing) => {
    const [all, few] = await takeAllThenSome(thing, "u-shared", "u-also-shared");
    expect(all).toBeGreaterThan(4 * some);
    expect(few).toBeLessThan(some);
  });

  test("work as any other: a name, a clone, commits, its credentials", async () => {
    const answers = await rig.shell(
      "u-one",
      `whoami; id -gn; node -p 'os.userInfo().homedir'; cat /workspace/app/readme; cat /repos/app/readme
      cd /workspace/app && echo more >> readme && git commit -qam more && git log -1 --format=%an
      curl -s -o /dev/null -w '%{http_code}\\n' "$ANTHROPIC_BASE_URL/v1/messages"
      python3 -c 'import getpass; print(getpass.getuser())'; touch "$TMPDIR/x" /session/x /logs/x && tmux list-sessions -F '#S'`,
    );
    const name = `agent${(await rig.runtime.uids()).get("u-one")}`;
    expect(answers.output.split("\n")).toEqual([name, "agent", "/session/home", "hello", "hello", "agent u-one", "502", name, "claude"]);
    expect((await rig.shell("u-two", "cat /auth/token; stat -c '%U %a' /workspace /tmp/agent")).output.split("\n")).toEqual([
      "a-key-of-the-session-22",
      expect.stringMatching(/^agent1\d{4} 770$/),
      expect.stringMatching(/^agent1\d{4} 700$/),
    ]);
    expect((await rig.shell("u-init", "cat /auth/token")).output).toBe("a-key-that-was-fetched-1");
  });

  test("hold all promises, and verify names one whose uid another has too", async () => {
    const settings = parse({ sessions }, { root: rig.root });
    const { surroundings, close } = await surroundingsOf(rig.runtime, settings);
    try {
      const tried = checks.filter(
        (check) => check.id === "own-uid" || settings.sessions.every((session) => check.quick(promisedTo(session))),
      );
      const targets = settings.sessions.slice(0, 3).map((session) => targetOf(rig.runtime, promisedTo(session)));
      const open = async (uids: ReadonlyMap<string, number>) =>
        (await verify(targets, { checks: tried, surroundings: { ...surroundings, uids } })).flatMap(({ session, results }) =>
          results.flatMap(({ id, verdict, found }) => (verdict === "held" ? [] : [`${session} ${id} ${verdict}: ${found}`])),
        );
      expect((await open(surroundings.uids)).filter((line) => !line.includes(" not tried: "))).toEqual([]);
      const [one, two] = [surroundings.uids.get("u-one") ?? 0, surroundings.uids.get("u-two") ?? 0];
      expect(await open(new Map([...surroundings.uids, ["u-two", one]]))).toContain("u-one own-uid not held: session u-two has it too");
      expect(one === two).toBe(false);
    } finally {
      close();
    }
  });

  test("a session with data of one uid is not given another", async () => {
    const changed = sessions.map((session) => (session.id === "u-shared" ? { ...session, uid: "own" } : session));
    const engine = rig.engine(changed);
    const { refusals } = await engine.plan(await engine.live());
    expect(refusals).toEqual([
      expect.stringMatching(
        /^session u-shared has data of uid 1000 and would run as uid 1\d{4}; write "uid: shared" for it, or remove its data with "docker rm -f claude-agent-u-shared" and "docker volume rm claude-agent-u-shared-session claude-agent-u-shared-workspace"$/,
      ),
    ]);
  });
});
