import { expect, test } from "vitest";
import { Credentials } from "../../components/credentials/docker.ts";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { toRules } from "../../components/egress-proxy/rules.ts";
import { HardenedImage, toDockerImage } from "../../components/hardened-image/docker.ts";
import { buildVariables, loginText, parentAuthority, parentFor } from "../../components/parent-proxy/args.ts";
import { cloneName, cloneNames, cloneParts } from "../../components/session.ts";
import { RepositoryClone } from "../../components/session-volumes/docker.ts";
import { concealSecrets, revealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { type Recorded, record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const password = "p@ss w:rd#1é";
const quoted = "p%40ss%20w%3Ard%231%C3%A9";
const login = { username: "CORP\\svc", password: secret("env CORP", password) };
const parent = { host: "proxy.corp.test", port: 3128, noProxy: ["git.corp.test", "*.in.corp.test"], login };
const authority =
  "parent proxy proxy.corp.test:3128 for what proxies, clones and image builds let out; secret env CORP; not for git.corp.test, *.in.corp.test";
const at = { sessionId: "a", project: "agent-sessions", stack: "test", image: "sha256:0" };
const web = { ports: [80, 443], addresses: [] };
const listed = { ...at, network: { resources: [] }, allow: [{ host: "github.com", ...web }] };
const key = { secret: secret("env KEY", "sk-ant-api03-x"), provider: "anthropic" } as const;

const proxied = { ...at, ...key, kind: "proxy", upstream: "https://api.anthropic.com/v1/messages" } as const;
const fetched = { ...at, ...key, kind: "init", command: "vault read" } as const;
const clone = { name: "x", url: "https://github.com/o/x", image: "sha256:0", project: at.project, stack: at.stack };

/** What each consumer makes, and the container that goes out. */
const consumers = [
  ["an egress proxy", "claude-agent-a-proxy", (more: object) => new EgressProxy("a", { ...listed, ...more })],
  ["a credential proxy", "claude-agent-a-credential-proxy", (more: object) => new Credentials("a", { ...proxied, ...more })],
  ["an init step", "claude-agent-a-auth", (more: object) => new Credentials("a", { ...fetched, ...more })],
  ["a clone", cloneName(clone), (more: object) => new RepositoryClone("c", { ...clone, ...more })],
] as const;

const named = ({ of }: Recorded, type: string, name: string) => of(type).find(({ inputs }) => inputs.name === name);

test("a login is quoted so that neither Squid nor a URL reads anything into it", () => {
  expect(loginText(login)).toBe(`CORP%5Csvc:${quoted}`);
  expect(decodeURIComponent(new URL(`http://${loginText(login)}@proxy`).password)).toBe(password);
});

test.each([
  ["github.com", true],
  ["git.corp.test", false],
  ["GIT.corp.test", false],
  ["x.git.corp.test", true],
  ["a.b.in.corp.test", false],
  ["in.corp.test", true],
  ["xin.corp.test", true],
])("%s is reached through the parent: %j", (host, through) => {
  expect(parentFor(parent, host) !== undefined).toBe(through);
  expect(parentFor(undefined, host)).toBeUndefined();
});

test("its authority names the secret and never its value", () => {
  expect(parentAuthority(parent)).toBe(authority);
  expect(parentAuthority({ host: "10.0.0.1", port: 80 })).toBe(
    "parent proxy 10.0.0.1:80 for what proxies, clones and image builds let out",
  );
});

test("without a parent the rules are what they were", () => {
  expect(toRules({ allow: listed.allow, parent: undefined })).toBe(toRules({ allow: listed.allow }));
  expect(toRules(listed)).not.toMatch(/direct|dns_timeout|inner/);
});

test("with a parent Squid goes out by no other way, but for the hosts named", () => {
  const rules = toRules({ ...listed, parent }).split("\n");
  expect(rules).toContain("never_direct allow all");
  expect(rules).toContain("always_direct allow direct");
  expect(rules).toContain("acl direct dstdom_regex -n -i ^git\\.corp\\.test$ ^([a-z0-9_-]+\\.)+in\\.corp\\.test$");
  expect(toRules({ ...listed, parent: { host: "p", port: 1 } })).toContain("acl direct dstdom_regex -n -i ^$");
});

test("with a parent a listed name that is none here passes, and one that leads to a barred address does not", () => {
  const access = toRules({ ...listed, parent })
    .split("\n")
    .filter((line) => line.startsWith("http_access"));
  expect(access).toEqual([
    "http_access deny !tunnel !web as_unlisted",
    "http_access allow hosts0 ports0 resolved !barred0 as_allowed",
    "http_access allow hosts0 ports0 !resolved !direct as_allowed",
    "http_access deny hosts0 ports0 resolved as_address",
    "http_access deny hosts0 ports0 as_unresolved",
    "http_access deny all as_unlisted",
  ]);
});

test("an audit lets no name through to a parent that may be an address or a network's own", () => {
  const rules = toRules({ ...listed, mode: "audit", parent }).split("\n");
  const access = rules.filter((line) => line.startsWith("http_access"));
  expect(access.slice(-4)).toEqual([
    "http_access allow resolved !barred as_audited",
    "http_access deny resolved as_address",
    "http_access allow !inner !direct as_audited",
    "http_access deny all as_unresolved",
  ]);
  const [, , , , , ...patterns] = rules.find((line) => line.startsWith("acl inner"))?.split(" ") ?? [];
  const inner = (name: string) => patterns.some((pattern) => new RegExp(pattern, "i").test(name));
  const kept = ["2852039166", "0xa9fea9fe", "0xA9.0xFE.0xA9.0xFE", "0251.0376.0251.0376", "127.1", "intranet", "localhost", "host."];
  expect(
    [...kept, "metadata.google.internal", "metadata.google.internal.", "x.localhost", "printer.local"].filter((name) => !inner(name)),
  ).toEqual([]);
  expect(["example.com", "1.example.com", "internal.example.com", "x.locals"].filter(inner)).toEqual([]);
});

test.each(consumers)("%s finds the parent's login in a file of a volume of its own, and nowhere else", async (_, container, make) => {
  const recorded = await record(() => make({ parent }));
  const stem = `${container}-parent`;
  const [volume, carrier, one] = [
    named(recorded, "Volume", stem),
    named(recorded, "Container", stem),
    named(recorded, "Container", container),
  ];
  expect(volume?.inputs).toMatchObject({ driver: "local" });
  expect(revealSecrets(carrier?.inputs ?? {})).toMatchObject({
    start: false,
    networkMode: "none",
    uploads: [{ file: "/parent/login", content: `CORP%5Csvc:${quoted}`, permissions: "0444" }],
  });
  expect(one?.inputs.envs).toContain("PARENT_PROXY=http://proxy.corp.test:3128");
  expect(one?.inputs.mounts).toContainEqual({ type: "volume", source: stem, target: "/parent", readOnly: true });
  expect(one?.dependencies).toContain(carrier?.urn);
  // A keyed hash of the secret stands in its place.
  expect(JSON.stringify(recorded.all.map(({ inputs }) => concealSecrets(inputs)))).not.toMatch(/p@ss|p%40ss/);
});

test.each(consumers)("%s without a parent is what it was", async (_, __, make) => {
  const inputsOf = async (more: object) => JSON.stringify((await record(() => make(more))).all.map(({ inputs }) => inputs));
  expect(await inputsOf({ parent: undefined })).toBe(await inputsOf({}));
  expect(await inputsOf({})).not.toMatch(/parent/i);
});

test.each(consumers)("%s needs no volume for a parent that asks for no login", async (_, container, make) => {
  const recorded = await record(() => make({ parent: { host: "p", port: 80 } }));
  expect(named(recorded, "Volume", `${container}-parent`)).toBeUndefined();
  expect(named(recorded, "Container", container)?.inputs.envs).toContain("PARENT_PROXY=http://p:80");
});

test("another password replaces what reads it once and serves on, and runs no clone or init step again", async () => {
  const replaced = await Promise.all(
    consumers.map(async ([, container, make]) => {
      const recorded = await record(() => make({ parent }));
      const carrier = named(recorded, "Container", `${container}-parent`);
      return named(recorded, "Container", container)?.replaceWith.includes(carrier?.urn ?? "");
    }),
  );
  expect(replaced).toEqual([true, false, false, false]);
});

test.each([
  ["https://git.corp.test/x", false],
  ["http://github.com/x", true],
  ["ssh://git@github.com/x", false],
  ["git://github.com/x", false],
])("a clone of %s goes by way of the parent: %j", async (url, through) => {
  const { of } = await record(() => new RepositoryClone("c", { ...clone, url, parent }));
  const { envs, entrypoints } = of("Container").find(({ name }) => name === "c-fetch")?.inputs ?? {};
  expect(String(envs).includes("PARENT_PROXY=")).toBe(through);
  expect((entrypoints as string[]).includes("/usr/local/bin/by-parent")).toBe(through);
});

test("what is made for a clone is known by its volume, the login included", () => {
  const names = cloneNames(clone, true).map(({ name }) => name);
  expect([...new Set(names)].sort()).toEqual(cloneParts(cloneName(clone)).sort());
});

test("a key for a host that is reached directly goes there directly", async () => {
  const recorded = await record(() => new Credentials("a", { ...proxied, upstream: "https://git.corp.test/v1", parent }));
  expect(JSON.stringify(recorded.all.map(({ inputs }) => inputs))).not.toMatch(/parent/i);
});

test("an init step knows the hosts that are reached directly", async () => {
  const recorded = await record(() => new Credentials("a", { ...fetched, parent }));
  expect(named(recorded, "Container", "claude-agent-a-auth")?.inputs).toMatchObject({
    entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/by-parent", "/usr/local/bin/credential-fetch"],
    envs: expect.arrayContaining(["PARENT_NO_PROXY=git.corp.test,.in.corp.test"]),
  });
});

test("a build takes the parent in both spellings, a login as a secret, and its image is the same by any way", async () => {
  const url = `http://CORP%5Csvc:${quoted}@proxy.corp.test:3128`;
  const noProxy = "git.corp.test,.in.corp.test";
  const variables = { http_proxy: url, https_proxy: url, no_proxy: noProxy, HTTP_PROXY: url, HTTPS_PROXY: url, NO_PROXY: noProxy };
  expect(buildVariables(parent)).toEqual(variables);
  const { one } = await record(() => new HardenedImage("session", { source: "session", base: "debian:12", parent }));
  const { inputs } = one("Image");
  expect(revealSecrets(inputs)).toMatchObject({ build: { args: variables } });
  expect(JSON.stringify(concealSecrets(inputs))).not.toMatch(/p@ss|p%40ss/);
  const context = { folder: "images/session", hash: "0" };
  const without = toDockerImage({ source: "session", base: "debian:12" }, context);
  expect(toDockerImage({ source: "session", base: "debian:12", parent }, context).imageName).toBe(without.imageName);
  expect(JSON.stringify(without)).not.toMatch(/proxy/i);
  // Without a login nothing is secret, so that a plan shows the way.
  const open = "http://p.test:80";
  const { build } = toDockerImage({ source: "session", base: "debian:12", parent: { host: "p.test", port: 80 } }, context);
  expect(build.args).toMatchObject({ http_proxy: open, https_proxy: open, HTTP_PROXY: open, HTTPS_PROXY: open });
});
