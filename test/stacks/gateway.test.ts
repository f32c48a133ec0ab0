import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { refuseStrangersKey } from "../../stacks/strategies/gateway.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { isPair } from "../../stacks/settings/gateway.ts";
import { knownSecrets } from "../../stacks/verify/known-secrets.ts";
import { certificateIn } from "../support/certificate.ts";
import { temporaryFolder } from "../support/folder.ts";

/** What `single-node.gateway` says, and what comes of it. */

const token = { env: "GATEWAY_TEST" };
const usual = { names: ["agents.test"], tokens: [token] };
const read = (gateway: unknown, more: object = {}, sessions: object[] = []) =>
  parse({ strategy: "single-node", "single-node": { gateway, ...more }, sessions }, { root: "/nowhere", environment: {} });

async function refusedWith(work: () => unknown): Promise<readonly string[]> {
  try {
    await work();
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

describe("the setting", () => {
  test("is none unless it is asked for", () => {
    expect(read(undefined)).not.toHaveProperty("gateway");
    expect(read(usual).gateway).toEqual({
      address: "0.0.0.0",
      names: ["agents.test"],
      tokens: [{ key: "single-node.gateway.tokens[0]", from: "env", name: "GATEWAY_TEST" }],
      users: {},
    });
  });

  test("is read whole", () => {
    const given = {
      address: "192.0.2.1",
      names: ["a.test", "b"],
      users: { alice: { file: "/alice" } },
      certificate: { cert: { file: "/c" }, key: token },
      rateLimit: { requests: 1 },
    };
    expect(read(given).gateway).toEqual({
      address: "192.0.2.1",
      names: ["a.test", "b"],
      certificate: {
        chain: { key: "single-node.gateway.certificate.cert", from: "file", path: "/c" },
        key: { key: "single-node.gateway.certificate.key", from: "env", name: "GATEWAY_TEST" },
      },
      tokens: [],
      users: { alice: { key: "single-node.gateway.users.alice", from: "file", path: "/alice" } },
      rateLimit: { requests: 1 },
    });
  });

  test.each<[object, string]>([
    [
      { names: ["a.test"] },
      'single-node.gateway: {"address":"0.0.0.0","names":["a.test"]} lets nobody in; name a token by tokens, or a user by users.',
    ],
    [{ ...usual, names: [] }, "single-node.gateway.names[0]: is missing; write a value for it."],
    [
      { ...usual, names: ["10.0.0.1"] },
      'single-node.gateway.names[0]: "10.0.0.1" is not a host name in small letters; write one such as "agents.corp.example".',
    ],
    [
      { ...usual, names: ["a; return 200"] },
      'single-node.gateway.names[0]: "a; return 200" is not a host name in small letters; write one such as "agents.corp.example".',
    ],
    [{ ...usual, names: ["a.test", "a.test"] }, 'single-node.gateway.names: "a.test" is there twice; remove one.'],
    [
      { ...usual, address: "::" },
      'single-node.gateway.address: "::" is not an IPv4 address of this machine; write 0.0.0.0 for all of them.',
    ],
    [
      { ...usual, tokens: ["written-down-0123456789abcdef"] },
      "single-node.gateway.tokens[0]: the value does not say where the secret is; write {env: NAME}, {file: /path}, {command: [program, argument]} or {config: name}.",
    ],
    [
      { ...usual, users: { alice: "hunter2" } },
      "single-node.gateway.users.alice: the value does not say where the secret is; write {env: NAME}, {file: /path}, {command: [program, argument]} or {config: name}.",
    ],
    [
      { ...usual, users: { "a:b": token } },
      "single-node.gateway.users.a:b: is not the name of a user; use letters, digits, dots, - and _, at most 64.",
    ],
    [{ ...usual, rateLimit: { requests: 0 } }, "single-node.gateway.rateLimit.requests: 0 is too small; write a number from 1 to 1000."],
  ])("%j is refused", async (given, sentence) => {
    expect(await refusedWith(() => read(given))).toEqual([sentence]);
  });

  test("is single-node's alone", async () => {
    const given = { "single-node": { gateway: usual }, sessions: [] };
    for (const strategy of ["local", "swarm"])
      expect((await refusedWith(() => parse({ ...given, strategy }, { environment: {} })))[0]).toMatch(
        new RegExp(`is for the strategy single-node, and this is ${strategy}; remove it, or write strategy: single-node\\.$`),
      );
  });

  test("its ports are no session's", async () => {
    const session = { id: "a", network: { egress: "open", ports: [{ container: 80, host: 443 }] } };
    expect(await refusedWith(() => read(usual, {}, [session]))).toEqual([
      'single-node.gateway: 443 is taken by session "a" too; end that, give the gateway another address, or remove it.',
    ]);
  });

  test("with it, Prometheus and Grafana are published where somebody says so alone", () => {
    expect(read(usual).monitoring?.ports).toEqual({});
    expect(read(usual, { monitoring: { ports: { grafana: 3001 } } }).monitoring?.ports).toEqual({ grafana: 3001 });
  });
});

describe("its secrets", () => {
  const folder = temporaryFolder("gateway-secrets");
  const made = (name: string, names: string, days?: number) => {
    const { cert, key } = certificateIn(folder, name, names, days).paths;
    return { cert: { file: cert }, key: { file: key } };
  };
  const [own, other] = [made("own", "DNS:agents.test"), made("other", "DNS:*.elsewhere.test")];
  const readWith = async (gateway: object, value = "x".repeat(24)) => {
    process.env.GATEWAY_TEST = value;
    try {
      const secrets = new Secrets(noEncryptedConfig);
      const settings = read(gateway);
      return await refusedWith(async () => {
        await secrets.read(settings);
        refuseStrangersKey(settings, secrets);
      });
    } finally {
      delete process.env.GATEWAY_TEST;
    }
  };
  const at = "single-node.gateway";

  test.each([
    [
      "a short token",
      usual,
      "x".repeat(23),
      `${at}.tokens[0]: env GATEWAY_TEST is not a token that nobody guesses: at least 24 letters, digits or - . _ ~ + / =; "openssl rand -hex 32" makes one.`,
    ],
    [
      "a token that is configuration",
      usual,
      `${"x".repeat(24)}";`,
      `${at}.tokens[0]: env GATEWAY_TEST is not a token that nobody guesses: at least 24 letters, digits or - . _ ~ + / =; "openssl rand -hex 32" makes one.`,
    ],
    [
      "a short password",
      { names: ["a"], users: { a: token } },
      "eleven char",
      `${at}.users.a: env GATEWAY_TEST is shorter than 12 characters, and everybody may try; give a longer password.`,
    ],
    [
      "a long password",
      { names: ["a"], users: { a: token } },
      "x".repeat(129),
      `${at}.users.a: env GATEWAY_TEST is longer than 128 bytes; give a shorter password.`,
    ],
    [
      "a password of two lines",
      { names: ["a"], users: { a: token } },
      "first line\nsecond",
      `${at}.users.a: env GATEWAY_TEST holds a line break or another control character; give the password alone.`,
    ],
    [
      "no certificate",
      { ...usual, certificate: { cert: token, key: own.key } },
      "x".repeat(24),
      `${at}.certificate.cert: env GATEWAY_TEST is not a certificate in PEM; give a file that begins with -----BEGIN CERTIFICATE-----.`,
    ],
    [
      "no key",
      { ...usual, certificate: { cert: own.cert, key: token } },
      "x".repeat(24),
      `${at}.certificate.key: env GATEWAY_TEST is not a private key in PEM without a password; give the certificate's key.`,
    ],
    [
      "a certificate of others",
      { ...usual, certificate: other },
      undefined,
      `${at}.certificate.cert: file ${other.cert.file} is not for agents.test; give a certificate of all names, or remove the name.`,
    ],
    [
      "another key",
      { ...usual, certificate: { cert: own.cert, key: other.key } },
      undefined,
      `${at}.certificate.key: file ${other.key.file} is not the key of the certificate; give the one that it was made with.`,
    ],
  ])("%s is refused", async (_, gateway, value, sentence) => {
    expect(await readWith(gateway, value)).toEqual([sentence]);
  });

  test("a certificate and a key are a pair as long as neither is known to be another's", () => {
    const [cert, key, others] = [own.cert, own.key, other.key].map(({ file }) => readFileSync(file, "utf8")) as [string, string, string];
    expect([isPair(cert, key), isPair("x", key), isPair(cert, "x"), isPair(cert, others)]).toEqual([true, true, true, false]);
  });

  test("a certificate that ended is refused", async () => {
    const [sentence] = await readWith({ ...usual, certificate: made("ended", "DNS:agents.test", -1) });
    expect(sentence).toMatch(/ended\.pem ended on .+; give a new certificate\.$/);
  });

  test("are read with the others, and no session may hold one", async () => {
    expect(await readWith({ ...usual, certificate: own })).toEqual([]);
    process.env.GATEWAY_TEST = "token-that-nobody-guesses-0123456789";
    const known = await knownSecrets(read({ ...usual }));
    delete process.env.GATEWAY_TEST;
    expect([...known.foreign("a").values()]).toEqual(["env GATEWAY_TEST"]);
  });
});
