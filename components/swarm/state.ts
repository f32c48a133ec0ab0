/** What an engine says of its swarm, as far as it bears upon sessions. */
export interface SwarmInfo {
  readonly Swarm?: {
    readonly LocalNodeState?: string;
    readonly ControlAvailable?: boolean;
    readonly NodeID?: string;
  };
}

/** Why no service can be made by an engine, and the way out, as they follow its name in a sentence; nothing where one can. */
export function managerRefusal({ Swarm: { LocalNodeState = "inactive", ControlAvailable } = {} }: SwarmInfo): string | undefined {
  if (LocalNodeState === "locked") return 'is in a swarm that is locked; run "docker swarm unlock" there';
  if (LocalNodeState !== "active")
    return 'is in no swarm; run "docker swarm init --advertise-addr 127.0.0.1" there for a swarm of this one node, or write strategy: local';
  if (ControlAvailable !== true)
    return 'is a worker of its swarm, and only managers make services; run "docker node promote" for it on a manager, or name a manager by agent-sessions:swarm: {engine: …}';
  return undefined;
}
