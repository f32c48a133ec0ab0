import type { Declared, DeclaredTasks } from "./declared.ts";
import type { Fargate } from "./provider.ts";
import { disk } from "./size.ts";

/**
 * What AWS asks for Fargate on Linux, in US dollars for an hour: for a core, for a GB of memory, and for a GB of disk beyond the first
 * 20. Of one region and month, since prices change and most regions ask more.
 *
 * @see https://aws.amazon.com/fargate/pricing/
 */
export const prices = {
  region: "us-east-1",
  as: "2026-03",
  amd64: { core: 0.04048, memory: 0.004445 },
  arm64: { core: 0.03238, memory: 0.00356 },
  disk: 0.000111,
} as const;

/** A month, as AWS counts its hours. */
const hoursOfMonth = 730;

/** What is bought beside tasks. */
const leftOut = "NAT gateways, VPC endpoints, what is stored and backed up, logs, secrets, alarms, traffic and taxes";

/** US dollars for an hour of one task. */
function hourly({ size, disk: gib = disk.usual }: DeclaredTasks, architecture: Fargate["architecture"]): number {
  const { core, memory } = prices[architecture];
  return (size.cpu / 1024) * core + (size.memory / 1024) * memory + (gib - disk.usual) * prices.disk;
}

const inHour = (amount: number): string => `$${amount.toFixed(3)}`;
const inMonth = (amount: number): string => `$${Math.round(amount * hoursOfMonth)}`;

/** What the tasks of a stack cost at list prices if they run all the time, as a line for people; and what it leaves out. */
export function costText(
  { sessions, serving }: Pick<Declared, "sessions" | "serving">,
  { architecture, region }: Pick<Fargate, "architecture" | "region">,
): string {
  const total = (tasks: readonly DeclaredTasks[], count: (one: DeclaredTasks) => number) =>
    tasks.reduce((sum, one) => sum + hourly(one, architecture) * count(one), 0);
  const each = sessions.map((one) => hourly(one, architecture)).sort((one, other) => one - other);
  const [least = 0, most = 0] = [each[0], each.at(-1)];
  const hour = inHour(least) === inHour(most) ? inHour(least) : `${inHour(least)} to ${inHour(most)}`;
  const of = (count: (one: DeclaredTasks) => number) => total(sessions, count) + total(serving, count);
  const [usual, top] = [inMonth(of(({ count }) => count)), inMonth(of(({ most: many }) => many))];
  const tasks = sessions.reduce((sum, { count }) => sum + count, 0);
  const who = [
    tasks === 1 ? "1 task of a session" : `${tasks} tasks of sessions`,
    ...(serving.length > 0 ? [serving.length === 1 ? "1 that serves them" : `${serving.length} that serve them`] : []),
  ];
  const elsewhere = region === prices.region ? "" : `; ${region} may ask more`;
  return `${hour} for an hour of a session, ${usual} for a month of ${who.join(" and ")}${top === usual ? "" : `, ${top} when pools are at their largest`}, at AWS's prices of ${prices.region} in ${prices.as}${elsewhere}. Left out: ${leftOut}.`;
}
