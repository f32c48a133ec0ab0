import { cloneName } from "../components/session.ts";
import { entrance } from "../components/gateway/args.ts";
import { fargateExceptions } from "../components/fargate/exceptions.ts";
import { policyExceptions } from "../components/supervisor/exceptions.ts";
import { enforcementIn } from "../policy/configuration.ts";
import type { Level, PolicyConfig } from "../policy/evaluate.ts";
import { enforcementAt } from "../policy/reference.ts";
import type { Session, Settings } from "./settings.ts";
import { ecsOf, kubernetesOf, localOf, singleNodeOf } from "./settings/strategy.ts";

/**
 * What the settings ask the policy rules to let pass, in the form of a `--policy-pack-config` file.
 *
 * @param file such a file, which goes first; the exceptions of both hold
 */
export function policyConfig({ strategy, sessions, parent, gateway }: Settings, file: PolicyConfig = {}): PolicyConfig {
  const exceptions = sessions.flatMap(({ id, credentials }) =>
    credentials.kind === "environment" ? [{ resource: `${id}-container`, ...credentials.exception }] : [],
  );
  const builds =
    (parent?.exception &&
      ["session-image", "egress-proxy-image", "supervisor-image", "gateway-image", "dev-services-image"].map((resource) => ({
        resource,
        ...parent.exception,
      }))) ??
    [];
  const allowedHostPaths = [...new Set(sessions.flatMap(hostPathsOf))].sort();
  const excepted: Readonly<Record<string, readonly unknown[]>> = {
    ...(singleNodeOf(strategy) && policyExceptions),
    ...(ecsOf(strategy) && fargateExceptions),
  };
  const own: Readonly<Record<string, Entry>> = {
    ...Object.fromEntries(Object.entries(excepted).map(([policy, exceptions]) => [policy, { exceptions }])),
    // The one entrance that everybody may reach, by the name that nothing of a session's has.
    ...(gateway !== undefined && Object.fromEntries(["CTR-028", "CTR-029"].map((policy) => [policy, { publicContainers: [entrance] }]))),
    // Sharing the host's network is refused unless the strategy's own option asks for it; then it is advice.
    ...(localOf(strategy)?.hostNetwork && { "CTR-008": { allowHostNetwork: true } }),
    // What a proxy lets out its own list says, by names.
    ...(kubernetesOf(strategy) && { "K8S-013": { proxies: [...new Set(sessions.flatMap(proxyPolicies))].sort() } }),
    // What the settings name was judged when they were read; nothing else may be mounted.
    ...(allowedHostPaths.length > 0 &&
      Object.fromEntries(
        ["CTR-013", "CTR-013-low"].map((policy) => [
          policy,
          { allowedHostPaths, ...(excepted[policy] && { exceptions: excepted[policy] }) },
        ]),
      )),
    ...(builds.length > 0 && { "IMG-001": { exceptions: builds } }),
    // A value in the form of a known key is a graver finding, and that is a policy of its own.
    ...(exceptions.length > 0 && { "CTR-026": { exceptions }, "CTR-026-critical": { exceptions } }),
  };
  const both = Object.keys(file).filter((name) => own[name] !== undefined);
  return { ...own, ...file, ...Object.fromEntries(both.map((name) => [name, merged(own[name] ?? {}, entryOf(file[name]))])) };
}

/**
 * The whole of a stack's `--policy-pack-config` file: what its level enforces, and what its settings ask to let pass. A pack that is
 * given nothing enforces what the level local does.
 *
 * @param file such a file, which goes first
 */
export function packConfig(settings: Settings, level: Level, file: PolicyConfig = {}): PolicyConfig {
  const config = policyConfig(settings, file);
  // It speaks for every policy that the file does not name.
  if (enforcementIn(config.all) !== undefined) return config;
  const enforced = Object.entries(enforcementAt(level)).map(([name, enforcementLevel]): [string, unknown] => {
    const entry = config[name] ?? enforcementLevel;
    return [name, typeof entry === "string" ? entry : { enforcementLevel, ...entryOf(entry) }];
  });
  return { ...config, ...Object.fromEntries(enforced) };
}

type Entry = Readonly<Record<string, unknown>>;

/** An entry that is a text says the enforcement alone. */
const entryOf = (entry: unknown): Entry => (typeof entry === "object" && entry !== null ? (entry as Entry) : { enforcementLevel: entry });

function merged(own: Entry, given: Entry): Entry {
  const lists = [own.exceptions, given.exceptions].filter(Array.isArray);
  return { ...own, ...given, ...(lists.length === 2 && { exceptions: lists.flat() }) };
}

/** The resources by which what serves a session reaches what it is for; see egress and credential proxies and clones on Kubernetes. */
function proxyPolicies({ id, network, credentials, repositories }: Session): string[] {
  return [
    ...(typeof network.egress === "object" ? [`${id}-proxy-policy`] : []),
    ...(credentials.kind === "proxy" ? [`${id}-credential-proxy-policy`] : []),
    ...repositories.flatMap((one) => (one.kind === "url" ? [`${cloneName(one)}-policy`] : [])),
  ];
}

/** Every folder of this machine that a session's settings name. */
function hostPathsOf({ repositories, binds, workspace, credentials }: Session): readonly string[] {
  return [
    ...repositories.flatMap((repository) => (repository.kind === "path" ? repository.path : (repository.hostPath ?? []))),
    ...binds.map(({ source }) => source),
    ...(workspace.kind === "host" ? [workspace.path] : []),
    ...(credentials.kind === "hostMount" ? [credentials.path] : []),
  ];
}
