import * as pulumi from "@pulumi/pulumi";
import { FargateCompanion } from "../../fargate/companion.ts";
import { outwards } from "../../fargate/groups.ts";
import { repositoryTags } from "../../fargate/tags.ts";
import { ofUrl } from "../../isolated-network/destinations.ts";
import { type MadePart, part, type Service } from "../../session-part.ts";
import { cloneAuthority, mirrorPort, repositoryClone, type RepositoryCloneArgs, repositoryCopy, repositoryMirror } from "../clone.ts";

/**
 * A clone that every session which names its URL reads: a task keeps it and hands it out, and each session copies it before it starts.
 * What clones has a way out, and no session has it.
 */
export class RepositoryClone extends pulumi.ComponentResource {
  readonly part: MadePart;
  /** What the clone may know, naming the secret and never its value. */
  readonly authority: readonly string[];

  constructor(name: string, args: RepositoryCloneArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:RepositoryClone", name, {}, opts);
    const companion = mirrorThatClones(args);
    const made = new FargateCompanion(
      "RepositoryMirror",
      name,
      {
        companion,
        of: companion.name,
        what: `The repository ${args.name}`,
        tags: repositoryTags(companion.name),
        port: mirrorPort,
        out: outwards("Where its URL leads", ofUrl(args.url, args.parent, [])),
      },
      { parent: this },
    );
    const copy = part({ companions: [repositoryCopy(args, made.host)] });
    this.part = { ...copy, groups: [made.readers], resources: made.resources };
    this.authority = cloneAuthority(args);
    this.registerOutputs();
  }
}

/** Seconds that a clone may take until its task is given up. @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
const patience = { startPeriod: 300, interval: 120, retries: 10 } as const;

/**
 * A mirror that clones before it serves. The two are one container, since Fargate gives one that others wait for two minutes to end.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html startTimeout
 */
export function mirrorThatClones(args: RepositoryCloneArgs): Service {
  const [job, mirror] = [repositoryClone(args), repositoryMirror(args)];
  return {
    ...mirror,
    program: ["/bin/bash", "-c", `${job.program.join(" ")} && exec ${mirror.program.join(" ")}`],
    environment: { ...job.environment, ...mirror.environment },
    mounts: job.mounts,
    limits: job.limits,
    health: { ...mirror.health, ...patience },
    reaches: job.reaches,
  };
}
