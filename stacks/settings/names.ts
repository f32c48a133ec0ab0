import { isManaged } from "../../components/agent-settings/args.ts";
import { networkModeOf } from "../../components/isolated-network/args.ts";
import {
  cloneNames,
  containerName,
  credentialNames,
  groupNames,
  managedName,
  type Name,
  named,
  networkNames,
  parentNames,
  proxyName,
  proxyNames,
} from "../../components/session.ts";
import { volumeNames } from "../../components/session-volumes/args.ts";
import { shown } from "./sentences.ts";
import type { Session } from "./session.ts";

/** Whoever takes names, and as what people know it. */
interface Owner {
  /** The key and the value that name it, as sentences begin. */
  readonly named: string;
  /** What others call it. */
  readonly called: string;
  /** Those of one key are one, and share their names. */
  readonly key: string;
  readonly wayOut: string;
  readonly names: readonly Name[];
}

/** All names that a session takes on the engine, but for those of its clones. */
export function sessionNames({ id, workspace, network, credentials, agent }: Session, signsInAtParent = false): Name[] {
  return [
    ...named(containerName(id), "container"),
    ...volumeNames({ sessionId: id, workspace }),
    ...(networkModeOf(network).kind === "bridge" ? networkNames(id) : []),
    ...(network.group === undefined ? [] : groupNames(id, network.group)),
    ...(typeof network.egress === "object" ? [...proxyNames(id), ...(signsInAtParent ? parentNames(proxyName(id)) : [])] : []),
    ...credentialNames(id, credentials.kind, signsInAtParent),
    ...(isManaged(agent) ? named(managedName(id), "volume", "container") : []),
  ];
}

function ownersOf(session: Session, index: number, signsInAtParent: boolean): Owner[] {
  const { id, repositories } = session;
  return [
    {
      named: `sessions[${index}].id: "${id}"`,
      called: `session "${id}"`,
      key: id,
      wayOut: "choose another id",
      names: sessionNames(session, signsInAtParent),
    },
    ...repositories.flatMap((repository) =>
      repository.kind === "path"
        ? []
        : [
            {
              named: `sessions[${index}].repositories: "${repository.name}"`,
              called: `the clone of ${shown(repository.url)}`,
              key: repository.url,
              wayOut: "give it another name",
              names: cloneNames(repository, signsInAtParent),
            },
          ],
    ),
  ];
}

/** Sessions and clones whose objects on the engine would have one name, a sentence for each two. */
export function metNames(sessions: readonly Session[], signsInAtParent = false): string[] {
  const taken = new Map<string, Owner>();
  const met = new Map<string, string>();
  for (const owner of sessions.flatMap((session, index) => ownersOf(session, index, signsInAtParent))) {
    const known = new Set<string>();
    for (const { kind, name } of owner.names) {
      const key = `${kind} ${name}`;
      const other = known.has(key) ? owner : taken.get(key);
      known.add(key);
      if (other === undefined) taken.set(key, owner);
      else if (other === owner || other.key !== owner.key) {
        const who = other === owner ? "twice" : `and ${other.called} needs it too`;
        const pair = `${owner.key} ${other.key}`;
        met.set(pair, met.get(pair) ?? `${owner.named} needs the ${kind} ${name}, ${who}; ${owner.wayOut}.`);
      }
    }
  }
  return [...met.values()];
}
