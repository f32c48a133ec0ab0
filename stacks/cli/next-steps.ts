import type { Session } from "../settings.ts";
import { typed } from "./stack.ts";

/** Two lines that say what can be done next with the sessions that are up. */
export function nextSteps(
  sessions: readonly Pick<Session, "id" | "credentials" | "repositories">[],
  stack: string,
): readonly [string, string] {
  const withKey = sessions.filter(({ credentials }) => credentials.kind !== "none");
  const [first] = withKey.length > 0 ? withKey : sessions;
  const run = typed('run "TASK" --repository PATH-OR-URL --key-env ANTHROPIC_API_KEY', stack);
  if (first === undefined)
    return [`An agent with your key: ${run}`, `A session to work in:   ${typed("add ID --repository PATH-OR-URL", stack)}`];
  const enter = typed(`attach ${first.id}`, stack);
  if (withKey.length === 0) return [`Enter ${sessions.length > 1 ? "one of them" : "it"}:  ${enter}`, `An agent with your key: ${run}`];
  const bring = typed(`pull ${(withKey.find(({ repositories }) => repositories.length > 0) ?? first).id}`, stack);
  return sessions.length > 1
    ? [`All of them: ${typed("list", stack)}; enter one: ${enter}`, `Bring out what one committed:  ${bring}`]
    : [`Enter its agent's terminal:  ${enter}`, `Bring out what it committed:  ${bring}`];
}
