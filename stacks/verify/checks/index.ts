import { controlsOf, isPromised, type PlatformControls, platformControls } from "../../controls.ts";
import type { SessionRuntime } from "../../runtime/runtime.ts";
import type { Settings } from "../../settings.ts";
import type { Check } from "../check.ts";
import { clusterChecks } from "./cluster.ts";
import { datagrams } from "./datagrams.ts";
import { disk } from "./disk.ts";
import { files } from "./files.ts";
import { limits } from "./limits.ts";
import { mounts } from "./mounts.ts";
import { network } from "./network.ts";
import { parentProxy } from "./parent.ts";
import { ports } from "./ports.ts";
import { privileges } from "./privileges.ts";
import { egressProxy } from "./proxy.ts";
import { secrets } from "./secrets.ts";
import { systemCalls } from "./system-calls.ts";

/** All that is tried, in the order of the report. */
export const checks: readonly Check[] = [
  ...files,
  ...mounts,
  ...privileges,
  ...systemCalls,
  ...limits,
  ...disk,
  ...network,
  ...clusterChecks,
  ...datagrams,
  ...ports,
  ...egressProxy,
  ...parentProxy,
  ...secrets,
];

/** What the sessions of a stack run on, and how every control stands there. */
export async function platformOf(
  runtime: Pick<SessionRuntime, "isPodman">,
  { strategy }: Pick<Settings, "strategy">,
): Promise<PlatformControls> {
  return (await runtime.isPodman?.()) === true ? platformControls.podman : controlsOf[strategy.name];
}

/** What is tried on a platform: what it, or something else there, enforces. Nothing else is promised. */
export function checksOn(platform: PlatformControls): readonly Check[] {
  return checks.filter(({ control }) => isPromised(platform, control));
}
