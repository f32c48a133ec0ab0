import { escaped, quoted } from "../../policy/report/junit.ts";
import type { Verified } from "./run.ts";

/** How often each verdict was reached. */
export function count({ results }: Verified): { held: number; notHeld: number; notTried: number } {
  const of = (verdict: string) => results.filter((result) => result.verdict === verdict).length;
  return { held: of("held"), notHeld: of("not held"), notTried: of("not tried") };
}

/** One sentence: what of a session's promises holds. */
export function shortForm(verified: Verified): string {
  const { session, results } = verified;
  const { held, notHeld, notTried } = count(verified);
  if (held === results.length) return `${session}: all ${held} promises hold`;
  const broken = results.flatMap(({ id, verdict }) => (verdict === "not held" ? [id] : []));
  return [
    `${session}: ${held} of ${results.length} promises hold`,
    ...(notHeld > 0 ? [`NOT HELD: ${broken.join(", ")}`] : []),
    ...(notTried > 0 ? [`${notTried} not tried`] : []),
  ].join("; ");
}

/** JUnit XML: a session is a suite, a check is a case; what was not tried is skipped. */
export function junit(sessions: readonly Verified[]): string {
  const suites = sessions.map((verified) => {
    const { notHeld, notTried } = count(verified);
    const cases = verified.results.map(({ id, promise, verdict, found, attempt }) => {
      const attributes = `classname=${quoted(`${verified.session}.${id}`)} name=${quoted(promise)} time="0"`;
      if (verdict === "held") return `    <testcase ${attributes}/>`;
      const inner =
        verdict === "not held" ? `<failure message=${quoted(found)}>${escaped(attempt)}</failure>` : `<skipped message=${quoted(found)}/>`;
      return `    <testcase ${attributes}>${inner}</testcase>`;
    });
    return [
      `  <testsuite name=${quoted(verified.session)} tests="${verified.results.length}" failures="${notHeld}" errors="0" skipped="${notTried}">`,
      ...cases,
      "  </testsuite>",
    ].join("\n");
  });
  return ['<?xml version="1.0" encoding="UTF-8"?>', "<testsuites>", ...suites, "</testsuites>", ""].join("\n");
}
