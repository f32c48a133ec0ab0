import { describe, expect, test } from "vitest";
import { holdsSecretInFile, holdsSecretInScript, isNamedSecret, isSecretArgument } from "../../../policy/rules/read/secret-detection.ts";
import { holdsConnectionPassword, holdsToken, holdsUrlPassword } from "../../../policy/rules/read/token-formats.ts";

/** A value that nobody takes for a word. */
const random = "a8f5f167f44f4964e6c998dee827110c";

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

  const hex = "0123456789abcdef".repeat(5);
  const mixed = "A1b2C3d4E5f6G7h8I9j0".repeat(4);
  const small = "abcdefghijklmnopqrstuvwxyz".repeat(3);
  test.each<[prefix: string, rest: string, atLeast: number]>([
    ["sk-proj-", mixed, 20],
    ["sk-svcacct-", mixed, 20],
    ["sk-admin-", mixed, 20],
    ["sk-or-", mixed, 20],
    ["ABIA", mixed, 16],
    ["ACCA", mixed, 16],
    ["LTAI", mixed, 16],
    ["ABSK", mixed, 60],
    ...["dt", "ft", "rt", "cbt", "ptt", "oas", "soat", "imt", "ffct", "agent"].map((kind): [string, string, number] => [
      `gl${kind}-`,
      mixed,
      16,
    ]),
    ["GR1348941", mixed, 20],
    ["xapp-1-", mixed, 20],
    ...["sk_test_", "sk_live_", "sk_prod_", "rk_test_", "rk_live_", "rk_prod_"].map((kind): [string, string, number] => [kind, mixed, 10]),
    ["whsec_", mixed, 20],
    ["npm_", mixed, 30],
    ["pypi-AgEIcHlwaS5vcmc", mixed, 30],
    ["rubygems_", hex, 40],
    ["oy2", small, 43],
    ["AIza", mixed, 30],
    ["ya29.", mixed, 20],
    ["GOCSPX-", mixed, 20],
    ["hf_", small, 30],
    ["api_org_", small, 30],
    ["gsk_", mixed, 40],
    ["pplx-", mixed, 40],
    ["r8_", mixed, 30],
    ...["hvs.", "hvb.", "hvr."].map((kind): [string, string, number] => [kind, mixed, 24]),
    ["pul-", hex, 40],
    ...["doo_v1_", "dop_v1_", "dor_v1_"].map((kind): [string, string, number] => [kind, hex, 40]),
    ["dapi", hex, 32],
    ["dckr_pat_", mixed, 20],
    ["dckr_oat_", mixed, 20],
    ...["pt", "st", "ct", "sa", "scim", "audit"].map((kind): [string, string, number] => [`dp.${kind}.`, mixed, 30]),
    ["dt0c01.", mixed, 40],
    [`SG.${mixed.slice(0, 16)}.`, mixed, 16],
    ["xkeysib-", hex, 32],
    ["key-", hex, 32],
    ...["shpat_", "shpca_", "shppa_", "shpss_"].map((kind): [string, string, number] => [kind, hex, 32]),
    ["sq0atp-", mixed, 20],
    ["sq0csp-", mixed, 20],
    ["glsa_", mixed, 30],
    ["glc_", mixed, 30],
    ["sntrys_", mixed, 30],
    ["sntryu_", mixed, 30],
    ["PMAK-", hex, 30],
    ["lin_api_", mixed, 30],
    ["ntn_", mixed, 30],
    ["secret_", mixed, 40],
    ["figd_", mixed, 30],
    ["NRAK-", mixed.toUpperCase(), 20],
    ["HRKU-AA", mixed, 30],
    ["AKCp", mixed, 50],
    ["fo1_", mixed, 40],
    ...["fm1_", "fm2_", "fm1a_", "fm2r_"].map((kind): [string, string, number] => [kind, mixed, 60]),
    ...["tkn", "pw", "oauth"].map((kind): [string, string, number] => [`pscale_${kind}_`, mixed, 30]),
    ["sbp_", mixed, 20],
    ["sb_secret_", mixed, 20],
    ["ops_eyJ", mixed, 60],
    ["AGE-SECRET-KEY-1", mixed.toUpperCase(), 40],
    ["sha256~", mixed, 43],
    ["tskey-auth-", mixed, 16],
    ["FLWSECK-", small, 12],
    ["FLWSECK_TEST-", small, 12],
    ["EZAK", mixed, 50],
    ["EZTK", mixed, 50],
    ["SK", hex, 32],
    ["rdme_", small, 60],
    ["sgp_", hex, 40],
    ["CCIPAT_", mixed, 30],
    ["bkua_", hex, 40],
    ...["cfut_", "cfat_", "cfk_"].map((kind): [string, string, number] => [kind, mixed, 40]),
  ])("%s and what follows", (prefix, rest, atLeast) => {
    const token = `${prefix}${rest.slice(0, atLeast)}`;
    expect([token, `KEY=${token} x`, `a\n"${token}"`].map(holdsToken)).toEqual([true, true, true]);
    expect([token.slice(0, -1), `x${token}`, `${prefix}${"!".repeat(atLeast)}`].map(holdsToken)).toEqual([false, false, false]);
  });

  test.each([
    [`abcdefghijklmn.atlasv1.${mixed.slice(0, 40)}`, `abcdefghijklmn.atlasv2.${mixed.slice(0, 40)}`],
    [`hooks.slack.com/services/${mixed.slice(0, 20)}`, `hooks.slack.com/services/${mixed.slice(0, 19)}`],
    [`hooks.slack.com/workflows/${mixed.slice(0, 20)}`, `hooks.slack.com/apps/${mixed.slice(0, 20)}`],
    [`hooks.slack.com/triggers/${mixed.slice(0, 20)}`, `hooks.slack.org/triggers/${mixed.slice(0, 20)}`],
    [`x.webhook.office.com/webhookb2/${hex.slice(0, 36)}`, `x.webhook.office.com/webhookb2/${hex.slice(0, 35)}`],
    [`discord.com/api/webhooks/1234567890/${mixed.slice(0, 30)}`, `discord.com/api/webhooks/123456789/${mixed.slice(0, 30)}`],
    [`discordapp.com/api/webhooks/1234567890/${mixed.slice(0, 30)}`, `discordapp.com/api/channels/1234567890/${mixed.slice(0, 30)}`],
    [`abc8Q~${mixed.slice(0, 31)}`, `abc8Q~${mixed.slice(0, 30)}`],
    ['{"auth": "bWU6aHVudGVyMg=="}', '{"auth": "bWU6aHU"}'],
    ['{"auths":"bWU6aHVudGVyMg=="}', '{"authz":"bWU6aHVudGVyMg=="}'],
    ...["password", "passwd", "clientSecret", "secret_access_key", "secretKey", "api_key", "accessToken", "auth_token", "privateKey"].map(
      (key) => [`{"${key}": "hunter2"}`, `{"${key}": "\${X}"}`],
    ),
    ['{"password":"abc"}', '{"passwords":"abc"}'],
    [`12345678:AA${mixed.slice(0, 32)}`, `1234567:AA${mixed.slice(0, 32)}`],
    ["-----BEGIN PGP PRIVATE KEY BLOCK-----", "-----BEGIN PGP PUBLIC KEY BLOCK-----"],
  ] as [string, string][])("%s, and not %s", (token, neighbour) => {
    expect([holdsToken(token), holdsToken(neighbour)]).toEqual([true, false]);
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
    ]),
    ["access_key_id", "encryption_key_id"],
    ["apikey", "apikeys"],
    ["DB_PASSWORD", "DB_PASSWORDS"],
    ["db.password", "db.passwords"],
    ["db-password", "db-passwords"],
    ["password_old", "passwordold"],
    ["password.old", "passwordsold"],
    ["password:old", "passwords:old"],
    ["password old", "password_oldest"],
  ] as [string, string][])("%s, %s", (name, neighbour) => {
    expect([isNamedSecret(name, "hunter2"), isNamedSecret(neighbour, "hunter2")]).toEqual([true, false]);
    expect([isNamedSecret(name.toUpperCase(), "hunter2"), isNamedSecret(`my_${name}`, "hunter2")]).toEqual([true, true]);
  });

  test("words may be told apart by their capitals", () => {
    for (const name of ["apiKey", "dbPassword", "s3SecretKey", "db2Password"])
      expect([name, isNamedSecret(name, "x")]).toEqual([name, true]);
    for (const name of ["apiKeyboard", "dbPasswords", "DBPASSWORDS"]) expect([name, isNamedSecret(name, "x")]).toEqual([name, false]);
  });

  test.each(["max", "min", "num", "n"])("one that counts (%s) is none", (word) => {
    for (const name of [`${word}_secret`, `my_${word}-secret`, `my.${word}.secret`])
      expect([name, isNamedSecret(name, "5")]).toEqual([name, false]);
    for (const name of [`x${word}_secret`, `${word}x_secret`]) expect([name, isNamedSecret(name, "5")]).toEqual([name, true]);
  });

  test.each(
    (
      "file files path paths dir dirs directory folder mount type types kind name names namespace arn arns ref refs reference " +
      "ttl length size limit limits count counts url uri urls endpoint host port issuer audience backend engine store " +
      "provider manager driver plugin algorithm alg hasher hash hashing hashed expiry expires expiration expire lifetime age " +
      "duration period interval seconds secs minutes hours days timeout grace leeway skew rotation rotate renew refresh " +
      "policy policies rule rules mode method strategy scheme format encoding enabled disabled required optional allowed " +
      "validation validator validators verification strength complexity min max minimum maximum attempts retries reset prompt " +
      "field header headers cookie param parameter prefix suffix label version scope scopes claim claims template script " +
      "command cmd helper cache server service region project group role binding index schema table column class " +
      "factory source location filename filepath permissions"
    ).split(" "),
  )("one that speaks about a secret (%s) is none", (word) => {
    for (const name of [`secret_${word}`, `secret-${word}`, `SECRET.${word}`, `secret_${word}_old`])
      expect([name, isNamedSecret(name, random)]).toEqual([name, false]);
    // A word that nobody foresaw decides nothing: the value does.
    for (const name of [`secret_${word}x`, `secret_x${word}`])
      expect([name, isNamedSecret(name, random), isNamedSecret(name, "hunter2")]).toEqual([name, true, false]);
  });

  test.each(
    (
      "value values plain plaintext text string str raw data base64 b64 encoded hex old new current previous next primary " +
      "secondary default prod production dev development stage staging test testing qa live local demo root admin db database " +
      "main master backup ro rw readonly replica"
    ).split(" "),
  )("one of several (%s) is one", (word) => {
    for (const name of [`secret_${word}`, `secret-${word}-2`, `SECRET.${word}`])
      expect([name, isNamedSecret(name, "hunter2")]).toEqual([name, true]);
    expect([isNamedSecret(`secret_${word}x`, "hunter2"), isNamedSecret(word, "hunter2")]).toEqual([false, false]);
  });

  test.each(
    (
      "creds passcode apikey apitoken authtoken accesstoken refreshtoken clientsecret appsecret secretkey accesskey privatekey masterkey " +
      "authkey encryptionkey signingkey requirepass masterauth sshpass pat redis_auth rediscli_auth mysql_pwd docker_auth_config npm_config_auth " +
      "npm_config__auth _auth _authtoken aws_access_key_id rails_key_base pgpassword mypasswd mypassphrase myapikey mysecretkey myaccesskey " +
      "myauthtoken storepass keypass ldappass dbpass smtppass mailpass userpass adminpass rootpass trustpass keystorepass truststorepass " +
      "password2 passwd2 secret2 token2 pass2 pwd2"
    ).split(" "),
  )("%s, and not what goes on after it", (name) => {
    expect([isNamedSecret(name, "hunter2"), isNamedSecret(`${name}ing`, "hunter2")]).toEqual([true, false]);
  });

  test.each(
    (
      "api access private secret auth encryption decryption signing signature account master license licence shared storage session cookie " +
      "jwt hmac ssh deploy webhook app application consumer client admin root fernet integration ingest service"
    ).split(" "),
  )("the key of %s", (owner) => {
    for (const name of [`${owner}_key`, `${owner}Keys`, `my-${owner}-key`])
      expect([name, isNamedSecret(name, "hunter2")]).toEqual([name, true]);
    expect([isNamedSecret(`x${owner}x_key`, "hunter2"), isNamedSecret(`${owner}_keyboard`, "hunter2")]).toEqual([false, false]);
  });

  test.each("no has use uses enable enables enabled disable disabled require requires required allow allows skip without is".split(" "))(
    "a switch (%s) is none",
    (word) => {
      expect([isNamedSecret(`${word}_secret`, random), isNamedSecret(`my_${word}_secret`, random)]).toEqual([false, true]);
    },
  );

  test.each("tls ssl ca cert certs certificate pull imagepull image ingress serving existing external k8s kubernetes".split(" "))(
    "the name of an object that holds one (%s) is none",
    (word) => {
      for (const name of [`${word}_secret`, `my-${word}-secrets`]) expect([name, isNamedSecret(name, random)]).toEqual([name, false]);
      expect([isNamedSecret(`${word}_password`, random), isNamedSecret(`x${word}_secret`, random)]).toEqual([true, true]);
    },
  );

  test.each(["auth", "basic_auth", "proxy_auth", "registry_auth", "npm_auth", "docker_auth", "http_auth"])(
    "%s is one where its value looks like one",
    (name) => {
      expect([isNamedSecret(name, random), isNamedSecret(name, "me:hunter2"), isNamedSecret(name, "login")]).toEqual([true, true, false]);
      expect(isNamedSecret(`${name}x`, random)).toBe(false);
    },
  );

  test("the key under which one is kept is none", () => {
    for (const name of ["password_key", "token_keys"]) expect([name, isNamedSecret(name, random)]).toEqual([name, false]);
  });

  test("one that ends in tokens counts them", () => {
    expect([isNamedSecret("my_secret_tokens", "5"), isNamedSecret("my_secret_tokens_1", "5")]).toEqual([false, true]);
  });

  test.each([
    "",
    " ",
    "true",
    "FALSE",
    "yes",
    "no",
    "on",
    "off",
    "none",
    "null",
    "nil",
    "undefined",
    "enabled",
    "disabled",
    "required",
    "optional",
    "/run/secrets/x-1.y",
    "/",
    "./x",
    "../x/y",
    "$VAR",
    "${VAR}",
    "$(VAR)",
    "$(VAR",
    "`cat x`",
    "%VAR%",
    "{{ .Values.x }}",
    "<password>",
    "***",
    "ENC[AES256,x]",
    "arn:aws:secretsmanager:eu-west-1:1:secret:x",
    "arn:aws-cn:ssm:eu-west-1:1:parameter/x",
    "arn:aws:kms:eu-west-1:1:key/x",
    "projects/x/secrets/y",
    "vault:secret/x",
    "ref+vault://x",
    "op://x/y",
    "sm:x",
    "awssm:x",
    "awssecret:x",
    "awsssm:x",
    "gcpsm:x",
    "gsm:x",
    "secretsmanager:x",
    "ssm:x",
    "azurekv:x",
    "akv:x",
    "azurekeyvault:x",
    "file:/x",
    "env:X",
    "doppler:x",
    "secretref:x",
    "valueFrom:x",
    "keyring:x",
    "infisical:x",
    "bao:x",
    '"$VAR"',
    "'true'",
  ])("the value %j is none", (value) => {
    expect(isNamedSecret("password", value)).toBe(false);
  });

  test.each([
    "trueish",
    "not",
    "nulls",
    "/run/se crets",
    "run/secrets",
    "$VAR-x",
    "x$VAR",
    "$",
    "0",
    "hunter2",
    "nilx",
    "x{{ x }}",
    "<x",
    "ENC[x",
    "arn:aws:s3:::x",
    "projects/x/y",
    "vaults:x",
    "files:x",
    "%x",
    "(x)",
  ])("the value %j may be one", (value) => {
    expect(isNamedSecret("password", value)).toBe(true);
  });
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

