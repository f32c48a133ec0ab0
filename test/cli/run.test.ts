import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ownAddress } from "../support/own-address.ts";
import { stringify } from "yaml";
import { liveEngine } from "../engine/rig.ts";
import { ModelApi } from "../support/model-api.ts";
import { Checkout, commandIn } from "./checkout.ts";

const docker = (await liveEngine()) as Docker;
const minute = 60_000;

/** With the real CLI of Claude Code, against a stand-in for the model. */
describe.skipIf(docker === undefined)("sessions run", () => {
  const checkout = new Checkout({ ANTHROPIC_API_KEY: "key-of-readme" });
  const code = join(checkout.root, "code");
  const git = (...args: string[]) =>
    execFileSync("git", ["-C", code, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], { encoding: "utf8" }).trim();
  const commands: Readonly<Record<string, string>> = {
    COMMIT: "echo done > done.txt && git add done.txt && git commit -qm 'Write done.txt'",
    LOOSE: "echo done > loose.txt",
    WAIT: "sleep 600",
  };
  const api = new ModelApi(({ said, turns }) => {
    const [, word = ""] = /\b(COMMIT|LOOSE|WAIT|REFUSED)\b/.exec(said.replace("Fix the failing test", "COMMIT")) ?? [];
    if (word === "REFUSED") return { status: 400, type: "invalid_request_error", message: "No." };
    return turns > 0
      ? { text: "It is written." }
      : { text: "I write.", tool: "Bash", input: { command: commands[word] ?? "true", description: "Write" } };
  });
  const chapter =
    readFileSync(join(import.meta.dirname, "../../README.md"), "utf8")
      .split("## An agent with your key\n")[1]
      ?.split("\n## ")[0] ?? "";
  const lines = (chapter.split("```")[1] ?? "").split("\n").flatMap((line) => line.split(/ +#/)[0]?.trim() || []);
  const run = (...args: string[]) => checkout.run(["run", "--stack", "run", "--repository", code, "--no-install", ...args]);
  // Other tests have sessions of other stacks.
  const names = async () => {
    const filters = { label: ["stack=agent-sessions/run"] };
    const [containers, { Volumes }, networks] = await Promise.all([
      docker.listContainers({ all: true, filters }),
      docker.listVolumes({ filters }),
      docker.listNetworks({ filters }),
    ]);
    return [containers.map(({ Names }) => Names[0]), Volumes.map(({ Name }) => Name), networks.map(({ Name }) => Name)].flat().sort();
  };

  beforeAll(async () => {
    mkdirSync(code);
    git("init", "-q", "-b", "main");
    git("commit", "-q", "--allow-empty", "-m", "first");
    writeFileSync(join(checkout.root, "key"), "key-of-run");
    const defaults = {
      network: { egress: "open" },
      environment: { ANTHROPIC_BASE_URL: `http://${ownAddress()}:${await api.listen()}` },
      credentials: { kind: "file", secret: { file: "key" } },
      limits: { memory: "1 GB", processes: 256 },
      restart: "never",
    };
    checkout.write("local", []);
    checkout.write("run", stringify({ config: { "agent-sessions:defaults": defaults, "agent-sessions:sessions": [] } }));
  });
  afterAll(async () => {
    api.close();
    for (const stack of ["run", "local"])
      await checkout.run(["down", "--stack", stack, "--delete-data", "--force", "--engine", "embedded"]);
    checkout.dispose();
  });

  test(
    "tells what the agent says, prints its result alone on standard output, and brings its commits out",
    async () => {
      const { code: status, stdout, stderr } = await run("COMMIT it, please");
      expect([status, stdout], stderr).toEqual([0, "It is written.\n"]);
      expect(stderr).toMatch(
        /^I write\.$[\s\S]*^> Bash echo done[\s\S]*: complete \(agent-exit\)$[\s\S]*^code: 1 new on session\/commit-it-please/m,
      );
      expect(git("log", "--format=%s", "session/commit-it-please")).toBe("Write done.txt\nfirst");
      expect(git("branch", "--show-current")).toBe("main");
      expect((await checkout.run(["list", "--stack", "run"])).stdout).toMatch(/commit-it-please .* complete /);
    },
    5 * minute,
  );

  test(
    "--rm leaves nothing but the branch, with what was not committed, under a name that is free, also of two at once",
    async () => {
      const [before, file] = [await names(), readFileSync(checkout.stackFile("run"), "utf8")];
      git("branch", "session/loose", "main");
      const both = await Promise.all([1, 2].map(() => run("LOOSE", "--rm", "--json")));
      const ended = both.map(({ code: status, stdout, stderr }) => {
        expect(status, stderr).toBe(0);
        expect(JSON.parse(stdout)).toMatchObject({ exitCode: 0, result: "It is written.", pulled: [{ count: 1 }] });
        return (JSON.parse(stdout) as { session: string }).session;
      });
      expect(ended.sort()).toEqual(["loose-2", "loose-3"]);
      for (const id of ended) expect(git("log", "--format=%s", `session/${id}`)).toBe(`Uncommitted work of session ${id}\nfirst`);
      expect([await names(), readFileSync(checkout.stackFile("run"), "utf8")]).toEqual([before, file]);
    },
    5 * minute,
  );

  test(
    "ends with the agent's exit code",
    async () => {
      const { code: status, stderr } = await run("REFUSED", "--rm");
      expect([status, stderr]).toEqual([1, expect.stringMatching(/^Session refused: failed \(exit 1/m)]);
    },
    5 * minute,
  );

  test("what cannot start is not left in the stack file", async () => {
    const before = readFileSync(checkout.stackFile("run"), "utf8");
    expect(await run("Do it", "--key-env", "NO_SUCH_KEY")).toMatchObject({
      code: 2,
      stdout: "",
      stderr: expect.stringMatching(/env NO_SUCH_KEY is not set where this runs; export it\.\n$/),
    });
    expect(readFileSync(checkout.stackFile("run"), "utf8")).toBe(before);
  });

  test(
    "an interrupt leaves the session at work, and names the way on",
    async () => {
      const line = ["run", "WAIT", "--id", "waits", "--stack", "run", "--repository", code];
      const child = spawn(process.execPath, [...commandIn(checkout.root), ...line], {
        cwd: checkout.root,
        stdio: ["ignore", "ignore", "pipe"],
      });
      let said = "";
      child.stderr!.setEncoding("utf8").on("data", (text: string) => {
        if (!said.includes("> Bash sleep") && (said + text).includes("> Bash sleep")) child.kill("SIGINT");
        said += text;
      });
      const [status] = await once(child, "close");
      expect([status, said]).toEqual([130, expect.stringContaining('"npx sessions remove waits --delete-data --stack run" removes it')]);
      expect((await docker.getContainer("claude-agent-waits").inspect()).State.Running).toBe(true);
      expect((await checkout.run(["remove", "waits", "--stack", "run", "--delete-data"])).code).toBe(0);
    },
    5 * minute,
  );

  test("the README's chapter has at most 15 lines, of which the first gives the key", () => {
    expect(chapter.trim().split("\n").length).toBeLessThanOrEqual(15);
    expect(lines[0]).toBe("export ANTHROPIC_API_KEY=sk-ant-…");
    expect(lines.length).toBeGreaterThan(5);
  });

  test.each(lines.slice(1))(
    "README: %s",
    async (line) => {
      const words = (line.replaceAll("/srv/code", code).match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ""));
      if (words[0] === "git") expect(git(...words.slice(3))).toContain("Write done.txt");
      else if (words.includes("attach")) expect((await checkout.runOnTerminal(words.slice(2), /Claude/, "\u0002d")).code).toBe(0);
      else {
        // The stand-in for the model speaks no https, which a proxy for keys asks for; the stack of these tests has a key of its own.
        const args = words.slice(2);
        if (args[0] === "run") args.splice(args.indexOf("--key-env"), 2, "--stack", "run");
        const { code: status, stderr } = await checkout.run(args);
        expect(status, stderr).toBe(0);
      }
    },
    5 * minute,
  );
});
