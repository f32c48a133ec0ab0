import { foreignVolume } from "../../components/container-engine/hooks.ts";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { baseline } from "../../policy/baseline.ts";
import { compareInputs, type InputChange } from "../recorder/compare.ts";
import type { Operation } from "../recorder/plan.ts";
import type { Properties } from "../recorder/program.ts";
import { neverStarts } from "./docker/inputs.ts";
import type { LiveObject } from "./live.ts";

/** What is decided of one object. */
export interface Decision {
  readonly operation: Operation;
  /** What differs between what is there and what is wanted, sorted by key. */
  readonly changes: readonly InputChange[];
  /** Why nothing may be carried out, a sentence. */
  readonly conflict?: string;
}

/** What the program wants of one object. */
export interface Wanted {
  readonly name: string;
  /** Without secrets, as labels keep them. */
  readonly inputs: Properties;
  /** Something changes that it is to be replaced with. */
  readonly cause: boolean;
}

export interface DecideOptions {
  /** Whose objects are ours. */
  readonly deployment: string;
  /** A container of ours has the volume mounted, so it was taken over before. */
  readonly inUse: boolean;
  /** Names that somebody else has are taken over. @default false */
  readonly adopt?: boolean;
  /** @default false */
  readonly deleteData?: boolean;
}

/** Decides what is to happen to an object that the program wants. @param live what has its name now */
export function decide(wanted: Wanted, live: LiveObject | undefined, options: DecideOptions): Decision {
  if (live === undefined) return { operation: "create", changes: [] };
  if (live.labels[labelNames.deployment] !== options.deployment) return decideForeign(live, options);
  const { name, inputs, cause } = wanted;
  const changes = compareInputs(live.inputs ?? {}, inputs);
  if (live.kind === "volume") {
    const keys = changes.map(({ key }) => key).join(", ");
    const conflict = `volume ${name} cannot change (${keys}), as its data would be lost; remove it with "npx sessions down --delete-data" first`;
    return { operation: "same", changes, ...(changes.length > 0 && { conflict }) };
  }
  const operation = changes.length > 0 || cause ? "replace" : stateOperation(live, inputs);
  const user = live.labels.session_id === undefined ? undefined : userChange(live, inputs);
  return { operation, changes, ...(user !== undefined && { conflict: otherUser(live, user) }) };
}

/** Decides what is to happen to an object of ours that the program no longer wants. */
export function decideGone({ labels }: LiveObject, { deleteData = false }: Pick<DecideOptions, "deleteData">): "keep" | "delete" {
  return labels[labelNames.retain] === "true" && !deleteData ? "keep" : "delete";
}

/** Who would run another's session. */
function userChange({ inputs: made }: LiveObject, wanted: Properties): InputChange | undefined {
  const [before, after] = [userIn(made ?? {}), userIn(wanted)];
  return before === after ? undefined : { key: "user", before, after };
}

/** Who runs a container, or a service's. */
const userIn = ({ user, taskSpec }: Properties) =>
  user ?? (taskSpec as { containerSpec?: { user?: unknown } } | undefined)?.containerSpec?.user;

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
  if (live.kind === "service") return live.state === "running" ? "same" : "start";
  if (live.kind !== "container" || neverStarts(inputs)) return "same";
  if (live.state === "dead" || live.state === "removing") return "replace";
  if (inputs.mustRun === false) return live.state === "exited" && live.exitCode === 0 ? "same" : "replace";
  return live.state === "running" || live.state === "restarting" ? "same" : "start";
}

/** An object with our name that is not ours: a conflict, unless it is to be taken over. */
function decideForeign(live: LiveObject, { adopt = false, inUse }: DecideOptions): Decision {
  const { kind, name, labels, options = {} } = live;
  const owner =
    labels[labelNames.deployment] !== undefined
      ? "belongs to another checkout or stack"
      : labels.created_by === undefined
        ? "was not made by agent-sessions"
        : "was made by another engine, such as the Pulumi CLI";
  if (kind !== "volume") {
    const conflict = `${kind} ${name} is already there and ${owner}; remove it, replace it with "--adopt", or rename the session`;
    return adopt ? { operation: "replace", changes: [] } : { operation: "same", changes: [], conflict };
  }
  const foreign = foreignVolume({ Labels: { ...labels }, Options: { ...options } }, {});
  if (inUse || (adopt && foreign === undefined)) return { operation: "same", changes: [] };
  const way = foreign === undefined ? 'take it over, data and all, with "--adopt"' : `remove it with "docker volume rm ${name}"`;
  return {
    operation: "same",
    changes: [],
    conflict: `volume ${name} is already there and ${foreign ?? owner}; ${way}, or rename the session`,
  };
}
