import * as docker from "@pulumi/docker";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { ownVolumeGuard } from "../container-engine/hooks.ts";
import { dockerLabels } from "../labels.ts";
import { sessionLabels, volumeName } from "../session.ts";
import {
  duplicateTargets,
  type Mount,
  type SessionVolumesArgs,
  type VolumeKind,
  volumeKindsOf,
  type VolumesForSession,
  type Workspace,
} from "./args.ts";

/**
 * The volumes of one session, and everything that it sees of its file system. Volumes outlive the stack: `pulumi destroy`
 * forgets them and leaves the data; clean-up is what removes them.
 */
export class SessionVolumes extends pulumi.ComponentResource {
  /** What the session container takes. */
  readonly forSession: VolumesForSession;

  /** @throws Error when two mounts claim one target. */
  constructor(name: string, args: SessionVolumesArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:docker:SessionVolumes", name, {}, opts);
    const mounts = mountsOf(args);
    const twice = duplicateTargets(mounts.map((mount) => mount.target));
    if (twice.length > 0) throw new Error(`session ${args.sessionId}: two mounts on ${twice.join(", ")}; give each a target of its own`);

    const resources = volumeKindsOf(args).map(
      (kind) =>
        new docker.Volume(`${name}-${kind}`, toDockerVolume(args, kind), {
          parent: this,
          // The data is the user's: what is made once is never replaced nor removed with the stack.
          retainOnDelete: true,
          hooks: { beforeCreate: [ownVolumeGuard(this)] },
        }),
    );
    this.forSession = { mounts, resources };
    this.registerOutputs({ volumes: volumeKindsOf(args).map((kind) => volumeName(args.sessionId, kind)) });
  }
}

/** A volume's inputs. Nothing in them depends on a setting that can change, as a change would replace the data. */
export function toDockerVolume(args: Pick<SessionVolumesArgs, "sessionId" | "stack">, kind: VolumeKind) {
  return {
    name: volumeName(args.sessionId, kind),
    driver: "local",
    labels: dockerLabels({ ...sessionLabels(args.sessionId, args.stack), kind }),
  };
}

/** Everything a session sees besides its image, sorted by target. */
export function mountsOf(args: SessionVolumesArgs): Mount[] {
  const mounts: Mount[] = [
    workspaceMount(args.sessionId, args.workspace ?? { kind: "volume" }),
    { target: "/session", readOnly: false, source: { kind: "volume", name: volumeName(args.sessionId, "session") } },
    // The folder's own mode (1733, root) lets the agent add and append, not list.
    { target: "/logs", readOnly: false, source: { kind: "volume", name: volumeName(args.sessionId, "logs") } },
    {
      target: "/tmp",
      readOnly: false,
      source: { kind: "tmpfs", size: args.tmp ?? baseline.limits.tmp, exec: false, mode: "1777", owned: false },
    },
    {
      target: "/tmp/agent",
      readOnly: false,
      source: { kind: "tmpfs", size: baseline.limits.agentTmp, exec: false, mode: "0700", owned: true },
    },
    ...(args.repositories ?? []).map((repository): Mount => {
      const source =
        repository.kind === "path"
          ? ({ kind: "bind", path: repository.path } as const)
          : ({ kind: "volume", name: repository.volume } as const);
      return { target: `/repos/${repository.name}`, readOnly: true, source };
    }),
    ...(args.binds ?? []).map(
      (bind): Mount => ({ target: bind.target, readOnly: bind.readOnly, source: { kind: "bind", path: bind.source } }),
    ),
  ];
  return mounts.sort((a, b) => (a.target < b.target ? -1 : 1));
}

function workspaceMount(sessionId: string, workspace: Workspace): Mount {
  const target = "/workspace";
  switch (workspace.kind) {
    case "volume":
      return { target, readOnly: false, source: { kind: "volume", name: volumeName(sessionId, "workspace") } };
    case "tmpfs":
      return { target, readOnly: false, source: { kind: "tmpfs", size: workspace.size, exec: true, mode: "0700", owned: true } };
    case "host":
      return { target, readOnly: false, source: { kind: "bind", path: workspace.path } };
  }
}
