import { formatSize } from "../units.ts";
import { sharedLimits } from "../../components/egress-proxy/shared.ts";
import { type Declared, declaredBy } from "../../components/fargate/declared.ts";
import { disk, taskSize } from "../../components/fargate/size.ts";
import { limitsOf } from "../../components/session-container/args.ts";
import { cloneName } from "../../components/session.ts";
import { baseline } from "../../policy/baseline.ts";
import { quotaMistakes } from "./ecs-quotas.ts";
import type { ImageSettings } from "./image.ts";
import { sentence } from "./sentences.ts";
import type { Session } from "./session.ts";
import type { StrategySetting } from "./strategy.ts";

type Ecs = StrategySetting<"ecs">;

/** What of an image's settings has to fit the tasks that run it. */
type Image = Pick<ImageSettings, "registry" | "platform">;

/** What does not fit together in a deployment on Fargate. */
export function ecsMistakes(strategy: Ecs | undefined, image: Image, sessions: readonly Session[]): string[] {
  if (strategy === undefined) return [];
  return [
    ...placeMistakes(strategy),
    ...backupMistakes(strategy),
    ...imageMistakes(strategy, image, sessions),
    ...sessions.flatMap(sessionMistakes),
    ...quotaMistakes(strategy, declaredOf(sessions)),
  ];
}

/** What sessions ask of Fargate. */
export function declaredOf(sessions: readonly Session[]): Declared {
  const clones = sessions.flatMap(({ repositories }) => repositories.flatMap((one) => (one.kind === "url" ? [cloneName(one)] : [])));
  const filtered = sessions.some(({ network }) => typeof network.egress === "object");
  return declaredBy(
    sessions.map(({ limits, pool, workspace, credentials }) => ({
      limits: limitsOf({ limits }),
      ...(pool !== undefined && { pool }),
      workspace,
      proxy: credentials.kind === "proxy",
    })),
    { clones: new Set(clones).size, ...(filtered && { egressProxy: sharedLimits }) },
  );
}

function placeMistakes({ region, account, key, execute }: Ecs): string[] {
  const mistakes: string[] = [];
  if (region === undefined) mistakes.push('ecs.region: is missing; name the AWS region, such as "eu-central-1".');
  if (execute !== false && key === undefined)
    mistakes.push(
      "ecs.key: is missing, and what people do by ECS Exec is encrypted with a key of yours; name it, or write execute: false.",
    );
  const [, , , ofRegion, ofAccount] = key?.split(":") ?? [];
  if (key !== undefined && ((region !== undefined && ofRegion !== region) || (account !== undefined && ofAccount !== account)))
    mistakes.push(sentence(["ecs", "key"], key, "is of another region or account than ecs.region and ecs.account; name one of these"));
  return mistakes;
}

function backupMistakes({ backup }: Ecs): string[] {
  if (backup === false || backup.lock === undefined || backup.keep >= backup.lock.keepAtLeast) return [];
  const least = `${backup.lock.keepAtLeast} d`;
  const rest = `is less than ecs.backup.lock.keepAtLeast, and the locked vault takes no such backup; write "${least}" or more, or lower keepAtLeast`;
  return [sentence(["ecs", "backup", "keep"], `${backup.keep} d`, rest)];
}

function imageMistakes(
  { images, account, region, architecture }: Ecs,
  { registry, platform }: Image,
  sessions: readonly Session[],
): string[] {
  const mistakes: string[] = [];
  if (images === undefined && account === undefined)
    mistakes.push("ecs.account: is missing, and images are pushed to its registry; name it, or images that are there by ecs.images.");
  if (registry !== undefined)
    mistakes.push(sentence(["image", "registry"], registry, "is not used, as a repository of ECR's is made for what is built; remove it"));
  if (platform !== undefined && platform !== `linux/${architecture}`)
    mistakes.push(sentence(["image", "platform"], platform, `is not what tasks run on; remove it, or set ecs.architecture`));
  const filtered = sessions.find(({ network }) => typeof network.egress === "object");
  if (images !== undefined && images.egressProxy === undefined && filtered !== undefined)
    mistakes.push(`ecs.images.egressProxy: is missing, and session "${filtered.id}" has an allow list; name the image.`);
  for (const [name, given] of Object.entries(images ?? {}))
    if (region !== undefined && !given.includes(`.dkr.ecr.${region}.`))
      mistakes.push(
        sentence(
          ["ecs", "images", name],
          given,
          `is not in ECR of ${region}, and nothing else is reached from the sessions' subnets; copy it there`,
        ),
      );
  return mistakes;
}

/** What ECS takes of a health check. @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_HealthCheck.html */
const healthBounds = { interval: [5, 300], timeout: [2, 60], startPeriod: [0, 300], retries: [1, 10] } as const;

/** Security groups of one network interface. @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html#vpc-limits-security-groups */
const groupsOfInterface = 5;

/** A session is in a group of its reach, and in one for each of what serves it. */
function groupMistakes({ id, credentials, repositories }: Session): string[] {
  const clones = new Set(repositories.flatMap((one) => (one.kind === "url" ? [cloneName(one)] : []))).size;
  const others = credentials.kind === "proxy" ? 2 : 1;
  if (others + clones <= groupsOfInterface) return [];
  return [
    `session "${id}": names ${clones} repositories by url, each of which takes one of the ${groupsOfInterface} security groups of a network interface; name at most ${groupsOfInterface - others}.`,
  ];
}

function sessionMistakes(session: Session, index: number): string[] {
  const { id, limits, healthCheck, pool } = session;
  const { cpu = baseline.limits.cpu, memory = baseline.limits.memory, disk: bytes = baseline.limits.disk } = limits;
  const mistakes = groupMistakes(session);
  if (taskSize({ cpu, memory }) === undefined)
    mistakes.push(`session "${id}": no task of Fargate's has ${cpu} cores and ${formatSize(memory)}; it has 16 cores and 120 GB at most.`);
  if (pool !== undefined && bytes > (disk.most - 20) * 1024 ** 3)
    mistakes.push(
      `session "${id}": limits.disk is ${formatSize(bytes)}, and a task's own disk holds ${disk.most - 20} GB of a pool's data; lower it.`,
    );
  if (pool?.clients !== undefined)
    mistakes.push(
      `sessions[${index}].pool.clients: names pods of a cluster, and nothing connects to tasks of Fargate's; remove it, and have the pool take its work.`,
    );
  for (const [name, [least, most]] of Object.entries(healthBounds)) {
    const value = healthCheck[name as keyof typeof healthBounds];
    if (value !== undefined && (value < least || value > most))
      mistakes.push(sentence(["sessions", index, "healthCheck", name], value, `is not what ECS takes; write ${least} to ${most}`));
  }
  return mistakes;
}
