import type { Readable, Writable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type Docker from "dockerode";
import { ignore } from "../../../components/container-engine/answers.ts";
import type {
  CommandOptions,
  CommandPlace,
  Description,
  Health,
  LogOptions,
  RunningPart,
  Session,
  StartedCommand,
  Usage,
} from "../runtime.ts";
import { demultiplexer } from "../../streams.ts";
import { startCommand } from "./command.ts";
import { describe, variableIn } from "./describe.ts";
import { askHealth } from "./health.ts";
import { askUsage } from "./usage.ts";
import { inWorkspace } from "./workspace.ts";

/** A container of a session's. */
export class DockerPart implements RunningPart {
  protected readonly docker: Docker;
  protected readonly container: Docker.Container;

  /** @param container its id or name */
  constructor(docker: Docker, container: string) {
    this.docker = docker;
    this.container = docker.getContainer(container);
  }

  start(command: readonly string[], options?: CommandOptions): Promise<StartedCommand> {
    return startCommand(this.container, command, options);
  }

  async logs(options: LogOptions, output: Writable, errors: Writable): Promise<void> {
    await pipeline(await this.#log({ stdout: true, stderr: true, ...options }), demultiplexer(output, errors));
  }

  /** As a stream; the library's own call holds all of it in memory when it does not follow. */
  #log(query: object): Promise<Readable> {
    const asked = {
      path: `/containers/${this.container.id}/logs?`,
      method: "GET",
      isStream: true,
      statusCodes: { 200: true, 404: "no such container", 500: "server error" },
      options: query,
    };
    return new Promise((resolve, reject) =>
      this.docker.modem.dial(asked, (error, stream) => (error ? reject(error) : resolve(stream as Readable))),
    );
  }
}

/** A session as a container of the Docker Engine or Podman. */
export class DockerSession extends DockerPart implements Session {
  readonly id: string;
  readonly #proxies: () => Promise<readonly Docker.ContainerInfo[]>;

  /** @param proxies of the session, by which it gets out */
  constructor(docker: Docker, id: string, container: string, proxies: () => Promise<readonly Docker.ContainerInfo[]>) {
    super(docker, container);
    this.id = id;
    this.#proxies = proxies;
  }

  health(): Promise<Health> {
    return askHealth(this.docker, this.id, this.container.id);
  }

  async describe(): Promise<Description> {
    return describe(this.docker, this.id, this.container, await this.#proxies());
  }

  usage(): Promise<Usage | undefined> {
    return askUsage(this.container);
  }

  async variable(name: string): Promise<string | undefined> {
    return variableIn((await this.container.inspect()).Config.Env, name);
  }

  async begin(): Promise<void> {
    await this.container.start().catch(ignore(304));
  }

  async stop(): Promise<void> {
    await this.container.stop().catch(ignore(304));
  }

  async restart(): Promise<void> {
    await this.container.restart();
  }

  inWorkspace<T>(work: (place: CommandPlace) => Promise<T>): Promise<T> {
    return inWorkspace(this.docker, this.container, work);
  }
}
