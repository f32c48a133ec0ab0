import { existsSync, readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { z } from "zod";
import type { HardenedImageArgs } from "../components/hardened-image/args.ts";
import { networkConflicts, type NetworkMode } from "../components/isolated-network/args.ts";
import type { HealthCheck, Limits, Port, Reservations, Security } from "../components/session-container/args.ts";
import { duplicateTargets, targetRefusal, type Workspace } from "../components/session-volumes/args.ts";
import { checkHostPath, type HostPathRules } from "../components/session-volumes/host-path.ts";
import { baseline } from "../policy/baseline.ts";
import { type Deployment, deploymentSchema, type SessionSetting } from "./schema.ts";

/** The version of the agent that images hold unless settings say otherwise. */
export const defaultAgent = { package: "@anthropic-ai/claude-code", version: "2.1.329" } as const;

/** A repository of a session: a folder of this machine, or a URL to clone. */
export type RepositorySetting =
  | { readonly name: string; readonly kind: "path"; readonly path: string }
  | { readonly name: string; readonly kind: "url"; readonly url: string; readonly ref?: string; /** The real path behind a `file://` URL. */ readonly hostPath?: string };

/** One session, with defaults and policy worked in. Sizes are bytes, times are seconds, paths are real. */
export interface Session {
  readonly id: string;
  readonly agentId: string;
  readonly repositories: readonly RepositorySetting[];
  readonly workspace: Workspace;
  readonly limits: Partial<Limits>;
  readonly reservations: Reservations;
  readonly environment: Readonly<Record<string, string>>;
  readonly network: { readonly mode?: NetworkMode; readonly egress: "none" | "open"; readonly dns: readonly string[]; readonly ports: readonly Port[] };
  readonly healthCheck: Partial<HealthCheck>;
  readonly security: Security;
  readonly binds: readonly { readonly source: string; readonly target: string; readonly readOnly: boolean }[];
  readonly agentCommand?: string;
  readonly idleTimeout?: number;
  readonly maxLifetime?: number;
}

/** A whole deployment, checked. */
export interface Settings {
  readonly strategy: "local";
  readonly local: { readonly hostNetwork: boolean; readonly debug: boolean; readonly volumePersistence: boolean };
  readonly engine?: string;
  /** The base is left out where the strategy chooses it. */
  readonly image: Omit<HardenedImageArgs, "base"> & { readonly base?: string };
  readonly allowedHostPaths: readonly string[];
  readonly sessions: readonly Session[];
}

/** What the settings are read against. */
export interface ParseOptions {
  /** Paths in the settings start here. @default the project's root */
  readonly root?: string;
  /** Where `NODE_EXTRA_CA_CERTS` is looked up. @default the process's own */
  readonly environment?: NodeJS.ProcessEnv;
}

/** All that is wrong with a description, one sentence each: key, value, way out. */
export class SettingsError extends Error {
  readonly sentences: readonly string[];

  constructor(sentences: readonly string[]) {
    super(sentences.length === 1 ? `The settings need a change: ${sentences[0]}` : `The settings need ${sentences.length} changes:\n${sentences.map((sentence) => `  ${sentence}`).join("\n")}`);
    this.name = "SettingsError";
    this.sentences = sentences;
  }
}

const projectRoot = fileURLToPath(new URL("..", import.meta.url));

/**
 * Reads the description of a deployment: form, then what belongs together, then the paths on this machine.
 *
 * @param raw the keys of the stack file without their prefix
 * @throws SettingsError with all mistakes at once
 */
export function parse(raw: Readonly<Record<string, unknown>>, options: ParseOptions = {}): Settings {
  const root = options.root ?? projectRoot;
  const form = deploymentSchema.safeParse(raw);
  const sentences = form.success ? [] : form.error.issues.flatMap((issue) => sentencesOf(issue, raw));
  // Entries that have their form are judged further even when others have not, so that all mistakes come at once.
  const judged = form.success ? form.data : salvage(raw);
  const { sessions, mistakes } = resolveSessions(judged, root);
  const image = resolveImage(judged.image, root, options.environment ?? process.env);
  const all = [...sentences, ...mistakes, ...(judged.local?.debug && !existsSync(resolve(root, "src")) ? ["local.debug: true mounts ./src, which is not there; create the folder or set debug: false."] : []), ...image.mistakes];
  if (all.length > 0) throw new SettingsError([...new Set(all)]);
  return {
    strategy: judged.strategy ?? "local",
    local: { hostNetwork: false, debug: false, volumePersistence: true, ...judged.local },
    ...(judged.engine !== undefined && { engine: judged.engine }),
    image: image.args,
    allowedHostPaths: (judged.allowedHostPaths ?? []).map((path) => resolve(root, path)),
    sessions,
  };
}

// ---------------------------------------------------------------------------------------------- sentences

/** Keys whose values may be secret and are never printed. */
const silentKeys = new Set(["environment"]);

function keyName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((name, part) => (typeof part === "number" ? `${name}[${part}]` : name === "" ? String(part) : `${name}.${String(part)}`), "");
}

