import type { Declared } from "../../components/fargate/declared.ts";
import type { StrategySetting } from "./strategy.ts";

/** A quota of AWS's that a stack can run into. */
interface Quota {
  /** As AWS calls it. */
  readonly title: string;
  /** Of an account that has asked for nothing. @default it is not judged */
  readonly usual?: number;
  /** What of it a stack takes. */
  readonly taken: (declared: Declared) => number;
}

const services = ({ sessions, serving }: Declared): number => sessions.length + serving.length;

/** What else than sessions and what serves them has a role: backups, and the record of a network. */
const otherRoles = 2;

/** Security groups beside those of what serves sessions: at most one for each reach, the endpoints, the files, what serves, and the VPC's own. */
const otherGroups = 7;

/**
 * Those that sessions add to, with AWS's own defaults. Of alarms an account has as many as it likes.
 *
 * @see https://docs.aws.amazon.com/general/latest/gr/ecs-service.html
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
 * @see https://docs.aws.amazon.com/efs/latest/ug/create-access-point.html
 * @see https://docs.aws.amazon.com/vpc/latest/userguide/amazon-vpc-limits.html
 * @see https://docs.aws.amazon.com/cloud-map/latest/dg/cloud-map-limits.html
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/cloudwatch_limits.html
 */
const quotas: Readonly<Record<keyof NonNullable<StrategySetting<"ecs">["quotas"]>, Quota>> = {
  vcpus: {
    title: "Fargate On-Demand vCPU resource count",
    taken: ({ sessions, serving }) => [...sessions, ...serving].reduce((sum, { size, most }) => sum + (size.cpu / 1024) * most, 0),
  },
  services: { title: "Services per cluster", usual: 5000, taken: services },
  roles: { title: "Roles in an AWS account", usual: 1000, taken: (declared) => 2 * services(declared) + otherRoles },
  accessPoints: { title: "Access points for each file system", usual: 10_000, taken: ({ accessPoints }) => accessPoints },
  // What serves sessions is in a group of its own, and those it serves in another.
  securityGroups: { title: "VPC security groups per Region", usual: 2500, taken: ({ serving }) => 2 * serving.length + otherGroups },
  names: { title: "Instances per namespace", usual: 2000, taken: ({ serving }) => serving.length },
};

/** What a stack asks for beyond the quotas of its account, as far as they are known. */
export function quotaMistakes({ quotas: given }: Pick<StrategySetting<"ecs">, "quotas">, declared: Declared): string[] {
  return (Object.keys(quotas) as (keyof typeof quotas)[]).flatMap((key) => {
    const { title, usual, taken } = quotas[key];
    const quota = given[key] ?? usual;
    const needed = taken(declared);
    if (quota === undefined || needed <= quota) return [];
    const sessions = declared.sessions.length;
    return [
      `sessions: ${sessions} of them take ${Number(needed.toFixed(2))} of AWS's quota "${title}", which is ${quota}; describe fewer, or have AWS raise it and write it as ecs.quotas.${key}.`,
    ];
  });
}
