/** A name on the engine, which one object of its kind can have. */
export interface Name {
  /** An alias is what a member of a network is called there; its name holds that network's. */
  readonly kind: "container" | "network" | "volume" | "alias";
  readonly name: string;
}

/** One name for objects of several kinds. */
export const named = (name: string, ...kinds: readonly Name["kind"][]): Name[] => kinds.map((kind) => ({ kind, name }));

/** What a member of a network is called there. */
export const alias = (network: string, name: string): Name => ({ kind: "alias", name: `${name} on ${network}` });
