import { type AccessPointDescription, EFSClient, paginateDescribeAccessPoints } from "@aws-sdk/client-efs";
import { tagNames } from "../../../components/fargate/tags.ts";
import type { Owner } from "../../../components/session.ts";
import type { MountedVolume } from "../runtime.ts";
import type { FargateClient } from "./client.ts";
import { containerIn, type FargateObjects, sessionContainer, tagOf } from "./objects.ts";
import { isRunning } from "./state.ts";

/** The value of an access point's tag. */
export const tagOfPoint = ({ Tags = [] }: AccessPointDescription, name: string): string | undefined =>
  Tags.find(({ Key }) => Key === name)?.Value;

/** All access points of a stack: each is what a session keeps, or reads. */
export async function accessPoints(client: FargateClient, { project, stack }: Owner): Promise<readonly AccessPointDescription[]> {
  const efs = client.with(new EFSClient(client.options));
  const found: AccessPointDescription[] = [];
  for await (const page of paginateDescribeAccessPoints({ client: efs }, {})) found.push(...(page.AccessPoints ?? []));
  return found.filter((point) => tagOfPoint(point, tagNames.project) === project && tagOfPoint(point, tagNames.stack) === stack);
}

/** What access points the running sessions of a stack have mounted. */
export async function mountedIn(objects: FargateObjects): Promise<ReadonlyMap<string, readonly MountedVolume[]>> {
  const points = new Map((await accessPoints(objects.client, objects.owner)).map((point) => [point.AccessPointId, point]));
  const entries = (await objects.sessions()).map(async (service) => {
    if (!(await objects.tasks(service)).some(isRunning)) return [];
    const definition = await objects.definition(service);
    const mounted = (containerIn(definition, sessionContainer)?.mountPoints ?? []).flatMap(({ sourceVolume, containerPath = "" }) => {
      const volume = definition.volumes?.find(({ name }) => name === sourceVolume);
      const id = volume?.efsVolumeConfiguration?.authorizationConfig?.accessPointId;
      const point = points.get(id);
      // One that is another stack's, or nobody's, has no owner here.
      if (id === undefined) return [];
      if (point === undefined) return [{ target: containerPath, name: id }];
      const [owner, kind] = [tagOfPoint(point, tagNames.session), tagOfPoint(point, tagNames.kind)];
      return [{ target: containerPath, name: id, ...(owner !== undefined && { owner }), ...(kind !== undefined && { kind }) }];
    });
    return [[tagOf(service, tagNames.session) ?? "", mounted] as const];
  });
  return new Map((await Promise.all(entries)).flat());
}
