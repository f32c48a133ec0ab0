/** A value that the settings leave to the machine on which they are read, so that another one may plan otherwise. */
export interface MachineRead {
  readonly what: "base" | "caBundle" | `egressSets.${string}`;
  /** Hosts with their ports, or a path; none for a base, which the strategy chooses. */
  readonly value: readonly string[];
}

/** Says what was read from this machine and what to do about it; undefined where nothing was. */
export function machineReadsText(reads: readonly MachineRead[], stack: string): string | undefined {
  const named = reads.flatMap(({ what, value }) => {
    if (what === "base") return ["the image to build upon (what this engine has)"];
    if (what === "caBundle") return value.length === 0 ? [] : [`certificates (NODE_EXTRA_CA_CERTS: ${value.join()})`];
    return [`set ${what.slice("egressSets.".length)} (${value.join(", ")})`];
  });
  return named.length === 0
    ? undefined
    : `Read from this machine, and maybe otherwise on another: ${named.join("; ")}. "npx sessions resolve --stack ${stack}" writes it into the stack file.`;
}
