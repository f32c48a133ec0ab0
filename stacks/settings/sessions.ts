import { readFileSync } from "node:fs";
import type { Limits, Security } from "../../components/session-container/args.ts";
import { duplicateTargets, targetRefusal, targetsInWritable, type Workspace } from "../../components/session-volumes/args.ts";
import { checkHostPath, fromHome, type HostPathRules } from "../../components/session-volumes/host-path.ts";
import { baseline } from "../../policy/baseline.ts";
import { type Asker, controlsOf, refusals, reports } from "../controls.ts";
import type { Deployment, SessionSetting } from "../schema.ts";
import { formatSize } from "../units.ts";
import { resolveAgent, retriesOf } from "./agent.ts";
import { resolveCredentials, sourceOf } from "./credentials.ts";
import type { Machine } from "../egress-sets/machine.ts";
import { EgressSets } from "./egress-sets.ts";
import { furtherPaths, type HostPath, hostPath, overlapping } from "./host-paths.ts";
import { defaultAgent } from "./image.ts";
import { keyName } from "./keys.ts";
import { type Layered, layer, placeName } from "./layers.ts";
import { metNames } from "./names.ts";
import { PublishedPorts, resolveNetwork } from "./network.ts";
import type { RepositoryCredential, RepositorySetting } from "./repository.ts";
import { sentence, shown } from "./sentences.ts";
import type { Bind, Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";
import { OwnUids, resolveUid } from "./uid.ts";

/** What a session is judged with. */
interface Judgement {
  readonly deployment: Deployment;
  readonly strategy: StrategySetting;
  readonly machine: Machine;
  readonly sets: EgressSets;
  /** All that were taken so far. */
  readonly hostPaths: HostPath[];
  /** See `soundness`. */
  readonly sound: (...path: PropertyKey[]) => boolean;
  readonly mistakes: string[];
}

type JudgePath = (path: readonly PropertyKey[], value: string, writable?: boolean) => string;

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
): { sessions: Session[]; hostPaths: readonly HostPath[]; reported: readonly string[]; mistakes: string[] } {
  const mistakes: string[] = [];
  const hostPaths = [...shared];
  const sets = new EgressSets(deployment.egressSets, machine, sound("egressSets"), mistakes);
  const seen = new Map<string, number>();
  const published = new PublishedPorts();
  const uids = new OwnUids();
  const cloned = new Map<string, { ref: string; secret: string; session: string }>();
  const asking: Asker[] = [];
  const sessions = deployment.sessions.map((entry, index) => {
    const first = seen.get(entry.id);
    if (first !== undefined) mistakes.push(`sessions[${index}].id: "${entry.id}" is taken by sessions[${first}]; choose another.`);
    seen.set(entry.id, first ?? index);
    const layered = layer(deployment, entry, index, mistakes, sound("securityPolicies"));
    asking.push({ id: entry.id, setting: layered.setting });
    const session = resolveSession(layered, { deployment, strategy, machine, sets, hostPaths, sound, mistakes });
    const taken = sound("sessions", index, "id") ? uids.take(layered, session) : undefined;
    if (taken !== undefined) mistakes.push(taken);
    for (const repository of session.repositories) {
      if (repository.kind === "path") continue;
      const clone = `${repository.name} ${repository.url}`;
      const { ref = "its default branch" } = repository;
      const other = cloned.get(clone);
      if (other !== undefined && other.ref !== ref) {
        mistakes.push(
          `sessions[${index}].repositories: "${repository.name}" is taken at ${ref} here and at ${other.ref} by session "${other.session}", and they share one clone; name one ref, or give one of them another name.`,
        );
      }
      const secret = JSON.stringify(repository.credential, (key, value: unknown) => (key === "key" ? undefined : value)) ?? "";
      if (other !== undefined && other.secret !== secret) {
        mistakes.push(
          `sessions[${index}].repositories: "${repository.name}" signs in otherwise here than for session "${other.session}", and they share one clone; name one secret and username, or give one of them another name.`,
        );
      }
      cloned.set(clone, other ?? { ref, secret, session: session.id });
    }
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
  return { sessions, hostPaths, reported: reports(controlsOf[strategy.name], asking), mistakes };
}

function resolveSession(layered: Layered, judgement: Judgement): Session {
  const { setting, place, where } = layered;
  const { deployment, strategy, machine, hostPaths, mistakes } = judgement;
  const { root } = machine;
  mistakes.push(...refusals(controlsOf[strategy.name], setting).map(({ path, value, rest }) => sentence(where(...path), value, rest)));
  const judge: JudgePath = (path, value, writable = false) => {
    const rules: HostPathRules = {
      base: root,
      allowedRoots: deployment.allowedHostPaths ?? [],
      writable: writable && judgement.sound("allowedHostPaths"),
      owner: baseline.user.uid,
    };
    const verdict = checkHostPath(value, rules);
    if ("path" in verdict) {
      const named = `${keyName(where(...path))}: ${shown(value)}`;
      hostPaths.push(hostPath(fromHome(value, root), { named, session: setting.id, writable }));
      return verdict.path;
    }
    mistakes.push(sentence(where(...path), value, verdict.refused));
    return value;
  };
  const sound = (key: string) =>
    [
      [...place, key],
      ["defaults", key],
      ["securityPolicies", "*", key],
    ].every((path) => judgement.sound(...path));

  const repositories = resolveRepositories(layered, root, judge, judgement);
  const binds = resolveBinds(layered, strategy, root, judge, mistakes);
  mistakes.push(...targetMistakes(placeName(layered), repositories, binds));
  const agent = resolveAgent(layered, root, usesClaude(deployment), mistakes);
  const retries = retriesOf(setting, agent);
  const credentials = resolveCredentials(layered, root, sound("credentials"), mistakes);
  hostPaths.push(...furtherPaths(layered, machine, { debug: strategy.debug, credentials, repositories }));
  return {
    id: setting.id,
    agentId: setting.agentId ?? setting.id,
    ...resolveUid(layered),
    repositories,
    workspace: resolveWorkspace(setting, strategy, (path) => judge(["workspace", "path"], path, true)),
    limits: resolveLimits(layered, sound("limits") && sound("reservations"), mistakes),
    reservations: setting.reservations ?? {},
    environment: setting.environment ?? {},
    credentials,
    network: resolveNetwork(
      layered,
      strategy,
      judgement.sets,
      { network: sound("network") && judgement.sound("local"), credentials: sound("credentials") },
      mistakes,
    ),
    healthCheck: setting.healthCheck ?? {},
    security: resolveSecurity(layered, root, mistakes),
    binds,
    agent,
    ...(setting.agentCommand !== undefined && { agentCommand: setting.agentCommand }),
    ...(retries !== undefined && { retries }),
    ...(setting.idleTimeout !== undefined && { idleTimeout: setting.idleTimeout }),
    ...(setting.maxLifetime !== undefined && { maxLifetime: setting.maxLifetime }),
  };
}

/** Whether the image has Claude Code, as far as the settings say. */
function usesClaude({ image }: Deployment): boolean {
  const agent = image?.agent;
  return agent === undefined || (agent !== "none" && (agent.package ?? defaultAgent.package) === defaultAgent.package);
}

function targetMistakes(session: string, repositories: readonly RepositorySetting[], binds: readonly Bind[]): string[] {
  const targets = [
    ...repositories.flatMap(({ name }) => (name === undefined ? [] : [`/repos/${name}`])),
    ...binds.map(({ target }) => target),
  ];
  return [
    ...duplicateTargets(targets).map((target) => `${session}: two mounts on ${target}; give each a name or target of its own.`),
    ...targetsInWritable(binds).map(
      ({ target, outer }) =>
        `${session}: the mount on ${target} lies in the one on ${outer}, which the session may write: it could put a link there, and be given the mount elsewhere; choose a target outside of it.`,
    ),
  ];
}

function resolveRepositories(
  { setting, where }: Layered,
  root: string,
  judge: JudgePath,
  { sound, mistakes }: Judgement,
): RepositorySetting[] {
  return (setting.repositories ?? []).flatMap((repository, index): RepositorySetting[] => {
    const path = ["repositories", index];
    if ((repository.path === undefined) === (repository.url === undefined)) {
      if (sound(...where(...path))) mistakes.push(sentence(where(...path), repository.name, "needs a path or a url, and not both"));
      return [];
    }
    for (const key of ["secret", "username"] as const) {
      if (repository[key] === undefined) continue;
      if (key === "username" && repository.secret === undefined)
        mistakes.push(sentence(where(...path, key), repository[key], "needs a secret beside it; add one or remove it"));
      else if (!repository.url?.startsWith("https://"))
        mistakes.push(
          sentence(
            where(...path, key),
            repository[key],
            "goes to an https:// URL alone, where nobody reads it on the way; write such a URL or remove it",
          ),
        );
    }
    if (repository.path !== undefined) {
      if (repository.ref !== undefined)
        mistakes.push(sentence(where(...path, "ref"), repository.ref, "belongs to a url; a path is taken as it is"));
      return [{ name: repository.name, kind: "path", path: judge([...path, "path"], repository.path) }];
    }
    const url = repository.url ?? "";
    const folder = url.startsWith("file://") ? decodeURIComponent(url.slice("file://".length)) : undefined;
    const hostPath = folder === undefined ? undefined : judge([...path, "url"], folder);
    return [
      {
        name: repository.name,
        kind: "url",
        url,
        ...(repository.ref !== undefined && { ref: repository.ref }),
        ...(hostPath !== undefined && { hostPath }),
        ...credentialOf(repository, root, keyName(where(...path, "secret"))),
      },
    ];
  });
}

function credentialOf(
  { secret, username = "x-access-token" }: NonNullable<SessionSetting["repositories"]>[number],
  root: string,
  key: string,
): { credential?: RepositoryCredential } {
  return secret === undefined ? {} : { credential: { username, secret: sourceOf(secret, root, key) } };
}

function resolveBinds({ setting, where }: Layered, strategy: StrategySetting, root: string, judge: JudgePath, mistakes: string[]): Bind[] {
  const binds = (setting.mounts ?? []).flatMap((mount, index) => {
    const path = ["mounts", index];
    const refused = mount.target === undefined ? undefined : targetRefusal(mount.target);
    if (refused !== undefined) mistakes.push(sentence(where(...path, "target"), mount.target, refused));
    const readOnly = mount.readOnly ?? true;
    const source = mount.source === undefined ? undefined : judge([...path, "source"], mount.source, !readOnly);
    return source === undefined || mount.target === undefined ? [] : [{ source, target: mount.target, readOnly }];
  });
  if (strategy.debug) {
    const verdict = checkHostPath("src", { base: root });
    if ("refused" in verdict)
      mistakes.push(`local.debug: true mounts ./src, which ${verdict.refused}; make it a folder of this project or set debug: false.`);
    else binds.push({ source: verdict.path, target: "/app/src", readOnly: true });
  }
  return binds;
}

function resolveWorkspace(setting: SessionSetting, strategy: StrategySetting, judge: (path: string) => string): Workspace {
  const workspace: NonNullable<SessionSetting["workspace"]> = setting.workspace ?? {
    kind: strategy.volumePersistence ? "volume" : "tmpfs",
  };
  switch (workspace.kind) {
    case "volume":
      return workspace;
    case "tmpfs":
      return { kind: "tmpfs", size: workspace.size ?? baseline.limits.workspace };
    case "host":
      return { kind: "host", path: judge(workspace.path) };
  }
}

function resolveLimits({ setting, where }: Layered, judged: boolean, mistakes: string[]): Partial<Limits> {
  const limits = Object.fromEntries(Object.entries(setting.limits ?? {}).filter(([, value]) => value !== undefined)) as Partial<Limits>;
  for (const key of ["memory", "cpu"] as const) {
    const reserved = setting.reservations?.[key];
    const limit = limits[key] ?? baseline.limits[key];
    if (!judged || reserved === undefined || reserved <= limit) continue;
    const write = (amount: number) => (key === "memory" ? formatSize(amount) : amount);
    mistakes.push(
      sentence(where("reservations", key), write(reserved), `is more than the limit of ${write(limit)}; lower it or raise limits.${key}`),
    );
  }
  return limits;
}

function resolveSecurity({ setting, where }: Layered, root: string, mistakes: string[]): Security {
  const { capabilities, seccompProfile, appArmorProfile } = setting.security ?? {};
  let profile: string | undefined;
  if (seccompProfile !== undefined) {
    try {
      profile = JSON.stringify(JSON.parse(readFileSync(fromHome(seccompProfile, root), "utf8")));
    } catch {
      // The parser's own message quotes the file.
      mistakes.push(
        sentence(where("security", "seccompProfile"), seccompProfile, "cannot be read as JSON; name a file with a seccomp profile"),
      );
    }
  }
  return {
    ...(capabilities !== undefined && { capabilities }),
    ...(profile !== undefined && { seccompProfile: profile }),
    ...(appArmorProfile !== undefined && { appArmorProfile }),
  };
}
