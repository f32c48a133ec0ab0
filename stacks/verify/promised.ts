import { isManaged, managedMount } from "../../components/agent-settings/args.ts";
import { authFolder, hostMounts } from "../../components/credentials/args.ts";
import { socketMount } from "../../components/credentials/proxy.ts";
import type { AllowedHost, AllowList } from "../../components/egress-proxy/args.ts";
import { isolationOf, type IsolationLevel, type NetworkMode, networkModeOf } from "../../components/isolated-network/args.ts";
import { isLocal, type Port } from "../../components/session.ts";
import { type Limits, limitsOf } from "../../components/session-container/args.ts";
import { uidOf } from "../../components/session-container/user.ts";
import type { Mount } from "../../components/session-volumes/args.ts";
import { mountsOf } from "../../components/session-volumes/docker.ts";
import type { Session } from "../settings.ts";

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
  const { id, limits, security, network, credentials, workspace, binds, repositories, agent } = session;
  return {
    id,
    uid: uidOf(session),
    limits: limitsOf(session),
    capabilities: (security.capabilities ?? []).map((name) => name.toUpperCase().replace(/^CAP_/, "")),
    ownSeccompProfile: security.seccompProfile !== undefined,
    mounts: [
      ...credentialMounts(id, credentials),
      ...(isManaged(agent) ? [managedMount(id)] : []),
      ...mountsOf({
        sessionId: id,
        stack: "",
        workspace,
        binds,
        tmp: limits.tmp,
        // Which volume a clone lies in makes no difference to what the session may do with it.
        repositories: repositories.map((one) => (one.kind === "path" ? one : { name: one.name, kind: "volume", volume: one.name })),
      }),
    ],
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

function credentialMounts(id: string, credentials: Session["credentials"]): Mount[] {
  switch (credentials.kind) {
    case "none":
    case "environment":
      return [];
    case "proxy":
      return [socketMount(id)];
    case "hostMount":
      return hostMounts(credentials);
    case "file":
    case "init":
      return [{ target: authFolder, readOnly: true, source: { kind: "volume", name: authFolder } }];
  }
}
