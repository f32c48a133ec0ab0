import { type HostPath, hostPath } from "./host-paths.ts";
import { sentence } from "./sentences.ts";
import type { ChosenOf, StrategyName, StrategySchemas, strategySchemas } from "./strategy-schema.ts";

/** Where the sessions run, and what only that strategy is told. */
export type StrategySetting<Name extends StrategyName = StrategyName> = ChosenOf<typeof strategySchemas, Name>;

/** What runs the sessions of a stack that does not say. */
const usual: StrategyName = "local";

/**
 * The strategy that a description chooses, with its own keys. Those of another one are mistakes: whoever wrote them expects
 * something of them.
 *
 * @param judged whether the choice itself has its form
 */
export function resolveStrategy<Schemas extends StrategySchemas>(
  schemas: Schemas,
  deployment: { readonly strategy?: string } & Readonly<Record<string, unknown>>,
  judged: boolean,
  mistakes: string[],
): ChosenOf<Schemas> {
  const name = deployment.strategy ?? usual;
  for (const other of Object.keys(schemas)) {
    if (!judged || other === name || deployment[other] === undefined) continue;
    mistakes.push(
      sentence([other], deployment[other], `is for the strategy ${other}, and this is ${name}; remove it, or write strategy: ${other}`),
    );
  }
  return { name, ...schemas[name]?.parse({}), ...(deployment[name] as object | undefined) } as ChosenOf<Schemas>;
}

/** What the strategy local is told, where it is that one. */
export function localOf(strategy: StrategySetting): StrategySetting<"local"> | undefined {
  return strategy.name === "local" ? strategy : undefined;
}

/** Whoever may put another socket in its place is the engine. @param variable DOCKER_HOST */
export function engineSocket(strategy: StrategySetting, variable = ""): HostPath[] {
  const setting = localOf(strategy)?.engine;
  const [, path] = /^unix:\/\/(.+)$/.exec(setting ?? variable) ?? [];
  const named = setting === undefined ? `DOCKER_HOST: "${variable}"` : `local.engine: "${setting}"`;
  return path === undefined ? [] : [hostPath(path, { named, writable: false })];
}
