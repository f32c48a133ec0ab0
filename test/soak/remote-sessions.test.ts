import { type ChildProcess, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { localBase } from "../../components/hardened-image/args.ts";
import { Checkout } from "../cli/checkout.ts";
import { freePorts, liveEngine, until } from "../engine/rig.ts";
import { temporaryFolder } from "../support/folder.ts";
import { git, makeRepository } from "../support/repository.ts";
import { canReachEngine, RemoteEngine } from "./remote-engine.ts";

/** The strategy local on an engine of another machine, by what a user does. */

const docker = await liveEngine();
const minute = 60_000;

/** What a busy machine proves nothing of, and what nobody can try where the listed host is not reached. */
const unproven = ["cpu-limit", "proxy-allows", "proxy-halted"];

describe.skipIf(docker === undefined || !canReachEngine)("an engine on another machine", () => {
  const folder = temporaryFolder("remote");
  const key = `key-${randomBytes(12).toString("hex")}`;
  let remote: RemoteEngine;
  let server: ChildProcess;
  let port: number | undefined;
  let url = "";

  beforeAll(async () => {
    remote = new RemoteEngine();
    await remote.start();
    // Sessions' image comes from here, since it takes minutes to build; the base and the proxy's are made there.
    await remote.engine.take(docker as NonNullable<typeof docker>, [{ id: "rm-sealed" }], {});
    const upstream = join(folder, "upstream");
    makeRepository(upstream, { file: "first\n" });
    const [own, published] = await freePorts(2, remote.here);
    port = published;
    const options = ["--export-all", `--base-path=${folder}`, `--listen=${remote.here}`, `--port=${own}`, "--reuseaddr"];
    server = spawn("git", ["-c", "safe.directory=*", "daemon", ...options], { stdio: "ignore" });
    url = `git://${remote.here}:${own}/upstream`;
  });
  afterAll(async () => {
    server?.kill();
    await remote?.dispose();
  });

  describe.each([
    ["ssh", "rs"],
    ["TLS", "rt"],
  ])("by %s", (way, stem) => {
    const stack = stem;
    const id = (name: string) => `${stem}-${name}`;
    let checkout: Checkout;
    let address = "";
    const sessions = (command: string, ...args: string[]) => checkout.run([command, "--stack", stack, ...args]);
    const inSession = (name: string, ...command: string[]) => checkout.run(["exec", "--stack", stack, id(name), "--", ...command]);
    beforeAll(() => {
      const { DOCKER_HOST, ...variables } = way === "ssh" ? remote.sshAs(stem) : remote.tls(stem);
      address = DOCKER_HOST;
      // What the settings name counts, whatever else is there.
      checkout = new Checkout({ ...variables, DOCKER_HOST: "tcp://127.0.0.1:1", REMOTE_KEY: key });
      const secret = { env: "REMOTE_KEY" };
      checkout.write(
        stack,
        [
          { id: id("sealed"), network: { mode: "bridge" } },
          { id: id("allow"), network: { egress: { allow: ["example.com"] }, ports: [{ host: port, container: 8000 }] } },
          { id: id("file"), credentials: { kind: "file", secret } },
          { id: id("proxy"), credentials: { kind: "proxy", secret }, repositories: [{ name: "code", url }] },
        ],
        {
          local: { engine: address },
          image: { agent: "none" },
          defaults: { limits: { memory: "256 MB", cpu: 0.5, processes: 64 } },
        },
      );
    });
    afterAll(async () => {
      await sessions("down", "--delete-data", "--force");
      checkout.dispose();
    });

    test("refuses folders of this machine before anything is touched", async () => {
      checkout.write("refused", [{ id: id("refused"), mounts: [{ source: folder, target: "/data" }] }], {
        local: { engine: address },
        image: { agent: "none", base: localBase },
      });
      const { code, stderr } = await checkout.run(["up", "--stack", "refused", "--yes"]);
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(
          `session "${id("refused")}", mounts: "${folder}" is a folder of this machine, and ${address} mounts those of far-machine; name a repository by url, or plan on that machine.`,
        ),
      ]);
    });

    test(
      "brings sessions up, with images that are built there, and says no secret",
      async () => {
        const { code, stdout, stderr } = await sessions("up", "--yes", "--timeout", "300");
        for (const name of ["sealed", "allow", "file", "proxy"])
          expect(stdout, stderr).toMatch(new RegExp(`^${id(name)}: all \\d+ promises hold$`, "m"));
        expect([code, `${stdout}${stderr}`]).toEqual([0, expect.not.stringContaining(key)]);
      },
      20 * minute,
    );

    test("holds all that it promises, and a second run changes nothing", async () => {
      const { stdout } = await sessions("verify", "--json");
      const results = (JSON.parse(stdout) as { session: string; results: { id: string; verdict: string; found: string }[] }[]).flatMap(
        ({ session, results }) => results.map((each) => ({ session, ...each })),
      );
      const text = results.map(({ session, id, verdict, found }) => `${session} ${id} ${verdict}: ${found}`);
      expect(text.filter((_, index) => results[index]?.verdict === "not held")).toEqual([]);
      // Who is on that machine's network cannot be stood in for from here.
      const untried = text.filter((_, index) => results[index]?.verdict === "not tried" && !unproven.includes(results[index].id));
      expect(untried).toEqual([expect.stringMatching(/ local-ports not tried: the engine is on another machine/)]);
      expect(text.filter((line) => / host-services held/.test(line))).toHaveLength(4);
      expect((await sessions("check")).code).toBe(0);
      const again = await sessions("up", "--yes");
      expect([again.code, again.stdout]).toEqual([0, expect.stringContaining("\nNothing was changed.\n")]);
      expect((await sessions("plan", "--detailed-exitcode")).code).toBe(0);
      expect((await sessions("doctor", "--json")).stdout).toMatch(/"free disk",\s+"found": "[\d.]+ [MGT]B, limits add up to/);
    });

    test("finds a session from which that machine's services are reached", async () => {
      const engine = remote.engine.docker.getNetwork("bridge");
      await engine.connect({ Container: `claude-agent-${id("sealed")}` });
      const { stdout } = await sessions("verify", id("sealed"), "--json");
      await engine.disconnect({ Container: `claude-agent-${id("sealed")}` });
      const [{ results }] = JSON.parse(stdout) as [{ results: { id: string }[] }];
      expect(results.find((each) => each.id === "host-services")).toMatchObject({
        verdict: "not held",
        found: expect.stringMatching(new RegExp(`tcp ${remote.there.replaceAll(".", "\\.")} port \\d+: greeted`)),
      });
    });

    test("enters sessions, and brings secrets to where they are read", async () => {
      expect(await inSession("file", "bash", "-c", "cat /auth/*")).toEqual({ code: 0, stdout: `${key}\n`, stderr: "" });
      expect(await inSession("sealed", "bash", "-c", "cat; exit 7")).toMatchObject({ code: 7 });
      expect((await inSession("proxy", "bash", "-c", "env; ls /auth")).stdout).not.toContain(key);
      expect((await sessions("logs", id("sealed"))).code).toBe(0);
      const listed = JSON.parse((await sessions("list", "--json")).stdout) as { session: string; state: string }[];
      expect(listed.map(({ session, state }) => [session, state])).toEqual(
        ["allow", "file", "proxy", "sealed"].map((name) => [id(name), "healthy"]),
      );
    });

    test("publishes ports on that machine's loopback address alone", async () => {
      const listening = inSession("allow", "bash", "-c", "echo there > /tmp/x; cd /tmp; timeout 60 python3 -m http.server 8000");
      const [program, ...args] = remote.engine.beside(["curl", "-s", "-m", "5", `http://127.0.0.1:${port}/x`]);
      const answer = () => checkout.runProgram(program, args);
      await until(async () => (await answer()).stdout === "there\n", 60, "the session's answer");
      const here = await checkout.runProgram("curl", ["-s", "-m", "5", `http://127.0.0.1:${port}/x`, `http://${remote.there}:${port}/x`]);
      expect([here.code, here.stdout]).not.toEqual([0, expect.anything()]);
      await inSession("allow", "pkill", "-f", "http.server");
      await listening;
    });

    test("brings out what a session did", async () => {
      const work = "cd /workspace/code && echo second >> file && git commit -qam second && echo loose > loose";
      expect(await inSession("proxy", "bash", "-c", work)).toMatchObject({ code: 0 });
      expect((await sessions("diff", id("proxy"))).stdout).toMatch(/^\+second$/m);
      const into = join(folder, `into-${stem}`);
      mkdirSync(into);
      git(into, "clone", "-q", join(folder, "upstream"), ".");
      const pulled = await sessions("pull", id("proxy"), "--into", into);
      expect([pulled.code, git(into, "show", `session/${id("proxy")}:file`)]).toEqual([0, "first\nsecond\n"]);
    });

    test("stops, starts and takes down what is there", async () => {
      for (const command of ["stop", "start"]) expect((await sessions(command, id("file"))).code).toBe(0);
      expect((await inSession("file", "bash", "-c", "cat /auth/*")).stdout).toBe(`${key}\n`);
      expect((await sessions("down")).code).toBe(0);
      const { containers, networks, volumes } = await remote.held(stack);
      expect([containers, networks, volumes.filter((name) => name.endsWith("-workspace")).length]).toEqual([[], [], 4]);
      expect((await sessions("down", "--delete-data", "--force")).code).toBe(0);
      expect(await remote.held(stack)).toEqual({ containers: [], networks: [], volumes: [] });
    });
  });
});
