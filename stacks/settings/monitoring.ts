import { type MonitoringName, monitoringPorts } from "../../components/monitoring/args.ts";
import { type SecretSource, sourceOf } from "./credentials.ts";
import type { MonitoringInput } from "./monitoring-schema.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";

/** What keeps and judges a stack's figures, and whom it tells; secrets are read when a plan is made. */
export interface MonitoringSetting {
  /** Seconds. */
  readonly retention?: number;
  /** Those without one are not published. */
  readonly ports: { readonly [Name in MonitoringName]?: number };
  /** Images of the user's own. */
  readonly images: { readonly [Name in MonitoringName]?: string };
  /** Whether there is to be one, where there is an image of it. */
  readonly grafana: boolean;
  readonly grafanaPassword?: SecretSource;
  readonly email?: {
    readonly to: readonly string[];
    readonly from: string;
    readonly smarthost: string;
    readonly login?: { readonly username: string; readonly secret: SecretSource };
  };
  readonly slack?: { readonly secret: SecretSource; readonly channel?: string };
  readonly webhook?: WebhookSetting;
  readonly heartbeat?: WebhookSetting;
}

interface WebhookSetting {
  readonly url: string;
  readonly secret?: SecretSource;
}

const place = ["single-node", "monitoring"];
const usualPorts = { prometheus: monitoringPorts.prometheus, grafana: monitoringPorts.grafana };

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveMonitoring(
  strategy: StrategySetting<"single-node"> | undefined,
  root: string,
  judged: boolean,
  mistakes: string[],
): MonitoringSetting | undefined {
  const given = strategy?.monitoring;
  if (strategy === undefined || given === undefined || given === false || !judged) return undefined;
  const { retention, images = {}, grafana = true, email, slack, webhook, heartbeat, ...options } = given === true ? {} : given;
  const source = (secret: Parameters<typeof sourceOf>[0], ...path: string[]) =>
    sourceOf(secret, root, [...place, ...path, "secret"].join("."));
  const hook = (one: typeof webhook, name: string) =>
    one === undefined ? undefined : { url: one.url, ...(one.secret !== undefined && { secret: source(one.secret, name) }) };
  if (typeof grafana === "boolean" && !grafana && images.grafana !== undefined)
    mistakes.push(
      sentence([...place, "images", "grafana"], images.grafana, "is of a Grafana that is switched off; remove it, or grafana: false"),
    );
  const ports = Object.entries(options.ports ?? {}).filter(([, port]) => port !== undefined);
  const hooks = { webhook: hook(webhook, "webhook"), heartbeat: hook(heartbeat, "heartbeat") };
  return {
    ...(retention !== undefined && { retention }),
    // Behind a gateway there is another way to them.
    ports: { ...(strategy.gateway === undefined && usualPorts), ...Object.fromEntries(ports) },
    images: images as MonitoringSetting["images"],
    grafana: grafana !== false,
    ...(typeof grafana === "object" && { grafanaPassword: source(grafana.secret, "grafana") }),
    ...(email !== undefined && { email: toEmail(email, root, mistakes) }),
    ...(slack !== undefined && {
      slack: { ...(slack.channel !== undefined && { channel: slack.channel }), secret: source(slack.secret, "slack") },
    }),
    ...(hooks.webhook !== undefined && { webhook: hooks.webhook }),
    ...(hooks.heartbeat !== undefined && { heartbeat: hooks.heartbeat }),
  };
}

function toEmail(
  { to, from, smarthost, username, secret }: NonNullable<Exclude<MonitoringInput, boolean>["email"]>,
  root: string,
  mistakes: string[],
): NonNullable<MonitoringSetting["email"]> {
  const path = [...place, "email"];
  if (username !== undefined && secret === undefined)
    mistakes.push(sentence([...path, "username"], username, "has no password; name where it is kept by secret, such as {env: NAME}"));
  if (username === undefined && secret !== undefined)
    mistakes.push(sentence([...path, "secret"], secret, "is nobody's; write the user's name as username"));
  const login =
    username === undefined || secret === undefined
      ? undefined
      : { username, secret: sourceOf(secret, root, [...path, "secret"].join(".")) };
  return { to: [to].flat(), from, smarthost, ...(login !== undefined && { login }) };
}

/** A port of the machine, and which key of the stack says so. */
export interface ServicePort {
  readonly path: readonly string[];
  readonly name: string;
  readonly port: number;
  /** @default 127.0.0.1 */
  readonly address?: string;
  /** @default another port can be written */
  readonly wayOut?: string;
}

/**
 * The ports of what serves all sessions.
 *
 * @param supervisor the supervisor's, which is there without monitoring too; undefined where the strategy has none
 */
export function servicePorts(supervisor: number | undefined, monitoring: MonitoringSetting | undefined): readonly ServicePort[] {
  if (supervisor === undefined) return [];
  const { prometheus, alertmanager, grafana } = monitoring?.ports ?? {};
  const ports = { prometheus, alertmanager, grafana: monitoring?.grafana ? grafana : undefined };
  return [
    { path: ["single-node", "supervisor", "port"], name: "the supervisor", port: supervisor },
    ...Object.entries(ports).flatMap(([name, port]) => (port === undefined ? [] : [{ path: [...place, "ports", name], name, port }])),
  ];
}

/** What two want of the machine's ports, one sentence each: it would fail only when they start. */
export function portsTakenTwice(services: readonly ServicePort[], sessions: readonly Session[]): string[] {
  const taken = new Map<number, string>();
  for (const { id, network } of sessions)
    for (const { host, protocol } of network.ports) if (protocol === "tcp") taken.set(host, `session "${id}"`);
  return services.flatMap(({ path, name, port, wayOut = "write another port for one of them" }) => {
    const other = taken.get(port);
    taken.set(port, name);
    return other === undefined ? [] : [sentence([...path], port, `is taken by ${other} too; ${wayOut}`)];
  });
}

/** A secret that monitoring is given, and what it is to be. */
interface MonitoringSecret {
  readonly secret: SecretSource;
  /** A bearer token is a key; a webhook's secret is its whole address. */
  readonly holds: "password" | "key" | "webhook";
}

/** Every secret that monitoring is given. */
export function monitoringSecrets(monitoring: MonitoringSetting | undefined): MonitoringSecret[] {
  const { grafanaPassword, email, slack, webhook, heartbeat } = monitoring ?? {};
  const given = [
    { secret: grafanaPassword, holds: "password" },
    { secret: email?.login?.secret, holds: "password" },
    { secret: slack?.secret, holds: "webhook" },
    { secret: webhook?.secret, holds: "key" },
    { secret: heartbeat?.secret, holds: "key" },
  ] as const;
  return given.flatMap(({ secret, holds }) => (secret === undefined ? [] : [{ secret, holds }]));
}
