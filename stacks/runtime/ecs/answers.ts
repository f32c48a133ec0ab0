/** Where in AWS a stack's sessions are. */
export interface FargatePlace {
  readonly region: string;
  /** The account that a stack is for. @default whichever the credentials are of */
  readonly account?: string;
  /** Of AWS's configuration. @default what the environment says */
  readonly profile?: string;
  /** The name of the ECS cluster. */
  readonly cluster: string;
}

/** What went wrong when AWS was asked, as a sentence. */
export class FargateError extends Error {
  /** AWS's name of it, where AWS answered. */
  readonly code: string | undefined;

  constructor(message: string, code?: string) {
    super(message);
    this.code = code;
  }
}

/** Swallows an answer of AWS by its name, such as `ClusterNotFoundException`. */
export function ignore(...codes: string[]): (error: unknown) => undefined {
  return (error) => {
    if (!codes.includes((error as { code?: string }).code ?? "")) throw error;
    return undefined;
  };
}

/** What AWS answers to whom it does not know, or no longer. */
const unknown = /^(UnrecognizedClient|InvalidClientTokenId|InvalidSignature|SignatureDoesNotMatch|ExpiredToken|RequestExpired|AuthFailure)/;
/** What AWS answers to whom it does not let do this. */
const forbidden = /^(AccessDenied|UnauthorizedOperation|NotAuthorized)/;

/** Says what an error of the SDK means. Its own messages name neither region nor profile. */
export function explain(error: unknown, place: FargatePlace): FargateError {
  if (error instanceof FargateError) return error;
  const {
    name = "",
    message,
    $metadata,
    code,
  } = error as {
    name?: string;
    message: string;
    $metadata?: { httpStatusCode?: number };
    code?: string;
  };
  const where = placeText(place);
  const signIn = `sign in anew${place.profile === undefined ? "" : ` ("aws sso login --profile ${place.profile}")`}, or name another profile by agent-sessions:ecs: {profile: NAME}`;
  if (name === "CredentialsProviderError") return new FargateError(`nothing is there to sign in to AWS with (${where}); ${signIn}`, name);
  if (unknown.test(name)) return new FargateError(`AWS does not know who asks (${where}): ${message}; ${signIn}`, name);
  if (forbidden.test(name))
    return new FargateError(`AWS does not let you do this (${where}): ${message}; ask who runs the account for that right`, name);
  if ($metadata?.httpStatusCode === undefined)
    return new FargateError(`AWS does not answer (${where}): ${code ?? name}; see that this machine reaches it and the region is right`);
  return new FargateError(`AWS answered ${name} (${where}): ${message}`, name);
}

/** As people are told where something is. */
export function placeText({ cluster, region, account, profile }: FargatePlace): string {
  const who = [...(account === undefined ? [] : [`account ${account}`]), ...(profile === undefined ? [] : [`profile ${profile}`])];
  return [`ECS cluster ${cluster} in ${region}`, ...who].join(", ");
}
