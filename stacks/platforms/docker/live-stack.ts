import type Docker from "dockerode";
import { labelNames, stackLabel } from "../../../components/container-engine/object-labels.ts";
import { baseline } from "../../../policy/baseline.ts";
import type { StackSource } from "../../configuration.ts";
import { isRun, type Live, type LiveObject, readLive } from "../../embedded/live.ts";
import { type Identity, identify } from "../../identity.ts";
import { DockerRuntime } from "../../runtime/docker.ts";
import type { Secrets } from "../../secrets.ts";
import { isMark } from "./cleanup/marks.ts";
import { ofSessions } from "./session-objects.ts";
import type { Cleaner } from "../cleanup.ts";
import type { BuiltImage, BuiltInEngine, LiveStack, EngineName, Say, Workspace } from "../platform.ts";

/** What an engine holds of a stack. */
export class DockerStack implements LiveStack {
  readonly runtime: DockerRuntime;
  readonly #docker: Docker;
  readonly #source: StackSource;
  readonly #identity: Identity;

  /** @param runtime what runs its sessions there */
  constructor(docker: Docker, source: StackSource, runtime = new DockerRuntime(docker, source)) {
    this.runtime = runtime;
    this.#docker = docker;
    this.#source = source;
    this.#identity = identify(source.project, source.stack, source.root);
  }

  /** The Pulumi CLI's objects carry no deployment. */
  async #objects(): Promise<readonly LiveObject[]> {
    return this.#of(await readLive(this.#docker, this.#identity));
  }

  #of({ objects }: Live): readonly LiveObject[] {
    const { deployment: own } = this.#identity;
    return objects.filter(({ labels }) => {
      const { [labelNames.deployment]: deployment = own } = labels;
      return labels.created_by === baseline.createdBy && labels.stack === stackLabel(this.#identity) && deployment === own;
    });
  }

  async owner(): Promise<EngineName | undefined> {
    return this.#ownerIn(await readLive(this.#docker, this.#identity));
  }

  #ownerIn({ own, objects }: Live): EngineName | undefined {
    return ownerOf(own, objects, stackLabel(this.#identity));
  }

  async sessions(): Promise<readonly string[]> {
    return [...new Set((await this.#objects()).flatMap(({ labels }) => labels.session_id ?? []))].sort();
  }

  async fingerprint(): Promise<string> {
    return (
      (await this.#objects())
        // A service that is made anew is the same one.
        .map(({ id, version = "" }) => `${id} ${version}`.trim())
        .sort()
        .join()
    );
  }

  async data(ids?: readonly string[]): Promise<readonly string[]> {
    return ofSessions(await this.#objects(), ids)
      .flatMap(({ kind, name, labels }) => (kind === "volume" && !isMark(labels.kind) ? [name] : []))
      .sort();
  }

  async removeData(volume: string): Promise<void> {
    await this.#docker.getVolume(volume).remove();
  }

  async workspaces(ids?: readonly string[]): Promise<readonly Workspace[]> {
    const objects = await this.#objects();
    return ofSessions(objects, ids).flatMap(({ kind, name, labels }): Workspace[] => {
      const { session_id: session } = labels;
      if (kind !== "volume" || labels.kind !== "workspace" || session === undefined) return [];
      const there = objects.some((object) => isRun(object.kind) && object.labels.session_id === session && !object.labels.kind);
      return [{ session, inside: (work) => (there ? this.runtime.session(session).inWorkspace(work) : this.runtime.inVolume(name, work)) }];
    });
  }

  async buildImages(options: { readonly force: boolean; readonly line: Say }): Promise<readonly BuiltImage[]> {
    const { EmbeddedEngine } = await import("../../embedded/engine.ts");
    const images = await new EmbeddedEngine(this.#source, this.#docker).buildImages(options);
    return Promise.all(
      images.map(async (image) => {
        const { Id: id, Size: size } = await this.#docker.getImage(image.name).inspect();
        return { ...image, id, size };
      }),
    );
  }

  async cleaner(): Promise<Cleaner> {
    const { DockerCleaner } = await import("./cleanup/cleaner.ts");
    return new DockerCleaner(this.#docker, this.#identity, { of: (live) => this.#of(live), owner: (live) => this.#ownerIn(live) });
  }

  async engine(secrets?: Secrets): Promise<BuiltInEngine> {
    const { DockerEngine } = await import("./engine.ts");
    return new DockerEngine(this.#source, this.#docker, secrets);
  }
}

/** The engine that made containers and networks. What clean-up has left there for a while tells of none. */
function ownerOf(own: readonly LiveObject[], objects: readonly LiveObject[], stack: string): EngineName | undefined {
  const live = (of: readonly LiveObject[]) => of.filter(({ kind, labels }) => kind !== "volume" && !isMark(labels.kind));
  if (live(own).length > 0) return "embedded";
  const pulumi = live(objects).some(
    ({ labels, urn }) => urn === undefined && labels.created_by === baseline.createdBy && labels.stack === stack,
  );
  return pulumi ? "pulumi" : undefined;
}
