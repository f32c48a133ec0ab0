import { execFileSync, spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import type { InspectedService } from "../../components/swarm/inspected.ts";
import type { Verified } from "../../stacks/verify/run.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, until } from "../engine/rig.ts";
import { canRunEngine, OwnEngine } from "./own-engine.ts";
import { SwarmRig } from "./swarm-rig.ts";

const machine = canRunEngine ? await liveEngine() : undefined;
const minute = 60_000;
const stack = "swarm-commands";

describe.skipIf(machine === undefined)("commands on sessions that are services, and what Swarm itself does with these", () => {
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-swarm-"));
  const profile = join(folder, "seccomp.json");
  writeFileSync(profile, seccompProfile);
  const own = new OwnEngine({ apart: true, configuration: { "no-new-privileges": true, "seccomp-profile": profile } });
  const checkout = new Checkout({ SWARM_KEY: "key-of-keyed-0123456789" });
  const rig = new SwarmRig(own.docker, stack, checkout.root);
  const small = {
    limits: { memory: "256 MB", cpu: 0.5, processes: 64, openFiles: 256, tmp: "16 MB" },
    healthCheck: { interval: "2 s", timeout: "2 s" },
  };
  const credentials = { kind: "proxy", secret: { env: "SWARM_KEY" }, upstream: "https://10.99.0.1/v1/messages" };
  const sessions = [
    {
      id: "keyed",
      ...small,
      credentials,
      repositories: [{ name: "app", url: "git://10.99.0.1/app" }],
    },
    { id: "plain", ...small },
  ];
  const more = { strategy: "swarm", swarm: own.settings.local, image: own.settings.image };
  const run = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const listed = async () => {
    const rows = JSON.parse((await run("list", "--json")).stdout) as { session: string; state: string; why?: string }[];
    return Object.fromEntries(rows.map(({ session, state, why }) => [session, why === undefined ? state : `${state}: ${why}`]));
  };
  const healthy = (id: string) =>
    until(async () => (await rig.runtime.session(id).health()).state === "healthy", 90, `session ${id} being healthy`);
  const service = async (name: string) => {
    const found = own.docker.getService(`claude-agent-${name}`);
    return { found, inspected: (await found.inspect()) as InspectedService & { UpdateStatus?: { State: string } } };
  };
  let daemon: ReturnType<typeof spawn> | undefined;

  /** A repository on the engine's machine, at an address that its containers reach. */
  function serveRepository(): void {
    const app = join(folder, "app");
    mkdirSync(app);
    const git = (...args: string[]) => execFileSync("git", ["-C", app, "-c", "user.name=test", "-c", "user.email=test@localhost", ...args]);
    git("init", "--quiet", "--initial-branch=main");
    git("commit", "--quiet", "--allow-empty", "--message", "Begin");
    const [ip, ...address] = own.beside(["ip", "address", "add", "10.99.0.1/32", "dev", "lo"]);
    execFileSync(ip, address);
    const [program, ...args] = own.beside(["git", "daemon", "--export-all", `--base-path=${folder}`, app]);
    daemon = spawn(program, args, { stdio: "ignore" });
  }

  beforeAll(async () => {
    process.env.SWARM_KEY = "key-of-keyed-0123456789";
    await own.start();
    serveRepository();
    await own.take(machine as NonNullable<typeof machine>);
    await own.docker.swarmInit({ AdvertiseAddr: "127.0.0.1", ListenAddr: "127.0.0.1:2377" });
    checkout.write(stack, sessions, more);
    const { health } = await rig.up(sessions, more);
    expect(health.map(({ state }) => state)).toEqual(["healthy", "healthy"]);
  }, 10 * minute);
  afterAll(async () => {
    await rig.dispose();
    await own.docker.swarmLeave({ force: true });
    await own.end("SIGTERM");
    own.dispose();
    daemon?.kill();
    rmSync(folder, { recursive: true });
    delete process.env.SWARM_KEY;
  }, 3 * minute);

  test("verify holds", { timeout: 3 * minute }, async () => {
    const verified = JSON.parse((await run("verify", "--json")).stdout) as Verified[];
    // A busy machine gives too little time to find the limit.
    const open = verified.map(({ session, results }) => [
      session,
      ...results.flatMap(({ id, verdict, found }) =>
        verdict === "held" || (id === "cpu-limit" && verdict === "not tried") ? [] : [`${id} ${verdict}: ${found}`],
      ),
    ]);
    expect(open).toEqual([["keyed"], ["plain"]]);
  });

  test("a key's own session alone has its proxy, and has the key nowhere", {
    timeout: minute,
  }, async () => {
    const ask = `curl -s -o /dev/null -w '%{http_code}' --noproxy '*' -d '{}' "$ANTHROPIC_BASE_URL/v1/messages"`;
    expect((await rig.shell("keyed", ask)).output).toBe("502");
    expect((await rig.shell("plain", "ls /run/credential-proxy | wc -l; env | grep -c ANTHROPIC")).output).toBe("0\n0");
    const places = "/auth /etc /home /run /session /tmp /usr/local /workspace /proc/[0-9]*/environ";
    expect((await rig.shell("keyed", `grep -rslF key-of-keyed-0123456789 ${places}`)).output).toBe("");
  });

  test("attach enters the agent's terminal, diff shows its work, and pull brings it out", { timeout: 2 * minute }, async () => {
    const inside = "cd /workspace/app && echo one > file && git add file && git commit -qm One && tmux detach\r";
    const attached = await checkout.runOnTerminal(["attach", "keyed", "--stack", stack], /\$ /, inside);
    expect([attached.code, attached.stdout]).toEqual([0, expect.stringContaining("[detached (from session claude)]")]);
    await until(async () => (await rig.shell("keyed", "git -C /workspace/app log --format=%s")).output.startsWith("One"), 30, "The commit");
    expect((await run("diff", "keyed")).stdout).toContain("+++ b/file");
    const into = join(folder, "into");
    execFileSync("git", ["clone", "--quiet", join(folder, "app"), into]);
    expect((await run("pull", "keyed", "--into", into)).code).toBe(0);
    expect(execFileSync("git", ["-C", into, "log", "--format=%s", "session/keyed"], { encoding: "utf8" })).toBe("One\nBegin\n");
  });

  test("an update to an image that nobody has is taken back by Swarm's own settings, and the data is there", {
    timeout: 3 * minute,
  }, async () => {
    await rig.shell("plain", "echo kept > /workspace/file");
    const { found, inspected } = await service("plain");
    const template = inspected.Spec.TaskTemplate as { ContainerSpec: object };
    const wrong = { ...template, ContainerSpec: { ...template.ContainerSpec, Image: "agent-sessions-session:none" } };
    await found.update({ ...inspected.Spec, TaskTemplate: wrong, version: inspected.Version.Index });
    const state = async () => (await service("plain")).inspected.UpdateStatus?.State;
    await until(async () => (await state()) === "rollback_completed", 120, "The end of the rollback");
    await healthy("plain");
    expect((await rig.shell("plain", "cat /workspace/file")).output).toBe("kept");
    expect(await listed()).toEqual({ keyed: "healthy", plain: "healthy" });
  });

  test("a node that is drained ends its sessions, list says why, and both are back once it is active", {
    timeout: 3 * minute,
  }, async () => {
    const [{ ID: id = "" } = {}] = (await own.docker.listNodes()) as { ID: string }[];
    const set = async (Availability: string) => {
      const node = own.docker.getNode(id);
      const { Spec, Version } = (await node.inspect()) as { Spec: object; Version: { Index: number } };
      await node.update({ ...Spec, Availability, version: Version.Index });
    };
    await set("drain");
    await until(async () => Object.values(await listed()).every((state) => state.startsWith("stopped")), 60, "The end of the sessions");
    const drained = "stopped: pending (no suitable node (1 node not available for new tasks))";
    expect(await listed()).toEqual({ keyed: drained, plain: drained });
    await set("active");
    await Promise.all(["keyed", "plain"].map(healthy));
    expect((await rig.shell("plain", "cat /workspace/file")).output).toBe("kept");
  });
});
