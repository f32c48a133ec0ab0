import { usualStrategy } from "../configuration.ts";
import { type HostPath, hostPath } from "./host-paths.ts";
import { sentence } from "./sentences.ts";
import type { ChosenOf, StrategyName, StrategySchemas, strategySchemas } from "./strategy-schema.ts";

/** Where the sessions run, and what only that strategy is told. */
export type StrategySetting<Name extends StrategyName = StrategyName> = ChosenOf<typeof strategySchemas, Name>;

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
  const name = deployment.strategy ?? usualStrategy;
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

/** What the strategy single-node is told, where it is that one. */
export function singleNodeOf(strategy: StrategySetting): StrategySetting<"single-node"> | undefined {
  return strategy.name === "single-node" ? strategy : undefined;
}

/** What the strategy kubernetes is told, where it is that one. */
export function kubernetesOf(strategy: StrategySetting): StrategySetting<"kubernetes"> | undefined {
  return strategy.name === "kubernetes" ? strategy : undefined;
}

/** What the strategy ecs is told, where it is that one. */
export function ecsOf(strategy: StrategySetting): StrategySetting<"ecs"> | undefined {
  return strategy.name === "ecs" ? strategy : undefined;
}

/** The address of the container engine that a strategy is told; undefined where it names none, or runs no sessions on one. */
export function engineIn(strategy: StrategySetting): string | undefined {
  return "engine" in strategy ? strategy.engine : undefined;
}

/** Whoever may put another socket in its place is the engine. @param variable DOCKER_HOST */
export function engineSocket(strategy: StrategySetting, variable = ""): HostPath[] {
  const engine = engineIn(strategy);
  const [, path] = /^unix:\/\/(.+)$/.exec(engine ?? variable) ?? [];
  const named = engine === undefined ? `DOCKER_HOST: "${variable}"` : `${strategy.name}.engine: "${engine}"`;
  return path === undefined ? [] : [hostPath(path, { named, writable: false })];
}
