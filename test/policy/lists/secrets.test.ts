import { describe, expect, test } from "vitest";
import { holdsToken, holdsUrlPassword, isNamedSecret, isSecretArgument } from "../../../policy/rules/read/secrets.ts";

const letters = (length: number) => "abcdefghijklmnopqrstuvwxyz0123456789".slice(0, length);

describe("the form of a credential, wherever it stands, and its neighbour", () => {
  test.each([
    [`sk-ant-${letters(10)}`, `sk-ant-${letters(9)}`],
    ["sk-ant-api03-a_b-c_d", "sk-and-api03-a_b-c_d"],
    ["AKIAABCDEFGHIJ234567", "AKIAABCDEFGHIJ23456"],
    ["ASIAABCDEFGHIJ234567", "ASIBABCDEFGHIJ234567"],
    ...["p", "o", "u", "s", "r"].map((kind) => [`gh${kind}_${letters(20)}`, `gh${kind}_${letters(19)}`]),
    [`ghp_${letters(20).toUpperCase()}`, `gha_${letters(20)}`],
    [`github_pat_${letters(12)}_${letters(8)}`, `github_pat_${letters(19)}`],
    [`glpat-${letters(8)}-${letters(7)}`, `glpat-${letters(15)}`],
    ...["a", "b", "e", "o", "p", "r", "s"].map((kind) => [`xox${kind}-${letters(10)}`, `xox${kind}-${letters(9)}`]),
    [`xoxb-12-${letters(7)}`, `xoxc-${letters(10)}`],
    ["eyJabcdefgh.eyJabcdefgh.abcdefgh", "eyJabcdefgh.eyJabcdefgh.abcdefg"],
    ["eyJabc_-fgh.eyJabc_-fgh.abc_-fgh", "eyJabcdefg.eyJabcdefgh.abcdefgh"],
    ["-----BEGIN PRIVATE KEY-----", "-----BEGIN PUBLIC KEY-----"],
    ["-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN CERTIFICATE-----"],
    ["-----BEGIN OPENSSH PRIVATE KEY-----", "----BEGIN OPENSSH PRIVATE KEY----"],
  ] as [string, string][])("%s, %s", (token, neighbour) => {
    expect([token, `KEY=${token} x`, `a\n"${token}"`].map(holdsToken)).toEqual([true, true, true]);
    expect([neighbour, `KEY=${neighbour} x`].map(holdsToken)).toEqual([false, false]);
  });

  test.each([
    "AKIAABCDEFGHIJ234567",
    `ghp_${letters(20)}`,
    `github_pat_${letters(20)}`,
    `glpat-${letters(16)}`,
    `xoxb-${letters(10)}`,
    "eyJabcdefgh.eyJabcdefgh.abcdefgh",
  ])("%s is none within a longer word", (token) => {
    expect(holdsToken(`x${token}`)).toBe(false);
  });
});

describe("a URL with a password in it, and its neighbour", () => {
  test.each(
    [
      ["https://me:secret@example.com/x", "https://me@example.com/x"],
      ["https://:secret@example.com", "https://example.com:8080/a@b"],
      ["POSTGRES://me:secret@db:5432/x", "postgres://db:5432/x"],
      ["git+ssh://me:secret@host/x", "git+ssh://git@host/x"],
      ["URL=redis://:$ecret@db", "URL=redis://:$PASSWORD@db"],
      ["a1.b-c+d://x:y@z", "//x:y@z"],
      ["https://me:a b@x https://me:secret@x", "https://me:a b@x"],
      ["https://me:secret@x", "https://me:se/cret@x"],
      ["https://me:secret@x", "https://m e:secret@x"],
    ].filter(([secret]) => !secret?.includes("$ecret")) as [string, string][],
  )("%s, %s", (url, neighbour) => {
    expect([holdsUrlPassword(url), holdsUrlPassword(neighbour)]).toEqual([true, false]);
  });
});

