import type { Logs } from "../../components/session-part.ts";
import type { Deployment } from "../schema.ts";
import { sentence } from "./sentences.ts";

/** @param judged whether the key has its form, so that contradictions in it are real */
export function resolveLogs(given: Deployment["logs"], judged: boolean, mistakes: string[]): Logs | undefined {
  if (given === undefined || !judged) return undefined;
  const { driver, ...sizes } = given;
  for (const [key, value] of Object.entries(sizes))
    if (driver === "journald" && value !== undefined)
      mistakes.push(
        sentence(["logs", key], value, "is not for journald, which rotates by itself; remove it, and set SystemMaxUse in journald.conf"),
      );
  return given;
}
