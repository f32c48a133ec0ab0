import * as pulumi from "@pulumi/pulumi";
import type { EngineClient } from "../../components/container-engine/connect.ts";
import { type EngineRights, type EngineVersion, isRootless, kindOf } from "../../components/container-engine/kind.ts";
import { isLocal, portAuthority } from "../../components/session.ts";
import { type Settings, SettingsError } from "../settings.ts";

/**
 * The first version of Docker Engine that drops what others send to the own address of a container with published ports, as
 * long as nobody told it otherwise (`allow-direct-routing`): moby/moby#49325, in the release notes of 28.0.
 */
const closedSince = 28;

/** What an engine says of itself, as far as it bears upon its ports. */
export interface EngineFacts {
  readonly version: EngineVersion;
  readonly info: EngineRights;
}

/**
 * Which engine it is, when it lets neighbours in at ports that are published on a loopback address. A rootless one's containers
 * are on a network that nobody can send to.
 */
export function openEngine({ version, info }: EngineFacts): string | undefined {
  if (isRootless(info)) return undefined;
  if (kindOf(version) === "podman") return `Podman ${version.Version}`;
  return Number.parseInt(version.Version, 10) >= closedSince ? undefined : `Docker Engine ${version.Version}`;
}

/**
 * Ports that a session's own container publishes are no safer than the engine makes them; a proxy sees to its own. Without an
 * engine it is said that nobody looked.
 *
 * @throws SettingsError when a port is for this machine alone and the engine lets others in
 */
export async function refuseOpenPorts({ sessions }: Pick<Settings, "sessions">, docker: EngineClient): Promise<void> {
  const ports = sessions.flatMap(({ network }, index) =>
    typeof network.egress === "object"
      ? []
      : network.ports.filter(isLocal).map((port) => ({ key: `sessions[${index}].network.ports`, port: portAuthority(port) })),
  );
  if (ports.length === 0) return;
  const open = await factsOf(docker).then(openEngine, () => {
    const list = ports.map(({ key, port }) => `${key}: ${port}`).join("; ");
    return pulumi.log.warn(`No engine answers, so whether it keeps this machine's neighbours from these was not checked: ${list}`);
  });
  if (typeof open !== "string") return;
  throw new SettingsError(
    ports.map(
      ({ key, port }) =>
        `${key}: ${port} is open to whoever on this machine's network sends packets to the session's own address: this is ${open}, and Docker Engine ${closedSince} is the first to refuse them. Update the engine, give the session an allow list, whose proxy refuses them, or write neighbours: true at the port.`,
    ),
  );
}

async function factsOf(docker: EngineClient): Promise<EngineFacts> {
  const [version, info] = await Promise.all([docker.version(), docker.info() as Promise<EngineFacts["info"]>]);
  return { version, info };
}
