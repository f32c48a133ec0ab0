/** The labels by which the embedded engine's own objects are its state. */
export const labelNames = {
  deployment: "agent-sessions.deployment",
  /** The URN. */
  resource: "agent-sessions.resource",
  /** The inputs it was made from, packed. */
  inputs: "agent-sessions.inputs",
  /** Its data is kept when the resource leaves the program. */
  retain: "agent-sessions.retain",
} as const;

/** What a container's label says that its session may do, a line each. */
export const authorityIn = ({ authority = "" }: Readonly<Record<string, string>>): string[] =>
  authority.split("\n").filter((line) => line !== "");
