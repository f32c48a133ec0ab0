import { chmodSync, chownSync, mkdirSync, realpathSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { checkHostPath } from "../../components/session-volumes/host-path.ts";
import { placeOf, relation } from "../../components/session-volumes/overlap.ts";
import { hostPath, overlapping } from "../../stacks/settings/host-paths.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";

/** What sessions may be given of the host beside what others of them may write. */

const root = temporaryFolder("host-paths");
const mayGive = process.getuid?.() === 0;
if (!mayGive) missing("only root can give a folder to the agent's uid, as a writable one must belong to it");

const at = (...parts: string[]) => join(root, ...parts);
for (const folder of ["box/inner", "box/own", "box/deep/er", "code", "boxes", "src"]) mkdirSync(at(folder), { recursive: true });
for (const folder of ["box", "box/inner", "box/deep", "box/deep/er", "boxes"]) if (mayGive) chownSync(at(folder), 1000, 1000);
for (const folder of ["box/inner", "box/own", "code"]) {
  writeFileSync(at(folder, "seccomp.json"), "{}");
  writeFileSync(at(folder, "ca.pem"), "-----BEGIN CERTIFICATE-----\n");
  writeFileSync(at(folder, "token"), "x");
  writeFileSync(at(folder, "text.md"), "Mend the tests.");
  writeFileSync(at(folder, "transform.ts"), "export default () => undefined;");
}
symlinkSync(at("code"), at("box/to-code"));
symlinkSync(at("box/to-code"), at("far"));
symlinkSync(at("box/inner"), at("to-inner"));
symlinkSync("/etc/passwd", at("box/inner/passwd"));

function refused(sessions: readonly object[], more: object = {}, environment: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parse({ allowedHostPaths: [root], sessions, ...more }, { root, environment });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}

const box = { mounts: [{ source: "box", target: "/data", readOnly: false }] };
/** Beside a session that writes in the box. */
const beside = (session: object, more: object = {}, environment: NodeJS.ProcessEnv = {}) =>
  refused(
    [
      { id: "writer", ...box },
      { id: "other", ...session },
    ],
    more,
    environment,
  );
const link = "it could put a link to anything there, and links are followed anew at each start; name a path outside of it";
const inBox = `lies in ${at("box")}, which session "writer" may write: ${link}.`;
const inner = at("box/inner");

describe.skipIf(!mayGive)("nothing is read from, or bound from, where a session may write", () => {
  test.each<[string, object, object, string]>([
    [
      "a repository",
      { repositories: [{ name: "x", path: "box/inner" }] },
      { repositories: [{ name: "x", path: "code" }] },
      'repositories[0].path: "box/inner"',
    ],
    [
      "a clone of a folder",
      { repositories: [{ name: "x", url: `file://${inner}` }] },
      { repositories: [{ name: "x", url: `file://${at("code")}` }] },
      `repositories[0].url: "${inner}"`,
    ],
    [
      "a mount",
      { mounts: [{ source: "box/inner", target: "/x" }] },
      { mounts: [{ source: "boxes", target: "/x" }] },
      'mounts[0].source: "box/inner"',
    ],
    [
      "a writable mount",
      { mounts: [{ source: "box/inner", target: "/x", readOnly: false }] },
      { mounts: [{ source: "boxes", target: "/x", readOnly: false }] },
      'mounts[0].source: "box/inner"',
    ],
    [
      "a workspace",
      { workspace: { kind: "host", path: "box/deep/er" } },
      { workspace: { kind: "host", path: "boxes" } },
      'workspace.path: "box/deep/er"',
    ],
    [
      "credentials",
      { credentials: { kind: "hostMount", path: "box/own" } },
      { credentials: { kind: "hostMount", path: "code" } },
      'credentials.path: "box/own"',
    ],
    [
      "a secret's file",
      { credentials: { kind: "file", secret: { file: "box/inner/token" } } },
      { credentials: { kind: "file", secret: { file: "code/token" } } },
      `credentials.secret: file ${inner}/token`,
    ],
    [
      "a secret's program",
      { credentials: { kind: "file", secret: { command: [`${inner}/get`] } } },
      { credentials: { kind: "file", secret: { command: [`${at("code")}/get`] } } },
      `credentials.secret: command ${inner}/get`,
    ],
    [
      "what a secret's program is given",
      { credentials: { kind: "file", secret: { command: ["cat", `${inner}/token`] } } },
      { credentials: { kind: "file", secret: { command: ["cat", `${at("code")}/token`] } } },
      "credentials.secret: a path of command cat",
    ],
    [
      "an option that a secret's program is given",
      { credentials: { kind: "file", secret: { command: ["cat", `--from=${inner}/token`] } } },
      { credentials: { kind: "file", secret: { command: ["cat", `--from=${at("code")}/token`] } } },
      "credentials.secret: a path of command cat",
    ],
    [
      "the secret of a clone",
      { repositories: [{ name: "x", url: "https://example.com/x", secret: { file: "box/inner/token" } }] },
      { repositories: [{ name: "x", url: "https://example.com/x", secret: { file: "code/token" } }] },
      `repositories[0].secret: file ${inner}/token`,
    ],
    [
      "a seccomp profile",
      { security: { seccompProfile: "box/inner/seccomp.json" } },
      { security: { seccompProfile: "code/seccomp.json" } },
      'security.seccompProfile: "box/inner/seccomp.json"',
    ],
    [
      "an agent's task",
      { agent: { taskFile: "box/inner/text.md" } },
      { agent: { taskFile: "code/text.md" } },
      'agent.taskFile: "box/inner/text.md"',
    ],
    [
      "an agent's settings",
      { agent: { settings: "box/inner/seccomp.json" } },
      { agent: { settings: "code/seccomp.json" } },
      'agent.settings: "box/inner/seccomp.json"',
    ],
    [
      "an agent's instructions",
      { agent: { instructions: "box/inner/text.md" } },
      { agent: { instructions: "code/text.md" } },
      'agent.instructions: "box/inner/text.md"',
    ],
  ])("%s", (_, faulty, innocent, named) => {
    expect(beside(faulty)).toEqual([`sessions[1].${named} ${inBox}`]);
    expect(beside(innocent)).toEqual([]);
  });

  test.each<[string, object, object, NodeJS.ProcessEnv, NodeJS.ProcessEnv, string]>([
    [
      "certificates",
      { image: { caBundle: "box/inner/ca.pem" } },
      { image: { caBundle: "code/ca.pem" } },
      {},
      {},
      'image.caBundle: "box/inner/ca.pem"',
    ],
    [
      "the user's certificates",
      {},
      {},
      { NODE_EXTRA_CA_CERTS: `${inner}/ca.pem` },
      { NODE_EXTRA_CA_CERTS: at("code/ca.pem") },
      `NODE_EXTRA_CA_CERTS: "${inner}/ca.pem"`,
    ],
    [
      "a transform",
      { local: { transform: "box/inner/transform.ts" } },
      { local: { transform: "code/transform.ts" } },
      {},
      {},
      'local.transform: "box/inner/transform.ts"',
    ],
    [
      "the engine's socket",
      { local: { engine: `unix://${inner}/x` } },
      { local: { engine: `unix://${at("code")}/x` } },
      {},
      {},
      `local.engine: "unix://${inner}/x"`,
    ],
    [
      "the engine's socket by its variable",
      {},
      {},
      { DOCKER_HOST: `unix://${inner}/x` },
      { DOCKER_HOST: `unix://${at("code")}/x` },
      `DOCKER_HOST: "unix://${inner}/x"`,
    ],
  ])("%s, for all sessions", (_, faulty, innocent, faultyVariables, innocentVariables, named) => {
    expect(refused([{ id: "writer", ...box }], faulty, faultyVariables)).toEqual([`${named} ${inBox}`]);
    expect(refused([{ id: "writer", ...box }], innocent, innocentVariables)).toEqual([]);
  });

  test("the folder of debug", () => {
    const writer = { id: "writer", mounts: [{ source: "src", target: "/data", readOnly: false }] };
    chownSync(at("src"), 1000, 1000);
    const rest = `is ${at("src")}, which session "writer" may write: what one puts there the other would take for its own; give each a folder of its own.`;
    expect(refused([writer], { local: { debug: true } })).toEqual([`local.debug: true mounts ./src, which ${rest}`]);
    expect(refused([writer], { local: { debug: false } })).toEqual([]);
  });

  test("a program that is found in a writable folder of PATH", () => {
    writeFileSync(at("box/inner/get"), "", { mode: 0o755 });
    const session = { id: "a", ...box, credentials: { kind: "file", secret: { command: ["get"] } } };
    expect(refused([session], {}, { PATH: `/nowhere:${inner}` })).toEqual([
      `sessions[0].credentials.secret: command get lies in ${at("box")}, which session "a" may write: ${link}.`,
    ]);
    expect(refused([session], {}, { PATH: "/nowhere" })).toEqual([]);
  });

  test("the attack itself: one session, its writable folder and a folder in that", () => {
    const mounts = [...box.mounts, { source: "box/inner", target: "/inner", readOnly: false }];
    const rest = `lies in ${at("box")}, which session "a" may write: ${link}.`;
    expect(refused([{ id: "a", mounts }])).toEqual([`sessions[0].mounts[1].source: "box/inner" ${rest}`]);
    expect(refused([{ id: "a", mounts: mounts.toReversed() }])).toEqual([`sessions[0].mounts[0].source: "box/inner" ${rest}`]);
    expect(refused([{ id: "a", ...box }])).toEqual([]);
  });

  test("the same folder for two, and one that holds it", () => {
    const same = 'which session "writer" may write: what one puts there the other would take for its own; give each a folder of its own.';
    expect(beside(box)).toEqual([`sessions[1].mounts[0].source: "box" is ${at("box")}, ${same}`]);
    expect(refused([{ id: "writer" }, { id: "other" }], { defaults: box })).toEqual([
      `defaults.mounts[0].source: "box" is ${at("box")}, ${same}`,
    ]);
    expect(refused([{ id: "only" }], { defaults: box })).toEqual([]);
    expect(beside({ mounts: [{ source: root, target: "/all" }] })).toEqual([
      `sessions[1].mounts[0].source: "${root}" holds ${at("box")}, which session "writer" may write: what it puts there would be taken for yours; keep the two apart.`,
    ]);
  });

  test.each([
    ["a link in it that leads out", "box/to-code", `is reached by the link ${at("box/to-code")}, which ${inBox}`],
    ["a link outside that leads through it", "far", `is reached by the link ${at("box/to-code")}, which ${inBox}`],
    ["a link outside that leads into it", "to-inner", inBox],
  ])("%s", (_, source, rest) => {
    expect(beside({ mounts: [{ source, target: "/x" }] })).toEqual([`sessions[1].mounts[0].source: "${source}" ${rest}`]);
  });

  test("a link that a session put in the place of what another's agent is told", () => {
    const path = "box/inner/passwd";
    for (const key of ["taskFile", "instructions"])
      expect(beside({ agent: { [key]: path } })).toEqual([
        `sessions[1].agent.${key}: "${path}" is reached by the link ${at(path)}, which ${inBox}`,
      ]);
  });

  test("what is not there yet, by a link into it", () => {
    const session = { credentials: { kind: "file", secret: { file: "to-inner/later" } } };
    expect(beside(session)).toEqual([`sessions[1].credentials.secret: file ${at("to-inner/later")} ${inBox}`]);
  });

  test("a mount in what the session may write of another", () => {
    const within = (target: string, readOnly = false) =>
      refused([
        {
          id: "a",
          mounts: [
            { ...box.mounts[0], readOnly },
            { source: "code", target },
          ],
        },
      ]);
    expect(within("/data//sub")).toEqual([
      "sessions[0]: the mount on /data//sub lies in the one on /data, which the session may write: it could put a link there, and be given the mount elsewhere; choose a target outside of it.",
    ]);
    expect([within("/data/sub", true), within("/database")]).toEqual([[], []]);
  });

  test("this program's own folder, and what holds or lies in it", () => {
    const program = realpathSync(fileURLToPath(new URL("../..", import.meta.url)));
    const of = (path: string, writable = true) => overlapping([hostPath(path, { named: "it", session: "a", writable })]);
    const rest = "the folder of this program, which whoever writes there could change; name a folder outside of it.";
    expect([program, join(program, ".."), join(program, "images/session")].map((path) => of(path))).toEqual([
      [`it is ${rest}`],
      [`it holds ${rest}`],
      [`it lies in ${rest}`],
    ]);
    expect([of(root), of(program, false)]).toEqual([[], []]);
  });
});

test("one folder by two names is one", () => {
  const [one, other] = [placeOf(at("box")), { ...placeOf(at("box")), path: "/elsewhere" }];
  expect(relation({ ...one, keys: one.keys.slice(1) }, { ...other, keys: ["/elsewhere", ...other.keys.slice(1)] })).toBe("is");
  expect(relation(placeOf(at("box/gone")), { ...other, keys: ["/elsewhere", ...other.keys.slice(1)] })).toBe("lies in");
  expect(relation(placeOf(at("box")), placeOf(at("boxes")))).toBeUndefined();
});

describe("folders that the system or everybody works in", () => {
  const verdict = (path: string) => checkHostPath(path, { base: root });
  const everything = "would hand over everything below it; name the one folder that is meant";
  test.each(["/tmp", "/var/tmp", "/private/tmp", "/private/var/tmp", "/tmp/", "/tmp/."])("%s itself", (path) => {
    expect(verdict(path)).toEqual({ refused: everything });
  });

  test.each(["/var/spool", "/var/cache", "/var/mail", "/var/backups", "/run", "/dev/shm"])("%s and what lies in it", (folder) => {
    const system = folder === "/dev/shm" ? "/dev" : folder;
    for (const path of [folder, `${folder}/x`])
      expect(verdict(path)).toEqual({ refused: `lies in the system folder ${system}; copy what is needed to a folder of its own` });
    expect(verdict(`${folder}x`)).toEqual({
      refused: folder === "/dev/shm" ? expect.any(String) : `does not exist on this machine (${folder}x)`,
    });
  });

  test.each([".cargo", ".m2", ".pip"])("~/%s", (folder) => {
    const refusal = { refused: `lies in ~/${folder}, which holds credentials; copy what is needed to a folder of its own` };
    expect([verdict(`/home/somebody/${folder}`), verdict(`/home/somebody/${folder}/x`)]).toEqual([refusal, refusal]);
    expect(verdict(`/home/somebody/${folder}x`)).toEqual({ refused: `does not exist on this machine (/home/somebody/${folder}x)` });
  });

  test("a folder in one where everybody may replace it, unless that has the sticky bit", () => {
    mkdirSync(at("open/to/all"), { recursive: true });
    const path = at("open/to/all");
    expect(verdict(path)).toEqual({ path });
    chmodSync(at("open"), 0o777);
    expect(verdict(path)).toEqual({
      refused: `lies in ${at("open")}, where everybody may put a link in its place; run: chmod o-w ${at("open")}, or name another folder`,
    });
    chmodSync(at("open"), 0o1777);
    expect(verdict(path)).toEqual({ path });
    chmodSync(path, 0o777);
    expect(verdict(path)).toEqual({ path });
  });
});
