import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { capability } from "../../policy/rules/read/capabilities.ts";
import { coversWorld, holds, holdsMetadata, isCoveredBy, isUnspecified, rangeOf } from "../../policy/rules/read/cidr.ts";
import { finalStage, instructions } from "../../policy/rules/read/dockerfile.ts";
import { isFloating, parseImage } from "../../policy/rules/read/image.ts";
import { isSensitive, normalPath, reachesEngine } from "../../policy/rules/read/paths.ts";
import {
  holdsSecretInFile,
  holdsSecretInScript,
  isNamedSecret,
  isSecretArgument,
  isSecretInMetadata,
  looksRandom,
} from "../../policy/rules/read/secret-detection.ts";
import { securityOption } from "../../policy/rules/read/security-options.ts";
import { holdsConnectionPassword, holdsToken, holdsUrlPassword } from "../../policy/rules/read/token-formats.ts";
import { kindOf } from "../../policy/rules/read/subject.ts";
import { identityOf } from "../../policy/rules/read/user.ts";

describe("paths", () => {
  const part = fc.stringMatching(/^[a-z0-9._-]{1,8}$/).filter((word) => word !== "." && word !== "..");
  const parts = fc.array(part, { maxLength: 6 });
  /** Ways to write nothing between two parts of a path. */
  const detour = fc.oneof(
    fc.constantFrom("/", "//", "/./", "/.//./"),
    part.map((word) => `/${word}/../`),
  );

  test("have one spelling", () => {
    fc.assert(
      fc.property(parts, fc.array(detour, { minLength: 7, maxLength: 7 }), fc.boolean(), (words, detours, slash) => {
        const written = words.reduce((path, word, at) => path + (detours[at] ?? "/") + word, "") + (slash ? "/" : "");
        expect(normalPath(written === "" ? "/" : written)).toBe(normalPath(`/${words.join("/")}`));
      }),
    );
  });

  test("stay as they are once normalised", () => {
    fc.assert(
      fc.property(fc.string(), (path) => {
        expect(normalPath(normalPath(path))).toBe(normalPath(path));
      }),
    );
  });

  test("reach the engine however the socket is written, and from every parent of it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("/run/docker.sock", "/var/run/docker.sock", "/run/containerd/containerd.sock", "/run", "/"),
        fc.array(detour, { maxLength: 5 }),
        (socket, detours) => {
          expect(reachesEngine(normalPath(`${detours.join("")}${socket}`))).toBe(true);
        },
      ),
    );
  });

  test.each([
    "/run/user/1000",
    "/run/user/1000/docker.sock",
    "/run/user/1000/podman",
    "/run/user/1000/bus",
    "/run/dbus/system_bus_socket",
    "/run/systemd/private",
    "/run/systemd",
    "/run/crio/crio.sock",
    "/var/lib/lxd/unix.socket",
    "/var/snap/lxd/common/lxd/unix.socket",
    "/run/libvirt/libvirt-sock",
    "/run/snapd.socket",
    "/home/me/.docker/run/docker.sock",
    "/run/host-services/docker.proxy.sock",
    "/var/run/docker.proxy",
    "/host_mnt/var/run/docker.sock",
    "/private/var/run/docker.sock",
    "\\\\.\\pipe\\docker_engine",
  ])("%s reaches the engine, or another that starts things", (path) => {
    expect(reachesEngine(normalPath(path))).toBe(true);
  });

  test.each(["/srv/run", "/home/me/project", "/running", "/run/secrets/app", "/home/me/docker.socket", "/run/systemd/resolve", "/srv/bus"])(
    "%s reaches no engine",
    (path) => {
      expect(reachesEngine(normalPath(path))).toBe(false);
    },
  );

  test.each([
    "/home",
    "/home/me",
    "/home/me/",
    "/home/me/.config",
    "/Users/me",
    "/var/home/me",
    "/root/x",
    "C:\\Users\\me",
    "C:\\",
    "C:\\Windows\\System32",
    "/mnt/c",
    "/run/user/1000/wayland-0",
    "/var/lib/etcd",
    "/var/lib/rancher/k3s/server",
    "/var/lib/cloud/instance",
    "/var/lib/kubelet/pki",
    "/var/lib",
    "/var",
    "/var/spool/cron",
    "/opt/cni/bin",
    "/dev/mapper/data",
    "/dev/disk/by-id/x",
    "/dev",
    "/host_mnt/etc",
  ])("%s is sensitive", (path) => {
    expect(isSensitive(normalPath(path))).toBe(true);
  });

  test.each([
    "/home/me/project",
    "/Users/me/project",
    "/mnt/c/Users/me/project",
    "C:\\Users\\me\\project",
    "D:\\data",
    "/srv/etc",
    "/etcetera",
    "/mnt/usr",
    "/mnt/data",
    "/home/me/.sshfs",
    "/home/me/project/.config",
    "/data",
    "/var/www",
    "/opt/app",
    "/var/lib/app",
  ])("%s is not sensitive", (path) => {
    expect(isSensitive(normalPath(path))).toBe(false);
  });
});

