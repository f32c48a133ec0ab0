import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test, vi } from "vitest";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
// Imported by the program when it runs: by then, what a module does once counts as done by the test that came first.
import "../../stacks/strategies/local.ts";
import type { Registration } from "../../stacks/recorder/program.ts";
import { temporaryFolder } from "../support/folder.ts";

/** Under the Pulumi CLI these hooks are all that limits processes, guards volumes and fails a clone: one left out is silent. */

const root = temporaryFolder("hooks");
execFileSync("git", ["init", "--quiet", join(root, "code")]);
writeFileSync(join(root, "key"), "sk-a-key");
vi.stubEnv("DOCKER_HOST", `unix://${join(root, "no-engine.sock")}`);

const secret = { file: "key" };
const sessions = [
  {
    id: "all",
    repositories: [
      { name: "path", path: "code" },
      { name: "remote", url: "https://example.com/x.git", secret },
      { name: "local", url: `file://${root}/code` },
    ],
    network: { egress: { allow: ["example.com"] }, ports: [{ container: 80, host: 8080 }] },
    credentials: { kind: "file", secret },
  },
  { id: "fetched", credentials: { kind: "init", command: "cat /secret/token", secret } },
  { id: "proxied", workspace: { kind: "tmpfs", size: "64 MB" }, credentials: { kind: "proxy", secret } },
];

const limited = { afterCreate: ["agent-sessions-process-limit"], afterUpdate: ["agent-sessions-process-limit"] };
const once = { afterCreate: ["agent-sessions-run-once"] };
const guarded = { beforeCreate: ["agent-sessions-own-volume"] };

/** What the program registers for the sessions, by the end of its type. */
async function registered(type: RegExp): Promise<readonly Registration[]> {
  const config = textConfig({
    config: { "agent-sessions:image": { agent: "none", base: "debian:12" }, "agent-sessions:sessions": sessions },
  });
  const engine = new EmbeddedEngine({ project: "agent-sessions", stack: "hooks", root, config });
  return (await engine.plan(await engine.live())).plan.run.registrations.filter((one) => type.test(one.type));
}

describe("every container and volume of a deployment", () => {
  test("carries the hook that makes its label true, and one that is never started carries none", async () => {
    const containers = await registered(/:Container$/);
    const plain = (name: unknown) => String(name).replace(/(agent-repository-\w+)-[0-9a-f]{8}/, "$1");
    const carried = Object.fromEntries(containers.map(({ inputs, hooks }) => [plain(inputs.name), hooks]));
    expect(carried).toEqual({
      "claude-agent-all": limited,
      "claude-agent-all-proxy": limited,
      "claude-agent-all-auth": {},
      "agent-repository-remote": once,
      "agent-repository-remote-secret": {},
      "agent-repository-local": once,
      "claude-agent-fetched": limited,
      "claude-agent-fetched-auth": once,
      "claude-agent-fetched-auth-secret": {},
      "claude-agent-proxied": limited,
      "claude-agent-proxied-credential-proxy": limited,
      "claude-agent-proxied-credential-proxy-secret": {},
    });
    for (const { inputs, hooks } of containers) {
      const labels = inputs.labels as readonly { label: string; value: string }[];
      const neverRuns = inputs.start === false && inputs.attach !== true;
      expect([inputs.name, labels.some(({ label, value }) => label === "pids_limit" && Number(value) > 0)]).toEqual([
        inputs.name,
        !neverRuns,
      ]);
      // What the provider starts has ended before a hook can limit it.
      if ("afterCreate" in hooks && !("afterUpdate" in hooks)) expect(inputs).toMatchObject({ start: false, attach: true, mustRun: false });
    }
  });

  test("is guarded against a volume of somebody else's", async () => {
    const volumes = await registered(/:Volume$/);
    expect(volumes.length).toBeGreaterThan(10);
    for (const { inputs, hooks } of volumes) expect([inputs.name, hooks]).toEqual([inputs.name, guarded]);
  });

  test("no other resource carries a hook", async () => {
    const others = await registered(/:(?!Container$|Volume$)\w+$/);
    expect(others.length).toBeGreaterThan(5);
    for (const { urn, hooks } of others) expect([urn, hooks]).toEqual([urn, {}]);
  });
});