describe("a connection string with a password, and its neighbour", () => {
  test.each([
    "server",
    "host",
    "hostaddr",
    "data source",
    "datasource",
    "address",
    "addr",
    "user id",
    "uid",
    "user",
    "username",
    "database",
    "initial catalog",
    "dbname",
    "accountname",
    "endpoint",
    "sharedaccesskeyname",
    "hostname",
    "port",
  ])("%s", (word) => {
    expect([`${word}=x;password=hunter2`, `password=hunter2 ${word.toUpperCase()} = x`].map(holdsConnectionPassword)).toEqual([true, true]);
    expect([`${word}x=x;password=hunter2`, `${word}=x;password=$PASSWORD`].map(holdsConnectionPassword)).toEqual([false, false]);
  });

  test.each(["password", "pwd", "pass", "accountkey", "sharedaccesskey", "sharedsecret", "secret", "sig"])("%s", (word) => {
    expect([`host=x;${word}=hunter2`, `host=x ${word.toUpperCase()} = 'hunter2'`].map(holdsConnectionPassword)).toEqual([true, true]);
    expect([`host=x;${word}x=hunter2`, `host=x;${word}={x}`, `host=x;${word}=`].map(holdsConnectionPassword)).toEqual([
      false,
      false,
      false,
    ]);
  });
});

