import { execFileSync } from "node:child_process";
import { chownSync, mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cloneName } from "../../components/session.ts";
import { which } from "../../stacks/platforms/docker/setup/command.ts";
import { baseline } from "../../policy/baseline.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, until } from "./rig.ts";
import { missing } from "../support/missing.ts";

/** The program under the Pulumi CLI with the Docker provider: what mocks cannot show. */

const docker = await liveEngine();
const cli = which("pulumi");
if (cli === undefined) missing("the tests of the Pulumi engine need the Pulumi CLI (pulumi) in PATH");

const stack = "pulumi-test";
const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-pulumi-")));
const [code, work] = [join(folder, "code"), join(folder, "work")];

/** Every input that a session can have, so that a permanent difference in any of them shows. */
const rich = {
  id: "p-rich",
  repositories: [
    { name: "code", path: code },
    { name: "clone", url: `file://${code}`, ref: "main" },
  ],
  // Only root can give a folder to the agent's uid.
  ...(process.getuid?.() === 0 && { workspace: { kind: "host", path: work } }),
  limits: { memory: "512 MB", cpu: 0.25, processes: 64, openFiles: 128, tmp: "64 MB", sharedMemory: "32 MB" },
  reservations: { memory: "128 MB", cpu: 0.25 },
  environment: { SET: "1", EMPTY: "" },
  network: { egress: "open", ports: [{ container: 8080, host: 18_471, neighbours: true }], dns: ["192.0.2.53"] },
  security: { capabilities: ["net_bind_service"] },
  mounts: [{ source: code, target: "/data" }],
  healthCheck: { interval: "90 s", timeout: "5 s", retries: 2 },
};
const bare = { id: "p-bare" };
const filtered = {
  id: "p-filtered",
  network: { egress: { allow: ["example.com", "*.example.org:8443", { host: "mirror.example.net", addresses: ["10.20.0.0/16"] }] } },
};
const sealed = { id: "p-sealed", network: { mode: "bridge" }, workspace: { kind: "tmpfs", size: "64 MB" } };

