import type Docker from "dockerode";
import { ignore } from "../../components/container-engine/answers.ts";
import { hookNames } from "../../components/container-engine/hooks.ts";
import type { Identity } from "../identity.ts";
import type { Properties, Registration, Resolution } from "../recorder/program.ts";
import { concealSecrets, revealSecrets } from "../recorder/secret-inputs.ts";
import { createContainer, removeContainer } from "./docker/container.ts";
import { buildImage, imageOutputs, pullImage } from "./docker/image.ts";
import { createConfig, createSecret, removeConfig, removeSecret } from "./docker/delivered.ts";
import { createNetwork, removeNetwork } from "./docker/network.ts";
import { createService, removeService, startService, updateService } from "./docker/service.ts";
import { createVolume, removeVolume } from "./docker/volume.ts";
import { ownLabels } from "./labels.ts";
import { imageType, isImage, type LiveObject, type ObjectKind, readLive, resourceTypes } from "./live.ts";
import type { DockerPlan, DockerStep } from "./plan.ts";

/** Removes objects in the order in which they let go of each other. */
export async function removeAll(
  steps: readonly DockerStep[],
  docker: Docker,
  perform: (step: DockerStep, work: () => Promise<Resolution>) => Promise<unknown>,
): Promise<void> {
  for (const kind of ["container", "service", "network", "secret", "config", "volume"] as const) {
    const ofKind = steps.filter(({ live }) => live?.kind === kind);
    await Promise.all(ofKind.map((step) => perform(step, () => remove(docker, step.live as LiveObject).then(() => ({ outputs: {} })))));
  }
}

function remove(docker: Docker, live: LiveObject): Promise<void> {
  switch (live.kind) {
    case "container":
      return removeContainer(docker, live.id, Number(live.inputs?.destroyGraceSeconds ?? 10));
    case "service":
      return removeService(docker, live.id);
    case "secret":
      return removeSecret(docker, live.id);
    case "config":
      return removeConfig(docker, live.id);
    case "network":
      return removeNetwork(docker, live.id);
    case "volume":
      return removeVolume(docker, live.name);
  }
}

/** What carrying a step out takes. */
interface Means {
  readonly docker: Docker;
  readonly identity: Identity;
}

/** Makes one step true on the engine. @returns what the program is answered */
export async function carryOut(step: DockerStep, registration: Registration, plan: DockerPlan, means: Means): Promise<Resolution> {
  const { docker, identity } = means;
  const { type, inputs } = registration;
  if (isImage(type)) {
    const id =
      step.operation === "same"
        ? (await docker.getImage(step.name).inspect()).Id
        : await (type === imageType ? buildImage : pullImage)(docker, revealSecrets(inputs));
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
      await start(docker, kind, step.live?.id ?? "", inputs);
      return { id: step.live?.id ?? "", outputs: inputs };
    case "replace":
      if (step.live !== undefined && kind !== "service") await release(step.live, plan, docker);
      break;
  }
  const create = creators[kind];
  const labels = ownLabels(identity, registration, concealSecrets(inputs));
  try {
    const updated = step.operation === "replace" && kind === "service" && (await isThere(docker, step.live?.id ?? ""));
    if (updated) return { id: await updateService(docker, step.live?.id ?? "", revealSecrets(inputs), labels), outputs: inputs };
    return { id: await create(docker, revealSecrets(inputs), labels), outputs: inputs };
  } catch (error) {
    ignore(409)(error);
    const id = await finishOther(docker, kind, step.name, labels, identity);
    if (id === undefined) throw error;
    return { id, outputs: inputs };
  }
}

const creators = {
  container: createContainer,
  service: createService,
  network: createNetwork,
  secret: createSecret,
  config: createConfig,
  volume: createVolume,
};

/** Starts what was stopped. */
async function start(docker: Docker, kind: ObjectKind, id: string, inputs: Properties): Promise<void> {
  if (kind === "service") await startService(docker, id, inputs);
  else await docker.getContainer(id).start().catch(ignore(304));
}

/** Whether a service is there: with a network that is made anew it had to go. */
async function isThere(docker: Docker, id: string): Promise<boolean> {
  const found = await docker.getService(id).inspect().catch(ignore(404));
  return Boolean(found);
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
    const served = steps.flatMap(({ operation, live: service }) =>
      operation === "replace" && service?.kind === "service" && isOn(service, live.id) ? [service] : [],
    );
    await Promise.all([...leaving, ...served].map((member) => remove(docker, member)));
  }
  await remove(docker, live);
}

/** Whether a service was made for a network. */
function isOn({ inputs }: LiveObject, network: string): boolean {
  const { networksAdvanceds = [] } = (inputs?.taskSpec ?? {}) as { networksAdvanceds?: readonly { id: string }[] };
  return networksAdvanceds.some(({ id }) => id === network);
}
