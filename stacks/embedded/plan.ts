import type Docker from "dockerode";
import { cloneParts } from "../../components/session.ts";
import { authorityOfSessions, compareAuthority } from "../authority.ts";
import { decide, decideGone } from "./decide.ts";
import { imageOutputs } from "./docker/image.ts";
import { labelsOf } from "./docker/inputs.ts";
import type { Identity } from "../identity.ts";
import { isImage, isRun, type Live, type LiveObject, type ObjectKind, resourceTypes } from "./live.ts";
import { authorityIn, type Plan, type Step } from "../recorder/plan.ts";
import { type Properties, type Registration, type Resolution, runProgram, type RunOptions } from "../recorder/program.ts";
import { unknownValue } from "../recorder/unknown.ts";
import { concealSecrets } from "../recorder/secret-inputs.ts";

/** A step on an object of the engine's. */
export interface DockerStep extends Step {
  /** The object that is there now. */
  readonly live?: LiveObject;
}

export interface DockerPlan extends Plan {
  readonly steps: readonly DockerStep[];
}

export interface PlanOptions extends Pick<RunOptions, "project" | "stack" | "program"> {
  readonly identity: Identity;
  readonly live: Live;
  /** Looks images up; left out for a plan without an engine, in which all are to be built. */
  readonly docker?: Docker;
  /** Names taken by strangers or other checkouts are taken over. */
  readonly adopt?: boolean;
  /** Volumes that have left the program are removed with their data. */
  readonly deleteData?: boolean;
  /** What the sessions may do as it was applied last, a line each. @default nothing is known of it */
  readonly authority?: readonly string[];
}

/** Runs the program as a preview and compares what it asks for with what the engine holds. Nothing is changed. */
export async function planDeployment(options: PlanOptions): Promise<DockerPlan> {
  const steps: DockerStep[] = [];
  const resolve = async (registration: Registration): Promise<Resolution> => {
    if (registration.type.startsWith("pulumi:providers:")) return { outputs: registration.inputs };
    const step = isImage(registration.type) ? await planImage(registration, options.docker) : planObject(registration, options, steps);
    steps.push(step.step);
    return step.resolution;
  };
  const run = await runProgram({ ...options, preview: true, resolve });
  const wanted = new Set(steps.map(({ urn, name }) => `${urn} ${name}`));
  for (const live of options.live.own) {
    if (live.urn === undefined || wanted.has(`${live.urn} ${live.name}`)) continue;
    steps.push({
      operation: decideGone(live, options),
      urn: live.urn,
      type: typeOf(live.kind),
      name: live.name,
      changes: [],
      live,
      ...restartOf(live),
    });
  }
  const ofWhom = sessionsOf(run.registrations);
  return {
    steps: steps.map((step) => ({ ...step, ...ofWhom(step) })),
    authority: compareAuthority(authorityThere(options), authorityIn(run)),
    run,
  };
}

/** What was applied, as far as it is still there. */
function authorityThere({ authority = [], live: { own } }: PlanOptions): readonly string[] {
  const sessions = own.flatMap(({ kind, labels }) => (isRun(kind) ? [labels.session_id ?? labels.serves] : []));
  return sessions.length === 0 ? [] : authorityOfSessions(authority, sessions);
}

function typeOf(kind: ObjectKind): string {
  return Object.entries(resourceTypes).find(([, known]) => known === kind)?.[0] ?? kind;
}

interface Planned {
  readonly step: DockerStep;
  readonly resolution: Resolution;
}

/** An image is there when its tag, which hashes all it is built from, is there. */
async function planImage(registration: Registration, docker: Docker | undefined): Promise<Planned> {
  const name = String(registration.inputs.imageName ?? registration.inputs.name);
  const id =
    docker === undefined
      ? undefined
      : await docker
          .getImage(name)
          .inspect()
          .then(
            ({ Id }) => Id,
            () => undefined,
          );
  const { urn, type } = registration;
  const conflict = `image ${name} is to be pushed, which the embedded engine does not do; deploy this stack with the Pulumi CLI (--engine pulumi), or leave image.registry out`;
  const step: DockerStep = {
    operation: id === undefined ? "create" : "same",
    urn,
    type,
    name,
    changes: [],
    builds: id === undefined,
    ...(registration.inputs.skipPush === false && { conflict }),
  };
  return { step, resolution: { id, outputs: imageOutputs(registration.inputs, id ?? unknownValue) } };
}

function planObject(registration: Registration, options: PlanOptions, steps: readonly DockerStep[]): Planned {
  const { urn, type, inputs } = registration;
  const kind = resourceTypes[type as keyof typeof resourceTypes];
  const asked = String(inputs.name ?? registration.name);
  const name = asked.includes(unknownValue) ? registration.name : asked;
  if (kind === undefined) return { step: { operation: "create", urn, type, name, changes: [] }, resolution: { outputs: inputs } };

  const live = options.live.find(kind, name);
  const { operation, changes, conflict } = decide(
    {
      name,
      inputs: concealSecrets(inputs),
      cause: registration.replaceWith.some((other) => steps.some((step) => step.urn === other && step.operation !== "same")),
    },
    live,
    {
      ...options,
      deployment: options.identity.deployment,
      inUse: kind === "volume" && options.live.own.some((object) => object.volumes?.includes(name)),
    },
  );
  const restarts = live !== undefined && operation !== "same" ? restartOf(live) : {};
  const found = { ...(live !== undefined && { live }), ...(conflict !== undefined && { conflict }) };
  const step: DockerStep = { operation, urn, type, name, changes, ...found, ...restarts };
  const id = operation === "create" || operation === "replace" ? undefined : live?.id;
  return { step, resolution: { id, outputs: inputs } };
}

function restartOf(live: LiveObject): { restarts?: string } {
  return isRun(live.kind) && live.state === "running" && live.labels.session_id !== undefined ? { restarts: live.labels.session_id } : {};
}

interface MountInput {
  readonly source?: string;
}

/** What a container, or a service's, has mounted. */
function mountsIn({ mounts, taskSpec }: Properties): readonly MountInput[] {
  const { containerSpec } = (taskSpec ?? {}) as { containerSpec?: { mounts?: readonly MountInput[] } };
  return (mounts as readonly MountInput[] | undefined) ?? containerSpec?.mounts ?? [];
}

/** Tells which sessions a step is for: by its labels, of a clone by who has it mounted. */
function sessionsOf(registrations: readonly Registration[]): (step: DockerStep) => { sessions?: readonly string[] } {
  const labels = new Map(registrations.map(({ urn, inputs }) => [urn, labelsOf(inputs)]));
  // A network that no session is in is labelled as none's; it is called as the container that is.
  const byName = new Map(
    registrations.map(({ urn, inputs }) => [inputs.name, labels.get(urn)?.session_id] as const).filter(([, id]) => id),
  );
  const mounts = registrations.flatMap(({ urn, inputs }) => {
    const { session_id: session } = labels.get(urn) ?? {};
    return mountsIn(inputs).flatMap(({ source }) => (session !== undefined && source !== undefined ? [{ session, volume: source }] : []));
  });
  return (step) => {
    const { session_id, serves, kind } = labels.get(step.urn) ?? step.live?.labels ?? {};
    if (kind === "repository")
      return { sessions: mounts.flatMap(({ session, volume }) => (cloneParts(volume).includes(step.name) ? [session] : [])) };
    const session = session_id ?? serves ?? byName.get(step.name);
    return session === undefined ? {} : { sessions: [session] };
  };
}
