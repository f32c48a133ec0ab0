import { readFileSync } from "node:fs";
import { join } from "node:path";
import Docker from "dockerode";

/**
 * The least that has to be asked of the engine, at a fixed concurrency: raw.ts <operation> <sessions> <folder> <concurrency>.
 * What is sent was rendered beforehand, and nothing is looked up, compared or judged.
 */
interface Rendered {
  readonly volumes: readonly Docker.VolumeCreateOptions[];
  readonly container: Docker.ContainerCreateOptions;
}

const [operation, sessions, folder = "", concurrency] = process.argv.slice(2);
const docker = new Docker();
const all = (count: number) => JSON.parse(readFileSync(join(folder, `raw-${count}.json`), "utf8")) as Rendered[];
const count = Number(sessions);
const work = operation === "add" ? all(count + 1).slice(count) : all(operation === "destroy" ? count + 1 : count);

async function create({ volumes, container }: Rendered): Promise<void> {
  await Promise.all(volumes.map((volume) => docker.createVolume(volume)));
  await (await docker.createContainer(container)).start();
}

async function destroy({ volumes, container }: Rendered): Promise<void> {
  const made = docker.getContainer(container.name ?? "");
  await made.stop({ t: 10 });
  await made.remove({ force: true });
  await Promise.all(volumes.map(({ Name = "" }) => docker.getVolume(Name).remove()));
}

const waiting = [...work];
await Promise.all(
  Array.from({ length: Number(concurrency) }, async () => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) await (operation === "destroy" ? destroy : create)(next);
  }),
);
