import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline/promises";
import { keepAuthority } from "../authority.ts";
import type { StackSource } from "../configuration.ts";
import { identify } from "../identity.ts";
import { lock } from "../lock.ts";
import { platformOf } from "../platforms/index.ts";
import type { LiveStack, EngineName, Proposal } from "../platforms/platform.ts";
import { packConfig } from "../policy-config.ts";
import { planAsNew } from "../recorder/as-new.ts";
import { authorityIn, changes, limitTo, type Plan, type Reviewed, type Step } from "../recorder/plan.ts";
import type { SessionRuntime } from "../runtime/runtime.ts";
import { noEncryptedConfig, Secrets, unknownHere } from "../secrets.ts";
import { machineReadsText } from "../settings/machine-reads.ts";
import { settingsOf, type Settings } from "../settings.ts";
import { strategies, strategyOf } from "../strategies/index.ts";
import { chooseEngine, needEngine, runPulumi } from "./engine-choice.ts";
import { progressOf, refuseFailures } from "./progress.ts";
import { authorityText, planText } from "./render.ts";
import { noSession } from "./sessions.ts";

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
  readonly settings: Settings;
  readonly by: EngineName;
  readonly changed: boolean;
  readonly reviewed: Reviewed;
}

/** Told of what happens: `say` of each thing that a person is to know, `detail` of the plan and each step. */
export interface Listener {
  say(line: string): void;
  detail(line: string): void;
}

/**
 * Brings the sessions of a stack to what its file says.
 *
 * @returns nothing, with the exit code set, when somebody did not agree or the Pulumi CLI failed
 * @throws Error when something was not done
 */
export async function rollOut(source: StackSource, options: RollOutOptions, listener: Listener): Promise<RolledOut | undefined> {
  const { say, detail } = listener;
  const settings = settingsOf(source);
  const live = await (await platformOf(source)).prepare(settings, options, say);
  refuseUnknown(settings, options.only);
  const by = chooseEngine(options.engine, await live.owner(), source);
  detail(`Stack ${source.stack}, ${by} engine.`);
  if (!strategyOf(source.config).embedded) say(`Pulumi alone rolls out the strategy ${settings.strategy.name}.`);
  const read = machineReadsText(settings.reads, source.stack);
  // Under the Pulumi CLI the program says so.
  if (read !== undefined && by === "embedded") detail(read);
  const roll = by === "pulumi" ? withPulumi : withBuiltIn;
  const done = await roll(source, options, settings, live, listener);
  return done && { runtime: live.runtime, settings, by, ...done };
}

type Roll = (
  source: StackSource,
  options: RollOutOptions,
  settings: Settings,
  live: LiveStack,
  listener: Listener,
) => Promise<Pick<RolledOut, "changed" | "reviewed"> | undefined>;

/** Plans, has the policy judge and rolls out without the Pulumi CLI. */
const withBuiltIn: Roll = async (source, { only, ...options }, _, live, { say, detail }) => {
  const secrets = new Secrets(noEncryptedConfig, { announce: say, ...(only !== undefined && { only }) });
  const engine = await needEngine(live, secrets);
  const release = await lock(
    identify(source.project, source.stack, source.root).deployment,
    options.waits ? (holder) => say(`Another run is at work on this stack (${holder}); it is waited for.`) : undefined,
  );
  try {
    // Planned while the lock is held: what another run did before counts.
    const proposal = await engine.plan({ adopt: options.adopt === true, ...(only !== undefined && { only }) });
    const { plan, report } = proposal;
    await refuse(proposal);
    const changed = changes(plan);
    if (!changed) {
      for (const line of ["Nothing is to change.", ...authorityText(plan.authority)]) detail(line);
      keepAuthority(source, authorityIn(plan.run), only);
      return { changed, reviewed: proposal };
    }
    detail(planText(plan, report));
    if (!options.yes && !options.unasked && !(await agreed(plan.steps))) {
      say("Nothing was changed.");
      process.exitCode = 1;
      return undefined;
    }
    refuseFailures(await proposal.apply({ parallel: Number(options.parallel), progress: progressOf(say, detail) }));
    return { changed, reviewed: proposal };
  } finally {
    release();
  }
};

/** Leaves planning, policy and rollout to the Pulumi CLI. It looks at what is really there first, so that what was removed by hand comes back. */
const withPulumi: Roll = async (source, options, settings, live, { say }) => {
  const { only } = options;
  if (options.adopt) throw new Error('--adopt belongs to the embedded engine; with Pulumi, "pulumi import" takes over what is there');
  const reviewed = limitTo(await planAsNew(source, new Secrets(unknownHere, { announce: say, ...(only !== undefined && { only }) })), only);
  const targets = only === undefined ? [] : targetsOf(reviewed.plan);
  const folder = mkdtempSync(join(tmpdir(), "agent-sessions-policy-"));
  const config = join(folder, "config.json");
  writeFileSync(config, JSON.stringify(packConfig(settings, strategies[settings.strategy.name].level)));
  const more = ["--refresh", "--policy-pack", "policy", "--policy-pack-config", config, ...targets.flatMap((urn) => ["--target", urn])];
  const before = await live.fingerprint();
  const asked = { yes: options.yes === true || options.unasked === true, more, ...(only !== undefined && { only }) };
  process.exitCode = await runPulumi("up", asked, source).finally(() => rmSync(folder, { recursive: true }));
  if (process.exitCode !== 0) return undefined;
  await live.rolledOut?.(only);
  keepAuthority(source, authorityIn(reviewed.plan.run), only);
  return { changed: before !== (await live.fingerprint()), reviewed };
};

/** The resources of a plan, with all that the CLI wants targeted too when it is new: providers and parents. */
function targetsOf({ steps, run: { registrations } }: Plan): readonly string[] {
  const parents = new Map(registrations.map(({ urn, parent }) => [urn, parent]));
  const line = (urn: string | undefined): string[] => (urn === undefined ? [] : [urn, ...line(parents.get(urn))]);
  const providers = registrations.filter(({ type }) => type.startsWith("pulumi:providers:"));
  return [...new Set([...providers, ...steps].flatMap(({ urn }) => line(urn)))];
}

/** @throws Error when a session that is named is not in the stack file */
export function refuseUnknown({ sessions }: Settings, only: readonly string[] = []): void {
  const known = sessions.map(({ id }) => id);
  const unknown = only.filter((id) => !known.includes(id));
  if (unknown.length > 0) throw new Error(`--only: ${noSession(unknown, "the stack file", known)}`);
}

/** Stops before anything is created when the plan must not be carried out. */
async function refuse(proposal: Proposal): Promise<void> {
  const shortage = proposal.refusals.length === 0 ? await proposal.shortage() : undefined;
  const all = shortage === undefined ? proposal.refusals : [shortage];
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
