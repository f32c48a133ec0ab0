import type Docker from "dockerode";
import { containerName, proxyName } from "../../components/session.ts";
import type { InspectedService } from "../../components/swarm/inspected.ts";
import { baseline } from "../../policy/baseline.ts";
import { DockerRuntime } from "./docker.ts";
import type { ListedSession, MountedVolume, Reachable, RunningPart, Session } from "./runtime.ts";
import { mountsOf, SwarmService } from "./swarm/service.ts";
import { SwarmPart, SwarmSession } from "./swarm/session.ts";

/** What the engine labels a task's container with. */
const serviceLabel = "com.docker.swarm.service.id";

/** Sessions as services of Swarm's, on the node whose engine is spoken to. */
export class SwarmRuntime extends DockerRuntime {
  override async list(): Promise<readonly ListedSession[]> {
    const [services, containers] = await Promise.all([this.#services(this.label), this.labelled(this.label, serviceLabel)]);
    const listed = services
      .filter(({ Spec }) => this.isOwn(Spec.Labels))
      .map(({ ID, Spec: { Mode, Labels: { session_id: id = "" } = {} } }) => {
        const runs = containers.some(({ Labels, State }) => Labels[serviceLabel] === ID && State === "running");
        const state = runs ? "running" : Mode?.Replicated?.Replicas === 0 ? "stopped" : "restarting";
        return Object.assign(new SwarmSession(this.docker, id, () => this.proxies(id)), { state });
      });
    return listed.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  override session(id: string): Session {
    return new SwarmSession(this.docker, id, () => this.proxies(id));
  }

  override async stackOf(id: string): Promise<string | undefined> {
    const [elsewhere] = await this.#services(`session_id=${id}`);
    return elsewhere && (elsewhere.Spec.Labels?.stack ?? "");
  }

  override async reachable(): Promise<ReadonlyMap<string, Reachable>> {
    const found = await super.reachable();
    const named = ([id, { names, addresses }]: readonly [string, Reachable]) =>
      [id, { names: [...names, containerName(id), `tasks.${containerName(id)}`], addresses }] as const;
    return new Map([...found].map(named));
  }

  /** Without memory, which Swarm makes for each task, with a name that nobody gave. */
  override async volumes(): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
    const named = async ([id, volumes]: readonly [string, readonly MountedVolume[]]) => {
      const found = await new SwarmService(this.docker, containerName(id)).find();
      const memory = mountsOf(found).flatMap(({ Source, Target }) => (Source ? [] : [Target]));
      return [id, volumes.filter(({ target }) => !memory.includes(target))] as const;
    };
    return new Map(await Promise.all([...(await super.volumes())].map(named)));
  }

  override egressProxy(id: string): RunningPart {
    return new SwarmPart(this.docker, proxyName(id));
  }

  /** Nothing is published. */
  override async portAddresses(): Promise<readonly string[]> {
    return [];
  }

  /** Of a service's containers the last one: those before it are kept for a while, and are nobody's any more. */
  protected override async labelled(...label: readonly string[]): Promise<Docker.ContainerInfo[]> {
    const containers = await super.labelled(...label);
    const later = (one: Docker.ContainerInfo) => (other: Docker.ContainerInfo) =>
      other.Labels[serviceLabel] === one.Labels[serviceLabel] && isBefore(one, other);
    return containers.filter((one) => one.Labels[serviceLabel] === undefined || !containers.some(later(one)));
  }

  /** Services of sessions; what only serves one says so by its kind. */
  async #services(...label: readonly string[]): Promise<InspectedService[]> {
    const filters = { label: [`created_by=${baseline.createdBy}`, "session_id", ...label] };
    const services = (await this.docker.listServices({ filters: JSON.stringify(filters) })) as unknown as InspectedService[];
    return services.filter(({ Spec }) => Spec.Labels?.kind === undefined);
  }
}

/** One that runs comes after all that do not. */
function isBefore(one: Docker.ContainerInfo, other: Docker.ContainerInfo): boolean {
  const [runs, otherRuns] = [one.State === "running", other.State === "running"];
  return runs === otherRuns ? one.Created < other.Created : otherRuns;
}
