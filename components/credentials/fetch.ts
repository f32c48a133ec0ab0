import type * as pulumi from "@pulumi/pulumi";
import { byWayOf, noProxyText, type ParentProxy } from "../parent-proxy/args.ts";
import { type Job, jobLimits, type Mount, scratch, type SecretReference, secretMount } from "../session-part.ts";
import { authStem } from "../session.ts";
import type { Provider } from "./provider.ts";

export interface CredentialFetchArgs {
  readonly sessionId: string;
  /** The session's own image. */
  readonly image: pulumi.Input<string>;
  readonly provider: Provider;
  /** A line for bash; what it prints is the credential. It stands in plain state. */
  readonly command: string;
  /** A secret that the command needs, at `/secret/token`. @default none */
  readonly secret?: SecretReference;
  /** By way of which the command reaches any host, where its programs heed the usual variables. @default directly */
  readonly parent?: ParentProxy;
}

/**
 * Fetches a session's credential before the session starts, in a container that runs once, holds no more rights than a
 * session and reaches any host. A changed command or secret runs it again.
 */
export function credentialFetch(args: CredentialFetchArgs): Job {
  const { sessionId, image, provider, command, secret, parent } = args;
  const way = byWayOf(parent);
  return {
    name: authStem(sessionId),
    kind: "auth",
    runs: "before",
    image,
    program: [...way.program, "/usr/local/bin/credential-fetch"],
    environment: {
      FETCH_COMMAND: command,
      FETCH_PROVIDER: provider,
      ...way.environment,
      ...(parent?.noProxy?.length && { PARENT_NO_PROXY: noProxyText(parent) }),
    },
    mounts: [fetchedMount(args), ...(secret === undefined ? [] : [secretMount("token", secret)]), ...way.mounts, scratch],
    limits: jobLimits,
    reaches: "any host",
    again: true,
  };
}

/** Where it leaves what it has fetched. */
export function fetchedMount({ sessionId }: Pick<CredentialFetchArgs, "sessionId">): Mount {
  // The session image's workspace belongs to the agent, and a new volume takes that over.
  return { target: "/workspace", readOnly: false, source: { kind: "companion", companion: authStem(sessionId), leaves: "files" } };
}
