import { appendFileSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import type Docker from "dockerode";
import { labelNames } from "../../components/container-engine/object-labels.ts";
import { identify } from "../../stacks/identity.ts";

const variable = "AGENT_SESSIONS_TESTS_NOTES";

/** Begins this run's notes of its deployments, a file named by its process. @param folder that of all runs on this machine */
export function beginNotes(folder: string): void {
  mkdirSync(folder, { recursive: true });
  process.env[variable] = join(folder, String(process.pid));
}

/** Notes a deployment as one of the tests', before anything of it is made. */
export function noteDeployment(stack: string, root: string): void {
  const notes = process.env[variable];
  if (notes !== undefined) appendFileSync(notes, `${identify("agent-sessions", stack, root).deployment}\n`);
}

/**
 * Removes from the engine what runs left there that have ended: the names of their sessions would be taken. Nothing of a run that
 * goes on is touched, and nothing that no test has noted.
 */
export async function removeLeftBehind(docker: Docker, folder: string): Promise<void> {
  const ended = (existsSync(folder) ? readdirSync(folder) : []).filter((run) => !runs(Number(run))).map((run) => join(folder, run));
  if (ended.length === 0) return;
  const deployments = new Set(ended.flatMap((notes) => readFileSync(notes, "utf8").split("\n")));
  const noted = ({ Labels = {} }: { Labels?: Readonly<Record<string, string>> }) =>
    deployments.has(Labels?.[labelNames.deployment] ?? "none");
  const filters = { label: [labelNames.deployment] };
  const containers = (await docker.listContainers({ all: true, filters })).filter(noted);
  for (const { Id } of containers) await docker.getContainer(Id).remove({ force: true }).catch(tell);
  for (const { Id } of (await docker.listNetworks({ filters })).filter(noted)) await docker.getNetwork(Id).remove().catch(tell);
  for (const { Name } of (await docker.listVolumes({ filters })).Volumes.filter(noted)) await docker.getVolume(Name).remove().catch(tell);
  for (const notes of ended) rmSync(notes);
}

/** What cannot be removed is in nobody's way but the test's that wants its name. */
const tell = ({ message }: Error): void => console.warn(`set-up: ${message}`);

function runs(process_: number): boolean {
  try {
    return process.kill(process_, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code !== "ESRCH";
  }
}
