import * as pulumi from "@pulumi/pulumi";
import { fromConfig } from "./configuration.ts";
import type { Secrets } from "./secrets.ts";
import { machineReadsText } from "./settings/machine-reads.ts";
import { parse, type Settings } from "./settings.ts";
import { strategies } from "./strategies/index.ts";
import type { Deployed, StackIdentity } from "./strategies/strategy.ts";

/**
 * Deploys what a stack's configuration describes. A preview says what the platform does not enforce of it.
 *
 * @param config all configuration keys as Pulumi keeps them: texts, of which structured ones are JSON
 * @param say told of what was read from this machine, and of each resource that a transform changed
 * @throws SettingsError when the configuration is faulty or a secret cannot be read, before anything is registered
 */
export async function deployFromConfig(
  config: Readonly<Record<string, string>>,
  stack: StackIdentity,
  secrets: Secrets,
  say: (line: string) => void,
): Promise<Deployed> {
  const settings = parse(fromConfig(config));
  if (pulumi.runtime.isDryRun()) for (const line of settings.reported) void pulumi.log.warn(line);
  const read = machineReadsText(settings.reads, stack.stack);
  if (read !== undefined) say(read);
  return deploy(settings, stack, secrets, say);
}

/**
 * Deploys what settings describe.
 *
 * @param say told of each resource that a transform changed
 * @throws SettingsError when a secret or a transform cannot be read, or a folder is another deployment's too, before anything is
 *   registered
 */
export async function deploy(
  settings: Settings,
  stack: StackIdentity,
  secrets: Secrets,
  say: (line: string) => void = () => {},
): Promise<Deployed> {
  await secrets.read(settings);
  const strategy = await strategies[settings.strategy.name].load();
  const { transform } = settings;
  if (transform === undefined) return strategy.deploy(settings, stack, secrets);
  const { registerTransform } = await import("./transform/register.ts");
  await registerTransform(transform, say);
  const { authority, ...deployed } = await strategy.deploy(settings, stack, secrets);
  return { ...deployed, authority: [...authority, `every resource: what the transform ${transform.name} makes of it`].sort() };
}
