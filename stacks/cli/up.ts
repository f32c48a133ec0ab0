import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { Command } from "commander";
import type Docker from "dockerode";
import { containerName, limitsOf } from "../../components/session-container/args.ts";
import { EmbeddedEngine, type Reviewed, type StackSource } from "../embedded/engine.ts";
import { type Health, waitHealthy } from "../embedded/health.ts";
import { emptyLive } from "../embedded/live.ts";
import { lock } from "../embedded/lock.ts";
import { changes, limitTo, type Plan, type Step } from "../embedded/plan.ts";
import { policyConfig } from "../policy-config.ts";
import { isWell, stateText } from "../session-state.ts";
import { noEncryptedConfig, Secrets, unknownHere } from "../secrets.ts";
import type { DeployedSession } from "../strategies/strategy.ts";
import { formatSize } from "../units.ts";
import { checks } from "../verify/checks/index.ts";
import { dockerTarget } from "../verify/docker.ts";
import { promisedTo } from "../verify/promised.ts";
import { count, shortForm } from "../verify/report.ts";
import { verifyQuickly } from "../verify/run.ts";
import { heldIn } from "../verify/surroundings.ts";
import { chooseEngine, type EngineName, engineOption, runPulumi } from "./engine-choice.ts";
import { planJson, planText } from "./render.ts";
import { noSession } from "./sessions.ts";
import { prepareMachine } from "./setup/machine.ts";
import { loadStack, stackOption } from "./stack.ts";
import { table } from "./table.ts";

interface Options {
  readonly stack: string;
  readonly engine: "auto" | EngineName;
  readonly yes?: boolean;
  readonly install: boolean;
  readonly only?: string[];
  readonly adopt?: boolean;
  readonly json?: boolean;
  readonly timeout: string;
  readonly parallel: string;
}

export function register(program: Command): void {
  program
    .command("up")
    .description("Bring the sessions to what the stack file says: plan, policy check, rollout, and wait until every session is healthy.")
    .addOption(stackOption())
    .addOption(engineOption())
    .option("-y, --yes", "do not ask")
    .option("--no-install", "install nothing on this machine")
    .option("--only <id...>", "change these sessions and leave the others as they are")
    .option("--adopt", "take over names that something else holds: containers and networks are replaced, volumes kept with their data")
    .option("--timeout <seconds>", "how long to wait until the sessions are healthy", "120")
    .option("--parallel <n>", "requests to the engine at once", "16")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  sessions up --stack local --yes\n")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const say = (line: string) => console.error(line);
  const docker = await prepareMachine(source, options, say);
  const engine = new EmbeddedEngine(source, docker, new Secrets(noEncryptedConfig, { announce: say }));
  const name = chooseEngine(options.engine, await engine.live(), engine.identity, source);
  say(`Stack ${source.stack}, ${name} engine.`);
  if (name === "pulumi") return upWithPulumi(options, source, docker, engine, say);

  const release = await lock(engine.identity.deployment);
  try {
    // Read after the lock is held: what another run did meanwhile counts.
    const live = await engine.live();
    const reviewed = narrow(await engine.plan(live, { adopt: options.adopt === true }), engine, options.only);
    await refuse(reviewed, engine);
    const changed = changes(reviewed.plan);
    if (!changed) say("Nothing is to change.");
    else {
      say(planText(reviewed.plan, reviewed.report));
      if (!options.yes && !(await agreed(reviewed.plan.steps))) {
        say("Nothing was changed.");
        process.exitCode = 1;
        return;
      }
      const { outcomes } = await engine.apply(reviewed.plan, live, {
        parallel: Number(options.parallel),
        progress: {
          end: ({ operation, name: object, error, skipped }) => {
            if (operation === "same" && error === undefined) return;
            say(
              skipped
                ? `  skipped ${object}: what it needs failed`
                : error === undefined
                  ? `  ${operation} ${object}`
                  : `  failed ${object}: ${error}`,
            );
          },
          line: (line) => say(`    ${line}`),
        },
      });
      const failures = outcomes.filter(({ error, skipped }) => error !== undefined || skipped);
      if (failures.length > 0)
        throw new Error(
          `${failures.length} of ${outcomes.length} steps were not done: ${failures.map(({ name: object, error }) => `${object}${error === undefined ? " (skipped)" : ` (${error})`}`).join("; ")}. Mend the cause and run up again; what was done stays.`,
        );
    }
    await finish(options, docker, engine, { by: "embedded", changed, reviewed }, say);
  } finally {
    release();
  }
}

/** Leaves planning, policy and rollout to the Pulumi CLI. It looks at what is really there first, so that what was removed by hand comes back. */
async function upWithPulumi(
  options: Options,
  source: StackSource,
  docker: Docker,
  engine: EmbeddedEngine,
  say: (line: string) => void,
): Promise<void> {
  if (options.adopt) throw new Error('--adopt belongs to the embedded engine; with Pulumi, "pulumi import" takes over what is there');
  const reviewed = narrow(
    await engine.plan(emptyLive(engine.identity), { secrets: new Secrets(unknownHere, { announce: say }) }),
    engine,
    options.only,
  );
  const targets = options.only === undefined ? [] : targetsOf(reviewed.plan);
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-policy-"));
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify(policyConfig(engine.settings)));
  const more = ["--refresh", "--policy-pack", "policy", "--policy-pack-config", config, ...targets.flatMap((urn) => ["--target", urn])];
  const label = `${source.project}/${source.stack}`;
  const objects = async () =>
    (await engine.live()).objects
      .flatMap(({ id, labels }) => (labels.stack === label ? [id] : []))
      .sort()
      .join();
  const before = await objects();
  process.exitCode = await runPulumi("up", { ...options, more }, source).finally(() => rmSync(folder, { recursive: true }));
  if (process.exitCode === 0) await finish(options, docker, engine, { by: "pulumi", changed: before !== (await objects()), reviewed }, say);
}

