import { cpus } from "node:os";
import { fileURLToPath } from "node:url";
import { evaluate, type Resource } from "../../policy/evaluate.ts";
import { Analyzer } from "../policy/analyzer.ts";
import { dockerApp } from "../policy/foreign/docker-app.ts";
import { ecsApp } from "../policy/foreign/ecs-app.ts";
import { kubernetesApp } from "../policy/foreign/kubernetes-app.ts";
import { compliant } from "../policy/fixtures.ts";
import { spread } from "./figures.ts";

/**
 * Times the policy rules: all of them over 1,000 and 10,000 resources of every platform in one process, the start of the pack
 * until it answers, as an engine starts it, and what a resource costs an engine: analyzed by itself, and as one of a stack,
 * beside the same calls to a pack without rules. Medians with least and most.
 *
 *   npm run bench -- policy
 */
const some = [dockerApp, kubernetesApp, ecsApp, ...Object.values(compliant)].flat();

/** Copies under names of their own; what belongs together stays together. */
function stackOf(count: number): Resource[] {
  return Array.from({ length: count }, (_, index) => {
    const { urn, name, ...rest } = some[index % some.length] as Resource;
    const copy = Math.floor(index / some.length);
    return { ...rest, urn: `${urn}-${copy}`, name: `${name}-${copy}` };
  });
}

async function times(rounds: number, work: () => unknown): Promise<number[]> {
  const figures: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const started = performance.now();
    await work();
    figures.push(performance.now() - started);
  }
  return figures;
}

const sizes = [1_000, 10_000];
const stacks = sizes.map(stackOf);
// Interleaved, so that a machine that grows slower does so for both; the first round is the compiler's.
await times(1, () => stacks.map((resources) => evaluate(resources)));
const figures = sizes.map((): number[] => []);
for (let round = 0; round < 5; round += 1)
  for (const [index, resources] of stacks.entries()) figures[index]?.push(...(await times(1, () => evaluate(resources))));
for (const [index, size] of sizes.entries())
  console.log(
    `${size} resources, all rules: ${spread(
      (figures[index] ?? []).map((milliseconds) => milliseconds / size),
      3,
    )} ms a resource`,
  );

const pack = fileURLToPath(new URL("../../policy", import.meta.url));
const starts = await times(5, async () => {
  const analyzer = await Analyzer.start(pack);
  await analyzer.info();
  analyzer.stop();
});
console.log(
  `Start of the pack: ${spread(
    starts.map((milliseconds) => milliseconds / 1000),
    3,
  )} s`,
);

// An engine asks about resources one after the other while a program runs, and about all of them at its end.
const asked = stackOf(some.length * 2);
const packs = [pack, fileURLToPath(new URL("no-rules", import.meta.url))];
const analyzers = await Promise.all(packs.map((folder) => Analyzer.start(folder)));
const milliseconds = packs.map(() => ({ resource: [] as number[], stack: [] as number[] }));
for (let round = 0; round < 8; round += 1)
  for (const [index, analyzer] of analyzers.entries()) {
    const [resource = 0] = await times(1, async () => {
      for (const one of asked) await analyzer.analyze(one);
    });
    const [stack = 0] = await times(1, () => analyzer.analyzeStack(asked));
    // The first rounds are the compiler's.
    if (round < 2) continue;
    milliseconds[index]?.resource.push(resource / asked.length);
    milliseconds[index]?.stack.push(stack / asked.length);
  }
for (const analyzer of analyzers) analyzer.stop();
for (const [index, what] of ["all rules", "a pack without rules"].entries())
  console.log(
    `Analyzer protocol, ${asked.length} resources, ${what}: ${spread(milliseconds[index]?.resource ?? [], 3)} ms a resource, ` +
      `${spread(milliseconds[index]?.stack ?? [], 3)} ms a resource of the stack phase`,
  );
console.log(`${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.`);
