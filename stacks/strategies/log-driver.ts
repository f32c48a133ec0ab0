import { existsSync } from "node:fs";
import * as pulumi from "@pulumi/pulumi";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import { type EngineMachine, isOwn } from "../../components/container-engine/here.ts";
import { type Settings, SettingsError } from "../settings.ts";

/** Where journald takes what it is given. */
const journalSocket = "/run/systemd/journal/socket";

/** What an engine says of itself, as far as it bears upon its logs. */
export interface LoggingEngine extends EngineMachine {
  readonly Plugins?: { readonly Log?: readonly string[] | null };
}

/**
 * Why an engine starts no container whose output a driver is to keep, and the way out, as they follow the driver's name in a
 * sentence; nothing where it does, or where nobody can tell, as of the journal of another machine.
 */
export function logDriverRefusal(driver: string, info: LoggingEngine, journal = journalSocket): string | undefined {
  // Every engine takes that name; Podman has a driver of its own for it.
  if (driver === "json-file") return undefined;
  const known = info.Plugins?.Log ?? [];
  if (!known.includes(driver)) return `is no log driver of this engine, which has ${known.join(", ") || "none"}; write one of these`;
  if (driver === "journald" && isOwn(info) && !existsSync(journal))
    return "is not enabled on this machine, where no journald runs; start systemd-journald, or write json-file or local";
  return undefined;
}

/**
 * An engine finds out about a driver when it starts a container, by which time the one before it is gone. Without an engine it is
 * said that nobody looked.
 *
 * @throws SettingsError when no container would start
 */
export async function refuseLogDriver({ logs }: Pick<Settings, "logs">, docker: EngineClient): Promise<void> {
  if (logs === undefined || logs.driver === "json-file") return;
  const info = await (docker.info() as Promise<LoggingEngine>).catch(() => undefined);
  if (info === undefined)
    return void pulumi.log.warn(`No engine answers, so whether it has the log driver ${logs.driver} was not checked.`);
  const refusal = logDriverRefusal(logs.driver, info);
  if (refusal !== undefined) throw new SettingsError([`logs.driver: "${logs.driver}" ${refusal}.`]);
}
