import type Docker from "dockerode";
import { hookNames } from "../../components/container-engine/hooks.ts";
import { ignore } from "../../components/container-engine/answers.ts";
import { createContainer, removeContainer } from "./docker/container.ts";
import { buildImage, imageOutputs, type Progress, pullImage } from "./docker/image.ts";
import { createNetwork, removeNetwork } from "./docker/network.ts";
import { createVolume, removeVolume } from "./docker/volume.ts";
import type { Identity } from "../identity.ts";
import { ownLabels } from "./labels.ts";
import { imageType, isImage, type Live, type LiveObject, type ObjectKind, readLive, resourceTypes } from "./live.ts";
import type { DockerPlan, DockerStep } from "./plan.ts";
import type { Outcome, Step } from "../recorder/plan.ts";
import { type Properties, type Registration, type Resolution, type RunOptions, runProgram } from "../recorder/program.ts";
import { concealSecrets, revealSecrets } from "../recorder/secret-inputs.ts";

export interface ApplyOptions extends Pick<RunOptions, "project" | "stack" | "program"> {
  readonly docker: Docker;
  readonly identity: Identity;
  readonly live: Live;
  /** Requests to the engine at once. @default 16 */
  readonly parallel?: number;
  /** Told of each step when it begins and when it ends, and of each line of a build. */
  readonly progress?: { begin?(step: Step): void; end?(outcome: Outcome): void; line?: Progress };
}

export interface Applied {
  readonly outcomes: readonly Outcome[];
  readonly outputs: Properties;
}

/**
 * Carries a plan out: what has left the program first, so that its names and ports are free, then the program again, each
 * registration making its object as soon as what it needs is there.
 *
 * It never throws for a step: failures are outcomes, and what needs a failed step is skipped.
 *
 * @throws Error before anything is touched when the program asks for what only a provider knows
 */
export async function applyPlan(plan: DockerPlan, options: ApplyOptions): Promise<Applied> {
  if (plan.run.unanswered.length > 0)
    throw new Error(
      `nothing was changed: the program asks providers (${plan.run.unanswered.join(", ")}), and the embedded engine has none; deploy this stack with the Pulumi CLI (--engine pulumi)`,
    );
  const limit = limiter(options.parallel ?? 16);
  const outcomes: Outcome[] = [];
  const gone = plan.steps.filter(({ operation }) => operation === "delete");
  const steps = new Map(
    plan.steps.filter(({ operation }) => operation !== "delete" && operation !== "keep").map((step) => [step.urn, step]),
  );
  const failed = new Set<string>();

  const perform = async (step: DockerStep, work: () => Promise<Resolution>): Promise<Resolution | undefined> => {
    try {
      const resolution = await limit(async () => {
        options.progress?.begin?.(step);
        return work();
      });
      finish({ operation: step.operation, urn: step.urn, name: step.name });
      return resolution;
    } catch (error) {
      finish({ operation: step.operation, urn: step.urn, name: step.name, error: (error as Error).message });
      return undefined;
    }
  };
  const finish = (outcome: Outcome) => {
    if (outcome.error !== undefined || outcome.skipped) failed.add(outcome.urn);
    outcomes.push(outcome);
    options.progress?.end?.(outcome);
  };

  // A volume that left the program may still be in use by a container that is to be replaced.
  await removeAll(
    gone.filter(({ live }) => live?.kind !== "volume"),
    options.docker,
    perform,
  );
  const run = await runProgram({
    ...options,
    preview: false,
    resolve: async (registration) => {
      const step = steps.get(registration.urn);
      const { type, inputs } = registration;
      // A value that is not there has no dependencies for the SDK, and what needs an image that failed is to be skipped.
      const asked = { outputs: isImage(type) ? imageOutputs(inputs, "") : inputs };
      if (step === undefined) return asked;
      if (registration.dependencies.some((urn) => failed.has(urn))) {
        finish({ operation: step.operation, urn: step.urn, name: step.name, skipped: true });
        return asked;
      }
      return (await perform(step, () => carryOut(step, registration, plan, options))) ?? asked;
    },
  });
  await removeAll(
    gone.filter(({ live }) => live?.kind === "volume"),
    options.docker,
    perform,
  );
  return { outcomes, outputs: run.outputs };
}

