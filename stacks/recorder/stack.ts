import type { StackSource } from "../configuration.ts";
import { deploy } from "../deploy.ts";
import type { Secrets } from "../secrets.ts";
import { settingsOf, type Settings } from "../settings.ts";
import { type ProgramRun, runProgram } from "./program.ts";

/** What a stack asks for, and what was read of its file. */
export interface RecordedStack extends ProgramRun {
  readonly settings: Settings;
}

/**
 * Records what a stack asks for, as a preview of one that is new: no engine, provider or state is asked, and what only they know is
 * unknown.
 *
 * @throws SettingsError when the configuration is faulty, or a secret cannot be read
 */
export async function recordStack(source: StackSource, secrets: Secrets): Promise<RecordedStack> {
  const { project, stack } = source;
  const settings = settingsOf(source);
  const run = await runProgram({
    project,
    stack,
    preview: true,
    program: () => deploy(settings, { project, stack }, secrets),
    resolve: async ({ inputs }) => ({ outputs: inputs }),
  });
  return { settings, ...run };
}
