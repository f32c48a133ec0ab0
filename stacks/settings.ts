import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import { fromHome, realOf } from "../components/session-volumes/host-path.ts";
import { deploymentSchema } from "./schema.ts";
import { type HostPath, secretPaths } from "./settings/host-paths.ts";
import { type ImageSettings, resolveImage } from "./settings/image.ts";
import { plainSecrets } from "./settings/credentials.ts";
import { SettingsError } from "./settings/error.ts";
import type { MachineRead } from "./settings/machine-reads.ts";
import { type ParentSetting, resolveParent } from "./settings/parent.ts";
import { parsePartially, soundness } from "./settings/partial-parse.ts";
import { sentencesOf } from "./settings/sentences.ts";
import type { Session } from "./settings/session.ts";
import { resolveSessions } from "./settings/sessions.ts";
import { engineSocket, resolveStrategy, type StrategySetting } from "./settings/strategy.ts";
import { type StrategyName, strategySchemas } from "./settings/strategy-schema.ts";
import { resolveTransform, type TransformFile } from "./settings/transform.ts";

export { SettingsError } from "./settings/error.ts";
export { defaultAgent } from "./settings/image.ts";
export type { CredentialsSetting, SecretSource } from "./settings/credentials.ts";
export type { RepositorySetting } from "./settings/repository.ts";
export type { Session } from "./settings/session.ts";
export type { StrategyName } from "./settings/strategy-schema.ts";

/** A whole deployment, checked; of one strategy, where only that will do. */
export interface Settings<Strategy extends StrategyName = StrategyName> {
  readonly strategy: StrategySetting<Strategy>;
  /** What may change each resource that the strategy asks for. @default nothing */
  readonly transform?: TransformFile;
  readonly image: ImageSettings;
  /** By way of which what the sessions are allowed leaves this machine. @default directly */
  readonly parent?: ParentSetting;
  /** Links resolved, as binds are. */
  readonly allowedHostPaths: readonly string[];
  readonly sessions: readonly Session[];
  /** What the platform does not enforce of what the sessions ask for or are promised, one sentence each. */
  readonly reported: readonly string[];
  /** Every path of this machine that a session sees, or that something is read from. */
  readonly hostPaths: readonly HostPath[];
  /** What was read from this machine, and another may have otherwise. */
  readonly reads: readonly MachineRead[];
}

/** What the settings are read against. */
export interface ParseOptions {
  /** Paths in the settings start here. @default the project's root */
  readonly root?: string;
  /** Where `NODE_EXTRA_CA_CERTS` and the variables of package managers are looked up. @default the process's own */
  readonly environment?: NodeJS.ProcessEnv;
  /** The user's folder, in which package managers keep their configuration. @default the user's own */
  readonly home?: string;
  /** The folder that holds `etc`, where they keep the system's. @default / */
  readonly system?: string;
}

const projectRoot = fileURLToPath(new URL("..", import.meta.url));

/**
 * Reads the description of a deployment: form, then what belongs together, then the paths on this machine.
 *
 * @param raw the keys of the stack file without their prefix
 * @throws SettingsError with all mistakes at once
 */
export function parse(raw: Readonly<Record<string, unknown>>, options: ParseOptions = {}): Settings {
  const { root = projectRoot, environment = process.env, home = homedir(), system = "/" } = options;
  const form = deploymentSchema.safeParse(raw);
  const issues = form.success ? [] : form.error.issues;
  // What has its form is judged further even when other things have not, so that all mistakes come at once.
  const judged = form.success ? form.data : parsePartially(raw);
  const image = resolveImage(judged.image, root, environment, judged.resolved);
  const sound = soundness(issues);
  const ofStack: string[] = [];
  const strategy = resolveStrategy(strategySchemas, judged, sound("strategy"), ofStack);
  const parent = resolveParent(judged.egress?.parent, root, sound("egress"), ofStack);
  const transform = resolveTransform(strategy, root, ofStack);
  const machine = { root, environment, home, system };
  const login = parent?.login && secretPaths(parent.login.secret, machine);
  const shared = [...image.hostPaths, ...engineSocket(strategy, environment.DOCKER_HOST), ...transform.hostPaths, ...(login ?? [])];
  const { sessions, hostPaths, reads, reported, mistakes } = resolveSessions(judged, strategy, machine, sound, shared, login !== undefined);
  const all = [...issues.flatMap((issue) => sentencesOf(issue, raw)), ...plainSecrets(raw), ...ofStack, ...mistakes, ...image.mistakes];
  if (all.length > 0) throw new SettingsError([...new Set(all)]);
  return {
    strategy,
    ...(transform.file !== undefined && { transform: transform.file }),
    image: image.args,
    ...(parent !== undefined && { parent }),
    allowedHostPaths: (judged.allowedHostPaths ?? []).map((path) => realOf(fromHome(path, root))),
    hostPaths,
    reads: [...image.reads, ...reads],
    sessions,
    reported,
  };
}
