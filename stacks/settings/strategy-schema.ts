import { z } from "zod";
import { flag, text } from "./values.ts";

/** The form of what each strategy is told of its own; how one of them is chosen is in strategy.ts. */

/** What every strategy is told. */
const every = {
  transform: text(
    "A file of your own, TypeScript or JavaScript, whose default export may change each resource before the policy rules judge it.",
  ).optional(),
};

const local = z
  .strictObject({
    engine: text(
      "The container engine's address: unix://, tcp:// or ssh://. When left out: DOCKER_HOST, the docker context, the usual sockets.",
    )
      .regex(/^(unix|tcp|ssh):\/\/\S+$/, { error: "is not an engine's address; write unix:///path, tcp://host:port or ssh://user@host" })
      .optional(),
    hostNetwork: flag("Sessions without a network mode of their own share this machine's network. false when left out.").default(false),
    debug: flag("More logging, and ./src read-only at /app/src. false when left out.").default(false),
    volumePersistence: flag("Workspaces are volumes. With false they are memory, which any restart empties. true when left out.").default(
      true,
    ),
    ...every,
  })
  .describe("Options of the strategy local.");

/** By name, the keys of each strategy's own, all of which may be left out. A further strategy is a further entry. */
export const strategySchemas = { local } as const;

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
