import { expect, test } from "vitest";
import { kindOf } from "../../components/container-engine/kind.ts";
import { toTmpfs } from "../../components/container-engine/mounts.ts";
import { securityOpts } from "../../components/seccomp/docker.ts";
import type { Mount } from "../../components/session-part.ts";
import { platformControls } from "../../stacks/controls.ts";
import { parse, SettingsError } from "../../stacks/settings.ts";
import { heedPodman } from "../../stacks/strategies/podman.ts";
import { checks, checksOn, platformOf } from "../../stacks/verify/checks/index.ts";

const engine = { address: "unix:///run/podman/podman.sock", source: "socket" };

function refused(raw: Readonly<Record<string, unknown>>): readonly string[] {
  try {
    heedPodman(parse(raw, { environment: {} }), engine);
    return [];
  } catch (error) {
    if (error instanceof SettingsError) return error.sentences;
    throw error;
  }
}

test("an engine is Podman when it says so", () => {
  expect(kindOf({ Version: "4.3.1", Components: [{ Name: "Podman Engine" }, { Name: "Conmon" }] })).toBe("podman");
  expect(kindOf({ Version: "28.0.0", Components: [{ Name: "Engine" }] })).toBe("docker");
  expect(kindOf({ Version: "20.10.24" })).toBe("docker");
});

test("memory has its owner in the words of each, and what Podman mounts by itself is read-only", () => {
  const source = { kind: "memory", size: 8, exec: false, mode: "0700", owned: true } as const;
  const mounts: Mount[] = [{ target: "/tmp/agent", readOnly: false, source }];
  const common = "rw,noexec,nosuid,nodev,size=8,mode=0700";
  const kept = "ro,noexec,nosuid,nodev,size=4096";
  expect(toTmpfs(mounts, [1001, 1000], "docker")).toEqual({ "/tmp/agent": `${common},uid=1001,gid=1000` });
  expect(toTmpfs(mounts, [1001, 1000], "podman")).toEqual({ "/run": kept, "/var/tmp": kept, "/tmp/agent": `${common},U` });
  const own: Mount = { target: "/run", readOnly: false, source };
  expect(toTmpfs([own], [1001, 1000], "podman")["/run"]).toBe(`${common},U`);
});

test("Podman is given no profile's text, and no more privileges", () => {
  expect(securityOpts("podman")).toEqual(["no-new-privileges:true"]);
  expect(securityOpts("docker")).toEqual(["no-new-privileges:true", expect.stringMatching(/^seccomp=\{/)]);
});

test.each([
  [
    { network: { egress: { allow: ["a.example"] } } },
    'sessions[0].network.egress.allow[0]: "a.example" needs a network that leads nowhere',
  ],
  [{ network: { mode: "bridge" } }, 'sessions[0].network.mode: "bridge" needs a network that leads nowhere'],
  [{ group: "team" }, 'sessions[0].group: "team" needs a network that leads nowhere'],
])("%j is refused on Podman, and nowhere before the engine is known", (given, beginning) => {
  const sentences = refused({ sessions: [{ id: "a", ...given }] });
  expect(sentences).toEqual([expect.stringContaining(beginning)]);
  expect(sentences[0]).toMatch(/; .* \(unix:\/\/\/run\/podman\/podman\.sock is Podman\)\.$/);
});

test("a session without a network, or with any host, is not", () => {
  const open = { id: "b", network: { egress: "open" }, workspace: { kind: "tmpfs" } };
  expect(refused({ sessions: [{ id: "a", credentials: { kind: "proxy", secret: { env: "KEY" } } }, open] })).toEqual([]);
});

test("every other strategy needs Docker Engine", () => {
  expect(refused({ strategy: "single-node", sessions: [{ id: "a" }] })).toEqual([
    'strategy: "single-node" needs Docker Engine, and Podman answers at unix:///run/podman/podman.sock; install Docker Engine, or take local.',
  ]);
});

test("verify promises on Podman what it enforces", async () => {
  const settings = parse({ sessions: [{ id: "a" }] }, { environment: {} });
  const on = async (isPodman: boolean) => checksOn(await platformOf({ isPodman: async () => isPodman }, settings)).map(({ id }) => id);
  const all = checks.map(({ id }) => id);
  const there = await on(true);
  expect((await on(false)).length).toBeGreaterThan(there.length);
  expect(all.filter((id) => !there.includes(id))).toEqual(expect.arrayContaining(["mounts", "group"]));
  expect(await platformOf({}, settings)).toBe(platformControls.docker);
});
