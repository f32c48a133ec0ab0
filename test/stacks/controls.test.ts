import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as pulumi from "@pulumi/pulumi";
import { describe, expect, test, vi } from "vitest";
import { z } from "zod";
import { isPromised, type PlatformControls, platformControls, refusals, reports } from "../../stacks/controls.ts";
import { type Control, type ControlName, controls } from "../../stacks/controls/list.ts";
import { controlsPage } from "../../stacks/controls/page.ts";
import { enforced, refused, reported } from "../../stacks/controls/standing.ts";
import { deployFromConfig } from "../../stacks/deploy.ts";
import { runProgram } from "../../stacks/recorder/program.ts";
import { sessionSchema } from "../../stacks/settings/session-schema.ts";
import { UnreadSecrets } from "../../stacks/secrets.ts";
import { parse } from "../../stacks/settings.ts";
import { checks, checksOn } from "../../stacks/verify/checks/index.ts";

const root = join(import.meta.dirname, "../..");
const every = Object.entries(controls) as [ControlName, Control][];
const each: readonly (readonly [string, PlatformControls])[] = Object.entries(platformControls);

interface Form {
  readonly const?: unknown;
  readonly enum?: readonly unknown[];
  readonly properties?: Readonly<Record<string, Form>>;
  readonly items?: Form;
  readonly anyOf?: readonly Form[];
  readonly oneOf?: readonly Form[];
}

const isKept = (leaf: string) => leaf.includes(".clusterSecret.");

/** All that can be written of a session: keys, entries of lists (`[]`), kinds and choices (`=`). */
function leaves(form: Form, path: string): string[] {
  const kind = form.properties?.kind?.const;
  // What is written beside a kind is the kind's, but where a secret is kept.
  const { secret } = form.properties ?? {};
  if (kind !== undefined) return [`${path}.kind=${kind}`, ...(secret ? leaves(secret, `${path}.secret`).filter(isKept) : [])];
  const inner = [
    ...[...(form.anyOf ?? []), ...(form.oneOf ?? [])].flatMap((variant) => leaves(variant, path)),
    ...Object.entries(form.properties ?? {}).flatMap(([name, below]) => leaves(below, path === "" ? name : `${path}.${name}`)),
    ...(form.items === undefined ? [] : leaves(form.items, `${path}[]`)),
    ...(form.enum ?? (form.const === undefined ? [] : [form.const])).map((value) => `${path}=${value}`),
  ];
  return inner.length > 0 ? [...new Set(inner)] : [path];
}

/** The controls that a key of a session belongs to. */
function ownersOf(leaf: string): ControlName[] {
  const below = (key: string) => leaf === key || (!key.includes("=") && [".", "[", "="].some((next) => leaf.startsWith(key + next)));
  return every.flatMap(([name, { keys }]) => (keys.some(below) ? [name] : []));
}

const formOf = (schema: z.ZodType) => z.toJSONSchema(schema, { io: "input" }) as Form;

describe("no control is dropped in silence", () => {
  const known = leaves(formOf(sessionSchema), "");

  test("every key of a session belongs to one control", () => {
    expect(known.length).toBeGreaterThan(50);
    expect(known.flatMap((leaf) => (ownersOf(leaf).length === 1 ? [] : [[leaf, ownersOf(leaf)]]))).toEqual([]);
  });

  test("one that is added belongs to none, wherever it is", () => {
    const { limits, network } = sessionSchema.shape;
    const more = sessionSchema.extend({
      limits: limits.unwrap().extend({ threads: z.number() }),
      network: network.unwrap().extend({ ipv6: z.boolean().optional() }),
      workspace: z.discriminatedUnion("kind", [z.object({ kind: z.literal("shared") })]),
      colour: z.string(),
    });
    const orphans = leaves(formOf(more), "").filter((leaf) => ownersOf(leaf).length === 0);
    expect(orphans.sort()).toEqual(["colour", "limits.threads", "network.ipv6", "workspace.kind=shared"]);
  });

  test("every key of a control is one of a session", () => {
    const keys = every.flatMap(([, control]) => control.keys);
    const isThere = (key: string) => {
      const [path = ""] = key.endsWith("*") ? key.split("=") : [key];
      return known.some((leaf) => leaf === path || [".", "[", "="].some((next) => leaf.startsWith(path + next)));
    };
    expect(keys.filter((key) => !isThere(key))).toEqual([]);
  });
});