describe("what a script hands over, and its neighbour", () => {
  test.each([
    ["curl -u me:hunter2 x", "curl -u me x"],
    ["curl --user me:hunter2 x", "curl --user me:$PASSWORD x"],
    ["curl --proxy-user=me:hunter2 x", "curl --proxy me:hunter2 x"],
    ["-H 'Authorization: Bearer abcdefgh'", "-H 'Authorization: Bearer $TOKEN'"],
    ["-H 'authorization: basic abcdefgh'", "-H 'authorization: basic abcdefg'"],
    ["-H 'Authorization: token abcdefgh'", "-H 'Authorization: none abcdefgh'"],
    ["sshpass -p hunter2 ssh x", "sshpass -p $PASSWORD ssh x"],
    ["redis-cli -a hunter2", "redis-cli -a $PASSWORD"],
    ["mysql -phunter2", "mysql -p"],
    ["mysqldump -u x -phunter2", "mysqldump -u x -p$PASSWORD"],
    ["mysqladmin -phunter2", "psql -phunter2"],
  ])("%s, and not %s", (script, neighbour) => {
    expect([holdsSecretInScript(script), holdsSecretInScript(neighbour)]).toEqual([true, false]);
  });
});

describe("a line of a file that sets a password, and its neighbour", () => {
  test.each([
    "password",
    "passwd",
    "passphrase",
    "api_key",
    "apikey",
    "api-key",
    "secret_key",
    "secretKey",
    "client_secret",
    "client-secret",
  ])("%s", (word) => {
    for (const line of [`${word}: hunter2`, `db.${word} = "hunter2"`, `  "${word}": 'hunter2',`])
      expect([line, holdsSecretInFile(`a: b\n${line}\n`)]).toEqual([line, true]);
    for (const line of [`${word}: $X`, `${word}Ref: hunter2`, `# ${word}: hunter2`, `${word}:`])
      expect([line, holdsSecretInFile(`a: b\n${line}\n`)]).toEqual([line, false]);
  });
});
