import type { Command } from "commander";
import type Docker from "dockerode";
import type { Held } from "../../components/container-engine/disk-usage.ts";
import type { IsolationLevel } from "../../components/isolated-network/args.ts";
import { askHealth, someAtOnce } from "../runtime/health.ts";
import { authorityIn } from "../embedded/labels.ts";
import { stateText } from "../runtime/session-state.ts";
import { formatSize } from "../units.ts";
import { heldNow } from "./disk.ts";
import { liveProxies, liveSessions } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";
import { table } from "./table.ts";

export function register(program: Command): void {
  program
    .command("list")
    .description("List the stack's sessions that are there.")
    .addOption(stackOption())
    .option("-w, --wide", "have the engine count what each session's volumes hold, which takes up to half a minute")
    .option("--json", "print JSON")
    .addHelpText("after", "\nExample:\n  npx sessions list --json\n")
    .action(async (options: { stack: string; wide?: boolean; json?: boolean }) => {
      const source = loadStack(options.stack);
      const docker = await openEngine(source);
      const held = options.wide ? await heldNow(docker) : undefined;
      const allProxies = await liveProxies(docker, source);
      const rows = await someAtOnce(await liveSessions(docker, source), async ({ id, container }) => {
        const { Name, HostConfig, Config, NetworkSettings } = await docker.getContainer(container.Id).inspect();
        const { session: _, container: __, ...state } = await askHealth(docker, id, container.Id);
        // The Docker provider connects a container to its network after making it, and leaves the mode at the default.
        const mode = /^(default|bridge)$/.test(HostConfig.NetworkMode ?? "default")
          ? (Object.keys(NetworkSettings.Networks)[0] ?? "default")
          : (HostConfig.NetworkMode ?? "default");
        const proxies = allProxies.filter(
          ({ Labels, NetworkSettings: { Networks } }) => Labels.serves === id && Object.hasOwn(Networks, mode),
        );
        return {
          session: id,
          container: Name.slice(1),
          network: mode,
          isolation: await isolationOf(docker, id, mode, proxies),
          ...state,
          memory: HostConfig.Memory ?? 0,
          cpu: (HostConfig.NanoCpus ?? 0) / 1e9,
          processes: HostConfig.PidsLimit ?? 0,
          ...(held !== undefined && { disk: { ...held.get(id), limit: diskLimitOf(Config.Env) } }),
          // Hosts and ports are the proxy's to give, where there is one.
          authority: [Config.Labels, ...proxies.map(({ Labels }) => Labels)].flatMap(authorityIn).sort(),
          attach: `docker exec -it ${Name.slice(1)} tmux attach -t claude`,
        };
      });
      if (options.json) console.log(JSON.stringify(rows, null, 2));
      else if (rows.length === 0) console.log('No session is there; "npx sessions up" starts them.');
      else
        console.log(
          table(
            ["session", "network", "isolation", "state", "limits", ...(options.wide ? ["disk"] : [])],
            rows.map((row) => [
              row.session,
              row.network,
              row.isolation,
              stateText(row),
              `${formatSize(row.memory)}, ${row.cpu} cpu, ${row.processes} processes`,
              ...(row.disk === undefined ? [] : [diskText(row.disk)]),
            ]),
          ),
        );
    });
}

type Disk = Partial<Held> & { readonly limit: number };

/** What volumes hold by the engine's count, and what of it the limit is for. */
function diskText({ workspace, session, logs, limit }: Disk): string {
  if (workspace === undefined || session === undefined || logs === undefined) return "not known";
  return `${formatSize(workspace + session)} of ${limit === 0 ? "any" : formatSize(limit)}, logs ${formatSize(logs)}`;
}

/** The limit that a session was started with; 0 for one of before there were any. */
function diskLimitOf(environment: readonly string[]): number {
  return Number(environment.find((entry) => entry.startsWith("SESSION_DISK_LIMIT="))?.split("=")[1] ?? 0);
}

/** How far a container is cut off, told from what is there and not from the settings, which may have changed since. */
async function isolationOf(docker: Docker, id: string, mode: string, proxies: readonly Docker.ContainerInfo[]): Promise<IsolationLevel> {
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
