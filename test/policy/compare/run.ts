import { globSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compare } from "./compare.ts";
import { judges } from "./judges.ts";

/**
 * What checkov, kubernetes-validate, compose-lint and hadolint find that the rules miss, and the other way round.
 *
 *   npm run compare
 *
 * Ends with 1 when something is missed without a reason in coverage.ts.
 */
const folder = judges();
if (folder === undefined) process.exit(1);
const workspace = mkdtempSync(join(tmpdir(), "agent-sessions-compare-"));
try {
  for (const { set, both, explained, missed, ours } of compare(folder, workspace, globSync("images/*/Dockerfile"))) {
    console.log(
      `\n${set}: ${both.length} found by both, ${ours.length} by us alone, ${explained.length} left for a reason, ${missed.length} missed`,
    );
    for (const { check, resource, title } of missed) console.log(`  missed: ${check} ${resource}: ${title}`);
    for (const [check, reason] of new Map(explained.map((one) => [one.check, one.reason]))) console.log(`  left: ${check}: ${reason}`);
    if (ours.length > 0) console.log(`  by us alone: ${ours.join(", ")}`);
    if (missed.length > 0) process.exitCode = 1;
  }
} finally {
  rmSync(workspace, { recursive: true });
}