test("capabilities have one spelling, whatever their case, prefix and blanks", () => {
  const spelling = fc.tuple(
    fc.constantFrom("SYS_ADMIN", "NET_RAW", "ALL", "CHOWN"),
    fc.boolean(),
    fc.array(fc.boolean(), { minLength: 20, maxLength: 20 }),
    fc.stringMatching(/^[ \t]{0,3}$/),
  );
  fc.assert(
    fc.property(spelling, ([name, prefix, capitals, blank]) => {
      const written = [...(prefix ? `CAP_${name}` : name)].map((letter, at) => (capitals[at] ? letter : letter.toLowerCase())).join("");
      expect(capability(blank + written + blank)).toBe(name);
    }),
  );
});

test.each([
  [undefined, "unproven"],
  ["", "unproven"],
  ["root", "root"],
  ["0", "root"],
  ["000:5", "root"],
  ["+0", "root"],
  ["-0", "root"],
  [":1000", "root"],
  ["1000", "other"],
  ["10", "other"],
  ["agent:agent", "other"],
])("user %j is %s", (user, is) => {
  expect(identityOf(user).is).toBe(is);
});

test.each([
  ["no-new-privileges", { name: "no-new-privileges", value: undefined }],
  ["no-new-privileges:true", { name: "no-new-privileges", value: "true" }],
  ['seccomp={"a":"b=c"}', { name: "seccomp", value: '{"a":"b=c"}' }],
  ["label=type:x", { name: "label", value: "type:x" }],
  [" LABEL:disable ", { name: "label", value: "disable" }],
])("security option %j", (written, option) => {
  expect(securityOption(written)).toEqual(option);
});

test.each([
  ["node", "docker.io", undefined],
  ["team/node:1", "docker.io", "1"],
  ["localhost/node:1", "localhost", "1"],
  ["registry.example.com:5000/team/node", "registry.example.com:5000", undefined],
  ["GHCR.io/team/node:v2", "ghcr.io", "v2"],
])("image %s comes from %s", (reference, registry, tag) => {
  expect(parseImage(reference)).toEqual({ registry, tag, pinned: false });
});

test("only a tag with a figure in it is a version", () => {
  for (const tag of ["1", "24.1-slim", "v2", "2026-11"]) expect(isFloating(tag)).toBe(false);
  for (const tag of [undefined, "", "latest", "LATEST", "lts", "main", "edge"]) expect(isFloating(tag)).toBe(true);
});

test.each([
  [["0.0.0.0/0"], true],
  [["0.0.0.0/1", "128.0.0.0/1"], true],
  [["0.0.0.0/2", "64.0.0.0/2", "128.0.0.0/2", "192.0.0.0/2"], true],
  [["::/0"], true],
  [["2000::/3"], true],
  [["2000::/6", "2400::/6"], true],
  [["64.0.0.0/4"], true],
  [["11.0.0.0/8", "12.0.0.0/6", "16.0.0.0/5", "24.0.0.0/8"], true],
  [["2001:db8::/32", "2a00:1450::/32"], false],
  [["52.0.0.0/11", "54.0.0.0/10", "3.0.0.0/9"], false],
  [["172.16.0.0/12", "100.64.0.0/10", "224.0.0.0/4", "fc00::/7"], false],
  [["2000::/4", "3000::/5", "3800::/5"], true],
  [["2001:db8::/32", "fc00::/7"], false],
  [["::ffff:0.0.0.0/96"], true],
  [["64:ff9b::/97", "64:ff9b::8000:0/97"], true],
  [["0.0.0.0/3", "32.0.0.0/3", "64.0.0.0/3", "96.0.0.0/3"], true],
  [["::ffff:10.0.0.0/104"], false],
  [[{ cidr: "0.0.0.0/0", except: ["0.0.0.0/1", "128.0.0.0/2", "192.0.0.0/3"] }], false],
  [[{ cidr: "0.0.0.0/0", except: ["10.0.0.0/8"] }], true],
  [["10.0.0.0/8", "192.168.0.0/16"], false],
  [["10.0.0.0/8", "10.0.0.0/8"], false],
  [["nonsense", "1.2.3/8", "1.2.3.4/99"], false],
  [[], false],
] as const)("%j covers the world: %s", (blocks, covers) => {
  expect(coversWorld(blocks)).toBe(covers);
});

