import type * as pulumi from "@pulumi/pulumi";
import { isManaged } from "../../components/agent-settings/args.ts";
import type { DevServiceName } from "../../components/dev-services/args.ts";
import { isolationOf } from "../../components/isolated-network/args.ts";
import { type ParentProxy, parentAuthority } from "../../components/parent-proxy/args.ts";
import { authorityOf } from "../../components/session-container/args.ts";
import type { Logs, MadePart } from "../../components/session-part.ts";
import type { RepositoryCloneArgs } from "../../components/session-volumes/clone.ts";
import { cloneName } from "../../components/session.ts";
import type { Secrets } from "../secrets.ts";
import type { Session, Settings } from "../settings.ts";
import type { PlatformClasses } from "./classes.ts";
import type { Deployed, StackIdentity } from "./strategy.ts";

/** What a strategy knows of its platform when it deploys sessions to it. */
export interface DeployOptions {
  readonly stack: StackIdentity;
  readonly secrets: Secrets;
  /** What the images are built upon where the settings name nothing. */
  readonly base: string;
  /** What the folders of the host are, by path; see SessionContainerArgs. */
  readonly folders?: ReadonlyMap<string, string>;
  /** What sessions have of the servers that they list. @default there are none */
  readonly services?: ReadonlyMap<DevServiceName, MadePart>;
  /** See SessionContainerArgs. */
  readonly debug: boolean;
  /** Of every component. */
  readonly opts: pulumi.ComponentResourceOptions;
}

/** Deploys the sessions that settings describe: the same parts on every platform, made by its own classes. */
export function deploySessions(settings: Settings, platform: PlatformClasses, options: DeployOptions): Deployed {
  const { parent, ofBuilds } = parentOf(settings, options.secrets);
  const images = imagesOf(settings, platform, options);
  const { logs } = settings;
  const clones = clonesOf(settings, platform, options, { image: images.session, logs, ...(parent !== undefined && { parent }) });
  const groups = groupsOf(settings, platform, options);
  const common: Common = { platform, options, parent, logs, images, clones, groups };
  const made = settings.sessions.map((session) => [session.id, makeSession(session, common)] as const);
  const authority = [
    ...[...clones.values()].flatMap((clone) => clone.authority),
    ...(parent === undefined ? [] : [parentAuthority(parent)]),
    ...(ofBuilds?.login === undefined ? [] : [`image builds: secret ${ofBuilds.login.password.name} for the parent proxy`]),
    ...made.flatMap(([, session]) => session.authority),
  ];
  return { sessions: Object.fromEntries(made.map(([id, { deployed }]) => [id, deployed])), authority: authority.sort() };
}

/** What sessions of one deployment have in common. */
interface Common {
  readonly platform: PlatformClasses;
  readonly options: DeployOptions;
  readonly parent: ParentProxy | undefined;
  readonly logs: Logs | undefined;
  readonly images: ReturnType<typeof imagesOf>;
  readonly clones: ReturnType<typeof clonesOf>;
  readonly groups: ReturnType<typeof groupsOf>;
}

function makeSession(session: Session, common: Common): { deployed: Deployed["sessions"][string]; authority: readonly string[] } {
  const { platform, options, logs, images, clones } = common;
  const { id, network, repositories } = session;
  const cloned = repositories.flatMap((one) => (one.kind === "url" ? (clones.get(cloneName(one))?.part ?? []) : []));
  const parts = [...makeParts(session, common), ...cloned];
  const args = {
    ...ownerOf(session, options),
    ...runOf(session),
    image: images.session,
    debug: options.debug,
    logs,
    network,
    parts,
    repositories: repositories.map(({ name }) => name),
    ...(options.folders !== undefined && { folders: options.folders }),
  };
  const dependsOn = parts.flatMap(({ resources }) => resources);
  const { deployed } = new platform.SessionContainer(id, args, { ...options.opts, dependsOn });
  return { deployed: { ...deployed, isolation: isolationOf(network) }, authority: authorityOf(args) };
}

const ownerOf = ({ id }: Session, { stack: { project, stack } }: DeployOptions) => ({ project, stack, sessionId: id });

/** What a session's container is told by its own settings. */
function runOf(session: Session) {
  const { agentId, uid, agentCommand, agent, retries, environment, limits, reservations, healthCheck, security } = session;
  const { pool, idleTimeout, maxLifetime } = session;
  const given = { pool, agentId, uid, agentCommand, agent, retries, environment, limits, reservations, healthCheck, security };
  return { ...given, idleTimeout, maxLifetime };
}

