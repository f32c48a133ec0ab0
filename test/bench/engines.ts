import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { cpus, tmpdir } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import Docker from "dockerode";
import { containerName } from "../../components/session.ts";
import { toCreateOptions } from "../../stacks/embedded/docker/container.ts";
import { labelsOf } from "../../stacks/embedded/docker/inputs.ts";
import { EmbeddedEngine } from "../../stacks/embedded/engine.ts";
import { DockerSession } from "../../stacks/runtime/docker/session.ts";
import { waitHealthy } from "../../stacks/runtime/health.ts";
import {
  compose,
  type Contender,
  describeSessions,
  embedded,
  type Operation,
  pulumi,
  raw,
  writeCompose,
  writePulumiConfig,
} from "./contenders.ts";
import { median, spread } from "./figures.ts";

/**
 * Times the engines side by side: create N sessions, run again with no change, add one, destroy all. Rounds are interleaved, so
 * that a machine that grows slower does so for all; figures are medians with least and most, and ratios to the raw Engine API.
 *
 *   npm run bench -- engines --sizes 1,10,50 --rounds 3 --concurrency 8 [--no-pulumi]
 */
const { values } = parseArgs({
  allowPositionals: true,
  options: {
    sizes: { type: "string", default: "1,10,50" },
    rounds: { type: "string", default: "3" },
    concurrency: { type: "string", default: "4,8" },
    "no-pulumi": { type: "boolean", default: false },
  },
});
const sizes = values.sizes.split(",").map(Number);
const operations: readonly Operation[] = ["create", "nothing", "add", "destroy"];
const docker = new Docker();
/** Of the sessions' containers and volumes. */
const prefix = containerName("bench-");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "agent-sessions-bench-")));

interface Figure {
  readonly seconds: number;
  /** Peak of the process itself, without what it starts. */
  readonly megabytes: number;
}

/** Renders what every contender is given for one number of sessions. */
async function prepare(count: number): Promise<void> {
  const config = { "agent-sessions:image": '{"agent":"none"}', "agent-sessions:sessions": JSON.stringify(describeSessions(count)) };
  const engine = new EmbeddedEngine({ project: "agent-sessions", stack: "bench", root: folder, config }, docker);
  const [image] = await engine.buildImages();
  if (image === undefined) throw new Error("the program asks for no image");
  const { plan } = await engine.plan(await engine.live());
  const { registrations } = plan.run;
  const containers = registrations.filter(({ type }) => type.endsWith(":Container"));
  const rendered = containers.map(({ inputs }) => {
    const id = labelsOf(inputs).session_id;
    const volumes = registrations.filter(({ type, inputs: volume }) => type.endsWith(":Volume") && labelsOf(volume).session_id === id);
    return {
      volumes: volumes.map(({ inputs: volume }) => ({ Name: volume.name, Driver: "local", Labels: labelsOf(volume) })),
      container: toCreateOptions(inputs, {}),
    };
  });
  writeFileSync(join(folder, `raw-${count}.json`), JSON.stringify(rendered));
  writeCompose(folder, count, registrations, image.name);
  writePulumiConfig(folder, count);
}

async function measure(contender: Contender, operation: Operation, sessions: number): Promise<Figure | undefined> {
  // What was added is destroyed too.
  const command = contender.command(operation, sessions);
  if (command === undefined) return undefined;
  const [program = "", ...args] = command.argv;
  const started = performance.now();
  const child = spawn(program, args, { cwd: command.cwd, env: { ...process.env, ...command.env }, stdio: ["ignore", "pipe", "pipe"] });
  let output = "";
  for (const stream of [child.stdout, child.stderr])
    stream.on("data", (chunk: Buffer) => (output = (output + chunk.toString("utf8")).slice(-2000)));
  let kilobytes = 0;
  const watch = setInterval(() => {
    try {
      kilobytes = Math.max(kilobytes, Number(/VmHWM:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, "utf8"))?.[1] ?? 0));
    } catch {
      // It has just ended, or this is no Linux.
    }
  }, 20);
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  clearInterval(watch);
  if (code !== 0) throw new Error(`${contender.name}, ${operation} ${sessions}: ended with ${code}\n${output}`);
  return { seconds: (performance.now() - started) / 1000, megabytes: kilobytes / 1024 };
}

/** Lets the sessions finish their start, so that none of it counts as what comes next, and none is ended amid it. */
async function settle(): Promise<void> {
  const containers = await docker.listContainers({ filters: { name: [prefix] } });
  const sessions = containers.map(({ Id, Names: [name = ""] }) => new DockerSession(docker, name, Id, async () => []));
  const ill = (await waitHealthy(sessions, 300, () => {})).filter(({ state }) => state !== "healthy");
  if (ill.length > 0) throw new Error(`not healthy: ${ill.map(({ session, state }) => `${session} is ${state}`).join(", ")}`);
}

try {
  for (const size of sizes) for (const count of [size, size + 1]) await prepare(count);
  const others = [compose(folder), values["no-pulumi"] ? undefined : pulumi(folder)].filter((contender) => contender !== undefined);
  const contenders = [...values.concurrency.split(",").map((most) => raw(folder, Number(most))), embedded(folder), ...others];
  if (others.every(({ name }) => name !== "docker compose")) console.log("docker compose is not installed, so it is not compared.");
  if (others.every(({ name }) => name !== "pulumi")) console.log("The Pulumi CLI is not compared.");

  const table = new Table({
    head: ["sessions", "operation", "engine", "seconds: median (least–most)", "ratio to the limit", "peak MB"],
    style: { head: [], border: [] },
  });
  for (const size of sizes) {
    const figures = new Map<string, Figure[]>();
    for (let round = 0; round < Number(values.rounds); round += 1) {
      for (const contender of contenders) {
        for (const operation of operations) {
          const figure = await measure(contender, operation, size);
          await settle();
          if (figure !== undefined)
            figures.set(`${operation} ${contender.name}`, [...(figures.get(`${operation} ${contender.name}`) ?? []), figure]);
        }
      }
      console.error(`${size} sessions, round ${round + 1} of ${values.rounds} done`);
    }
    for (const operation of operations) {
      const seconds = (name: string) => (figures.get(`${operation} ${name}`) ?? []).map((figure) => figure.seconds);
      const limit = Math.min(...contenders.filter(({ name }) => name.startsWith("raw")).map(({ name }) => median(seconds(name))));
      for (const { name } of contenders) {
        const own = seconds(name);
        if (own.length === 0) continue;
        const peak = median((figures.get(`${operation} ${name}`) ?? []).map((figure) => figure.megabytes));
        table.push([size, operation, name, spread(own), operation === "nothing" ? "" : (median(own) / limit).toFixed(2), peak.toFixed(0)]);
      }
    }
  }
  console.log(table.toString());
  const { Version } = (await docker.version()) as { Version: string };
  console.log(
    `Engine ${Version}, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}, ${new Date().toISOString().slice(0, 10)}.`,
  );
} finally {
  // The Pulumi CLI leaves the sessions' volumes, as it should, and a run that failed leaves all.
  for (const { Id } of await docker.listContainers({ all: true, filters: { name: [prefix] } }))
    await docker.getContainer(Id).remove({ force: true });
  for (const { Name } of (await docker.listVolumes({ filters: { name: [prefix] } })).Volumes) await docker.getVolume(Name).remove();
  rmSync(folder, { recursive: true, force: true });
}
