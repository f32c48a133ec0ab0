import { isManaged, managedPart } from "../../components/agent-settings/args.ts";
import { credentialsPart } from "../../components/credentials/args.ts";
import type { AllowedHost, AllowList } from "../../components/egress-proxy/args.ts";
import { isolationOf, type IsolationLevel, type NetworkMode, networkModeOf } from "../../components/isolated-network/args.ts";
import { isLocal, type Port } from "../../components/session.ts";
import { type Limits, limitsOf } from "../../components/session-container/args.ts";
import { uidOf } from "../../components/session-container/user.ts";
import type { Mount } from "../../components/session-part.ts";
import { volumesPart } from "../../components/session-volumes/args.ts";
import { UnreadSecrets } from "../secrets.ts";
import type { Session } from "../settings.ts";
import { credentialsOf, repositoriesOf } from "../strategies/sessions.ts";

/** What the settings promise to one session, as far as it can be tried. Sizes are bytes. */
export interface Promised {
  readonly id: string;
  /** Who its processes are. */
  readonly uid: number;
  readonly limits: Limits;
  /** Capabilities that the settings add, in capitals without `CAP_`. */
  readonly capabilities: readonly string[];
  /** The settings name a seccomp profile for the session, instead of agent-sessions' own. */
  readonly ownSeccompProfile: boolean;
  /** All that is mounted besides the system's own. */
  readonly mounts: readonly Mount[];
  /** It is given something to sign in with. */
  readonly signsIn: boolean;
  /** Names below `/repos` of what was cloned from a URL. */
  readonly clones: readonly string[];
  readonly network: {
    readonly mode: NetworkMode;
    readonly isolation: IsolationLevel;
    /** What its proxy takes on, where it has one. */
    readonly egress?: AllowList;
    /** Ports that are for this machine alone. */
    readonly localPorts: readonly Port[];
  };
}

/** Host and port of the first of some entries that names a host and no suffix. */
export function firstListed(allow: readonly AllowedHost[] = []): readonly [string, number] | undefined {
  const first = allow.find(({ host }) => !host.startsWith("*."));
  return first && [first.host, first.ports.includes(443) ? 443 : (first.ports[0] ?? 443)];
}

/** Reads the promises to a session from its settings. */
export function promisedTo(session: Session): Promised {
  const { id, security, network, credentials, repositories } = session;
  return {
    id,
    uid: uidOf(session),
    limits: limitsOf(session),
    capabilities: (security.capabilities ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, "")),
    ownSeccompProfile: security.seccompProfile !== undefined,
    mounts: partsOf(session).flatMap(({ mounts }) => mounts),
    signsIn: credentials.kind !== "none",
    clones: repositories.flatMap(({ name, kind }) => (kind === "url" ? [name] : [])),
    network: {
      mode: networkModeOf(network),
      isolation: isolationOf(network),
      ...(typeof network.egress === "object" && { egress: network.egress }),
      localPorts: network.ports.filter(isLocal),
    },
  };
}

/** The parts that hand mounts to a session. */
function partsOf(session: Session) {
  const { id: sessionId, workspace, binds, limits, agent } = session;
  const owner = { sessionId, project: "", stack: "", image: "" };
  const credentials = credentialsOf(session, new UnreadSecrets());
  return [
    volumesPart({ sessionId, workspace, binds, tmp: limits.tmp, repositories: repositoriesOf(session) }),
    ...(isManaged(agent) ? [managedPart(agent)] : []),
    ...(credentials === undefined ? [] : [credentialsPart({ ...owner, ...credentials })]),
  ];
}
