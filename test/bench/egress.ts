import { cpus } from "node:os";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { proxyName } from "../../components/session.ts";
import { liveEngine, Rig, until } from "../engine/rig.ts";
import { median, spread } from "./figures.ts";

/**
 * What the proxies cost: start-up and memory of many sessions with and without them, and latency and throughput of one session
 * through its proxy against a session without one. Rounds are interleaved; figures are medians with least and most.
 *
 *   npm run bench -- egress --sessions 20 --rounds 3
 */
const { values } = parseArgs({
  allowPositionals: true,
  options: { sessions: { type: "string", default: "20" }, rounds: { type: "string", default: "3" } },
});
const engine = await liveEngine();
if (engine === undefined) process.exit(1);
const docker = engine;
const rounds = Number(values.rounds);
const count = Number(values.sessions);
const megabyte = 1024 ** 2;
process.env.AGENT_SESSIONS_BENCH_KEY = "no-key-of-anybody";

/** Sessions that differ in nothing else; each kind with a proxy follows the one without. */
const kinds = [
  { name: "a sealed network", network: { mode: "bridge" } },
  { name: "a sealed network and an egress proxy", network: { egress: { allow: ["one.bench.test"] } }, proxy: proxyName },
  { name: "no network", network: { mode: "none" } },
  {
    name: "no network and a credential proxy",
    network: { mode: "none" },
    credentials: { kind: "proxy", secret: { env: "AGENT_SESSIONS_BENCH_KEY" } },
    proxy: (id: string) => `claude-agent-${id}-credential-proxy`,
  },
];
const limits = { memory: "128 MB", cpu: 0.5, processes: 64 };

/** What a container's processes have in memory that is in no file. */
async function megabytesOf(name: string): Promise<number> {
  const { memory_stats } = await docker.getContainer(name).stats({ stream: false, "one-shot": true });
  const { rss, anon } = memory_stats.stats as { rss?: number; anon?: number };
  return (rss ?? anon ?? 0) / megabyte;
}