test.each([
  "169.254.169.254/32",
  "169.254.170.2",
  "169.254.0.0/16",
  "fd00:ec2::254/128",
  "FD00:EC2:0::254",
  "::ffff:169.254.169.254",
  "0.0.0.0/0",
  "100.100.100.200/32",
])("%s holds a metadata service", (block) => expect(holdsMetadata(block)).toBe(true));

test.each(["10.0.0.0/8", "169.253.0.0/16", "fd00::1", "nonsense", "host-gateway"])("%s holds none", (block) =>
  expect(holdsMetadata(block)).toBe(false),
);

test.each(["", "0.0.0.0", "::", "[::]", "*", "::0", "0:0:0:0:0:0:0:0", "::ffff:0.0.0.0", "::ffff:0:0", " 0.0.0.0 ", "000.0.0.0"])(
  "%j is every address of a machine",
  (address) => expect(isUnspecified(address)).toBe(true),
);

test.each(["127.0.0.1", "::1", "10.0.0.1", "0.0.0.1", "::ffff:127.0.0.1", "localhost", "0.0.0.0/0"])("%s is not", (address) =>
  expect(isUnspecified(address)).toBe(false),
);

test("an address lies in what is left of a block", () => {
  const block = { cidr: "169.254.0.0/16", except: ["169.254.169.0/24"] };
  expect(holds([block], "169.254.169.254")).toBe(false);
  expect(holds([block], "169.254.170.2")).toBe(true);
  expect(holds(["10.0.0.0/8", "::/0"], "169.254.169.254")).toBe(false);
  expect(holds(["fd00:ec2::/64"], "fd00:ec2::254")).toBe(true);
  expect(holds(["nonsense"], "169.254.169.254")).toBe(false);
});

test("a block lies in the union of others", () => {
  expect(isCoveredBy("10.0.0.0/8", ["10.0.0.0/9", "10.128.0.0/9"])).toBe(true);
  expect(isCoveredBy("10.0.0.0/8", ["10.0.0.0/9"])).toBe(false);
  expect(rangeOf("::1/128")).toMatchObject({ from: 1n, to: 1n });
});

