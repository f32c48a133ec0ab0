import type { Command } from "commander";
import { limitsOf } from "../../components/session-container/args.ts";
import { askAgain, waitHealthy, waitServices } from "../runtime/health.ts";
import type { Health } from "../runtime/runtime.ts";
import type { Settings } from "../settings.ts";
import { isWell, stateText } from "../runtime/session-state.ts";
import type { Deployed } from "../strategies/strategy.ts";
import { formatSize } from "../units.ts";
import { checksOn, platformOf } from "../verify/checks/index.ts";
import { targetOf } from "../verify/target.ts";
import { promisedOn } from "../verify/promised.ts";
import { count, shortForm } from "../verify/report.ts";
import { verifyQuickly } from "../verify/run.ts";
import { engineOption } from "./engine-choice.ts";
import { serviceText } from "./list.ts";
import { nextSteps } from "./next-steps.ts";
import { planJson } from "./render.ts";
import { type RolledOut, type RollOutOptions, rollOut } from "./roll-out.ts";
import { loadStack, stackOption, typed } from "./stack.ts";
import { table } from "./table.ts";

interface Options extends RollOutOptions {
  readonly stack: string;
  readonly json?: boolean;
  /** Seconds. */
  readonly timeout: string;
}

export function register(program: Command): void {
  program
    .command("up")
    .description(
      "Bring the sessions to what the stack file says: plan, policy check, rollout by the engine built in or the Pulumi CLI, and wait until every session is healthy.",
    )
    .addOption(stackOption())
    .addOption(engineOption())
    .option("-y, --yes", "do not ask")
    .option("--no-install", "install nothing on this machine")
    .option("--only <id...>", "change these sessions and leave the others as they are")
    .option(
      "--adopt",
      "with the engine built in: take over names that something else holds; containers and networks are replaced, volumes kept with their data",
    )
    .option("--timeout <seconds>", "how long to wait until the sessions are healthy", "120")
    .option("--parallel <n>", "with the engine built in: requests at once", "16")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  npx sessions up --stack local --yes\n")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const say = (line: string) => console.error(line);
  const rolledOut = await rollOut(loadStack(options.stack), options, { say, detail: say });
  if (rolledOut !== undefined) await finish(options, rolledOut, say);
}

/** Waits for health, verifies quickly and prints the one table. */
async function finish(options: Options, { runtime, settings, ...result }: RolledOut, say: (line: string) => void): Promise<void> {
  const sessions = settings.sessions.filter(({ id }) => options.only?.includes(id) ?? true).map(({ id }) => runtime.session(id));
  const timeout = Number(options.timeout);
  const tell = (health: Health) => {
    if (health.state === "healthy") return;
    say(`  ${health.session} is ${stateText(health)}${health.output === undefined ? "" : "; it said last:"}`);
    for (const line of health.output?.split("\n") ?? []) say(`    ${line}`);
  };
  const waiting = waitHealthy(sessions, timeout, tell);
  const [found, services, held] = await Promise.all([waiting, waitServices(runtime, timeout), runtime.held(10)]);
  const tried = found.filter(isWell).map(({ session }) => session);
  const platform = await platformOf(runtime, settings);
  const promised = promisedOn(platform);
  const targets = settings.sessions.flatMap((session) => (tried.includes(session.id) ? [targetOf(runtime, promised(session))] : []));
  const verified = await verifyQuickly(targets, checksOn(platform), held);
  const health = result.changed ? await askAgain(sessions, found, timeout, tell) : found;
  const well = health.filter(isWell);
  const { plan, report, refusals } = result.reviewed;
  const deployed = plan.run.outputs.sessions as Deployed["sessions"];
  if (options.json) {
    // What the Pulumi CLI did stands in its own output; the plan here knows nothing of its state.
    const details = result.by === "pulumi" ? { policy: report } : planJson(plan, report, refusals);
    console.log(
      JSON.stringify(
        {
          engine: result.by,
          changed: result.changed,
          sessions: health.map((entry) => ({ ...entry, ...deployed[entry.session], containerId: undefined })),
          ...(services.length > 0 && { services }),
          verified,
          ...details,
        },
        null,
        2,
      ),
    );
  } else {
    console.log(summary(settings, deployed, health));
    for (const service of services) console.log(serviceText(service));
    for (const session of verified) console.log(shortForm(session));
    if (verified.length > 0) console.log(`Only what is quick was tried; "${typed("verify", options.stack)}" tries all.`);
    if (!result.changed) console.log("Nothing was changed.");
    for (const line of nextSteps(settings.sessions, options.stack)) console.log(line);
  }
  if (
    well.length < health.length ||
    services.some(({ state }) => state !== "healthy") ||
    verified.some((session) => count(session).notHeld > 0)
  )
    process.exitCode = 1;
}

function summary(settings: Settings, deployed: Deployed["sessions"], health: readonly Health[]): string {
  const rows = settings.sessions.map((session) => {
    const limits = limitsOf(session);
    const found = health.find((entry) => entry.session === session.id);
    const { network = "", isolation = "" } = deployed[session.id] ?? {};
    return [
      session.id,
      network,
      isolation,
      `${formatSize(limits.memory)}, ${limits.cpu} cpu, ${limits.processes} processes`,
      found === undefined ? "" : stateText(found),
    ];
  });
  return table(["session", "network", "isolation", "limits", "state"], rows);
}
