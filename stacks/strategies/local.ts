import type * as docker from "@pulumi/docker";
import { isManaged } from "../../components/agent-settings/args.ts";
import { AgentSettings } from "../../components/agent-settings/docker.ts";
import { connectEngine } from "../../components/container-engine/connect.ts";
import { type FoundEngine, findEngine } from "../../components/container-engine/find.ts";
import { sharesInodes } from "../../components/container-engine/here.ts";
import { EngineProvider } from "../../components/container-engine/provider.ts";
import { Credentials } from "../../components/credentials/docker.ts";
import { EgressProxy } from "../../components/egress-proxy/docker.ts";
import { localBase, stockBase } from "../../components/hardened-image/args.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import { type ParentProxy, parentAuthority } from "../../components/parent-proxy/args.ts";
import type { NetworkAttachment } from "../../components/isolated-network/args.ts";
import { IsolatedNetwork } from "../../components/isolated-network/docker.ts";
import { SessionContainer } from "../../components/session-container/docker.ts";
import { cloneName } from "../../components/session.ts";
import { SessionVolumes } from "../../components/session-volumes/docker.ts";
import { RepositoryClone } from "../../components/session-volumes/repository.ts";
import { nameOf, type Secrets } from "../secrets.ts";
import { identitiesOf } from "../settings/host-paths.ts";
import type { SecretSource, Session, Settings } from "../settings.ts";
import { refuseOpenPorts } from "./open-ports.ts";
import { refuseSharedFolders } from "./other-stacks.ts";
import { warnOfProviders } from "./unreached-provider.ts";
import { refuseRepositories } from "./repositories.ts";
import type { Deployed, DeployedSession, Place } from "./strategy.ts";

/**
 * Sessions on the Docker or Podman of this machine, or of the one that `engine` names.
 *
 * @throws SettingsError when the engine cannot hold what they ask for, before anything is registered
 */
export async function deploy(settings: Settings, place: Place, secrets: Secrets): Promise<Deployed> {
  const engine = await findEngine({ address: settings.engine });
  // Asked together with what follows; neither ever fails.
  const [sharing, stock] = [sharesInodes(engine), chooseBase(engine)];
  await refuseOpenPorts(settings, engine);
  await refuseSharedFolders(connectEngine(engine), settings, place);
  refuseRepositories(settings);
  warnOfProviders(settings);
  const folders = (await sharing) ? identitiesOf(settings.hostPaths) : undefined;
  const provider = new EngineProvider("engine", engine);
  const opts = { provider };

  const { parent, ofBuilds } = parentOf(settings, secrets);
  const base = settings.image.base ?? (await stock);
  const image = new HardenedImage("session", { ...settings.image, base, parent: ofBuilds }, opts);
  const filtered = settings.sessions.some(({ network }) => typeof network.egress === "object");
  const { caBundle, platform, labels } = settings.image;
  const proxyImage = filtered
    ? new HardenedImage("egress-proxy", { source: "egress-proxy", base, caBundle, platform, labels, parent: ofBuilds }, opts).reference
    : undefined;
  const clones = repositoryClones(settings, image, place, secrets, parent, opts);

  const authority = [...clones.values()].flatMap((clone) => clone.authority);
  if (parent !== undefined) authority.push(parentAuthority(parent));
  if (ofBuilds?.login !== undefined) authority.push(`image builds: secret ${ofBuilds.login.secretName} for the parent proxy`);
  const sessions: Record<string, DeployedSession> = {};
  for (const session of settings.sessions) {
    const { id } = session;
    const repositories = session.repositories.map((repository) =>
      repository.kind === "path" ? repository : { ...repository, kind: "volume" as const, volume: cloneName(repository) },
    );
    const volumes = new SessionVolumes(
      id,
      { sessionId: id, ...place, repositories, workspace: session.workspace, tmp: session.limits.tmp, binds: session.binds },
      opts,
    );
    const network = new IsolatedNetwork(id, { sessionId: id, ...place, ...session.network }, opts);
    const { attachment } = network;
    const listed = listedEgress(session, attachment);
    const proxy = listed && proxyImage && new EgressProxy(id, { sessionId: id, ...place, ...listed, parent, image: proxyImage }, opts);
    const given = credentialsOf(session, secrets);
    const credentials =
      given && new Credentials(id, { sessionId: id, ...place, image: image.reference, parent, ...given }, opts).forSession;
    const managed = isManaged(session.agent)
      ? new AgentSettings(id, { sessionId: id, ...place, image: image.reference, ...session.agent }, opts).forSession
      : { mounts: [], resources: [] };
    const container = new SessionContainer(
      id,
      {
        ...session,
        ...place,
        sessionId: id,
        image: image.reference,
        debug: settings.local.debug,
        network: attachment,
        mounts: [...volumes.forSession.mounts, ...managed.mounts],
        credentials,
        repositories: session.repositories.map(({ name }) => name),
        folders,
      },
      {
        ...opts,
        dependsOn: [
          ...volumes.forSession.resources,
          ...managed.resources,
          ...(credentials?.resources ?? []),
          ...attachment.resources,
          ...(proxy?.resources ?? []),
          ...clonesOf(session, clones),
        ],
      },
    );
    sessions[id] = {
      container: container.containerName,
      containerId: container.containerId,
      network: attachment.network?.name ?? attachment.networkMode ?? "none",
      isolation: attachment.isolation,
      attach: container.attachCommand,
    };
    authority.push(...container.authority, ...(proxy?.authority ?? []));
  }
  return { sessions, authority: authority.sort() };
}

