import { expect, test } from "vitest";
import type { SessionVolumesArgs, Workspace } from "../../components/session-volumes/args.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { record } from "../support/record.ts";

const place = { sessionId: "a", project: "agent-sessions", stack: "test" };

const volume = (kind: string) => ({
  name: `claude-agent-a-${kind}`,
  driver: "local",
  labels: [
    { label: "created_by", value: "agent-sessions" },
    { label: "kind", value: kind },
    { label: "session_id", value: "a" },
    { label: "stack", value: "agent-sessions/test" },
  ],
});

async function make(args: Omit<SessionVolumesArgs, keyof typeof place>) {
  let component: SessionVolumes | undefined;
  const recorded = await record(() => {
    component = new SessionVolumes("a", { ...place, ...args });
  });
  return { ...recorded, mounts: component?.part.mounts, resources: component?.part.resources.length };
}

const own = {
  logs: { target: "/logs", readOnly: false, source: { kind: "persistent", name: "logs" } },
  session: { target: "/session", readOnly: false, source: { kind: "persistent", name: "session" } },
  tmp: { target: "/tmp", readOnly: false, source: { kind: "memory", size: 512 * 1024 ** 2, exec: false, mode: "1777", owned: false } },
  agentTmp: {
    target: "/tmp/agent",
    readOnly: false,
    source: { kind: "memory", size: 64 * 1024 ** 2, exec: false, mode: "0700", owned: true },
  },
};

test.each<[Workspace, string[], object]>([
  [{ kind: "volume" }, ["workspace", "session", "logs"], { kind: "persistent", name: "workspace" }],
  [{ kind: "tmpfs", size: 4096 }, ["session", "logs"], { kind: "memory", size: 4096, exec: true, mode: "0700", owned: true }],
  [{ kind: "host", path: "/srv/w" }, ["session", "logs"], { kind: "host", path: "/srv/w" }],
])("the workspace %j", async (workspace, kinds, source) => {
  const { of, one, mounts, resources } = await make({ workspace });
  expect(of("Volume").map(({ name }) => name)).toEqual(kinds.map((kind) => `a-${kind}`));
  expect(of("Volume").map(({ inputs }) => inputs)).toEqual(kinds.map(volume));
  for (const registration of of("Volume"))
    expect(registration).toMatchObject({
      parent: one("SessionVolumes").urn,
      dependencies: [],
      retainOnDelete: true,
      deleteBeforeReplace: false,
    });
  expect(mounts).toEqual([own.logs, own.session, own.tmp, own.agentTmp, { target: "/workspace", readOnly: false, source }]);
  expect(resources).toBe(kinds.length);
});

test("what a user adds is mounted, and changes no volume: a changed one would lose its data", async () => {
  const before = await make({});
  const after = await make({
    tmp: 4096,
    repositories: [
      { name: "p", kind: "path", path: "/srv/p" },
      { name: "u", kind: "clone", clone: "clone" },
    ],
    binds: [{ source: "/srv/d", target: "/data", readOnly: false }],
  });
  expect(after.of("Volume")).toEqual(before.of("Volume"));
  expect(after.mounts).toEqual([
    { target: "/data", readOnly: false, source: { kind: "host", path: "/srv/d" } },
    own.logs,
    { target: "/repos/p", readOnly: true, source: { kind: "host", path: "/srv/p" } },
    { target: "/repos/u", readOnly: true, source: { kind: "shared", name: "clone" } },
    own.session,
    { ...own.tmp, source: { ...own.tmp.source, size: 4096 } },
    own.agentTmp,
    { target: "/workspace", readOnly: false, source: { kind: "persistent", name: "workspace" } },
  ]);
});

test("two mounts on one target are refused before any volume is registered", async () => {
  let refused: unknown;
  const { of } = await record(() => {
    try {
      new SessionVolumes("a", { ...place, binds: [{ source: "/srv/d", target: "/session/", readOnly: true }] });
    } catch (error) {
      refused = error;
    }
  });
  expect(refused).toEqual(new Error("session a: two mounts on /session; give each a target of its own"));
  expect(of("Volume")).toEqual([]);
});

test.each(["/", "//"])("all of the host, as %s, is refused whoever asks for it", async (source) => {
  await expect(record(() => new SessionVolumes("a", { ...place, binds: [{ source, target: "/data", readOnly: true }] }))).rejects.toThrow(
    "session a: /data is to be /, which is all of the host; name a folder",
  );
});