function valueAt(raw: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((value, part) => (typeof value === "object" && value !== null ? (value as Record<PropertyKey, unknown>)[part] : undefined), raw);
}

/** A value as a sentence shows it; long ones are cut. */
function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "nothing";
  return text.length > 80 ? `${text.slice(0, 77)}…` : text;
}

function sentence(path: readonly PropertyKey[], value: unknown, rest: string): string {
  const key = keyName(path);
  return path.some((part) => silentKeys.has(String(part))) ? `${key}: the value ${rest}.` : `${key}: ${shown(value)} ${rest}.`;
}

function sentencesOf(issue: z.core.$ZodIssue, raw: unknown): string[] {
  const value = valueAt(raw, issue.path);
  if (issue.code === "unrecognized_keys") {
    const place = keyName(issue.path);
    return issue.keys.map((key) => `${place === "" ? key : `${place}.${key}`}: there is no such key; ${knownKeys(issue.path)}.`);
  }
  if (issue.code === "invalid_key") return issue.issues.map((inner) => `${keyName(issue.path)}: ${inner.message}.`);
  if (issue.code === "invalid_union" && issue.errors.some((branch) => branch.length > 0)) {
    // The branch that comes furthest into the value is the one that was meant.
    const nested = issue.errors.filter((branch) => branch.some((inner) => inner.path.length > 0));
    if (nested.length > 0 && typeof value === "object" && value !== null) return nested[0].flatMap((inner) => sentencesOf({ ...inner, path: [...issue.path, ...inner.path] } as z.core.$ZodIssue, raw));
  }
  if (value === undefined) return [`${keyName(issue.path)}: is missing; write a value for it.`];
  const message = /^(Invalid|Expected|Too|Unrecognized)/.test(issue.message) ? `has not the form that is expected here (${issue.message.toLowerCase()})` : issue.message;
  return [sentence(issue.path, value, message)];
}

let form: JsonSchema | undefined;

/** The keys that a place in the settings knows, for the sentence about one that it does not. */
function knownKeys(path: readonly PropertyKey[]): string {
  form ??= z.toJSONSchema(deploymentSchema, { io: "input" }) as JsonSchema;
  let schema: JsonSchema | undefined = form;
  for (const part of path) schema = typeof part === "number" ? schema?.items : (schema?.properties?.[String(part)] ?? schema?.additionalProperties);
  const keys = Object.keys(schema?.properties ?? {});
  return keys.length > 0 ? `known here: ${keys.join(", ")}` : "see stacks/settings.schema.json";
}

interface JsonSchema {
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly additionalProperties?: JsonSchema;
}

/** What of a faulty description has its form, entry by entry. */
function salvage(raw: Readonly<Record<string, unknown>>): Deployment {
  const kept: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(deploymentSchema.shape)) {
    const result = schema.safeParse(raw[key]);
    if (result.success) kept[key] = result.data;
  }
  if (kept.sessions === undefined) {
    const entries = Array.isArray(raw.sessions) ? raw.sessions : [];
    kept.sessions = entries.map((entry, index) => salvageObject(deploymentSchema.shape.sessions.element.shape, entry, index));
  }
  return kept as Deployment;
}

