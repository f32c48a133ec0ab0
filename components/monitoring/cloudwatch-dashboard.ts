import { clusterName } from "../fargate/tags.ts";
import type { Owner } from "../session.ts";
import { logNamespace } from "./fargate-figures.ts";

/**
 * The body of a stack's dashboard. It searches for metrics by the cluster's name, so that another session changes nothing in it.
 *
 * @see https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/CloudWatch-Dashboard-Body-Structure.html
 */
export function toDashboard(owner: Owner, region: string): string {
  const cluster = clusterName(owner);
  const insights = (name: string) => `{ECS/ContainerInsights,ClusterName,ServiceName} MetricName="${name}" ClusterName="${cluster}"`;
  const share = (used: string, of: string) => [
    {
      expression: `SEARCH('${insights(used)}', 'Maximum', 60) / SEARCH('${insights(of)}', 'Maximum', 60) * 100`,
      label: "${PROP('Dim.ServiceName')}",
    },
  ];
  const found = (search: string, stat: string) => [{ expression: `SEARCH('${search}', '${stat}', 300)` }];
  const logs = logNamespace(owner);
  const graphs: readonly (readonly [title: string, metrics: readonly object[]])[] = [
    ["Memory, in percent of what the task has", share("MemoryUtilized", "MemoryReserved")],
    ["CPU, in percent of what the task has", share("CpuUtilized", "CpuReserved")],
    ["Tasks that run", found(insights("RunningTaskCount"), "Maximum")],
    ["Bytes received each second", found(insights("NetworkRxBytes"), "Average")],
    ["Bytes sent each second", found(insights("NetworkTxBytes"), "Average")],
    ["Requests to hosts that were refused", found(`{${logs},session} MetricName="EgressDenied"`, "Sum")],
  ];
  const [width, height] = [12, 6];
  return JSON.stringify({
    widgets: graphs.map(([title, metrics], index) => ({
      type: "metric",
      x: (index % 2) * width,
      y: Math.floor(index / 2) * height,
      width,
      height,
      properties: { title, region, view: "timeSeries", stacked: false, metrics: metrics.map((one) => [one]) },
    })),
  });
}
