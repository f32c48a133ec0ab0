/**
 * What the policy rules let pass of a supervisor, and why. All that is excepted is one container, which no setting changes, and
 * the network that sessions are never in; by their types, too, so that nothing of a session's can bear the same name.
 */

const owner = "the maintainers of agent-sessions";
/** The day by which it is to be looked at again. */
const expires = "2027-11-30";

const reader = {
  resource: "*$agent-sessions:docker:EngineReader$docker:index/container:Container::*",
  reason:
    "Somebody has to ask the engine how its containers are. The reader has no network and no capability, and answers a few questions about its own stack; see components/supervisor/README.md.",
  owner,
  expires,
};

const network = {
  resource: "*::agent-sessions:docker:Supervisor$docker:index/network:Network::*",
  reason: "Prometheus reads the supervisor's figures over it, and nothing that an agent runs is on it.",
  owner,
  expires,
};

/** By policy. */
export const policyExceptions = {
  // Whoever speaks to the engine is root on its machine; the socket's owner is root too.
  "CTR-007": [reader],
  "CTR-041": [reader],
  "CTR-011": [reader],
  "CTR-013": [reader],
  "CTR-013-low": [reader],
  "NET-001": [network],
} as const;
