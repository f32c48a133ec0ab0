import type { Limits, Reservations } from "../../components/session-container/args.ts";
import { baseline } from "../../policy/baseline.ts";
import { formatSize } from "../units.ts";
import type { Layered } from "./layers.ts";
import { sentence } from "./sentences.ts";

/** @param judged whether limits and reservations have their form, so that contradictions are real */
export function resolveLimits({ setting, where }: Layered, judged: boolean, mistakes: string[]): Partial<Limits> {
  const limits = Object.fromEntries(Object.entries(setting.limits ?? {}).filter(([, value]) => value !== undefined)) as Partial<Limits>;
  for (const key of ["memory", "cpu"] as const) {
    const reserved = setting.reservations?.[key];
    const limit = limits[key] ?? baseline.limits[key];
    if (!judged || reserved === undefined || reserved <= limit) continue;
    const write = (amount: number) => (key === "memory" ? formatSize(amount) : amount);
    mistakes.push(
      sentence(where("reservations", key), write(reserved), `is more than the limit of ${write(limit)}; lower it or raise limits.${key}`),
    );
  }
  return limits;
}

/** What a session of a busy server is promised, and never more than its limits: half of the memory and of the cores that it may use. */
export function usualReservations({ memory, cpu }: Partial<Limits>): Required<Reservations> {
  return { memory: Math.floor((memory ?? baseline.limits.memory) / 2), cpu: (cpu ?? baseline.limits.cpu) / 2 };
}
