import { createHash } from "node:crypto";
import { baseline } from "../../policy/baseline.ts";
import type { Owner, SessionOwner } from "../session.ts";

/** The labels by which the objects of a stack are found, and told apart. None of them changes in an object's life. */
export const labelNames = {
  name: "app.kubernetes.io/name",
  managedBy: "app.kubernetes.io/managed-by",
  project: "agent-sessions/project",
  stack: "agent-sessions/stack",
  /** On what a session is, or keeps. */
  session: "agent-sessions/session",
  /** On what stands beside a session and is none. */
  serves: "agent-sessions/serves",
  /** On what a clone of a repository is, or hands it out. */
  repository: "agent-sessions/repository",
  kind: "agent-sessions/kind",
} as const;

export type ClusterLabels = Readonly<Record<string, string>>;

/** A text cut to so many characters, with a hash of all of it at its end. */
function cut(text: string, longest: number): string {
  const hash = createHash("sha256").update(text).digest("hex").slice(0, 8);
  return `${text.slice(0, longest - hash.length - 1)}-${hash}`;
}

/** A name of at most 63 characters, which is what parts of a pod and what DNS finds may have. */
export const shortened = (name: string): string => (name.length <= 63 ? name : cut(name, 63));

/** A text as a label can carry it: the same text where it can. Names of projects and stacks may be longer, or end in a dot. */
export function labelValue(text: string): string {
  if (/^(?=.{1,63}$)[A-Za-z0-9]([\w.-]*[A-Za-z0-9])?$/.test(text)) return text;
  return cut(text.replace(/^[^A-Za-z0-9]+/, ""), 63);
}

/** The labels of everything that is made for a stack. */
export const stackLabels = ({ project, stack }: Owner): ClusterLabels => ({
  [labelNames.managedBy]: baseline.createdBy,
  [labelNames.project]: labelValue(project),
  [labelNames.stack]: labelValue(stack),
});

/** The labels of what a session is, or keeps. @param kind `session` for the session itself, else what it is of it: `workspace` */
export const sessionLabels = (owner: SessionOwner, kind: string): ClusterLabels => ({
  ...stackLabels(owner),
  [labelNames.name]: "agent-session",
  [labelNames.session]: owner.sessionId,
  [labelNames.kind]: kind,
});

/** The labels of what stands beside a session. @param kind that of the companion */
export const servingLabels = (owner: SessionOwner, kind: string): ClusterLabels => ({
  ...stackLabels(owner),
  [labelNames.name]: kind,
  [labelNames.serves]: owner.sessionId,
  [labelNames.kind]: kind,
});

/** The labels of what makes a clone, and keeps it. @param clone its name */
export const repositoryLabels = (owner: Owner, clone: string): ClusterLabels => ({
  ...stackLabels(owner),
  [labelNames.name]: "repository",
  [labelNames.repository]: labelValue(clone),
  [labelNames.kind]: "repository",
});

/** Those of an object's labels by which its pods are selected. */
export function selectorOf(labels: ClusterLabels): ClusterLabels {
  const { project, stack, session, serves, repository, kind } = labelNames;
  const selecting: readonly string[] = [project, stack, session, serves, repository, kind];
  return Object.fromEntries(Object.entries(labels).filter(([name]) => selecting.includes(name)));
}

/**
 * Has the provider not wait until an object does what it is for: a claim is bound only when a pod uses it, a Service has
 * addresses only when pods stand behind it. What depends on them is what waits.
 */
export const notAwaited = { "pulumi.com/skipAwait": "true" } as const;

/**
 * Has what outlives a stack set by the same field manager in the stack's next life. The provider's own name for one is random, and the
 * cluster refuses each field that has another value than the one before set. Another stack's name is another, and is still refused.
 */
export const setByStack = ({ project, stack }: Owner): ClusterLabels => ({
  "pulumi.com/patchFieldManager": shortened(`${baseline.createdBy}/${project}/${stack}`),
});
