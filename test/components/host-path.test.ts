import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from "vitest";
import { checkHostPath, type HostPathRules } from "../../components/session-volumes/host-path.ts";
import { wayTo } from "../../components/session-volumes/overlap.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("host-path");
const judge = (path: string, rules: Partial<HostPathRules> = {}) => checkHostPath(path, { base: root, ...rules });
/** What is said of a path that is in no list: whether it is there is asked last. */
const missing = (path: string) => ({ refused: `does not exist on this machine (${path})` });

afterEach(() => void vi.unstubAllEnvs());

describe("a system folder of the host, and what lies in it, is refused; its neighbour is not", () => {
  test.each([
    ["/bin", "/binary"],
    ["/boot", "/boots"],
    ["/dev", "/devices"],
    ["/etc", "/etcetera"],
    ["/lib", "/libraries"],
    ["/lib32", "/lib320"],
    ["/lib64", "/lib640"],
    ["/libx32", "/libx320"],
    ["/proc", "/process"],
    ["/root", "/roots"],
    ["/sbin", "/sbins"],
    ["/sys", "/system"],
    ["/usr", "/users"],
    ["/run", "/runner"],
    ["/var/lib/containerd", "/var/lib/containerd2"],
    ["/var/lib/containers", "/var/lib/containers2"],
    ["/var/lib/docker", "/var/lib/docker2"],
    ["/var/lib/kubelet", "/var/lib/kubelet2"],
    ["/var/log", "/var/logger"],
    ["/var/run", "/var/runner"],
    ["/private/etc", "/private/etcetera"],
    ["/private/var/run", "/private/var/runner"],
    ["/System", "/Systems"],
    ["/Library", "/Libraries"],
  ])("%s, %s", (folder, neighbour) => {
    const refused = { refused: `lies in the system folder ${folder}; copy what is needed to a folder of its own` };
    expect(judge(folder)).toEqual(refused);
    expect(judge(`${folder}/`)).toEqual(refused);
    expect(judge(`${folder}/a/b`)).toEqual(refused);
    expect(judge(neighbour)).toEqual(missing(neighbour));
  });
});

describe("a folder of folders is refused, and one in it is not", () => {
  test.each(["/", "/home", "/Users", "/var", "/var/lib", "/private", "/private/var", "/opt", "/srv", "/mnt", "/media"])("%s", (folder) => {
    const refused = { refused: "would hand over everything below it; name the one folder that is meant" };
    for (const written of [folder, `${folder}/`, `${folder}//`, `/.${folder}`]) expect(judge(written)).toEqual(refused);
    const inside = `${folder === "/" ? "" : folder}/of-nobody/data`;
    expect(judge(inside)).toEqual(missing(inside));
  });
});

describe("a user's credentials are refused, whoever runs this, and the folder beside them is not", () => {
  const folders = [".ssh", ".aws", ".azure", ".docker", ".kube", ".gnupg", ".config", ".pulumi", ".password-store", ".local"];
  describe.each(["/home/of-nobody", "/Users/of-nobody", "own"])("of %s", (given) => {
    const home = given === "own" ? join(root, "my-home") : given;
    beforeAll(() => void (given === "own" && mkdirSync(home)));

    test.each(folders)("%s", (folder) => {
      if (given === "own") vi.stubEnv("HOME", home);
      const refused = { refused: `lies in ~/${folder}, which holds credentials; copy what is needed to a folder of its own` };
      expect(judge(`${home}/${folder}`)).toEqual(refused);
      expect(judge(`${home}/${folder}/deep/er`)).toEqual(refused);
      expect(judge(`${home}/${folder}2`)).toEqual(missing(`${home}/${folder}2`));
    });

    test("the home itself", () => {
      if (given === "own") vi.stubEnv("HOME", home);
      expect(judge(home)).toEqual({ refused: "is the home folder, with its credentials; name a folder in it" });
      expect(judge(`${home}/code`)).toEqual(missing(`${home}/code`));
    });
  });

  test("a home that is a link, and one that is not there", () => {
    symlinkSync(join(root, "real-home"), join(root, "link-home"));
    mkdirSync(join(root, "real-home/.ssh"), { recursive: true });
    vi.stubEnv("HOME", join(root, "link-home"));
    expect(judge("real-home/.ssh")).toEqual({ refused: expect.stringMatching(/^lies in ~\/\.ssh, which holds credentials;/) });
    vi.stubEnv("HOME", join(root, "no-home"));
    expect(judge("no-home/.ssh")).toEqual({ refused: expect.stringMatching(/^lies in ~\/\.ssh, which holds credentials;/) });
  });
});

