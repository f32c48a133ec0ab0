import { describe, expect, test } from "vitest";
import { holdsSecretInScript, isNamedSecret, isSecretInMetadata } from "../../../policy/rules/read/secret-detection.ts";

describe("a name of metadata and its value, whether that is a secret", () => {
  const random = "aB3dE5gH7jK9mN1p";
  test.each<[string, string, boolean]>([
    ["password", "x", true],
    ["example.com/password", "x", true],
    ["checksum/password", "x", false],
    ["xchecksum/password", "x", true],
    ["checksum.example/password", "x", false],
    ["example-hash/password", "x", false],
    ["example.hash", "x", false],
    ["reloader.example.com/password", "x", false],
    ["vault.hashicorp.com/password", "x", false],
    ["vaultxhashicorp.com/password", "x", true],
    ["hashes.example/password", "x", true],
    ["rehash.example/password", "x", true],
    // Of another's prefix, these name an object that holds one, unless what stands there is one.
    ["example.com/secret", "my-secret", false],
    ["example.com/token", "x", false],
    ["example.com/credentials", "x", false],
    ["example.com/secret", random, true],
    ["example.com/token", "0123456789abcdef0123456789abcdef", false],
    ["secret", "my-secret", true],
    ["a.token", "x", false],
    ["checksum/x", `ghp_${"x".repeat(36)}`, true],
    ["example.com/colour", random, false],
  ])("%s: %s: %s", (key, value, is) => {
    expect(isSecretInMetadata(key, value)).toBe(is);
  });

  test.each<[string, boolean]>([
    ["dbpassword", true],
    ["dbpassword2", true],
    ["xpassword", false],
    ["pgpasswords", false],
    ["smtppass", true],
    ["xsmtppass", false],
    ["smtppassx", false],
    ["compass", false],
    ["password12", true],
    ["token1", true],
    ["xtoken1", false],
    ["tokenx1", false],
    ["pwd99", true],
    ["", false],
    ["_password", true],
    ["_no_password", false],
  ])("one word, %s, names a secret: %s", (name, is) => {
    expect(isNamedSecret(name, "hunter2")).toBe(is);
  });

  test("words of a script are taken each with the one behind it", () => {
    expect(holdsSecretInScript("run --password hunter2")).toBe(true);
    expect(holdsSecretInScript("run --password --verbose")).toBe(false);
    expect(holdsSecretInScript("run hunter2 --password")).toBe(false);
  });
});
