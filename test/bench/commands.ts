import { spawn } from "node:child_process";
import { cpSync } from "node:fs";
import { cpus } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import Table from "cli-table3";
import { containerName } from "../../components/session.ts";
import { Checkout } from "../cli/checkout.ts";
import { liveEngine, Rig } from "../engine/rig.ts";
import { median, spread } from "./figures.ts";
import { describeSessions, root } from "./contenders.ts";

/**
 * What the commands take that people type most, on sessions that are up, each a process of its own: `exec` against `docker exec`,
 * and `list`, `plan` and `up` where nothing changes. Rounds are interleaved; figures are medians with least and most.
 *
 *   npm run bench -- commands --sessions 50 --rounds 5
 */
const { values } = parseArgs({
  allowPositionals: true,
  options: { sessions: { type: "string", default: "50" }, rounds: { type: "string", default: "5" } },
});
const engine = await liveEngine();
if (engine === undefined) process.exit(1);
const stack = "bench-commands";
// The first has room for what is run in it; the others are many.
const described = describeSessions(Number(values.sessions)).map((session, index) =>
  index === 0 ? { ...session, limits: { memory: "256 MB", cpu: 1, processes: 64 } } : session,
);
const checkout = new Checkout();
// The way in looks whether all packages are there.
cpSync(join(root, "package-lock.json"), join(checkout.root, "package-lock.json"));
const command = join(checkout.root, "stacks/cli/bin/sessions.js");
const rig = new Rig(engine, stack, checkout.root);

const sessions = (...args: string[]) => [process.execPath, command, ...args, "--stack", stack];
const commands: readonly { readonly name: string; readonly argv: readonly string[] }[] = [
  { name: "docker exec", argv: ["docker", "exec", containerName("bench-0"), "true"] },
  { name: "sessions exec", argv: [...sessions("exec"), "bench-0", "--", "true"] },
  { name: "docker ps", argv: ["docker", "ps"] },
  { name: "sessions list", argv: sessions("list") },
  { name: "sessions plan", argv: sessions("plan") },
  { name: "sessions up", argv: sessions("up", "--yes", "--no-install") },
];

/** @returns seconds */
async function measure(argv: readonly string[]): Promise<number> {
  const [program = "", ...args] = argv;
  const started = performance.now();
  const child = spawn(program, args, { cwd: checkout.root, stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  child.stderr.on("data", (chunk: Buffer) => (said = (said + chunk.toString("utf8")).slice(-2000)));
  const code = await new Promise<number | null>((resolve, reject) => child.once("error", reject).once("close", resolve));
  if (code !== 0) throw new Error(`${argv.join(" ")}: ended with ${code}\n${said}`);
  return (performance.now() - started) / 1000;
}

try {
  checkout.write(stack, described, { image: { agent: "none" } });
  await rig.up(described);
  const figures = commands.map((): number[] => []);
  for (let round = 0; round <= Number(values.rounds); round += 1) {
    for (const [index, { argv }] of commands.entries()) {
      const seconds = await measure(argv);
      // The first round fills the compile cache.
      if (round > 0) figures[index]?.push(seconds);
    }
    if (round > 0) console.error(`${described.length} sessions, round ${round} of ${values.rounds} done`);
  }
  const table = new Table({ head: ["command", "seconds: median (least–most)", "over docker exec"], style: { head: [], border: [] } });
  const least = median(figures[0] ?? []);
  for (const [index, { name }] of commands.entries()) {
    const own = figures[index] ?? [];
    table.push([name, spread(own), `${(median(own) - least).toFixed(2)} s`]);
  }
  console.log(table.toString());
  console.log(`${described.length} sessions, ${cpus().length} × ${cpus()[0]?.model}, Node ${process.versions.node}.`);
} finally {
  await rig.dispose();
  checkout.dispose();
}
