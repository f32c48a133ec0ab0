import { createHash } from "node:crypto";
import type { Owner, SessionOwner } from "../session.ts";

/** The tags by which the objects of a stack are found, and told apart. None of them changes in an object's life. */
export const tagNames = {
  project: "agent-sessions:project",
  stack: "agent-sessions:stack",
  /** On what a session is, or keeps. */
  session: "agent-sessions:session",
  /** On what stands beside a session and is none. */
  serves: "agent-sessions:serves",
  /** On what a clone of a repository is, or makes it. */
  repository: "agent-sessions:repository",
  kind: "agent-sessions:kind",
} as const;

export type Tags = Readonly<Record<string, string>>;

/** The tags of everything that is made for a stack, which the provider sets. */
export const stackTags = ({ project, stack }: Owner): Tags => ({ [tagNames.project]: project, [tagNames.stack]: stack });

/** The tags of what a session is, or keeps. @param kind `session` for the session itself, else what it is of it: `workspace` */
export const sessionTags = ({ sessionId }: Pick<SessionOwner, "sessionId">, kind: string): Tags => ({
  [tagNames.session]: sessionId,
  [tagNames.kind]: kind,
});

/** The tags of what stands beside a session. @param kind that of the companion */
export const servingTags = ({ sessionId }: Pick<SessionOwner, "sessionId">, kind: string): Tags => ({
  [tagNames.serves]: sessionId,
  [tagNames.kind]: kind,
});

/** The tags of what makes a clone, and keeps it. @param clone its name */
export const repositoryTags = (clone: string): Tags => ({ [tagNames.repository]: clone, [tagNames.kind]: "repository" });

/** The tags of what all sessions of a stack share. @param kind what it is: `storage` */
export const sharedTags = (kind: string): Tags => ({ [tagNames.kind]: kind });

/** The name of a stack's ECS cluster, and the stem of the names of what else an account has but one of. */
export const clusterName = ({ stack }: Pick<Owner, "stack">): string => `agent-sessions-${stack}`;

/**
 * A name that an account has but one of, of at most 64 characters, which is what roles and log streams may have: the same name
 * where it is no longer, else cut, with a hash of all of it at its end.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 */
export const accountName = (owner: Pick<Owner, "stack">, name: string): string => cut(`${clusterName(owner)}-${name}`, 64);

/** A text of at most so many characters; where it is longer, it has a hash of all of it at its end. */
function cut(text: string, longest: number): string {
  if (text.length <= longest) return text;
  return `${text.slice(0, longest - 9)}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`;
}

/**
 * A folder of a stack's in a file system, of which an access point takes 100 characters and four folders at most.
 *
 * @param of a session's id, or what else it is for
 * @see https://docs.aws.amazon.com/efs/latest/ug/API_RootDirectory.html
 */
export const folderName = ({ stack }: Pick<Owner, "stack">, of: string, kind: string): string =>
  `/${cut(stack, 36)}/${cut(of, 50)}/${kind}`;

/** Where what is named by a path begins for a stack: `agent-sessions/<project>/<stack>`. */
export const stackPath = ({ project, stack }: Owner): string => `agent-sessions/${project}/${stack}`;

/** The log group of a session, or of what is called so: `s-proxy`. */
export const logGroupName = (owner: Owner, name: string): string => `/${stackPath(owner)}/${name}`;

/** What the log group is called in which ECS Exec records what people do. No session is called so, as an id has no dot. */
export const executeLog = "execute.record";

/** The name of a secret in Secrets Manager. @param of the session's id, or what else reads it @param what it is: `auth` */
export const secretName = (owner: Owner, of: string, what: string): string => `${stackPath(owner)}/${of}/${what}`;

/**
 * What the names end in by which a stack's sessions find what serves them. Two stacks may share a VPC, and so a resolver.
 *
 * @see https://docs.aws.amazon.com/cloud-map/latest/api/API_CreatePrivateDnsNamespace.html
 */
export const domainOf = ({ project, stack }: Owner): string => `${toLabel(stack)}.${toLabel(project)}.internal`;

/** A text as a part of a host's name, of at most 63 characters: the same text where it can be one. */
export function toLabel(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/.test(text)) return text;
  const plain = text
    .toLowerCase()
    .replaceAll(/[^a-z0-9-]/g, "-")
    .replace(/^-+/, "");
  return `${plain.slice(0, 54)}-${createHash("sha256").update(text).digest("hex").slice(0, 8)}`.replace(/^-/, "");
}
