import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse } from "../../stacks/settings.ts";
import { checks } from "../../stacks/verify/checks/index.ts";
import { startServer } from "../../stacks/verify/target.ts";
import { serverCommand } from "../../stacks/verify/probe.ts";
import { promisedTo } from "../../stacks/verify/promised.ts";
import { noSurroundings, type Target, verify } from "../../stacks/verify/run.ts";
import { liveEngine, Rig, until } from "./rig.ts";
import { Twins } from "./verify-rig.ts";

const docker = await liveEngine();
const minute = 60_000;

/** What `process_status` says of a session without any capability. */
const innocent = { Inh: "0", Prm: "0", Eff: "0", Bnd: "0", Amb: "0" };
const answer = Object.fromEntries(Object.entries(innocent).map(([set, value]) => [`Cap${set}`, value]));
const forged = JSON.stringify({
  id: "capabilities",
  answer: { first: answer, further: answer },
});

/**
 * Waits for each process that is started and writes to its standard output first; when it comes by the key, it signs what it
 * writes and ends the other before that has said anything.
 */
const forger = `
import hmac, os, signal, sys
forged = sys.argv[1]
own, known = os.getpid(), {entry for entry in os.listdir("/proc") if entry.isdigit()}
print("waiting", flush=True)
while True:
    for entry in os.listdir("/proc"):
        if not entry.isdigit() or entry in known:
            continue
        known.add(entry)
        for _ in range(20000):
            try:
                output = os.open("/proc/%s/fd/1" % entry, os.O_WRONLY)
                source = os.open("/proc/%s/fd/0" % entry, os.O_RDONLY)
            except PermissionError:
                continue
            except OSError:
                break
            os.write(output, (forged + "\\n").encode())
            if sys.argv[2] == "thief":
                os.kill(int(entry), signal.SIGSTOP)
                key = os.read(source, 64)
                os.write(output, (hmac.new(key, forged.encode(), "sha256").hexdigest() + " " + forged + "\\n").encode())
                os.kill(int(entry), signal.SIGKILL)
            break
`;

describe.skipIf(docker === undefined)("verify, of a session that forges answers", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "verify-forged");
  const twins = new Twins(rig.docker);
  const session = { id: "f-one", limits: { memory: "256 MB", cpu: 0.5, processes: 64, tmp: "16 MB" } };
  const settings = parse({ sessions: [session] }, { root: rig.root });
  const [early, thief] = ["early", "thief"].map((name) => `v-twin-${name}`) as [string, string];
  const list = checks.filter(({ id }) => ["capabilities", "user"].includes(id));
  const targets = new Map<string, Target>();
  const found = async (target: Target) =>
    (await verify([target], { checks: list, surroundings: noSurroundings }))[0]?.results.map(
      ({ id, verdict, found }) => `${id} ${verdict}: ${found}`,
    );
  /** Without what closes the probe from its first instruction on. */
  const opened = (target: Target): Target => ({
    ...target,
    execute: ([, ...command], seconds, input) => target.execute(command, seconds, input),
  });

  beforeAll(async () => {
    await rig.up([session]);
    const [promised] = settings.sessions.map(promisedTo);
    for (const how of ["early", "thief"]) {
      const target = await twins.start(promised!, how, { loosen: ({ HostConfig }) => (HostConfig.CapAdd = ["NET_RAW"]) });
      targets.set(target.promised.id, target);
      const exec = await rig.docker
        .getContainer(`claude-agent-${target.promised.id}`)
        .exec({ User: "1000:1000", Cmd: ["python3", "-c", forger, forged, how], AttachStdout: true });
      const stream = await exec.start({});
      await until(async () => String(stream.read() ?? "").includes("waiting"), 20, "the forger's start");
      stream.resume();
    }
  }, 5 * minute);
  afterAll(async () => {
    await twins.dispose();
    await rig.dispose();
  }, 2 * minute);

  test.each([early, thief])("%s comes by neither output nor key, and what is so is said", async (name) => {
    for (let run = 0; run < 8; run++)
      expect(await found(targets.get(name)!)).toEqual([
        expect.stringMatching(/^user held: /),
        expect.stringMatching(/^capabilities not held: CapBnd of .* NET_RAW/),
      ]);
  });

  test("what was written before the answers is seen where a probe is open to others", async () => {
    const target = opened(targets.get(early)!);
    await until(
      async () => {
        const results = await found(target);
        expect(results?.[1]).toMatch(/^capabilities not held: /);
        return results?.every((line) => / not held: the session forged answers: [1-9]\d* lines are not signed$/.test(line));
      },
      60,
      "a forged answer",
    );
  });

  test("a server in such a session is believed its own port alone", async () => {
    const container = rig.runtime.session(early);
    const server = await startServer(container, serverCommand("hello", 60));
    expect(server?.port).toBeGreaterThan(1023);
    expect(server?.ended()).toBe(false);
    server?.close();
    const say = (line: string) => startServer(container, ["/usr/local/lib/agent-sessions/closed-loader", "/bin/bash", "-c", line]);
    expect(await say("echo 80; read -r")).toBeUndefined();
  });

  test("a server that is ended there is known to be", async () => {
    const container = rig.runtime.session(early);
    const server = await startServer(container, serverCommand("hello", 60));
    await rig.shell(early, "pkill -KILL -f closed-loader");
    await until(async () => server?.ended(), 20, "the server's end");
  });
});
