/**
 * Runs the benchmarks: all of them, or those that are named.
 *
 *   npm run bench [-- engines|policy|egress … [options]]
 */
const benchmarks = ["engines", "policy", "egress"];

const named = process.argv.slice(2).filter((word) => benchmarks.includes(word));
for (const benchmark of named.length > 0 ? named : benchmarks) await import(`./${benchmark}.ts`);
