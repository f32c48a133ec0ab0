import type * as pulumi from "@pulumi/pulumi";
import { isManaged } from "../../components/agent-settings/args.ts";
import { isolationOf } from "../../components/isolated-network/args.ts";
import { type ParentProxy, parentAuthority } from "../../components/parent-proxy/args.ts";
import { authorityOf } from "../../components/session-container/args.ts";
import type { MadePart } from "../../components/session-part.ts";
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
  /** See SessionContainerArgs. */
  readonly debug: boolean;
  /** Of every component. */
  readonly opts: pulumi.ComponentResourceOptions;
}

/** Deploys the sessions that settings describe: the same parts on every platform, made by its own classes. */
export function deploySessions(settings: Settings, platform: PlatformClasses, options: DeployOptions): Deployed {
  const { parent, ofBuilds } = parentOf(settings, options.secrets);
  const images = imagesOf(settings, platform, options, ofBuilds);
  const clones = clonesOf(settings, platform, options, { image: images.session, ...(parent !== undefined && { parent }) });
  const common: Common = { platform, options, parent, images, clones };
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
  readonly images: ReturnType<typeof imagesOf>;
  readonly clones: ReturnType<typeof clonesOf>;
}

function makeSession(session: Session, common: Common): { deployed: Deployed["sessions"][string]; authority: readonly string[] } {
  const { platform, options, images, clones } = common;
  const { id, network, repositories } = session;
  const parts = makeParts(session, common);
  const args = {
    ...ownerOf(session, options),
    ...runOf(session),
    image: images.session,
    debug: options.debug,
    network,
    parts,
    repositories: repositories.map(({ name }) => name),
    ...(options.folders !== undefined && { folders: options.folders }),
  };
  const cloned = repositories.flatMap((one) => (one.kind === "url" ? (clones.get(cloneName(one))?.resources ?? []) : []));
  const dependsOn = [...parts.flatMap(({ resources }) => resources), ...cloned];
  const { deployed } = new platform.SessionContainer(id, args, { ...options.opts, dependsOn });
  return { deployed: { ...deployed, isolation: isolationOf(network) }, authority: authorityOf(args) };
}

const ownerOf = ({ id }: Session, { stack: { project, stack } }: DeployOptions) => ({ project, stack, sessionId: id });

/** What a session's container is told by its own settings. */
function runOf(session: Session) {
  const { agentId, uid, agentCommand, agent, retries, environment, limits, reservations, healthCheck, security } = session;
  const { idleTimeout, maxLifetime } = session;
  const given = { agentId, uid, agentCommand, agent, retries, environment, limits, reservations, healthCheck, security };
  return { ...given, idleTimeout, maxLifetime };
}

function makeParts(session: Session, { platform, options, parent, images }: Common): MadePart[] {
  const { id, workspace, binds, limits, agent, network } = session;
  const { opts } = options;
  const owner = ownerOf(session, options);
  const volumes = { ...owner, repositories: repositoriesOf(session), workspace, tmp: limits.tmp, binds };
  const credentials = credentialsOf(session, options.secrets);
  const ofImage = { ...owner, image: images.session };
  const attached = new platform.IsolatedNetwork(id, { ...owner, ...network }, opts).part;
  const { egress, dns, ports, download } = network;
  const list = { ...owner, dns, ports, download, parent, network: attached };
  return [
    new platform.SessionVolumes(id, volumes, opts).part,
    ...(isManaged(agent) ? [new platform.AgentSettings(id, { ...ofImage, ...agent }, opts).part] : []),
    ...(credentials === undefined ? [] : [new platform.Credentials(id, { ...ofImage, parent, ...credentials }, opts).part]),
    attached,
    ...(typeof egress === "object" && images.proxy !== undefined
      ? [new platform.EgressProxy(id, { ...list, ...egress, image: images.proxy }, opts).part]
      : []),
  ];
}

function imagesOf(settings: Settings, { HardenedImage }: PlatformClasses, { base, opts }: DeployOptions, parent: ParentProxy | undefined) {
  const { caBundle, registry, platform, labels } = settings.image;
  const common = { base: settings.image.base ?? base, caBundle, registry, platform, labels, parent };
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

/** One clone for each URL under each name, whichever sessions name it; settings refuse two refs of one. */
function clonesOf(
  settings: Settings,
  { RepositoryClone }: PlatformClasses,
  { stack, secrets, opts }: DeployOptions,
  more: { readonly image: pulumi.Input<string>; readonly parent?: ParentProxy },
): ReadonlyMap<string, InstanceType<PlatformClasses["RepositoryClone"]>> {
  const urls = settings.sessions.flatMap(({ repositories }) => repositories.flatMap((one) => (one.kind === "url" ? [one] : [])));
  return new Map(
    [...new Map(urls.map((one) => [cloneName(one), one])).entries()].map(([name, { credential, ...rest }]) => {
      const signIn = credential && { username: credential.username, password: secrets.reference(credential.secret) };
      const args = { ...rest, project: stack.project, stack: stack.stack, ...(signIn !== undefined && { credential: signIn }), ...more };
      return [name, new RepositoryClone(name, args, opts)];
    }),
  );
}
