import type Docker from "dockerode";
import { foreignVolume } from "../../components/container-engine/hooks.ts";
import { cloneParts } from "../../components/session-volumes/args.ts";
import { baseline } from "../../policy/baseline.ts";
import { imageOutputs } from "./docker/image.ts";
import { labelsOf, neverStarts } from "./docker/inputs.ts";
import type { Identity } from "../identity.ts";
import { authorityIn, labelNames } from "../../components/container-engine/object-labels.ts";
import { stableJson } from "./labels.ts";
import { isImage, type Live, type LiveObject, type ObjectKind, resourceTypes } from "./live.ts";
import { type ProgramRun, type Properties, type Registration, type Resolution, runProgram, type RunOptions } from "../recorder/program.ts";
import { unknownValue } from "../recorder/unknown.ts";
import { concealSecrets } from "../recorder/secret-inputs.ts";

/** What is to happen to one resource. `keep` leaves a volume that has left the program with its data. */
export type Operation = "same" | "create" | "replace" | "start" | "delete" | "keep";

/** One input that differs. */
export interface InputChange {
  readonly key: string;
  readonly before?: unknown;
  readonly after?: unknown;
}

export interface Step {
  readonly operation: Operation;
  readonly urn: string;
  readonly type: string;
  /** What the engine calls it. */
  readonly name: string;
  readonly changes: readonly InputChange[];
  /** The object that is there now. */
  readonly live?: LiveObject;
  /** The session whose running agent the step ends. */
  readonly restarts?: string;
}

export interface Plan {
  readonly steps: readonly Step[];
  readonly authority: { readonly added: readonly string[]; readonly removed: readonly string[] };
  /** Why it cannot be carried out, one sentence each. */
  readonly conflicts: readonly string[];
  readonly run: ProgramRun;
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
}

/** The plan with nothing left to do but for the sessions named; what belongs to no session stays in, but for clones that are others'. */
export function limitTo(plan: Plan, sessions: readonly string[]): Plan {
  const labels = new Map(plan.run.registrations.map(({ urn, inputs }) => [urn, labelsOf(inputs)]));
  const mounted = new Set(
    plan.run.registrations
      .filter(({ urn }) => sessions.includes(labels.get(urn)?.session_id ?? ""))
      .flatMap(({ inputs }) => ((inputs.mounts ?? []) as readonly { readonly source?: string }[]).map(({ source }) => source)),
  );
  // A network that no session is in is labelled as none's; it is called as the container that is.
  const byName = new Map(
    plan.run.registrations.map(({ urn, inputs }) => [inputs.name, labels.get(urn)?.session_id] as const).filter(([, id]) => id),
  );
  const wanted = (step: Step) => {
    const { session_id, serves, kind } = labels.get(step.urn) ?? step.live?.labels ?? {};
    if (kind === "repository") return [...mounted].some((volume) => volume !== undefined && cloneParts(volume).includes(step.name));
    const session = session_id ?? serves ?? byName.get(step.name);
    return session === undefined || sessions.includes(session);
  };
  return { ...plan, steps: plan.steps.filter(wanted) };
}

/** Whether a plan changes anything. */
export function changes(plan: Plan): boolean {
  return plan.steps.some(({ operation }) => operation !== "same" && operation !== "keep");
}

/** Runs the program as a preview and compares what it asks for with what the engine holds. Nothing is changed. */
export async function planDeployment(options: PlanOptions): Promise<Plan> {
  const steps: Step[] = [];
  const conflicts: string[] = [];
  const resolve = async (registration: Registration): Promise<Resolution> => {
    if (registration.type.startsWith("pulumi:providers:")) return { outputs: registration.inputs };
    const step = isImage(registration.type)
      ? await planImage(registration, options.docker)
      : planObject(registration, options, steps, conflicts);
    steps.push(step.step);
    return step.resolution;
  };
  const run = await runProgram({ ...options, preview: true, resolve });
  const wanted = new Set(steps.map(({ urn, name }) => `${urn} ${name}`));
  for (const live of options.live.own) {
    if (live.urn === undefined || wanted.has(`${live.urn} ${live.name}`)) continue;
    const kept = live.labels[labelNames.retain] === "true" && !options.deleteData;
    steps.push({
      operation: kept ? "keep" : "delete",
      urn: live.urn,
      type: typeOf(live.kind),
      name: live.name,
      changes: [],
      live,
      ...restartOf(live),
    });
  }
  const authority = compareAuthority(
    options.live.own.flatMap(({ kind, labels }) => (kind === "container" ? [labels] : [])),
    run.registrations.map(({ inputs }) => labelsOf(inputs)),
  );
  return { steps, authority, conflicts, run };
}

function typeOf(kind: ObjectKind): string {
  return Object.entries(resourceTypes).find(([, known]) => known === kind)?.[0] ?? kind;
}

interface Planned {
  readonly step: Step;
  readonly resolution: Resolution;
}

function known(id: string | undefined, outputs: Properties): Resolution {
  return id === undefined ? { outputs } : { id, outputs };
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
  const step: Step = { operation: id === undefined ? "create" : "same", urn, type, name, changes: [] };
  return { step, resolution: known(id, imageOutputs(registration.inputs, id ?? unknownValue)) };
}

