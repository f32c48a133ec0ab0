import { z } from "zod";
import { secret } from "./credentials-schema.ts";
import { duration, flag, port, text } from "./values.ts";

/** The form of the key `single-node.monitoring`; what belongs together in it is judged in monitoring.ts. */

const url = (meaning: string) =>
  z
    .string({ error: 'is not a URL; write one such as "https://alerts.corp.example/hook"' })
    .regex(/^https?:\/\/[^/?#@\s]+(\/[^#\s]*)?$/, {
      error: 'is not the URL of a webhook; write one such as "https://alerts.corp.example/hook", without user and #',
    })
    .refine((given) => URL.canParse(given), {
      error: 'is no URL; look at its host and port, or write one such as "https://alerts.corp.example/hook"',
    })
    .describe(meaning);

const webhook = (meaning: string) =>
  z
    .strictObject({
      url: url(
        "Where alerts are posted to, as Alertmanager's JSON. No secret: Alertmanager's page and log show it; a token is what secret is for.",
      ),
      secret: secret.describe("A token that is sent along as Authorization: Bearer; none when left out.").optional(),
    })
    .describe(meaning);

const address = (meaning: string) =>
  text(meaning).regex(/^[^@\s,]+@[^@\s,]+$/, { error: 'is not an address; write one such as "team@corp.example"' });

const email = z
  .strictObject({
    to: z
      .union([address("An address."), z.array(address("An address.")).min(1, { error: "is empty; write an address, or remove email" })], {
        error: 'is not an address; write one such as "team@corp.example"',
      })
      .describe("Who is told: an address, or a list of them."),
    from: address("Whom the mail is from."),
    smarthost: text("The mail server's name and port, which must offer TLS.").regex(/^[a-z0-9.-]+:\d{1,5}$/i, {
      error: 'is not a host with its port; write one such as "mail.corp.example:587"',
    }),
    username: text("Who signs in at it; nobody when left out.").optional(),
    secret: secret.describe("That user's password.").optional(),
  })
  .describe("Alerts by mail.");

const slack = z
  .strictObject({
    secret: secret.describe("The address of an incoming webhook, which is a secret itself."),
    channel: text("Another channel than the webhook's own.")
      .regex(/^[#@]\S+$/, { error: 'is not a channel; write one such as "#alerts"' })
      .optional(),
  })
  .describe("Alerts in Slack.");

const image = (whose: string) =>
  text(`Another image of ${whose} than the official one.`).regex(/^[\w][\w.:/@-]*[:@][\w.:-]+$/, {
    error: 'is not an image with its tag or digest; write one such as "registry.corp.example/prometheus:v3.5.0"',
  });

const options = z.strictObject({
  retention: duration("For how long figures are kept; 30d when left out.", "30d")
    .refine((seconds) => seconds >= 86_400, { error: 'is less than a day; write a longer duration such as "7d"' })
    .optional(),
  ports: z
    .strictObject({
      prometheus: port("9090 when left out.").optional(),
      alertmanager: port("Left out, it is not published: a web page in a browser that reaches the port may silence alerts.").optional(),
      grafana: port("3000 when left out.").optional(),
    })
    .describe("Ports of this machine, all on 127.0.0.1.")
    .optional(),
  images: z
    .strictObject({
      prometheus: image("Prometheus").optional(),
      alertmanager: image("Alertmanager").optional(),
      grafana: image("Grafana").optional(),
    })
    .describe(
      "Images of your own. When left out: the official ones, or Debian's packages of Prometheus and Alertmanager, and no Grafana, where the base image was made of Debian's packages.",
    )
    .optional(),
  grafana: z
    .union(
      [
        z.boolean(),
        z.strictObject({ secret: secret.describe("The password of its user admin, for its first start; it makes one when left out.") }),
      ],
      { error: "is not true, false or {secret: {env: NAME}}" },
    )
    .describe("Dashboards. true when left out.")
    .optional(),
  email: email.optional(),
  slack: slack.optional(),
  webhook: webhook("Alerts to a service of your own.").optional(),
  heartbeat: webhook("Who is sent the alert Watchdog every minute, and notices when it stops.").optional(),
});

export const monitoring = z
  .union([flag(""), options], { error: "is not true, false or a set of options; see stacks/settings/REFERENCE.md" })
  .describe(
    "Prometheus, Alertmanager and Grafana, which keep the sessions' figures, raise alerts and show both, on 127.0.0.1. true when left out; with false none of them is there.",
  );

export type MonitoringInput = z.output<typeof monitoring>;
