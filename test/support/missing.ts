/**
 * Says that tests are skipped as this machine has not what they need. On one that has everything, `AGENT_SESSIONS_TESTS_SKIP=never`
 * makes that a failure, so that nothing falls silent there.
 *
 * @returns the reason
 */
export function missing(reason: string): string {
  if (process.env.AGENT_SESSIONS_TESTS_SKIP === "never")
    throw new Error(`AGENT_SESSIONS_TESTS_SKIP is never, and this would be skipped: ${reason}`);
  console.warn(`skipped: ${reason}`);
  return reason;
}