describe.skipIf(docker === undefined || cli === undefined)("the Pulumi engine", () => {
  const engine = docker as NonNullable<typeof docker>;
  const checkout = new Checkout({
    PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH ?? ""}`,
    PULUMI_BACKEND_URL: `file://${folder}`,
    PULUMI_CONFIG_PASSPHRASE: "test",
    PULUMI_SKIP_UPDATE_CHECK: "true",
  });
  const describeSessions = (...sessions: readonly object[]) =>
    checkout.write(
      stack,
      JSON.stringify({
        config: {
          "agent-sessions:image": { agent: "none" },
          "agent-sessions:allowedHostPaths": [folder],
          "agent-sessions:sessions": sessions,
        },
      }),
    );
  const pulumi = async (...args: string[]) => {
    const result = await checkout.runProgram("pulumi", [...args, "--stack", stack, "--non-interactive"]);
    return { ...result, output: `${result.stdout}${result.stderr}` };
  };
  const done = async (...args: string[]) => {
    const result = await pulumi(...args);
    expect(result.code, result.output).toBe(0);
    return result.output;
  };
  const up = () => done("up", "--yes", "--policy-pack", "policy", "--parallel", "64");
  const inspect = (id: string) => engine.getContainer(`claude-agent-${id}`).inspect();
  const volumes = async () =>
    ((await engine.listVolumes()).Volumes ?? [])
      .map(({ Name }) => Name)
      .filter((name) => /^claude-agent-p-|^agent-repository/.test(name))
      .sort();

  beforeAll(async () => {
    for (const path of [code, work]) mkdirSync(path);
    if (process.getuid?.() === 0) chownSync(work, baseline.user.uid, baseline.user.gid);
    const git = (...args: string[]) => execFileSync("git", ["-C", code, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args]);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    describeSessions(rich, bare, sealed);
    await done("stack", "init");
  });
  afterAll(async () => {
    await pulumi("destroy", "--yes");
    for (const name of await volumes()) await engine.getVolume(name).remove();
    checkout.dispose();
    rmSync(folder, { recursive: true });
  }, 120_000);

  test("the policy pack refuses before anything is created", async () => {
    describeSessions({ ...bare, security: { capabilities: ["SYS_ADMIN"] } });
    const refused = await pulumi("up", "--yes", "--policy-pack", "policy");
    expect(refused.code).not.toBe(0);
    expect(refused.output).toMatch(/\[mandatory\].*CTR-003/);
    await expect(inspect("p-bare")).rejects.toThrow(/no such container/i);
    expect(await volumes()).toEqual([]);
  }, 120_000);

  test("a faulty stack file is told in sentences, without a trace", async () => {
    describeSessions({ id: "p-bare", limits: { cpu: 0 } });
    const { code, output } = await pulumi("preview");
    expect([code === 0, output]).toEqual([false, expect.stringContaining("sessions[0].limits.cpu: 0 is not a number of cores")]);
    expect(output).not.toMatch(/unhandled exception|\n\s+at /);
  }, 120_000);

  test("up brings the sessions, with their process limit, and no preview after it sees a difference", async () => {
    describeSessions(rich, bare, sealed, filtered);
    await up();
    expect((await inspect("p-rich")).HostConfig.PidsLimit).toBe(64);
    expect((await inspect("p-bare")).HostConfig.PidsLimit).toBe(baseline.limits.processes);
    const clone = await engine.getContainer(cloneName({ name: "clone", url: `file://${code}` })).inspect();
    expect([clone.HostConfig.PidsLimit, clone.State.Status, clone.State.ExitCode]).toEqual([128, "exited", 0]);
    for (const id of ["p-rich", "p-bare", "p-sealed", "p-filtered"])
      await until(
        async () =>
          (await inspect(id)).State.Health?.Log.length !== undefined &&
          (await checkout.run(["exec", "--stack", stack, id, "--", "tmux", "has-session", "-t", "claude"])).code === 0,
        60,
        `the agent of ${id}`,
      );
    await done("preview", "--expect-no-changes");
    await done("preview", "--refresh", "--expect-no-changes");
  }, 300_000);

  test("a changed allow list replaces the proxy and leaves the session", async () => {
    const ids = () => Promise.all(["p-filtered", "p-filtered-proxy"].map(async (id) => (await inspect(id)).Id));
    const [session, proxy] = await ids();
    describeSessions(rich, bare, sealed, { ...filtered, network: { egress: { allow: ["example.com"] } } });
    const preview = await done("preview", "--diff");
    expect(preview).toContain("session p-filtered: egress to *.example.org:8443");
    await up();
    const after = await ids();
    expect([after[0] === session, after[1] === proxy]).toEqual([true, false]);
    await done("preview", "--expect-no-changes");
  }, 180_000);

  test("a changed network replaces the session, a changed session leaves the others, and what was removed by hand comes back", async () => {
    const before = await Promise.all(["p-rich", "p-bare", "p-sealed"].map(inspect));
    describeSessions({ ...rich, environment: { SET: "2" } }, bare, { ...sealed, network: { egress: "open" } });
    await up();
    const after = await Promise.all(["p-rich", "p-bare", "p-sealed"].map(inspect));
    expect(after.map(({ Id }, index) => Id === before[index]?.Id)).toEqual([false, true, false]);
    await engine.getContainer("claude-agent-p-bare").remove({ force: true });
    expect((await checkout.run(["up", "--stack", stack, "--only", "p-bare", "--json"])).stdout).toContain('"engine": "pulumi"');
    expect((await inspect("p-bare")).State.Running).toBe(true);
    await done("preview", "--expect-no-changes");
  }, 300_000);

  test("sessions says which engine it is, and the other engine refuses with the way to move over", async () => {
    const plan = await checkout.run(["plan", "--stack", stack]);
    expect([plan.code, plan.stdout]).toEqual([0, expect.stringContaining('"pulumi preview --stack pulumi-test" shows what would change')]);
    const other = await checkout.run(["up", "--stack", stack, "--engine", "embedded"]);
    expect([other.code, other.stderr]).toEqual([1, expect.stringContaining("npx sessions down --engine pulumi")]);
    const again = await checkout.run(["up", "--stack", stack, "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({
      engine: "pulumi",
      changed: false,
      sessions: ["p-bare", "p-rich", "p-sealed"].map((session) => ({ session, state: "healthy" })),
    });
  }, 180_000);

  test("a volume that is a bind in disguise is not taken over", async () => {
    await engine.createVolume({ Name: "claude-agent-p-trap-session", DriverOpts: { type: "none", device: "/etc", o: "bind" } });
    describeSessions(rich, bare, sealed, { id: "p-trap" });
    const refused = await pulumi("up", "--yes");
    expect([refused.code === 0, refused.output]).toEqual([
      false,
      expect.stringContaining("has options of its own, so its data may lie anywhere on the host"),
    ]);
    await expect(inspect("p-trap")).rejects.toThrow(/no such container/i);
    await engine.getVolume("claude-agent-p-trap-session").remove();
  }, 180_000);

  test("destroy leaves only the sessions' volumes and names them; down --delete-data removes those too, and the embedded engine takes over", async () => {
    describeSessions(bare);
    await up();
    const output = await done("destroy", "--yes");
    const kept = ["logs", "session", "workspace"].map((kind) => `claude-agent-p-bare-${kind}`);
    for (const kind of ["logs", "session", "workspace"]) expect(output).toContain(`p-bare-${kind}`);
    expect(await volumes()).toEqual(expect.arrayContaining(kept));
    expect((await volumes()).filter((name) => !/^claude-agent-p-\w+-(logs|session|workspace)$/.test(name))).toEqual([]);

    const over = await checkout.run(["up", "--stack", stack, "--engine", "embedded", "--adopt", "--json"]);
    expect(JSON.parse(over.stdout)).toMatchObject({ engine: "embedded", sessions: [{ state: "healthy" }] });
    expect((await checkout.run(["down", "--stack", stack])).code).toBe(0);
    await up();
    const down = await checkout.run(["down", "--stack", stack, "--delete-data", "--json"]);
    expect(JSON.parse(down.stdout)).toMatchObject({ kept: [], removed: expect.arrayContaining(kept), failures: [] });
    expect(await volumes()).toEqual([]);
  }, 300_000);
});
