import { execFileSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { Finding } from "../../../stacks/platforms/platform.ts";
import type { Verified } from "../../../stacks/verify/run.ts";
import { until } from "../rig.ts";
import { Cluster } from "./cluster.ts";
import { Commands } from "./commands.ts";
import { sessionImages } from "./images.ts";
import { inPlace } from "./place.ts";
import { restartProgram, signalProgram } from "./programs.ts";
import { repositoryUrl, serveRepository } from "./repository.ts";

/** What people type, on sessions that run on a cluster: the commands themselves, as programs of their own. */

const cluster = new Cluster("commands");
const images = await sessionImages();
const { namespace } = cluster;

const small = {
  healthCheck: { interval: "2 s", startPeriod: "2 s" },
  limits: { memory: "256 MB", cpu: 1 },
  reservations: { cpu: 0.1, memory: "128 MB" },
};
const listed = {
  id: "listed",
  ...small,
  repositories: [{ name: "app", url: repositoryUrl }],
  network: { egress: { allow: ["listed.example"] } },
};
const sealed = { id: "sealed", ...small };
const added = { id: "added", ...small };

/** What verify cannot say of a session here, and why. */
const deviations = {
  // The test cluster's claims are folders of the node, of which the kubelet counts nothing.
  "disk-limit": "not tried: the engine does not say",
  // The node's way out drops what leads nowhere, and on a kernel that answers it would be refused.
  outside: "not tried: packets left and nobody answered, which proves nothing",
  // Nobody opens anything on a node for the commands of another machine.
  "host-services": "not tried: no pod of the namespace may be on a node's network, which Pod Security restricted refuses",
  // Pod Security refuses the pod that would listen there.
  "stray-datagrams": "not tried: no pod of the namespace may be on a node's network, which Pod Security restricted refuses",
};

const described = (...sessions: readonly object[]) => ({ kubernetes: { images, podSecurity: "v1.34" }, sessions });
const uidOf = async (session: string) => (await cluster.pod(`claude-agent-${session}-0`)).metadata?.uid;

describe.skipIf(images === undefined)("commands on sessions of a cluster", () => {
  const commands = new Commands(cluster);
  const run = (command: string, ...args: string[]) => commands.run(command, ...args);
  const states = async () => Object.fromEntries((await commands.list()).map(({ session, state }) => [session, state]));

  beforeAll(async () => {
    await cluster.up();
    serveRepository();
    commands.describe(described(listed, sealed));
    await cluster.apply(described(listed, sealed));
    await Promise.all(["listed", "sealed"].map((id) => cluster.ready(`claude-agent-${id}-0`)));
  });
  afterAll(async () => {
    commands.dispose();
    await cluster.down();
  });

  test("verify holds in the sessions, but for what no cluster can be told to do", async () => {
    const verified = await commands.told<Verified[]>("verify");
    expect(verified.map(({ session }) => session)).toEqual(["listed", "sealed"]);
    for (const { results } of verified) {
      const found = results.flatMap(({ id, verdict, found }) =>
        // On a machine with other work nobody gets as much as a limit leaves.
        verdict === "held" || (id === "cpu-limit" && verdict === "not tried") ? [] : [[id, `${verdict}: ${found}`]],
      );
      expect(Object.fromEntries(found)).toEqual(deviations);
    }
  });

  test("doctor says what the cluster can do, and that its policies are enforced", async () => {
    const findings = await commands.told<Finding[]>("doctor");
    expect(findings.map(({ subject, verdict, found }) => `${subject} ${verdict}: ${found}`)).toEqual([
      `cluster ok: v1.34.4. Context ${cluster.context} (https://192.168.77.1:6443), namespace ${namespace}.`,
      "commands ok: whole",
      `Pod Security ok: namespace ${namespace} enforces restricted at v1.34`,
      "rights ok: all that commands need",
      "network policies ok: enforced: session listed tried the API server at 10.96.0.1:443 and got no answer",
      "runtime classes ok: none",
      "storage classes ok: local",
      "metrics note: metrics.k8s.io is not served",
    ]);
  });

  test("attach enters the agent's terminal, diff shows its work and pull brings it out; logs and egress tell what went on", async () => {
    const work = "cd /workspace/app && echo one > one && git add one && git commit -qm One && tmux detach\r";
    const attached = await commands.attach("listed", work);
    expect([attached.code, attached.stdout]).toEqual([0, expect.stringContaining("[detached (from session claude)]")]);
    const subjects = async () => (await run("exec", "listed", "--", "git", "-C", "/workspace/app", "log", "--format=%s")).stdout;
    await until(async () => (await subjects()).startsWith("One\n"), 30, "The commit");
    expect((await run("diff", "listed")).stdout).toContain("+++ b/one");
    const into = inPlace("pulled");
    execFileSync("git", ["clone", "--quiet", inPlace("repositories", "app"), into]);
    expect(await run("pull", "listed", "--into", into)).toMatchObject({ code: 0 });
    expect(execFileSync("git", ["-C", into, "log", "--format=%s", "session/listed"], { encoding: "utf8" })).toBe("One\nAdd a file\n");

    expect((await run("logs", "listed")).stdout).toContain("session: the agent runs");
    for (const host of ["listed.example", "other.example"])
      await run("exec", "listed", "--", "bash", "-c", `curl -sS --max-time 5 --proxytunnel -x "$https_proxy" http://${host}:443/`);
    const record = async () =>
      (await commands.told<{ host: string; verdict: string }[]>("egress", "listed")).map(({ host, verdict }) => `${host} ${verdict}`);
    await until(async () => (await record()).includes("other.example unlisted"), 30, "The record of what was refused");
    expect(await record()).toContain("listed.example allowed");
  });

  test("a stopped session is told as such, left so by commands, and back with its data once it is started", async () => {
    expect(await states()).toEqual({ listed: "healthy", sealed: "healthy" });
    const before = await uidOf("listed");
    expect((await run("exec", "sealed", "--", "bash", "-c", "echo kept > /workspace/file")).code).toBe(0);
    expect(await run("stop", "sealed")).toEqual({ code: 0, stdout: "Session sealed is stopped.\n", stderr: expect.any(String) });
    expect(await states()).toEqual({ listed: "healthy", sealed: "stopped" });
    expect((await run("exec", "sealed", "--", "true")).stderr).toContain("sessions start sealed");
    expect((await run("start", "sealed")).stdout).toBe("Session sealed is started.\n");
    await until(async () => (await states()).sealed === "healthy", 60, "The started session being healthy");
    expect((await run("exec", "sealed", "--", "cat", "/workspace/file")).stdout).toBe("kept\n");
    expect(await uidOf("listed")).toBe(before);
  });

  test("an API server that ends while settings are applied ends no session, and the next apply does what is left", async () => {
    const before = await Promise.all(["listed", "sealed"].map(uidOf));
    const applying = cluster.apply(described(listed, sealed, added)).then(
      () => "applied",
      (error: Error) => error.message,
    );
    await until(
      () => cluster.core.readNamespacedServiceAccount({ name: "claude-agent-added", namespace }).then(Boolean, () => false),
      60,
      "The first of the new session's objects",
    );
    await signalProgram("kube-apiserver", "SIGKILL");
    expect(await applying).toMatch(/connect|socket|read|fetch/);
    const silent = await run("list");
    expect(silent.stderr).toMatch(/does not answer at https:\/\/.*; see that the cluster runs and that this machine reaches it/);
    expect(silent.code).toBe(1);
    restartProgram("kube-apiserver");
    await cluster.up();
    await cluster.apply(described(listed, sealed, added));
    await cluster.ready("claude-agent-added-0");
    expect(await Promise.all(["listed", "sealed"].map(uidOf))).toEqual(before);
    expect([...(await cluster.apply(described(listed, sealed, added)))].filter(([, operation]) => operation !== "same")).toEqual([]);
  });
});
