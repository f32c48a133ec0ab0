import type Docker from "dockerode";
import { heldBySession, measureVolumes } from "../../components/container-engine/disk-usage.ts";
import { isHere } from "../../components/container-engine/here.ts";
import { askKind } from "../../components/container-engine/kind.ts";
import { labelNames, stackLabel } from "../../components/container-engine/object-labels.ts";
import { containerName, edgeName, proxyName } from "../../components/session.ts";
import { baseline } from "../../policy/baseline.ts";
import type { StackSource } from "../configuration.ts";
import { identify } from "../identity.ts";
import { startOnHostNetwork } from "./docker/host-network.ts";
import { DockerPart, DockerSession } from "./docker/session.ts";
import { uidsOf, volumesOf } from "./docker/surroundings.ts";
import { inVolume } from "./docker/workspace.ts";
import { servicesAmong } from "./docker/services.ts";
import type {
  CommandPlace,
  Held,
  ListedSession,
  MountedVolume,
  PartName,
  Reachable,
  RunningPart,
  Session,
  SessionRuntime,
  StackService,
  WritableFolder,
} from "./runtime.ts";

/** Sessions on the Docker Engine or Podman, whichever engine of ours made them. */
export class DockerRuntime implements SessionRuntime {
  protected readonly docker: Docker;
  readonly #source: Omit<StackSource, "config">;

  constructor(docker: Docker, source: Omit<StackSource, "config">) {
    this.docker = docker;
    this.#source = source;
  }

  /** The label of all that is the stack's. */
  protected get label(): string {
    return `stack=${stackLabel(this.#source)}`;
  }

  /** Containers with labels, those that do not run too. */
  protected labelled(...label: readonly string[]): Promise<Docker.ContainerInfo[]> {
    return this.docker.listContainers({ all: true, filters: { label: [...label] } });
  }

  /** Containers of sessions; what only serves one says so by its kind. */
  async #sessions(...label: readonly string[]): Promise<Docker.ContainerInfo[]> {
    const containers = await this.labelled(`created_by=${baseline.createdBy}`, "session_id", ...label);
    return containers.filter(({ Labels }) => Labels.kind === undefined);
  }

  /** Whether what has these labels is of this checkout; the Pulumi CLI's objects are of whichever asks. */
  protected isOwn(labels: Readonly<Record<string, string>> = {}): boolean {
    const { project, stack, root } = this.#source;
    const { deployment } = identify(project, stack, root);
    return (labels[labelNames.deployment] ?? deployment) === deployment;
  }

  async #own(): Promise<Docker.ContainerInfo[]> {
    return (await this.#sessions(this.label)).filter(({ Labels }) => this.isOwn(Labels));
  }

  async #running(): Promise<Docker.ContainerInfo[]> {
    return (await this.#own()).filter(({ State }) => State === "running");
  }

  /** Those by which sessions with an allow list get out. @param id of all sessions when left out */
  protected proxies(id?: string): Promise<Docker.ContainerInfo[]> {
    return this.labelled(this.label, "kind=egress-proxy", id === undefined ? "serves" : `serves=${id}`);
  }

  async list(): Promise<readonly ListedSession[]> {
    // Asked once for all sessions, and not at all where none is described.
    let asked: Promise<Docker.ContainerInfo[]> | undefined;
    const proxies = () => (asked ??= this.proxies());
    const found = (await this.#own()).map(({ Id, Labels, State }) => {
      const { session_id: id = "" } = Labels;
      const own = async () => (await proxies()).filter(({ Labels }) => Labels.serves === id);
      return Object.assign(new DockerSession(this.docker, id, Id, own), { state: State });
    });
    return found.sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  session(id: string): Session {
    return new DockerSession(this.docker, id, containerName(id), () => this.proxies(id));
  }

  async part(id: string, name: PartName): Promise<RunningPart | undefined> {
    const [found] = name === "egress-proxy" ? await this.proxies(id) : await this.labelled(this.label, `kind=${name}`, `session_id=${id}`);
    return found && new DockerPart(this.docker, found.Id);
  }

  async services(): Promise<readonly StackService[]> {
    const { stack } = this.#source;
    return servicesAmong(this.docker, stack, await this.labelled(`created_by=${baseline.createdBy}`, this.label));
  }

  async stackOf(id: string): Promise<string | undefined> {
    const [elsewhere] = await this.#sessions(`session_id=${id}`);
    return elsewhere && (elsewhere.Labels.stack ?? "");
  }

  /** Works on the workspace of a session that is gone, by its volume. @throws Error when the engine has no image of sessions to do it with */
  inVolume<T>(volume: string, work: (place: CommandPlace) => Promise<T>): Promise<T> {
    return inVolume(this.docker, volume, work);
  }

  async held(seconds: number): Promise<ReadonlyMap<string, Held> | { readonly notTried: string }> {
    const volumes = await measureVolumes(this.docker, seconds);
    return "notTried" in volumes ? volumes : heldBySession(volumes);
  }

  async writableFolders(): Promise<readonly WritableFolder[]> {
    const containers = await this.labelled(`created_by=${baseline.createdBy}`, "session_id");
    return containers.flatMap(({ Labels, Mounts }) =>
      Mounts.flatMap(({ RW, Source = "" }) => (RW && Source !== "" ? [{ session: Labels.session_id ?? "", path: Source }] : [])),
    );
  }

  isHere(): Promise<boolean> {
    return isHere(this.docker);
  }

  async isPodman(): Promise<boolean> {
    return (await askKind(this.docker)) === "podman";
  }

  async gateways(): Promise<readonly string[]> {
    const networks = await this.docker.listNetworks();
    return networks.flatMap(({ IPAM }) => (IPAM?.Config ?? []).flatMap(({ Gateway }) => (Gateway ? [Gateway] : [])));
  }

  async reachable(): Promise<ReadonlyMap<string, Reachable>> {
    return new Map(
      (await this.#running()).map(({ Names, Labels, NetworkSettings }) => {
        const { session_id: id = "" } = Labels;
        const addresses = Object.values(NetworkSettings.Networks ?? {}).flatMap(({ IPAddress }) => (IPAddress ? [IPAddress] : []));
        return [id, { names: [id, ...Names.map((name) => name.replace(/^\//, ""))], addresses }];
      }),
    );
  }

  async volumes(): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
    return volumesOf(this.docker, await this.#running());
  }

  async uids(): Promise<ReadonlyMap<string, number>> {
    return uidsOf(this.docker, await this.#sessions());
  }

  egressProxy(id: string): RunningPart {
    return new DockerPart(this.docker, proxyName(id));
  }

  async portAddresses(id: string, byProxy: boolean): Promise<readonly string[]> {
    const found = await this.docker
      .getContainer(byProxy ? proxyName(id) : containerName(id))
      .inspect()
      .catch(() => undefined);
    // A proxy is on the session's network too, to which nobody comes from elsewhere.
    const networks = Object.entries(found?.NetworkSettings.Networks ?? {}).filter(([name]) => !byProxy || name === edgeName(id));
    return networks.flatMap(([, { IPAddress }]) => IPAddress || []);
  }

  async startOnHostNetwork(command: readonly string[]) {
    return startOnHostNetwork(this.docker, (await this.#running())[0]?.ImageID, command);
  }
}
