import { readFileSync, writeFileSync } from "node:fs";
import type { Command } from "commander";
import { compareAuthority } from "../authority.ts";
import { platformOf } from "../platforms/index.ts";
import { planAsNew } from "../recorder/as-new.ts";
import { compareInputs } from "../recorder/compare.ts";
import { authorityIn, changes, limitTo, type Plan } from "../recorder/plan.ts";
import { concealSecrets } from "../recorder/secret-inputs.ts";
import { machineReadsText } from "../settings/machine-reads.ts";
import { noEncryptedConfig, Secrets, unknownHere } from "../secrets.ts";
import { settingsOf } from "../settings.ts";
import { strategyOf } from "../strategies/index.ts";
import { needEngine } from "./engine-choice.ts";
import { authorityText, planJson, planText } from "./render.ts";
import { refuseUnknown } from "./roll-out.ts";
import { loadStack, path, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly json?: boolean;
  readonly detailedExitcode?: boolean;
  readonly against?: string;
  readonly save?: string;
  readonly commands: boolean;
  readonly only?: readonly string[];
}

export function register(program: Command): void {
  program
    .command("plan")
    .description(
      "Show what up would change, in resources and in authority, and what the policy rules say. Needs no engine and changes nothing.",
    )
    .addOption(stackOption())
    .option("--only <id...>", "only what up would change with the same --only")
    .option("--against <file>", "compare with a saved plan instead of the engine", path)
    .option("--save <file>", "save what the program asks for, for --against", path)
    .option("--no-commands", "run no command that prints a secret; what depends on one counts as changed")
    .option("--detailed-exitcode", "exit with 3 when something would change")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  npx sessions plan --stack local --detailed-exitcode\n")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const platform = await platformOf(source);
  const { embedded } = strategyOf(source.config);
  const live = embedded && options.against === undefined ? await platform.reach() : undefined;
  // What the Pulumi CLI made has no inputs on it to compare with.
  const foreign = (await live?.owner()) === "pulumi";
  const { commands, only } = options;
  const settings = settingsOf(source);
  refuseUnknown(settings, only);
  const secrets = new Secrets(foreign ? unknownHere : noEncryptedConfig, {
    commands,
    // Where no plan compares values, whoever looks needs none of them.
    absent: !embedded,
    announce: (line) => console.error(line),
    ...(only !== undefined && { only }),
  });
  const { plan, report, refusals } =
    live === undefined || foreign
      ? limitTo(await planAsNew(source, secrets), only)
      : await (await needEngine(live, secrets)).plan(only === undefined ? {} : { only });
  const saved = savedPlan(plan);
  if (options.save !== undefined) writeFileSync(options.save, `${JSON.stringify(saved, null, 2)}\n`);

  const before = options.against === undefined ? undefined : readSaved(options.against);
  const differences = before && compare(before.resources, saved.resources);
  const authority = before === undefined ? plan.authority : compareAuthority(before.authority, saved.authority);
  if (options.json)
    console.log(
      JSON.stringify(
        {
          ...planJson({ ...plan, authority }, report, refusals),
          unknownSecrets: [...secrets.unknown],
          unanswered: plan.run.unanswered,
          reported: settings.reported,
          ...(typeof plan.run.outputs.cost === "string" && { cost: plan.run.outputs.cost }),
          readHere: settings.reads,
          ...(differences !== undefined && { against: differences }),
        },
        null,
        2,
      ),
    );
  else if (differences !== undefined) console.log(differencesText(differences, authority));
  else console.log(`${asNew(source.stack, { embedded, foreign, answers: live !== undefined })}${planText(plan, report)}`);

  const read = machineReadsText(settings.reads, source.stack);
  if (read !== undefined) console.error(read);
  if (!options.json) {
    const { cost } = plan.run.outputs;
    if (typeof cost === "string") console.log(`Cost: ${cost}`);
    for (const line of settings.reported) console.log(line);
    for (const secret of secrets.unknown) console.log(`Unknown, so that what depends on it counts as changed: ${secret}`);
    for (const token of plan.run.unanswered) console.log(`No provider is asked here, so this counts as unknown: ${token}`);
  }
  for (const refusal of refusals) console.error(`refused: ${refusal}`);
  if (refusals.length > 0) process.exitCode = 1;
  else if (options.detailedExitcode && (differences === undefined ? changes(plan) : differences.length > 0)) process.exitCode = 3;
}

/** Why everything counts as new, a line for people; empty where it does not. */
function asNew(stack: string, { embedded, foreign, answers }: Readonly<Record<"embedded" | "foreign" | "answers", boolean>>): string {
  const way = `"pulumi preview --stack ${stack}" shows what would change. Here everything counts as new.\n`;
  if (!embedded) return `Pulumi alone rolls this stack out; ${way}`;
  if (!answers) return "No engine answers, so everything counts as new.\n";
  return foreign ? `The Pulumi CLI made the sessions of this stack; ${way}` : "";
}

function differencesText(differences: readonly Difference[], authority: Plan["authority"]): string {
  const lines = differences.map(({ operation, urn, keys }) => `  ${operation} ${urn}${keys.length > 0 ? `: ${keys.join(", ")}` : ""}`);
  const all = [...lines, ...authorityText(authority)];
  return all.length === 0 ? "Nothing differs from the saved plan." : all.join("\n");
}

/** Inputs by URN. */
type Resources = Readonly<Record<string, Readonly<Record<string, unknown>>>>;

/** A plan as a file keeps it. */
interface Saved {
  readonly resources: Resources;
  readonly authority: readonly string[];
}

function savedPlan({ run }: Plan): Saved {
  const custom = run.registrations.filter((registration) => registration.custom);
  return { resources: Object.fromEntries(custom.map(({ urn, inputs }) => [urn, concealSecrets(inputs)])), authority: authorityIn(run) };
}

/** @throws Error when a file holds no plan, or one that an earlier version saved */
function readSaved(file: string): Saved {
  const saved = JSON.parse(readFileSync(file, "utf8")) as Partial<Saved>;
  if (saved.resources === undefined || saved.authority === undefined)
    throw new Error(`--against: ${file} is no plan that this version saved; save it anew with "npx sessions plan --save ${file}"`);
  return { resources: saved.resources, authority: saved.authority };
}

interface Difference {
  readonly operation: "create" | "delete" | "change";
  readonly urn: string;
  readonly keys: readonly string[];
}

function compare(before: Resources, after: Resources): Difference[] {
  return [...new Set([...Object.keys(before), ...Object.keys(after)])].sort().flatMap((urn): Difference[] => {
    const [old, now] = [before[urn], after[urn]];
    if (old === undefined) return [{ operation: "create", urn, keys: [] }];
    if (now === undefined) return [{ operation: "delete", urn, keys: [] }];
    const keys = compareInputs(old, now).map(({ key }) => key);
    return keys.length === 0 ? [] : [{ operation: "change", urn, keys }];
  });
}
