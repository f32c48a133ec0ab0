// supervisor.ts: watches the sessions of one stack, and changes nothing. Without it, every session runs on as it is.
//
//   STACK         the stack, as the label `stack` of its containers has it
//   STRATEGY      the strategy that they were deployed with
//   ALERTMANAGER  URL of the Alertmanager that the page shows alerts of
//   GATEWAY       set where there is to be a gateway
//   --check       0 when the supervisor is well
//
// /etc/agent-sessions/authority.json: what the sessions may do beyond a sealed box, as a JSON list of sentences. It is read for each
// page, so that a change of it alone leaves the supervisor, and what it has seen, as they are.
import { readFile } from "node:fs/promises";
import { setTimeout as delay } from "node:timers/promises";
import { askAlerts } from "./alerts.ts";
import { Engine } from "./engine.ts";
import { type Machine, measureMachine } from "./machine.ts";
import { Metrics } from "./metrics.ts";
import { page } from "./page.ts";
import { serve } from "./server.ts";
import { Watch } from "./watch.ts";

const port = 9464;
const interval = 10_000;
const weighing = 60_000;
/** Milliseconds without a round after which the supervisor is not well. */
const patience = 45_000;

const { STACK: stack = "", STRATEGY: strategy = "", ALERTMANAGER: alertmanager, GATEWAY: gateway } = process.env;

/** Does something again and again, never twice at once; a failure is told when it begins and when it is over. */
async function every(milliseconds: number, what: string, work: () => Promise<void>): Promise<never> {
  let failing = false;
  for (;;) {
    const next = Date.now() + milliseconds;
    try {
      await work();
      if (failing) console.log(`${what}: works again`);
      failing = false;
    } catch (error) {
      if (!failing) console.error(`${what}: ${(error as Error).message}`);
      failing = true;
    }
    await delay(Math.max(0, next - Date.now()));
  }
}

/** @returns undefined while it is being changed */
async function readAuthority(): Promise<readonly string[] | undefined> {
  try {
    return JSON.parse(await readFile("/etc/agent-sessions/authority.json", "utf8")) as readonly string[];
  } catch {
    return undefined;
  }
}

function run(): void {
  const metrics = new Metrics(stack, strategy);
  const watch = new Watch(new Engine(), metrics, gateway !== undefined);
  let machine: Machine | undefined;
  const begun = Date.now();
  const view = () => ({
    sessions: [...watch.sessions.values()],
    machine,
    round: watch.round,
    cleanUp: watch.cleanUp,
    gateway: watch.gateway,
  });
  serve({
    metrics: () => metrics.text(view()),
    page: async (refresh) => {
      const [authority, alerts] = await Promise.all([readAuthority(), alertmanager === undefined ? undefined : askAlerts(alertmanager)]);
      return page({ ...view(), stack, strategy, authority, alerts, now: Date.now(), refresh });
    },
    fault: () => (Date.now() - (watch.listedAt ?? begun) < patience ? undefined : "the engine has not answered for a while"),
  }).listen(port);
  void every(interval, "the sessions", () => watch.look());
  void every(interval, "the machine", async () => {
    machine = await measureMachine();
  });
  // After the first look, which says whose they are.
  void delay(interval / 2).then(() => every(weighing, "what the volumes hold", () => watch.weigh()));
  process.once("SIGTERM", () => process.exit(0));
}

async function check(): Promise<void> {
  const healthy = await fetch(`http://127.0.0.1:${port}/health`, { signal: AbortSignal.timeout(5000) }).then(
    ({ ok }) => ok,
    () => false,
  );
  process.exit(healthy ? 0 : 1);
}

if (process.argv.includes("--check")) await check();
else run();
