import { connectEngine, type EngineClient } from "../../../components/container-engine/connect.ts";
import { findEngine } from "../../../components/container-engine/find.ts";
import { fromConfig, type StackSource } from "../../configuration.ts";
import { parse } from "../../settings.ts";
import { ensureBaseImage } from "./base-image.ts";
import type { Report } from "./command.ts";
import type { Install } from "./consent.ts";
import { ensureEngine } from "./engine.ts";

/** The options of a command that may change this machine. */
interface Consent {
  /** False after `--no-install`. */
  readonly install: boolean;
  /** True after `--yes`. */
  readonly yes?: boolean;
}

/**
 * Makes this machine able to run a stack: a container engine that answers, and a base image to build upon.
 *
 * @returns a client for the engine
 * @throws SettingsError when the stack is faulty, before anything is installed; SetupError with the steps for a person
 */
export async function prepareMachine(source: StackSource, options: Consent, report: Report): Promise<EngineClient> {
  const install: Install = options.install ? (options.yes ? "yes" : "ask") : "no";
  const settings = parse(fromConfig(source.config), { root: source.root });
  const address = { address: settings.strategy.engine };
  const probe = async () => {
    try {
      await connectEngine(await findEngine(address)).ping();
      return true;
    } catch {
      return false;
    }
  };
  await ensureEngine({ engine: await findEngine(address), probe, install, report });
  const docker = connectEngine(await findEngine(address));
  if (settings.image.base === undefined) await ensureBaseImage({ docker, install, report });
  return docker;
}