describe.each(each)("%s", (_, platform) => {
  const column = Object.entries(platform.column);

  test("has an answer for each control, and a reason and its source for each that it does not enforce", () => {
    expect(column.map(([name]) => name).sort()).toEqual(Object.keys(controls).sort());
    for (const [name, standing] of column) {
      if (standing.how === "enforced") continue;
      expect(standing.why, name).toMatch(/^\S.{8,}[^.]$/);
      if (standing.how === "refused") expect(standing.wayOut, name).not.toBe("");
      expect(standing.source.startsWith("https://") || existsSync(join(root, standing.source)), `${name}: ${standing.source}`).toBe(true);
    }
  });

  test("is not promised what it does not enforce", () => {
    const tried = checksOn(platform).map(({ control }) => control);
    const open = column.flatMap(([name, { how }]) => (how === "reported" || how === "refused" ? [name as ControlName] : []));
    expect(open.filter((name) => isPromised(platform, name) || tried.includes(name))).toEqual([]);
    expect(tried.length).toBeGreaterThan(20);
  });
});

const hostOnly = {
  id: "a",
  network: { mode: "bridge", ports: [{ container: 80, host: 8080 }] },
  mounts: [
    { source: "/srv/one", target: "/one" },
    { source: "/srv/two", target: "/two" },
  ],
  repositories: [
    { name: "x", url: "https://example.com/x" },
    { name: "y", path: "/srv/y" },
    { name: "z", url: "file:///srv/z" },
  ],
};

