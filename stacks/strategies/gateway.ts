import { type DockerGatewayArgs, Gateway } from "../../components/gateway/docker.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import type { Supervisor } from "../../components/supervisor/docker.ts";
import type { Secrets } from "../secrets.ts";
import { isPair } from "../settings/gateway.ts";
import { type Settings, SettingsError } from "../settings.ts";
import { buildOf, type DeployOptions } from "./sessions.ts";

/** @throws SettingsError when the certificate has another key: nginx would not start */
export function refuseStrangersKey({ gateway }: Settings, secrets: Secrets): void {
  const { chain, key } = gateway?.certificate ?? {};
  if (chain === undefined || key === undefined) return;
  if (isPair(secrets.reference(chain).reveal(), secrets.reference(key).reveal())) return;
  throw new SettingsError([
    `${key.key}: ${secrets.reference(key).name} is not the key of the certificate; give the one that it was made with.`,
  ]);
}

/** The entrance of a stack, where its settings want one. @returns what is open to everybody */
export function deployGateway(
  settings: Settings,
  options: Pick<DeployOptions, "stack" | "base" | "secrets" | "opts">,
  { network, closed }: Pick<Supervisor, "network" | "closed">,
  services: DockerGatewayArgs["services"],
): readonly string[] {
  const { gateway, logs } = settings;
  if (gateway === undefined || closed === undefined) return [];
  const { stack, secrets, opts } = options;
  const { certificate, tokens, users, ...plain } = gateway;
  const args = {
    project: stack.project,
    stack: stack.stack,
    ...plain,
    network,
    closed,
    services,
    image: new HardenedImage("gateway", { source: "gateway", ...buildOf(settings, options) }, opts).reference,
    ...(certificate !== undefined && {
      certificate: { chain: secrets.reference(certificate.chain), key: secrets.reference(certificate.key) },
    }),
    tokens: tokens.map((token) => secrets.reference(token)),
    users: Object.fromEntries(Object.entries(users).map(([name, password]) => [name, secrets.reference(password)])),
    logs,
  };
  return new Gateway("gateway", args, opts).authority;
}
