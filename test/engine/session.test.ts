import { once } from "node:events";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { makeRepository } from "../support/repository.ts";
import { askHealth } from "../../stacks/runtime/docker/health.ts";
import { changes } from "../../stacks/recorder/plan.ts";
import { liveEngine, Rig, until } from "./rig.ts";

const docker = await liveEngine();
const minute = 60_000;

describe.skipIf(docker === undefined)("a live session", () => {
  const rig = new Rig(docker as NonNullable<typeof docker>, "isolation");
  const limits = { memory: "256 MB", cpu: 0.5, processes: 64, openFiles: 256, tmp: "16 MB" };
  const repository = join(rig.root, "code");
  const sessions = [
    { id: "t-first", limits, repositories: [{ name: "code", path: repository }] },
    { id: "t-sealed", limits: { ...limits, processes: 64 }, network: { mode: "bridge" } },
    { id: "t-open", limits, network: { egress: "open" } },
  ];

  beforeAll(async () => {
    makeRepository(repository, { readme: "hello\n" });
    const { health } = await rig.up(sessions);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy", "healthy"]);
  }, 10 * minute);
  afterAll(() => rig.dispose(), 2 * minute);

  test("runs as uid 1000 without any capability, without new privileges, under seccomp", async () => {
    const { output } = await rig.shell("t-first", "id -u; grep -E '^(Cap|NoNewPrivs|Seccomp:)' /proc/1/status | tr -s '\\t' ' '");
    expect(output.split("\n")).toEqual([
      "1000",
      ...["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"].map((set) => `${set}: 0000000000000000`),
      "NoNewPrivs: 1",
      "Seccomp: 2",
    ]);
  });

  test.each([
    ["the root file system", "touch /x", false],
    ["the system's folders", "touch /usr/bin/x", false],
    ["the repository", "touch /repos/code/x", false],
    ["the workspace", "touch /workspace/x", true],
    ["the session's own data", "touch /session/x", true],
    ["the logs, by adding", "echo x > /logs/x.log && echo y >> /logs/x.log", true],
  ])("writing to %s", async (_, line, may) => {
    expect((await rig.shell("t-first", line)).code === 0).toBe(may);
  });

  test("cannot list the logs, run programs from /tmp, or find a setuid file or an engine's socket", async () => {
    expect((await rig.shell("t-first", "ls /logs")).code).not.toBe(0);
    expect((await rig.shell("t-first", "cp /bin/true /tmp/t; /tmp/t; rm /tmp/t")).output).toContain("Permission denied");
    expect((await rig.shell("t-first", "find / -xdev -perm /6000 -type f 2>/dev/null | wc -l")).output).toBe("0");
    expect(
      (await rig.shell("t-first", "find / -type s -name '*.sock' 2>/dev/null | grep -E 'docker|containerd|podman' | wc -l")).output,
    ).toBe("0");
  });

  test("holds the limits it was given", async () => {
    const { HostConfig } = await rig.docker.getContainer("claude-agent-t-first").inspect();
    expect(HostConfig).toMatchObject({ Memory: 256 * 1024 ** 2, MemorySwap: 256 * 1024 ** 2, NanoCpus: 5e8, PidsLimit: 64 });
    expect((await rig.shell("t-first", "ulimit -n")).output).toBe("256");
    const full = await rig.shell("t-first", "head -c 17M /dev/zero > /tmp/full; stat -c %s /tmp/full; rm /tmp/full");
    expect(full.output).toContain("No space left on device");
    expect(full.output).toContain(String(16 * 1024 ** 2));
  });

  test("works on its own branch of a clone of the repository", async () => {
    expect((await rig.shell("t-first", "git -C /workspace/code branch --show-current; cat /workspace/code/readme")).output).toBe(
      "session/t-first\nhello",
    );
  });

  test(
    "a fork bomb and a memory bomb hurt only the session that they run in",
    async () => {
      const bombs = Promise.all([
        rig.shell("t-sealed", "for i in $(seq 200); do sleep 8 & done; wait"),
        rig.shell("t-open", "head -c 1G /dev/zero | tail"),
      ]);
      await until(
        async () =>
          (await rig.shell("t-first", "true")).code === 0 &&
          (await rig.docker
            .getContainer("claude-agent-t-sealed")
            .top()
            .catch(() => undefined)) !== undefined,
        60,
        "the bombs' start",
      );
      expect((await rig.shell("t-first", "for i in $(seq 20); do sleep 1 & done; wait; echo fine")).output).toBe("fine");
      const [, memory] = await bombs;
      expect(memory.code).not.toBe(0);
      await until(
        async () => (await askHealth(rig.docker, "t-sealed", "claude-agent-t-sealed")).state === "healthy",
        60,
        "the sealed session's recovery",
      );
      await until(
        async () => (await askHealth(rig.docker, "t-open", "claude-agent-t-open")).state === "healthy",
        60,
        "the open session's recovery",
      );
    },
    3 * minute,
  );

  test.each(["t-first", "t-sealed"])(
    "%s reaches no other session, no service of the host, no metadata address, no name",
    async (session) => {
      const server = createServer((_, response) => response.end("reached")).listen(0, "0.0.0.0");
      await once(server, "listening");
      const { port } = server.address() as { port: number };
      try {
        const own = ownAddress();
        const gateways = (await rig.docker.listNetworks()).flatMap(({ IPAM }) =>
          (IPAM?.Config ?? []).flatMap((entry) => entry.Gateway ?? []),
        );
        const other = (await rig.docker.getContainer("claude-agent-t-open").inspect()).NetworkSettings.Networks["claude-agent-t-open"]
          ?.IPAddress;
        const targets = [own, ...gateways].map((address) => `${address}:${port}`);
        // The same attempt works from the session with open egress, so it is the network that refuses here.
        expect((await rig.shell("t-open", `curl -s -m 3 http://${own}:${port}`)).output).toBe("reached");
        const all = [...targets, `${other}:22`, "169.254.169.254:80"];
        // All at once, as each may take the whole of its time.
        const attempts = all.map((target) => `curl -s -m 2 -o /dev/null -w '${target} %{http_code} %{errormsg}\\n' http://${target} &`);
        const answers = (await rig.shell(session, `${attempts.join(" ")} wait`)).output.split("\n");
        expect(answers.map((answer) => answer.split(" ")[0]).sort()).toEqual(all.toSorted());
        for (const answer of answers) expect(answer).toMatch(/^\S+ 000 .*(Could ?n.t connect|Failed to connect|timed out|unreachable)/i);
        expect((await rig.shell(session, "timeout 5 getent hosts claude-agent-t-open t-open example.com")).code).not.toBe(0);
      } finally {
        server.close();
      }
    },
    2 * minute,
  );

  test("a second run changes nothing", async () => {
    const engine = rig.engine(sessions);
    expect(changes((await engine.plan(await engine.live())).plan)).toBe(false);
  });

  test(
    "comes back by itself after its main process is killed, with its data",
    async () => {
      await rig.shell("t-first", "echo kept > /session/marker");
      const container = rig.docker.getContainer("claude-agent-t-first");
      const { State } = await container.inspect();
      process.kill(State.Pid, "SIGKILL");
      await until(
        async () =>
          (await container.inspect()).State.Pid !== State.Pid &&
          (await askHealth(rig.docker, "t-first", "claude-agent-t-first")).state === "healthy",
        60,
        "the session's return",
      );
      expect((await rig.shell("t-first", "cat /session/marker")).output).toBe("kept");
    },
    minute,
  );

  test(
    "comes back by itself when its agent hangs",
    async () => {
      const hung = new Rig(rig.docker, "hung");
      try {
        await hung.up([{ id: "t-hung", healthCheck: { interval: "1 s", timeout: "5 s", startPeriod: "1 s", retries: 2 } }]);
        const container = hung.docker.getContainer("claude-agent-t-hung");
        const { State } = await container.inspect();
        await hung.shell("t-hung", "pkill -STOP tmux");
        await until(
          async () =>
            (await container.inspect()).State.Pid !== State.Pid &&
            (await askHealth(hung.docker, "t-hung", "claude-agent-t-hung")).state === "healthy",
          60,
          "the session's return",
        );
      } finally {
        await hung.dispose();
      }
    },
    2 * minute,
  );

  test(
    "one session more leaves the others' containers as they are, one less removes it and keeps its data",
    async () => {
      const idOf = async (session: string) => (await rig.docker.getContainer(`claude-agent-${session}`).inspect()).Id;
      const before = await idOf("t-first");
      await rig.up([...sessions, { id: "t-more" }]);
      expect(await idOf("t-first")).toBe(before);
      const { reviewed } = await rig.up(sessions);
      expect(reviewed.plan.steps.filter(({ operation }) => operation === "delete").map(({ name }) => name)).toEqual([
        "claude-agent-t-more",
      ]);
      expect((await rig.docker.getVolume("claude-agent-t-more-session").inspect()).Name).toBe("claude-agent-t-more-session");
      expect(await idOf("t-first")).toBe(before);
    },
    2 * minute,
  );

  test("another checkout with the same names touches nothing", async () => {
    const other = new Rig(rig.docker, "isolation");
    try {
      const engine = other.engine([{ id: "t-first" }]);
      const { refusals } = await engine.plan(await engine.live());
      expect(refusals).toHaveLength(4);
      expect(refusals.join("\n")).toContain("container claude-agent-t-first is already there and belongs to another checkout or stack");
    } finally {
      await other.dispose();
    }
    expect((await askHealth(rig.docker, "t-first", "claude-agent-t-first")).state).toBe("healthy");
  });
});