test.each<readonly [string, string, boolean]>([
  ["DB_PASSWORD", "x", true],
  ["apiKey", "x", true],
  ["x-api-key", "x", true],
  ["PASSWORD", "123456", true],
  ["DB_PASSWORD_FILE", "/run/secrets/db", false],
  ["PASSWORD", "", false],
  ["PASSWORD", "/run/secrets/db", false],
  ["PASSWORD", "$DB_PASSWORD", false],
  ["MAX_TOKENS", "4096", false],
  ["TOKEN_TYPE", "bearer", false],
  ["TOKEN_REQUIRED", "1", false],
  ["SESSION_PIDS_REQUIRED", "0", false],
  ["PWD", "/workspace", false],
  ["COMPASS", "north", false],
  ["SECRETARY", "me", false],
  ["MONKEY", "x", false],
  ...[
    "PGPASSWORD",
    "REDISCLI_AUTH",
    "MYSQL_PWD",
    "SSHPASS",
    "DBPASSWORD",
    "spring.datasource.password",
    "storePass",
    "PASSWORD_PROD",
    "PASSWORD2",
  ].map((name) => [name, "hunter2", true] as const),
  ...[
    "SECRET_KEY_BASE",
    "NEW_RELIC_LICENSE_KEY",
    "AWS_SECRET_ACCESS_KEY",
    "CLIENT_SECRET",
    "GITHUB_PAT",
    "JWT_SIGNING_KEY",
    "API_TOKENS",
  ].map((name) => [name, "hunter2", true] as const),
  ["NPM_AUTH", "me:hunter2", true],
  ["SECRET_OF_MINE", "a8f5f167f44f4964e6c998dee827110c", true],
  ["SECRET_BACKEND", "vault", false],
  ["SECRET_STORE", "a8f5f167f44f4964e6c998dee827110c", false],
  ["SECRET_NAMESPACE", "apps", false],
  ["TOKEN_AUDIENCE", "https://example.com", false],
  ["TOKEN_LIFETIME", "3600", false],
  ["ACCESS_TOKEN_EXPIRES_IN_SECONDS", "86400", false],
  ["ACCESS_TOKEN_TTL", "86400", false],
  ["TOKEN_ISSUER", "me", false],
  ["PASSWORD_HASHER", "argon2", false],
  ["PASSWORD_MIN_LENGTH", "12", false],
  ["PASSWORD_RESET_URL", "https://example.com", false],
  ["SECRET_ROTATION_DAYS", "30", false],
  ["TLS_SECRET", "web-tls", false],
  ["imagePullSecrets", "registry", false],
  ["ENABLE_TOKEN", "x", false],
  ["API_TOKENS", "20", false],
  ["SMTP_AUTH", "login", false],
  ["DB_PASSWORD", "vault:secret/data/db#password", false],
  ["DB_PASSWORD", "{{ .Values.password }}", false],
  ["DB_PASSWORD", "arn:aws:secretsmanager:eu-west-1:123456789012:secret:db", false],
])("%s=%s is a secret: %s", (name, value, is) => {
  expect(isNamedSecret(name, value)).toBe(is);
});

test("a password in a URL is one, a reference to a variable is none", () => {
  expect(holdsUrlPassword("x=postgres://me:secret@db:5432/x")).toBe(true);
  expect(holdsUrlPassword("postgres://me:$PASSWORD@db/x")).toBe(false);
  expect(holdsUrlPassword("https://example.com:8080/a@b")).toBe(false);
  expect(holdsUrlPassword("ssh://git@example.com/x")).toBe(false);
});

/** Figures that are no one's: each form with letters that no issuer gave out. */
const filler = "a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6g7H8i9J0a1B2c3D4e5F6";
const figures = "0123456789abcdef0123456789abcdef0123456789abcdef";
test.each([
  `sk_live_${filler}`,
  `rk_test_${filler}`,
  `sk-proj-${filler}`,
  `npm_${filler}`,
  `AIza${filler}`,
  `hf_${"abcdefghij".repeat(4)}`,
  `dckr_pat_${filler}`,
  `glrt-${filler}`,
  `hvs.${filler}`,
  `pul-${figures}`,
  `dop_v1_${figures}`,
  `SG.${filler}.${filler}`,
  `GOCSPX-${filler}`,
  `https://hooks.slack.com/services/${filler}`,
  `{"auths":{"ghcr.io":{"auth":"${Buffer.from("me:hunter2").toString("base64")}"}}}`,
  '{"user":"me","password":"hunter2"}',
])("%s is a credential, whatever it is called", (value) => {
  expect(holdsToken(value)).toBe(true);
  expect(holdsToken(`see ${value} for more`)).toBe(true);
});

test.each([
  "sk_liver",
  "npm_config_registry",
  "hf_home",
  "https://hooks.slack.com/",
  '{"auth":"x"}',
  '{"password":"${PASSWORD}"}',
  `sha256:${figures}`,
])("%s is none", (value) => expect(holdsToken(value)).toBe(false));

test.each([
  ["Server=db;User Id=me;Password=hunter2;", true],
  ["host=db port=5432 user=me password=hunter2", true],
  ["DefaultEndpointsProtocol=https;AccountName=x;AccountKey=aGVsbG8=", true],
  ["Endpoint=sb://x.servicebus.windows.net/;SharedAccessKeyName=x;SharedAccessKey=abc", true],
  ["Server=db;User Id=me;Password=${PASSWORD};", false],
  ["Server=db;Integrated Security=true;", false],
  ["password=hunter2 is what nobody should write", false],
])("%s is a connection string with a password: %s", (value, holds) => {
  expect(holdsConnectionPassword(value)).toBe(holds);
});

