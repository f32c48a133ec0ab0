// node stacks/cli/bootstrap.js test/mutation/run.ts [--share 0.1] [--seed TEXT] [FILE or PATTERN...]
//
// Changes the code of the modules that protect, one place at a time, and says which changes no test notices. All of it takes hours;
// a share of it, chosen by the seed, tells the score of each module within some per cent.
import { globSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { entryMutants } from "./entries.ts";
import { modules } from "./modules.ts";
import { nowhere, testedEngine } from "./hosts.ts";
import type { Mutant } from "./mutants.ts";
import { strykerMutants } from "./stryker.ts";
import { equivalents } from "./survivors.ts";

/** Per cent of a module's mutants that tests must kill. */
const least = 90;

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");
process.chdir(root);
const { values, positionals: asked } = parseArgs({
  options: { share: { type: "string", default: "1" }, seed: { type: "string", default: String(Date.now()) } },
  allowPositionals: true,
});
const sample = { share: Number(values.share), seed: values.seed };
if (!(sample.share > 0 && sample.share <= 1))
  throw new Error(`--share ${values.share} is no part of the code; give a number above 0 and up to 1`);
const stray = Object.values(modules)
  .flat()
  .filter((pattern) => globSync(pattern).length === 0);
if (stray.length > 0) throw new Error(`${stray.join(", ")} matches no file; write in test/mutation/modules.ts where that code is now`);
const chosen = asked.length === 0 ? undefined : new Set(asked.flatMap((pattern) => globSync(pattern)));
const filesOf = (patterns: readonly string[]) =>
  patterns.flatMap((pattern) => globSync(pattern)).filter((file) => chosen === undefined || chosen.has(file));
const files = Object.values(modules).flatMap(filesOf).sort();
if (files.length === 0) throw new Error(`${asked.join(", ")} is no file of the modules that protect; see test/mutation/modules.ts`);

// Two runs of the hooks' tests at once take each other's containers and volumes for their own, and fail for no mutant's sake.
const withEngine = new Set((modules.hooks ?? []).flatMap((pattern) => globSync(pattern)));
const engine = process.env.DOCKER_HOST ?? "";
const mutants: Mutant[] = [];
for (const { part, host, atOnce } of [
  { part: files.filter((file) => !withEngine.has(file)), host: nowhere, atOnce: 2 },
  { part: files.filter((file) => withEngine.has(file)), host: engine, atOnce: 1 },
]) {
  process.env[testedEngine] = host;
  mutants.push(...(await strykerMutants(part, root, sample, atOnce)), ...(await entryMutants(part, root, sample)));
}
const known = (mutant: Mutant) =>
  equivalents.find(({ file, before, after }) => file === mutant.file && before === mutant.before && after === mutant.after);
const survivors = mutants.filter((mutant) => !mutant.killed && known(mutant) === undefined);
const stale = equivalents.filter(
  (one) => sample.share === 1 && files.includes(one.file) && !mutants.some((mutant) => !mutant.killed && known(mutant) === one),
);

for (const { file, line, before, after } of survivors) console.log(`survived  ${file}:${line}  ${before}  ->  ${after || "(nothing)"}`);
for (const { file, before } of stale) console.log(`no longer survives, to be taken out of test/mutation/survivors.ts: ${file}  ${before}`);
console.log(sample.share < 1 ? `\na share of ${sample.share}, seed ${sample.seed}` : "");
let weak = stale.length;
for (const [name, patterns] of Object.entries(modules)) {
  const own = new Set(filesOf(patterns));
  const all = mutants.filter(({ file }) => own.has(file));
  if (all.length === 0) continue;
  const alike = all.filter((mutant) => !mutant.killed && known(mutant) !== undefined).length;
  const score = (100 * all.filter(({ killed }) => killed).length) / (all.length - alike);
  if (score < least) weak += 1;
  const counts = `${all.length} mutants, ${all.length - alike - survivors.filter(({ file }) => own.has(file)).length} killed, ${alike} equivalent`;
  console.log(`${score.toFixed(1).padStart(5)} %  ${name.padEnd(24)} ${counts}`);
}
process.exitCode = weak > 0 ? 1 : 0;
