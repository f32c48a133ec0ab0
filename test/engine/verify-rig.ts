import type Docker from "dockerode";
import type { Check } from "../../stacks/verify/check.ts";
import { dockerTarget } from "../../stacks/verify/docker.ts";
import type { Promised } from "../../stacks/verify/promised.ts";
import { type RunOptions, type Target, verify } from "../../stacks/verify/run.ts";

/** What the engine takes to make a container. */
export type Body = Docker.ContainerCreateOptions & { HostConfig: Docker.HostConfig };

/** One protection of a session taken away. */
export interface Loosening {
  /** The check that must name it. */
  readonly check: string;
  readonly what: string;
  loosen(body: Body): unknown;
  /** What the twin is promised, where that differs from the session. */
  readonly promised?: Partial<Promised>;
}

/** Starts twins of a live session, each of its own create body with one field changed, and removes them. */
export class Twins {
  readonly #docker: Docker;
  readonly #containers: Docker.Container[] = [];

  constructor(docker: Docker) {
    this.#docker = docker;
  }

  /** A twin of a session. Its volumes are new ones, and it waits instead of running an agent. */
  async start(session: Promised, name: string, { loosen, promised }: Pick<Loosening, "loosen" | "promised">): Promise<Target> {
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
      HostConfig: { ...HostConfig, RestartPolicy: { Name: "no" }, Mounts: HostConfig.Mounts?.map((mount) => (mount.Type === "volume" ? { ...mount, Source: "" } : mount)) },
    };
    loosen(body);
    const container = await this.#docker.createContainer(body);
    this.#containers.push(container);
    await container.start();
    return dockerTarget(this.#docker, { ...session, ...promised, id });
  }

  async dispose(): Promise<void> {
    await Promise.all(this.#containers.map((container) => container.remove({ force: true, v: true })));
  }
}

/** The checks that each of the targets does not pass, with what was found. */
export async function failures(targets: readonly Target[], options: RunOptions): Promise<Map<string, string[]>> {
  const verified = await verify(targets, options);
  return new Map(verified.map(({ session, results }) => [session, results.flatMap(({ id, verdict, found }) => (verdict === "held" ? [] : [`${id} ${verdict}: ${found}`]))]));
}

/** The checks that no loosening breaks. */
export function unbroken(checks: readonly Check[], loosenings: readonly Loosening[]): string[] {
  return checks.map(({ id }) => id).filter((id) => !loosenings.some((loosening) => loosening.check === id));
}
