import { expect, test } from "vitest";
import { seccompProfile } from "../../components/seccomp/docker.ts";
import { cloneName } from "../../components/session.ts";
import { type RepositoryCloneArgs, repositoryCopy, repositoryMirror } from "../../components/session-volumes/clone.ts";
import { RepositoryClone } from "../../components/session-volumes/docker.ts";
import { mirrorThatClones } from "../../components/session-volumes/ecs/clone.ts";
import { revealSecrets } from "../../stacks/recorder/secret-inputs.ts";
import { record } from "../support/record.ts";
import { secret } from "../support/secret.ts";

const plain = { name: "x", url: "https://example.com/x", image: "sha256:0", project: "agent-sessions", stack: "test" };
const stem = cloneName(plain);
const labels = [
  { label: "created_by", value: "agent-sessions" },
  { label: "kind", value: "repository" },
  { label: "stack", value: "agent-sessions/test" },
];
const container = {
  name: stem,
  image: "sha256:0",
  user: "1000:1000",
  entrypoints: ["/usr/bin/tini", "--", "/usr/local/bin/repository-fetch"],
  workingDir: "/workspace",
  envs: ["REPOSITORY_REF=", "REPOSITORY_URL=https://example.com/x"],
  labels: [...labels.slice(0, 2), { label: "pids_limit", value: "128" }, ...labels.slice(2)],
  readOnly: true,
  capabilities: { drops: ["ALL"] },
  securityOpts: ["no-new-privileges:true", `seccomp=${seccompProfile}`],
  ipcMode: "private",
  memory: 1024,
  memorySwap: 1024,
  cpus: "1.0",
  mounts: [{ type: "volume", source: stem, target: "/workspace", readOnly: false }],
  tmpfs: { "/tmp": "rw,noexec,nosuid,nodev,size=67108864,mode=1777" },
  networksAdvanced: [{ name: stem }],
  logDriver: "json-file",
  logOpts: { "max-size": "1m", "max-file": "2" },
  restart: "no",
  start: false,
  attach: true,
  mustRun: false,
  rm: false,
};
const make = (args: Partial<RepositoryCloneArgs> = {}) => record(() => new RepositoryClone("c", { ...plain, ...args }));

test("a remote one is fetched through a network of its own into a volume, by a container as hardened as a session", async () => {
  const { all, one } = await make();
  const [volume, network, fetch] = ["Volume", "Network", "Container"].map(one);
  expect(all).toHaveLength(4);
  expect(volume).toMatchObject({ name: "c-volume", parent: one("RepositoryClone").urn, inputs: { name: stem, driver: "local", labels } });
  expect(network?.inputs).toEqual({
    name: stem,
    driver: "bridge",
    internal: false,
    options: { "com.docker.network.bridge.enable_icc": "false", "com.docker.network.bridge.enable_ip_masquerade": "true" },
    labels,
  });
  expect(fetch?.inputs).toEqual(container);
  expect(fetch).toMatchObject({
    name: "c-fetch",
    parent: one("RepositoryClone").urn,
    deleteBeforeReplace: true,
  });
  expect(fetch?.dependencies.toSorted()).toEqual([volume?.urn, network?.urn].toSorted());
  // A volume that was lost is empty when it is back.
  expect(fetch?.replaceWith.toSorted()).toEqual([volume?.urn, network?.urn].toSorted());
});

test("one of this machine is fetched without any network, from a folder that is bound read-only", async () => {
  const { of, one } = await make({ url: "file:///srv/x", hostPath: "/srv/x" });
  const name = cloneName({ name: "x", url: "file:///srv/x" });
  const { networksAdvanced: _, ...rest } = container;
  expect(of("Network")).toEqual([]);
  expect(one("Container").inputs).toEqual({
    ...rest,
    name,
    networkMode: "none",
    envs: ["REPOSITORY_REF=", "REPOSITORY_URL=file:///source"],
    mounts: [
      { ...container.mounts[0], source: name },
      { type: "bind", source: "/srv/x", target: "/source", readOnly: true, bindOptions: { propagation: "rprivate" } },
    ],
  });
});

test("a password is a file of the clone's alone, and its name is authority", async () => {
  let authority: readonly string[] = [];
  const { of, one } = await record(() => {
    ({ authority } = new RepositoryClone("c", { ...plain, credential: { username: "me", password: secret("env TOKEN", "hunter2") } }));
  });
  const [carrier, fetch] = of("Container");
  const entry = "repository x: secret env TOKEN to clone https://example.com/x";
  expect(authority).toEqual([entry]);
  expect(carrier?.inputs).toMatchObject({
    name: `${stem}-secret`,
    start: false,
    mustRun: false,
    mounts: [{ source: `${stem}-secret`, target: "/secret" }],
  });
  expect(revealSecrets(carrier?.inputs ?? {}).uploads).toEqual([{ file: "/secret/password", content: "hunter2", permissions: "0444" }]);
  expect(fetch?.inputs).toEqual({
    ...container,
    envs: [...container.envs, "REPOSITORY_USERNAME=me"],
    mounts: [...container.mounts, { type: "volume", source: `${stem}-secret`, target: "/secret", readOnly: true }],
  });
  expect(fetch?.dependencies).toContain(carrier?.urn);
  expect(one("SecretFile").parent).toBe(one("RepositoryClone").urn);
});

test("a changed ref runs the fetch again and leaves the volume", async () => {
  const [before, after] = [await make(), await make({ ref: "v2" })];
  expect(after.one("Volume")).toEqual(before.one("Volume"));
  expect(after.one("Container").inputs).toEqual({ ...container, envs: ["REPOSITORY_REF=v2", ...container.envs.slice(1)] });
});

test("the name tells URLs apart", () => {
  expect(cloneName({ name: "x", url: "https://a.example/x" })).toMatch(/^agent-repository-x-[0-9a-f]{8}$/);
  expect(cloneName({ name: "x", url: "https://a.example/x" })).not.toBe(cloneName({ name: "x", url: "https://b.example/x" }));
});

test("the name is not that of a clone whose configuration the repository could write", () => {
  // The volume of earlier versions, by the digest of the URL alone.
  expect(cloneName({ name: "x", url: "https://a.example/x" })).not.toBe("agent-repository-x-39021306");
});

test("a clone is handed out at one port, by what cannot change it, and copied from there", () => {
  const args = { project: "p", stack: "s", image: "i", name: "lib", url: "https://example.com/lib.git" };
  const mirror = repositoryMirror(args);
  const script = "/usr/local/lib/agent-sessions/repository-mirror.js";
  expect(mirror).toMatchObject({
    kind: "repository",
    runs: "beside",
    program: ["node", script],
    health: { command: ["node", script, "--check"] },
    reaches: "nothing",
  });
  expect(mirror.environment).toEqual({ LISTEN_PORT: "8418" });
  expect(mirror.mounts[0]).toEqual({ target: "/workspace", readOnly: true, source: { kind: "shared", name: mirror.name } });
  expect(repositoryCopy(args).environment).toEqual({ REPOSITORY_MIRROR: "repository-lib:8418" });
  const both = mirrorThatClones(args);
  expect(both.program).toEqual(["/bin/bash", "-c", `/usr/local/bin/repository-fetch && exec node ${script}`]);
  expect([both.environment, both.reaches]).toEqual([
    { REPOSITORY_REF: "", REPOSITORY_URL: "https://example.com/lib.git", LISTEN_PORT: "8418" },
    "any host",
  ]);
  expect(both.health).toMatchObject({ command: ["node", script, "--check"], startPeriod: 300, interval: 120, retries: 10 });
});