function salvageObject(shape: Readonly<Record<string, z.ZodType>>, value: unknown, index: number): Partial<SessionSetting> {
  if (typeof value !== "object" || value === null) return {};
  const kept: Record<string, unknown> = {};
  for (const [key, schema] of Object.entries(shape)) {
    const given = (value as Record<string, unknown>)[key];
    const result = schema.safeParse(given);
    if (result.success && result.data !== undefined) kept[key] = result.data;
    else if (Array.isArray(given) && schema instanceof z.ZodOptional) {
      // A list of which one entry is faulty: the others are still judged, in their places.
      const element = (schema.unwrap() as z.ZodArray<z.ZodType>).element;
      kept[key] = given.map((entry) => element?.safeParse(entry).data ?? {});
    }
  }
  return { id: `#${index}`, ...kept };
}

// ---------------------------------------------------------------------------------------------- sessions

function resolveSessions(deployment: Deployment, root: string): { sessions: Session[]; mistakes: string[] } {
  const mistakes: string[] = [];
  const seen = new Map<string, number>();
  const published = new Map<string, string>();
  const cloned = new Map<string, { ref: string; session: string }>();
  const sessions = (deployment.sessions ?? []).map((entry, index) => {
    const place = ["sessions", index];
    const first = seen.get(entry.id);
    if (first !== undefined) mistakes.push(`sessions[${index}].id: "${entry.id}" is taken by sessions[${first}]; choose another.`);
    seen.set(entry.id, first ?? index);
    const session = resolveSession(merge(deployment, entry, place, mistakes), deployment, place, root, mistakes);
    for (const repository of session.repositories) {
      if (repository.kind === "path") continue;
      const clone = `${repository.name} ${repository.url}`;
      const { ref = "its default branch" } = repository;
      const other = cloned.get(clone);
      if (other !== undefined && other.ref !== ref) {
        mistakes.push(`sessions[${index}].repositories: "${repository.name}" is taken at ${ref} here and at ${other.ref} by session "${other.session}", and they share one clone; name one ref, or give one of them another name.`);
      }
      cloned.set(clone, other ?? { ref, session: session.id });
    }
    for (const port of session.network.ports) {
      const listens = `${port.address}:${port.host}/${port.protocol}`;
      const other = published.get(listens);
      if (other !== undefined) mistakes.push(`sessions[${index}].network.ports: ${listens} is taken by ${other}; choose another host port.`);
      published.set(listens, `session "${session.id}"`);
    }
    return session;
  });
  return { sessions, mistakes };
}

/** Defaults, then the named policy, then the session: objects key by key, everything else as a whole. */
function merge(deployment: Deployment, entry: SessionSetting, place: readonly PropertyKey[], mistakes: string[]): SessionSetting {
  const policies = deployment.securityPolicies ?? {};
  const policy = entry.securityPolicy === undefined ? undefined : policies[entry.securityPolicy];
  if (entry.securityPolicy !== undefined && policy === undefined) {
    const known = Object.keys(policies);
    mistakes.push(sentence([...place, "securityPolicy"], entry.securityPolicy, known.length > 0 ? `is not under securityPolicies; known: ${known.join(", ")}` : "is not under securityPolicies, which has no entry; add one"));
  }
  const layers = [deployment.defaults ?? {}, policy ?? {}, entry];
  const merged: Record<string, unknown> = {};
  for (const layer of layers) {
    for (const [key, value] of Object.entries(layer)) {
      const plain = typeof value === "object" && value !== null && !Array.isArray(value) && key !== "workspace";
      merged[key] = plain ? { ...(merged[key] as object | undefined), ...value } : value;
    }
  }
  return merged as SessionSetting;
}

