// Counts the tests of the runner's own reports, and names what failed, so that the end of a long output says why.
const { existsSync, readFileSync } = require("node:fs");

const counts = { passed: 0, failed: 0, skipped: 0 };
const failures = [];
const fail = (what, why = "") => {
  counts.failed += 1;
  failures.push(
    `  ${what}: ${why
      .replace(/\x1b\[[0-9;]*m/g, "")
      .split("\n    at ")[0]
      .slice(0, 500)}`,
  );
};

for (const file of process.argv.slice(2)) {
  if (!existsSync(file)) {
    fail(file, "the runner ended without a report");
    continue;
  }
  const report = JSON.parse(readFileSync(file, "utf8"));
  const before = counts.failed;
  counts.passed += report.numPassedTests;
  counts.skipped += report.numPendingTests + report.numTodoTests;
  for (const { name, status, message, assertionResults } of report.testResults) {
    const failed = assertionResults.filter((test) => test.status === "failed");
    for (const { fullName, failureMessages } of failed) fail(`${name}: ${fullName}`, failureMessages[0]);
    // What fails before or after all tests of a file is no test's own.
    if (status === "failed" && failed.length === 0) fail(name, message);
  }
  if (!report.success && counts.failed === before) fail(file, "an error outside of the tests");
}

if (failures.length > 0) console.log(`failed:\n${failures.join("\n")}`);
console.log(`${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped`);
process.exitCode = counts.failed > 0 ? 1 : 0;