test.each([
  ["export DB_PASSWORD=hunter2; run", true],
  ["PGPASSWORD='hunter2' psql -h db", true],
  ["docker run -e API_TOKEN=hunter2 x", true],
  ["kubectl create secret generic x --from-literal=password=hunter2", true],
  ["$env:API_KEY = 'hunter2'; run", true],
  ["curl -u me:hunter2 https://example.com", true],
  ['curl -H "Authorization: Bearer abcdefghijkl" https://example.com', true],
  ["sshpass -p hunter2 ssh host", true],
  ["redis-cli -a hunter2 ping", true],
  ["mysql -u root --password=hunter2", true],
  ["export DB_PASSWORD=$(cat /run/secrets/db); run", false],
  ['PGPASSWORD="$POSTGRES_PASSWORD" psql', false],
  ["export PATH=/usr/bin; TOKEN_TTL=3600 run", false],
  ['curl -u "$USER:$PASSWORD" https://example.com', false],
  ['curl -H "Authorization: Bearer $TOKEN" https://example.com', false],
  ["controller --tls-secret=web-tls --token-ttl 3600", false],
])("a script %s holds a secret: %s", (text, holds) => {
  expect(holdsSecretInScript(text)).toBe(holds);
});

test.each([
  ["--tls-secret=web-tls", "", false],
  ["--pull-secret", "registry", false],
  ["--client-secret=hunter2", "", true],
  ["--requirepass", "hunter2", true],
])("the argument %s %s hands over a secret: %s", (word, next, is) => {
  expect(isSecretArgument(word, next)).toBe(is);
});

test.each([
  ["example.com/db-password", "hunter2", true],
  ["example.com/note", `ghp_${filler}`, true],
  ["vault.hashicorp.com/agent-inject-secret-config", "secret/data/app", false],
  ["vault.hashicorp.com/agent-inject-token", "true", false],
  ["secret.reloader.stakater.com/reload", "db-credentials", false],
  ["nginx.ingress.kubernetes.io/auth-secret", "basic-auth", false],
  ["checksum/secret", figures, false],
  ["kubernetes.io/service-account.token", "web", false],
])("metadata %s: %s is a secret: %s", (key, value, is) => {
  expect(isSecretInMetadata(key, value)).toBe(is);
});

test("a file holds a secret where it sets a password", () => {
  expect(holdsSecretInFile("server:\n  port: 80\n  password: hunter2\n")).toBe(true);
  expect(holdsSecretInFile("db.password=hunter2\n")).toBe(true);
  expect(holdsSecretInFile("[db]\npassword = ${DB_PASSWORD}\npasswordSecretRef: x\nsecret: web-tls\n;password = x\n")).toBe(false);
});

test.each([
  ["docker:index/container:Container", "docker:Container"],
  ["aws:ecs/taskDefinition:TaskDefinition", "aws:ecs:TaskDefinition"],
  ["aws-native:ecs:TaskDefinition", "aws:ecs:TaskDefinition"],
  ["kubernetes:extensions/v1beta1:Deployment", "kubernetes:Deployment"],
  ["kubernetes:apps/v1:DeploymentPatch", "kubernetes:Deployment"],
  ["pulumi:providers:docker", "pulumi:providers:docker"],
  ["nonsense", "nonsense:"],
])("%s is of kind %s", (type, kind) => {
  expect(kindOf(type)).toBe(kind);
});

test("a Dockerfile is read by stage, with what its base stage set", () => {
  const source = "FROM a AS one\nUSER me\n# USER root\nFROM one AS two\nRUN x && \\\n  y\nFROM b AS other\nUSER root\n";
  const stage = finalStage(instructions(source), "two");
  expect(stage.map(({ word, rest }) => `${word} ${rest.replace(/\s+/g, " ")}`)).toEqual([
    "FROM a AS one",
    "USER me",
    "FROM one AS two",
    "RUN x && y",
  ]);
});

test.each([
  ["a1b2c3d4e5f6g7h8", true],
  ["ABCDEFGHIJKLMN12", true],
  ["Ab+/=.~-_1234567", true],
  ["a1b2c3d4e5f6g7h", false],
  ["abcdefghijklmno1", false],
  ["abcdefghijklmnop", false],
  ["1234567890123456", false],
  ["a1b2c3d4 e5f6g7h8", false],
  ["1.2.3-alpha.build.4", false],
  ["v1.2.3-alpha.build.4", false],
])("whether %s mixes letters and figures as nobody writes words: %s", (value, random) => {
  expect(looksRandom(value)).toBe(random);
});
