import { connectEngine, type EngineClient, greet } from "../../../../components/container-engine/connect.ts";
import { findEngine } from "../../../../components/container-engine/find.ts";
import { whyUnreached } from "../../../../components/container-engine/unreached.ts";
import { engineIn } from "../../../settings/strategy.ts";
import type { Settings } from "../../../settings.ts";
import type { Consent } from "../../platform.ts";
import { ensureBaseImage } from "./base-image.ts";
import type { Report } from "./command.ts";
import type { Install } from "./consent.ts";
import { ensureEngine } from "./engine.ts";

/**
 * Makes this machine able to run a stack: a container engine that answers, and a base image to build upon.
 *
 * @returns a client for the engine
 * @throws SetupError with the steps for a person
 */
export async function prepareMachine(settings: Settings, options: Consent, report: Report): Promise<EngineClient> {
  const install: Install = options.install ? (options.yes ? "yes" : "ask") : "no";
  // Looked for anew once it was started.
  const find = () => findEngine({ address: engineIn(settings.strategy) });
  const engine = await find();
  let fault: unknown;
  const probe = async () => {
    fault = await greet(connectEngine(await find())).catch((error: unknown) => error);
    return fault === undefined;
  };
  await ensureEngine({ engine, probe, why: () => whyUnreached(engine, fault), install, report });
  const docker = connectEngine(await find());
  if (settings.image.base === undefined) await ensureBaseImage({ docker, install, report });
  return docker;
}
