import { mkdirSync, readFileSync, symlinkSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { parse as parseYaml } from "yaml";
import { checkHostPath } from "../../components/session-volumes/host-path.ts";
import { stackFileSchema } from "../../stacks/schema.ts";
import { settingsReference } from "../../stacks/settings/reference.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { formatSize, parseDuration, parseRate, parseSize } from "../../stacks/units.ts";
import { temporaryFolder } from "../support/folder.ts";

const root = temporaryFolder("settings");
const read = (raw: Record<string, unknown>) => parse(raw, { root, environment: {} });
const one = (session: object, more: object = {}) => read({ sessions: [{ id: "a", ...session }], ...more });

/** The sentences that a faulty description is refused with. */
function refused(raw: Record<string, unknown>): readonly string[] {
  try {
    read(raw);
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
  throw new Error("it was accepted");
}

const socket = createServer();
beforeAll(async () => {
  mkdirSync(join(root, "code"));
  symlinkSync("/etc", join(root, "link"));
  await new Promise<void>((resolve) => socket.listen(join(root, "data"), resolve));
});
afterAll(() => void socket.close());

describe("what is read", () => {
  test("units, as people write them", () => {
    const { limits, reservations, idleTimeout, maxLifetime } =
      one({
        limits: { memory: "2 GB", cpu: "1.5", tmp: "64MB" },
        reservations: { memory: "512 MiB", cpu: 0.5 },
        idleTimeout: "90 m",
        maxLifetime: "2d",
      }).sessions[0] ?? {};
    expect({ limits, reservations, idleTimeout, maxLifetime }).toEqual({
      limits: { memory: 2 * 1024 ** 3, cpu: 1.5, tmp: 64 * 1024 ** 2 },
      reservations: { memory: 512 * 1024 ** 2, cpu: 0.5 },
      idleTimeout: 5400,
      maxLifetime: 172_800,
    });
  });

  test("defaults, then the named policy, then the session", () => {
    const { sessions } = read({
      defaults: { limits: { cpu: 1, processes: 100 }, environment: { A: "1", B: "1" } },
      securityPolicies: { small: { limits: { cpu: 0.5 }, network: { egress: "open" } } },
      sessions: [{ id: "a" }, { id: "b", securityPolicy: "small", environment: { B: "2" }, limits: { openFiles: 64 } }],
    });
    expect(sessions.map(({ limits, environment, network }) => ({ limits, environment, egress: network.egress }))).toEqual([
      { limits: { cpu: 1, processes: 100 }, environment: { A: "1", B: "1" }, egress: "none" },
      { limits: { cpu: 0.5, processes: 100, openFiles: 64 }, environment: { A: "1", B: "2" }, egress: "open" },
    ]);
  });

  test("a session with nothing but an id is sealed, on volumes, with the agent's image", () => {
    const settings = one({});
    expect(settings.sessions[0]).toMatchObject({
      agentId: "a",
      network: { egress: "none", ports: [], dns: [] },
      workspace: { kind: "volume" },
      binds: [],
      repositories: [],
    });
    expect(settings.image.agent).toEqual({ package: "@anthropic-ai/claude-code", version: "2.1.329" });
  });

  test("without volume persistence the workspace is memory of 1 GB", () => {
    expect(one({}, { local: { volumePersistence: false } }).sessions[0]?.workspace).toEqual({ kind: "tmpfs", size: 1024 ** 3 });
  });

  test("the project's own stack file, whose schema and reference are those that are generated", () => {
    const project = fileURLToPath(new URL("../..", import.meta.url));
    const { config } = parseYaml(readFileSync(join(project, "stacks/Pulumi.local.yaml"), "utf8")) as { config: Record<string, unknown> };
    const raw = Object.fromEntries(Object.entries(config).map(([key, value]) => [key.replace("agent-sessions:", ""), value]));
    expect(parse(raw, { environment: {} }).sessions.map(({ id }) => id)).toEqual(["demo"]);
    expect(JSON.parse(readFileSync(join(project, "stacks/settings.schema.json"), "utf8"))).toEqual(stackFileSchema());
    expect(readFileSync(join(project, "stacks/settings/REFERENCE.md"), "utf8")).toBe(settingsReference(stackFileSchema()));
  });
});

describe("what is refused", () => {
  test.each<[string, Record<string, unknown>, RegExp]>([
    ["a size without a unit", { limits: { memory: "two" } }, /^sessions\[0\]\.limits\.memory: "two" is not a size; write "4 GB"\.$/],
    [
      "no cores",
      { limits: { cpu: 0 } },
      /^sessions\[0\]\.limits\.cpu: 0 is not a number of cores that can be given; write "2" or "0\.5"\.$/,
    ],
    ["a name with capitals", { id: "Demo" }, /^sessions\[0\]\.id: "Demo" is not a name; use a-z/],
    [
      "ports without a way out",
      { network: { ports: [{ container: 80, host: 8080 }] } },
      /^sessions\[0\]\.network\.ports: .* does not fit: egress is "none"/,
    ],
    [
      "the host's network without the option",
      { network: { mode: "host" } },
      /^sessions\[0\]\.network\.mode: "host" gives up all isolation/,
    ],
    [
      "a repository that is not there",
      { repositories: [{ name: "x", path: "/srv/nowhere" }] },
      /^sessions\[0\]\.repositories\[0\]\.path: "\/srv\/nowhere" does not exist on this machine/,
    ],
    [
      "a password in a URL",
      { repositories: [{ name: "x", url: "https://u:p@example.com/x" }] },
      /^sessions\[0\]\.repositories\[0\]\.url: "https:\/\/…@example\.com\/x" holds a password; take it out\.$/,
    ],
    ["a writable folder outside the allowed ones", { workspace: { kind: "host", path: "code" } }, /lies in none of allowedHostPaths/],
    [
      "a reservation above the limit",
      { reservations: { cpu: 3 } },
      /^sessions\[0\]\.reservations\.cpu: 3 is more than the limit of 2; lower it or raise limits\.cpu\.$/,
    ],
    ["a policy that is not there", { securityPolicy: "none-such" }, /securityPolicy: "none-such" is not under securityPolicies/],
  ])("%s", (_, session, sentence) => {
    const sentences = refused({ sessions: [{ id: "a", ...session }] });
    expect(sentences).toHaveLength(1);
    expect(sentences[0]).toMatch(sentence);
  });

  test("everything at once, in one message", () => {
    const sentences = refused({
      colour: "blue",
      sessions: [
        {
          id: "x".repeat(41),
          repositories: [
            { name: "l", path: "link" },
            { name: "l", path: "code/../code" },
          ],
          limits: { cpu: 0 },
          network: { ports: [{ container: 1, host: 1 }] },
        },
        {
          id: "b",
          mounts: [
            { source: "data", target: "/data" },
            { source: "code", target: "/data/" },
          ],
        },
      ],
    });
    for (const expected of [
      /^colour: there is no such key; known here: strategy/,
      /^sessions\[0\]\.id: ".*" is longer than 40 characters/,
      /^sessions\[0\]\.repositories\[0\]\.path: "link" leads to \/etc, which lies in the system folder \/etc/,
      /^sessions\[0\]\.repositories\[1\]\.path: "code\/\.\.\/code" climbs with "\.\."/,
      /^sessions\[0\]: two mounts on \/repos\/l/,
      /^sessions\[0\]\.limits\.cpu: 0 /,
      /^sessions\[0\]\.network\.ports: /,
      /^sessions\[1\]\.mounts\[0\]\.source: "data" is a socket/,
      /^sessions\[1\]: two mounts on \/data/,
    ])
      expect(
        sentences.filter((sentence) => expected.test(sentence)),
        `${expected} in\n${sentences.join("\n")}`,
      ).toHaveLength(1);
    expect(sentences).toHaveLength(9);
  });

  test("two sessions of one id, or on one port", () => {
    const network = { egress: "open", ports: [{ container: 80, host: 8080 }] };
    expect(
      refused({
        sessions: [
          { id: "a", network },
          { id: "a", network },
        ],
      }),
    ).toEqual([
      'sessions[1].id: "a" is taken by sessions[0]; choose another.',
      'sessions[1].network.ports: 127.0.0.1:8080/tcp is taken by session "a"; choose another host port.',
    ]);
  });

  test("one clone with two refs", () => {
    const session = (id: string, ref: string) => ({ id, repositories: [{ name: "x", url: "https://example.com/x", ref }] });
    expect(refused({ sessions: [session("a", "main"), session("b", "v1")] })).toEqual([
      'sessions[1].repositories: "x" is taken at v1 here and at main by session "a", and they share one clone; name one ref, or give one of them another name.',
    ]);
  });

  test("a value of the environment is never shown", () => {
    const [sentence] = refused({ sessions: [{ id: "a", environment: { "BAD-NAME": "hunter2" } }] });
    expect(sentence).toContain("environment");
    expect(sentence).not.toContain("hunter2");
  });
});

describe("for anything", () => {
  test("reading it never throws anything but SettingsError", () => {
    const session = fc.record(
      { id: fc.anything(), limits: fc.anything(), network: fc.anything(), repositories: fc.anything(), mounts: fc.array(fc.anything()) },
      { requiredKeys: [] },
    );
    const raw = fc.oneof(
      fc.dictionary(fc.string(), fc.anything()),
      fc.record({ sessions: fc.array(session), image: fc.anything(), defaults: session }, { requiredKeys: [] }),
    );
    fc.assert(
      fc.property(raw, (value) => {
        try {
          read(value as Record<string, unknown>);
        } catch (error) {
          expect(error).toBeInstanceOf(SettingsError);
        }
      }),
      { numRuns: 500 },
    );
  });

  test("a size is read as it was written", () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 1023 }), fc.constantFrom("MB", "GB"), (amount, unit) => {
        expect(formatSize(parseSize(`${amount} ${unit}`) ?? 0)).toBe(`${amount} ${unit}`);
      }),
    );
    expect(parseDuration("1.5 h")).toBe(5400);
    expect(parseSize("4")).toBeUndefined();
  });

  test.each([
    ["10 MB/s", 10 * 1024 ** 2],
    [" 1.5MiB/s ", 1.5 * 1024 ** 2],
    ["512 kB/s", 512 * 1024],
    ["1 GB/s", 1024 ** 3],
    ["9 B/s", 9],
    ["10 Mb/s", undefined],
    ["10 Mbit/s", undefined],
    ["10 MB/min", undefined],
    ["10 MB", undefined],
    ["-1 MB/s", undefined],
  ])("the rate %s is %s bytes a second", (text, bytes) => {
    expect(parseRate(text)).toBe(bytes);
  });

  test("nothing below a system folder is ever taken", () => {
    fc.assert(
      fc.property(
        fc.constantFrom("/etc", "/proc", "/sys", "/dev", "/usr", "/run", "/var/run", "/var/lib/docker"),
        fc.array(fc.stringMatching(/^[a-z.]{1,8}$/), { maxLength: 4 }),
        fc.constantFrom("/", "//", "/./"),
        (folder, rest, slash) => {
          const why = rest.includes("..") ? 'climbs with ".."; ' : `lies in the system folder ${folder}; `;
          expect(checkHostPath([folder, ...rest].join(slash), { base: root })).toEqual({ refused: expect.stringMatching(`^${why}`) });
        },
      ),
    );
  });
});
