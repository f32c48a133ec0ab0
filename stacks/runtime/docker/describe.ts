import type Docker from "dockerode";
import type { IsolationLevel } from "../../../components/isolated-network/args.ts";
import { attachCommand } from "../../../components/session-container/attach.ts";
import { containerName } from "../../../components/session.ts";
import type { Description } from "../runtime.ts";

/** @param proxies those of the session, by which it gets out */
export async function describe(
  docker: Docker,
  id: string,
  container: Docker.Container,
  proxies: readonly Docker.ContainerInfo[],
): Promise<Description> {
  const { Name, Created, HostConfig, Config, NetworkSettings } = await container.inspect();
  // The Docker provider connects a container to its network after making it, and leaves the mode at the default.
  const joined = Object.keys(NetworkSettings.Networks);
  const mode = /^(default|bridge)$/.test(HostConfig.NetworkMode ?? "default")
    ? (joined.find((name) => name === containerName(id)) ?? joined[0] ?? "default")
    : (HostConfig.NetworkMode ?? "default");
  const own = proxies.filter(({ NetworkSettings: { Networks } }) => Object.hasOwn(Networks, mode));
  return {
    container: Name.slice(1),
    network: mode,
    isolation: joined.length > 1 ? "shared" : await isolationOf(docker, id, mode, own),
    memory: HostConfig.Memory ?? 0,
    cpu: (HostConfig.NanoCpus ?? 0) / 1e9,
    processes: HostConfig.PidsLimit ?? 0,
    // None of one that was made before there were any.
    disk: Number(variableIn(Config.Env, "SESSION_DISK_LIMIT") ?? 0),
    attach: attachCommand(Name.slice(1)),
    created: Created,
  };
}

/** A variable among those of a container. */
export function variableIn(environment: readonly string[], name: string): string | undefined {
  return environment.find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** How far a container is cut off. @param mode of its network, or its name */
export async function isolationOf(
  docker: Docker,
  id: string,
  mode: string,
  proxies: readonly Docker.ContainerInfo[],
): Promise<IsolationLevel> {
  if (mode === "none") return "sealed";
  if (mode === "host" || mode.startsWith("container:")) return "none";
  const network: Docker.NetworkInspectInfo | undefined = await docker
    .getNetwork(mode)
    .inspect()
    .catch(() => undefined);
  if (network?.Labels?.session_id !== id) return "shared";
  if (network.Labels.purpose === "session-egress")
    return proxies.every(({ Labels }) => Labels.egress === "enforce") ? "egress-filtered" : "isolated";
  return network.Internal ? "sealed" : "isolated";
}
