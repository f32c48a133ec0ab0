import { DescribeClustersCommand, ListClustersCommand } from "@aws-sdk/client-ecs";
import { placeText } from "../../runtime/ecs/answers.ts";
import type { FargateClient } from "../../runtime/ecs/client.ts";
import { requirePlugin } from "../../runtime/ecs/plugin.ts";
import type { Finding } from "../platform.ts";

/** Asks the least that there is. @throws Error when AWS does not answer, or does not know who asks */
export async function refuseSilent({ ecs }: FargateClient): Promise<void> {
  await ecs.send(new ListClustersCommand({ maxResults: 1 }));
}

/** What an account, as far as this user may ask it, can and cannot hold to. */
export async function examine(client: FargateClient): Promise<readonly Finding[]> {
  const { ecs, place } = client;
  const { clusters = [] } = await ecs.send(new DescribeClustersCommand({ clusters: [place.cluster], include: ["SETTINGS"] }));
  const cluster = clusters.find(({ status }) => status === "ACTIVE");
  const where = placeText(place);
  if (cluster === undefined)
    return [
      { subject: "cluster", found: `not there: ${where}`, verdict: "note", means: "up makes it" },
      accountFinding(client),
      enteringFinding(),
    ];
  const counted = cluster.settings?.some(({ name, value }) => name === "containerInsights" && value !== "disabled") === true;
  return [
    { subject: "cluster", found: `${where}; ${cluster.runningTasksCount ?? 0} tasks run`, verdict: "ok", means: "sessions run here" },
    accountFinding(client),
    enteringFinding(),
    {
      subject: "metrics",
      found: counted ? "Container Insights are on" : "Container Insights are off",
      verdict: counted ? "ok" : "note",
      means: counted ? "alarms are judged by what sessions use" : "no alarm of memory or CPU is ever raised; run up, which turns them on",
    },
  ];
}

function accountFinding({ place }: FargateClient): Finding {
  const subject = "account";
  if (place.account !== undefined)
    return { subject, found: place.account, verdict: "ok", means: "nothing is made or changed in any other account" };
  return {
    subject,
    found: "not named",
    verdict: "note",
    means: "whichever account signs in is the one; write agent-sessions:ecs: {account: NUMBER}",
  };
}

function enteringFinding(): Finding {
  const subject = "entering";
  try {
    return {
      subject,
      found: `session-manager-plugin ${requirePlugin()}`,
      verdict: "ok",
      means: "attach, exec, diff and pull can use ECS Exec",
    };
  } catch (error) {
    return { subject, found: (error as Error).message, verdict: "note", means: "attach, exec, diff and pull are refused" };
  }
}
