import { z } from "zod";
import { knownSets } from "../egress-sets/index.ts";
import { port, rate, region, text } from "./values.ts";

/** The form of the key `network`; what belongs together in it is judged in network.ts. */

const networkMode = z
  .string({ error: "is not a network mode; write bridge, none, host, container:<id> or custom:<name>" })
  // The engine would take these three not as a network's name but as its mode: the host's network by another name.
  .regex(/^(bridge|none|host|container:[\w.-]+|custom:(?!(host|none|default)$)[\w.-]+)$/, {
    error: "is not a network mode; write bridge, none, host, container:<id> or custom:<name>",
  })
  .describe(
    "bridge: a network of the session's own; none: no network; host and container:<id>: no isolation of the network; custom:<name>: an existing network.",
  );

/** Blocks of addresses. */
export const addresses = (meaning: string) =>
  z
    .array(z.union([z.cidrv4(), z.cidrv6()], { error: 'is not a block of addresses; write one such as "10.20.0.0/16"' }))
    .min(1, { error: "is empty; write a block of addresses, or remove the key" })
    .describe(meaning);

/** An entry that names hosts. */
export const allowedHost = z.union(
  [
    text("A host's name, or *.suffix for all below it, with :port where it is not 80 or 443."),
    z.strictObject({
      host: text("The same."),
      addresses: addresses("Private blocks of addresses that the host may resolve into."),
    }),
  ],
  { error: 'is not a host; write its name, or {host: name, addresses: ["10.20.0.0/16"]}' },
);

const allowed = z.union(
  [
    ...allowedHost.options,
    z.strictObject({
      set: text(
        "A named set of hosts: one that ships with the project, one of egressSets, or a package manager's, which is read from its configuration on this machine.",
      ).meta({ examples: [...knownSets] }),
      region: region("The AWS region, for bedrock; that of the session's credentials when left out.").optional(),
      addresses: addresses("Private blocks of addresses that its hosts may resolve into.").optional(),
    }),
  ],
  { error: 'is not a host; write its name, {host: name, addresses: ["10.20.0.0/16"]} or {set: name}' },
);

const egress = z
  .union(
    [
      z.enum(["none", "open"]),
      z.strictObject({
        allow: z.array(allowed).describe("Hosts that the session reaches, through a proxy."),
        mode: z
          .enum(["enforce", "audit"], { error: "is not a mode; write enforce or audit" })
          .describe(
            "enforce: no other host; audit: any public host, and sessions egress says which were not on the list. enforce when left out.",
          )
          .optional(),
      }),
    ],
    {
      error: "is not an egress mode; write none, open or {allow: [github.com]}",
    },
  )
  .describe("Where the session may connect to: none (the default), open, or {allow: [hosts]}.");

const bandwidth = z
  .strictObject({
    download: rate("What the session receives through its proxy at most, all connections together.", "10 MB/s").optional(),
    upload: z.unknown().describe("Refused: a proxy cannot limit what the session sends.").optional(),
  })
  .describe("Limits of a session with an allow list; none when left out.");

export const network = z
  .strictObject({
    mode: networkMode.optional(),
    egress: egress.optional(),
    dns: z
      .array(z.union([z.ipv4(), z.ipv6()], { error: "is not the address of a resolver" }))
      .describe("Addresses of resolvers, for the proxy where there is one; the engine's when left out.")
      .optional(),
    ports: z
      .array(
        z.strictObject({
          container: port("Port in the session."),
          host: port("Port on this machine."),
          address: z
            .union([z.ipv4(), z.ipv6()], { error: "is not an address of this machine" })
            .describe("Where it listens; 127.0.0.1 when left out.")
            .optional(),
          protocol: z.enum(["tcp", "udp"], { error: "is not a protocol; write tcp or udp" }).describe("tcp when left out.").optional(),
          neighbours: z
            .boolean()
            .describe(
              "On a loopback address: let in whoever on this machine's network sends packets to the session's own network too; false when left out.",
            )
            .optional(),
        }),
      )
      .describe("Published ports; they need an allow list, whose proxy carries them, open egress or a custom network.")
      .optional(),
    bandwidth: bandwidth.optional(),
  })
  .describe("How the session is connected; not at all when left out.");
