import { mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { temporaryFolder } from "../support/folder.ts";

/** What the SDK makes of a secret. */
const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
const output = { "4dabf18193072939515e22adb298388d": "d0e6a833031e9bbcd3f4e8bde6ca49a4", value: "open" };

const folder = temporaryFolder("secret-inputs");
let users = 0;

/** The module as a process of a user's loads it. */
async function loaded(home = join(folder, String(++users))) {
  vi.stubEnv("XDG_STATE_HOME", home);
  vi.resetModules();
  return { home, file: join(home, "agent-sessions/hash-key"), ...(await import("../../stacks/recorder/secret-inputs.ts")) };
}

beforeEach(() => void vi.unstubAllEnvs());
afterEach(() => void vi.unstubAllEnvs());

const inputs = {
  plain: "a",
  nothing: null,
  number: 4,
  whole: secret("hunter2"),
  list: ["b", secret("hunter3"), [secret("hunter4")]],
  object: { deep: secret({ x: "hunter5", inner: secret(["hunter6"]) }), beside: "c" },
  output,
};

test("inputs that the engine is given are as they were written", async () => {
  const { revealSecrets } = await loaded();
  expect(revealSecrets(inputs)).toEqual({
    plain: "a",
    nothing: null,
    number: 4,
    whole: "hunter2",
    list: ["b", "hunter3", ["hunter4"]],
    object: { deep: { x: "hunter5", inner: ["hunter6"] }, beside: "c" },
    output,
  });
});

test("inputs that are kept and shown have a hash in each secret's place, and nothing else changed", async () => {
  const { concealSecrets } = await loaded();
  const hash = expect.stringMatching(/^\[secret [0-9a-f]{16}\]$/);
  const concealed = concealSecrets(inputs);
  expect(concealed).toEqual({
    plain: "a",
    nothing: null,
    number: 4,
    whole: hash,
    list: ["b", hash, [hash]],
    object: { deep: hash, beside: "c" },
    output,
  });
  expect(JSON.stringify(concealed)).not.toContain("hunter");
});

test("a hash tells a changed secret, and one user's is not another's", async () => {
  const one = await loaded();
  const hash = ({ concealSecrets }: typeof one, value: unknown) => concealSecrets({ x: secret(value) }).x;
  expect(hash(one, "a")).toBe(hash(one, "a"));
  expect(hash(one, "a")).not.toBe(hash(one, "b"));
  expect(hash(one, ["a"])).not.toBe(hash(one, "a"));
  const again = await loaded(one.home);
  expect(hash(again, "a")).toBe(hash(one, "a"));
  expect(hash(await loaded(), "a")).not.toBe(hash(one, "a"));
});

test("the key is this user's alone, made once and kept", async () => {
  const { concealSecrets, file } = await loaded();
  concealSecrets({ x: "none" });
  expect(() => statSync(file)).toThrow("ENOENT");
  concealSecrets({ x: secret("a") });
  const key = readFileSync(file);
  expect(key).toHaveLength(32);
  expect([statSync(file).mode & 0o777, statSync(join(file, "..")).mode & 0o777]).toEqual([0o600, 0o700]);
  concealSecrets({ x: secret("b") });
  expect(readFileSync(file).equals(key)).toBe(true);
});

test("a key that cannot be made is told, and no hash is made without", async () => {
  const home = join(folder, "occupied");
  writeFileSync(home, "");
  const { concealSecrets } = await loaded(home);
  expect(() => concealSecrets({ x: secret("a") })).toThrow(/ENOTDIR|EEXIST/);
});

test.each([0, 31, 33])("a key of %i bytes is none, and its file and the way out are told", async (length) => {
  const { file, concealSecrets, home } = await loaded();
  mkdirSync(join(home, "agent-sessions"), { recursive: true });
  writeFileSync(file, "k".repeat(length));
  expect(() => concealSecrets({ x: secret("a") })).toThrow(
    `${file} holds ${length} bytes and no key of 32; remove it, and every secret counts as changed once`,
  );
});

test("without a folder of its own for state it is below the user's", async () => {
  const home = join(folder, "home");
  vi.stubEnv("HOME", home);
  const { concealSecrets } = await loaded(undefined);
  vi.stubEnv("XDG_STATE_HOME", undefined);
  concealSecrets({ x: secret("a") });
  expect(readFileSync(join(home, ".local/state/agent-sessions/hash-key"))).toHaveLength(32);
});
