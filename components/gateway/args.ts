import type * as pulumi from "@pulumi/pulumi";
import type { MonitoringName } from "../monitoring/args.ts";
import type { Logs, SecretReference } from "../session-part.ts";
import { type Owner, type Port, portAuthority } from "../session.ts";

/** The one entrance of a server: what watches its sessions, for whoever has a token or a password, over TLS. */
export interface GatewayArgs extends Owner {
  /** The image `gateway`. */
  readonly image: pulumi.Input<string>;
  /** Of this machine, at which it listens on 80 and 443. @default 0.0.0.0, all of them */
  readonly address?: string;
  /** The host names by which it is reached; the first is the one that others are sent to. */
  readonly names: readonly [string, ...string[]];
  /** Certificate and key, in PEM. @default one that it makes and signs itself, in a volume of its own */
  readonly certificate?: { readonly chain: SecretReference; readonly key: SecretReference };
  /** Whoever has one of them comes in. */
  readonly tokens: readonly SecretReference[];
  /** Passwords of those who come in, by name. */
  readonly users: Readonly<Record<string, SecretReference>>;
  readonly rateLimit?: RateLimit;
  /** What is behind it besides the supervisor's page. */
  readonly services: readonly MonitoringName[];
  /** How what it prints is kept. @default json-file */
  readonly logs?: Logs | undefined;
}

/** What one address of a client may ask for. */
export interface RateLimit {
  /** A second, on average. @default 20 */
  readonly requests?: number;
  /** At once, before any is refused: a page of Grafana is about a hundred. @default 200 */
  readonly burst?: number;
}

/** The resource that is the gateway's container, which the policy lets be public: whatever a session is called, none of its own is. */
export const entrance = "gateway-entrance";

/** Where it listens in its container: ports that nobody needs a right for. */
export const gatewayPorts = { http: 8080, https: 8443 } as const;

/** Where a service is below the gateway's names. */
export const gatewayPath = (service: MonitoringName): string => `/${service}/`;

/** The address of a service for people. */
export const gatewayUrl = ([name]: GatewayArgs["names"], service?: MonitoringName): string =>
  `https://${name}${service === undefined ? "/" : gatewayPath(service)}`;

/** What of the machine is open, to everybody who reaches its address. */
export function gatewayPublished({ address = "0.0.0.0" }: Pick<GatewayArgs, "address">): Port[] {
  return [
    { container: gatewayPorts.http, host: 80, address, protocol: "tcp" },
    { container: gatewayPorts.https, host: 443, address, protocol: "tcp" },
  ];
}

/** What it is given of secrets, by the names of their files. */
export function secretsByFile({ certificate, tokens, users }: GatewayArgs): Record<string, SecretReference> {
  return {
    ...(certificate !== undefined && { "certificate.pem": certificate.chain, "key.pem": certificate.key }),
    ...Object.fromEntries(tokens.map((token, index) => [`token-${index + 1}`, token])),
    ...Object.fromEntries(Object.entries(users).map(([name, password]) => [`user-${name}`, password])),
  };
}

/** What is open to everybody, and which secrets it takes. */
export function gatewayAuthority(args: GatewayArgs): string[] {
  const secrets = new Set(Object.values(secretsByFile(args)).map(({ name }) => `gateway: secret ${name}`));
  return [...gatewayPublished(args).map((port) => `gateway: ${portAuthority(port)}`), ...secrets].sort();
}
