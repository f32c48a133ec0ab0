import { mkdirSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localBase } from "../../components/hardened-image/args.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine } from "../engine/rig.ts";
import { temporaryFolder } from "../support/folder.ts";
import { canReachEngine, RemoteEngine } from "./remote-engine.ts";

/** The strategy single-node on an engine of another machine, with all that serves its sessions there. */

const docker = await liveEngine();

describe.skipIf(docker === undefined || !canReachEngine)("a server that is reached by ssh", () => {
  const stack = "far-server";
  const archives = join(temporaryFolder("archives"), "there");
  const password = "Password-of-Alice_0123456789abcdef";
  const token = "a-Token-that-nobody_guesses-0123456789";
  let remote: RemoteEngine;
  const sessions = [{ id: "fs-sealed" }, { id: "fs-net", network: { mode: "bridge" } }];
  const services = ["alertmanager", "engine-reader", "gateway", "prometheus", "supervisor"];
  let checkout: Checkout;
  const run = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
  const there = async (...args: string[]) => {
    const [program, ...rest] = remote.engine.beside(["curl", "-s", "-m", "20", ...args]);
    return (await checkout.runProgram(program, rest)).stdout;
  };
  beforeAll(async () => {
    mkdirSync(archives);
    remote = new RemoteEngine();
    await remote.start();
    const secrets = { SERVER_PASSWORD: password, SERVER_TOKEN: token };
    checkout = new Checkout({ ...remote.sshAs("server"), DOCKER_HOST: "", ...secrets });
    const server = {
      // The engine of a server listens at the usual place; this one beside the machine's own does not, so its address says where.
      engine: `ssh://root@far${remote.engine.socket}`,
      monitoring: { grafana: false },
      gateway: { names: ["agents.far.test"], tokens: [{ env: "SERVER_TOKEN" }], users: { alice: { env: "SERVER_PASSWORD" } } },
    };
    const more = {
      strategy: "single-node",
      image: { agent: "none", base: localBase },
      defaults: { limits: { memory: "256 MB", cpu: 0.5, processes: 64 } },
      cleanup: {
        policies: [
          { name: "gone", sessions: ["fs-sealed"], containers: true, volumes: ["workspace", "session", "logs"], trigger: "manual" },
        ],
      },
      "single-node": server,
    };
    Object.assign(more.cleanup.policies[0] ?? {}, { strategy: { archive: archives, compress: 1 } });
    checkout.write(stack, sessions, more);
    Object.assign(process.env, secrets);
    // From here, since they take minutes to build.
    await remote.engine.take(docker as NonNullable<typeof docker>, sessions, { ...more, "single-node": { ...server, engine: undefined } });
  });
  afterAll(async () => {
    try {
      await run("down", "--delete-data", "--force");
    } finally {
      checkout?.dispose();
      await remote?.dispose();
    }
  });

  test("comes up supervised, monitored and with an entrance, and a second run changes nothing", async () => {
    const { code, stdout, stderr } = await run("up", "--yes", "--timeout", "300");
    for (const service of services) expect(stdout, stderr).toMatch(new RegExp(`^${service}: healthy`, "m"));
    // A loopback address is that machine's.
    expect(stdout).toMatch(/^supervisor: healthy, http:\/\/127\.0\.0\.1:9464\/ of far-machine$/m);
    for (const { id } of sessions) expect(stdout).toMatch(new RegExp(`^${id}: all \\d+ promises hold$`, "m"));
    expect(code).toBe(0);
    for (const secret of [password, token]) expect(`${stdout}${stderr}`).not.toContain(secret);
    const again = await run("up", "--yes");
    expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("\nNothing was changed.\n")]);
  });

  test("is supervised by what reads its own engine, and is entered through its gateway from here", async () => {
    expect(await there("http://127.0.0.1:9464/metrics")).toMatch(/session="?fs-net/);
    const resolve = ["--resolve", `agents.far.test:443:${remote.there}`];
    const entered = await checkout.runProgram("curl", [
      ...["-s", "-k", "-m", "20", "-o", "/dev/null", "-w", "%{http_code}", ...resolve],
      ...["-H", `Authorization: Bearer ${token}`, "https://agents.far.test/"],
    ]);
    expect(entered.stdout).toBe("200");
  });

  test("holds what it promises, by verify and by the rules of its level", async () => {
    const { stdout } = await run("verify", "--json");
    const tried = JSON.parse(stdout) as { session: string; results: { id: string; verdict: string; found: string }[] }[];
    const results = tried.flatMap(({ session, results }) => results.map((each) => ({ session, ...each })));
    expect(results.filter(({ verdict }) => verdict === "not held")).toEqual([]);
    const untried = results.filter(({ verdict, id, session }) => verdict === "not tried" && id !== "cpu-limit" && /^fs-/.test(session));
    expect(untried.map(({ session, id }) => `${session} ${id}`)).toEqual(["fs-net other-sessions"]);
    const { code, stdout: judged } = await run("check", "--level", "single-node", "--format", "json");
    expect([code, JSON.parse(judged)]).toMatchObject([0, { secure: true, stacks: [{ stack, score: 100 }] }]);
  });

  test("is cleaned up into a folder of this machine", async () => {
    const { code, stdout, stderr } = await run("cleanup", "--policy", "gone");
    expect([code, stdout], stderr).toEqual([0, expect.stringContaining("fs-sealed")]);
    expect(readdirSync(archives, { recursive: true }).length).toBeGreaterThan(0);
    expect((await remote.held(stack)).volumes.filter((name) => name.includes("fs-sealed"))).toEqual([]);
    expect((await run("up", "--yes")).code).toBe(0);
  });

  test("is taken down to the volumes of its sessions, and without these to nothing", async () => {
    expect((await run("down")).code).toBe(0);
    const kept = ["logs", "session", "workspace"];
    expect(await remote.held(stack)).toEqual({
      containers: [],
      networks: [],
      volumes: sessions.flatMap(({ id }) => kept.map((kind) => `claude-agent-${id}-${kind}`)).sort(),
    });
    expect((await run("down", "--delete-data", "--force")).code).toBe(0);
    expect(await remote.held(stack)).toEqual({ containers: [], networks: [], volumes: [] });
  });
});
