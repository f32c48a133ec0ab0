import type { Secrets } from "../secrets.ts";
import type { Settings } from "../settings.ts";
import type { Deployed, Place } from "./strategy.ts";

/** Strategies by name; each is loaded only when it is used, so that a local preview loads no cloud's library. */
export const strategies: Readonly<
  Record<Settings["strategy"], () => Promise<{ deploy(settings: Settings, place: Place, secrets: Secrets): Promise<Deployed> }>>
> = {
  local: () => import("./local.ts"),
};
