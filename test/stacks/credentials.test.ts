import { chmodSync, chownSync, existsSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, test, vi } from "vitest";
import { policyConfig } from "../../stacks/policy-config.ts";
import { noEncryptedConfig, nameOf, Secrets } from "../../stacks/secrets.ts";
import { type CredentialsSetting, parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";

const root = temporaryFolder("credentials");
const settingsOf = (...credentials: readonly unknown[]) =>
  parse({ sessions: credentials.map((given, index) => ({ id: `s${index}`, credentials: given })) }, { root, environment: {} });
const read = (given: unknown) => settingsOf(given).sessions[0]?.credentials as CredentialsSetting;
const sentences = (act: () => unknown) => {
  try {
    act();
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
};
const key = "sessions[0].credentials.secret";

afterEach(() => void vi.unstubAllEnvs());

describe("what is read", () => {
  test.each<[object, object]>([
    [{ env: "KEY" }, { from: "env", name: "KEY" }],
    [{ file: "key" }, { from: "file", path: join(root, "key") }],
    [{ command: ["op", "read", "x"] }, { from: "command", words: ["op", "read", "x"] }],
    [{ config: "claude" }, { from: "config", name: "claude" }],
  ])("a secret from %j", (secret, expected) => {
    expect(read({ kind: "file", secret })).toEqual({ kind: "file", provider: "anthropic", secret: { key, ...expected } });
  });

  test("an init step, with and without a secret", () => {
    const init = { kind: "init", provider: "anthropic", command: "fetch-it" };
    expect([read({ kind: "init", command: "fetch-it" }), read({ kind: "init", command: "fetch-it", secret: { env: "BOOT" } })]).toEqual([
      init,
      { ...init, secret: { key, from: "env", name: "BOOT" } },
    ]);
  });

  test("a proxy, for Anthropic's messages unless told otherwise", () => {
    const secret = { key, from: "env", name: "KEY" };
    expect(
      [undefined, "https://gateway.example/v1/messages"].map((upstream) => read({ kind: "proxy", secret: { env: "KEY" }, upstream })),
    ).toEqual([
      { kind: "proxy", provider: "anthropic", secret, upstream: "https://api.anthropic.com/v1/messages" },
      { kind: "proxy", provider: "anthropic", secret, upstream: "https://gateway.example/v1/messages" },
    ]);
    const bedrock = { provider: "bedrock", region: "eu-central-1" };
    expect(read({ kind: "proxy", secret: { env: "KEY" }, ...bedrock })).toEqual({
      kind: "proxy",
      ...bedrock,
      secret,
      upstream: "https://bedrock-runtime.eu-central-1.amazonaws.com/model",
    });
  });

  test("bedrock with its region", () => {
    expect(read({ kind: "file", secret: { env: "AWS" }, provider: "bedrock", region: "us-gov-west-1" })).toMatchObject({
      provider: "bedrock",
      region: "us-gov-west-1",
    });
  });

  test("a secret in the environment with its exception, which the policy rules are told", () => {
    const exception = { reason: "the tool takes no file", owner: "me", expires: "2099-12-31" };
    const settings = settingsOf({ kind: "environment", secret: { env: "KEY" }, exception }, { kind: "none" });
    // As the Pulumi CLI hands on, and writes, a day that stands in the file without quotes.
    const moment = { ...exception, expires: "2099-12-31 00:00:00 +0000 UTC" };
    expect(settingsOf({ kind: "environment", secret: { env: "KEY" }, exception: moment }, { kind: "none" })).toEqual(settings);
    expect(settings.sessions[0]?.credentials).toEqual({ kind: "environment", secret: { key, from: "env", name: "KEY" }, exception });
    const exceptions = [{ resource: "s0-container", ...exception }];
    expect(policyConfig(settings)).toEqual({ "CTR-026": { exceptions }, "CTR-026-critical": { exceptions } });
    expect(policyConfig(settingsOf({ kind: "none" }))).toEqual({});
  });

  test("a session's credentials take the place of the defaults' as a whole, and a mistake is named where it was written", () => {
    const raw = {
      defaults: { credentials: { kind: "file", secret: { env: "KEY" } } },
      sessions: [{ id: "a" }, { id: "b", credentials: { kind: "none" } }],
    };
    expect(parse(raw, { root, environment: {} }).sessions.map(({ credentials }) => credentials)).toEqual([
      { kind: "file", provider: "anthropic", secret: { key: "defaults.credentials.secret", from: "env", name: "KEY" } },
      { kind: "none" },
    ]);
  });
});

describe("each mistake is one sentence, and none shows what may be a secret", () => {
  const token = `sk-ant-api03-${"x".repeat(20)}`;
  const plain = (at: string) =>
    `${at}: the value has the form of a credential, and stack files are committed; take it out and name where it is kept by credentials.secret.`;
  test.each<[unknown, string[]]>([
    [
      "file",
      [
        'sessions[0].credentials: "file" is not a way to give credentials; write {kind: none}, {kind: file, secret: {env: NAME}} or {kind: hostMount}.',
      ],
    ],
    [{ kind: "file" }, [`${key}: is missing; write a value for it.`]],
    [
      { kind: "file", secret: "hunter2" },
      [
        `${key}: the value does not say where the secret is; write {env: NAME}, {file: /path}, {command: [program, argument]}, {config: name} or {clusterSecret: {name: NAME, key: KEY}}.`,
      ],
    ],
    [
      { kind: "file", secret: { env: "hunter-2" } },
      [`${key}.env: the value is not the name of a variable; name the one that holds the secret.`],
    ],
    [
      { kind: "file", secret: { env: token } },
      [`${key}.env: the value is not the name of a variable; name the one that holds the secret.`, plain(`${key}.env`)],
    ],
    [{ kind: "file", secret: { command: ["echo", token] } }, [plain(`${key}.command[1]`)]],
    [
      { kind: "file", secret: { command: [] } },
      [`${key}.command: the value is empty; write the program and its arguments, one entry each.`],
    ],
    [
      { kind: "file", secret: { env: "A" }, provider: "bedrock" },
      ['sessions[0].credentials.provider: "bedrock" needs a region; add one beside it.'],
    ],
    [
      { kind: "file", secret: { env: "A" }, region: "eu-central-1" },
      ['sessions[0].credentials.region: "eu-central-1" belongs to the provider bedrock; remove it.'],
    ],
    [
      { kind: "file", secret: { env: "A" }, provider: "bedrock", region: "Frankfurt" },
      ['sessions[0].credentials.region: "Frankfurt" is not an AWS region; write one such as "eu-central-1".'],
    ],
    ...["http://example.com/v1", "https://user@example.com/v1", "https://example.com/v1?x", "example.com"].map(
      (upstream): [unknown, string[]] => [
        { kind: "proxy", secret: { env: "A" }, upstream },
        [
          `sessions[0].credentials.upstream: "${upstream.replace("user@", "…@")}" is not a URL to which a key may go; write https://host/path, without user, ? and #.`,
        ],
      ],
    ),
    [{ kind: "environment", secret: { env: "A" } }, ["sessions[0].credentials.exception: is missing; write a value for it."]],
    [
      { kind: "environment", secret: { env: "A" }, exception: { reason: "x", owner: "me", expires: "soon" } },
      ['sessions[0].credentials.exception.expires: "soon" is not a day; write one such as 2027-03-31.'],
    ],
  ])("%j", (given, expected) => {
    expect(sentences(() => read(given))).toEqual(expected);
  });

  test("another secret in an environment that has an exception", () => {
    const credentials = { kind: "environment", secret: { env: "A" }, exception: { reason: "x", owner: "me", expires: "2099-12-31" } };
    expect(
      sentences(() =>
        parse({ sessions: [{ id: "a", credentials, environment: { DB_PASSWORD: "hunter2", COLOUR: "red" } }] }, { root, environment: {} }),
      ),
    ).toEqual([
      "sessions[0].environment.DB_PASSWORD: the value would pass under the exception that is made for CLAUDE_AUTH_TOKEN alone; take it out, or choose credentials of kind file.",
    ]);
  });

  test.each(["environment", "agentCommand"])("a plain credential under %s", (place) => {
    const value = place === "environment" ? { KEY: token } : `claude --key ${token}`;
    const found = sentences(() => parse({ sessions: [{ id: "a", [place]: value }] }, { root, environment: {} }));
    expect(found).toEqual([plain(place === "environment" ? "sessions[0].environment.KEY" : "sessions[0].agentCommand")]);
  });
});

test("every command is announced before the first of them runs, and none runs where that is not wanted", async () => {
  const trace = join(root, "announced");
  const command = (name: string) => ({ kind: "file", secret: { command: ["/bin/sh", "-c", `echo ${name} >>${trace}; echo key`] } });
  const settings = settingsOf(command("one"), command("two"));
  const said: string[] = [];
  const announce = (line: string) => void said.push(`${line}${existsSync(trace) ? " late" : ""}`);
  const unwanted = new Secrets(noEncryptedConfig, { commands: false, announce });
  await unwanted.read(settings);
  const keys = [0, 1].map((index) => `sessions[${index}].credentials.secret: `);
  expect([said, [...unwanted.unknown], existsSync(trace)]).toEqual([[], keys.map((at) => `${at}command /bin/sh`), false]);
  const wanted = new Secrets(noEncryptedConfig, { announce });
  await wanted.read(settings);
  expect([said, [...wanted.unknown]]).toEqual([keys.map((at) => `${at}running command /bin/sh`), []]);
  expect(readFileSync(trace, "utf8").split("\n").sort()).toEqual(["", "one", "two"]);
});

describe("a secret of a repository", () => {
  const url = "https://example.com/x.git";
  const repositories = (...given: readonly object[]) =>
    parse({ sessions: given.map((one, index) => ({ id: `s${index}`, repositories: [{ name: "x", ...one }] })) }, { root, environment: {} });

  test("is the clone's", () => {
    const [plain, named] = ["secret", "username"].map(
      (last) =>
        repositories({ url, secret: { env: "TOKEN" }, ...(last === "username" && { username: "me" }) }).sessions[0]?.repositories[0],
    );
    const secret = { key: "sessions[0].repositories[0].secret", from: "env", name: "TOKEN" };
    expect([plain, named]).toEqual(
      ["x-access-token", "me"].map((username) => ({ name: "x", kind: "url", url, credential: { username, secret } })),
    );
  });

  const place = "sessions[0].repositories[0]";
  test.each<[readonly object[], string]>([
    [
      [{ url: "http://example.com/x", secret: { env: "TOKEN" } }],
      `${place}.secret: the value goes to an https:// URL alone, where nobody reads it on the way; write such a URL or remove it.`,
    ],
    [
      [{ path: ".", secret: { env: "TOKEN" } }],
      `${place}.secret: the value goes to an https:// URL alone, where nobody reads it on the way; write such a URL or remove it.`,
    ],
    [[{ url, username: "me" }], `${place}.username: "me" needs a secret beside it; add one or remove it.`],
    [
      [{ url, secret: "hunter2" }],
      `${place}.secret: the value does not say where the secret is; write {env: NAME}, {file: /path}, {command: [program, argument]}, {config: name} or {clusterSecret: {name: NAME, key: KEY}}.`,
    ],
    [
      [{ url, secret: { env: "TOKEN" } }, { url }],
      'sessions[1].repositories: "x" signs in otherwise here than for session "s0", and they share one clone; name one secret and username, or give one of them another name.',
    ],
    [
      [
        { url, secret: { env: "TOKEN" } },
        { url, secret: { env: "OTHER" } },
      ],
      'sessions[1].repositories: "x" signs in otherwise here than for session "s0", and they share one clone; name one secret and username, or give one of them another name.',
    ],
    [
      [
        { url, secret: { env: "TOKEN" } },
        { url, username: "me", secret: { env: "TOKEN" } },
      ],
      'sessions[1].repositories: "x" signs in otherwise here than for session "s0", and they share one clone; name one secret and username, or give one of them another name.',
    ],
  ])("%j is refused", (given, expected) => {
    expect(sentences(() => repositories(...given))).toEqual([expected]);
  });

  test("is one clone's for all who sign in alike", () => {
    const alike = { url, secret: { env: "TOKEN" } };
    expect(sentences(() => repositories(alike, alike))).toEqual([]);
  });

  test("is read with the others", async () => {
    expect(
      await new Secrets(noEncryptedConfig)
        .read(repositories({ url, secret: { env: "TEST_UNSET" } }))
        .catch(({ sentences: found }: SettingsError) => found),
    ).toEqual([`${place}.secret: env TEST_UNSET is not set where this runs; export it.`]);
  });
});

describe("a folder of the host", () => {
  const folder = (name: string, mode: number, file = "token") => {
    mkdirSync(join(root, name), { mode: 0o755 });
    writeFileSync(join(root, name, file), "x");
    chmodSync(join(root, name, file), mode);
    return name;
  };

  test("is mounted by its real path", () => {
    folder("good", 0o644);
    symlinkSync(join(root, "good"), join(root, "good-link"));
    const good = { kind: "hostMount", provider: "anthropic", path: join(root, "good"), files: ["token"] };
    expect(read({ kind: "hostMount", path: "good-link" })).toEqual(good);
  });

  test.each<[string, () => string, RegExp]>([
    ["that is not there", () => "gone", /^sessions\[0\]\.credentials\.path: "gone" needs the folder .*\/gone, which is not there; /],
    ["of the system", () => "/etc", /lies in the system folder \/etc/],
    [
      "without credentials",
      () => folder("empty", 0o644, "readme"),
      /holds no \.credentials\.json, token, aws-credentials that the agent, uid 1000, can read/,
    ],
  ])("%s is refused", (_, make, expected) => {
    const found = sentences(() => read({ kind: "hostMount", path: make() }));
    expect(found).toEqual([expect.stringMatching(expected)]);
  });

  test.skipIf(process.getuid?.() !== 0 && missing("only root can give a folder away"))(
    "that belongs to another, or that the agent cannot read, is refused",
    () => {
      chownSync(join(root, folder("strange", 0o644)), 4242, 4242);
      folder("closed", 0o600);
      expect(sentences(() => settingsOf({ kind: "hostMount", path: "strange" }, { kind: "hostMount", path: "closed" }))).toEqual([
        expect.stringContaining('"strange" belongs to uid 4242 and not to you, uid 0'),
        expect.stringContaining('"closed" holds no .credentials.json, token, aws-credentials that the agent, uid 1000, can read'),
      ]);
    },
  );
});

describe("the values", () => {
  const failures = (given: unknown, secrets = new Secrets(noEncryptedConfig)) =>
    secrets.read(settingsOf(given)).then(
      () => [],
      (error: SettingsError) => error.sentences,
    );
  const file = (secret: object, more: object = {}) => ({ kind: "file", secret, ...more });

  test("are read once, without their last line break", async () => {
    writeFileSync(join(root, "key"), "from-file\n");
    const settings = settingsOf(file({ file: "key" }), file({ command: ["sh", "-c", `echo x >>'${root}/count'; echo from-command`] }));
    const secrets = new Secrets(noEncryptedConfig);
    await secrets.read(settings);
    await secrets.read(settings);
    expect(
      settings.sessions.map(({ credentials }) => (credentials.kind === "file" ? secrets.reference(credentials.secret).reveal() : "")),
    ).toEqual(["from-file", "from-command"]);
    expect(readFileSync(join(root, "count"), "utf8")).toBe("x\n");
  });

  test.each<[unknown, string]>([
    [file({ env: "TEST_UNSET" }), "env TEST_UNSET is not set where this runs; export it."],
    [file({ env: "TEST_EMPTY" }), "env TEST_EMPTY is empty; give it a value."],
    [file({ env: "TEST_LINES" }), "env TEST_LINES holds blanks or line breaks, which no key has; give the key alone."],
    [
      file({ env: "TEST_JSON" }),
      "env TEST_JSON is JSON without claudeAiOauth; give an API key, a token of claude setup-token, or the agent's .credentials.json.",
    ],
    [
      file({ env: "TEST_LINES" }, { provider: "bedrock", region: "eu-central-1" }),
      "env TEST_LINES holds no aws_access_key_id; give the content of an AWS credentials file.",
    ],
    [
      { kind: "proxy", secret: { env: "TEST_ACCESS_KEY" }, provider: "bedrock", region: "eu-central-1" },
      "env TEST_ACCESS_KEY is an AWS access key, and the proxy signs no requests; give an API key of Amazon Bedrock, or choose credentials of kind file.",
    ],
    [file({ file: "." }), `file ${root} is no regular file; name one.`],
    [file({ command: ["no-such-program", "hunter2"] }), "command no-such-program is not in PATH; run it by hand to see why."],
    [file({ command: ["sh", "-c", "echo hunter2; echo hunter2 >&2; exit 7"] }), "command sh ended with 7; run it by hand to see why."],
    [
      file({ config: "claude" }),
      "config claude is encrypted by the Pulumi CLI, which the embedded engine does without; deploy this stack with the CLI (--engine pulumi), or name an env, a file or a command.",
    ],
  ])("%j is told without its value", async (given, expected) => {
    for (const [name, value] of Object.entries({
      TEST_EMPTY: " ",
      TEST_LINES: "hunter2\nhunter2",
      TEST_JSON: '{"hunter2":1}',
      TEST_ACCESS_KEY: "AKIAHUNTER2HUNTER2HU",
    }))
      vi.stubEnv(name, value);
    expect(await failures(given)).toEqual([`${key}: ${expected}`]);
  });

  test("of the encrypted configuration are the Pulumi CLI's", async () => {
    const settings = settingsOf(file({ config: "claude" }));
    const secrets = new Secrets((name) => `value of ${name}`.replaceAll(" ", "-"));
    await secrets.read(settings);
    const { credentials } = settings.sessions[0] ?? {};
    expect(credentials?.kind === "file" && [secrets.reference(credentials.secret).reveal(), nameOf(credentials.secret)]).toEqual([
      "value-of-claude",
      "config claude",
    ]);
  });
});
