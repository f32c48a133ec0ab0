import type * as pulumi from "@pulumi/pulumi";
import { byWayOf, type ParentProxy, parentFor } from "../parent-proxy/args.ts";
import { baseline } from "../../policy/baseline.ts";
import {
  type Job,
  jobLimits,
  type Logs,
  type Mount,
  scratch,
  type SecretReference,
  secretMount,
  type Service,
  serviceLimits,
} from "../session-part.ts";
import { cloneName, type Owner } from "../session.ts";

/** A repository that is cloned once and read by every session that names the same URL. */
export interface RepositoryCloneArgs extends Owner {
  /** The name under `/repos`. */
  readonly name: string;
  /** `https://`, `http://`, `git://`, `ssh://` or `file://` URL. No password in it. */
  readonly url: string;
  /** A branch, tag or commit; a changed one updates the clone. @default the remote's own default branch */
  readonly ref?: string;
  /** For a `file://` URL: the real path on the host. */
  readonly hostPath?: string;
  /** Signs in where the URL leads, and nowhere else; no session sees it. @default nothing */
  readonly credential?: { readonly username: string; readonly password: SecretReference };
  /** By way of which an http or https URL is reached; git's other protocols know no such proxy. @default directly */
  readonly parent?: ParentProxy;
  /** How what the clone prints is kept, in files of a size of its own. @default json-file */
  readonly logs?: Logs;
  /** An image with git; the sessions' own. */
  readonly image: pulumi.Input<string>;
  /** Ids of the sessions that read it, which a platform lets in where each has a copy of its own. @default [] */
  readonly readers?: readonly string[];
}

/** Where a clone of a folder of the host finds it. */
const mounted = "/source";

/** Clones a repository into a volume, in a container that runs once and holds no more rights than a session. */
export function repositoryClone(args: RepositoryCloneArgs): Job {
  const { url, ref = "", hostPath, credential, image } = args;
  const name = cloneName(args);
  const way = byWayOf(/^https?:/.test(url) ? parentFor(args.parent, new URL(url).hostname) : undefined);
  const folder = (path: string): Mount => ({ target: mounted, readOnly: true, source: { kind: "host", path } });
  return {
    name,
    kind: "repository",
    runs: "before",
    image,
    program: [...way.program, "/usr/local/bin/repository-fetch"],
    environment: {
      REPOSITORY_REF: ref,
      REPOSITORY_URL: hostPath === undefined ? url : `file://${mounted}`,
      ...(credential !== undefined && { REPOSITORY_USERNAME: credential.username }),
      ...way.environment,
    },
    mounts: [
      // The session image's workspace belongs to the agent, and a new volume takes that over.
      { target: "/workspace", readOnly: false, source: { kind: "shared", name } },
      ...(hostPath === undefined ? [] : [folder(hostPath)]),
      ...(credential === undefined ? [] : [secretMount("password", credential.password)]),
      ...way.mounts,
      scratch,
    ],
    limits: jobLimits,
    reaches: hostPath === undefined ? "any host" : "nothing",
  };
}

/** Where the keeper of a clone hands it out. */
export const mirrorPort = 8418;

const mirror = ["node", "/usr/local/lib/agent-sessions/repository-mirror.js"] as const;

/**
 * Hands a clone out to sessions that can see no volume of it, each of which makes a copy before it starts. It knows no secret of
 * the clone's, and changes nothing in it.
 */
export function repositoryMirror(args: RepositoryCloneArgs): Service {
  const name = cloneName(args);
  return {
    name,
    kind: "repository",
    runs: "beside",
    image: args.image,
    program: mirror,
    environment: { LISTEN_PORT: String(mirrorPort) },
    mounts: [{ target: "/workspace", readOnly: true, source: { kind: "shared", name } }, scratch],
    limits: serviceLimits,
    health: { ...baseline.healthCheck, command: [...mirror, "--check"] },
    reaches: "nothing",
  };
}

/** The mirror's name for those that copy its clone. */
export const mirrorHost = ({ name }: Pick<RepositoryCloneArgs, "name">): string => `repository-${name}`;

/** Copies a clone from its mirror, for one session. @param host by which the mirror is found */
export function repositoryCopy(args: RepositoryCloneArgs, host = mirrorHost(args)): Job {
  return {
    name: `clone-${args.name}`,
    kind: "repository",
    runs: "before",
    image: args.image,
    program: ["/usr/local/bin/repository-copy"],
    environment: { REPOSITORY_MIRROR: `${host}:${mirrorPort}` },
    mounts: [{ target: "/workspace", readOnly: false, source: { kind: "shared", name: cloneName(args) } }, scratch],
    limits: jobLimits,
    reaches: "nothing",
  };
}

/** What a clone may know, naming the secret and never its value. */
export function cloneAuthority({ name, url, credential }: Pick<RepositoryCloneArgs, "name" | "url" | "credential">): string[] {
  return credential === undefined ? [] : [`repository ${name}: secret ${credential.password.name} to clone ${url}`];
}
