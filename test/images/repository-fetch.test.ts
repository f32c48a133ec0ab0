import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { plainOutput } from "../../components/container-engine/output.ts";
import { temporaryFolder } from "../support/folder.ts";
import { buildSessionImage, docker, whyNot } from "./live-session.ts";
import { missing } from "../support/missing.ts";

const reason = await whyNot();
if (reason !== undefined) missing(`tests of repository-fetch, as ${reason}`);

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

  /** Runs a line of bash as the clone container runs its program; `fetch NAME REF` in it fetches one of the repositories. */
  const run = async (volume: string, line: string) => {
    const fetch = "fetch() { REPOSITORY_URL=file:///source/$1 REPOSITORY_REF=${2:-main} repository-fetch 2>&1; }";
    const container = await docker.createContainer({
      Image: image,
      User: "1000:1000",
      Entrypoint: ["/usr/bin/tini", "--", "bash", "-c", `${fetch}\n${line}`],
      WorkingDir: "/workspace",
      Env: ["REPOSITORY_USERNAME=me"],
      HostConfig: {
        ReadonlyRootfs: true,
        CapDrop: ["ALL"],
        NetworkMode: "none",
        Tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=16m,mode=1777" },
        Binds: [`${volume}:/workspace`, `${root}:/source:ro`, `${secret}:/secret:ro`],
      },
    });
    try {
      await container.start();
      await container.wait();
      return plainOutput(await container.logs({ stdout: true, stderr: true }));
    } finally {
      await container.remove({ force: true });
    }
  };
  /** What stands at the end of a line when nothing ran and the password is in no file. */
  const nothingRan = "; ls -d ran stolen 2>/dev/null; grep -rlF a-password-of-nobody .; echo clean";

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

  test("no tracked file becomes configuration, whatever it is called, and no code runs beside the password", async () => {
    const names = [".incoming", ".git.new", ".fetching-0000000000000000", "hooks"];
    const source = repository("tracked", {
      ...Object.fromEntries(names.map((name) => [`${name}/config`, hostileConfig])),
      ".incoming/hooks/post-checkout": `#!/bin/sh\n${theft}\n`,
      "hooks/reference-transaction": `#!/bin/sh\n${theft}\n`,
      ".gitattributes": "* filter=x\n",
      ".gitmodules": '[submodule "m"]\n\tpath = m\n\turl = ./m\n',
    });
    for (const hook of ["hooks/reference-transaction", ".incoming/hooks/post-checkout"]) chmodSync(join(source, hook), 0o755);
    for (const text of ["first", "second", "third"]) {
      commit(source, { file: text });
      git(source, ["tag", text]);
    }
    const lines = ["first", "second", "third"].map((ref) => `fetch tracked ${ref} >/dev/null && cat file && echo`);
    expect(await run(newVolume(), `${lines.join(" && ")} && grep -c ext:: .incoming/config .git/config${nothingRan}`)).toBe(
      "first\nsecond\nthird\n.incoming/config:1\n.git/config:0\nclean",
    );
  });

  test("what a git folder was poisoned with is gone before git reads it", async () => {
    const source = repository("poisoned", { file: "first", ".gitattributes": "" });
    git(source, ["tag", "first"]);
    commit(source, { file: "second" });
    const poison = `cat > .git/config <<'end'
${hostileConfig}
end
      cp .git/config .git/config.worktree; mkdir -p .git/info .git/hooks .git/objects/info hooks
      echo '* filter=x' > .git/info/attributes; echo /source/poisoned/.git/objects > .git/objects/info/alternates
      for hook in hooks .git/hooks; do printf '#!/bin/sh\\n%s\\n' '${theft}' > $hook/post-checkout; chmod +x $hook/post-checkout; done
      touch .git/index.lock .git/refs/heads/main.lock .git/objects/tmp_obj_x loose`;
    const after = "cat file; echo; ls -A; ls -A .git; find .git -name '*.lock' -o -name 'tmp_*'";
    expect(
      await run(newVolume(), `fetch poisoned first >/dev/null; ${poison}; fetch poisoned >/dev/null && ${after}${nothingRan}`),
    ).toMatch(/^second\n\.git\n\.gitattributes\nfile\nFETCH_HEAD\nHEAD\nconfig\nindex\nlogs\nobjects\nrefs\nclean$/);
  });

  test("a tree with .git in any spelling that git knows is refused, and what was there stays", async () => {
    const source = repository("spellings", { file: "kept" });
    const good = git(source, ["rev-parse", "main"]);
    const names = [".git", ".GIT", "git~1", ".g\u200cit", ".git ", ".git::$INDEX_ALLOCATION"];
    for (const [at, name] of names.entries()) {
      git(source, ["update-ref", "refs/heads/main", good]);
      execFileSync("cp", ["-a", source, `${source}-${at}`]);
      commitTree(`${source}-${at}`, name);
    }
    const volume = newVolume();
    const lines = names.map((_, at) => `fetch spellings-${at} | grep -m1 -o "contains '.git'"`);
    expect(await run(volume, `fetch spellings; ${lines.join("; ")}; cat file; echo; git --git-dir=.git rev-parse HEAD${nothingRan}`)).toBe(
      [good, ...names.map(() => "contains '.git'"), "kept", good, "clean"].join("\n"),
    );
  });

  test("a link into the git folder is followed by no checkout", async () => {
    const source = repository("links", { file: "first" });
    execFileSync("ln", ["-s", ".git", join(source, "link")]);
    commit(source, { file: "second" });
    git(source, ["tag", "second"]);
    git(source, ["rm", "-q", "link"]);
    commit(source, { "link/config": hostileConfig });
    git(source, ["tag", "third"]);
    commit(source, { file: "fourth" });
    const lines = ["second", "third", "main"].map((ref) => `fetch links ${ref} >/dev/null && cat file && echo`);
    expect(await run(newVolume(), `${lines.join(" && ")} && grep -c ext:: .git/config${nothingRan}`)).toBe(
      "second\nsecond\nfourth\n0\nclean",
    );
  });

  test("a first clone replaces whatever is there, once everything was fetched and not before", async () => {
    repository("replaces", { file: "new" });
    mkdirSync(join(root, "empty"));
    const before = "mkdir .incoming .fetching-old && printf old > file && ln -s /source/replaces/.git .git";
    const failed = "fetch empty >/dev/null || echo failed; cat file; echo; ls -A";
    expect(await run(newVolume(), `${before}; ${failed}; fetch replaces >/dev/null; ls -A; ${failed}${nothingRan}`)).toBe(
      "failed\nold\n.git\n.incoming\nfile\n.git\nfile\nfailed\nnew\n.git\nfile\nclean",
    );
  });

  test("only URLs are cloned, not what git takes for commands and folders", async () => {
    const urls = ["ext::sh -c touch% /workspace/ran", "/source/replaces", "fd::0", "../source/replaces"];
    const lines = urls.map((url) => `REPOSITORY_URL='${url}' repository-fetch 2>&1 || echo $?`);
    const sentence = "cannot be cloned; write a URL that begins with https://, http://, git://, ssh:// or file://";
    expect(await run(newVolume(), `${lines.join("\n")}; ls -A${nothingRan}`)).toBe(
      [...urls.flatMap((url) => [`${url} ${sentence}`, "1"]), "clean"].join("\n"),
    );
  });
});
