import type Docker from "dockerode";

/** What the engine says of a service, as far as the client library does not declare it. */
export interface InspectedService {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly Version: { readonly Index: number };
  readonly Spec: Docker.ServiceSpec & { readonly Name: string; readonly Labels?: Readonly<Record<string, string>> };
  readonly UpdateStatus?: { readonly State?: string; readonly Message?: string };
}

/** @throws Error when there is no such service */
export const inspectService = async (docker: Docker, id: string): Promise<InspectedService> =>
  (await docker.getService(id).inspect()) as InspectedService;

/** Has a service run so many tasks. */
export async function scaleService(docker: Docker, id: string, replicas: number): Promise<void> {
  const { Spec, Version } = await inspectService(docker, id);
  await docker.getService(id).update({ ...Spec, Mode: { Replicated: { Replicas: replicas } }, version: Version.Index });
}

/** Has a service's tasks be made anew, though nothing of it has changed. */
export async function renewService(docker: Docker, id: string): Promise<void> {
  const { Spec, Version } = await inspectService(docker, id);
  const TaskTemplate = { ...Spec.TaskTemplate, ForceUpdate: (Spec.TaskTemplate?.ForceUpdate ?? 0) + 1 };
  await docker.getService(id).update({ ...Spec, TaskTemplate, version: Version.Index });
}
