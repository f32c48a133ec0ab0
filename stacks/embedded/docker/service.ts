import type Docker from "dockerode";
import { ignore } from "../../../components/container-engine/answers.ts";
import { inspectService, scaleService } from "../../../components/swarm/inspected.ts";
import type { Properties } from "../../recorder/program.ts";
import { replicasOf, toServiceSpec } from "./service-spec.ts";

/** Creates a service. @returns its id */
export async function createService(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  const { id } = (await docker.createService(toServiceSpec(inputs, labels) as object as Docker.CreateServiceOptions)) as { id: string };
  return id;
}

/** So long an update is waited for, in seconds: a health check of a minute, and its retries. */
const patience = 240;

/**
 * Brings a service to other inputs, and waits until Swarm has done it.
 *
 * @returns its id
 * @throws Error when Swarm gave up on it, with what became of it
 */
export async function updateService(
  docker: Docker,
  id: string,
  inputs: Properties,
  labels: Readonly<Record<string, string>>,
): Promise<string> {
  const { Spec, Version } = await inspectService(docker, id);
  const wanted = toServiceSpec(inputs, labels);
  // Another count makes its task anew in any case, so that there is an update to wait for.
  const TaskTemplate = { ...wanted.TaskTemplate, ForceUpdate: (Spec.TaskTemplate?.ForceUpdate ?? 0) + 1 };
  await docker.getService(id).update({ ...wanted, TaskTemplate, version: Version.Index });
  if (Spec.Mode?.Replicated?.Replicas === 0) return id;
  const deadline = Date.now() + patience * 1000;
  for (;;) {
    const { State = "updating" } = (await inspectService(docker, id)).UpdateStatus ?? {};
    if (State === "completed") return id;
    const outcome = outcomes[State] ?? (Date.now() > deadline ? `Swarm still tries after ${patience} s` : undefined);
    if (outcome !== undefined) throw new Error(`${await lastFailure(docker, id, String(inputs.name))}; ${outcome}`);
    await new Promise((resolve) => setTimeout(resolve, 500));
  }
}

const outcomes: Readonly<Record<string, string>> = {
  rollback_completed: "Swarm has rolled the service back to what it was",
  rollback_paused: "Swarm could not roll the service back either, and left it for you to look at",
  paused: "Swarm has left the service for you to look at, as update.failureAction says",
};

interface Task {
  readonly UpdatedAt: string;
  readonly Status: { readonly State: string; readonly Err?: string; readonly Message?: string };
}

/** What the service's last task that failed says. */
async function lastFailure(docker: Docker, id: string, name: string): Promise<string> {
  const tasks = (await docker.listTasks({ filters: { service: [id] } })) as Task[];
  const [last] = tasks
    .filter(({ Status }) => Status.State === "failed" || Status.State === "rejected")
    .toSorted((one, other) => (one.UpdatedAt < other.UpdatedAt ? 1 : -1));
  return `the new container of ${name} did not come up (${last?.Status.Err ?? last?.Status.Message ?? "no task of it failed"})`;
}

/** Has a service run as many tasks as it is to. */
export async function startService(docker: Docker, id: string, inputs: Properties): Promise<void> {
  await scaleService(docker, id, replicasOf(inputs));
}

/** Removes a service and waits until its containers here are gone, which hold networks and volumes. One that is gone already is fine. */
export async function removeService(docker: Docker, id: string): Promise<void> {
  await docker.getService(id).remove().catch(ignore(404));
  const left = () => docker.listContainers({ all: true, filters: { label: [`com.docker.swarm.service.id=${id}`] } });
  while ((await left()).length > 0) await new Promise((resolve) => setTimeout(resolve, 200));
}
