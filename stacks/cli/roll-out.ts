import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import type { StackSource } from "../configuration.ts";
import { EmbeddedEngine, refusalsOf, type Reviewed } from "../embedded/engine.ts";
import { emptyLive } from "../embedded/live.ts";
import { lock } from "../lock.ts";
import { changes, limitTo, type Plan, type Step } from "../embedded/plan.ts";
import { DockerRuntime } from "../runtime/docker.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { policyConfig } from "../policy-config.ts";
import { noEncryptedConfig, Secrets, unknownHere } from "../secrets.ts";
import { strategyOf } from "../strategies/index.ts";
import { BuildProgress } from "./build-progress.ts";
import { chooseEngine, type EngineName, runPulumi } from "./engine-choice.ts";
import { authorityText, planText } from "./render.ts";
import { noSession } from "./sessions.ts";
import { prepareMachine } from "./setup/machine.ts";

export interface RollOutOptions {
  readonly engine: "auto" | EngineName;
  readonly yes?: boolean;
  readonly install: boolean;
  /** These sessions are changed, and the others stay as they are. */
  readonly only?: readonly string[];
  readonly adopt?: boolean;
  /** Nobody is asked whether to go on with the plan. */
  readonly unasked?: boolean;
  /** Another run on the stack is waited for. */
  readonly waits?: boolean;
  /** Requests to the engine at once. */
  readonly parallel: string;
}

/** What was rolled out, and by what. */
export interface RolledOut {
  readonly runtime: SessionRuntime;
  readonly engine: EmbeddedEngine;
  readonly by: EngineName;
  readonly changed: boolean;
  readonly reviewed: Reviewed;
}

/**
 * Brings the sessions of a stack to what its file says.
 *
 * @param say told of each thing that a person is to know
 * @param detail told of the plan and each step
 * @returns nothing, with the exit code set, when somebody did not agree or the Pulumi CLI failed
 * @throws Error when something was not done
 */
export async function rollOut(
  source: StackSource,
  options: RollOutOptions,
  say: (line: string) => void,
  detail: (line: string) => void,
): Promise<RolledOut | undefined> {
  const docker = await prepareMachine(source, options, say);
  const runtime = new DockerRuntime(docker, source);
  const secrets = new Secrets(noEncryptedConfig, { announce: say, ...(options.only !== undefined && { only: options.only }) });
  const engine = new EmbeddedEngine(source, docker, secrets);
  refuseUnknown(engine, options.only);
  const name = chooseEngine(options.engine, await engine.live(), engine.identity, source);
  detail(`Stack ${source.stack}, ${name} engine.`);
  if (!strategyOf(source.config).embedded) say(`Pulumi alone rolls out the strategy ${engine.settings.strategy.name}.`);
  if (name === "pulumi") return withPulumi(options, source, runtime, engine, say);

  const release = await lock(
    engine.identity.deployment,
    options.waits ? (holder) => say(`Another run is at work on this stack (${holder}); it is waited for.`) : undefined,
  );
  try {
    // Read after the lock is held: what another run did meanwhile counts.
    const live = await engine.live();
    const reviewed = narrow(await engine.plan(live, { adopt: options.adopt === true }), options.only);
    await refuse(reviewed, engine);
    const changed = changes(reviewed.plan);
    if (!changed) {
      for (const line of ["Nothing is to change.", ...authorityText(reviewed.plan.authority)]) detail(line);
      engine.keepAuthority(reviewed.plan, options.only);
    } else {
      detail(planText(reviewed.plan, reviewed.report));
      if (!options.yes && !options.unasked && !(await agreed(reviewed.plan.steps))) {
        say("Nothing was changed.");
        process.exitCode = 1;
        return undefined;
      }
      const build = new BuildProgress(say);
      const { outcomes } = await engine.apply(reviewed.plan, live, {
        parallel: Number(options.parallel),
        ...(options.only !== undefined && { only: options.only }),
        progress: {
          begin: build.begin,
          line: build.line,
          end: (outcome) => {
            const { operation, name: object, error, skipped } = outcome;
            build.end(outcome);
            if (operation === "same" && error === undefined) return;
            detail(
              skipped
                ? `  skipped ${object}: what it needs failed`
                : error === undefined
                  ? `  ${operation} ${object}`
                  : `  failed ${object}: ${error}`,
            );
          },
        },
      });
      const failures = outcomes.filter(({ error, skipped }) => error !== undefined || skipped);
      if (failures.length > 0)
        throw new Error(
          `${failures.length} of ${outcomes.length} steps were not done: ${failures.map(({ name: object, error }) => `${object}${error === undefined ? " (skipped)" : ` (${error})`}`).join("; ")}. Mend the cause and run up again; what was done stays.`,
        );
    }
    return { runtime, engine, by: "embedded", changed, reviewed };
  } finally {
    release();
  }
}

/** Leaves planning, policy and rollout to the Pulumi CLI. It looks at what is really there first, so that what was removed by hand comes back. */
async function withPulumi(
  options: RollOutOptions,
  source: StackSource,
  runtime: SessionRuntime,
  engine: EmbeddedEngine,
  say: (line: string) => void,
): Promise<RolledOut | undefined> {
  if (options.adopt) throw new Error('--adopt belongs to the embedded engine; with Pulumi, "pulumi import" takes over what is there');
  const reviewed = narrow(
    await engine.plan(emptyLive(engine.identity), { secrets: new Secrets(unknownHere, { announce: say }) }),
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
  process.exitCode = await runPulumi("up", { yes: options.yes === true || options.unasked === true, more }, source).finally(() =>
    rmSync(folder, { recursive: true }),
  );
  if (process.exitCode !== 0) return undefined;
  engine.keepAuthority(reviewed.plan, options.only);
  return { runtime, engine, by: "pulumi", changed: before !== (await objects()), reviewed };
}

/** The resources of a plan, with all that the CLI wants targeted too when it is new: providers and parents. */
function targetsOf({ steps, run: { registrations } }: Plan): readonly string[] {
  const parents = new Map(registrations.map(({ urn, parent }) => [urn, parent]));
  const line = (urn: string | undefined): string[] => (urn === undefined ? [] : [urn, ...line(parents.get(urn))]);
  const providers = registrations.filter(({ type }) => type.startsWith("pulumi:providers:"));
  return [...new Set([...providers, ...steps].flatMap(({ urn }) => line(urn)))];
}

/** @throws Error when a session that is named is not in the stack file */
export function refuseUnknown(engine: EmbeddedEngine, only: readonly string[] = []): void {
  const known = engine.settings.sessions.map(({ id }) => id);
  const unknown = only.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`--only: ${noSession(unknown, "the stack file", known)}`);
}

/** What `--only` leaves of a plan. */
export function narrow(reviewed: Reviewed, only: readonly string[] | undefined): Reviewed {
  if (only === undefined) return reviewed;
  const plan = limitTo(reviewed.plan, only);
  return { ...reviewed, plan, refusals: refusalsOf(plan, reviewed.report) };
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
