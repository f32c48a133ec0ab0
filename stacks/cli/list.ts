import type { Command } from "commander";
import { keptAuthority, sessionOf } from "../authority.ts";
import type { Held, StackService } from "../runtime/runtime.ts";
import { someAtOnce } from "../runtime/health.ts";
import { stateText } from "../runtime/session-state.ts";
import { formatSize } from "../units.ts";
import { heldNow } from "./disk.ts";
import { noneIsUp } from "./sessions.ts";
import { loadStack, openRuntime, stackOption } from "./stack.ts";
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
      const runtime = await openRuntime(source);
      const services = await runtime.services();
      const kept = keptAuthority(source);
      const held = options.wide ? await heldNow(runtime) : undefined;
      const rows = await someAtOnce(await runtime.list(), async (session) => {
        const { container, network, isolation, memory, cpu, processes, disk: limit, attach } = await session.describe();
        const { session: id, container: _, ...state } = await session.health();
        const disk = held !== undefined && { disk: { ...held.get(id), limit } };
        const authority = kept?.filter((line) => sessionOf(line) === id);
        return { session: id, container, network, isolation, ...state, memory, cpu, processes, ...disk, authority, attach };
      });
      if (options.json) console.log(JSON.stringify(rows, null, 2));
      else if (rows.length === 0) console.log(noneIsUp(source.stack));
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
      if (!options.json) for (const service of services) console.log(serviceText(service));
    });
}

type Disk = Partial<Held> & { readonly limit: number };

/** What volumes hold by the engine's count, and what of it the limit is for. */
function diskText({ workspace, session, logs, limit }: Disk): string {
  if (workspace === undefined || session === undefined || logs === undefined) return "not known";
  return `${formatSize(workspace + session)} of ${limit === 0 ? "any" : formatSize(limit)}, logs ${formatSize(logs)}`;
}

/** One line about what serves all sessions. */
export function serviceText({ name, state, url, on }: StackService): string {
  const where = on === undefined || !/^https?:\/\/(127\.|\[::1\])/.test(url ?? "") ? "" : ` of ${on}`;
  return `${name}: ${state}${url === undefined ? "" : `, ${url}${where}`}`;
}
