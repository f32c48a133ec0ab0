import { z } from "zod";
import { secret } from "./credentials-schema.ts";
import { count, text } from "./values.ts";

/** The form of the key `single-node.gateway`; what belongs together in it is judged in gateway.ts. */

const hostName = text("A host name.")
  .max(253, { error: "is longer than 253 characters, which no host name is" })
  .regex(/^(?=.*[a-z])([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)*[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/, {
    error: 'is not a host name in small letters; write one such as "agents.corp.example"',
  });

const userName = z.string().regex(/^[a-z0-9][a-z0-9._-]{0,63}$/i, {
  error: "is not the name of a user; use letters, digits, dots, - and _, at most 64",
});

export const gateway = z
  .strictObject({
    address: z
      .ipv4({ error: "is not an IPv4 address of this machine; write 0.0.0.0 for all of them" })
      .describe("Where it listens on 80 and 443; 0.0.0.0, all addresses of this machine, when left out.")
      .default("0.0.0.0"),
    names: z
      .tuple([hostName], hostName, { error: 'is not a list of host names; write one such as ["agents.corp.example"]' })
      .describe("The host names by which it is reached. Others are sent to the first, or refused."),
    certificate: z
      .strictObject({
        cert: secret.describe("The certificate, and those between it and its authority, in PEM."),
        key: secret.describe("Its key, in PEM, without a password."),
      })
      .describe("What it shows who it is by; one that it makes and signs itself when left out.")
      .optional(),
    tokens: z
      .array(secret)
      .min(1, { error: "is empty; name a token, or remove the key" })
      .describe("Whoever sends one of them as Authorization: Bearer comes in; 24 letters, digits or - . _ ~ + / = at least.")
      .optional(),
    users: z
      .record(userName, secret.describe("The user's password: 12 characters at least, and 128 bytes at most."))
      .describe("Who comes in by name and password, as a browser asks for them.")
      .optional(),
    rateLimit: z
      .strictObject({
        requests: count("A second, on average; 20 when left out.", 1, 1000).optional(),
        burst: count("At once, before any is refused; 200 when left out, as a page of Grafana is about a hundred.", 1, 10_000).optional(),
      })
      .describe("What one address of a client may ask for; what is beyond it is answered with 429.")
      .optional(),
  })
  .describe(
    "The one entrance from elsewhere, nginx: TLS, and a token or a password for everything but /health. Behind it are the supervisor's page at /, and /grafana/, /prometheus/ and /alertmanager/. None when left out.",
  );

export type GatewayInput = z.output<typeof gateway>;
