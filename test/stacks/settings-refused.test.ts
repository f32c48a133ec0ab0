import { mkdirSync, symlinkSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { checkHostPath } from "../../components/session-volumes/host-path.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { parseDuration, parseSize } from "../../stacks/units.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("refused");
mkdirSync(join(root, "code"));
writeFileSync(join(root, "text"), "top-secret");

function refusedWith(raw: unknown, environment: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parse(raw as Record<string, unknown>, { root, environment });
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  return [];
}

const session = (entry: object) => ({ sessions: [{ id: "a", ...entry }] });
const open = { egress: "open" };
const listed = (...allow: unknown[]) => session({ network: { egress: { allow } } });

describe("each mistake is one sentence with key, value and way out", () => {
  test.each<[unknown, string]>([
    [{}, "sessions: is missing; write a value for it."],
    [{ sessions: "a" }, 'sessions: "a" is not a list of sessions; write one entry "- id: name" for each.'],
    [{ sessions: [{}] }, "sessions[0].id: is missing; write a value for it."],
    [{ sessions: [{ id: 1 }] }, "sessions[0].id: 1 is not a name; write it in quotes."],
    [{ sessions: [], strategy: "moon" }, 'strategy: "moon" is not a strategy; write local, single-node, swarm, kubernetes or ecs.'],
    [
      { sessions: [], local: { engine: "docker" } },
      `local.engine: "docker" is not an engine's address; write unix:///path, tcp://host:port or ssh://user@host.`,
    ],
    ...["tcp://far:2376/path", "ssh://far/a;b", "ssh://far?x", "tcp://me@far"].map((engine): [unknown, string] => [
      { sessions: [], local: { engine } },
      `local.engine: "${engine}" is not an engine's address; write unix:///path, tcp://host:port or ssh://user@host.`,
    ]),
    [
      { sessions: [], local: { engine: "ssh://me:pass@far" } },
      'local.engine: "ssh://me:…@far" holds a password; take it out, and have ssh sign in with a key.',
    ],
    [{ sessions: [], image: { agent: "claude" } }, 'image.agent: "claude" is not an agent; write none or {version: "2.1.329"}.'],
    [
      { sessions: [], image: { agent: { version: "latest" } } },
      'image.agent.version: "latest" is not an exact version; write one such as "2.1.329".',
    ],
    [
      { sessions: [], image: { platform: "windows/amd64" } },
      'image.platform: "windows/amd64" is not a platform; write linux/amd64 or linux/arm64.',
    ],
    ...[
      "--registry=https://evil.example",
      "-g",
      "a b",
      "https://evil.example/x.tgz",
      "git+ssh://x",
      "../x",
      "a@1",
      "@a",
      "A",
      ".hidden",
    ].map((name): [object, string] => [
      { sessions: [], image: { agent: { package: name, version: "1.0.0" } } },
      `image.agent.package: "${name}" is not the name of an npm package; write one such as "@anthropic-ai/claude-code".`,
    ]),
    ...["--flag", "-x", "debian 12", "https://evil.example/x", "docker://x", "/x", "x/", "x:", "x@sha256", "debian:12\n"].map(
      (name): [object, string] => [
        { sessions: [], image: { base: name } },
        `image.base: ${JSON.stringify(name)} is not the name of an image; write one such as "debian:12" or "registry.example/debian@sha256:…".`,
      ],
    ),
    ...[
      "https://registry.example",
      "registry.example/",
      "/team",
      "Registry.example",
      "registry.example:tag",
      "--flag",
      "a b",
      "x@sha256",
    ].map((name): [object, string] => [
      { sessions: [], image: { registry: name } },
      `image.registry: ${JSON.stringify(name)} is not a registry; write it without a scheme, such as "registry.example/team".`,
    ]),
    ...["--allow-downgrades", "-y", "Make", "a", "gcc make", "./x.deb", "gcc=1", "gcc/sid", "make\n", "x_y"].map(
      (name): [object, string] => [
        { sessions: [], image: { packages: ["bc", name] } },
        `image.packages[1]: ${JSON.stringify(name)} is not the name of a Debian package; write one such as "make".`,
      ],
    ),
    ...["sudo", "docker.io", "docker-cli", "docker-ce-cli"].map((name): [object, string] => [
      { sessions: [], image: { packages: [name] } },
      `image.packages[0]: "${name}" has no use in a session, which can gain no rights and never reaches the engine; leave it out.`,
    ]),
    [
      { sessions: [], image: { packages: "gcc" } },
      'image.packages: "gcc" is not a list of Debian packages; write one such as ["gcc", "make"].',
    ],
    [
      { sessions: [], image: { agent: { version: "1.0.0 --x" } } },
      'image.agent.version: "1.0.0 --x" is not an exact version; write one such as "2.1.329".',
    ],
    [
      { sessions: [], image: { agent: { version: "1.0.0", tag: 1 } } },
      "image.agent.tag: there is no such key; known here: package, version.",
    ],
    [
      { sessions: [], image: { caBundle: "text" } },
      'image.caBundle: "text" is not a file of PEM certificates; name one, or set image.caBundle: none.',
    ],
    [{ sessions: [], engine: "unix:///run/x.sock" }, "engine: belongs in local, single-node or swarm; write local: {engine: …}."],
    [{ sessions: [], local: { debug: "yes" } }, 'local.debug: "yes" is not true or false.'],
    [{ sessions: [], local: { debg: true } }, "local.debg: there is no such key; did you mean debug?"],
    [
      session({ limits: 5 }),
      "sessions[0].limits: 5 is not a set of keys and values; known here: memory, cpu, processes, openFiles, tmp, sharedMemory, disk.",
    ],
    [session({ mounts: "x" }), 'sessions[0].mounts: "x" is not a list; write one entry "- …" for each.'],
    [session({ limits: { memory: 4 } }), 'sessions[0].limits.memory: 4 is not a size; write "4 GB".'],
    [session({ limits: { tmp: "1 KB" } }), 'sessions[0].limits.tmp: "1 KB" is less than 1 MB; write a larger size such as "64 MB".'],
    [
      session({ limits: { tmp: "9999999 TB" } }),
      'sessions[0].limits.tmp: "9999999 TB" is more than 1024 TB; write a smaller size such as "512 MB".',
    ],
    [
      session({ limits: { cpu: 0.125 } }),
      'sessions[0].limits.cpu: 0.125 is too fine a number of cores; write at most two decimals, and one from 10 on, such as "1.25" or "12.5".',
    ],
    [
      session({ limits: { cpu: "10.25" } }),
      'sessions[0].limits.cpu: "10.25" is too fine a number of cores; write at most two decimals, and one from 10 on, such as "1.25" or "12.5".',
    ],
    [session({ limits: { cpu: "many" } }), 'sessions[0].limits.cpu: "many" is not a number of cores; write "2" or "1.5".'],
    [session({ limits: { processes: 1.5 } }), "sessions[0].limits.processes: 1.5 is not a whole number; write one from 16 to 4194304."],
    [session({ limits: { processes: 1 } }), "sessions[0].limits.processes: 1 is too small; write a number from 16 to 4194304."],
    [session({ idleTimeout: "2 weeks" }), 'sessions[0].idleTimeout: "2 weeks" is not a duration; write "2 h".'],
    [session({ idleTimeout: "0 s" }), 'sessions[0].idleTimeout: "0 s" is shorter than a second; write "2 h".'],
    [session({ idleTimeout: "99999 d" }), 'sessions[0].idleTimeout: "99999 d" is longer than a century; write "2 h".'],
    [
      session({ reservations: { memory: "5 GB" } }),
      'sessions[0].reservations.memory: "5 GB" is more than the limit of 4 GB; lower it or raise limits.memory.',
    ],
    [session({ agentCommand: "" }), 'sessions[0].agentCommand: "" is empty; write a value or remove the key.'],
    [session({ environment: { "A-B": "x" } }), "sessions[0].environment.A-B: is not the name of a variable."],
    [
      session({ workspace: { kind: "disk" } }),
      'sessions[0].workspace.kind: "disk" is not a workspace; write {kind: volume}, {kind: tmpfs, size: "1 GB"} or {kind: host, path: /folder}.',
    ],
    [
      session({ network: { egress: "some" } }),
      'sessions[0].network.egress: "some" is not an egress mode; write none, open or {allow: [github.com]}.',
    ],
    [listed(), "sessions[0].network.egress.allow: [] is empty; name a host, or write egress: none."],
    [listed("*"), 'sessions[0].network.egress.allow[0]: "*" would allow everything; name hosts, or write egress: open if that is meant.'],
    [
      listed("*.*:443"),
      'sessions[0].network.egress.allow[0]: "*.*:443" would allow everything; name hosts, or write egress: open if that is meant.',
    ],
    [
      listed("10.0.0.1:80"),
      'sessions[0].network.egress.allow[0]: "10.0.0.1:80" is an address, and hosts are allowed by name; write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one.',
    ],
    [
      listed("0.0.0.0/0"),
      'sessions[0].network.egress.allow[0]: "0.0.0.0/0" is an address, and hosts are allowed by name; write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one.',
    ],
    [
      listed("[::1]:443"),
      'sessions[0].network.egress.allow[0]: "[::1]:443" is an address, and hosts are allowed by name; write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one.',
    ],
    [
      listed("[fe80::]1"),
      'sessions[0].network.egress.allow[0]: "[fe80::]1" is not the name of a host; write "example.com", "*.example.com" or "example.com:8443".',
    ],
    [
      listed("com"),
      'sessions[0].network.egress.allow[0]: "com" is a public suffix, below which anybody can have a name; name a host below it.',
    ],
    [
      listed("*.co.uk"),
      'sessions[0].network.egress.allow[0]: "*.co.uk" is a public suffix, below which anybody can have a name; name the hosts below it.',
    ],
    [
      listed("*.github.io"),
      'sessions[0].network.egress.allow[0]: "*.github.io" is a public suffix, below which anybody can have a name; name the hosts below it.',
    ],
    [
      listed("*.internal"),
      'sessions[0].network.egress.allow[0]: "*.internal" would allow a whole top-level domain; name the hosts below it.',
    ],
    [
      listed("https://github.com/x"),
      'sessions[0].network.egress.allow[0]: "https://github.com/x" is not the name of a host; write "example.com", "*.example.com" or "example.com:8443".',
    ],
    [
      listed("a.*.com"),
      'sessions[0].network.egress.allow[0]: "a.*.com" is not the name of a host; write "example.com", "*.example.com" or "example.com:8443".',
    ],
    [
      listed("github.com:0"),
      'sessions[0].network.egress.allow[0]: "github.com:0" has a port that does not exist; write one from 1 to 65535.',
    ],
    [
      listed({ host: "*", addresses: ["10.0.0.0/8"] }),
      'sessions[0].network.egress.allow[0].host: "*" would allow everything; name hosts, or write egress: open if that is meant.',
    ],
    [
      listed({ host: "git.corp", addresses: ["10.0.0.1"] }),
      'sessions[0].network.egress.allow[0].addresses[0]: "10.0.0.1" is not a block of addresses; write one such as "10.20.0.0/16".',
    ],
    ...["0.0.0.0/0", "169.254.169.254/32", "127.0.0.0/8", "8.8.8.8/32", "10.0.0.0/7", "fe80::/10", "::ffff:10.0.0.0/104"].map(
      (block): [object, string] => [
        listed({ host: "git.corp", addresses: [block] }),
        `sessions[0].network.egress.allow[0].addresses: "${block}" is not inside a private range (10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, fc00::/7); public addresses need no entry, and those of this machine and of metadata services are never reached.`,
      ],
    ),
    [
      listed("npm"),
      'sessions[0].network.egress.allow[0]: "npm" is a set\'s name; write {set: npm}, or {host: npm, addresses: ["10.20.0.0/16"]} for a host of that name.',
    ],
    [
      listed({ set: "toString" }),
      'sessions[0].network.egress.allow[0].set: "toString" is no set; known: anthropic, bedrock, github, npm, pip, apt, cargo, go, maven; add it to egressSets, or name one of these.',
    ],
    [
      listed({ set: "npm", colour: 1 }),
      "sessions[0].network.egress.allow[0].colour: there is no such key; known here: host, addresses, set, region.",
    ],
    [listed({ set: 5 }), "sessions[0].network.egress.allow[0].set: 5 is not a text; write it in quotes."],
    [
      listed({ set: "bedrock" }),
      'sessions[0].network.egress.allow[0].set: "bedrock" is a set by region; write {set: bedrock, region: eu-central-1}, or credentials with a region.',
    ],
    [
      listed({ set: "bedrock", region: "Frankfurt" }),
      'sessions[0].network.egress.allow[0].region: "Frankfurt" is not an AWS region; write one such as "eu-central-1".',
    ],
    [
      listed({ set: "github", region: "eu-central-1" }),
      'sessions[0].network.egress.allow[0].region: "eu-central-1" belongs to a set by region (bedrock); remove it.',
    ],
    [
      listed({ set: "github", addresses: ["8.8.8.8/32"] }),
      'sessions[0].network.egress.allow[0].addresses: "8.8.8.8/32" is not inside a private range (10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, fc00::/7); public addresses need no entry, and those of this machine and of metadata services are never reached.',
    ],
    [
      { sessions: [], egressSets: { corp: ["*", "git.corp"] } },
      'egressSets.corp[0]: "*" would allow everything; name hosts, or write egress: open if that is meant.',
    ],
    [
      { sessions: [], egressSets: { corp: [{ host: "10.0.0.1", addresses: ["10.0.0.0/8"] }] } },
      'egressSets.corp[0].host: "10.0.0.1" is an address, and hosts are allowed by name; write the name, and {host: name, addresses: ["10.20.0.0/16"]} if it is a private one.',
    ],
    [
      { sessions: [], egressSets: { corp: ["npm"] } },
      'egressSets.corp[0]: "npm" is a set\'s name, and a set holds hosts; list both sets in allow, or write its hosts here.',
    ],
    [{ sessions: [], egressSets: { corp: [] } }, "egressSets.corp: [] is empty; name a host, or remove the set."],
    [
      { sessions: [], egressSets: { Corp: ["git.corp"] } },
      "egressSets.Corp: is not a name; use a-z, 0-9 and -, beginning and ending with a letter or digit.",
    ],
    [
      { local: { hostNetwork: true }, ...listed("github.com") },
      'sessions[0].network.egress: {"allow":["github.com"]} does not fit: an allow list holds on a network of the session\'s own, and the network mode is "host"; remove mode or the list.',
    ],
    [
      session({ group: "team", network: { mode: "none" } }),
      'sessions[0].group: "team" does not fit: the sessions of a group have networks of their own beside the group\'s, and the network mode is "none"; remove mode or the group.',
    ],
    [
      session({ network: { mode: "none", egress: { allow: ["github.com"] } } }),
      'sessions[0].network.egress: {"allow":["github.com"]} does not fit: an allow list holds on a network of the session\'s own, and the network mode is "none"; remove mode or the list.',
    ],
    [
      session({ network: { egress: { allow: ["github.com"] }, ports: [{ container: 3128, host: 1 }] } }),
      'sessions[0].network.ports: [{"container":3128,"host":1}] does not fit: port 3128 is taken by the proxy that carries the ports; let the session listen on another.',
    ],
    [
      session({ network: { ...open, ports: [{ container: 1, host: 1, address: "0.0.0.0", neighbours: true }] } }),
      'sessions[0].network.ports: [{"container":1,"host":1,"address":"0.0.0.0","neighbours":true}] does not fit: neighbours: true is for a port on a loopback address, and on any other they are let in; remove it there.',
    ],
    ...[10, "10 Mb/s", "10 MB", "10 MB/m"].map((given): [Record<string, unknown>, string] => [
      session({ network: { bandwidth: { download: given } } }),
      `sessions[0].network.bandwidth.download: ${JSON.stringify(given)} is not a rate in bytes; write "10 MB/s".`,
    ]),
    [
      session({ network: { bandwidth: { download: "63 KB/s" } } }),
      'sessions[0].network.bandwidth.download: "63 KB/s" is less than 64 KB/s; write a larger rate such as "10 MB/s".',
    ],
    [
      session({ network: { bandwidth: { download: "1.1 GB/s" } } }),
      'sessions[0].network.bandwidth.download: "1.1 GB/s" is more than 1 GB/s; write a smaller rate such as "10 MB/s", or remove the limit.',
    ],
    ...(["none", "open"] as const).map((egress): [Record<string, unknown>, string] => [
      session({ network: { egress, bandwidth: { download: "10 MiB/s" } } }),
      `sessions[0].network.bandwidth.download: "10 MB/s" does not fit session "a": egress is "${egress}", and only the proxy of an allow list limits downloads; give it egress: {allow: [hosts]} or bandwidth: {}.`,
    ]),
    [
      { defaults: { network: { bandwidth: { download: "10 MB/s" } } }, sessions: [{ id: "b" }] },
      'defaults.network.bandwidth.download: "10 MB/s" does not fit session "b": egress is "none", and only the proxy of an allow list limits downloads; give it egress: {allow: [hosts]} or bandwidth: {}.',
    ],
    [
      { defaults: { network: { bandwidth: { upload: "1 MB/s" } } }, ...listed("github.com") },
      'defaults.network.bandwidth.upload: "1 MB/s" cannot be limited, since a proxy slows down what a session receives and not what it sends; remove it, and limit uploads where they leave this machine.',
    ],
    [
      session({ network: { mode: 7 } }),
      "sessions[0].network.mode: 7 is not a network mode; write bridge, none, host, container:<id> or custom:<name>.",
    ],
    [
      session({ network: { ...open, mode: "none" } }),
      'sessions[0].network.egress: "open" does not fit: network mode "none" has no way out; remove mode or set egress: none.',
    ],
    [
      session({ network: { ...open, dns: ["dns.example"] } }),
      'sessions[0].network.dns[0]: "dns.example" is not the address of a resolver.',
    ],
    [
      session({ network: { dns: ["9.9.9.9"] } }),
      'sessions[0].network.dns: ["9.9.9.9"] does not fit: the session has no network of its own with a way out, so no resolver can be reached; remove dns or set egress: open.',
    ],
    [session({ security: { capabilities: ["a b"] } }), 'sessions[0].security.capabilities[0]: "a b" is not the name of a capability.'],
    [
      session({ security: { seccompProfile: "text" } }),
      'sessions[0].security.seccompProfile: "text" cannot be read as JSON; name a file with a seccomp profile.',
    ],
    [session({ repositories: [{ name: "x" }] }), 'sessions[0].repositories[0]: "x" needs a path or a url, and not both.'],
    [
      session({ repositories: [{ name: "x", path: "code", ref: "main" }] }),
      'sessions[0].repositories[0].ref: "main" belongs to a url; a path is taken as it is.',
    ],
    [
      session({ repositories: [{ name: "x", url: "https://git.example/x.git", ref: "--upload-pack=x" }] }),
      'sessions[0].repositories[0].ref: "--upload-pack=x" is not a branch, tag or commit.',
    ],
    [
      session({ repositories: [{ name: "x", url: "file:///%zz" }] }),
      'sessions[0].repositories[0].url: "file:///%zz" is not the URL of a folder of this machine; write file:///folder.',
    ],
    [
      session({ repositories: [{ name: "x", url: "file://code" }] }),
      'sessions[0].repositories[0].url: "file://code" is not the URL of a folder of this machine; write file:///folder.',
    ],
    [
      session({ repositories: [{ name: "x", url: "file:///srv/%2e%2e/etc" }] }),
      'sessions[0].repositories[0].url: "/srv/../etc" climbs with ".."; write the full path that is meant.',
    ],
    [
      session({ repositories: [{ name: "x", url: "https://token@example.com/x" }] }),
      'sessions[0].repositories[0].url: "https://…@example.com/x" holds a password; take it out.',
    ],
    [
      session({ mounts: [{ source: "code", target: "/etc/x" }] }),
      'sessions[0].mounts[0].target: "/etc/x" lies in /etc, which the session needs itself; choose another target.',
    ],
    [session({ mounts: [{ source: "text", target: "/data" }] }), 'sessions[0].mounts[0].source: "text" is not a folder.'],
    [
      session({ securityPolicy: "constructor" }),
      'sessions[0].securityPolicy: "constructor" is not under securityPolicies, which has no entry; add one.',
    ],
    [
      { sessions: [null, null] },
      "sessions[0]: null is not a set of keys and values; known here: id, agentId, pool, securityPolicy, uid, repositories, workspace, limits, reservations, environment, credentials, network, group, services, healthCheck, security, mounts, agent, agentCommand, restart, idleTimeout, maxLifetime.",
    ],
  ])("%j", (raw, expected) => {
    const sentences = refusedWith(raw);
    expect(sentences[0]).toBe(expected);
    // One for each entry that is faulty, and none that follows from the first mistake alone.
    expect(sentences).toHaveLength(
      Array.isArray((raw as { sessions?: unknown }).sessions) ? Math.max(1, (raw as { sessions: unknown[] }).sessions.length) : 1,
    );
  });

  test("certificates that the user's environment names and that are not there", () => {
    expect(refusedWith({ sessions: [] }, { NODE_EXTRA_CA_CERTS: "/nowhere" })).toEqual([
      'NODE_EXTRA_CA_CERTS: "/nowhere" is not a file of PEM certificates; name one, or set image.caBundle: none.',
    ]);
  });
});

describe("what is wrong is named where it was written, and nothing follows from it that is not so", () => {
  test("a mistake in defaults or in a policy is said once, under its own key", () => {
    const raw = {
      defaults: { mounts: [{ source: "gone", target: "/data" }], network: { dns: ["9.9.9.9"] } },
      securityPolicies: { p: { network: { ports: [{ container: 1, host: 1 }], dns: [] } } },
      sessions: [{ id: "a" }, { id: "b" }, { id: "c", securityPolicy: "p" }],
    };
    expect(refusedWith(raw).map((sentence) => sentence.split(": ")[0])).toEqual([
      "defaults.mounts[0].source",
      "defaults.network.dns",
      "securityPolicies.p.network.ports",
    ]);
  });

  test("an entry behind one that cannot be read keeps its place", () => {
    expect(
      refusedWith({ sessions: [], egressSets: { corp: [5, "git.corp", "10.0.0.1"] } }).map((sentence) => sentence.split(": ")[0]),
    ).toEqual(["egressSets.corp[0]", "egressSets.corp[2]"]);
  });

  test.each<[string, object, string]>([
    [
      "a misspelt key beside open egress",
      { defaults: { network: open, colour: 1 }, sessions: [{ id: "a", network: { ports: [{ container: 1, host: 1 }] } }] },
      "defaults.colour",
    ],
    [
      "an egress that cannot be read beside ports",
      session({ network: { egress: "yes", ports: [{ container: 1, host: 1 }] } }),
      "sessions[0].network.egress",
    ],
    [
      "credentials that cannot be read beside a set by region",
      session({
        credentials: { kind: "hostMount", provider: "bedrock", region: "here" },
        network: { egress: { allow: [{ set: "bedrock" }] } },
      }),
      "sessions[0].credentials.region",
    ],
    ["sets that cannot be read beside an entry that names one", { egressSets: ["corp"], ...listed({ set: "corp" }) }, "egressSets"],
    [
      "a limit that cannot be read beside a reservation",
      session({ limits: { cpu: "x" }, reservations: { cpu: 3 } }),
      "sessions[0].limits.cpu",
    ],
    [
      "a policy with a faulty value",
      { securityPolicies: { p: { limits: { cpu: 0 } } }, sessions: [{ id: "a", securityPolicy: "p" }] },
      "securityPolicies.p.limits.cpu",
    ],
    [
      "allowed paths with a faulty one",
      { allowedHostPaths: [root, 5], ...session({ workspace: { kind: "host", path: "gone" } }) },
      "allowedHostPaths[1]",
    ],
    [
      "options with a faulty one beside the host's network",
      { local: { hostNetwork: true, debug: 1 }, ...session({ network: { mode: "host" } }) },
      "local.debug",
    ],
    [
      "an image that cannot be read on a cluster, whose nodes pull it",
      { strategy: "kubernetes", kubernetes: { context: "x" }, image: { registry: "https://x" }, sessions: [{ id: "a" }] },
      "image.registry",
    ],
    ["sessions that cannot be read on a cluster", { strategy: "kubernetes", kubernetes: { context: "x" }, sessions: "x" }, "sessions"],
  ])("%s", (_, raw, key) => {
    const own = refusedWith(raw).filter((sentence) => !sentence.includes("does not exist"));
    expect(own.map((sentence) => sentence.split(": ")[0])).toEqual([key]);
  });
});

describe("no way around a refusal", () => {
  test.each(["host", "none", "default"])("the engine's mode %s by way of a custom network", (mode) => {
    expect(refusedWith(session({ network: { mode: `custom:${mode}` } }))).toEqual([
      `sessions[0].network.mode: "custom:${mode}" is not a network mode; write bridge, none, host, container:<id> or custom:<name>.`,
    ]);
  });

  test("a debug folder that is a link to /etc", () => {
    symlinkSync("/etc", join(root, "src"));
    const sentences = refusedWith({ local: { debug: true }, sessions: [{ id: "a" }] });
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(/^local\.debug: true mounts \.\/src, which leads to \/etc,/);
  });

  test.each([
    // Root's own home is a system folder.
    [`${homedir()}/.ssh`, /^lies in (~\/\.ssh, which holds credentials|the system folder \/root);/],
    ["/home/somebody/.ssh/keys", /^lies in ~\/\.ssh, which holds credentials;/],
    ["/Users/somebody/.aws", /^lies in ~\/\.aws, which holds credentials;/],
    ["/home/somebody", /^is the home folder, with its credentials;/],
  ])("the credentials in %s, whoever runs this", (path, why) => {
    expect(checkHostPath(path, { base: root })).toEqual({ refused: expect.stringMatching(why) });
  });

  test("one port on all addresses and on one", () => {
    const ports = (address: string) => ({ network: { ...open, ports: [{ container: 80, host: 8080, address }] } });
    expect(
      refusedWith({
        sessions: [
          { id: "a", ...ports("0.0.0.0") },
          { id: "b", ...ports("127.0.0.1") },
        ],
      }),
    ).toEqual(['sessions[1].network.ports: 127.0.0.1:8080/tcp is taken by session "a"; choose another host port.']);
    expect(
      refusedWith({
        sessions: [
          { id: "a", ...ports("127.0.0.2") },
          { id: "b", ...ports("127.0.0.1") },
        ],
      }),
    ).toEqual([]);
  });
});

describe("no sentence gives a secret away", () => {
  const environment = { TOKEN: "hunter2" };
  test.each<[string, unknown]>([
    ["a variable of a wrong kind", session({ environment: { TOKEN: ["hunter2"] } })],
    ["an environment that is a text", session({ environment: "hunter2" })],
    ["sessions that are no list", { sessions: { id: "a", environment } }],
    ["a session in a list too many", { sessions: [[{ id: "a", environment }]] }],
    ["defaults that are a list", { sessions: [], defaults: [{ environment }] }],
    ["a password with @ in a URL", session({ repositories: [{ name: "x", url: "https://u:hun@hunter2@example.com/x" }] })],
    ["a seccomp profile that is another file", session({ security: { seccompProfile: "text" } })],
  ])("%s", (_, raw) => {
    const sentences = refusedWith(raw);
    expect(sentences).not.toEqual([]);
    expect(sentences.join("\n")).not.toMatch(/hunter2|top-secret/);
  });
});

describe("for anything", () => {
  test("JSON of any form is read or refused with sentences", () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), (raw) => {
        for (const sentence of refusedWith(raw)) expect(sentence).toMatch(/[.?]$/);
      }),
    );
    expect(refusedWith(null)).toHaveLength(1);
  });

  test("a value of the environment that cannot be read is never in a sentence", () => {
    const secret = fc.stringMatching(/^[a-z]{12}$/).map((text) => `secret${text}`);
    fc.assert(
      fc.property(secret, fc.constantFrom("environment", "limits", "id"), (text, broken) => {
        const sentences = refusedWith({
          sessions: [{ id: "a", environment: { A: text, B: text }, [broken]: [text].map((inner) => ({ environment: { A: inner } })) }],
        });
        expect(sentences.length).toBeGreaterThan(0);
        expect(sentences.join("\n")).not.toContain(text);
      }),
    );
  });

  test("every DNS label of at most 40 characters is an id", () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/), (id) => {
        expect(parse({ sessions: [{ id }] }, { root, environment: {} }).sessions[0]?.id).toBe(id);
      }),
    );
  });

  test("a size and a duration are whole numbers of what they say", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 99_999 }),
        fc.constantFrom<[string, number][]>([" MB", 2 ** 20], ["GiB", 2 ** 30], [" gb ", 2 ** 30], ["tb", 2 ** 40]),
        (amount, [unit, factor]) => {
          expect(parseSize(`${amount}${unit}`)).toBe(amount * factor);
        },
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9999 }), fc.constantFrom("s", "m", "h", "d"), (tenths, unit) => {
        expect(Number.isInteger(parseDuration(`${tenths / 10} ${unit}`))).toBe(true);
      }),
    );
  });

  test("a link to a system folder is refused, however long the way", () => {
    let count = 0;
    fc.assert(
      fc.property(
        fc.constantFrom(
          ...["/etc", "/proc", "/sys", "/dev", "/var/log"].map((folder) => [folder, `lies in the system folder ${folder};`] as const),
          ["/usr/bin", "lies in the system folder /usr;"] as const,
          ["/", "would hand over everything below it;"] as const,
        ),
        fc.integer({ min: 1, max: 5 }),
        ([target, why], hops) => {
          let last: string = target;
          for (let hop = 0; hop < hops; hop += 1) {
            const link = join(root, `hop-${count++}`);
            symlinkSync(last, link);
            last = link;
          }
          expect(checkHostPath(last, { base: root })).toEqual({ refused: expect.stringContaining(`leads to ${target}, which ${why}`) });
        },
      ),
    );
  });
});
