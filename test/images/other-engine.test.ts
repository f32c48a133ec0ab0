import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { isOfThisMachine } from "../../stacks/platforms/docker/setup/engine.ts";
import { mayInstall, prepareEngine } from "../support/engine.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What would start or change this machine's own engine, each of which leaves a trace when it is called. */
const programs = ["dockerd", "systemctl", "apt-get", "mmdebstrap"];

test.each([
  ["unix:///var/run/docker.sock", "default", true],
  ["unix:///run/user/0/podman/podman.sock", "socket", true],
  ["unix:///var/run/docker.sock", "DOCKER_HOST", true],
  ["unix:///run/docker.sock", "settings", true],
  ["unix:///run/docker.socket", "settings", false],
  ["unix:///tmp/x/run/docker.sock", "DOCKER_HOST", false],
  ["tcp://127.0.0.1:2375", "DOCKER_HOST", false],
  ["ssh://me@host", "docker context far", false],
])("the engine at %s (%s) is this machine's own: %s", (address, source, is) => {
  expect(isOfThisMachine({ address, source })).toBe(is);
});

describe("with DOCKER_HOST at another engine", () => {
  const folder = temporaryFolder("other");
  let socket: string;
  const settings = () => (existsSync("/etc/docker/daemon.json") ? readFileSync("/etc/docker/daemon.json", "utf8") : undefined);
  const before = settings();
  const said: string[] = [];

  beforeEach(({ task }) => {
    // One for each test, since a client keeps its connections.
    socket = join(folder, `${task.id}.sock`);
    mkdirSync(join(folder, "bin"), { recursive: true });
    for (const name of programs) {
      writeFileSync(join(folder, "bin", name), `#!/bin/sh\ntouch ${folder}/called-$(basename "$0")\n`);
      chmodSync(join(folder, "bin", name), 0o755);
    }
    vi.stubEnv("PATH", `${folder}/bin:${process.env.PATH}`);
    vi.stubEnv("DOCKER_HOST", `unix://${socket}`);
    said.length = 0;
  });
  afterEach(() => {
    vi.unstubAllEnvs();
    expect(programs.filter((name) => existsSync(join(folder, `called-${name}`)))).toEqual([]);
    expect(settings()).toBe(before);
  });

  test("that does not answer, set-up says so, and starts and installs nothing", async () => {
    expect(await mayInstall()).toBe("no");
    await expect(prepareEngine((line) => said.push(line))).rejects.toThrow(
      `No container engine answers at unix://${socket} (DOCKER_HOST). Start it there, or name another one.`,
    );
    expect(said).toEqual([]);
  });

  test("the tests run there", async () => {
    const asked: string[] = [];
    const answers: readonly (readonly [RegExp, unknown])[] = [
      [/\/images\/.*\/json$/, { Id: `sha256:${"0".repeat(64)}` }],
      [/\/containers\/json/, []],
      [/\/networks$/, []],
      [/\/volumes$/, { Volumes: [] }],
      [/\/(services|secrets|configs)$/, []],
    ];
    const engine = createServer(({ url = "" }, response) => {
      asked.push(url);
      response.setHeader("content-type", "application/json").end(JSON.stringify(answers.find(([path]) => path.test(url))?.[1] ?? "OK"));
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    await prepareEngine((line) => said.push(line)).finally(() => engine.close());
    expect(said).toEqual([]);
    expect(asked[0]).toBe("/_ping");
    for (const image of ["agent-sessions-base:bookworm", "agent-sessions-session:slim-", "agent-sessions-egress-proxy:"])
      expect(asked).toContainEqual(expect.stringContaining(`/images/${image}`));
  });

  test("without a base image, none is made of this machine's packages", async () => {
    const engine = createServer(({ url = "" }, response) => {
      response.statusCode = url === "/_ping" ? 200 : 404;
      response.setHeader("content-type", "application/json").end(JSON.stringify({ message: "not here" }));
    });
    await new Promise<void>((resolve) => engine.listen(socket, resolve));
    vi.stubEnv("PATH", folder);
    await expect(prepareEngine((line) => said.push(line)).finally(() => engine.close())).rejects.toThrow(
      /--no-install forbids it|cannot make a base image/,
    );
  });
});
