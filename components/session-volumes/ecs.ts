import { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { sharedOf } from "../fargate/provider.ts";
import { folderName, sessionTags } from "../fargate/tags.ts";
import type { MadePart } from "../session-part.ts";
import { containerName, volumeName } from "../session.ts";
import { type SessionVolumesArgs, type VolumeKind, volumeKindsOf, volumesPart } from "./args.ts";

/**
 * The folders of one session in the stack's file system, each by an access point of its own, and everything that it sees besides. What
 * is in them outlives the session and its stack: an access point that is removed leaves its folder, and the next one of that name finds
 * it.
 */
export class SessionVolumes extends pulumi.ComponentResource {
  readonly part: MadePart;

  /** @throws Error when two mounts claim one target. */
  constructor(name: string, args: SessionVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:SessionVolumes", name, {}, opts);
    const { storage } = sharedOf(this);
    const points = volumeKindsOf(args).map((kind) => {
      const point = new AccessPoint(`${name}-${kind}`, { fileSystemId: storage.id, ...toAccessPoint(args, kind) }, { parent: this });
      return [volumeName(containerName(args.sessionId), kind), point] as const;
    });
    this.part = { ...volumesPart(args), volumes: new Map(points), resources: points.map(([, point]) => point) };
    this.registerOutputs();
  }
}

/** Who owns the folder of the logs, and is no session (Debian's nobody). */
const keeper = 65_534;

/**
 * An access point's inputs: whoever comes by it sees one folder, and is the session's user whatever it says. None of them changes in
 * its life, as another access point would be made then.
 */
export function toAccessPoint(args: Pick<SessionVolumesArgs, "stack" | "sessionId" | "uid">, kind: VolumeKind) {
  const user = { uid: args.uid ?? baseline.user.uid, gid: baseline.user.gid };
  const { stack, sessionId } = args;
  // In the folder of the logs the agent may add files and not list them, and it is not the one who could change that.
  const owner =
    kind === "logs"
      ? { ownerUid: keeper, ownerGid: keeper, permissions: "1733" }
      : { ownerUid: user.uid, ownerGid: user.gid, permissions: "0700" };
  return {
    posixUser: user,
    rootDirectory: { path: folderName({ stack }, sessionId, kind), creationInfo: owner },
    tags: { ...sessionTags(args, kind) },
  };
}