/** What a proxy needs to know of a session with an allow list. */
function listedEgress({ network: { egress, dns, ports, download } }: Session, { network, resources }: NetworkAttachment) {
  if (typeof egress !== "object" || network === undefined) return undefined;
  return { ...egress, dns, ports, download, network: { name: network.name, resources } };
}

function credentialsOf({ credentials }: Session, secrets: Secrets) {
  const opened = (source: SecretSource) => ({ value: secrets.valueOf(source), secretName: nameOf(source) });
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "hostMount":
      return credentials;
    case "init": {
      const { secret, ...rest } = credentials;
      return { ...rest, ...(secret !== undefined && opened(secret)) };
    }
    default: {
      const { secret, ...rest } = credentials;
      return { ...rest, ...opened(secret) };
    }
  }
}

/** The company's proxy, with its password; and as builds of images take it, which sign in by an exception alone. */
function parentOf({ parent }: Settings, secrets: Secrets): { parent?: ParentProxy; ofBuilds?: ParentProxy } {
  if (parent === undefined) return {};
  const { login, exception, ...plain } = parent;
  if (login === undefined) return { parent: plain, ofBuilds: plain };
  const { username, secret } = login;
  const whole = { ...plain, login: { username, password: secrets.valueOf(secret), secretName: nameOf(secret) } };
  return { parent: whole, ofBuilds: exception === undefined ? plain : whole };
}

/** One clone for each URL under each name, whichever sessions name it; settings refuse two refs of one. */
function repositoryClones(
  settings: Settings,
  image: HardenedImage,
  place: Place,
  secrets: Secrets,
  parent: ParentProxy | undefined,
  opts: { provider: docker.Provider },
): ReadonlyMap<string, RepositoryClone> {
  const clones = new Map<string, RepositoryClone>();
  for (const session of settings.sessions) {
    for (const repository of session.repositories) {
      if (repository.kind === "path") continue;
      const name = cloneName(repository);
      if (clones.has(name)) continue;
      const { credential: given, ...rest } = repository;
      const credential = given && { username: given.username, password: secrets.valueOf(given.secret), secretName: nameOf(given.secret) };
      clones.set(
        name,
        new RepositoryClone(
          name,
          { ...rest, ...place, ...(credential !== undefined && { credential }), parent, image: image.reference },
          opts,
        ),
      );
    }
  }
  return clones;
}

function clonesOf(session: Session, clones: ReadonlyMap<string, RepositoryClone>) {
  return session.repositories.flatMap((repository) =>
    repository.kind === "url" ? (clones.get(cloneName(repository))?.resources ?? []) : [],
  );
}

/** The base that set-up made of Debian packages wins where the engine has it; else the stock Node image is pulled. */
async function chooseBase(engine: FoundEngine): Promise<string> {
  try {
    await connectEngine(engine).getImage(localBase).inspect();
    return localBase;
  } catch {
    return stockBase;
  }
}
