import type * as pulumi from "@pulumi/pulumi";
import type { ParentProxy } from "../parent-proxy/args.ts";
import {
  type KeptSecret,
  keptFile,
  type Logs,
  type Mount,
  type MountSource,
  part,
  type SecretReference,
  type SessionPart,
} from "../session-part.ts";
import { type AuthFile, authFiles, type SessionOwner } from "../session.ts";
import { credentialFetch, fetchedMount } from "./fetch.ts";
import { bedrockEnvironment, type Provided, type Provider } from "./provider.ts";
import { credentialProxy, modelEnvironment, socketMount } from "./proxy.ts";

/** Where a session finds its credentials. */
export const authFolder = "/auth";

const variable = "CLAUDE_AUTH_TOKEN";

/** What one session signs in with. */
export type CredentialsArgs = SessionOwner & {
  /** The session's own image, which has what a credential proxy and an init step run. */
  readonly image: pulumi.Input<string>;
  /** By way of which a credential proxy reaches its upstream, and an init step whatever it asks. @default directly */
  readonly parent?: ParentProxy;
  /** How what these two print is kept. @default json-file */
  readonly logs?: Logs;
} & CredentialsKind;

type CredentialsKind =
  // Files of a folder of the host, by its real path, read-only below `/auth`, and nothing that lies beside them.
  | (Provided & { readonly kind: "hostMount"; readonly path: string; readonly files: readonly AuthFile[] })
  // A secret as a file below `/auth`.
  | (Provided & { readonly kind: "file"; readonly secret: SecretReference })
  // What a command, a line for bash, prints, run once before the session starts in a container of its own with open egress, as a
  // file below `/auth`. A secret given beside it is the file `/secret/token`. Where such a container shares the session's network,
  // its egress is the session's.
  | (Provided & { readonly kind: "init"; readonly command: string; readonly secret?: SecretReference; readonly egress?: "session" })
  // No secret at all: a proxy outside the session adds it to requests to one URL, whose path is the prefix that they must have.
  | (Provided & { readonly kind: "proxy"; readonly secret: SecretReference; readonly upstream: string })
  // A secret as the variable `CLAUDE_AUTH_TOKEN`, which the policy pack refuses without an exception.
  | { readonly kind: "environment"; readonly secret: SecretReference };

/**
 * Where an init step shares the session's network it goes out as the session does: whatever were opened for it would stay open for the
 * session, since the platform's rules know neither which container asks nor when it runs.
 */
export function inSessionNetwork(args: CredentialsArgs): CredentialsArgs {
  if (args.kind !== "init") return args;
  const { parent: _, ...own } = args;
  return { ...own, egress: "session" };
}

/** What a session takes from its credentials. */
export function credentialsPart(args: CredentialsArgs): SessionPart {
  switch (args.kind) {
    case "environment":
      return part({
        secretEnvironment: { [variable]: args.secret },
        authority: [`secret ${args.secret.name} as the variable ${variable}`],
      });
    case "hostMount":
      return part({ mounts: args.files.map((file) => hostFile(args.path, file)), environment: providerEnvironment(args) });
    case "file":
      return part({
        mounts: [{ target: authFolder, readOnly: true, source: authSource(args) }],
        environment: providerEnvironment(args),
        authority: [`secret ${args.secret.name} as a file below ${authFolder}`],
      });
    case "proxy":
      return part({
        mounts: [socketMount(args)],
        environment: modelEnvironment(args),
        companions: [credentialProxy(args)],
        authority: [`secret ${args.secret.name} for ${args.upstream} by way of a proxy`],
      });
    case "init": {
      const known = args.secret === undefined ? "" : ` with secret ${args.secret.name}`;
      return part({
        mounts: [{ ...fetchedMount(args), target: authFolder, readOnly: true }],
        environment: providerEnvironment(args),
        companions: [credentialFetch(args)],
        authority: [
          `secret that an init step with ${args.egress === "session" ? "the session's egress" : "egress to any host"} fetches${known}: ${args.command}`,
        ],
      });
    }
  }
}

function hostFile(folder: string, file: AuthFile): Mount {
  return { target: `${authFolder}/${file}`, readOnly: true, source: { kind: "host", path: `${folder}/${file}` } };
}

function authSource({ provider, secret }: { readonly provider: Provider; readonly secret: SecretReference }): MountSource {
  if (secret.kept !== undefined) return keptFile(secret.kept, keptAuthFile(provider, secret.kept));
  const files = secret.map((value) => {
    const { file, content } = authContent(provider, value);
    return { [file]: content };
  });
  return { kind: "secret", name: "auth", files };
}

/** Of what nobody here reads the key has to tell the form: one that is called as a file is, is that file. */
function keptAuthFile(provider: Provider, { key }: KeptSecret): AuthFile {
  return authFiles.find((file) => file === key) ?? (provider === "bedrock" ? "aws-credentials" : "token");
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
function providerEnvironment({ provider, region }: Provided): Record<string, string> {
  return provider === "anthropic" ? {} : { ...bedrockEnvironment(region), AWS_SHARED_CREDENTIALS_FILE: "/auth/aws-credentials" };
}
