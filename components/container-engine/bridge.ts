/** How far what is on a bridge gets, and how far others get to it. */
interface Reach {
  /**
   * `anywhere` is any host; `in` is nowhere, while ports are published: without masquerade, an answer from elsewhere finds no way back.
   * `nowhere` is an internal bridge without an address, since by an internal one's gateway its members would still reach the host's
   * own services.
   */
  readonly leads: "anywhere" | "in" | "nowhere";
  /** Whether its members reach each other. */
  readonly talking: boolean;
}

/** The provider's inputs for a bridge, but for its labels. */
export function toBridge(name: string, { leads, talking }: Reach) {
  return {
    name,
    driver: "bridge",
    internal: leads === "nowhere",
    options: {
      "com.docker.network.bridge.enable_icc": String(talking),
      "com.docker.network.bridge.enable_ip_masquerade": String(leads === "anywhere"),
      ...(leads === "nowhere" && { "com.docker.network.bridge.inhibit_ipv4": "true" }),
    },
  };
}
