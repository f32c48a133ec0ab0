import type Docker from "dockerode";
import { askKind } from "../../../components/container-engine/kind.ts";
import { securityOpts } from "../../../components/seccomp/docker.ts";
import { baseline } from "../../../policy/baseline.ts";

/** The security options of a container that works in no session's place. */
export const securityOn = async (docker: Docker): Promise<string[]> => securityOpts(await askKind(docker));

/**
 * What a container is held to that a command makes for its own work, whatever else it is given. Nobody reads what it prints later.
 *
 * @param security its options: those of a session in whose place it works, else those of {@link securityOn}
 */
export const confined = (security: readonly string[]) => ({
  ReadonlyRootfs: true,
  CapDrop: [...baseline.capabilities.drop],
  SecurityOpt: [...security],
  LogConfig: { Type: "none", Config: {} },
});

/** Who such a container is, where it works in no session's place. */
export const confinedUser = `${baseline.user.uid}:${baseline.user.gid}`;