describe("a name that says that its value is a secret, and its neighbour", () => {
  test.each([
    ["pass", "passing"],
    ["password", "passwords"],
    ["passwd", "passwdx"],
    ["passphrase", "passphrases"],
    ["pwd", "pwds"],
    ["secret", "secretary"],
    ["secrets", "secretss"],
    ["token", "tokenizer"],
    ["credential", "credentialed"],
    ["credentials", "credentialss"],
    ...["api", "access", "private", "secret", "auth", "encryption", "signing"].flatMap((word) => [
      [`${word}_key`, `${word}keyring`],
      [`${word}-key`, `${word}x-key`],
      [`${word}.key`, `my${word}.key`],
      [`${word}key`, `${word}keys`],
      [`${word}_keyid`, `${word}keyids`],
    ]),
    ["apikey", "apikeys"],
    ["DB_PASSWORD", "DB_PASSWORDS"],
    ["db.password", "db.passwords"],
    ["db-password", "db-passwords"],
    ["password_old", "passwordold"],
    ["password.old", "password:old"],
    ["password-old", "password old"],
  ] as [string, string][])("%s, %s", (name, neighbour) => {
    expect([isNamedSecret(name, "hunter2"), isNamedSecret(neighbour, "hunter2")]).toEqual([true, false]);
    expect([isNamedSecret(name.toUpperCase(), "hunter2"), isNamedSecret(`my_${name}`, "hunter2")]).toEqual([true, true]);
  });

  test("words may be told apart by their capitals", () => {
    for (const name of ["apiKey", "dbPassword", "s3SecretKey", "db2Password"])
      expect([name, isNamedSecret(name, "x")]).toEqual([name, true]);
    for (const name of ["apiKeyboard", "dbPasswords", "DBPASSWORD"]) expect([name, isNamedSecret(name, "x")]).toEqual([name, false]);
  });

  test.each(["max", "min", "num", "n"])("one that counts (%s) is none", (word) => {
    for (const name of [`${word}_secret`, `my_${word}-secret`, `my.${word}.secret`])
      expect([name, isNamedSecret(name, "5")]).toEqual([name, false]);
    for (const name of [`x${word}_secret`, `${word}x_secret`]) expect([name, isNamedSecret(name, "5")]).toEqual([name, true]);
  });

  test.each([
    "file",
    "files",
    "path",
    "paths",
    "dir",
    "dirs",
    "type",
    "types",
    "name",
    "names",
    "arn",
    "arns",
    "ttl",
    "length",
    "limit",
    "limits",
    "count",
    "counts",
    "url",
    "uri",
    "endpoint",
    "algorithm",
    "expiry",
    "expires",
    "timeout",
    "provider",
    "mode",
    "policy",
    "enabled",
    "required",
  ])("one that speaks about a secret (%s) is none", (word) => {
    for (const name of [`secret_${word}`, `secret-${word}`, `SECRET.${word}`])
      expect([name, isNamedSecret(name, "x")]).toEqual([name, false]);
    for (const name of [`secret_${word}x`, `secret_${word}_old`, `secret_x${word}`])
      expect([name, isNamedSecret(name, "x")]).toEqual([name, true]);
  });

  test("one that ends in tokens counts them", () => {
    expect([isNamedSecret("my_secret_tokens", "5"), isNamedSecret("my_secret_tokens_1", "5")]).toEqual([false, true]);
  });

  test.each(["", " ", "true", "FALSE", "yes", "no", "on", "off", "none", "null", "/run/secrets/x-1.y", "/", "$VAR", "${VAR}", "$(VAR)"])(
    "the value %j is none",
    (value) => {
      expect(isNamedSecret("password", value)).toBe(false);
    },
  );

  test.each(["trueish", "not", "nulls", "/run/se crets", "run/secrets", "$VAR-x", "x$VAR", "$(VAR", "$", "0", "hunter2"])(
    "the value %j may be one",
    (value) => {
      expect(isNamedSecret("password", value)).toBe(true);
    },
  );
});

describe("words of a command line that hand a secret over, and their neighbours", () => {
  test.each<[string, string, boolean]>([
    ["--password=x", "", true],
    ["--password", "x", true],
    ["-password", "x", true],
    ["--db.password", "x", true],
    ["--password=a\nb", "", true],
    ["--password", "--verbose", false],
    ["--password", "", false],
    ["--password=", "x", false],
    ["--password=-x", "", false],
    ["password", "x", false],
    ["x--password", "x", false],
    ["--pass word", "x", false],
    ["--verbose", "x", false],
    ["--password-file", "x", false],
    ["--", "x", false],
  ])("%j %j: %s", (word, next, is) => {
    expect(isSecretArgument(word, next)).toBe(is);
  });
});
