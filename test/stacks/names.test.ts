import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cloneNames } from "../../components/session.ts";
import { deploy } from "../../stacks/deploy.ts";
import { UnreadSecrets } from "../../stacks/secrets.ts";
import { sessionNames } from "../../stacks/settings/names.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { record } from "../support/record.ts";

const read = (...sessions: readonly object[]) => parse({ image: { agent: "none", base: "debian:12" }, sessions }, { environment: {} });

function refused(...sessions: readonly object[]): readonly string[] {
  try {
    read(...sessions);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}

const listed = { network: { egress: { allow: ["example.com"] } } };
const open = { network: { egress: "open" } };
const grouped = { group: "team" };
const secret = { env: "KEY" };
const file = { credentials: { kind: "file", secret } };
const proxy = { credentials: { kind: "proxy", secret } };
const init = { credentials: { kind: "init", command: "get", secret } };

describe("ids whose names meet on the engine are one sentence with both ids and the name", () => {
  test.each<[object, string, object, string]>([
    [listed, "rt4-edge", open, "network claude-agent-rt4-edge"],
    [listed, "rt4-proxy", {}, "container claude-agent-rt4-proxy"],
    [proxy, "rt4-credential-proxy", {}, "container claude-agent-rt4-credential-proxy"],
    [proxy, "rt4-credential-proxy", open, "container claude-agent-rt4-credential-proxy"],
    [proxy, "rt4-credential-proxy-secret", {}, "container claude-agent-rt4-credential-proxy-secret"],
    [file, "rt4-auth", {}, "container claude-agent-rt4-auth"],
    [init, "rt4-auth", {}, "container claude-agent-rt4-auth"],
    [init, "rt4-auth-secret", {}, "container claude-agent-rt4-auth-secret"],
  ])("rt4 with %j and %s with %j", (given, id, other, name) => {
    expect(refused({ id: "rt4", ...given }, { id, ...other })).toEqual([
      `sessions[1].id: "${id}" needs the ${name}, and session "rt4" needs it too; choose another id.`,
    ]);
    expect(refused({ id, ...other }, { id: "rt4", ...given })).toEqual([
      `sessions[1].id: "rt4" needs the ${name}, and session "${id}" needs it too; choose another id.`,
    ]);
    expect(refused({ id: "rt4" }, { id, ...other })).toEqual([]);
    expect(refused({ id: "rt4", ...given }, { id: `${id}x`, ...other })).toEqual([]);
  });

  test("rt4 with a list and rt4-edge without a network of its own", () => {
    expect(refused({ id: "rt4", ...listed }, { id: "rt4-edge" })).toEqual([]);
  });

  test("an id by which others on the session's network would find the session for its proxy", () => {
    expect(refused({ id: "egress-proxy", ...listed })).toEqual([
      'sessions[0].id: "egress-proxy" needs the alias egress-proxy on claude-agent-egress-proxy, twice; choose another id.',
    ]);
    expect(refused({ id: "egress-proxy", ...open }, { id: "egress-proxies", ...listed })).toEqual([]);
  });

  test("an id by which another session is found on the network of their group", () => {
    expect(refused({ id: "a", ...grouped }, { id: "claude-agent-a", ...grouped })).toEqual([
      'sessions[1].id: "claude-agent-a" needs the alias claude-agent-a on the network of group team, and session "a" needs it too; choose another id.',
    ]);
    expect(refused({ id: "a", ...grouped }, { id: "claude-agent-a", group: "other" })).toEqual([]);
  });

  test("two URLs that would share a clone, as their names have one hash", () => {
    const [one, other] = ["https://a.example/87462", "https://a.example/95013"];
    const using = (id: string, url: string) => ({ id, repositories: [{ name: "x", url }] });
    expect(refused(using("a", one), using("b", other))).toEqual([
      `sessions[1].repositories: "x" needs the volume agent-repository-x-cfba549d, and the clone of "${one}" needs it too; give it another name.`,
    ]);
    expect([refused(using("a", one), using("b", one)), refused(using("a", one), using("b", `${other}0`))]).toEqual([[], []]);
  });
});

/** What the program asks the engine for, by kind and name. */
async function made(sessions: readonly object[], more: object = {}): Promise<{ names: string[]; urns: string[]; compared: string[] }> {
  const settings = parse({ sessions, ...more }, { environment: {} });
  const signsIn = settings.parent?.login !== undefined;
  const { all } = await record(() => deploy(settings, { project: "agent-sessions", stack: "test" }, new UnreadSecrets()));
  const names = all.flatMap(({ type, inputs }) => {
    const [, kind] = /^docker:index\/(container|network|volume):/.exec(type) ?? [];
    // A group's network is named after its stack, as no session's is.
    return kind === undefined || /-group-team$/.test(String(inputs.name)) ? [] : [`${kind} ${inputs.name}`];
  });
  const clones = settings.sessions.flatMap(({ repositories }) =>
    repositories.flatMap((one) => (one.kind === "url" ? cloneNames(one, signsIn) : [])),
  );
  const compared = [...settings.sessions.flatMap((session) => sessionNames(session, signsIn)), ...clones].map(
    ({ kind, name }) => `${kind} ${name}`,
  );
  return { names, compared, urns: all.map(({ urn }) => urn) };
}

const features = {
  network: [{}, listed, open, { network: { mode: "bridge" } }, { ...listed, ...grouped }],
  credentials: [{}, file, proxy, init],
  workspace: [{}, { workspace: { kind: "tmpfs" } }],
  repositories: [
    {},
    { repositories: [{ name: "x", url: "https://a.example/x", secret }] },
    { repositories: [{ name: "x-secret", url: "https://a.example/y" }] },
  ],
} as const;

const login = { url: "http://proxy.test", username: "svc", secret: { env: "CORP" } };

test.each([{}, { egress: { parent: login } }])("every name that the program asks for with %j is compared", async (more) => {
  const sessions = Object.values(features).flatMap((choices, kind) =>
    choices.map((choice, index) => ({ id: `s${kind}${index}`, ...choice })),
  );
  const { names, compared } = await made(sessions, more);
  expect(names.length).toBeGreaterThan(60);
  expect(names.some((name) => name.endsWith("-parent"))).toBe("egress" in more);
  expect(names.filter((name) => !compared.includes(name))).toEqual([]);
});

test("no two resources of settings that are accepted have one kind and name", async () => {
  const endings = [
    "",
    "-proxy",
    "-edge",
    "-auth",
    "-auth-secret",
    "-credential-proxy",
    "-logs",
    "-session",
    "-workspace",
    "-secret",
    "-bridge",
  ];
  const session = fc
    .tuple(
      fc.constantFrom("a", "egress-proxy"),
      fc.array(fc.constantFrom(...endings), { maxLength: 2 }),
      ...Object.values(features).map((choices) => fc.constantFrom<object>(...choices)),
    )
    .map(([id, ends, ...given]) => Object.assign({ id: id + ends.join("") }, ...given) as { id: string });
  const accepted = fc
    .uniqueArray(session, { minLength: 3, maxLength: 5, selector: ({ id }) => id })
    .filter((sessions) => refused(...sessions).length === 0);
  await fc.assert(
    fc.asyncProperty(accepted, async (sessions) => {
      const { names, urns } = await made(sessions);
      expect(names.filter((name, index) => names.indexOf(name) !== index)).toEqual([]);
      expect(urns.filter((urn, index) => urns.indexOf(urn) !== index)).toEqual([]);
    }),
    { numRuns: 10 },
  );
});
