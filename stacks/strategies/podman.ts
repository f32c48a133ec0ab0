import * as pulumi from "@pulumi/pulumi";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import { type Settings, SettingsError } from "../settings.ts";

/**
 * Refuses what cannot be on Podman, once it is Podman that answers. A preview says what nothing enforces there.
 *
 * @throws SettingsError when anything of the settings cannot be
 */
export function heedPodman({ strategy, onPodman }: Pick<Settings, "strategy" | "onPodman">, { address }: FoundEngine): void {
  const wholly =
    strategy.name === "local"
      ? []
      : [`strategy: "${strategy.name}" needs Docker Engine, and Podman answers at ${address}; install Docker Engine, or take local.`];
  const refused = [...wholly, ...onPodman.refused.map((sentence) => sentence.replace(/\.$/, ` (${address} is Podman).`))];
  if (refused.length > 0) throw new SettingsError(refused);
  if (pulumi.runtime.isDryRun()) for (const line of onPodman.reported) void pulumi.log.warn(line);
}
