import * as pulumi from "@pulumi/pulumi";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import type { FoundEngine } from "../../components/container-engine/find.ts";
import { type EngineMachine, hasSystemd, isOwn } from "../../components/container-engine/here.ts";
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

/** Says at a preview where nothing runs the checks by which an agent that hangs is ended. */
export async function warnOfHealth(docker: EngineClient): Promise<void> {
  if (!pulumi.runtime.isDryRun() || hasSystemd()) return;
  const machine = await (docker.info() as Promise<EngineMachine>).catch(() => undefined);
  if (machine === undefined || !isOwn(machine)) return;
  void pulumi.log.warn(
    "Not enforced on Podman, for every session: an end to what hangs: systemd runs its checks, and there is none on this machine.",
  );
}