function planObject(registration: Registration, options: PlanOptions, steps: readonly Step[], conflicts: string[]): Planned {
  const { urn, type, inputs } = registration;
  const kind = resourceTypes[type as keyof typeof resourceTypes];
  const asked = String(inputs.name ?? registration.name);
  const name = asked.includes(unknownValue) ? registration.name : asked;
  if (kind === undefined) return { step: { operation: "create", urn, type, name, changes: [] }, resolution: { outputs: inputs } };

  const live = options.live.find(kind, name);
  const own = live !== undefined && live.labels[labelNames.deployment] === options.identity.deployment;
  if (live === undefined) return { step: { operation: "create", urn, type, name, changes: [] }, resolution: { outputs: inputs } };
  if (!own) {
    const adopted = planForeign(live, options, conflicts);
    return {
      step: { operation: adopted, urn, type, name, changes: [], live, ...restartOf(live) },
      resolution: known(adopted === "same" ? live.id : undefined, inputs),
    };
  }

  const differing = compareInputs(live.inputs ?? {}, concealSecrets(inputs));
  const cause = registration.replaceWith.some((other) => steps.some((step) => step.urn === other && step.operation !== "same"));
  if (kind === "volume") {
    if (differing.length > 0)
      conflicts.push(
        `volume ${name} cannot change (${differing.map(({ key }) => key).join(", ")}), as its data would be lost; remove it with "npx sessions down --delete-data" first`,
      );
    return { step: { operation: "same", urn, type, name, changes: differing, live }, resolution: known(live.id, inputs) };
  }
  const user = differing.find(({ key }) => key === "user");
  if (user !== undefined && live.labels.session_id !== undefined) conflicts.push(otherUser(live, user));
  const operation = differing.length > 0 || cause ? "replace" : stateOperation(live, inputs);
  const step: Step = { operation, urn, type, name, changes: differing, live, ...(operation !== "same" && restartOf(live)) };
  return { step, resolution: known(operation === "replace" ? undefined : live.id, inputs) };
}

/** Its files stay those of the user who made them, and another could write none of them. */
function otherUser({ name, labels, volumes = [] }: LiveObject, { before, after }: InputChange): string {
  const uid = (user: unknown) => String(user).split(":")[0];
  const own = volumes.filter((volume) => [`${name}-session`, `${name}-workspace`].includes(volume)).sort();
  return (
    `session ${labels.session_id} has data of uid ${uid(before)} and would run as uid ${uid(after)}; write ` +
    `"uid: ${uid(before) === String(baseline.user.uid) ? "shared" : uid(before)}" for it, or remove its data with "docker rm -f ${name}" and "docker volume rm ${own.join(" ")}"`
  );
}

/** What a container with the right inputs needs to be as the program wants it. */
function stateOperation(live: LiveObject, inputs: Properties): Operation {
  if (live.kind !== "container" || neverStarts(inputs)) return "same";
  if (live.state === "dead" || live.state === "removing") return "replace";
  if (inputs.mustRun === false) return live.state === "exited" && live.exitCode === 0 ? "same" : "replace";
  return live.state === "running" || live.state === "restarting" ? "same" : "start";
}

/** An object with our name that is not ours: a conflict, unless it is to be taken over. */
function planForeign(live: LiveObject, options: PlanOptions, conflicts: string[]): Operation {
  const owner =
    live.labels[labelNames.deployment] !== undefined
      ? "belongs to another checkout or stack"
      : live.labels.created_by === undefined
        ? "was not made by agent-sessions"
        : "was made by another engine, such as the Pulumi CLI";
  if (live.kind === "volume") {
    const foreign = foreignVolume({ Labels: { ...live.labels }, Options: { ...live.options } }, {});
    const inUse = options.live.own.some((object) => object.volumes?.includes(live.name));
    if (inUse) return "same";
    if (options.adopt && foreign === undefined) return "same";
    conflicts.push(
      `volume ${live.name} is already there and ${foreign ?? owner}; ${foreign === undefined ? 'take it over, data and all, with "--adopt"' : `remove it with "docker volume rm ${live.name}"`}, or rename the session`,
    );
    return "same";
  }
  if (options.adopt) return "replace";
  conflicts.push(`${live.kind} ${live.name} is already there and ${owner}; remove it, replace it with "--adopt", or rename the session`);
  return "same";
}

/** The inputs that differ, sorted by key. */
export function compareInputs(before: Properties, after: Properties): InputChange[] {
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])].sort();
  return keys
    .filter((key) => stableJson(before[key]) !== stableJson(after[key]))
    .map((key) => ({ key, before: before[key], after: after[key] }));
}

function restartOf(live: LiveObject): { restarts?: string } {
  return live.kind === "container" && live.state === "running" && live.labels.session_id !== undefined
    ? { restarts: live.labels.session_id }
    : {};
}

type Labels = Readonly<Record<string, string>>;

/** What containers may do, as their labels say it: what is added and what removed, sorted. */
export function compareAuthority(before: readonly Labels[], after: readonly Labels[]): Plan["authority"] {
  const linesOf = (all: readonly Labels[]) => new Set(all.flatMap(authorityIn));
  const [old, now] = [linesOf(before), linesOf(after)];
  return { added: [...now].filter((line) => !old.has(line)).sort(), removed: [...old].filter((line) => !now.has(line)).sort() };
}
