import { chmodSync, chownSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { temporaryFolder } from "../support/folder.ts";
import { missing } from "../support/missing.ts";

/** What settings refuse or know, entry by entry, through the whole of their reading. */

const root = temporaryFolder("settings-lists");
mkdirSync(join(root, "box/code"), { recursive: true });
mkdirSync(join(root, "boxes"));

function sentences(session: object, more: object = {}): readonly string[] {
  try {
    parse({ sessions: [{ id: "a", ...session }], ...more }, { root, environment: {} });
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}
const mount = (source: string, more: object = {}) => ({ mounts: [{ source, target: "/data", ...more }] });

describe("a folder of the host that the session may write", () => {
  const outside = "is to be writable and lies in none of allowedHostPaths; add the folder that holds it there.";
  const allowed = { allowedHostPaths: [join(root, "box")] };
  const own = process.getuid?.() ?? 0;
  // Whether it is the agent's is judged after where it lies.
  const folder = join(root, "box/code");
  const others = own === 1000 ? [] : [`belongs to uid ${own}, and the agent is uid 1000; run: chown -R 1000 ${folder}.`];

  test.each([
    ["a mount", (path: string) => mount(path, { readOnly: false }), "mounts[0].source"],
    ["the workspace", (path: string) => ({ workspace: { kind: "host", path } }), "workspace.path"],
  ] as const)("%s lies in an allowed one, and is the agent's", (_, given, key) => {
    const refused = (path: string, why: string) => [`sessions[0].${key}: "${path}" ${why}`];
    expect(sentences(given("box/code"))).toEqual(refused("box/code", outside));
    expect(sentences(given("boxes"), allowed)).toEqual(refused("boxes", outside));
    expect(sentences(given("box/code"), allowed)).toEqual(others.flatMap((why) => refused("box/code", why)));
  });

  test.skipIf(own !== 0 && missing("only root can give a folder to the agent's uid"))("that belongs to the agent is taken", () => {
    chownSync(folder, 1000, 1000);
    expect(sentences(mount("box/code", { readOnly: false }), allowed)).toEqual([]);
    expect(sentences({ workspace: { kind: "host", path: "box/code" } }, allowed)).toEqual([]);
    chownSync(folder, own, own);
  });

  test("one that it may only read lies anywhere and is anybody's", () => {
    expect(sentences(mount("boxes"), allowed)).toEqual([]);
    expect(sentences(mount("boxes", { readOnly: true }))).toEqual([]);
    expect(
      sentences({
        repositories: [
          { name: "x", path: "boxes" },
          { name: "y", url: `file://${root}/boxes` },
        ],
      }),
    ).toEqual([]);
  });
});

describe("every path of the host is judged, wherever it is written", () => {
  const refused = "lies in the system folder /etc; copy what is needed to a folder of its own.";
  test.each([
    [mount("/etc/x"), 'mounts[0].source: "/etc/x"'],
    [{ workspace: { kind: "host", path: "/etc/x" } }, 'workspace.path: "/etc/x"'],
    [{ repositories: [{ name: "x", path: "/etc/x" }] }, 'repositories[0].path: "/etc/x"'],
    [{ repositories: [{ name: "x", url: "file:///etc/x" }] }, 'repositories[0].url: "/etc/x"'],
    [{ repositories: [{ name: "x", url: "file:///%65tc/x" }] }, 'repositories[0].url: "/etc/x"'],
    [{ credentials: { kind: "hostMount", path: "/etc" } }, 'credentials.path: "/etc"'],
  ])("%j", (session, place) => {
    expect(sentences(session)).toEqual([`sessions[0].${place} ${refused}`]);
  });
});

describe("a mount's target is none of the session's own", () => {
  test.each(["/", "/etc", "/usr", "/auth", "/workspace", "/run/x"])("%s", (target) => {
    expect(sentences({ mounts: [{ source: "box", target }] })).toEqual([
      expect.stringMatching(
        target === "/"
          ? /^sessions\[0\]\.mounts\[0\]\.target: "\/" is not a path in the session;/
          : /^sessions\[0\]\.mounts\[0\]\.target: ".*" lies in \/\w+, which the session needs itself;/,
      ),
    ]);
    if (target !== "/") expect(sentences({ mounts: [{ source: "box", target: `/data${target}` }] })).toEqual([]);
  });

  test("nor another mount's", () => {
    const twice = "sessions[0]: two mounts on /data; give each a name or target of its own.";
    expect(
      sentences({
        mounts: [
          { source: "box", target: "/data" },
          { source: "boxes", target: "//data/" },
        ],
      }),
    ).toEqual([twice]);
    const repositories = [
      { name: "x", path: "box" },
      { name: "x", path: "boxes" },
    ];
    expect(sentences({ repositories })).toEqual([twice.replace("/data", "/repos/x")]);
  });
});

describe("an address that a host may resolve into lies in a private range", () => {
  const listing = (block: string) => sentences({ network: { egress: { allow: [{ host: "git.corp", addresses: [block] }] } } });
  const ranges = "10.0.0.0/8, 100.64.0.0/10, 172.16.0.0/12, 192.168.0.0/16, 198.18.0.0/15, fc00::/7";

  test.each([
    ["10.0.0.0/8", "11.0.0.0/8"],
    ["10.255.255.255/32", "9.255.255.255/32"],
    ["100.64.0.0/10", "100.128.0.0/10"],
    ["100.127.255.255/32", "100.63.255.255/32"],
    ["172.16.0.0/12", "172.32.0.0/12"],
    ["172.31.255.255/32", "172.15.255.255/32"],
    ["192.168.0.0/16", "192.169.0.0/16"],
    ["192.168.255.255/32", "192.167.255.255/32"],
    ["198.18.0.0/15", "198.20.0.0/15"],
    ["198.19.255.255/32", "198.17.255.255/32"],
    ["fc00::/7", "fe00::/7"],
    ["fdff:ffff::/32", "fbff:ffff::/32"],
  ])("%s, and not %s", (block, neighbour) => {
    expect(listing(block)).toEqual([]);
    expect(listing(neighbour)).toEqual([
      `sessions[0].network.egress.allow[0].addresses: "${neighbour}" is not inside a private range (${ranges}); public addresses need no entry, and those of this machine and of metadata services are never reached.`,
    ]);
  });
});

describe("a set that ships holds these hosts and no other", () => {
  test.each<[string, string[]]>([
    ["anthropic", ["api.anthropic.com", "claude.ai", "platform.claude.com"]],
    ["bedrock", ["bedrock-runtime.eu-central-1.amazonaws.com", "bedrock.eu-central-1.amazonaws.com"]],
    [
      "github",
      [
        "github.com",
        "api.github.com",
        "codeload.github.com",
        "raw.githubusercontent.com",
        "objects.githubusercontent.com",
        "release-assets.githubusercontent.com",
      ],
    ],
  ])("%s", (set, hosts) => {
    const entry = set === "bedrock" ? { set, region: "eu-central-1" } : { set };
    const { sessions } = parse({ sessions: [{ id: "a", network: { egress: { allow: [entry] } } }] }, { root, environment: {} });
    expect(sessions[0]?.network.egress).toEqual({ allow: hosts.map((host) => ({ host, ports: [443], addresses: [], sets: [set] })) });
  });
});

describe("a network mode", () => {
  const form = "is not a network mode; write bridge, none, host, container:<id> or custom:<name>.";
  const mode = (text: string) => sentences({ network: { mode: text } }, { local: { hostNetwork: true } });

  test.each(["bridge", "none", "host", "container:abc", "container:a.b-c", "custom:hosted", "custom:none2", "custom:my-default"])(
    "%s is one",
    (text) => {
      expect(mode(text)).toEqual([]);
    },
  );

  test.each([
    "bridged",
    "nones",
    "hosts",
    "container:",
    "container:a b",
    "custom:",
    "custom:host",
    "custom:none",
    "custom:default",
    "Host",
    " host",
  ])("%s is none", (text) => {
    expect(mode(text)).toEqual([`sessions[0].network.mode: ${JSON.stringify(text)} ${form}`]);
  });
});

describe("what of the host's credentials the agent may read", () => {
  const holding = (folder: string, file: string, modes: readonly [number, number] = [0o755, 0o644]) => {
    mkdirSync(join(root, folder));
    writeFileSync(join(root, folder, file), "x");
    chmodSync(join(root, folder, file), modes[1]);
    chmodSync(join(root, folder), modes[0]);
    return sentences({ credentials: { kind: "hostMount", path: folder } });
  };
  const unreadable = (folder: string) => [
    `sessions[0].credentials.path: "${folder}" holds no .credentials.json, token, aws-credentials that the agent, uid 1000, can read in ${root}/${folder}; choose {kind: file, secret: {file: …}}, which delivers one file.`,
  ];

  test.each([".credentials.json", "token", "aws-credentials"])("%s", (file) => {
    expect(holding(`with-${file}`, file)).toEqual([]);
    expect(holding(`with-${file}2`, `${file}2`)).toEqual(unreadable(`with-${file}2`));
  });

  test.runIf(![1000].includes(process.getuid?.() ?? 1000))(
    "no file that others may not read, and none in a folder that they may not enter",
    () => {
      expect(holding("closed-file", "token", [0o755, 0o640])).toEqual(unreadable("closed-file"));
      expect(holding("closed-folder", "token", [0o754, 0o644])).toEqual(unreadable("closed-folder"));
      expect(holding("unlisted-folder", "token", [0o751, 0o644])).toEqual(unreadable("unlisted-folder"));
      mkdirSync(join(root, "folder-token/token"), { recursive: true });
      expect(sentences({ credentials: { kind: "hostMount", path: "folder-token" } })).toEqual(unreadable("folder-token"));
    },
  );
});
