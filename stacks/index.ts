import * as pulumi from "@pulumi/pulumi";
import { deployFromConfig } from "./deploy.ts";
import { ensureDemo } from "./demo.ts";
import { identify } from "./identity.ts";
import { type EncryptedConfig, onlyVariable, Secrets } from "./secrets.ts";
import { SettingsError } from "./settings.ts";

/** The SDK does not declare it. */
const { isConfigSecret } = pulumi.runtime as unknown as { isConfigSecret(key: string): boolean };

const config = pulumi.runtime.allConfig();
const [project, stack] = [pulumi.getProject(), pulumi.getStack()];
const encrypted: EncryptedConfig = (name) => {
  const key = `secrets:${name}`;
  const value = config[key];
  const write = `set it with "pulumi config set --secret ${key}"`;
  if (value === undefined) throw new Error(`is not in the stack's configuration; ${write}`);
  if (!isConfigSecret(key))
    throw new Error(`is plain in the stack file; remove it, count it as known to all who could read it, and ${write}`);
  return value;
};

const say = (line: string) => void pulumi.log.info(line);

const only = process.env[onlyVariable]?.split(",");
if (only !== undefined)
  say(`The secrets of ${only.join(", ")} alone are read, as ${onlyVariable} says: the command targets nothing of the others.`);

ensureDemo(config, process.cwd());

/** The Pulumi program: the stack's configuration becomes its resources, and these its outputs. */
export const { sessions, authority, cost } = await deployFromConfig(
  config,
  identify(project, stack, process.cwd()),
  new Secrets(encrypted, { announce: say, ...(only !== undefined && { only }) }),
  say,
).catch((error: unknown) => {
  // The CLI prints a RunError as it stands: what is wrong is the stack file, not the program.
  throw error instanceof SettingsError ? new pulumi.RunError(error.message) : error;
});
