import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";
import { connectEngine } from "./connect.ts";
import { plainOutput } from "./output.ts";
import { type FoundEngine, findEngine } from "./find.ts";

/** What a container's label must carry for its process limit to be set. */
export const processLimitLabel = "pids_limit";

/** What hooks are called in the engine's requests. */
export const hookNames = {
  processLimit: "agent-sessions-process-limit",
  runOnce: "agent-sessions-run-once",
  ownVolumeGuard: "agent-sessions-own-volume",
} as const;

const hooks = new Map<string, pulumi.ResourceHook>();
let engine: FoundEngine | undefined;
let client: Promise<Docker> | undefined;

/** Names the engine that hooks speak to: the same that the provider was given. A strategy calls it once, before it makes anything. */
export function useEngine(found: FoundEngine): void {
  engine = found;
  client = undefined;
  // A run of the program registers its hooks anew.
  hooks.clear();
}

async function engineClient(): Promise<Docker> {
  client ??= (async () => connectEngine(engine ?? (await findEngine())))();
  return client;
}

/** A hook is registered with the engine once, under one name, however many resources carry it. */
function once(name: string, callback: pulumi.ResourceHookFunction): pulumi.ResourceHook {
  const known = hooks.get(name) ?? new pulumi.ResourceHook(name, callback);
  hooks.set(name, known);
  return known;
}

/**
 * Sets a container's process limit from its label, since the Docker provider has no field for it. The limit outlives restarts.
 *
 * @throws Error when the label holds none: what carries the hook is to be limited
 */
async function limitProcesses(container: Docker.Container, { name, newInputs }: pulumi.ResourceHookArgs): Promise<void> {
  const { labels = [] } = newInputs as { labels?: readonly { label: string; value: string }[] };
  const limit = Number(labels.find(({ label }) => label === processLimitLabel)?.value);
  if (!Number.isInteger(limit) || limit < 1) throw new Error(`${name} has no process limit in its label ${processLimitLabel}; give it one`);
  await container.update({ PidsLimit: limit });
}

/** Limits the processes of a container that runs already. The session's entrypoint starts nothing until the limit holds. */
export function processLimit(): pulumi.ResourceHook {
  return once(hookNames.processLimit, async (args) => {
    await limitProcesses((await engineClient()).getContainer(args.id ?? ""), args);
  });
}

/**
 * Runs a container that does one job under its process limit, and fails the deployment when it ends with an error. The provider
 * only makes it: what the provider starts has ended before a hook can limit it. One that failed is removed, so that a refresh
 * makes it anew.
 */
export function runOnce(): pulumi.ResourceHook {
  return once(hookNames.runOnce, async (args) => {
    const container = (await engineClient()).getContainer(args.id ?? "");
    try {
      await limitProcesses(container, args);
      await container.start();
      const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
      if (code === 0) return;
      const output = plainOutput(await container.logs({ stdout: true, stderr: true, tail: 5 }));
      throw new Error(`${args.name} ended with ${code}: ${output}. When its cause is gone, run "pulumi up --refresh".`);
    } catch (error) {
      await container.remove({ force: true });
      throw error;
    }
  });
}

/**
 * Refuses a volume name that somebody else has taken: the engine answers a second create with success and keeps the old
 * volume, even one that is a bind of the host in disguise.
 */
export function ownVolumeGuard(): pulumi.ResourceHook {
  return once(hookNames.ownVolumeGuard, async (args) => {
    const { name, labels = [] } = args.newInputs as { name: string; labels?: readonly { label: string; value: string }[] };
    const docker = await engineClient();
    const found = await docker
      .getVolume(name)
      .inspect()
      .catch(() => undefined);
    if (found === undefined) return;
    const reason = foreignVolume(found, Object.fromEntries(labels.map(({ label, value }) => [label, value])));
    if (reason !== undefined)
      throw new Error(`volume ${name} is already there and ${reason}; remove it with "docker volume rm ${name}" or rename the session`);
  });
}

/** Why an existing volume is not the one that a session may take over; undefined when it is. */
export function foreignVolume(
  found: { Labels?: Record<string, string> | null; Options?: Record<string, string> | null; Driver?: string },
  labels: Readonly<Record<string, string>>,
): string | undefined {
  if (Object.keys(found.Options ?? {}).length > 0) return "has options of its own, so its data may lie anywhere on the host";
  if (found.Driver !== undefined && found.Driver !== "local") return `is kept by the driver ${found.Driver}`;
  if (found.Labels?.created_by !== baseline.createdBy) return "was not made by agent-sessions";
  const differs = Object.keys(labels).find((label) => found.Labels?.[label] !== labels[label]);
  return differs === undefined ? undefined : `belongs elsewhere (label ${differs} is "${found.Labels?.[differs] ?? ""}")`;
}