describe("what a path must be", () => {
  const server = createServer();
  beforeAll(async () => {
    mkdirSync(join(root, "code/inner"), { recursive: true });
    writeFileSync(join(root, "file"), "");
    symlinkSync("/etc", join(root, "to-etc"));
    symlinkSync(join(root, "code"), join(root, "to-code"));
    symlinkSync(join(root, "nothing"), join(root, "to-nothing"));
    await new Promise<void>((resolve) => server.listen(join(root, "socket"), resolve));
  });
  afterAll(() => void server.close());

  test.each([
    ["", "is empty; name a folder"],
    ["  ", "is empty; name a folder"],
    ["code/../code", 'climbs with ".."; write the full path that is meant'],
    ["..", 'climbs with ".."; write the full path that is meant'],
    ["file", "is not a folder"],
    ["socket", "is a socket; an agent with a socket of the host holds whatever listens there"],
    ["to-etc", "leads to /etc, which lies in the system folder /etc; copy what is needed to a folder of its own"],
    ["to-nothing", `does not exist on this machine (${root}/to-nothing)`],
  ])("%j is refused", (path, refused) => {
    expect(judge(path)).toEqual({ refused });
  });

  test("any other folder is taken by its real path", () => {
    for (const written of ["code", "./code/", "code//", "to-code", join(root, "code")])
      expect(judge(written)).toEqual({ path: join(root, "code") });
    expect(judge("..code")).toEqual(missing(join(root, "..code")));
  });

  test("a folder behind one that this user may not enter is said to be unreadable", ({ skip }) => {
    if (process.getuid?.() === 0) skip("root may enter every folder");
    mkdirSync(join(root, "closed/inner"), { recursive: true });
    chmodSync(join(root, "closed"), 0);
    expect(judge("closed/inner")).toEqual({ refused: "cannot be read by this user" });
    chmodSync(join(root, "closed"), 0o700);
  });
});

describe("a writable folder", () => {
  const uid = process.getuid?.() ?? 0;
  const outside = { refused: "is to be writable and lies in none of allowedHostPaths; add the folder that holds it there" };
  const writable = (path: string, allowedRoots?: readonly string[], owner?: number) =>
    judge(path, { writable: true, ...(allowedRoots && { allowedRoots }), ...(owner !== undefined && { owner }) });
  beforeAll(() => {
    for (const folder of ["box/inner", "boxes"]) mkdirSync(join(root, folder), { recursive: true });
    symlinkSync(join(root, "box"), join(root, "to-box"));
    symlinkSync(join(root, "boxes"), join(root, "box/to-boxes"));
  });

  test("must lie in one of the allowed ones, and a neighbour of a like name does not", () => {
    const box = join(root, "box");
    expect(writable("box")).toEqual(outside);
    expect(writable("box", [])).toEqual(outside);
    for (const allowed of [box, "box", "./box/", "to-box"]) {
      expect(writable("box", [allowed])).toEqual({ path: box });
      expect(writable("box/inner", [join(root, "gone"), allowed])).toEqual({ path: join(box, "inner") });
      expect(writable("boxes", [allowed])).toEqual(outside);
      expect(writable("box/to-boxes", [allowed])).toEqual(outside);
    }
    expect(writable("box", ["box/inner"])).toEqual(outside);
    expect(writable("box", ["/"])).toEqual({ path: box });
    // One that is only read may lie anywhere.
    expect(judge("box", { allowedRoots: [] })).toEqual({ path: box });
    expect(judge("box", { writable: false, allowedRoots: [], owner: uid + 1 })).toEqual({ path: box });
  });

  test("must belong to the agent", () => {
    const box = join(root, "box");
    expect(writable("box", ["box"], uid)).toEqual({ path: box });
    expect(writable("box", ["box"], uid + 1)).toEqual({
      refused: `belongs to uid ${uid}, and the agent is uid ${uid + 1}; run: chown -R ${uid + 1} ${box}`,
    });
  });
});

describe("the socket of a container engine is refused for what it is, wherever it is and whether it is there", () => {
  test.each([
    "/var/run/docker.sock",
    "/run/docker.sock",
    "/run/user/1000/podman/podman.sock",
    "/run/containerd/containerd.sock",
    "docker.sock",
  ])("%s", (path) => {
    expect(judge(path)).toEqual({
      refused: "is the socket of a container engine, and who holds it is root on this machine; take the mount out",
    });
  });
  test("a link to it is, too", () => {
    writeFileSync(join(root, "podman.sock"), "");
    symlinkSync(join(root, "podman.sock"), join(root, "linked"));
    expect(judge("linked")).toEqual({ refused: expect.stringContaining("is the socket of a container engine") });
  });
});

test("the links on the way to a path are all told, also those that a link leads by, with where it ends, and a circle ends", () => {
  const folder = join(root, "links");
  mkdirSync(join(folder, "real/inner"), { recursive: true });
  symlinkSync(join(folder, "real"), join(folder, "absolute"));
  symlinkSync("real", join(folder, "relative"));
  symlinkSync(join(folder, "absolute/inner"), join(folder, "by"));
  symlinkSync("circle", join(folder, "circle"));
  const told = (path: string) => wayTo(join(folder, path)).links.map((link) => link.replace(`${folder}/`, ""));
  expect(told("real/inner")).toEqual([]);
  expect(told("absolute/inner")).toEqual(["absolute"]);
  expect(told("relative/inner")).toEqual(["relative"]);
  expect(told("by")).toEqual(["by", "absolute"]);
  expect(told("circle")).toHaveLength(40);
  const end = (path: string) => wayTo(join(folder, path)).end;
  for (const path of ["real/inner", "absolute/inner", "relative/inner", "by"]) expect(end(path)).toBe(join(folder, "real/inner"));
  expect(end("gone/too")).toBe(join(folder, "gone/too"));
  expect(end("by/gone/too")).toBe(join(folder, "real/inner/gone/too"));
});
