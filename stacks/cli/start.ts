import type { Command } from "commander";
import type Docker from "dockerode";
import { ignore } from "../embedded/docker/answers.ts";
import { waitHealthy } from "../embedded/health.ts";
import { failureOf, liveSession } from "./sessions.ts";
import { loadStack, openEngine, stackOption } from "./stack.ts";

export function register(program: Command): void {
  program
    .command("start")
    .description("Start one session that was stopped or has failed.")
    .argument("<id>", "the session")
    .addOption(stackOption())
    .addHelpText("after", "\nExample:\n  sessions start demo\n")
    .action(async (id: string, options: { stack: string }) => {
      const source = loadStack(options.stack);
      const docker = await openEngine(source);
      const container = await liveSession(docker, source, id);
      // One that has failed stays, with nothing running, until it is told to start: only this does.
      if ((await failureOf(docker, id, container)) === undefined) await container.start().catch(ignore(304));
      else await startFailed(docker, container, id);
      console.log(`Session ${id} is started.`);
    });
}

/** Starts a session that has failed. @throws Error when it fails again */
async function startFailed(docker: Docker, container: Docker.Container, id: string): Promise<void> {
  await container.restart();
  const [health] = await waitHealthy(docker, [{ id, container: container.id }], 60, () => {});
  if (health?.status === "failed")
    throw new Error(
      `session "${id}" has failed again: ${health.reason}; make room with "sessions exec ${id} -- COMMAND", or raise limits.disk and run "sessions up"`,
    );
}
