import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test, vi } from "vitest";
import { textConfig } from "../../stacks/configuration.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { recordStack } from "../../stacks/recorder/stack.ts";
import { noEncryptedConfig, Secrets } from "../../stacks/secrets.ts";
import { temporaryFolder } from "../support/folder.ts";
import { previewOverTheWire } from "../support/pulumi-monitor.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
const folder = temporaryFolder("both");
mkdirSync(join(folder, "code"));
execFileSync("git", ["init", "--quiet", join(folder, "code")]);

test("both engines are given the same resources, inputs, order, options and hooks", async () => {
  const config = textConfig({
    config: {
      "agent-sessions:image": { base: "debian:12" },
      "agent-sessions:sessions": [
        { id: "bare" },
        {
          id: "rich",
          repositories: [
            { name: "code", path: join(folder, "code") },
            { name: "clone", url: "https://example.com/x.git", ref: "main" },
          ],
          workspace: { kind: "tmpfs", size: "64 MB" },
          limits: { memory: "1 GB", cpu: 1.5, processes: 99 },
          environment: { A: "1" },
          network: { egress: "open", ports: [{ container: 80, host: 8080, neighbours: true }] },
          security: { capabilities: ["CHOWN"] },
          agent: { task: "Mend it.", instructions: "package.json" },
        },
        { id: "sealed", network: { mode: "bridge" } },
        {
          id: "listed",
          network: {
            egress: { allow: ["github.com", { host: "git.corp:8443", addresses: ["10.0.0.0/8"] }] },
            ports: [{ container: 80, host: 8081 }],
            bandwidth: { download: "10 MB/s" },
          },
        },
      ],
    },
  });
  const wire = await previewOverTheWire(root, "both", config);
  const embedded = new EmbeddedEngine({ project: "agent-sessions", stack: "both", root, config });
  const { registrations } = (await embedded.plan(await embedded.live())).plan.run;
  const here = registrations.map(({ urn, inputs, parent = "", dependencies, replaceWith, retainOnDelete, deleteBeforeReplace, hooks }) => ({
    urn,
    inputs,
    parent,
    dependencies,
    replaceWith,
    retainOnDelete,
    deleteBeforeReplace,
    hooks,
  }));
  const sorted = (list: readonly { urn: string }[]) => [...list].sort((a, b) => (a.urn < b.urn ? -1 : 1));
  expect(here.filter(({ urn }) => /::(bare|rich|sealed|listed)-(container|proxy)$/.test(urn))).toHaveLength(5);
  expect(sorted(wire)).toEqual(sorted(here));
  // What check judges is what a plan without an engine judges.
  const recorded = await recordStack({ project: "agent-sessions", stack: "both", root, config }, new Secrets(noEncryptedConfig));
  expect(recorded.registrations).toEqual(registrations);
});

test("the program that the Pulumi CLI starts reads what the command targets alone, and asks for all the same", async () => {
  const session = (id: string, env: string) => ({ id, credentials: { kind: "file", secret: { env } } });
  const config = textConfig({
    config: {
      "agent-sessions:image": { base: "debian:12" },
      "agent-sessions:sessions": [session("one", "SECRET_OF_ONE"), session("two", "SECRET_OF_TWO")],
    },
  });
  const urns = async () => (await previewOverTheWire(root, "only", config)).map(({ urn }) => urn).sort();
  vi.stubEnv("SECRET_OF_ONE", "not-a-key");
  await expect(urns()).rejects.toThrow("env SECRET_OF_TWO is not set where this runs; export it.");
  vi.stubEnv("AGENT_SESSIONS_ONLY", "one");
  const targeted = await urns();
  vi.stubEnv("AGENT_SESSIONS_ONLY", undefined);
  vi.stubEnv("SECRET_OF_TWO", "not-a-key");
  expect(targeted).toEqual(await urns());
  expect(targeted.filter((urn) => urn.includes("two"))).not.toEqual([]);
  vi.unstubAllEnvs();
});
