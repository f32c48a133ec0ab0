import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { type EncryptedConfig, nameOf, noEncryptedConfig, Secrets, UnreadSecrets, unknownHere } from "../../stacks/secrets.ts";
import { parse, type SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("secret-values");
const bedrock = { provider: "bedrock", region: "eu-central-1" };
const file = { kind: "file", secret: { env: "VALUE" } };
const key = "sessions[0].credentials.secret";

afterEach(() => void vi.unstubAllEnvs());

const settingsOf = (raw: Readonly<Record<string, unknown>>) => parse(raw, { root, environment: {} });
const oneSession = (credentials: object) => settingsOf({ sessions: [{ id: "a", credentials }] });

/** What is wrong with a value, or the value that was read. */
async function judged(credentials: object, value: string): Promise<string> {
  vi.stubEnv("VALUE", value);
  const secrets = new Secrets(noEncryptedConfig);
  const failed = await secrets.read(oneSession(credentials)).then(
    () => undefined,
    ({ sentences }: SettingsError) => sentences,
  );
  if (failed !== undefined) return failed.join("\n").replace(`${key}: env VALUE `, "");
  return `= ${secrets.reference({ key: "any", from: "env", name: "VALUE" }).reveal()}`;
}

const empty = "is empty; give it a value.";
const noText = "is not a text of at most 64 KB.";
const blanks = "holds blanks or line breaks, which no key has; give the key alone.";
const noStore = "is JSON without claudeAiOauth; give an API key, a token of claude setup-token, or the agent's .credentials.json.";
const noProfile = "holds no aws_access_key_id; give the content of an AWS credentials file.";
const accessKey =
  "is an AWS access key, and the proxy signs no requests; give an API key of Amazon Bedrock, or choose credentials of kind file.";

describe("a value", () => {
  test.each<[string, string]>([
    ["k", "= k"],
    ["k\n", "= k"],
    ["k\r\n", "= k"],
    ["k\n\n", blanks],
    ["\nk", blanks],
    ["k k", blanks],
    ["k\t", blanks],
    ["", empty],
    ["\n", empty],
    [" \r\n\t", empty],
    ["x".repeat(65_536), `= ${"x".repeat(65_536)}`],
    ["x".repeat(65_537), noText],
    ['{"claudeAiOauth":{"accessToken":"x"}}', '= {"claudeAiOauth":{"accessToken":"x"}}'],
    ['{"claudeAiOauth": {"accessToken": "x"}}\n', '= {"claudeAiOauth": {"accessToken": "x"}}'],
    ['{"claudeAiOauth":{"accessToken":5}}', noStore],
    ['{"claudeAiOauth":{}}', noStore],
    ['{"claudeAiOauth":null}', noStore],
    ["{}", noStore],
    ["{", noStore],
    ['x{"claudeAiOauth":{}}', 'x{"claudeAiOauth":{}}'.replace(/^/, "= ")],
  ])("for Anthropic %j", async (value, expected) => {
    expect(await judged(file, value)).toBe(expected);
  });

  test.each<[string, string]>([
    ["[default]\naws_access_key_id = x\naws_secret_access_key = y", "= [default]\naws_access_key_id = x\naws_secret_access_key = y"],
    ["  aws_access_key_id=x", "=   aws_access_key_id=x"],
    ["xaws_access_key_id=x", noProfile],
    ["aws_access_key_idx=x", noProfile],
    ["aws_access_key_id", noProfile],
    ["# aws_access_key_id = x", noProfile],
  ])("for Bedrock, in a file, %j", async (value, expected) => {
    expect(await judged({ ...file, ...bedrock }, value)).toBe(expected);
  });

  const upper = "ABCDEFGHIJ012345";
  test.each<[string, string]>([
    ["ABSKx", "= ABSKx"],
    [`AKIA${upper}`, accessKey],
    [`ASIA${upper}`, accessKey],
    [`ABIA${upper}`, accessKey],
    [`ACCA${upper}`, accessKey],
    [`ABSK${upper}`, `= ABSK${upper}`],
    [`AKIA${upper}X`, `= AKIA${upper}X`],
    [`AKIA${upper.slice(1)}`, `= AKIA${upper.slice(1)}`],
    [`xAKIA${upper}`, `= xAKIA${upper}`],
    [`AKIA${upper.toLowerCase()}`, `= AKIA${upper.toLowerCase()}`],
    ["[x]\n  aws_access_key_id  = y", accessKey],
    ["xaws_access_key_id=y", "= xaws_access_key_id=y"],
    ["aws_access_key_id", "= aws_access_key_id"],
    ["k k", blanks],
  ])("for Bedrock, behind the proxy, %j", async (value, expected) => {
    expect(await judged({ kind: "proxy", secret: { env: "VALUE" }, ...bedrock }, value)).toBe(expected);
  });

  test.each<[object, string, string]>([
    [{ kind: "proxy", secret: { env: "VALUE" } }, `AKIA${upper}`, `= AKIA${upper}`],
    [{ kind: "proxy", secret: { env: "VALUE" } }, "{}", "= {}"],
    [{ kind: "proxy", secret: { env: "VALUE" } }, "k k", blanks],
    [{ kind: "init", command: "x", secret: { env: "VALUE" } }, "any thing\nat all", "= any thing\nat all"],
    [{ kind: "init", command: "x", secret: { env: "VALUE" } }, " ", empty],
  ])("%j takes %j", async (credentials, value, expected) => {
    expect(await judged(credentials, value)).toBe(expected);
  });

  test("that no text has is refused", async () => {
    writeFileSync(join(root, "zero"), "a\0b");
    const failed = new Secrets(noEncryptedConfig).read(oneSession({ kind: "file", secret: { file: "zero" } }));
    await expect(failed).rejects.toMatchObject({ sentences: [`${key}: file ${join(root, "zero")} ${noText}`] });
  });
});

describe("a password of the company's proxy", () => {
  const parent = (username: string) =>
    settingsOf({
      egress: { parent: { url: "http://proxy.test", username, secret: { env: "VALUE" } } },
      sessions: [{ id: "a" }],
    });
  const read = async (username: string, value: string) => {
    vi.stubEnv("VALUE", value);
    const secrets = new Secrets(noEncryptedConfig);
    return secrets.read(parent(username)).then(
      () => secrets.reference({ key: "any", from: "env", name: "VALUE" }).reveal(),
      ({ sentences }: SettingsError) => sentences.join(),
    );
  };

  test("may hold what a key may not, but no control character", async () => {
    expect(await read("svc", "a b:c€ ")).toBe("a b:c€ ");
    for (const value of ["a\tb", "a\nb", "a\u007fb", "a\u0001"])
      expect(await read("svc", value)).toMatch(
        /^egress\.parent\.secret: env VALUE holds a line break or another control character; give the password alone\.$/,
      );
  });

  test("has as many bytes as a login has room for beside the user", async () => {
    const tooLong = (bytes: number) =>
      `egress.parent.secret: env VALUE is longer than ${bytes} bytes, which a proxy's login of this user has room for.`;
    // Squid keeps 128 bytes of a login, its colon with them.
    expect(await read("svc", "x".repeat(124))).toBe("x".repeat(124));
    expect(await read("svc", "x".repeat(125))).toBe(tooLong(124));
    expect(await read("svc", `${"x".repeat(122)}€`)).toBe(tooLong(124));
    expect(await read("service", "x".repeat(121))).toBe(tooLong(120));
  });
});

describe("what is read", () => {
  const encrypted: EncryptedConfig = (name) => `value-of-${name}`;
  const two = () =>
    settingsOf({
      sessions: ["one", "two"].map((config, index) => ({ id: `s${index}`, credentials: { kind: "file", secret: { config } } })),
    });
  const config = (name: string) => ({ key: "some.key", from: "config", name }) as const;

  test("is what the sessions name, of whatever key", async () => {
    const secrets = new Secrets(encrypted);
    await secrets.read(two());
    expect([secrets.reference(config("one")).reveal(), secrets.reference(config("two")).reveal(), [...secrets.unknown]]).toEqual([
      "value-of-one",
      "value-of-two",
      [],
    ]);
    expect(() => secrets.reference(config("three")).reveal()).toThrow(/^some\.key has not been read$/);
    expect(() => secrets.reference({ key: "other", from: "env", name: "one" }).reveal()).toThrow(/^other has not been read$/);
  });

  test("of the sessions that are chosen, where the others' are empty", async () => {
    const secrets = new Secrets(encrypted, { only: ["s1"] });
    await secrets.read(two());
    expect([secrets.reference(config("one")).reveal(), secrets.reference(config("two")).reveal()]).toEqual(["", "value-of-two"]);
  });

  test("is unknown where the encrypted configuration is elsewhere, and empty meanwhile", async () => {
    const secrets = new Secrets(unknownHere);
    await secrets.read(two());
    expect([...secrets.unknown]).toEqual(["sessions[0].credentials.secret: config one", "sessions[1].credentials.secret: config two"]);
    expect(secrets.reference(config("one")).reveal()).toBe("");
  });

  test("is unknown where it is absent and nobody compares it, and is judged where it is there", async () => {
    vi.stubEnv("VALUE", undefined);
    const raw = (secret: object) => oneSession({ kind: "file", secret });
    for (const secret of [{ env: "VALUE" }, { file: join(root, "no-such-file") }]) {
      const secrets = new Secrets(noEncryptedConfig, { absent: true });
      await secrets.read(raw(secret));
      expect([...secrets.unknown]).toEqual([`${key}: ${"env" in secret ? "env VALUE" : `file ${secret.file}`}`]);
      await expect(new Secrets(noEncryptedConfig).read(raw(secret))).rejects.toThrow(/is not (set|there)/);
    }
    vi.stubEnv("VALUE", "two keys");
    await expect(new Secrets(noEncryptedConfig, { absent: true }).read(raw({ env: "VALUE" }))).rejects.toThrow(/holds blanks/);
  });

  test("is nothing where nothing is to be read", async () => {
    const secrets = new UnreadSecrets();
    await secrets.read();
    expect([secrets.reference({ key: "any", from: "env", name: "NONE" }).reveal(), [...secrets.unknown]]).toEqual(["", []]);
    await new Secrets(encrypted).read(settingsOf({ sessions: [{ id: "a", credentials: { kind: "none" } }] }));
    await new Secrets(encrypted).read(settingsOf({ sessions: [{ id: "a", credentials: { kind: "init", command: "x" } }] }));
  });

  test("all that cannot be read is told at once, each thing once", async () => {
    const secret = { env: "VALUE" };
    vi.stubEnv("VALUE", undefined);
    const raw = {
      defaults: { credentials: { kind: "file", secret } },
      sessions: [{ id: "a" }, { id: "b" }, { id: "c", credentials: { kind: "file", secret: { file: "gone" } } }],
    };
    await expect(new Secrets(encrypted).read(settingsOf(raw))).rejects.toMatchObject({
      sentences: [
        "defaults.credentials.secret: env VALUE is not set where this runs; export it.",
        `sessions[2].credentials.secret: file ${join(root, "gone")} is not there; name the file that holds the secret.`,
      ],
    });
  });

  test("a file that has no end, or nobody at its other end, is not read", async () => {
    execFileSync("mkfifo", [join(root, "pipe")]);
    writeFileSync(join(root, "long"), `${"x".repeat(64 * 1024)}\r\n\n`);
    writeFileSync(join(root, "full"), `${"x".repeat(64 * 1024)}\r\n`);
    const reading = (file: string) =>
      new Secrets(encrypted).read(oneSession({ kind: "file", secret: { file } })).catch(({ sentences }: SettingsError) => sentences[0]);
    const said = (file: string) => `${key}: file ${join(root, file)}`;
    expect(await reading("pipe")).toBe(`${said("pipe")} is no regular file; name one.`);
    expect(await reading("/dev/zero")).toBe(`${key}: file /dev/zero is no regular file; name one.`);
    expect(await reading("long")).toBe(`${said("long")} is longer than 64 KB; name a shorter one.`);
    expect(await reading("full")).toBeUndefined();
  });

  test("a command is announced once, and not again when it has run", async () => {
    const said: string[] = [];
    const secrets = new Secrets(encrypted, { announce: (line) => void said.push(line) });
    const command = (id: string, ...words: string[]) => ({ id, credentials: { kind: "file", secret: { command: ["echo", ...words] } } });
    const settings = settingsOf({
      sessions: [
        command("a", "x"),
        command("b", "y"),
        command("c", "x"),
        { id: "d", credentials: { kind: "file", secret: { config: "one" } } },
      ],
    });
    await secrets.read(settings);
    await secrets.read(settings);
    expect(said).toEqual([0, 1, 2].map((index) => `sessions[${index}].credentials.secret: running command echo`));
    expect(secrets.reference({ key: "any", from: "command", words: ["echo", "y"] }).reveal()).toBe("y");
  });
});

test("a secret is called by the place where it is kept, a command by its program alone", () => {
  expect([
    nameOf({ key: "k", from: "env", name: "A" }),
    nameOf({ key: "k", from: "config", name: "b" }),
    nameOf({ key: "k", from: "file", path: "/c" }),
    nameOf({ key: "k", from: "command", words: ["d", "hunter2"] }),
  ]).toEqual(["env A", "config b", "file /c", "command d"]);
});
