import type * as pulumi from "@pulumi/pulumi";
import type { AuthFile } from "../session.ts";
import type { ParentProxy } from "../parent-proxy/args.ts";
import type { Mount } from "../session-volumes/args.ts";

/** Who answers the agent. */
export type Provider = "anthropic" | "bedrock";

/** Where a session finds its credentials. */
export const authFolder = "/auth";

/** Where a session finds the socket of its credential proxy. */
export const proxyFolder = "/run/credential-proxy";

/** What one session signs in with. */
export type CredentialsArgs = {
  readonly sessionId: string;
  /** `<project>/<stack>`; becomes a label. */
  readonly stack: string;
  /** An image for the container that only carries the file into the volume and never starts; the session's own. */
  readonly image: pulumi.Input<string>;
  /** By way of which a credential proxy reaches its upstream, and an init step whatever it asks. @default directly */
  readonly parent?: ParentProxy;
} & CredentialsKind;

type CredentialsKind =
  // Files of a folder of the host, by its real path, read-only below `/auth`, and nothing that lies beside them.
  | (Provided & HostFiles & { readonly kind: "hostMount" })
  // A secret as a file below `/auth`.
  | (Provided & Secret & { readonly kind: "file" })
  // What a command, a line for bash, prints, run once before the session starts in a container of its own with open egress, as a
  // file below `/auth`. A secret given beside it is the file `/secret/token`.
  | (Provided & Partial<Secret> & { readonly kind: "init"; readonly command: string })
  // No secret at all: a proxy outside the session adds it to requests to one URL, whose path is the prefix that they must have.
  | (Provided & Secret & { readonly kind: "proxy"; readonly upstream: string })
  // A secret as the variable `CLAUDE_AUTH_TOKEN`, which the policy pack refuses without an exception.
  | (Secret & { readonly kind: "environment" });

/** Credentials in a folder of the host. */
interface HostFiles {
  /** The folder. */
  readonly path: string;
  readonly files: readonly AuthFile[];
}

/** What a session sees of them. */
export function hostMounts({ path, files }: HostFiles): Mount[] {
  return files.map((file) => ({ target: `${authFolder}/${file}`, readOnly: true, source: { kind: "bind", path: `${path}/${file}` } }));
}

interface Secret {
  /** The secret itself. It goes into no other input than that of the file or the variable. */
  readonly value: string;
  /** What people call it: where it was read from. */
  readonly secretName: string;
}

/** Who answers the agent. */
export interface Provided {
  readonly provider: Provider;
  /** The AWS region; bedrock alone. */
  readonly region?: string;
}

/** What a session container takes from its credentials. */
export interface CredentialsForSession {
  readonly mounts: readonly Mount[];
  /** Plain variables. */
  readonly environment: Readonly<Record<string, string>>;
  /** Variables whose values are secret. */
  readonly secretEnvironment: Readonly<Record<string, pulumi.Output<string>>>;
  /** What the session may know, as fragments of plain sentences that name each secret and never its value. */
  readonly authority: readonly string[];
  /** The resources that must be there first. */
  readonly resources: readonly pulumi.Resource[];
}

/** A secret as the agent finds it below `/auth`. */
export interface AuthContent {
  readonly file: AuthFile;
  readonly content: string;
}

/** Gives a secret the file that its form asks for, which the agent reads anew when it changes. */
export function authContent(provider: Provider, value: string): AuthContent {
  if (provider === "bedrock") return { file: "aws-credentials", content: `${value}\n` };
  if (value.startsWith("{")) return { file: ".credentials.json", content: `${value}\n` };
  if (!value.startsWith("sk-ant-oat")) return { file: "token", content: `${value}\n` };
  // A long-lived token (claude setup-token) in the agent's own form. It is not refreshed, so the day is beyond its life.
  const claudeAiOauth = {
    accessToken: value,
    refreshToken: null,
    expiresAt: Date.UTC(2100, 0),
    scopes: ["user:inference"],
    subscriptionType: null,
  };
  return { file: ".credentials.json", content: `${JSON.stringify({ claudeAiOauth })}\n` };
}

/** Plain variables by which the agent finds its provider. */
export function providerEnvironment({ provider, region }: Provided): Record<string, string> {
  return provider === "anthropic" ? {} : { ...bedrockEnvironment(region), AWS_SHARED_CREDENTIALS_FILE: "/auth/aws-credentials" };
}

/** Plain variables that have the agent ask Bedrock, however its requests are signed. */
export function bedrockEnvironment(region: string | undefined): Record<string, string> {
  return { CLAUDE_CODE_USE_BEDROCK: "1", ...(region !== undefined && { AWS_REGION: region }) };
}