function resolveSession(merged: SessionSetting, deployment: Deployment, place: readonly PropertyKey[], root: string, mistakes: string[]): Session {
  const judge = (path: readonly PropertyKey[], value: string, rules: Omit<HostPathRules, "base" | "allowedRoots">): string => {
    const verdict = checkHostPath(value, { base: root, allowedRoots: deployment.allowedHostPaths ?? [], ...rules });
    if ("path" in verdict) return verdict.path;
    mistakes.push(sentence([...place, ...path], value, verdict.refused));
    return value;
  };
  const writable = { writable: true, owner: baseline.user.uid };

  const repositories = (merged.repositories ?? []).flatMap((repository, index): RepositorySetting[] => {
    const path = ["repositories", index];
    if ((repository.path === undefined) === (repository.url === undefined)) {
      if (repository.name !== undefined) mistakes.push(sentence([...place, ...path], repository.name, "needs a path or a url, and not both"));
      return [];
    }
    if (repository.path !== undefined) {
      if (repository.ref !== undefined) mistakes.push(sentence([...place, ...path, "ref"], repository.ref, "belongs to a url; a path is taken as it is"));
      return [{ name: repository.name, kind: "path", path: judge([...path, "path"], repository.path, {}) }];
    }
    const url = repository.url ?? "";
    const hostPath = url.startsWith("file://") ? judge([...path, "url"], decodeURI(url.slice("file://".length)), {}) : undefined;
    return [{ name: repository.name, kind: "url", url, ...(repository.ref !== undefined && { ref: repository.ref }), ...(hostPath !== undefined && { hostPath }) }];
  });

  const binds = (merged.mounts ?? []).flatMap((mount, index) => {
    if (mount.source === undefined || mount.target === undefined) return [];
    const path = ["mounts", index];
    const refused = targetRefusal(mount.target);
    if (refused !== undefined) mistakes.push(sentence([...place, ...path, "target"], mount.target, refused));
    const readOnly = mount.readOnly ?? true;
    return [{ source: judge([...path, "source"], mount.source, readOnly ? {} : writable), target: mount.target, readOnly }];
  });
  if (deployment.local?.debug) binds.push({ source: resolve(root, "src"), target: "/app/src", readOnly: true });
  for (const target of duplicateTargets([...repositories.map(({ name }) => `/repos/${name}`), ...binds.map(({ target }) => target)])) {
    mistakes.push(`${keyName(place)}: two mounts on ${target}; give each a name or target of its own.`);
  }

  const network = resolveNetwork(merged, deployment, place, mistakes);
  return {
    id: merged.id,
    agentId: merged.agentId ?? merged.id,
    repositories,
    workspace: resolveWorkspace(merged, deployment, (path) => judge(["workspace", "path"], path, writable)),
    limits: resolveLimits(merged, place, mistakes),
    reservations: merged.reservations ?? {},
    environment: merged.environment ?? {},
    network,
    healthCheck: merged.healthCheck ?? {},
    security: resolveSecurity(merged, place, root, mistakes),
    binds,
    ...(merged.agentCommand !== undefined && { agentCommand: merged.agentCommand }),
    ...(merged.idleTimeout !== undefined && { idleTimeout: merged.idleTimeout }),
    ...(merged.maxLifetime !== undefined && { maxLifetime: merged.maxLifetime }),
  };
}

function resolveWorkspace(merged: SessionSetting, deployment: Deployment, judge: (path: string) => string): Workspace {
  const workspace: NonNullable<SessionSetting["workspace"]> = merged.workspace ?? { kind: deployment.local?.volumePersistence === false ? "tmpfs" : "volume" };
  switch (workspace.kind) {
    case "volume":
      return workspace;
    case "tmpfs":
      return { kind: "tmpfs", size: workspace.size ?? baseline.limits.workspace };
    case "host":
      return { kind: "host", path: judge(workspace.path) };
  }
}

function resolveLimits(merged: SessionSetting, place: readonly PropertyKey[], mistakes: string[]): Partial<Limits> {
  const limits = Object.fromEntries(Object.entries(merged.limits ?? {}).filter(([, value]) => value !== undefined)) as Partial<Limits>;
  for (const key of ["memory", "cpu"] as const) {
    const reserved = merged.reservations?.[key];
    const limit = limits[key] ?? baseline.limits[key];
    if (reserved !== undefined && reserved > limit) mistakes.push(`${keyName([...place, "reservations", key])}: is more than the limit; lower it or raise limits.${key}.`);
  }
  return limits;
}

