import * as pulumi from "@pulumi/pulumi";
import type { Session, Settings } from "../settings.ts";

/** The variables by which Claude Code is told of another address, and where it asks without them. */
const addressOf = {
  anthropic: { variable: "ANTHROPIC_BASE_URL", host: () => "api.anthropic.com" },
  bedrock: { variable: "ANTHROPIC_BEDROCK_BASE_URL", host: (region: string) => `bedrock-runtime.${region}.amazonaws.com` },
} as const;

/** The host that a session's agent asks by itself and that it cannot reach; undefined where it can, or need not. */
export function unreachedProvider({ credentials, environment, network }: Session): string | undefined {
  // A credential proxy has a way of its own.
  if (credentials.kind === "none" || credentials.kind === "proxy") return undefined;
  const { provider, region = "" } = { provider: "anthropic" as const, region: "", ...credentials };
  const { variable, host } = addressOf[provider];
  const asked = URL.parse(environment[variable] ?? "")?.hostname ?? host(region);
  const { egress, mode } = network;
  if (egress === "open" || (mode !== undefined && mode.kind !== "none" && mode.kind !== "bridge")) return undefined;
  if (typeof egress === "string") return asked;
  const listed = egress.allow.some(({ host: name }) => name === asked || (name.startsWith("*.") && asked.endsWith(name.slice(1))));
  return listed || egress.mode === "audit" ? undefined : asked;
}

/** Says, once in a plan, which agents have a key and no way to whoever takes it: they would start, and answer nothing. */
export function warnOfProviders({ sessions }: Pick<Settings, "sessions">): void {
  if (!pulumi.runtime.isDryRun()) return;
  for (const [index, session] of sessions.entries()) {
    const host = unreachedProvider(session);
    if (host !== undefined)
      void pulumi.log.warn(
        `sessions[${index}].credentials: session "${session.id}" has credentials of kind ${session.credentials.kind} and no way to ${host}; write kind: proxy, or network: {egress: {allow: [${host}]}}`,
      );
  }
}
