import { homedir } from "node:os";
import { fileURLToPath } from "node:url";
import type { Logs } from "../components/session-part.ts";
import { fromHome, realOf } from "../components/session-volumes/host-path.ts";
import { fromConfig, type StackSource } from "./configuration.ts";
import { deploymentSchema } from "./schema.ts";
import { type HostPath, secretPaths } from "./settings/host-paths.ts";
import { type CleanupPolicy, resolveCleanup } from "./settings/cleanup.ts";
import { ecsMistakes } from "./settings/ecs.ts";
import { answeredNames } from "./settings/ecs-names.ts";
import { egressKeyMistakes, resolveEgressKey } from "./settings/egress-key.ts";
import { type ImageSettings, resolveImage } from "./settings/image.ts";
import { type GatewaySetting, gatewaySecrets, resolveGateway } from "./settings/gateway.ts";
import { type ClusterSetting, kubernetesMistakes, resolveCluster } from "./settings/kubernetes.ts";
import { plainSecrets, type SecretSource } from "./settings/credentials.ts";
import { SettingsError } from "./settings/error.ts";
import { resolveLogs } from "./settings/logs.ts";
import type { MachineRead } from "./settings/machine-reads.ts";
import { monitoringSecrets, type MonitoringSetting, portsTakenTwice, resolveMonitoring } from "./settings/monitoring.ts";
import { type ParentSetting, resolveParent } from "./settings/parent.ts";
import type { OnPodman } from "./settings/podman.ts";
import { parsePartially, soundness } from "./settings/partial-parse.ts";
import { sentencesOf } from "./settings/sentences.ts";
import type { Session } from "./settings/session.ts";
import { resolveSessions } from "./settings/sessions.ts";
import { ecsOf, engineSocket, kubernetesOf, resolveStrategy, singleNodeOf, type StrategySetting } from "./settings/strategy.ts";
import { stackPorts } from "./settings/stack-ports.ts";
import { type StrategyName, strategySchemas } from "./settings/strategy-schema.ts";
import { resolveTransform, type TransformFile } from "./settings/transform.ts";

export { SettingsError } from "./settings/error.ts";
export { defaultAgent } from "./settings/image.ts";
export type { CleanupPolicy } from "./settings/cleanup.ts";
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
  /** From what the logins of sessions at a proxy that they share follow. @default they share none */
  readonly egressKey?: SecretSource;
  /** What of a cluster's description is looked up on this machine. @default sessions run on none */
  readonly cluster?: ClusterSetting;
  /** By way of which what the sessions are allowed leaves this machine. @default directly */
  readonly parent?: ParentSetting;
  /** How what the sessions and what serves them print is kept. @default json-file, 10 files of 50 MB */
  readonly logs?: Logs;
  /** What keeps the figures of the sessions and raises alerts. @default nothing does */
  readonly monitoring?: MonitoringSetting;
  /** The one entrance to what watches the sessions, from elsewhere. @default there is none */
  readonly gateway?: GatewaySetting;
  /** What clean-up may remove; nothing when there is none. */
  readonly cleanup: readonly CleanupPolicy[];
  /** Links resolved, as binds are. */
  readonly allowedHostPaths: readonly string[];
  readonly sessions: readonly Session[];
  /** What the platform does not enforce of what the sessions ask for or are promised, one sentence each. */
  readonly reported: readonly string[];
  /** What Podman refuses of the sessions, and what it does not enforce, one sentence each: it is known when the engine is asked. */
  readonly onPodman: OnPodman;
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
  const logs = resolveLogs(judged.logs, sound("logs"), ofStack);
  const transform = resolveTransform(strategy, root, ofStack);
  const cleanup = resolveCleanup(judged.cleanup, root, sound("cleanup"), ofStack);
  const monitoring = resolveMonitoring(singleNodeOf(strategy), root, sound("single-node"), ofStack);
  const gateway = resolveGateway(singleNodeOf(strategy), root, sound("single-node"), ofStack);
  const cluster = resolveCluster(sound("kubernetes") ? kubernetesOf(strategy) : undefined, root);
  const egressKey = resolveEgressKey(sound("ecs") ? ecsOf(strategy) : undefined, root);
  const machine = { root, environment, home, system };
  const login = parent?.login && secretPaths(parent.login.secret, machine);
  const shared = [
    ...image.hostPaths,
    ...engineSocket(strategy, environment.DOCKER_HOST),
    ...transform.hostPaths,
    ...(login ?? []),
    ...cleanup.hostPaths,
    ...(cluster?.pullSecret === undefined ? [] : secretPaths(cluster.pullSecret, machine)),
    ...(egressKey === undefined ? [] : secretPaths(egressKey, machine)),
    ...[...monitoringSecrets(monitoring), ...gatewaySecrets(gateway)].flatMap(({ secret }) => secretPaths(secret, machine)),
  ];
  const { mistakes, reads, ...described } = resolveSessions(judged, strategy, machine, sound, shared, login !== undefined);
  mistakes.push(...portsTakenTwice(stackPorts({ strategy, monitoring, gateway }), described.sessions));
  if (sound("sessions") && sound("image")) mistakes.push(...platformMistakes(strategy, image.args, described.sessions, sound));
  const all = [...issues.flatMap((issue) => sentencesOf(issue, raw)), ...plainSecrets(raw), ...ofStack, ...mistakes, ...image.mistakes];
  if (all.length > 0) throw new SettingsError([...new Set(all)]);
  return {
    strategy,
    ...(transform.file !== undefined && { transform: transform.file }),
    image: image.args,
    ...(cluster !== undefined && { cluster }),
    ...(egressKey !== undefined && { egressKey }),
    ...(parent !== undefined && { parent }),
    ...(logs !== undefined && { logs }),
    ...(monitoring !== undefined && { monitoring }),
    ...(gateway !== undefined && { gateway }),
    cleanup: cleanup.policies,
    allowedHostPaths: (judged.allowedHostPaths ?? []).map((path) => realOf(fromHome(path, root))),
    ...described,
    reported: [...described.reported, ...answeredNames(ecsOf(strategy), described.sessions)],
    reads: [...image.reads, ...reads],
  };
}

/** What does not fit together on one platform alone. */
function platformMistakes(
  strategy: Settings["strategy"],
  image: Settings["image"],
  sessions: Settings["sessions"],
  sound: ReturnType<typeof soundness>,
): string[] {
  const ecs = sound("ecs") ? ecsOf(strategy) : undefined;
  return [
    ...(sound("kubernetes") ? kubernetesMistakes(kubernetesOf(strategy), image.registry, sessions) : []),
    ...ecsMistakes(ecs, image, sessions),
    ...egressKeyMistakes(ecs, sessions),
  ];
}

const parsed = new WeakMap<StackSource, Settings>();

/** What a stack of a checkout says, read once: what was planned is what is applied. @throws SettingsError with all mistakes at once */
export function settingsOf(source: StackSource): Settings {
  const settings = parsed.get(source) ?? parse(fromConfig(source.config), { root: source.root });
  parsed.set(source, settings);
  return settings;
}
