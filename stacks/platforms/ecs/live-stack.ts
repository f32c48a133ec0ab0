import { type AccessPointDescription, DeleteAccessPointCommand, EFSClient } from "@aws-sdk/client-efs";
import { tagNames } from "../../../components/fargate/tags.ts";
import type { StackSource } from "../../configuration.ts";
import { accessPoints, tagOfPoint } from "../../runtime/ecs/access-points.ts";
import { ignore } from "../../runtime/ecs/answers.ts";
import type { FargateClient } from "../../runtime/ecs/client.ts";
import { FargateObjects, tagOf } from "../../runtime/ecs/objects.ts";
import { EcsRuntime } from "../../runtime/ecs.ts";
import type { EngineName, LiveStack, Workspace } from "../platform.ts";

/** What an account holds of a stack. The Pulumi CLI alone made it. */
export class EcsStack implements LiveStack {
  readonly runtime: EcsRuntime;
  readonly #client: FargateClient;
  readonly #objects: FargateObjects;

  constructor(client: FargateClient, source: StackSource) {
    this.runtime = new EcsRuntime(client, source);
    this.#client = client;
    this.#objects = new FargateObjects(client, source);
  }

  async owner(): Promise<EngineName | undefined> {
    return (await this.#objects.services({})).length > 0 ? "pulumi" : undefined;
  }

  async sessions(): Promise<readonly string[]> {
    const [services, points] = await Promise.all([this.#objects.sessions(), this.#points()]);
    const ids = [
      ...services.map((service) => tagOf(service, tagNames.session)),
      ...points.map((point) => tagOfPoint(point, tagNames.session)),
    ];
    return [...new Set(ids.flatMap((id) => id ?? []))].sort();
  }

  async fingerprint(): Promise<string> {
    const [services, points] = await Promise.all([this.#objects.services({}), this.#points()]);
    return [
      ...services.map(({ serviceArn, taskDefinition, desiredCount }) => `${serviceArn} ${taskDefinition} ${desiredCount}`),
      ...points.map(({ AccessPointId }) => AccessPointId),
    ]
      .sort()
      .join();
  }

  async data(ids?: readonly string[]): Promise<readonly string[]> {
    return (await this.#points(ids)).map(({ AccessPointId = "" }) => AccessPointId).sort();
  }

  /** The way to it alone: what it leads to stays in the file system, which no session can reach then. */
  async removeData(AccessPointId: string): Promise<void> {
    const efs = this.#client.with(new EFSClient(this.#client.options));
    await efs.send(new DeleteAccessPointCommand({ AccessPointId })).catch(ignore("AccessPointNotFound"));
  }

  async workspaces(ids?: readonly string[]): Promise<readonly Workspace[]> {
    const kept = (await this.#points(ids)).filter((point) => tagOfPoint(point, tagNames.kind) === "workspace");
    return kept.flatMap((point) => {
      const session = tagOfPoint(point, tagNames.session);
      if (session === undefined) return [];
      return [{ session, inside: (work) => this.runtime.session(session).inWorkspace(work) } satisfies Workspace];
    });
  }

  /** What sessions keep. @param ids of all when left out */
  async #points(ids?: readonly string[]): Promise<readonly AccessPointDescription[]> {
    return (await accessPoints(this.#client, this.#objects.owner)).filter((point) => {
      const session = tagOfPoint(point, tagNames.session);
      return session !== undefined && (ids === undefined || ids.includes(session));
    });
  }
}
