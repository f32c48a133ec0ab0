/** What went wrong when a cluster was asked, as a sentence. */
export class ClusterError extends Error {
  /** HTTP's status, where the API server answered. */
  readonly code: number | undefined;

  constructor(message: string, code?: number) {
    super(message);
    this.code = code;
  }
}

/** Which cluster was asked, for sentences. */
export interface Asked {
  readonly context: string;
  readonly server: string;
}

/** Swallows an answer of the API server by its status: 404 is "not there", 409 "there already, or changed meanwhile". */
export function ignore(...codes: number[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes((error as { code?: number }).code ?? 0)) throw error;
    return undefined;
  };
}

/**
 * An API whose failures are sentences. The client library's own messages hold headers and whole answers, and name neither
 * context nor server.
 */
export function explained<Api extends object>(api: Api, asked: Asked): Api {
  return new Proxy(api, {
    get(target, key) {
      const member: unknown = Reflect.get(target, key);
      if (typeof member !== "function") return member;
      return (...given: unknown[]) => {
        const answer: unknown = member.apply(target, given);
        return answer instanceof Promise ? answer.catch((error: unknown) => Promise.reject(explain(error, asked))) : answer;
      };
    },
  });
}

/** Says what an error of the client library means. */
export function explain(error: unknown, { context, server }: Asked): ClusterError {
  if (error instanceof ClusterError) return error;
  const { code, body, cause, message } = error as {
    code?: unknown;
    body?: unknown;
    cause?: { code?: string; message?: string };
    message: string;
  };
  const said = messageIn(body);
  const reason = cause?.code ?? cause?.message ?? (typeof code === "string" ? code : undefined);
  if (reason !== undefined)
    return new ClusterError(
      `the API server of context "${context}" does not answer at ${server} (${reason}); see that the cluster runs and that this machine reaches it`,
    );
  if (typeof code !== "number") return new ClusterError(`context "${context}": ${message}`);
  if (code === 401)
    return new ClusterError(
      `the API server of context "${context}" does not know who asks (401); sign in to the cluster anew, or mend the user of that context in the kubeconfig`,
      code,
    );
  if (code === 403)
    return new ClusterError(
      `context "${context}" may not do this (403): ${said}; ask who runs the cluster for a role with that right, or name another context`,
      code,
    );
  return new ClusterError(`the API server of context "${context}" answered ${code}: ${said}`, code);
}

/** The message of an answer, which is a Status as text or as an object. */
function messageIn(body: unknown): string {
  try {
    const { message } = (typeof body === "string" ? JSON.parse(body) : body) as { message?: unknown };
    return typeof message === "string" && message !== "" ? message : "it does not say why";
  } catch {
    return "it does not say why";
  }
}
