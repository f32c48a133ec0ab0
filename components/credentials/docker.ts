import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { ownVolumeGuard } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
import { containerName, sessionLabels } from "../session-container/args.ts";
import { type AuthContent, authContent, type AuthFile, type CredentialsArgs, type CredentialsForSession, providerEnvironment } from "./args.ts";

const target = "/auth";
const variable = "CLAUDE_AUTH_TOKEN";

/**
 * What one session signs in with. A secret file goes into a volume of the session's own by way of a container that never
 * starts; a changed secret replaces that container alone, and the session reads the file anew.
 */
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
        return { ...nothing, secretEnvironment: { [variable]: pulumi.secret(args.value) }, authority: [`secret ${args.secretName} as the variable ${variable}`] };
      case "hostMount":
        return { ...nothing, mounts: [{ target, readOnly: true, source: { kind: "bind", path: args.path } }], environment: providerEnvironment(args) };
      case "file": {
        const auth = authContent(args.provider, args.value);
        const labels = dockerLabels({ ...sessionLabels(args.sessionId, args.stack), kind: "auth" });
        const volume = new docker.Volume(`${name}-auth`, { name: volumeName(args.sessionId, auth.file), driver: "local", labels }, { parent: this, hooks: { beforeCreate: [ownVolumeGuard()] } });
        const carrier = new docker.Container(`${name}-auth-file`, toCarrier(args, auth), { parent: this, dependsOn: [volume], replaceWith: [volume], deleteBeforeReplace: true });
        return {
          ...nothing,
          mounts: [{ target, readOnly: true, source: { kind: "volume", name: volumeName(args.sessionId, auth.file) } }],
          environment: providerEnvironment(args),
          authority: [`secret ${args.secretName} as ${target}/${auth.file}`],
          resources: [carrier],
        };
      }
    }
  }
}

/** One for each form of secret: a secret of another form leaves nothing of the one before it. */
export function volumeName(sessionId: string, file: AuthFile): string {
  return `${containerName(sessionId)}-auth-${file.replace(/^\./, "").replace(/\.json$/, "")}`;
}

/** The provider's inputs for the container that carries a secret into its volume. */
export function toCarrier(args: Pick<CredentialsArgs, "sessionId" | "stack" | "image">, { file, content }: AuthContent) {
  return {
    name: `${containerName(args.sessionId)}-auth`,
    image: args.image,
    user: `${baseline.user.uid}:${baseline.user.gid}`,
    labels: dockerLabels({ ...sessionLabels(args.sessionId, args.stack), kind: "auth" }),
    capabilities: { drops: [...baseline.capabilities.drop] },
    securityOpts: ["no-new-privileges:true"],
    ipcMode: "private",
    networkMode: "none",
    mounts: [{ type: "volume", source: volumeName(args.sessionId, file), target, readOnly: false }],
    uploads: [{ file: `${target}/${file}`, content: pulumi.secret(content), permissions: "0444" }],
    logDriver: "json-file",
    restart: "no",
    // The engine refuses to write files into a container whose root is read-only; this one never runs anything.
    start: false,
    mustRun: false,
    rm: false,
  };
}