/** Removes objects in the order in which they let go of each other. */
export async function removeAll(
  steps: readonly DockerStep[],
  docker: Docker,
  perform: (step: DockerStep, work: () => Promise<Resolution>) => Promise<unknown>,
): Promise<void> {
  for (const kind of ["container", "network", "volume"] as const) {
    const ofKind = steps.filter(({ live }) => live?.kind === kind);
    await Promise.all(ofKind.map((step) => perform(step, () => remove(docker, step.live as LiveObject).then(() => ({ outputs: {} })))));
  }
}

function remove(docker: Docker, live: LiveObject): Promise<void> {
  switch (live.kind) {
    case "container":
      return removeContainer(docker, live.id, Number(live.inputs?.destroyGraceSeconds ?? 10));
    case "network":
      return removeNetwork(docker, live.id);
    case "volume":
      return removeVolume(docker, live.name);
  }
}

async function carryOut(step: DockerStep, registration: Registration, plan: DockerPlan, options: ApplyOptions): Promise<Resolution> {
  const { docker, progress } = options;
  const { type, inputs } = registration;
  const line = progress?.line ?? (() => {});
  if (isImage(type)) {
    const id =
      step.operation === "same"
        ? (await docker.getImage(step.name).inspect()).Id
        : await (type === imageType ? buildImage : pullImage)(docker, revealSecrets(inputs), line);
    return { id, outputs: imageOutputs(inputs, id) };
  }
  const kind = resourceTypes[type as keyof typeof resourceTypes];
  if (kind === undefined)
    throw new Error(`${step.name}: the embedded engine cannot make ${type}; deploy this stack with the Pulumi CLI (--engine pulumi)`);

  refuseUnknownHooks(step.name, registration);

  switch (step.operation) {
    case "same":
      return { id: step.live?.id ?? "", outputs: inputs };
    case "start":
      await docker
        .getContainer(step.live?.id ?? "")
        .start()
        .catch(ignore(304));
      return { id: step.live?.id ?? "", outputs: inputs };
    case "replace":
      if (step.live !== undefined) await release(step.live, plan, options.docker);
      break;
  }
  const create = { container: createContainer, network: createNetwork, volume: createVolume }[kind];
  const labels = ownLabels(options.identity, registration, concealSecrets(inputs));
  try {
    return { id: await create(docker, revealSecrets(inputs), labels), outputs: inputs };
  } catch (error) {
    ignore(409)(error);
    const id = await finishOther(docker, kind, step.name, labels, options.identity);
    if (id === undefined) throw error;
    return { id, outputs: inputs };
  }
}

/** What the known hooks do is part of making an object here; another would be left out in silence. */
function refuseUnknownHooks(name: string, { hooks }: Registration): void {
  const known: readonly string[] = Object.values(hookNames);
  const unknown = Object.values(hooks)
    .flat()
    .find((hook) => !known.includes(hook));
  if (unknown !== undefined)
    throw new Error(
      `${name}: the embedded engine does not know the hook ${unknown}; deploy this stack with the Pulumi CLI (--engine pulumi)`,
    );
}

/**
 * A run that was killed leaves requests that the engine still carries out, so the name may have been taken since the plan was
 * made. What was made for the same resource from the same inputs is what was wanted.
 *
 * @returns its id, or undefined when the name is somebody else's
 */
async function finishOther(
  docker: Docker,
  kind: ObjectKind,
  name: string,
  labels: Readonly<Record<string, string>>,
  identity: Identity,
): Promise<string | undefined> {
  const made = (await readLive(docker, identity)).find(kind, name);
  if (made === undefined || Object.entries(labels).some(([label, value]) => made.labels[label] !== value)) return undefined;
  if (kind === "container") await docker.getContainer(made.id).start().catch(ignore(304));
  return made.id;
}

/** Removes what is to be made anew; a network lets go only when the containers that are made anew with it have left it. */
async function release(live: LiveObject, { steps }: DockerPlan, docker: Docker): Promise<void> {
  if (live.kind === "network") {
    const { Containers: joined = {} } = (await docker.getNetwork(live.id).inspect()) as { Containers?: Record<string, unknown> };
    const leaving = steps.flatMap(({ operation, live: container }) =>
      operation === "replace" && container?.kind === "container" && container.id in joined ? [container] : [],
    );
    await Promise.all(leaving.map((container) => remove(docker, container)));
  }
  await remove(docker, live);
}

/** Lets so many run at once, the others in order. */
function limiter(most: number): <T>(work: () => Promise<T>) => Promise<T> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (work) => {
    if (running >= most) await new Promise<void>((go) => waiting.push(go));
    running += 1;
    try {
      return await work();
    } finally {
      running -= 1;
      waiting.shift()?.();
    }
  };
}
