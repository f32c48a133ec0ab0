/** Reports as JUnit XML, which build servers read. */
import type { Finding } from "../evaluate.ts";
import { rules } from "../rules/index.ts";
import type { Checked } from "./checked.ts";

/** A suite for each stack. A violation is a failure, what could not be evaluated is skipped, and a rule without either passes. */
export function junit(checked: readonly Checked[], now: Date): string {
  const suites = checked.flatMap((one, index) => suiteOf(one, index, now));
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>", ""].join("\n");
}

function suiteOf({ stack, report }: Checked, index: number, now: Date): string[] {
  const cases = rules.flatMap(({ id, title }) => {
    const found = report.findings.filter(({ rule }) => rule === id);
    return found.length === 0
      ? [testCase(id, title, "")]
      : found.map((finding) => testCase(id, `${title}: ${finding.resource}`, outcome(finding)));
  });
  const failures = report.findings.filter(({ verdict }) => verdict === "violation").length;
  const counts = `tests="${cases.length}" failures="${failures}" errors="0"`;
  const notes = report.findings.filter(({ verdict }) => verdict === "recommendation" || verdict === "excepted");
  return [
    `  <testsuite id="${index}" package="agent-sessions-policy" name=${quoted(stack)} ${counts} time="0" timestamp="${now.toISOString().slice(0, 19)}" hostname="localhost">`,
    "    <properties>",
    ...Object.entries({
      packVersion: report.packVersion,
      level: report.level,
      score: report.score,
      secure: report.secure,
      notEvaluated: report.counts.notEvaluated,
    }).map(([name, value]) => `      <property name="${name}" value=${quoted(String(value))}/>`),
    "    </properties>",
    ...cases,
    `    <system-out>${escaped(notes.map(({ rule, verdict, message }) => `${rule} ${verdict}: ${message}`).join("\n"))}</system-out>`,
    "    <system-err/>",
    "  </testsuite>",
  ];
}

function testCase(id: string, name: string, content: string): string {
  const attributes = `classname="${id}" name=${quoted(name)} time="0"`;
  return content === "" ? `    <testcase ${attributes}/>` : `    <testcase ${attributes}>${content}</testcase>`;
}

function outcome({ verdict, severity, enforcement, message, remediation }: Finding): string {
  if (verdict === "not-evaluated") return "<skipped/>";
  if (verdict !== "violation") return "";
  return `<failure type="${severity}" message=${quoted(message)}>${escaped(`${remediation} (${enforcement})`)}</failure>`;
}

/** XML has no place for control characters other than these three, nor for half a character. */
const unprintable = /[^\P{Cc}\t\n\r]|\p{Cs}|[\ufffe\uffff]/gu;

/** Text as XML content. */
export function escaped(words: string): string {
  return words.replace(unprintable, "").replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/** Text as the value of an XML attribute, with its quotes. */
export const quoted = (words: string): string => `"${escaped(words).replace(/"/g, "&quot;").replace(/\n/g, "&#10;")}"`;