describe("what a session asks for", () => {
  const pathsOn = (platform: PlatformControls, setting: object) =>
    refusals(platform, setting as Record<string, unknown>).map(({ path }) => path.join("."));

  test.each(["swarm", "kubernetes", "ecs"] as const)("of the machine of the plan is refused on %s, key by key", (name) => {
    expect(pathsOn(platformControls[name], hostOnly).sort()).toEqual(
      ["mounts.0", "mounts.1", "network.mode", "network.ports.0", "repositories.1.path", "repositories.2.url"].sort(),
    );
    expect(pathsOn(platformControls[name], { workspace: { kind: "host", path: "/srv" } })).toEqual(["workspace.kind"]);
    expect(pathsOn(platformControls[name], { credentials: { kind: "hostMount" } })).toEqual(["credentials.kind"]);
    for (const { rest } of refusals(platformControls[name], hostOnly)) expect(rest).toMatch(/this machine|engine's own.*; \w/);
  });

  test("is refused nowhere where it needs nothing of the kind", () => {
    const plain = {
      id: "a",
      workspace: { kind: "volume" },
      credentials: { kind: "file", secret: { env: "KEY" } },
      repositories: [{ name: "x", url: "https://example.com/x", ref: "main" }],
      network: { egress: { allow: ["github.com"] } },
      limits: { memory: 1, openFiles: 64 },
    };
    for (const name of ["docker", "swarm", "kubernetes", "ecs"] as const) expect(pathsOn(platformControls[name], plain), name).toEqual([]);
    expect(pathsOn(platformControls.docker, { ...plain, ...hostOnly })).toEqual([]);
  });

  test.each(each)("is refused on %s for each control that is", (_, platform) => {
    const values: Readonly<Record<string, unknown>> = { "security.capabilities": ["NET_RAW"], "repositories[].url": "file:///x" };
    for (const [name, standing] of Object.entries(platform.column)) {
      if (standing.how !== "refused") continue;
      const control: Control = controls[name as ControlName];
      for (const key of control.keys) {
        const [path = "", value = values[key] ?? "x"] = key.replace("*", "/x").split(/=(.*)/);
        const setting = path.split(".").reduceRight<unknown>((inner, part) => {
          return part.endsWith("[]") ? { [part.slice(0, -2)]: [inner] } : { [part]: inner };
        }, value);
        expect(
          refusals(platform, setting as Record<string, unknown>).map(({ rest }) => rest),
          `${name} ${key}`,
        ).toContain(`${standing.why}; ${standing.wayOut}`);
      }
    }
  });

  test("without a key is refused where it is for every session", () => {
    const platform = {
      title: "Test",
      column: { ...platformControls.docker.column, scratch: refused("needs memory", "take another", "x") },
    };
    expect(refusals(platform, { id: "a" })).toEqual([{ path: ["id"], value: "a", rest: "needs memory; take another" }]);
    expect(refusals(platform, { id: "a", limits: { tmp: 5 } })).toEqual([
      { path: ["limits", "tmp"], value: 5, rest: "needs memory; take another" },
    ]);
  });
});

describe("what nothing enforces", () => {
  const exception = { reason: "a", owner: "b", expires: "2030-01-01" };
  const column = {
    ...platformControls.docker.column,
    dns: reported("nobody asks them", "https://example.com"),
    openFiles: reported("no", "page"),
  };
  const platform = { title: "Test", column };
  const asker = (id: string, network = {}) => ({ id, setting: { id, network } });

  test("is said once for all sessions that it concerns", () => {
    expect(reports(platform, [asker("a"), asker("b", { dns: ["9.9.9.9"] }), asker("c", { dns: [] })])).toEqual([
      "Not enforced on Test, for every session: open files: no (page).",
      "Not enforced on Test, for sessions b, c: resolvers of one's own: nobody asks them (https://example.com).",
    ]);
    const many = ["d", "e", "f", "g", "h", "i", "j"].map((id) => asker(id, { dns: ["9.9.9.9"] }));
    expect(reports(platform, [asker("a"), ...many])[1]).toContain("for sessions d, e, f, g, h and 2 more: resolvers");
    expect(reports(platform, [asker("a"), asker("b", { dns: ["9.9.9.9"] })])[1]).toContain("for session b: resolvers");
    expect(reports(platform, [])).toEqual([]);
    expect(reports({ ...platform, column: { ...column, dns: enforced, openFiles: enforced } }, [asker("b", { dns: [] })])).toEqual([]);
  });

  test("stands in the settings, wherever the key was given", () => {
    const credentials = { kind: "environment", secret: { env: "KEY" }, exception };
    const { reported: lines } = parse({ defaults: { credentials }, sessions: [{ id: "a" }, { id: "b", credentials: { kind: "none" } }] });
    expect(lines).toEqual([
      "Not enforced on Docker, for session a: a secret in a variable: whoever may speak to the engine can read it (components/credentials/README.md).",
    ]);
  });

  test("is said by a preview, once, and not by the update that follows", async () => {
    const warned = vi.spyOn(pulumi.log, "warn").mockResolvedValue();
    const config = {
      "agent-sessions:local": '{"engine":"unix:///nowhere/docker.sock"}',
      "agent-sessions:sessions": JSON.stringify([{ id: "a", credentials: { kind: "environment", secret: { env: "KEY" }, exception } }]),
    };
    const said = async (preview: boolean) => {
      warned.mockClear();
      const program = () => deployFromConfig(config, { project: "p", stack: "s" }, new UnreadSecrets(), () => {});
      await runProgram({
        project: "agent-sessions",
        stack: "test",
        preview,
        program,
        resolve: async ({ inputs }) => ({ id: "1", outputs: inputs }),
      });
      return warned.mock.calls.map(([line]) => line).filter((line) => line.startsWith("Not enforced"));
    };
    expect(await said(true)).toEqual([expect.stringMatching(/^Not enforced on Docker, for every session: a secret in a variable: /)]);
    expect(await said(false)).toEqual([]);
    warned.mockRestore();
  });

  test("is a workspace's size where it is a folder of the host", () => {
    expect(reports(platformControls.docker, [{ id: "a", setting: { workspace: { kind: "host", path: "/srv" } } }])).toEqual([
      "Not enforced on Docker, for every session: /workspace in a folder of the host: it is no volume, so limits.disk does not count it (components/session-volumes/README.md).",
    ]);
    expect(reports(platformControls.docker, [{ id: "a", setting: {} }])).toEqual([]);
  });

  test("is not tried by verify, and all else is", () => {
    const ids = (list: typeof checks) => list.map(({ id }) => id);
    expect(ids(checksOn(platformControls.docker))).toEqual(ids(checks));
    expect(ids(checks).filter((id) => !ids(checksOn(platform)).includes(id))).toEqual(["open-files-limit"]);
  });
});

test("the page of the controls is the one that is generated", () => {
  expect(readFileSync(join(root, "stacks/controls/README.md"), "utf8")).toBe(controlsPage());
});