async function measureStart(): Promise<void> {
  const figures = kinds.map(() => ({ seconds: [] as number[], megabytes: [] as number[], again: [] as number[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { name: _, proxy, ...kind }] of kinds.entries()) {
      const figure = figures[index];
      const rig = new Rig(docker, "bench-egress");
      const sessions = Array.from({ length: count }, (_, index) => ({ id: `cost-${index}`, limits, ...kind }));
      try {
        // The images are built before anything is timed.
        await rig.engine(sessions).buildImages();
        const started = performance.now();
        const { health } = await rig.up(sessions);
        figure?.seconds.push((performance.now() - started) / 1000);
        const ill = health.filter(({ state }) => state !== "healthy");
        if (ill.length > 0) throw new Error(`not healthy: ${ill.map(({ session }) => session).join(", ")}`);
        if (proxy !== undefined) figure?.megabytes.push(...(await Promise.all(sessions.map(({ id }) => megabytesOf(proxy(id))))));
        const again = performance.now();
        await rig.up(sessions);
        figure?.again.push((performance.now() - again) / 1000);
      } finally {
        await rig.dispose();
      }
    }
    console.error(`${count} sessions, round ${round + 1} of ${rounds} done`);
  }
  const table = new Table({
    head: [`${count} sessions with`, "until all are healthy: seconds", "ratio to the same without", "MB a proxy", "no change: seconds"],
    style: { head: [], border: [] },
  });
  for (const [index, { name, proxy }] of kinds.entries()) {
    const { seconds, megabytes, again } = figures[index] ?? { seconds: [], megabytes: [], again: [] };
    const without = median(figures[index - 1]?.seconds ?? []);
    table.push([
      name,
      spread(seconds),
      proxy === undefined ? "" : (median(seconds) / without).toFixed(2),
      megabytes.length === 0 ? "" : spread(megabytes, 1),
      spread(again),
    ]);
  }
  console.log(table.toString());
}

/** Far from any address that is in use, and public, so that the list need admit none. */
const web = { name: "bench-egress-web", subnet: "198.22.0.0/24" };
const bytes = 512 * megabyte;
const server = `
const block = Buffer.alloc(1 << 20);
require("node:http").createServer((request, response) => {
  if (request.url !== "/large") return void response.end("x");
  response.setHeader("content-length", ${bytes});
  let left = ${bytes / megabyte};
  const more = () => { while (left > 0) { left -= 1; if (!response.write(block)) return void response.once("drain", more); } response.end(); };
  more();
}).listen(80);`;

const ways = [
  { name: "direct", session: "open", options: "" },
  { name: "through the proxy", session: "listed", options: "" },
  { name: "through a tunnel of the proxy", session: "listed", options: "--proxytunnel" },
];

async function measureWays(): Promise<void> {
  const rig = new Rig(docker, "bench-egress");
  const made: { remove(options?: { force?: boolean }): Promise<unknown> }[] = [];
  try {
    await rig.up([
      { id: "open", limits: { ...limits, cpu: 1 }, network: { egress: "open" } },
      { id: "listed", limits: { ...limits, cpu: 1 }, network: { egress: { allow: ["one.bench.test"] } } },
    ]);
    const network = await docker.createNetwork({ Name: web.name, IPAM: { Config: [{ Subnet: web.subnet }] } });
    made.push(network);
    const container = await docker.createContainer({
      Image: (await docker.getContainer("claude-agent-open").inspect()).Image,
      Entrypoint: ["node", "-e", server],
      User: "0",
      HostConfig: { NetworkMode: web.name },
      NetworkingConfig: { EndpointsConfig: { [web.name]: { Aliases: ["one.bench.test"] } } },
    });
    made.unshift(container);
    await container.start();
    for (const Container of ["claude-agent-open", proxyName("listed")]) await network.connect({ Container });
    const curl = async (session: string, options: string, times = 1): Promise<number[]> => {
      const line = `for i in $(seq ${times}); do curl -sf -m 60 -o /dev/null ${options} || exit; done`;
      const { code, output } = await rig.shell(session, line);
      if (code !== 0) throw new Error(`${session}: curl ended with ${code}: ${output}`);
      return output.split("\n").map(Number);
    };
    for (const { session } of ways)
      await until(
        () =>
          curl(session, "http://one.bench.test/").then(
            () => true,
            () => false,
          ),
        60,
        "the first answer",
      );

    const figures = ways.map(() => ({ milliseconds: [] as number[], speeds: [] as number[] }));
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, { session, options }] of ways.entries()) {
        const latencies = await curl(session, `${options} -w '%{time_total}\\n' http://one.bench.test/`, 100);
        figures[index]?.milliseconds.push(median(latencies) * 1000);
        const [speed = 0] = await curl(session, `${options} -w '%{speed_download}\\n' http://one.bench.test/large`);
        figures[index]?.speeds.push(speed / megabyte);
      }
      console.error(`latency and throughput, round ${round + 1} of ${rounds} done`);
    }
    const table = new Table({
      head: ["one session", "new connection and answer: ms", "ratio", `${bytes / megabyte} MB: MB/s`, "ratio"],
      style: { head: [], border: [] },
    });
    const [direct] = figures;
    for (const [index, { name }] of ways.entries()) {
      const { milliseconds, speeds } = figures[index] ?? { milliseconds: [], speeds: [] };
      table.push([
        name,
        spread(milliseconds),
        (median(milliseconds) / median(direct?.milliseconds ?? [])).toFixed(2),
        spread(speeds, 0),
        (median(speeds) / median(direct?.speeds ?? [])).toFixed(2),
      ]);
    }
    console.log(table.toString());
  } finally {
    for (const object of made.slice(0, -1)) await object.remove({ force: true });
    await rig.dispose();
    await made.at(-1)?.remove();
  }
}

if (count > 0) await measureStart();
await measureWays();
const { Version } = (await docker.version()) as { Version: string };
console.log(
  `Engine ${Version}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.`,
);
