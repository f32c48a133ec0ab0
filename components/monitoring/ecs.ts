import { EventRule } from "@pulumi/aws/cloudwatch/eventRule.js";
import { EventTarget } from "@pulumi/aws/cloudwatch/eventTarget.js";
import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import { LogMetricFilter } from "@pulumi/aws/cloudwatch/logMetricFilter.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicPolicy } from "@pulumi/aws/sns/topicPolicy.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import * as pulumi from "@pulumi/pulumi";
import { accountOf } from "../fargate/account.ts";
import { fargateOf } from "../fargate/provider.ts";
import { accountName, clusterName, logGroupName, sessionTags, sharedTags, type Tags } from "../fargate/tags.ts";
import { type AlarmedSession, sessionAlarms, stackAlarms, type ToldAlarm } from "./cloudwatch.ts";
import { toDashboard } from "./cloudwatch-dashboard.ts";
import { egressFilter, type MetricFilterInputs, sessionFilters } from "./fargate-figures.ts";
import { startFaultRule, startFaultTarget, topicRights } from "./start-faults.ts";

/** What CloudWatch is told of one stack's sessions. */
export interface FargateMonitoringArgs {
  readonly sessions: readonly (AlarmedSession & {
    /** Something of the session that is known only when its log groups are there. */
    readonly after: pulumi.Output<unknown>;
  })[];
  /** By what the log group of the egress proxy is named, and what is known only when that is there. @default sessions have none */
  readonly egress?: { readonly log: string; readonly after: pulumi.Output<unknown> };
  /** ARN of a topic that is there. @default one is made */
  readonly topic?: string;
  /** Who is told by mail, once they have confirmed it. @default nobody */
  readonly email?: string;
}

/** Alarms of a stack's sessions, what is counted in their logs for them, a dashboard, and the topic by which people are told. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: FargateMonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:Monitoring", name, {}, opts);
    const place = fargateOf(this);
    const topic = args.topic ?? makeTopic(name, args.email, this);
    const count = (of: string, inputs: MetricFilterInputs, after: pulumi.Output<unknown>) =>
      new LogMetricFilter(`${name}-${of}`, { ...inputs }, { parent: this, dependsOn: after.apply(() => []) });
    const alarm = (of: string, { inputs, endIsTold }: ToldAlarm, tags: Tags, after?: pulumi.Output<unknown>) =>
      new MetricAlarm(
        `${name}-${of}${lastWord(inputs.name)}`,
        {
          ...inputs,
          metricQueries: [...inputs.metricQueries],
          alarmActions: [topic],
          okActions: endIsTold ? [topic] : [],
          tags: { ...tags, ...inputs.tags },
        },
        // Its silence would be that of what is only being made.
        { parent: this, ...(inputs.treatMissingData === "breaching" && after !== undefined && { dependsOn: after.apply(() => []) }) },
      );
    if (args.egress !== undefined) count("EgressDenied", egressFilter(place, logGroupName(place, args.egress.log)), args.egress.after);
    const serving = args.egress !== undefined || args.sessions.some(({ credentialProxy }) => credentialProxy);
    for (const told of stackAlarms(place, serving)) alarm("", told, sharedTags("alarm"));
    for (const session of args.sessions) {
      const { id, after } = session;
      for (const inputs of sessionFilters(place, session)) count(`${id}-${inputs.metricTransformation.name}`, inputs, after);
      const tags = sessionTags({ sessionId: id }, "alarm");
      for (const told of sessionAlarms(place, session)) alarm(`${id}-`, told, tags, after);
    }
    const faults = new EventRule(`${name}-start-faults`, { ...startFaultRule(place), tags: { ...sharedTags("alarm") } }, { parent: this });
    new EventTarget(`${name}-start-faults-topic`, { ...startFaultTarget, rule: faults.name, arn: topic }, { parent: this });
    const body = toDashboard(place, place.region);
    new Dashboard(`${name}-dashboard`, { dashboardName: clusterName(place), dashboardBody: body }, { parent: this });
    this.registerOutputs();
  }
}

/** The alert's own name, which ends an alarm's. */
const lastWord = (name: string): string => name.split("-").at(-1) ?? "";

/**
 * A topic that takes messages from alarms and rules of its own account alone. Only a key of the user's encrypts it, which must let
 * cloudwatch.amazonaws.com and events.amazonaws.com use it: AWS's own key for topics lets no alarm publish.
 *
 * @see https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
 */
function makeTopic(name: string, email: string | undefined, parent: pulumi.Resource): pulumi.Output<string> {
  const place = fargateOf(parent);
  const key = place.key === undefined ? {} : { kmsMasterKeyId: place.key };
  const topic = new Topic(`${name}-topic`, { name: accountName(place, "alarms"), ...key, tags: { ...sharedTags("alarms") } }, { parent });
  const account = accountOf(parent);
  const policy = pulumi.all([topic.arn, account]).apply(([arn, known]) => topicRights({ ...place, account: known }, arn));
  new TopicPolicy(`${name}-topic-policy`, { arn: topic.arn, policy }, { parent });
  if (email !== undefined) new TopicSubscription(`${name}-email`, { topic: topic.arn, protocol: "email", endpoint: email }, { parent });
  return topic.arn;
}
