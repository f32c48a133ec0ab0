import type { DevServiceName } from "../../components/dev-services/args.ts";
import { DevService } from "../../components/dev-services/docker.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import type { MadePart } from "../../components/session-part.ts";
import { devServicesOf } from "../settings/dev-services.ts";
import type { Settings } from "../settings.ts";
import { buildOf, type DeployOptions } from "./sessions.ts";

/** The servers of a stack for its sessions, where its settings want any. */
export function deployDevServices(
  settings: Settings,
  options: Pick<DeployOptions, "stack" | "base" | "secrets" | "opts">,
): { readonly parts: ReadonlyMap<DevServiceName, MadePart>; readonly authority: readonly string[] } {
  const wanted = devServicesOf(settings.strategy);
  if (wanted.length === 0) return { parts: new Map(), authority: [] };
  const { stack, opts } = options;
  const image = new HardenedImage("dev-services", { source: "dev-services", ...buildOf(settings, options) }, opts).reference;
  const common = { project: stack.project, stack: stack.stack, image, logs: settings.logs };
  const made = wanted.map(({ name, port }) => [name, new DevService(name, { ...common, service: name, port }, opts)] as const);
  return { parts: new Map(made.map(([name, { part }]) => [name, part])), authority: made.flatMap(([, { authority }]) => authority) };
}
