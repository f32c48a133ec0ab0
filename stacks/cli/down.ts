import type { Command } from "commander";
import { EmbeddedEngine } from "../embedded/engine.ts";
import { lock } from "../embedded/lock.ts";
import { chooseEngine, type EngineName, engineOption, runPulumi } from "./engine-choice.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

interface Options {
  readonly stack: string;
  readonly engine: "auto" | EngineName;
  readonly yes?: boolean;
  readonly deleteData?: boolean;
  readonly json?: boolean;
}

export function register(program: Command): void {
  program
    .command("down")
    .description("Remove the stack's sessions. Their volumes are kept and named, unless --delete-data.")
    .addOption(stackOption())
    .addOption(engineOption())
    .option("-y, --yes", "do not ask (the Pulumi CLI asks by itself)")
    .option("--delete-data", "remove the sessions' volumes too; their data cannot be brought back")
    .option("--json", "print the result as JSON")
    .addHelpText("after", "\nExample:\n  sessions down --stack local\n")
    .action(run);
}

async function run(options: Options): Promise<void> {
  const source = loadStack(options.stack);
  const docker = await openEngine(source);
  const engine = new EmbeddedEngine(source, docker);
  const name = chooseEngine(options.engine, await engine.live(), engine.identity, source);
  const label = `${source.project}/${source.stack}`;
  const volumesOf = async () =>
    (await engine.live()).objects.filter(
      ({ kind, labels }) => kind === "volume" && labels.created_by === "agent-sessions" && labels.stack === label,
    );

  const removed: string[] = [];
  const failures: string[] = [];
  if (name === "pulumi") {
    const code = await runPulumi("destroy", options, source);
    if (code !== 0) {
      process.exitCode = code;
      return;
    }
    // The CLI forgets the volumes and leaves them; they carry the stack's label.
    if (options.deleteData)
      for (const volume of await volumesOf())
        await docker
          .getVolume(volume.name)
          .remove()
          .then(
            () => removed.push(volume.name),
            (error: Error) => failures.push(`${volume.name}: ${error.message}`),
          );
  } else {
    const release = await lock(engine.identity.deployment);
    try {
      const steps = engine.teardown(await engine.live(), options.deleteData === true);
      failures.push(
        ...(await engine.remove(steps, (step) => {
          removed.push(step.name);
          process.stderr.write(`  removed ${step.type} ${step.name}\n`);
        })),
      );
    } finally {
      release();
    }
  }
  const kept = (await volumesOf()).map((volume) => volume.name);
  if (options.json) console.log(JSON.stringify({ removed, kept, failures }, null, 2));
  else
    console.log(
      `${removed.length === 0 ? "Nothing was there to remove." : `Removed ${removed.length} objects.`}${kept.length > 0 ? `\nKept with their data: ${kept.join(", ")}` : ""}`,
    );
  for (const failure of failures) console.error(`not removed: ${failure}`);
  if (failures.length > 0) process.exitCode = 1;
}
