import { chownSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { emptyLive, imageType } from "../../stacks/embedded/live.ts";
import { revealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { knownSecrets } from "../../stacks/verify/known-secrets.ts";
import { temporaryFolder } from "../support/folder.ts";

const url = "http://proxy.corp.test:3128";
const secret = { env: "PARENT_PASSWORD" };
const settings = (parent: object, sessions: object[] = []) =>
  parse({ sessions, egress: { parent } }, { root: "/nowhere", environment: {} });

function refusedWith(parent: object, sessions?: object[]): readonly string[] {
  try {
    settings(parent, sessions);
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

async function readWith(username: string, password: string, only?: string[]): Promise<readonly string[]> {
  process.env.PARENT_PASSWORD = password;
  const secrets = new Secrets(noEncryptedConfig, only && { only });
  const { parent, sessions } = settings({ url, username, secret });
  try {
    await secrets.read({ parent, sessions });
    return [secrets.reference(parent!.login!.secret).reveal()];
  } catch (error) {
    return (error as SettingsError).sentences;
  } finally {
    delete process.env.PARENT_PASSWORD;
  }
}

test("without the key nothing is said of a parent", () => {
  expect(parse({ sessions: [] }, { environment: {} })).not.toHaveProperty("parent");
  expect(parse({ sessions: [], egress: {} }, { environment: {} })).not.toHaveProperty("parent");
});

test.each([
  [{ url }, { host: "proxy.corp.test", port: 3128, noProxy: [] }],
  [{ url: "http://Proxy/" }, { host: "proxy", port: 80, noProxy: [] }],
  [
    { url: "http://10.1.2.3:8080", noProxy: ["Git.corp.test", "*.corp.test"] },
    { host: "10.1.2.3", port: 8080, noProxy: ["git.corp.test", "*.corp.test"] },
  ],
  [
    { url, username: "CORP\\svc", secret },
    {
      host: "proxy.corp.test",
      port: 3128,
      noProxy: [],
      login: { username: "CORP\\svc", secret: { key: "egress.parent.secret", from: "env", name: "PARENT_PASSWORD" } },
    },
  ],
])("%j is read", (given, parent) => {
  expect(settings(given).parent).toEqual(parent);
});

test("builds of images sign in by an exception alone, under which the policy lets them", async () => {
  const found = async (more: object) => {
    const config = {
      "agent-sessions:sessions": [{ id: "a", network: { egress: { allow: ["github.com"] } } }],
      "agent-sessions:egress": { parent: { url, username: "svc", secret, ...more } },
    };
    const engine = new EmbeddedEngine({ project: "agent-sessions", stack: "test", root: process.cwd(), config: textConfig({ config }) });
    const { plan, report } = await engine.plan(emptyLive(engine.identity));
    const images = plan.run.registrations.filter(({ type }) => type === imageType);
    return {
      proxies: images.map(({ inputs }) => (revealSecrets(inputs).build as { args: Record<string, string> }).args.https_proxy),
      verdicts: report.findings.flatMap(({ rule, verdict }) => (rule === "IMG-001" ? [verdict] : [])),
      authority: (plan.run.outputs.authority as string[]).filter((line) => line.includes("PARENT_PASSWORD")),
    };
  };
  process.env.PARENT_PASSWORD = "hunter-2";
  const exception = { reason: "company network", owner: "me", expires: "2099-01-01" };
  const [without, signed] = [await found({}), await found({ exception })];
  delete process.env.PARENT_PASSWORD;
  const line = "parent proxy proxy.corp.test:3128 for what proxies, clones and image builds let out; secret env PARENT_PASSWORD";
  expect(without).toEqual({ proxies: [url, url], verdicts: [], authority: [line] });
  const login = url.replace("//", "//svc:hunter%2D2@");
  const built = "image builds: secret env PARENT_PASSWORD for the parent proxy";
  expect(signed).toEqual({ proxies: [login, login], verdicts: signed.verdicts.map(() => "excepted"), authority: [built, line] });
  expect(signed.verdicts).not.toEqual([]);
});

const noAddress = 'is not the address of a proxy; write one such as "http://proxy.corp.example:3128".';
const noPlain = "is no plain HTTP proxy; write the http:// address of one, by which TLS is carried unread (CONNECT).";
const loopback =
  "is this machine's own loopback address, which no container reaches; have the proxy listen on another address of this machine, and write that.";

test.each<[object, string]>([
  [{}, "egress.parent.url: is missing; write a value for it."],
  [{ url: 5 }, 'egress.parent.url: 5 is not a URL; write one such as "http://proxy.corp.example:3128".'],
  [
    { url: "http://svc:hunter2@proxy:3128" },
    'egress.parent.url: "http://…@proxy:3128" holds a user or a password; take them out, and write username and secret beside it.',
  ],
  [{ url: "https://proxy:3128" }, `egress.parent.url: "https://proxy:3128" ${noPlain}`],
  [{ url: "socks5://proxy:1080" }, `egress.parent.url: "socks5://proxy:1080" ${noPlain}`],
  ...[
    "proxy:3128",
    "http://proxy:3128/path",
    "http://[fd00::1]:3128",
    "http://a b",
    "http://proxy\nnever_direct deny all",
    "http://-x",
  ].map((wrong): [object, string] => [{ url: wrong }, `egress.parent.url: ${JSON.stringify(wrong)} ${noAddress}`]),
  [{ url: "http://proxy:70000" }, 'egress.parent.url: "http://proxy:70000" has a port that does not exist; write one from 1 to 65535.'],
  [{ url: "http://proxy:0" }, 'egress.parent.url: "http://proxy:0" has a port that does not exist; write one from 1 to 65535.'],
  ...["http://localhost:3128", "http://127.0.0.1:3128", "http://127.1:3128", "http://0.0.0.0:3128"].map((wrong): [object, string] => [
    { url: wrong },
    `egress.parent.url: "${wrong}" ${loopback}`,
  ]),
  [{ url, username: "svc" }, 'egress.parent.username: "svc" has no password; name where it is kept by secret, such as {env: NAME}.'],
  [{ url, secret }, "egress.parent.secret: the value is nobody's; write the user's name as username."],
  [
    { url, exception: { reason: "r", owner: "o", expires: "2099-01-01" } },
    'egress.parent.exception: {"reason":"r","owner":"o","expires":"2099-01-01"} is for a password, and there is none; remove it, or name the secret.',
  ],
  ...["a:b", "*", "NEGOTIATE"].map((username): [object, string] => [
    { url, username, secret },
    `egress.parent.username: "${username}" is not a user name that Basic authentication carries; write one without ":".`,
  ]),
  [
    { url, username: "svc", secret: "hunter2" },
    "egress.parent.secret: the value does not say where the secret is; write {env: NAME}, {file: /path}, {command: [program, argument]} or {config: name}.",
  ],
  [
    { url, noProxy: "git.corp.test" },
    'egress.parent.noProxy: "git.corp.test" is not a list of hosts; write one such as ["git.corp.example", "*.corp.example"].',
  ],
  [{ url, noProxy: [".corp.test"] }, 'egress.parent.noProxy[0]: ".corp.test" is written otherwise here; write "*.corp.test".'],
  [
    { url, noProxy: ["git.corp.test:443"] },
    'egress.parent.noProxy[0]: "git.corp.test:443" has a port, and a host is reached directly on all of them; leave it out.',
  ],
  [{ url, noProxy: ["10.0.0.0/8"] }, 'egress.parent.noProxy[0]: "10.0.0.0/8" is an address, and a host is told by its name; write that.'],
  [{ url, noProxy: ["*"] }, 'egress.parent.noProxy[0]: "*" would leave the parent nothing; name hosts, or remove egress.parent.'],
  [{ url, noproxy: [] }, "egress.parent.noproxy: there is no such key; did you mean noProxy?"],
])("%j is refused", (given, sentence) => {
  expect(refusedWith(given)).toEqual([sentence]);
});

test("a session has no parent of its own", () => {
  expect(refusedWith({ url }, [{ id: "a", parent: { url } }])).toEqual(["sessions[0].parent: belongs in egress; move it there."]);
});

test("a session may not change the file that the password is read from", () => {
  const root = temporaryFolder("parent");
  mkdirSync(join(root, "keys"));
  chownSync(join(root, "keys"), 1000, 1000);
  const raw = (file: string) => ({
    sessions: [{ id: "a", mounts: [{ source: join(root, "keys"), target: "/keys", readOnly: false }] }],
    allowedHostPaths: [root],
    egress: { parent: { url, username: "svc", secret: { file } } },
  });
  expect(() => parse(raw(join(root, "keys/parent")), { root, environment: {} })).toThrow("egress.parent.secret: file");
  expect(parse(raw(join(root, "parent")), { root, environment: {} }).parent?.login?.username).toBe("svc");
});

test("the password is read whichever sessions are chosen, and is looked for in all of them", async () => {
  expect(await readWith("svc", "p@ss w%rd\n", [])).toEqual(["p@ss w%rd"]);
  process.env.PARENT_PASSWORD = "long-enough-password-1";
  const known = await knownSecrets(settings({ url, username: "svc", secret }));
  delete process.env.PARENT_PASSWORD;
  expect([...known.foreign("a").values()]).toEqual(["env PARENT_PASSWORD"]);
});

const place = "egress.parent.secret: env PARENT_PASSWORD";
test.each([
  ["svc", "", `${place} is empty; give it a value.`],
  ["svc", "a\nb", `${place} holds a line break or another control character; give the password alone.`],
  ["svc", "x".repeat(125), `${place} is longer than 124 bytes, which a proxy's login of this user has room for.`],
])("of %s the password %j is refused", async (username, password, sentence) => {
  expect(await readWith(username, password)).toEqual([sentence]);
});
