import { isManaged, managedPart } from "../../components/agent-settings/args.ts";
import { credentialsPart } from "../../components/credentials/args.ts";
import { byAddress } from "../../components/credentials/proxy.ts";
import { type DevServiceName, devServicePart } from "../../components/dev-services/args.ts";
import type { AllowedHost, AllowList } from "../../components/egress-proxy/args.ts";
import { isolationOf, type IsolationLevel, type NetworkMode, networkModeOf } from "../../components/isolated-network/args.ts";
import { isLocal, type Port } from "../../components/session.ts";
import { type Limits, limitsOf } from "../../components/session-container/args.ts";
import { uidOf } from "../../components/session-container/user.ts";
import type { Mount } from "../../components/session-part.ts";
import { volumesPart } from "../../components/session-volumes/args.ts";
import type { PlatformControls } from "../controls.ts";
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
  /** Servers of the stack whose sockets and passwords it sees. */
  readonly services: readonly DevServiceName[];
  /** Names below `/repos` of what was cloned from a URL. */
  readonly clones: readonly string[];
  readonly network: {
    readonly mode: NetworkMode;
    /** How far it would be cut off without its group. */
    readonly isolation: IsolationLevel;
    /** What its proxy takes on, where it has one. */
    readonly egress?: AllowList;
    /** Of the sessions that it reaches. */
    readonly group?: string;
    /** Ports that are for this machine alone. */
    readonly localPorts: readonly Port[];
  };
}

/** Host and port of the first of some entries that names a host and no suffix. */
export function firstListed(allow: readonly AllowedHost[] = []): readonly [string, number] | undefined {
  const first = allow.find(({ host }) => !host.startsWith("*."));
  return first && [first.host, first.ports.includes(443) ? 443 : (first.ports[0] ?? 443)];
}

/** Reads the promises to a session from its settings, wherever it is that all runs on one machine. */
export const promisedTo = (session: Session): Promised => promises(session, {});

/** Reads the promises to sessions that a platform runs. */
export const promisedOn =
  (platform: Pick<PlatformControls, "sockets">) =>
  (session: Session): Promised =>
    promises(session, platform);

function promises(session: Session, on: Pick<PlatformControls, "sockets">): Promised {
  const { id, security, credentials, repositories, services } = session;
  const { group, ...network } = session.network;
  return {
    id,
    uid: uidOf(session),
    limits: limitsOf(session),
    capabilities: (security.capabilities ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, "")),
    ownSeccompProfile: security.seccompProfile !== undefined,
    mounts: partsOf(session, on).flatMap(({ mounts }) => mounts),
    services,
    signsIn: credentials.kind !== "none",
    clones: repositories.flatMap(({ name, kind }) => (kind === "url" ? [name] : [])),
    network: {
      mode: networkModeOf(network),
      isolation: isolationOf(network),
      ...(typeof network.egress === "object" && { egress: network.egress }),
      ...(group !== undefined && { group }),
      localPorts: network.ports.filter(isLocal),
    },
  };
}

/** The parts that hand mounts to a session. */
function partsOf(session: Session, { sockets = true }: Pick<PlatformControls, "sockets">) {
  const { id: sessionId, workspace, binds, limits, agent, services } = session;
  const owner = { sessionId, project: "", stack: "", image: "" };
  const credentials = credentialsOf(session, new UnreadSecrets());
  const signIn = credentials === undefined ? [] : [credentialsPart({ ...owner, ...credentials })];
  return [
    volumesPart({ sessionId, workspace, binds, tmp: limits.tmp, repositories: repositoriesOf(session) }),
    ...(isManaged(agent) ? [managedPart(agent)] : []),
    ...services.map((service) => devServicePart({ stack: "", service })),
    ...(sockets ? signIn : signIn.map((part) => byAddress(part))),
  ];
}
