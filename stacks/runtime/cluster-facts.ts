/** What verify asks of a cluster: who else may be there, and what its objects say of each other. */
export interface ClusterFacts {
  readonly namespace: string;
  /** The level of Pod Security that the namespace enforces, and at which version; empty where it says nothing. */
  readonly podSecurity: { readonly level: string; readonly version: string } | { readonly notTried: string };
  /** What no sealed session may reach, although it is there for others. */
  readonly targets: readonly ClusterTarget[];
  readonly sessions: ReadonlyMap<string, SessionFacts>;
}

/** Something of a cluster that listens. */
export interface ClusterTarget {
  /** Such as `the API server`. */
  readonly what: string;
  readonly address: string;
  readonly port: number;
  /** Whom it serves alone: one session, or those that may reach any public host, who ask it for names. @default nobody of them */
  readonly serves?: { readonly session: string } | "open";
}

/** What a cluster's objects say of one session. */
export interface SessionFacts {
  /** What its policies open together that its own keep closed, each with the policy; judged anew for each by its settings. */
  opened(open: boolean): { readonly opened: readonly string[]; readonly unjudged: readonly string[] };
  /** How its pod is given a token for the API server; empty where it is not. */
  readonly tokens: readonly string[];
  /** What its account may do with Secrets and pods of the namespace; or why that is not known. */
  readonly rights: readonly string[] | { readonly notTried: string };
}
