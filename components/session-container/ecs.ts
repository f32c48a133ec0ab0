import { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import { HardenedTask, type HardenedTaskArgs, type TaskJob } from "../fargate/hardened-task.ts";
import { fargateOf, sharedOf } from "../fargate/provider.ts";
import { fargateService } from "../fargate/service.ts";
import { clusterName, sessionTags } from "../fargate/tags.ts";
import { isJob } from "../session-part.ts";
import { containerName } from "../session.ts";
import {
  authorityOf,
  type DeployedSession,
  environmentOf,
  healthCheckOf,
  limitsOf,
  mountsOf,
  secretEnvironmentOf,
  type SessionContainerArgs,
} from "./args.ts";
import { taskAttachCommand } from "./attach.ts";
import { duringRollOut, scalePool } from "./ecs/pool.ts";
import { uidOf } from "./user.ts";

/** One agent session, held to the baseline: a service of ECS that keeps one task of Fargate's running, or a pool of tasks. */
export class SessionContainer extends pulumi.ComponentResource {
  readonly deployed: DeployedSession;

  constructor(name: string, args: SessionContainerArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:SessionContainer", name, {}, opts);
    const place = fargateOf(this);
    const task = new HardenedTask(name, toTaskDefinition(args, place.execute), { parent: this });
    const groups = args.parts.flatMap(({ groups = [] }) => groups);
    const { pool } = args;
    const count = pool === undefined ? {} : { count: pool.replicas, during: duringRollOut, scaled: pool.autoscale !== undefined };
    // From where sessions run, nothing leads out.
    const where = args.network?.egress === "open" ? { subnets: sharedOf(this).network.outerSubnets } : {};
    const service = fargateService(name, { task, tags: sessionTags(args, "session"), groups, ...count, ...where }, { parent: this });
    if (pool?.autoscale !== undefined) scalePool(name, pool.autoscale, { sessionId: args.sessionId, family: task.family, service }, this);
    this.deployed = {
      container: task.family,
      containerId: service.id,
      network: clusterName(place),
      attach: taskAttachCommand(args.sessionId, place.stack, place.execute),
    };
    this.registerOutputs({ authority: authorityOf(args) });
  }
}

/** Fargate has no limit on processes, so that the session waits for none. */
const limitedElsewhere = { SESSION_PIDS_REQUIRED: "0" } as const;

/** ECS Exec comes in as root, which has no capability to become the session's user. */
const letsPeopleIn = { SESSION_ENTRY: "1" } as const;

/** The task of a session. All but the image and what AWS names is plain. @param execute whether people come in by ECS Exec */
export function toTaskDefinition(args: SessionContainerArgs, execute: boolean): HardenedTaskArgs {
  const { memory, cpu, openFiles, disk } = limitsOf(args);
  const passing = args.pool !== undefined;
  const mounts = mountsOf(args);
  // They have the session's network, and so its way out.
  const wayOut: TaskJob["environment"] = Object.assign({}, ...args.parts.map(({ environment }) => environment), proxiesIn(args));
  const jobs = args.parts
    .flatMap(({ companions }) => companions.filter(isJob))
    .map((job) => (job.reaches === "nothing" ? job : { ...job, environment: { ...wayOut, ...job.environment } }));
  const inMemory = mounts.reduce((sum, { source }) => sum + (source.kind === "memory" ? source.size : 0), 0);
  return {
    of: args.sessionId,
    called: containerName(args.sessionId),
    entered: execute,
    tags: sessionTags(args, "session"),
    container: {
      name: "session",
      image: args.image,
      user: [uidOf(args), baseline.user.gid],
      program: ["/usr/local/bin/session-entrypoint"],
      environment: { ...environmentOf(args), ...secretEnvironmentOf(args), ...limitedElsewhere, ...(execute && letsPeopleIn) },
      mounts,
      limits: { memory, cpu },
      openFiles,
      // Another start mends no session that has failed for good, so that one counts as alive.
      health: { ...healthCheckOf(args), command: ["/usr/local/bin/session-health", "--alive"] },
      workingDirectory: "/workspace",
    },
    jobs,
    points: pointsOf(args),
    disk: inMemory + (passing ? disk : 0),
  };
}

/** The variables by which the session's programs find its proxy, with what it signs in with there; no other secret of its own. */
const proxiesIn = (args: SessionContainerArgs) =>
  Object.fromEntries(Object.entries(secretEnvironmentOf(args)).filter(([name]) => /_proxy$/i.test(name)));

/** The access points of what the session sees, by the names of the volumes. */
function pointsOf({ parts }: Pick<SessionContainerArgs, "parts">): ReadonlyMap<string, AccessPoint> {
  const all = parts.flatMap(({ volumes = new Map<string, pulumi.CustomResource>() }) => [...volumes]);
  return new Map(all.flatMap(([name, volume]) => (volume instanceof AccessPoint ? [[name, volume] as const] : [])));
}
