import { type Asker, controlsOf, platformControls, refusals, reports } from "../controls.ts";
import type { Machine } from "../egress-sets/machine.ts";
import type { Deployment } from "../schema.ts";
import { resolveAgent, retriesOf } from "./agent.ts";
import { resolveCredentials } from "./credentials.ts";
import { resolveServices } from "./dev-services.ts";
import { EgressSets } from "./egress-sets.ts";
import { pathJudge, resolveBinds, resolveWorkspace, targetMistakes } from "./folders.ts";
import { furtherPaths, type HostPath, overlapping } from "./host-paths.ts";
import { defaultAgent } from "./image.ts";
import type { Judgement } from "./judgement.ts";
import { type Layered, layer, placeName } from "./layers.ts";
import { resolveLimits, usualReservations } from "./limits.ts";
import type { MachineRead } from "./machine-reads.ts";
import { metNames } from "./names.ts";
import { PublishedPorts, resolveNetwork } from "./network.ts";
import { notOnPodman, type OnPodman } from "./podman.ts";
import { resolveRepositories, SharedClones } from "./repositories.ts";
import { resolveSecurity } from "./security.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";
import { kubernetesOf, localOf, singleNodeOf, type StrategySetting } from "./strategy.ts";
import { hostFolders, OwnUids, resolveUid } from "./uid.ts";

/**
 * @param shared paths of this machine that something for all sessions is read from
 * @param signsInAtParent whether what goes out by way of a parent proxy has a login there
 */
export function resolveSessions(
  deployment: Deployment,
  strategy: StrategySetting,
  machine: Machine,
  sound: Judgement["sound"],
  shared: readonly HostPath[],
  signsInAtParent = false,
): {
  sessions: Session[];
  hostPaths: readonly HostPath[];
  reads: readonly MachineRead[];
  reported: readonly string[];
  onPodman: OnPodman;
  mistakes: string[];
} {
  const mistakes: string[] = [];
  const hostPaths = [...shared];
  const sets = new EgressSets(deployment.egressSets, machine, sound("egressSets"), mistakes, deployment.resolved?.egressSets);
  const seen = new Map<string, number>();
  const published = new PublishedPorts();
  const uids = new OwnUids();
  const clones = new SharedClones();
  const asking: Asker[] = [];
  const refusedByPodman: string[] = [];
  const sessions = deployment.sessions.map((entry, index) => {
    const first = seen.get(entry.id);
    if (first !== undefined) mistakes.push(`sessions[${index}].id: "${entry.id}" is taken by sessions[${first}]; choose another.`);
    seen.set(entry.id, first ?? index);
    const layered = layer(deployment, entry, index, mistakes, sound("securityPolicies"));
    asking.push({ id: entry.id, setting: layered.setting });
    const session = resolveSession(layered, { deployment, strategy, machine, sets, hostPaths, sound, mistakes });
    refusedByPodman.push(...notOnPodman(layered, session.network));
    const taken = sound("sessions", index, "id") ? uids.take(layered, session) : undefined;
    if (taken !== undefined) mistakes.push(taken);
    mistakes.push(...clones.take(session, index));
    for (const port of session.network.ports) {
      const other = published.take(port, session.id);
      if (other !== undefined)
        mistakes.push(
          `sessions[${index}].network.ports: ${port.address}:${port.host}/${port.protocol} is taken by session "${other}"; choose another host port.`,
        );
    }
    return session;
  });
  mistakes.push(...overlapping(hostPaths), ...metNames(sessions, signsInAtParent));
  const reported = reports(controlsOf[strategy.name], asking);
  const onPodman = { refused: refusedByPodman, reported: reports(platformControls.podman, asking) };
  return { sessions, hostPaths, reads: sets.reads, reported, onPodman, mistakes };
}

function resolveSession(layered: Layered, judgement: Judgement): Session {
  const { setting, place, where } = layered;
  const { deployment, strategy, machine, hostPaths, mistakes } = judgement;
  const { root } = machine;
  mistakes.push(...refusals(controlsOf[strategy.name], setting).map(({ path, value, rest }) => sentence(where(...path), value, rest)));
  const judge = pathJudge(layered, judgement);
  const sound = (key: string) =>
    [
      [...place, key],
      ["defaults", key],
      ["securityPolicies", "*", key],
    ].every((path) => judgement.sound(...path));

  const repositories = resolveRepositories(layered, judgement, judge);
  const binds = resolveBinds(layered, judgement, judge);
  mistakes.push(...targetMistakes(placeName(layered), repositories, binds));
  const agent = resolveAgent(layered, root, usesClaude(deployment), mistakes);
  const retries = retriesOf(setting, agent);
  const credentials = resolveCredentials(layered, root, sound("credentials"), mistakes);
  hostPaths.push(...furtherPaths(layered, machine, { debug: localOf(strategy)?.debug === true, credentials, repositories }));
  const workspace = resolveWorkspace(layered, strategy, judge);
  const limits = resolveLimits(layered, sound("limits") && sound("reservations"), mistakes);
  // The host's files are for the shared uid.
  const hardened =
    singleNodeOf(strategy)?.securityHardening === true && hostFolders({ repositories, workspace, credentials, binds }).length === 0;
  return {
    id: setting.id,
    agentId: setting.agentId ?? setting.id,
    ...resolveUid(layered, hardened ? "own" : "shared"),
    repositories,
    workspace,
    limits,
    reservations: { ...(sharesMachines(strategy) && usualReservations(limits)), ...setting.reservations },
    environment: setting.environment ?? {},
    credentials,
    network: resolveNetwork(
      layered,
      localOf(strategy)?.hostNetwork === true,
      judgement.sets,
      { network: sound("network") && judgement.sound("local"), credentials: sound("credentials") },
      mistakes,
    ),
    services: resolveServices(layered, judgement),
    healthCheck: setting.healthCheck ?? {},
    security: resolveSecurity(layered, root, mistakes),
    binds,
    agent,
    ...(setting.agentCommand !== undefined && { agentCommand: setting.agentCommand }),
    ...(retries !== undefined && { retries }),
    ...(setting.pool !== undefined && { pool: setting.pool }),
    ...(setting.idleTimeout !== undefined && { idleTimeout: setting.idleTimeout }),
    ...(setting.maxLifetime !== undefined && { maxLifetime: setting.maxLifetime }),
  };
}

/** Whether sessions that do not say otherwise are promised a part of their limits, so that many fit on what they run on. */
const sharesMachines = (strategy: StrategySetting): boolean =>
  singleNodeOf(strategy)?.resourceIsolation === true || kubernetesOf(strategy) !== undefined;

/** Whether the image has Claude Code, as far as the settings say. */
function usesClaude({ image }: Deployment): boolean {
  const agent = image?.agent;
  return agent === undefined || (agent !== "none" && (agent.package ?? defaultAgent.package) === defaultAgent.package);
}
