import { Policy } from "@pulumi/aws/appautoscaling/policy.js";
import { ScheduledAction } from "@pulumi/aws/appautoscaling/scheduledAction.js";
import { Target } from "@pulumi/aws/appautoscaling/target.js";
import type { Service } from "@pulumi/aws/ecs/service.js";
import type * as pulumi from "@pulumi/pulumi";
import { fargateOf } from "../../fargate/provider.ts";
import { clusterName, sessionTags } from "../../fargate/tags.ts";
import type { Pool } from "../args.ts";

type Scale = NonNullable<Pool["autoscale"]>;

/** While another takes a task's place it runs on: what a pool keeps is each task's own. Percent. */
export const duringRollOut = { least: 100, most: 200 } as const;

/** Seconds until more, and until fewer, are asked for once again. What an agent has begun takes a while. */
const cooldown = { out: 60, in: 300 } as const;

/** What Application Auto Scaling looks at. */
const metrics = { cpu: "ECSServiceAverageCPUUtilization", memory: "ECSServiceAverageMemoryUtilization" } as const;

/** How many tasks a pool ever has. */
export const mostTasks = ({ replicas, autoscale }: Pick<Pool, "replicas" | "autoscale">): number =>
  autoscale === undefined ? replicas : Math.max(autoscale.max, ...(autoscale.schedule ?? []).map(({ max }) => max));

/** As many tasks of a service as their work asks for. @param family the service's name */
export function scalePool(
  name: string,
  scale: Scale,
  { sessionId, family, service }: { readonly sessionId: string; readonly family: string; readonly service: Service },
  parent: pulumi.Resource,
): void {
  const of = {
    serviceNamespace: "ecs",
    scalableDimension: "ecs:service:DesiredCount",
    resourceId: `service/${clusterName(fargateOf(parent))}/${family}`,
  };
  const target = new Target(
    `${name}-scale`,
    { ...of, minCapacity: scale.min, maxCapacity: scale.max, tags: { ...sessionTags({ sessionId }, "session") } },
    { parent, dependsOn: [service] },
  );
  const after = { parent, dependsOn: [target] };
  for (const what of ["cpu", "memory"] as const) {
    const percent = scale[what];
    if (percent !== undefined) new Policy(`${name}-scale-${what}`, { ...of, ...toTracking(what, percent, scale) }, after);
  }
  for (const [index, { at, min, max }] of (scale.schedule ?? []).entries())
    new ScheduledAction(
      `${name}-scale-at-${index}`,
      { ...of, name: `${family}-${index}`, schedule: at, scalableTargetAction: { minCapacity: min, maxCapacity: max } },
      after,
    );
}

function toTracking(what: keyof typeof metrics, percent: number, scale: Scale) {
  return {
    name: what,
    policyType: "TargetTrackingScaling",
    targetTrackingScalingPolicyConfiguration: {
      predefinedMetricSpecification: { predefinedMetricType: metrics[what] },
      targetValue: percent,
      scaleOutCooldown: scale.cooldown?.out ?? cooldown.out,
      scaleInCooldown: scale.cooldown?.in ?? cooldown.in,
    },
  };
}
