import { randomUUID } from "node:crypto";
import type Docker from "dockerode";
import { afterAll, beforeAll, describe, expect } from "vitest";
import { repositoryCopy, repositoryMirror } from "../../components/session-volumes/clone.ts";
import type { Companion } from "../../components/session-part.ts";
import { securityOpts } from "../../components/seccomp/docker.ts";
import { baseline } from "../../policy/baseline.ts";
import { missing } from "../support/missing.ts";
import { docker, sessionTests, until, whyNot } from "./live-session.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of what hands out clones, as ${reason}`);

describe.skipIf(reason !== undefined)("what hands out a clone", () => {
  const { test, image } = sessionTests();
  const stem = `repository-mirror-${randomUUID().slice(0, 8)}`;
  const args = { project: "p", stack: "s", name: "tools", url: "https://git.example/tools", image: "" };
  const containers: Docker.Container[] = [];

  /** A companion, hardened, with one volume, on the network of the mirror. */
  async function start(
    name: string,
    { program, environment }: Pick<Companion, "program" | "environment">,
    volume: string,
  ): Promise<Docker.Container> {
    const container = await docker.createContainer({
      name: `${stem}-${name}`,
      Image: image(),
      User: "1000:1000",
      WorkingDir: "/workspace",
      Entrypoint: [...baseline.init, ...program],
      Env: Object.entries(environment).map(([key, value]) => `${key}=${value}`),
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        SecurityOpt: securityOpts("docker"),
        Tmpfs: { "/tmp": "rw,noexec,size=16m" },
        Binds: [volume],
        NetworkMode: stem,
      },
      NetworkingConfig: { EndpointsConfig: { [stem]: { Aliases: [`repository-${name}`] } } },
    });
    containers.push(container);
    await container.start();
    return container;
  }
  const bash = (line: string) => ({ program: ["/bin/bash", "-ec", line], environment: {} });
  async function ended(container: Docker.Container): Promise<{ code: number; out: string }> {
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    return { code: StatusCode, out: (await container.logs({ stdout: true, stderr: true, follow: false })).toString() };
  }

  beforeAll(async () => {
    await docker.createNetwork({ Name: stem, Internal: true });
    const made = await start(
      "make",
      bash(
        "git init -q . && git config user.email a@b && git config user.name a && mkdir folder && echo one >folder/file && ln -s /etc/passwd link && chmod +x folder/file && git add . && git commit -qm one",
      ),
      `${stem}-kept:/workspace`,
    );
    expect(await ended(made)).toMatchObject({ code: 0 });
    await start("tools", repositoryMirror(args), `${stem}-kept:/workspace:ro`);
  }, 600_000);
  afterAll(async () => {
    for (const container of containers) await container.remove({ force: true });
    await docker.getNetwork(stem).remove();
    for (const volume of ["kept", "copied", "root"]) await docker.getVolume(`${stem}-${volume}`).remove();
  }, 60_000);

  test("hands it out as it stands, again and again, to whoever copies it, and what was left there goes", async () => {
    const left = await start("left", bash("echo old >leftover"), `${stem}-copied:/workspace`);
    expect(await ended(left)).toMatchObject({ code: 0 });
    for (const time of ["first", "second"])
      expect(await ended(await start(time, repositoryCopy(args), `${stem}-copied:/workspace`)), time).toMatchObject({ code: 0 });
    const look = await start(
      "look",
      bash("git status --porcelain; git log --format=%s; readlink link; stat -c %A folder/file; ls"),
      `${stem}-copied:/workspace`,
    );
    expect((await ended(look)).out.replace(/[^\n -~]/g, "")).toMatch(/one\n.*\/etc\/passwd\n.*-rwxr-xr-x\n.*folder\n.*link\n$/s);
  }, 60_000);

  test("fills a folder that belongs to root, as volumes of a pod do", async () => {
    const DriverOpts = { type: "tmpfs", device: "tmpfs", o: "uid=0,gid=1000,mode=2777" };
    await docker.createVolume({ Name: `${stem}-root`, DriverOpts });
    expect(await ended(await start("root", repositoryCopy(args), `${stem}-root:/workspace:nocopy`))).toMatchObject({ code: 0 });
  }, 60_000);

  test("answers nothing else, and ends a copy that breaks off as no whole one", async () => {
    const ask = await start(
      "ask",
      bash(
        "for path in /x /../etc/passwd; do curl -s -o /dev/null -w '%{http_code} ' --path-as-is --retry 5 --retry-connrefused http://repository-tools:8418$path; done; curl -s -o /dev/null -w '%{http_code}' -X PUT -d x http://repository-tools:8418/",
      ),
      `${stem}-copied:/workspace`,
    );
    expect((await ended(ask)).out).toContain("404 404 404");
    const mirror = docker.getContainer(`${stem}-tools`);
    const check = await mirror.exec({ Cmd: ["node", "/usr/local/lib/agent-sessions/repository-mirror.js", "--check"] });
    (await check.start({})).resume();
    await until(
      async () => !(await check.inspect()).Running,
      30,
      async () => "the end of the check",
    );
    expect((await check.inspect()).ExitCode).toBe(0);
    // What its user cannot read is in no archive, and an archive without it is none.
    const hide = await start("hide", bash("chmod 0 folder/file"), `${stem}-kept:/workspace`);
    expect(await ended(hide)).toMatchObject({ code: 0 });
    const copy = await ended(await start("broken", repositoryCopy(args), `${stem}-copied:/workspace`));
    expect(copy.code).not.toBe(0);
  }, 60_000);
});