/** Reads `container:x` and `custom:x` apart. */
function networkMode(text: string): NetworkMode {
  const [kind, name = ""] = text.split(/:(.*)/);
  if (kind === "container") return { kind, id: name };
  if (kind === "custom") return { kind, name };
  return { kind: kind as "none" | "bridge" | "host" };
}

function resolveNetwork(merged: SessionSetting, deployment: Deployment, place: readonly PropertyKey[], mistakes: string[]): Session["network"] {
  const given = merged.network ?? {};
  const hostNetwork = deployment.local?.hostNetwork === true;
  const mode = given.mode === undefined ? (hostNetwork ? ({ kind: "host" } as const) : undefined) : networkMode(given.mode);
  if (mode?.kind === "host" && !hostNetwork) mistakes.push(sentence([...place, "network", "mode"], "host", "gives up all isolation of the network; set local.hostNetwork: true too if that is meant"));
  const network = {
    ...(mode !== undefined && { mode }),
    egress: given.egress ?? ("none" as const),
    dns: given.dns ?? [],
    ports: (given.ports ?? [])
      .filter((port) => port.host !== undefined)
      .map((port) => ({ container: port.container, host: port.host, address: port.address ?? baseline.publishAddress, protocol: port.protocol ?? ("tcp" as const) })),
  };
  for (const { key, sentence: rest } of networkConflicts(network)) mistakes.push(sentence([...place, "network", key], given[key], `does not fit: ${rest}`));
  return network;
}

function resolveSecurity(merged: SessionSetting, place: readonly PropertyKey[], root: string, mistakes: string[]): Security {
  const { capabilities, seccompProfile, appArmorProfile } = merged.security ?? {};
  let profile: string | undefined;
  if (seccompProfile !== undefined) {
    try {
      profile = JSON.stringify(JSON.parse(readFileSync(resolve(root, seccompProfile), "utf8")));
    } catch (error) {
      mistakes.push(sentence([...place, "security", "seccompProfile"], seccompProfile, `cannot be read as JSON (${(error as Error).message}); name a file with a seccomp profile`));
    }
  }
  return { ...(capabilities !== undefined && { capabilities }), ...(profile !== undefined && { seccompProfile: profile }), ...(appArmorProfile !== undefined && { appArmorProfile }) };
}

// ---------------------------------------------------------------------------------------------- image

function resolveImage(image: Deployment["image"], root: string, environment: NodeJS.ProcessEnv): { args: Settings["image"]; mistakes: string[] } {
  const mistakes: string[] = [];
  const given = image?.caBundle;
  // Whatever the user's own Node trusts, the build has to trust too: it goes through the same proxy.
  const caBundle = given === "none" ? undefined : (given ?? environment.NODE_EXTRA_CA_CERTS);
  const path = caBundle === undefined || isAbsolute(caBundle) ? caBundle : resolve(root, caBundle);
  if (path !== undefined && !readableCertificates(path)) {
    const key = given === undefined ? "NODE_EXTRA_CA_CERTS" : "image.caBundle";
    mistakes.push(`${key}: ${shown(caBundle)} is not a file of PEM certificates; name one, or set image.caBundle: none.`);
  }
  const agent = image?.agent === "none" ? undefined : { ...defaultAgent, ...image?.agent };
  const { revision, created } = image ?? {};
  const args = {
    variant: image?.variant ?? ("slim" as const),
    ...(image?.base !== undefined && { base: image.base }),
    ...(agent !== undefined && { agent: { package: agent.package ?? defaultAgent.package, version: agent.version } }),
    ...(path !== undefined && { caBundle: path }),
    ...(image?.platform !== undefined && { platform: image.platform }),
    labels: { ...(revision !== undefined && { revision }), ...(created !== undefined && { created }) },
  };
  return { args, mistakes };
}

function readableCertificates(path: string): boolean {
  try {
    return readFileSync(path, "utf8").includes("-----BEGIN CERTIFICATE-----");
  } catch {
    return false;
  }
}
