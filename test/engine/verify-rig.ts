import type Docker from "dockerode";
import { DockerRuntime } from "../../stacks/runtime/docker.ts";
import type { Check } from "../../stacks/verify/check.ts";
import { targetOf } from "../../stacks/verify/target.ts";
import type { Promised } from "../../stacks/verify/promised.ts";
import { type RunOptions, type Target, verify } from "../../stacks/verify/run.ts";

/** What the engine takes to make a container. */
export type Body = Docker.ContainerCreateOptions & { HostConfig: Docker.HostConfig };

/** One protection of a session taken away. */
export interface Loosening {
  /** The check that must name it. */
  readonly check: string;
  readonly what: string;
  /** Other checks that name it too. */
  readonly also?: readonly string[];
  loosen?(body: Body, besideAt: string): unknown;
  /** What is changed in the twin's network; a session on a network of its own has a twin of that too. */
  loosenNetwork?(network: Docker.NetworkCreateOptions): unknown;
  /** What is started in the twin's network before it: a shell line, in the session's image. */
  readonly beside?: { readonly line: string; readonly address?: string };
  /** Another session that joins the twin's network. */
  readonly neighbour?: string;
  /** It sees what others run on this machine, such as sessions of other tests, which other checks may name then. */
  readonly seesOthers?: true;
  /** Checks that then prove nothing. */
  readonly unproven?: readonly string[];
  /** What is found, as a pattern. */
  readonly evidence?: string;
  /** What the twin is promised, where that differs from the session. */
  readonly promised?: Partial<Promised>;
}

/** Starts twins of a live session, each of its own create body with one field changed, and removes them. */
export class Twins {
  readonly #docker: Docker;
  readonly #containers: Docker.Container[] = [];
  readonly #networks: Docker.Network[] = [];
  readonly #starting: Promise<unknown>[] = [];

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** Starts a twin of a session; see {@link Loosening}. */
  start(session: Promised, name: string, loosening: Omit<Loosening, "check" | "what" | "also"> = {}): Promise<Target> {
    const starting = this.#start(session, name, loosening);
    this.#starting.push(starting);
    return starting;
  }

  /** Its volumes are new ones, and it waits instead of running an agent. */
  async #start(
    session: Promised,
    name: string,
    { loosen, loosenNetwork, beside, neighbour, promised }: Omit<Loosening, "check" | "what" | "also">,
  ): Promise<Target> {
    const { Config, HostConfig } = await this.#docker.getContainer(`claude-agent-${session.id}`).inspect();
    const id = `v-twin-${name}`;
    const body: Body = {
      name: `claude-agent-${id}`,
      Image: Config.Image,
      User: Config.User,
      Env: Config.Env,
      Entrypoint: ["/usr/bin/tini", "--", "sleep", "infinity"],
      // The session's own ends every process of uid 1000 that it sees, and a twin may see the host's.
      Healthcheck: { Test: ["NONE"] },
      HostConfig: {
        ...HostConfig,
        RestartPolicy: { Name: "no" },
        Mounts: HostConfig.Mounts?.map((mount) =>
          mount.Type === "volume"
            ? {
                ...mount,
                Source: "",
                VolumeOptions: { NoCopy: false, Labels: { session_id: id }, DriverConfig: { Name: "local", Options: {} } },
              }
            : mount,
        ),
      },
    };
    if (session.network.mode.kind === "bridge")
      body.HostConfig.NetworkMode = await this.#network(HostConfig.NetworkMode ?? "", body.name ?? "", loosenNetwork);
    let besideAt = "";
    if (beside !== undefined) {
      const { line, address } = beside;
      const NetworkMode = body.HostConfig.NetworkMode ?? "";
      besideAt = await this.#run({
        Image: Config.Image,
        User: "1000:1000",
        Entrypoint: ["bash", "-c", line],
        HostConfig: { NetworkMode },
        ...(address !== undefined && {
          NetworkingConfig: { EndpointsConfig: { [NetworkMode]: { IPAMConfig: { IPv4Address: address } } } },
        }),
      });
    }
    loosen?.(body, besideAt);
    await this.#run(body);
    if (neighbour !== undefined)
      await this.#docker.getNetwork(body.HostConfig.NetworkMode ?? "").connect({ Container: `claude-agent-${neighbour}` });
    const runtime = new DockerRuntime(this.#docker, { project: "agent-sessions", stack: "twins", root: import.meta.dirname });
    return targetOf(runtime, { ...session, ...promised, id });
  }

  async #network(of: string, name: string, loosen?: Loosening["loosenNetwork"]): Promise<string> {
    const { Driver, Internal, Options } = (await this.#docker.getNetwork(of).inspect()) as Docker.NetworkInspectInfo;
    const network: Docker.NetworkCreateOptions = { Name: name, Driver, Internal, Options };
    loosen?.(network);
    this.#networks.push(await this.#docker.createNetwork(network));
    return name;
  }

  /** @returns its address */
  async #run(body: Docker.ContainerCreateOptions): Promise<string> {
    const container = await this.#docker.createContainer(body);
    this.#containers.push(container);
    await container.start();
    return Object.values((await container.inspect()).NetworkSettings.Networks)[0]?.IPAddress ?? "";
  }

  async dispose(): Promise<void> {
    await Promise.allSettled(this.#starting);
    await Promise.all(this.#containers.map((container) => container.remove({ force: true, v: true })));
    for (const network of this.#networks) {
      const { Containers = {} } = (await network.inspect()) as Docker.NetworkInspectInfo;
      for (const Container of Object.keys(Containers)) await network.disconnect({ Container, Force: true });
      await network.remove();
    }
  }
}

/** The checks that each of the targets does not pass, with what was found. */
export async function failures(targets: readonly Target[], options: RunOptions): Promise<Map<string, string[]>> {
  const verified = await verify(targets, options);
  return new Map(
    verified.map(({ session, results }) => [
      session,
      results.flatMap(({ id, verdict, found }) => (verdict === "held" ? [] : [`${id} ${verdict}: ${found}`])),
    ]),
  );
}

/** The checks that no loosening breaks. */
export function unbroken(checks: readonly Check[], loosenings: readonly Loosening[]): string[] {
  return checks.map(({ id }) => id).filter((id) => !loosenings.some((loosening) => loosening.check === id));
}
