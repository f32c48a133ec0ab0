/**
 * What the policy rules let pass on Fargate, and why: by their types, so that nothing of a session's can bear the same name.
 */

const owner = "the maintainers of agent-sessions";
/** The day by which it is to be looked at again. */
const expires = "2027-11-30";

const serving = ["SharedEgressProxy", "CredentialProxy", "RepositoryMirror"].map((type) => ({
  resource: `*agent-sessions:ecs:${type}$aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule::*`,
  reason:
    "A security group knows no names. What serves sessions goes out on the ports of what it is for, to the hosts that its own list or URL names, and no session is in its group.",
  owner,
  expires,
}));

const secret = (reason: string) => ({
  resource: "*$agent-sessions:ecs:HardenedTask$aws:secretsmanager/secret:Secret::*",
  reason,
  owner,
  expires,
});

/** By policy. */
export const fargateExceptions = {
  "SG-002": serving,
  "SEC-001": [
    secret(
      "It is a copy of what the settings name, where it is rotated; the next roll-out brings the new value and restarts its reader alone.",
    ),
  ],
  "GEN-005": [secret("It is a copy of what the settings name; nothing is lost with it, and AWS keeps a removed one for seven days.")],
} as const;
