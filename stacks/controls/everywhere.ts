import type { ControlName } from "./list.ts";
import { type Column, enforced, means, refused, type Standing } from "./standing.ts";

const ownProxy = "the session's own proxy does, as no platform filters names for every client";
const entrypoint = (what: string) => means(`${what} by the session's first process`, "stacks/cli/README.md");

/** What the images, the proxies and the way settings are read see to, whatever runs the session. */
export const everywhere = {
  mountModes: enforced,
  noSetuid: means("the images hold none", "images/session/Dockerfile"),
  disk: means("the session counts, and ends itself beyond the limit", "components/session-volumes/README.md"),
  egressList: means(ownProxy, "components/egress-proxy/README.md"),
  egressAudit: means(ownProxy, "components/egress-proxy/README.md"),
  egressOpen: enforced,
  download: means("the session's own proxy slows it down", "https://wiki.squid-cache.org/Features/DelayPools"),
  upload: refused(
    "cannot be limited, since a proxy slows down what a session receives and not what it sends",
    "remove it, and limit uploads where they leave this machine",
    "https://wiki.squid-cache.org/Features/DelayPools",
  ),
  ownSecrets: enforced,
  noCredentials: enforced,
  credentialsProxy: means("a proxy that no session looks into adds the secret", "components/credentials/README.md"),
  credentialsInit: means("a container that runs before fetches it", "components/credentials/README.md"),
  logs: enforced,
  restart: entrypoint("counted"),
  lifetime: entrypoint("ended"),
  keptSecret: refused(
    "is a Secret of a cluster, and sessions run on none",
    "name where the secret is by env, file or command",
    "components/credentials/README.md",
  ),
  services: refused(
    "is a server for developing on one machine, which the strategy local alone has",
    "remove it, and let the session reach one of your own by its allow list",
    "components/dev-services/README.md",
  ),
  pool: refused(
    "is several containers of one session, which Kubernetes and ECS alone run",
    "remove it, and describe as many sessions",
    "components/cluster/README.md",
  ),
  agent: means("read where the plan is made, and handed over read-only", "components/agent-settings/README.md"),
  environment: enforced,
  identity: enforced,
} as const satisfies Partial<Column>;

/** Controls that need the very machine on which the plan is made. */
type HostControl = Extract<
  ControlName,
  "networkMode" | "ports" | "workspaceHost" | "mounts" | "repositoryByPath" | "repositoryByFileUrl" | "credentialsHostMount"
>;

/**
 * Refuses what needs the machine on which the plan is made.
 *
 * @param place where sessions run instead, as a clause
 * @param source what says so
 */
export function hostOnly(place: string, source: string): Readonly<Record<HostControl, Standing>> {
  const folder = `is a folder of this machine, and ${place}`;
  return {
    networkMode: refused(`is a network of an engine's own, and ${place}`, "remove it; a session has a network of its own", source),
    ports: refused(`is a port of this machine, and ${place}`, "remove it, and enter by sessions attach or exec", source),
    workspaceHost: refused(`takes a folder of this machine, and ${place}`, "write workspace: {kind: volume}", source),
    mounts: refused(folder, "remove it, and name a repository by url", source),
    repositoryByPath: refused(folder, "name the repository by url", source),
    repositoryByFileUrl: refused(folder, "write the URL of a server", source),
    credentialsHostMount: refused(
      `takes a folder of this machine, and ${place}`,
      "write credentials: {kind: file, secret: {file: /path}}, which delivers one file",
      source,
    ),
  };
}
