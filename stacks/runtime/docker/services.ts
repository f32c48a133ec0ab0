import { PassThrough } from "node:stream";
import type Docker from "dockerode";
import { type EngineMachine, isOwn } from "../../../components/container-engine/here.ts";
import { monitoringPorts } from "../../../components/monitoring/args.ts";
import { serviceName } from "../../../components/session.ts";
import { supervisorPort } from "../../../components/supervisor/args.ts";
import type { StackService } from "../runtime.ts";
import { startCommand } from "./command.ts";

/** Where services listen that are not published, of which the engine knows nothing. */
const listens: Readonly<Record<string, readonly number[]>> = {
  ...Object.fromEntries(Object.entries(monitoringPorts).map(([name, port]) => [name, [port]])),
  supervisor: [supervisorPort],
};

/** @param containers those of the stack, also what brings files to others */
export async function servicesAmong(docker: Docker, stack: string, containers: readonly Docker.ContainerInfo[]): Promise<StackService[]> {
  const own = containers.filter(({ Names, Labels }) => Names.includes(`/${serviceName({ stack }, Labels.kind ?? "")}`));
  // Most stacks have none, and nobody is asked for nothing.
  if (own.length === 0) return [];
  const machine = (await docker.info()) as EngineMachine;
  const elsewhere = isOwn(machine) ? {} : { on: machine.Name };
  const found = await Promise.all(own.map(async (container) => ({ ...(await serviceOf(docker, container)), ...elsewhere })));
  return found.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function serviceOf(docker: Docker, { Id, Labels, Ports, NetworkSettings }: Docker.ContainerInfo): Promise<StackService> {
  const name = Labels.kind ?? "";
  const container = docker.getContainer(Id);
  const { State, Config } = await container.inspect();
  const addresses = Object.values(NetworkSettings.Networks).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : []));
  const ports = new Set([...Ports.map(({ PrivatePort }) => PrivatePort), ...(listens[name] ?? [])]);
  const published = Ports.filter(({ PublicPort }) => PublicPort !== undefined);
  const [first] = published;
  const url = Labels.url ?? (first && `http://${first.IP}:${first.PublicPort}/`);
  return {
    name,
    state: State.Running && !State.Restarting ? await stateOf(container, State.Health?.Status, Config.Healthcheck?.Test) : "stopped",
    ...(url !== undefined && { url }),
    at: addresses.flatMap((address) => [...ports].map((port) => ({ address, port }))),
    published: [...new Set(published.map(({ PublicPort }) => PublicPort))],
  };
}

/**
 * One without a health check of its own is well while it runs. Of one that has just started the engine says nothing yet, on engines
 * before version 25 for a whole interval: its check is run at once.
 */
async function stateOf(container: Docker.Container, status = "healthy", test: readonly string[] = []): Promise<StackService["state"]> {
  if (status === "healthy" || status === "unhealthy") return status;
  const [kind, ...command] = test;
  if (kind !== "CMD") return "starting";
  try {
    const started = await startCommand(container, command);
    await started.carry(new PassThrough().resume(), new PassThrough().resume());
    return (await started.exitCode()) === 0 ? "healthy" : "starting";
  } catch {
    return "starting";
  }
}
