import type { DevServiceName } from "../../components/dev-services/args.ts";
import { controlsOf, isPromised } from "../controls.ts";
import type { Judgement } from "./judgement.ts";
import type { Layered } from "./layers.ts";
import type { ServicePort } from "./monitoring.ts";
import { sentence } from "./sentences.ts";
import { localOf, type StrategySetting } from "./strategy.ts";

/** A server that a stack has for its sessions. */
export interface DevServiceSetting {
  readonly name: DevServiceName;
  readonly port: number;
}

/** Those that a stack has. */
export function devServicesOf(strategy: StrategySetting): DevServiceSetting[] {
  const given = localOf(strategy)?.devServices ?? {};
  return Object.entries(given).flatMap(([name, options]) =>
    options === undefined ? [] : [{ name: name as DevServiceName, port: options.port }],
  );
}

/** The ports that they take. */
export const devServicePorts = (strategy: StrategySetting): ServicePort[] =>
  devServicesOf(strategy).map(({ name, port }) => ({ path: ["local", "devServices", name, "port"], name, port }));

/** What a session uses of them. Which strategies have none is a control's to say. */
export function resolveServices(
  { setting, where }: Layered,
  { strategy, sound, mistakes }: Pick<Judgement, "strategy" | "sound" | "mistakes">,
): readonly DevServiceName[] {
  const wanted = setting.services ?? [];
  const there = devServicesOf(strategy).map(({ name }) => name);
  // What else there is to say a control says.
  if (!isPromised(controlsOf[strategy.name], "services") || !sound("local")) return wanted;
  for (const name of new Set(wanted)) {
    const wayOut =
      localOf(strategy) === undefined
        ? "remove it, as the strategy local alone has any"
        : `write local.devServices: {${name}: {}}, or remove it`;
    if (!there.includes(name)) mistakes.push(sentence(where("services"), name, `is none that the stack has; ${wayOut}`));
  }
  return [...new Set(wanted)];
}
