import * as pulumi from "@pulumi/pulumi";
import { fromConfig } from "./configuration.ts";
import type { Secrets } from "./secrets.ts";
import { parse, type Settings } from "./settings.ts";
import { strategies } from "./strategies/index.ts";
import type { Deployed, StackIdentity } from "./strategies/strategy.ts";

/**
 * Deploys what a stack's configuration describes. A preview says what the platform does not enforce of it.
 *
 * @param config all configuration keys as Pulumi keeps them: texts, of which structured ones are JSON
 * @throws SettingsError when the configuration is faulty or a secret cannot be read, before anything is registered
 */
export async function deployFromConfig(
  config: Readonly<Record<string, string>>,
  stack: StackIdentity,
  secrets: Secrets,
): Promise<Deployed> {
  const settings = parse(fromConfig(config));
  if (pulumi.runtime.isDryRun()) for (const line of settings.reported) void pulumi.log.warn(line);
  return deploy(settings, stack, secrets);
}

/**
 * Deploys what settings describe.
 *
 * @throws SettingsError when a secret cannot be read, or a folder is another deployment's too, before anything is registered
 */
export async function deploy(settings: Settings, stack: StackIdentity, secrets: Secrets): Promise<Deployed> {
  await secrets.read(settings);
  const strategy = await strategies[settings.strategy.name].load();
  return strategy.deploy(settings, stack, secrets);
}
