import * as pulumi from "@pulumi/pulumi";
import type Docker from "dockerode";
import { baseline } from "../../policy/baseline.ts";
import { ignore } from "./answers.ts";
import { connectEngine } from "./connect.ts";
import { plainOutput } from "./output.ts";
import { type FoundEngine, findEngine } from "./find.ts";

/** What a container's label must carry for its process limit to be set. */
export const processLimitLabel = "pids_limit";

/** What a service's labels must carry for limits to be set that the provider has no word for. */
export const limitLabels = { processes: processLimitLabel, openFiles: "nofile_limit", pendingSignals: "sigpending_limit" } as const;

/** What hooks are called in the engine's requests. */
export const hookNames = {
  processLimit: "agent-sessions-process-limit",
  runOnce: "agent-sessions-run-once",
  ownVolumeGuard: "agent-sessions-own-volume",
  serviceLimits: "agent-sessions-service-limits",
} as const;

/** The hooks of one engine. Each is registered once, under one name, however many resources carry it. */
class EngineHooks {
  readonly #engine: FoundEngine | undefined;
  readonly #known = new Map<string, pulumi.ResourceHook>();
  #client: Promise<Docker> | undefined;

  constructor(engine?: FoundEngine) {
    this.#engine = engine;
  }

  once(name: string, callback: (args: pulumi.ResourceHookArgs, client: Docker) => Promise<void>): pulumi.ResourceHook {
    const known = this.#known.get(name) ?? new pulumi.ResourceHook(name, async (args) => callback(args, await this.#connect()));
    this.#known.set(name, known);
    return known;
  }

  #connect(): Promise<Docker> {
    this.#client ??= (async () => connectEngine(this.#engine ?? (await findEngine())))();
    return this.#client;
  }
}

const hooks = new WeakMap<object, EngineHooks>();

/** Has the hooks of all that a provider makes speak to the engine that it speaks to. */
export function speakTo(provider: pulumi.ProviderResource, engine: FoundEngine): void {
  hooks.set(provider, new EngineHooks(engine));
}

/** The hooks of a resource's provider; where it has none of its own, those of the program, for the engine that is found. */
function hooksOf(resource: pulumi.Resource): EngineHooks {
  const owner = resource.getProvider("docker:index/container:Container") ?? pulumi.runtime.getStackResource() ?? resource;
  const known = hooks.get(owner) ?? new EngineHooks();
  hooks.set(owner, known);
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
export function processLimit(component: pulumi.Resource): pulumi.ResourceHook {
  return hooksOf(component).once(hookNames.processLimit, async (args, client) => {
    await limitProcesses(client.getContainer(args.id ?? ""), args);
  });
}

/** The hooks of a container that serves for as long as it is there. */
export function limitedProcesses(component: pulumi.Resource): pulumi.ResourceHookBinding {
  const limit = processLimit(component);
  return { afterCreate: [limit], afterUpdate: [limit] };
}

/**
 * Runs a container that does one job under its process limit, and fails the deployment when it ends with an error. The provider
 * only makes it: what the provider starts has ended before a hook can limit it. One that failed is removed, so that a refresh
 * makes it anew.
 */
export function runOnce(component: pulumi.Resource): pulumi.ResourceHook {
  return hooksOf(component).once(hookNames.runOnce, async (args, client) => {
    const container = client.getContainer(args.id ?? "");
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

/** What of a service's limits stands in its labels, as the Engine API takes it. */
export function labelledLimits(labels: Readonly<Record<string, string>>) {
  const numberOf = (label: string) => (labels[label] === undefined ? undefined : Number(labels[label]));
  const ulimit = (Name: string, most: number | undefined) => (most === undefined ? [] : [{ Name, Soft: most, Hard: most }]);
  return {
    Pids: numberOf(limitLabels.processes),
    Ulimits: [...ulimit("nofile", numberOf(limitLabels.openFiles)), ...ulimit("sigpending", numberOf(limitLabels.pendingSignals))],
  };
}

/**
 * Sets a service's limits from its labels, since the Docker provider has no field for them. It makes the task anew; a session's
 * entrypoint starts nothing until its process limit holds.
 *
 * @throws Error when the labels hold no process limit: what carries the hook is to be limited
 */
export function limitedService(component: pulumi.Resource): pulumi.ResourceHookBinding {
  const limit = hooksOf(component).once(hookNames.serviceLimits, async ({ id = "", name }, client) => {
    const service = client.getService(id);
    const { Spec, Version } = (await service.inspect()) as Docker.Service & { Spec: Docker.ServiceSpec; Version: { Index: number } };
    const { Pids, Ulimits } = labelledLimits(Spec.Labels ?? {});
    if (Pids === undefined || !Number.isInteger(Pids) || Pids < 1)
      throw new Error(`${name} has no process limit in its label ${limitLabels.processes}; give it one`);
    const task = Spec.TaskTemplate as Docker.ContainerTaskSpec;
    const Resources = { ...task.Resources, Limits: { ...task.Resources?.Limits, Pids } };
    const ContainerSpec = { ...task.ContainerSpec, Ulimits };
    await service.update({ ...Spec, TaskTemplate: { ...task, ContainerSpec, Resources }, version: Version.Index });
  });
  return { afterCreate: [limit], afterUpdate: [limit] };
}

/**
 * Refuses a volume name that somebody else has taken: the engine answers a second create with success and keeps the old
 * volume, even one that is a bind of the host in disguise.
 */
export function ownVolumeGuard(component: pulumi.Resource): pulumi.ResourceHook {
  return hooksOf(component).once(hookNames.ownVolumeGuard, async (args, client) => {
    const { name, labels = [] } = args.newInputs as { name: string; labels?: readonly { label: string; value: string }[] };
    const found = await client.getVolume(name).inspect().catch(ignore(404));
    if (!found) return;
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
