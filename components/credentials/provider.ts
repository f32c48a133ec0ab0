/** Who answers the agent. */
export type Provider = "anthropic" | "bedrock";

/** Who answers the agent, and where. */
export interface Provided {
  readonly provider: Provider;
  /** The AWS region; bedrock alone. */
  readonly region?: string;
}

/** Plain variables that have the agent ask Bedrock, however its requests are signed. */
export function bedrockEnvironment(region: string | undefined): Record<string, string> {
  return { CLAUDE_CODE_USE_BEDROCK: "1", ...(region !== undefined && { AWS_REGION: region }) };
}
