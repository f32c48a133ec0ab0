import type Docker from "dockerode";
import { decimalCores } from "../../components/container-engine/hardened.ts";
import { processLimitLabel } from "../../components/container-engine/hooks.ts";
import type { Properties } from "../recorder/program.ts";
import { labelsOf, neverStarts } from "./docker/inputs.ts";

const MiB = 1024 ** 2;

/** What of a container can be changed while it is there: by `docker update`, `docker network connect` and `disconnect`. */
type Changeable = Pick<Docker.ContainerInspectInfo, "HostConfig" | "NetworkSettings" | "Config">;

/**
 * The inputs that a container would have been made from to be as it is now: its labels tell what it was made from, which nobody
 * can change, and not what somebody has done to it by hand since. A plan compares these with what is wanted.
 */
export function inputsNow(inputs: Properties, now: Changeable): Properties {
  if (neverStarts(inputs) || inputs.mustRun === false) return inputs;
  const { Memory, MemorySwap, NanoCpus, RestartPolicy } = now.HostConfig;
  return {
    ...inputs,
    ...amount(inputs, "memory", Math.round((Memory ?? 0) / MiB)),
    ...amount(inputs, "memorySwap", Math.round((MemorySwap ?? 0) / MiB)),
    ...amount(inputs, "cpus", NanoCpus ? decimalCores(NanoCpus / 1e9) : 0),
    ...(inputs.restart !== undefined && RestartPolicy?.Name && { restart: RestartPolicy.Name }),
    ...processes(inputs, now.HostConfig.PidsLimit),
    ...networks(inputs, now),
  };
}

/** No update takes a limit away but that of processes, so none at all is that of an engine which cannot give it. */
function amount(inputs: Properties, key: string, now: number | string): Properties {
  const counts = typeof now === "string" || now > 0;
  return inputs[key] !== undefined && counts ? { [key]: now } : {};
}

/** The provider has no word for it, and it stands in a label. */
function processes(inputs: Properties, now: number | null | undefined): Properties {
  const wanted = labelsOf(inputs)[processLimitLabel];
  if (wanted === undefined || wanted === String(now ?? 0)) return {};
  const labels = inputs.labels as readonly { label: string; value: string }[];
  return { labels: labels.map((entry) => (entry.label === processLimitLabel ? { ...entry, value: String(now ?? 0) } : entry)) };
}

/** Of sessions alone: a proxy refuses private addresses, whatever networks it is connected to. */
function networks(inputs: Properties, { Config, NetworkSettings }: Changeable): Properties {
  const wanted = inputs.networksAdvanced as readonly { name: string }[] | undefined;
  if (wanted === undefined || Config.Labels.session_id === undefined || Config.Labels.kind !== undefined) return {};
  const now = Object.keys(NetworkSettings.Networks).sort();
  const names = wanted.map(({ name }) => name).sort();
  if (names.join() === now.join()) return {};
  return { networksAdvanced: now.map((name) => wanted.find((entry) => entry.name === name) ?? { name }) };
}
