import { isPromised, type PlatformControls } from "../../controls.ts";
import type { Check } from "../check.ts";
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
  ...datagrams,
  ...ports,
  ...egressProxy,
  ...parentProxy,
  ...secrets,
];

/** What is tried on a platform: what it, or something else there, enforces. Nothing else is promised. */
export function checksOn(platform: PlatformControls): readonly Check[] {
  return checks.filter(({ control }) => isPromised(platform, control));
}
