import type Docker from "dockerode";

/** Podman answers as Docker Engine does, and does not take all that Docker Engine takes. */
export type EngineKind = "docker" | "podman";

/** What an engine says of its version. */
export interface EngineVersion {
  readonly Version: string;
  readonly Components?: readonly { readonly Name: string }[];
}

/** Which kind an engine is, by what it says. */
export const kindOf = ({ Components = [] }: EngineVersion): EngineKind =>
  Components.some(({ Name }) => Name === "Podman Engine") ? "podman" : "docker";

/** Asks an engine for its kind. One that does not answer is taken for Docker Engine: what is planned without it is for that. */
export async function askKind(engine: Docker): Promise<EngineKind> {
  return engine.version().then(kindOf, () => "docker");
}

/** What an engine says of the rights that it has itself. */
export interface EngineRights {
  readonly SecurityOptions?: readonly string[] | null;
  /** Podman's own word; 4.3 has it not among its options. */
  readonly Rootless?: boolean;
}

/** Whether an engine runs as a user without rights. */
export function isRootless({ SecurityOptions, Rootless }: EngineRights): boolean {
  return Rootless === true || (SecurityOptions ?? []).some((option) => option.split(",").includes("name=rootless"));
}
