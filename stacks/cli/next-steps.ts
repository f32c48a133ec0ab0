import type { Session } from "../settings.ts";

/** Two lines that say what can be done next with the sessions that are up. */
export function nextSteps(sessions: readonly Pick<Session, "id" | "credentials" | "repositories">[]): readonly [string, string] {
  const withKey = sessions.filter(({ credentials }) => credentials.kind !== "none");
  const [first] = withKey.length > 0 ? withKey : sessions;
  const run = 'npx sessions run "TASK" --repository PATH --key-env ANTHROPIC_API_KEY';
  if (first === undefined) return [`An agent with your key:  ${run}`, "A session to work in:    npx sessions add ID --repository PATH"];
  const enter = `npx sessions attach ${first.id}`;
  if (withKey.length === 0) return [`Enter ${sessions.length > 1 ? "one of them" : "it"}:  ${enter}`, `An agent with your key:  ${run}`];
  const bring = `npx sessions pull ${(withKey.find(({ repositories }) => repositories.length > 0) ?? first).id}`;
  return sessions.length > 1
    ? [`All of them: npx sessions list; enter one: ${enter}`, `Bring out what one committed:  ${bring}`]
    : [`Enter its agent's terminal:  ${enter}`, `Bring out what it committed:  ${bring}`];
}
