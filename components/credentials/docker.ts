import * as pulumi from "@pulumi/pulumi";
import { authStem, authVolumeName, sessionLabels } from "../session.ts";
import { authContent, authFolder, type CredentialsArgs, type CredentialsForSession, hostMounts, providerEnvironment } from "./args.ts";
import { CredentialFetch } from "./fetch.ts";
import { CredentialProxy } from "./proxy.ts";
import { SecretFile } from "./secret-file.ts";

const target = authFolder;
const variable = "CLAUDE_AUTH_TOKEN";

/** What one session signs in with. A changed secret file is read anew by the session, which keeps running. */
export class Credentials extends pulumi.ComponentResource {
  /** What the session container takes. */
  readonly forSession: CredentialsForSession;

  constructor(name: string, args: CredentialsArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:Credentials", name, {}, opts);
    this.forSession = this.#make(name, args);
    this.registerOutputs({ authority: this.forSession.authority });
  }

  #make(name: string, args: CredentialsArgs): CredentialsForSession {
    const nothing = { mounts: [], environment: {}, secretEnvironment: {}, authority: [], resources: [] };
    switch (args.kind) {
      case "environment":
        return {
          ...nothing,
          secretEnvironment: { [variable]: pulumi.secret(args.value) },
          authority: [`secret ${args.secretName} as the variable ${variable}`],
        };
      case "hostMount":
        return {
          ...nothing,
          mounts: hostMounts(args),
          environment: providerEnvironment(args),
        };
      case "file": {
        const { sessionId, stack, image } = args;
        const { file, content } = authContent(args.provider, args.value);
        const labels = { ...sessionLabels(sessionId, stack), kind: "auth" };
        const secret = new SecretFile(
          `${name}-auth`,
          { volume: authVolumeName(sessionId, file), carrier: authStem(sessionId), target, files: { [file]: content }, image, labels },
          { parent: this },
        );
        return {
          ...nothing,
          mounts: [secret.mount],
          environment: providerEnvironment(args),
          authority: [`secret ${args.secretName} as ${target}/${file}`],
          resources: secret.resources,
        };
      }
      case "proxy": {
        const { mount, environment, resources } = new CredentialProxy(`${name}-credential-proxy`, args, { parent: this });
        return {
          ...nothing,
          mounts: [mount],
          environment,
          resources,
          authority: [`secret ${args.secretName} for ${args.upstream} by way of a proxy`],
        };
      }
      case "init": {
        const { secretName, command } = args;
        const step = new CredentialFetch(`${name}-auth`, { ...args, target }, { parent: this });
        const known = secretName === undefined ? "" : ` with secret ${secretName}`;
        return {
          ...nothing,
          mounts: [step.mount],
          environment: providerEnvironment(args),
          authority: [`secret that an init step with egress to any host fetches${known}: ${command}`],
          resources: step.resources,
        };
      }
    }
  }
}
