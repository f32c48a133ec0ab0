import { networkModeOf } from "../../components/isolated-network/args.ts";
import { platformControls, refusals } from "../controls.ts";
import { leaky } from "../controls/podman.ts";
import type { Layered } from "./layers.ts";
import type { NetworkSettings } from "./network.ts";
import { sentence } from "./sentences.ts";

/** What is to be said of sessions should the engine turn out to be Podman, a sentence each. */
export interface OnPodman {
  readonly refused: readonly string[];
  /** What nothing enforces there. */
  readonly reported: readonly string[];
}

/** What of a session Podman cannot give, a sentence each. */
export function notOnPodman({ setting, where }: Layered, network: NetworkSettings): string[] {
  const refused = refusals(platformControls.podman, setting).map(({ path, value, rest }) => sentence(where(...path), value, rest));
  const sealed = networkModeOf(network).kind === "bridge" && network.egress === "none";
  return sealed ? [...refused, sentence(where("network", "mode"), "bridge", `${leaky.why}; remove it`)] : refused;
}
