import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { temporaryFolder } from "../support/folder.ts";
import { buildSessionImage, docker, whyNot } from "./live-session.ts";

const reason = await whyNot();
if (reason !== undefined) console.warn(`skipped: tests of repository-fetch, as ${reason}`);

const password = "a-password-of-nobody";
/** What a hostile configuration names: it would carry the password to where sessions read it. */
const theft = "cp /secret/password /workspace/stolen; touch /workspace/ran";
const hostileConfig = `[core]
	repositoryformatversion = 0
	fsmonitor = "${theft}; false"
	hooksPath = /workspace/hooks
	sshCommand = "${theft}"
[filter "x"]
	smudge = "${theft}; cat"
[extensions]
	worktreeConfig = true
[protocol "ext"]
	allow = always
[url "ext::sh -c ${theft.replaceAll(" ", "% ").replaceAll(";", "%;")}"]
	insteadOf = file:///
`;

describe.skipIf(reason !== undefined)("the fetch of a hostile repository", { timeout: 60_000 }, () => {
  const root = temporaryFolder("fetch");
  const secret = join(root, "secret");
  const volumes: string[] = [];
  let image = "";

  beforeAll(async () => {
    chmodSync(root, 0o755);
    mkdirSync(secret);
    writeFileSync(join(secret, "password"), password, { mode: 0o444 });
    image = await buildSessionImage();
  }, 600_000);
  afterAll(async () => {
    for (const volume of volumes) await docker.getVolume(volume).remove({ force: true });
  });

  const newVolume = () => {
    const volume = `repository-fetch-test-${randomUUID().slice(0, 8)}`;
    volumes.push(volume);
    return volume;
  };

  /** Runs a program as the clone container does. */
  const run = async (volume: string, source: string, program: readonly string[], url = "file:///source") => {
    const container = await docker.createContainer({
      Image: image,
      User: "1000:1000",
      Entrypoint: ["/usr/bin/tini", "--", ...program],
      WorkingDir: "/workspace",
      Env: [`REPOSITORY_URL=${url}`, "REPOSITORY_REF=", "REPOSITORY_USERNAME=me"],
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        NetworkMode: "none",
        Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777" },
        Binds: [`${volume}:/workspace`, `${source}:/source:ro`, `${secret}:/secret:ro`],
      },
    });
    try {
      await container.start();
      const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
      return { code, output: plainOutput(await container.logs({ stdout: true, stderr: true })) };
    } finally {
      await container.remove({ force: true });
    }
  };
  const fetch = (volume: string, source: string, url?: string) => run(volume, source, ["/usr/local/bin/repository-fetch"], url);
  const shell = (volume: string, line: string) => run(volume, root, ["bash", "-c", line]);

  const git = (folder: string, args: readonly string[], input?: string) =>
    execFileSync("git", ["-C", folder, "-c", "user.name=t", "-c", "user.email=t@localhost", ...args], {
      encoding: "utf8",
      input,
      stdio: ["pipe", "pipe", "ignore"],
    }).trim();
  /** A repository with these files in one commit. */
  const repository = (name: string, files: Readonly<Record<string, string>>) => {
    const folder = join(root, name);
    mkdirSync(folder);
    git(folder, ["init", "-q", "-b", "main"]);
    commit(folder, files);
    return folder;
  };
  const commit = (folder: string, files: Readonly<Record<string, string>>) => {
    for (const [path, content] of Object.entries(files)) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), content);
    }
    git(folder, ["add", "-f", "."]);
    git(folder, ["commit", "-qm", "work"]);
  };
  /** A commit that git itself would not make: files below a folder of any name. */
  const commitTree = (folder: string, name: string) => {
    const blob = git(folder, ["hash-object", "-w", "--stdin"], hostileConfig);
    const tree = git(folder, ["mktree"], `100644 blob ${blob}\tconfig\n`);
    const top = Buffer.concat([Buffer.from(`40000 ${name}\0`), Buffer.from(tree, "hex")]);
    const outer = execFileSync("git", ["-C", folder, "hash-object", "-t", "tree", "--literally", "-w", "--stdin"], { input: top });
    git(folder, ["update-ref", "refs/heads/main", git(folder, ["commit-tree", "-m", "evil", "-p", "main", String(outer).trim()])]);
  };
  const nothingRan = async (volume: string) =>
    expect((await shell(volume, "ls -d ran stolen 2>/dev/null; grep -rlF a-password-of-nobody . ; true")).output).toBe("");

  test("no tracked file becomes configuration, whatever it is called, and no code runs beside the password", async () => {
    const names = [".incoming", ".git.new", ".fetching-0000000000000000", "hooks"];
    const source = repository("tracked", {
      ...Object.fromEntries(names.map((name) => [`${name}/config`, hostileConfig])),
      ".incoming/hooks/post-checkout": `#!/bin/sh\n${theft}\n`,
      "hooks/reference-transaction": `#!/bin/sh\n${theft}\n`,
      ".gitattributes": "* filter=x\n",
      ".gitmodules": '[submodule "m"]\n\tpath = m\n\turl = ./m\n',
      ".agent-sessions-filling": "",
    });
    for (const hook of ["hooks/reference-transaction", ".incoming/hooks/post-checkout"]) chmodSync(join(source, hook), 0o755);
    git(source, ["commit", "-qam", "modes"]);
    const volume = newVolume();
    expect(await fetch(volume, source)).toEqual({ code: 0, output: expect.stringMatching(/[0-9a-f]{40}$/) });
    for (const text of ["second", "third"]) {
      commit(source, { file: text });
      expect((await fetch(volume, source)).code).toBe(0);
      expect((await shell(volume, "cat file; grep -c ext:: .incoming/config .git/config")).output).toMatch(
        new RegExp(`^.*${text}.*\\.incoming/config:1.*\\.git/config:0`, "s"),
      );
    }
    await nothingRan(volume);
  });

  test("what a git folder was poisoned with is gone before git reads it", async () => {
    const source = repository("poisoned", { file: "first", ".gitattributes": "" });
    const volume = newVolume();
    await fetch(volume, source);
    const script = `cat > .git/config; cp .git/config .git/config.worktree; mkdir -p .git/info .git/hooks .git/objects/info hooks
      echo '* filter=x' > .git/info/attributes; echo /source/.git/objects > .git/objects/info/alternates
      for hook in hooks .git/hooks; do printf '#!/bin/sh\\n%s\\n' ${JSON.stringify(theft)} > $hook/post-checkout; chmod +x $hook/post-checkout; done
      touch .git/index.lock .git/refs/heads/main.lock .git/objects/tmp_obj_x loose`;
    await shell(volume, `(${script}) <<'end'\n${hostileConfig}\nend`);
    commit(source, { file: "second" });
    expect(await fetch(volume, source)).toMatchObject({ code: 0 });
    expect((await shell(volume, "cat file; ls -A; ls -A .git; find .git -name '*.lock' -o -name 'tmp_*'")).output).toMatch(
      /second\.git\n\.gitattributes\nfile\nFETCH_HEAD\nHEAD\nconfig\nindex\nlogs\nobjects\nrefs$/s,
    );
    await nothingRan(volume);
  });

  test("a tree with .git in any spelling that git knows is refused, and what was there stays", async () => {
    const source = repository("spellings", { file: "kept" });
    const good = git(source, ["rev-parse", "main"]);
    const volume = newVolume();
    await fetch(volume, source);
    for (const name of [".git", ".GIT", "git~1", ".g\u200cit", ".git ", ".git::$INDEX_ALLOCATION"]) {
      git(source, ["update-ref", "refs/heads/main", good]);
      commitTree(source, name);
      const { code, output } = await fetch(volume, source);
      expect([name, code, output]).toEqual([name, 128, expect.stringContaining("contains '.git'")]);
    }
    expect((await shell(volume, `cat file; git --git-dir=.git rev-parse HEAD`)).output).toMatch(new RegExp(`kept.*${good}$`, "s"));
    await nothingRan(volume);
  });

  test("a link into the git folder is followed by no checkout", async () => {
    const source = repository("links", { file: "first" });
    const volume = newVolume();
    execFileSync("ln", ["-s", ".git", join(source, "link")]);
    commit(source, { file: "second" });
    expect((await fetch(volume, source)).code).toBe(0);
    git(source, ["rm", "-q", "link"]);
    commit(source, { "link/config": hostileConfig });
    expect((await fetch(volume, source)).code).toBe(0);
    commit(source, { file: "third" });
    expect((await fetch(volume, source)).code).toBe(0);
    expect((await shell(volume, "cat file; grep -c ext:: .git/config")).output).toMatch(/third.*0$/s);
    await nothingRan(volume);
  });

  test("a first clone replaces whatever is there, once everything was fetched and not before", async () => {
    const [source, empty, volume] = [repository("replaces", { file: "new" }), join(root, "empty"), newVolume()];
    mkdirSync(empty);
    await shell(volume, "mkdir .incoming .fetching-old && echo old > file && ln -s /source/.git .git");
    expect((await fetch(volume, empty)).code).toBe(128);
    expect((await shell(volume, "cat file; ls -A")).output).toMatch(/old.*\.git\n\.incoming\nfile$/s);
    expect((await fetch(volume, source)).code).toBe(0);
    expect((await shell(volume, "cat file; ls -A")).output).toMatch(/new\n?\.git\nfile$/s);
    expect((await fetch(volume, empty)).code).toBe(128);
    expect((await shell(volume, "cat file")).output).toContain("new");
  });

  test.each(["ext::sh -c touch% /workspace/ran", "/source", "fd::0"])("%s is no URL to clone", async (url) => {
    const volume = newVolume();
    expect(await fetch(volume, root, url)).toEqual({
      code: 1,
      output: expect.stringContaining("cannot be cloned; write a URL that begins with"),
    });
    expect((await shell(volume, "ls -A")).output).toBe("");
  });
});
