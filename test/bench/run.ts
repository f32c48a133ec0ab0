/**
 * Runs the benchmarks: all of them, or those that are named.
 *
 *   npm run bench [-- engines|commands|policy|egress …]
 *   npm run bench -- engines|commands|egress options of the one that is named
 */
const benchmarks = ["engines", "commands", "policy", "egress"];

const words = process.argv.slice(2);
const named = words.filter((word) => benchmarks.includes(word));
if (words.some((word) => word.startsWith("-")) && named.length !== 1) {
  console.error(`bench: options belong to one benchmark; name it: ${benchmarks.join(", ")}`);
  process.exit(2);
}
for (const benchmark of named.length > 0 ? named : benchmarks) await import(`./${benchmark}.ts`);
