import { arnOf, document } from "../fargate/roles.ts";
import type { Fargate } from "../fargate/provider.ts";
import { accountName, clusterName } from "../fargate/tags.ts";
import type { Owner } from "../session.ts";
import { runbookOf } from "./alerts.ts";

/**
 * What ECS says of services whose tasks it cannot start, or whose roll-out it took back: no room, no image, no secret, a health check
 * that fails. No metric says so, and none knows how many tasks are wanted now: people stop sessions, schedules and load scale pools.
 *
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_events.html
 * @see https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_service_deployment_events.html
 */

/** What `aws.cloudwatch.EventRule` takes, as plain values: the events of one stack's services. */
export const startFaultRule = (owner: Owner) => ({
  name: ruleName(owner),
  description: "A task of a session, or of what serves it, cannot be started",
  eventPattern: JSON.stringify({
    source: ["aws.ecs"],
    "detail-type": ["ECS Service Action", "ECS Deployment State Change"],
    resources: [{ wildcard: `arn:*:ecs:*:*:service/${clusterName(owner)}/*` }],
    detail: {
      eventName: [
        "SERVICE_TASK_START_IMPAIRED",
        "SERVICE_TASK_PLACEMENT_FAILURE",
        "SERVICE_TASK_CONFIGURATION_FAILURE",
        "SERVICE_DEPLOYMENT_FAILED",
      ],
    },
  }),
});

/** What `aws.cloudwatch.EventTarget` takes: what people read. A service is named after its session. */
export const startFaultTarget = {
  targetId: "topic",
  inputTransformer: {
    inputPaths: { service: "$.resources[0]", event: "$.detail.eventName", reason: "$.detail.reason" },
    inputTemplate: `"SessionUnhealthy: tasks of <service> cannot be started: <event> <reason>. Runbook: ${runbookOf({ name: "SessionUnhealthy" })}"`,
  },
};

const ruleName = (owner: Owner): string => accountName(owner, "start-faults");

/** Who may publish to a topic: alarms of its own account and region, and the rule of its stack. */
export function topicRights(place: Fargate & { readonly account: string }, topic: string): string {
  const publishes = (service: string, source: string) => ({
    Effect: "Allow",
    Principal: { Service: `${service}.amazonaws.com` },
    Action: "sns:Publish",
    Resource: topic,
    Condition: { ArnLike: { "aws:SourceArn": arnOf(place, service, source) } },
  });
  return document([publishes("cloudwatch", "alarm:*"), publishes("events", `rule/${ruleName(place)}`)]);
}
