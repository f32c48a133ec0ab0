import { Dashboard } from "@pulumi/aws/cloudwatch/dashboard.js";
import { LogMetricFilter } from "@pulumi/aws/cloudwatch/logMetricFilter.js";
import { MetricAlarm } from "@pulumi/aws/cloudwatch/metricAlarm.js";
import { Topic } from "@pulumi/aws/sns/topic.js";
import { TopicSubscription } from "@pulumi/aws/sns/topicSubscription.js";
import * as pulumi from "@pulumi/pulumi";
import { fargateOf } from "../fargate/provider.ts";
import { accountName, clusterName, logGroupName, sessionTags, sharedTags, type Tags } from "../fargate/tags.ts";
import { type AlarmedSession, type MetricAlarmInputs, sessionAlarms, stackAlarms } from "./cloudwatch.ts";
import { toDashboard } from "./cloudwatch-dashboard.ts";
import { egressFilter, type MetricFilterInputs, sessionFilters } from "./fargate-figures.ts";

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
    const alarm = (of: string, inputs: MetricAlarmInputs, tags: Tags) =>
      new MetricAlarm(
        `${name}-${of}`,
        {
          ...inputs,
          metricQueries: [...inputs.metricQueries],
          alarmActions: [topic],
          okActions: [topic],
          tags: { ...tags, ...inputs.tags },
        },
        { parent: this },
      );
    if (args.egress !== undefined) count("EgressDenied", egressFilter(place, logGroupName(place, args.egress.log)), args.egress.after);
    for (const inputs of stackAlarms(place)) alarm(lastWord(inputs.name), inputs, sharedTags("alarm"));
    for (const session of args.sessions) {
      const { id, after } = session;
      for (const inputs of sessionFilters(place, session)) count(`${id}-${inputs.metricTransformation.name}`, inputs, after);
      const tags = sessionTags({ sessionId: id }, "alarm");
      for (const inputs of sessionAlarms(place, session)) alarm(`${id}-${lastWord(inputs.name)}`, inputs, tags);
    }
    const body = toDashboard(place, place.region);
    new Dashboard(`${name}-dashboard`, { dashboardName: clusterName(place), dashboardBody: body }, { parent: this });
    this.registerOutputs();
  }
}

/** The alert's own name, which ends an alarm's. */
const lastWord = (name: string): string => name.split("-").at(-1) ?? "";

/**
 * A topic that takes messages from its own account alone, which is what a topic's own policy says. Only a key of the user's encrypts it,
 * which must let cloudwatch.amazonaws.com use it: AWS's own key for topics lets no alarm publish.
 *
 * @see https://repost.aws/knowledge-center/cloudwatch-configure-alarm-sns
 */
function makeTopic(name: string, email: string | undefined, parent: pulumi.Resource): pulumi.Output<string> {
  const place = fargateOf(parent);
  const key = place.key === undefined ? {} : { kmsMasterKeyId: place.key };
  const topic = new Topic(`${name}-topic`, { name: accountName(place, "alarms"), ...key, tags: { ...sharedTags("alarms") } }, { parent });
  if (email !== undefined) new TopicSubscription(`${name}-email`, { topic: topic.arn, protocol: "email", endpoint: email }, { parent });
  return topic.arn;
}