function makeParts(session: Session, { platform, options, parent, logs, images, groups }: Common): MadePart[] {
  const { id, uid, workspace, binds, limits, agent, network, services, pool } = session;
  const { opts } = options;
  const owner = ownerOf(session, options);
  const seen = { repositories: repositoriesOf(session), workspace, tmp: limits.tmp, binds };
  const volumes = { ...owner, ...seen, uid, passing: pool !== undefined };
  const credentials = credentialsOf(session, options.secrets);
  const ofImage = { ...owner, image: images.session };
  const attached = new platform.IsolatedNetwork(id, { ...owner, ...network }, opts).part;
  const { egress, dns, ports, download, group } = network;
  const shared = group === undefined ? undefined : groups.get(group);
  const list = { ...owner, dns, ports, download, parent, logs, network: attached };
  return [
    new platform.SessionVolumes(id, volumes, opts).part,
    ...(isManaged(agent) ? [new platform.AgentSettings(id, { ...ofImage, ...agent }, opts).part] : []),
    ...(credentials === undefined ? [] : [new platform.Credentials(id, { ...ofImage, parent, logs, ...credentials }, opts).part]),
    ...services.flatMap((name) => options.services?.get(name) ?? []),
    attached,
    ...(shared === undefined ? [] : [shared]),
    ...(typeof egress === "object" && images.proxy !== undefined
      ? [new platform.EgressProxy(id, { ...list, ...egress, image: images.proxy }, opts).part]
      : []),
  ];
}

/** What every image of a deployment is built with. */
export function buildOf(settings: Settings, { base, secrets }: Pick<DeployOptions, "base" | "secrets">) {
  const { caBundle, registry, platform, labels } = settings.image;
  return { base: settings.image.base ?? base, caBundle, registry, platform, labels, parent: parentOf(settings, secrets).ofBuilds };
}

function imagesOf(settings: Settings, { HardenedImage }: PlatformClasses, options: DeployOptions) {
  const { opts } = options;
  const common = buildOf(settings, options);
  const filtered = settings.sessions.some(({ network }) => typeof network.egress === "object");
  return {
    session: new HardenedImage("session", { source: "session", ...settings.image, ...common }, opts).reference,
    proxy: filtered ? new HardenedImage("egress-proxy", { source: "egress-proxy", ...common }, opts).reference : undefined,
  };
}

/** The repositories that a session sees. */
export function repositoriesOf({ repositories }: Session) {
  return repositories.map((one) => (one.kind === "path" ? one : { name: one.name, kind: "clone" as const, clone: cloneName(one) }));
}

/** What a session signs in with; nothing where it does not. */
export function credentialsOf({ credentials }: Session, secrets: Secrets) {
  switch (credentials.kind) {
    case "none":
      return undefined;
    case "hostMount":
      return credentials;
    case "init":
      return { ...credentials, secret: credentials.secret && secrets.reference(credentials.secret) };
    default:
      return { ...credentials, secret: secrets.reference(credentials.secret) };
  }
}

/** The company's proxy, with its password; and as builds of images take it, which sign in by an exception alone. */
function parentOf({ parent }: Settings, secrets: Secrets): { parent?: ParentProxy; ofBuilds?: ParentProxy } {
  if (parent === undefined) return {};
  const { login, exception, ...plain } = parent;
  if (login === undefined) return { parent: plain, ofBuilds: plain };
  const whole = { ...plain, login: { username: login.username, password: secrets.reference(login.secret) } };
  return { parent: whole, ofBuilds: exception === undefined ? plain : whole };
}

/** The part that the sessions of each group have in common. */
function groupsOf(settings: Settings, { GroupNetwork }: PlatformClasses, { stack, opts }: DeployOptions): ReadonlyMap<string, MadePart> {
  if (GroupNetwork === undefined) return new Map();
  const groups = [...new Set(settings.sessions.flatMap(({ network }) => network.group ?? []))];
  const { project, stack: name } = stack;
  return new Map(groups.map((group) => [group, new GroupNetwork(`group-${group}`, { project, stack: name, group }, opts).part]));
}

/** One clone for each URL under each name, whichever sessions name it; settings refuse two refs of one. */
function clonesOf(
  settings: Settings,
  { RepositoryClone }: PlatformClasses,
  { stack, secrets, opts }: DeployOptions,
  more: Pick<RepositoryCloneArgs, "image" | "parent" | "logs">,
): ReadonlyMap<string, InstanceType<PlatformClasses["RepositoryClone"]>> {
  const named = settings.sessions.flatMap(({ id, repositories }) =>
    repositories.flatMap((one) => (one.kind === "url" ? [{ id, name: cloneName(one), one }] : [])),
  );
  const readers = Map.groupBy(named, ({ name }) => name);
  return new Map(
    [...new Map(named.map(({ name, one }) => [name, one])).entries()].map(([name, { credential, ...rest }]) => {
      const signIn = credential && { username: credential.username, password: secrets.reference(credential.secret) };
      const of = { project: stack.project, stack: stack.stack, readers: readers.get(name)?.map(({ id }) => id) ?? [] };
      const args = { ...rest, ...of, ...(signIn !== undefined && { credential: signIn }), ...more };
      return [name, new RepositoryClone(name, args, opts)];
    }),
  );
}
