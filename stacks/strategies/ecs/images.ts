import * as pulumi from "@pulumi/pulumi";
import type { Fargate } from "../../../components/fargate/provider.ts";
import { awaitScan } from "../../../components/hardened-image/ecs/scan.ts";
import { SettingsError } from "../../settings.ts";

/**
 * Holds images that are there already to their scans, before anything is made; one that is built is held to its own when it is pushed. A
 * preview starts nothing, and asks for none.
 *
 * @throws SettingsError when a scan is required, and one of them is not there or finds too much
 */
export async function refuseUnscanned(place: Pick<Fargate, "region" | "profile" | "scan" | "images">): Promise<void> {
  if (!place.scan.required || pulumi.runtime.isDryRun()) return;
  const images = new Set(Object.values(place.images ?? {}).filter((image) => image !== undefined));
  const judged = await Promise.allSettled([...images].map((image) => awaitScan(image, place)));
  const stopped = judged.flatMap((one) => (one.status === "rejected" ? [`ecs.images: ${(one.reason as Error).message}.`] : []));
  if (stopped.length > 0) throw new SettingsError(stopped);
}
