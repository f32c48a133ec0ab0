import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { stackLabel } from "../container-engine/object-labels.ts";
import type { Logs, Mount, SecretReference, Service } from "../session-part.ts";
import { type Owner, type Port, portAuthority } from "../session.ts";

/** What keeps the figures of one stack's sessions, judges them, and tells people. */
export interface MonitoringArgs extends Owner {
  /** The strategy's name, which figures and alerts carry. */
  readonly strategy: string;
  /** Where the supervisor serves its figures on the monitoring network. */
  readonly metrics: { readonly host: string; readonly port: number; readonly path: string };
  readonly images: MonitoringImages;
  /** For how many seconds figures are kept. @default 30 days */
  readonly retention?: number;
  /** Where people find them from elsewhere, each below it by its name: a URL with `/` at its end. @default nowhere */
  readonly url?: string;
  /** Of this machine, on its loopback address. @default 9090 and 3000, on which they listen, unless there is a url; none for Alertmanager, see publishedPort */
  readonly ports?: { readonly [Name in MonitoringName]?: number };
  /** Whom alerts are told. @default nobody: they are to be seen on the supervisor's page alone */
  readonly routes?: Routes;
  /** The password of Grafana's user `admin`, for its first start. @default one that it makes for itself */
  readonly grafanaPassword?: SecretReference;
  /** How what they print is kept. @default json-file */
  readonly logs?: Logs | undefined;
}

export interface MonitoringImages {
  readonly prometheus: pulumi.Input<string>;
  readonly alertmanager: pulumi.Input<string>;
  /** @default there is no Grafana */
  readonly grafana?: pulumi.Input<string>;
}

/** Ways on which alerts go to people; each may be left out. */
export interface Routes {
  readonly email?: {
    readonly to: string;
    readonly from: string;
    /** Host and port of the mail server, which must offer TLS. */
    readonly smarthost: string;
    readonly login?: { readonly username: string; readonly password: SecretReference };
  };
  readonly slack?: {
    /** The address of an incoming webhook, which is a secret itself. */
    readonly webhook: SecretReference;
    /** @default that of the webhook */
    readonly channel?: string;
  };
  readonly webhook?: Webhook;
  /** Is sent the alert Watchdog every minute, and notices when it stops. */
  readonly heartbeat?: Webhook;
}

export interface Webhook {
  readonly url: string;
  /** Is sent along as a bearer token. */
  readonly token?: SecretReference;
}

export type MonitoringName = "prometheus" | "alertmanager" | "grafana";

/** One of the services, as every platform is handed it. */
export interface MonitoringService extends Omit<Service, "kind"> {
  readonly kind: MonitoringName;
  /** Where it listens. */
  readonly port: number;
}

/** Where each listens on the monitoring network, by its name there. */
export const monitoringPorts: Readonly<Record<MonitoringName, number>> = { prometheus: 9090, alertmanager: 9093, grafana: 3000 };

/** Where others on that network find Alertmanager. */
export const alertmanagerUrl = `http://alertmanager:${monitoringPorts.alertmanager}`;

/** Where a service finds the files that it is configured by. */
export const settingsFolder = "/etc/agent-sessions";

/** Files of a service's configuration. */
export const settingsMount = (files: Readonly<Record<string, string>>): Mount => ({
  target: settingsFolder,
  readOnly: true,
  source: { kind: "files", name: "settings", files },
});

/** Tells Prometheus or Alertmanager where people find it: its links begin there, while it answers as before. */
export const webOptions = ({ url }: Pick<MonitoringArgs, "url">, kind: MonitoringName): string[] =>
  url === undefined ? [] : [`--web.external-url=${url}${kind}/`, "--web.route-prefix=/"];

/** What a service keeps for as long as its stack is there. */
export const dataMount = (target: string): Mount => ({ target, readOnly: false, source: { kind: "persistent", name: "data" } });

/** Whoever rolls a stack out waits for the first answer. */
export const quickCheck = { ...baseline.healthCheck, interval: 10 } as const;

const MiB = 1024 ** 2;

/** Prometheus takes 4 KB for each series; the kernel's cache of its data counts too, and gives way. */
export const prometheusLimits = { memory: 1024 * MiB, cpu: 1, processes: 128 } as const;

/** Has a program in Go collect its garbage before its limit ends it. @param memory bytes */
export const goMemory = (memory: number) => ({ GOMEMLIMIT: `${Math.floor(memory * 0.9)}B` });

/** The labels by which figures and alerts of several stacks are told apart. */
export const stackOf = (args: Pick<MonitoringArgs, "project" | "stack" | "strategy">) => ({
  stack: stackLabel(args),
  strategy: args.strategy,
});

/**
 * Where a service is published: for this machine alone. Alertmanager is where somebody says so alone: it asks nobody who they are,
 * and lets any page that a browser on this machine shows silence alerts (its answers carry Access-Control-Allow-Origin: *).
 */
export function publishedPort(
  { ports, url }: Pick<MonitoringArgs, "ports" | "url">,
  { kind, port }: Pick<MonitoringService, "kind" | "port">,
): Port | undefined {
  const host = ports?.[kind] ?? (kind === "alertmanager" || url !== undefined ? undefined : port);
  return host === undefined ? undefined : { container: port, host, address: baseline.publishAddress, protocol: "tcp" };
}

/** What the services may do beyond a sealed box. Of webhooks it has the host: whoever knows the rest of such a URL can often post there. */
export function monitoringAuthority(args: MonitoringArgs, services: readonly MonitoringService[]): string[] {
  const { email, slack, webhook, heartbeat } = args.routes ?? {};
  const told = [
    ...(email === undefined ? [] : [`email to ${email.to} by ${email.smarthost}`, ...secretOf(email.login?.password)]),
    ...(slack === undefined ? [] : [`Slack${slack.channel === undefined ? "" : ` ${slack.channel}`}`, ...secretOf(slack.webhook)]),
    ...[webhook, heartbeat].flatMap((one) => (one === undefined ? [] : [`webhook at ${new URL(one.url).origin}`, ...secretOf(one.token)])),
  ];
  return [
    ...services.flatMap((service) => {
      const port = publishedPort(args, service);
      return port === undefined ? [] : [`${service.kind}: ${portAuthority(port)}`];
    }),
    ...told.map((way) => `alertmanager: ${way}`),
    ...secretOf(args.grafanaPassword).map((secret) => `grafana: ${secret}`),
  ].sort();
}

const secretOf = (secret: SecretReference | undefined): string[] => (secret === undefined ? [] : [`secret ${secret.name}`]);