/** The resources of a plan, with all that the CLI wants targeted too when it is new: providers and parents. */
function targetsOf({ steps, run: { registrations } }: Plan): readonly string[] {
  const parents = new Map(registrations.map(({ urn, parent }) => [urn, parent]));
  const line = (urn: string | undefined): string[] => (urn === undefined ? [] : [urn, ...line(parents.get(urn))]);
  const providers = registrations.filter(({ type }) => type.startsWith("pulumi:providers:"));
  return [...new Set([...providers, ...steps].flatMap(({ urn }) => line(urn)))];
}

/** What `--only` leaves of a plan. @throws Error when it names a session that is not in the stack file */
function narrow(reviewed: Reviewed, engine: EmbeddedEngine, only: readonly string[] | undefined): Reviewed {
  if (only === undefined) return reviewed;
  const known = engine.settings.sessions.map(({ id }) => id);
  const unknown = only.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`--only: ${noSession(unknown, "the stack file", known)}`);
  return { ...reviewed, plan: limitTo(reviewed.plan, only) };
}

/** Stops before anything is created when the plan must not be carried out. */
async function refuse({ refusals, plan }: Reviewed, engine: EmbeddedEngine): Promise<void> {
  const shortage = refusals.length === 0 ? await engine.shortage(plan) : undefined;
  const all = shortage === undefined ? refusals : [shortage];
  if (all.length > 0) throw new Error(`nothing was changed, because:\n${all.map((line) => `  ${line}`).join("\n")}`);
}

/** Asks on a terminal; without one, whoever runs the command has agreed by running it. */
async function agreed(steps: readonly Step[]): Promise<boolean> {
  if (!process.stdin.isTTY || !process.stderr.isTTY) return true;
  const ended = steps.flatMap(({ restarts }) => restarts ?? []);
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `${ended.length > 0 ? `This ends the running agents of ${ended.join(", ")}. ` : ""}Go on? [y/N] `,
    );
    return /^\s*y(es)?\s*$/i.test(answer);
  } finally {
    terminal.close();
  }
}

/** Waits for health, verifies quickly and prints the one table. */
async function finish(
  options: Options,
  docker: Docker,
  engine: EmbeddedEngine,
  result: { by: EngineName; changed: boolean; reviewed: Reviewed },
  say: (line: string) => void,
): Promise<void> {
  const sessions = engine.settings.sessions
    .filter(({ id }) => options.only?.includes(id) ?? true)
    .map(({ id }) => ({ id, container: containerName(id) }));
  const waiting = waitHealthy(docker, sessions, Number(options.timeout), (health) => {
    if (health.state === "healthy") return;
    say(`  ${health.session} is ${stateText(health)}${health.output === undefined ? "" : "; it said last:"}`);
    for (const line of health.output?.split("\n") ?? []) say(`    ${line}`);
  });
  const [health, held] = await Promise.all([waiting, heldIn(docker, 10)]);
  const well = health.filter(isWell).map(({ session }) => session);
  const targets = engine.settings.sessions
    .filter(({ id }) => well.includes(id))
    .map((session) => dockerTarget(docker, promisedTo(session)));
  const verified = await verifyQuickly(targets, checks, held);
  const { plan, report, refusals } = result.reviewed;
  const deployed = plan.run.outputs.sessions as Readonly<Record<string, DeployedSession>>;
  if (options.json) {
    // What the Pulumi CLI did stands in its own output; the plan here knows nothing of its state.
    const details = result.by === "pulumi" ? { policy: report } : planJson(plan, report, refusals);
    console.log(
      JSON.stringify(
        {
          engine: result.by,
          changed: result.changed,
          sessions: health.map((entry) => ({ ...entry, ...deployed[entry.session], containerId: undefined })),
          verified,
          ...details,
        },
        null,
        2,
      ),
    );
  } else {
    console.log(summary(engine, deployed, health));
    for (const session of verified) console.log(shortForm(session));
    if (verified.length > 0) console.log('Only what is quick was tried; "sessions verify" tries all.');
    if (!result.changed) console.log("Nothing was changed.");
  }
  if (well.length < health.length || verified.some((session) => count(session).notHeld > 0)) process.exitCode = 1;
}

function summary(engine: EmbeddedEngine, deployed: Readonly<Record<string, DeployedSession>>, health: readonly Health[]): string {
  const rows = engine.settings.sessions.map((session) => {
    const limits = limitsOf(session);
    const found = health.find((entry) => entry.session === session.id);
    const { container = "", network = "", isolation = "", attach = "" } = deployed[session.id] ?? {};
    return [
      session.id,
      container,
      network,
      isolation,
      `${formatSize(limits.memory)}, ${limits.cpu} cpu, ${limits.processes} processes`,
      found === undefined ? "" : stateText(found),
      attach,
    ];
  });
  return table(["session", "container", "network", "isolation", "limits", "state", "attach"], rows);
}
