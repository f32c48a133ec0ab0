import { z } from "zod";
import { ecs } from "./ecs-schema.ts";
import { devServices } from "./dev-services-schema.ts";
import { gateway } from "./gateway-schema.ts";
import { kubernetes } from "./kubernetes-schema.ts";
import { monitoring } from "./monitoring-schema.ts";
import { swarmOptions } from "./swarm-schema.ts";
import { flag, port, text } from "./values.ts";

/** The form of what each strategy is told of its own; how one of them is chosen is in strategy.ts. */

/** What every strategy is told. */
const every = {
  transform: text(
    "A file of your own, TypeScript or JavaScript, whose default export may change each resource before the policy rules judge it.",
  ).optional(),
};

/** What every strategy is told that runs sessions on a Docker Engine or Podman. */
const onEngine = {
  engine: text(
    "The container engine's address: unix:///path, tcp://host:port or ssh://user@host, the latter with the path of a socket that is not the usual one. When left out: DOCKER_HOST, the docker context, the usual sockets.",
  )
    .refine((address) => !/:\/\/[^/@\s]*:[^/\s]*@/.test(address), {
      error: "holds a password; take it out, and have ssh sign in with a key",
      abort: true,
    })
    .regex(/^(unix:\/\/\S+|tcp:\/\/[^\s/?#@]+\/?|ssh:\/\/([^\s/?#@:]+@)?[^\s/?#@]+(\/[\w./+-]*)?)$/, {
      error: "is not an engine's address; write unix:///path, tcp://host:port or ssh://user@host",
    })
    .optional(),
};

const local = z
  .strictObject({
    ...onEngine,
    hostNetwork: flag("Sessions without a network mode of their own share this machine's network. false when left out.").default(false),
    debug: flag("More logging, and ./src read-only at /app/src. false when left out.").default(false),
    volumePersistence: flag("Workspaces are volumes. With false they are memory, which any restart empties. true when left out.").default(
      true,
    ),
    devServices: devServices.optional(),
    ...every,
  })
  .describe("Options of the strategy local.");

const singleNode = z
  .strictObject({
    ...onEngine,
    resourceIsolation: flag(
      "Sessions that do not say otherwise are promised half of the memory and cores of their limits when the server is busy. true when left out.",
    ).default(true),
    securityHardening: flag(
      "Sessions that do not say otherwise, and see no folder of the server, have a uid each, and share nothing that the kernel counts for a uid. true when left out.",
    ).default(true),
    supervisor: z
      .strictObject({
        port: port("The port of this machine, on 127.0.0.1, of its figures and its page. 9464 when left out.").default(9464),
      })
      .describe("What watches the sessions.")
      .prefault({}),
    monitoring: monitoring.default(true),
    gateway: gateway.optional(),
    ...every,
  })
  .describe("Options of the strategy single-node.");

const swarm = z.strictObject({ ...onEngine, ...swarmOptions, ...every }).describe("Options of the strategy swarm.");

// What a schema is extended to has no description yet.
const onCluster = kubernetes.extend(every).describe("Options of the strategy kubernetes.");
const onFargate = ecs.extend(every).describe("Options of the strategy ecs.");

/** By name, the keys of each strategy's own, all of which may be left out. A further strategy is a further entry. */
export const strategySchemas = { local, "single-node": singleNode, swarm, kubernetes: onCluster, ecs: onFargate } as const;

/** Strategies, and the form of what each is told. */
export type StrategySchemas = Readonly<Record<string, z.ZodObject>>;

/** The names of the strategies. */
export type StrategyName = keyof typeof strategySchemas;

/** One of several strategies, with what it is told. */
export type ChosenOf<Schemas extends StrategySchemas, Name extends keyof Schemas = keyof Schemas> = {
  [Each in Name]: { readonly name: Each } & Readonly<z.output<Schemas[Each]>>;
}[Name];

/** The keys of a stack that are strategies' own. */
export function strategyKeys<Schemas extends StrategySchemas>(schemas: Schemas): { [Name in keyof Schemas]: z.ZodOptional<Schemas[Name]> } {
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, schema.optional()])) as {
    [Name in keyof Schemas]: z.ZodOptional<Schemas[Name]>;
  };
}
