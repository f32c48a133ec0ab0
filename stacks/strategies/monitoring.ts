import * as pulumi from "@pulumi/pulumi";
import { gatewayUrl } from "../../components/gateway/args.ts";
import { localBase } from "../../components/hardened-image/args.ts";
import { HardenedImage } from "../../components/hardened-image/docker.ts";
import type { MonitoringImages, Routes } from "../../components/monitoring/args.ts";
import { type DockerMonitoringArgs, Monitoring, pulledImage } from "../../components/monitoring/docker.ts";
import type { Secrets } from "../secrets.ts";
import type { MonitoringSetting } from "../settings/monitoring.ts";
import type { Settings } from "../settings.ts";
import { buildOf, type DeployOptions } from "./sessions.ts";

/**
 * Official images, by release and digest: releases with long support of Prometheus, the current ones of the others in the year in
 * which that one came.
 */
export const officialImages = {
  prometheus: "prom/prometheus:v3.5.0@sha256:63805ebb8d2b3920190daf1cb14a60871b16fd38bed42b857a3182bc621f4996",
  alertmanager: "prom/alertmanager:v0.28.1@sha256:27c475db5fb156cab31d5c18a4251ac7ed567746a2483ff264516437a39b15ba",
  grafana: "grafana/grafana:12.1.1@sha256:a1701c2180249361737a99a01bc770db39381640e4d631825d38ff4535efa47d",
} as const;

/** Monitoring of a stack, where its settings want it. */
export function deployMonitoring(
  settings: Settings,
  options: Pick<DeployOptions, "stack" | "base" | "secrets" | "opts">,
  place: Pick<DockerMonitoringArgs, "metrics" | "network" | "publishing">,
): Pick<Monitoring, "authority" | "services"> {
  const { monitoring, strategy, logs, gateway } = settings;
  if (monitoring === undefined) return { authority: [], services: [] };
  const { stack, secrets, opts } = options;
  const { retention, ports, grafanaPassword } = monitoring;
  const args = {
    project: stack.project,
    stack: stack.stack,
    strategy: strategy.name,
    images: imagesOf(settings, monitoring, options),
    ports,
    logs,
    routes: routesOf(monitoring, secrets),
    ...(gateway !== undefined && { url: gatewayUrl(gateway.names) }),
    ...(retention !== undefined && { retention }),
    ...(grafanaPassword !== undefined && { grafanaPassword: secrets.reference(grafanaPassword) }),
    ...place,
  };
  return new Monitoring("monitoring", args, opts);
}

/** The user's own images, then official ones; where the base was made of Debian's packages no registry answered, and they are, too. */
function imagesOf(
  settings: Settings,
  { images, grafana }: MonitoringSetting,
  options: Pick<DeployOptions, "base" | "secrets" | "opts">,
): MonitoringImages {
  const build = buildOf(settings, options);
  const { opts } = options;
  const pulled = (name: keyof typeof officialImages) => pulledImage(name, images[name] ?? officialImages[name], opts);
  const fromDebian = build.base === localBase;
  const made =
    fromDebian && (images.prometheus === undefined || images.alertmanager === undefined)
      ? new HardenedImage("monitoring", { source: "monitoring", ...build }, opts).reference
      : undefined;
  const imageOf = (name: "prometheus" | "alertmanager") => (images[name] === undefined && made !== undefined ? made : pulled(name));
  const shown = grafana && (!fromDebian || images.grafana !== undefined);
  if (grafana && !shown && pulumi.runtime.isDryRun())
    void pulumi.log.warn(
      "single-node.monitoring.grafana: there is none, as the base image was made of Debian's packages and these have no Grafana; name an image by single-node.monitoring.images.grafana, or write grafana: false",
    );
  return { prometheus: imageOf("prometheus"), alertmanager: imageOf("alertmanager"), ...(shown && { grafana: pulled("grafana") }) };
}

/** Whom alerts are told, with the secrets that it takes. */
function routesOf({ email, slack, webhook, heartbeat }: MonitoringSetting, secrets: Secrets): Routes {
  const hook = (given: NonNullable<MonitoringSetting["webhook"]>) => ({
    url: given.url,
    ...(given.secret !== undefined && { token: secrets.reference(given.secret) }),
  });
  return {
    ...(email !== undefined && {
      email: {
        to: email.to.join(", "),
        from: email.from,
        smarthost: email.smarthost,
        ...(email.login !== undefined && {
          login: { username: email.login.username, password: secrets.reference(email.login.secret) },
        }),
      },
    }),
    ...(slack !== undefined && {
      slack: { webhook: secrets.reference(slack.secret), ...(slack.channel !== undefined && { channel: slack.channel }) },
    }),
    ...(webhook !== undefined && { webhook: hook(webhook) }),
    ...(heartbeat !== undefined && { heartbeat: hook(heartbeat) }),
  };
}
