import { expect, test } from "vitest";
import type { Pool, SessionContainerArgs } from "../../components/session-container/args.ts";
import { SessionContainer } from "../../components/session-container/ecs.ts";
import { images, onFargate } from "../support/fargate.ts";
import { record } from "../support/record.ts";

const plain: SessionContainerArgs = { sessionId: "a", project: "agent-sessions", stack: "test", image: images.session, parts: [] };
const recorded = (pool: Pool) => record(() => new SessionContainer("a", { ...plain, pool }, onFargate()));

const of = {
  serviceNamespace: "ecs",
  scalableDimension: "ecs:service:DesiredCount",
  resourceId: "service/agent-sessions-test/agent-sessions-test-claude-agent-a",
};

test("a pool of a fixed number is one service, of which one task runs on while another takes its place", async () => {
  const { of: ofType, one } = await recorded({ replicas: 3, port: 8080 });
  expect(one("Service").inputs).toMatchObject({
    desiredCount: 3,
    deploymentMinimumHealthyPercent: 100,
    deploymentMaximumPercent: 200,
    availabilityZoneRebalancing: "ENABLED",
  });
  expect([...ofType("Target"), ...ofType("Policy"), ...ofType("ScheduledAction")]).toEqual([]);
  // What its tasks keep is each one's own, on a disk that holds it and the images.
  expect(one("TaskDefinition").inputs.ephemeralStorage).toEqual({ sizeInGib: 26 });
});

test("one that scales asks for as many as there is work for, and for none at night", async () => {
  const schedule = [
    { at: "cron(0 20 * * ? *)", min: 0, max: 0 },
    { at: "cron(0 6 ? * MON-FRI *)", min: 2, max: 9 },
  ];
  const { of: ofType, one } = await recorded({
    replicas: 2,
    port: 8080,
    autoscale: { min: 2, max: 9, cpu: 60, memory: 80, cooldown: { out: 30 }, schedule },
  });
  expect(one("Target").inputs).toEqual({
    ...of,
    minCapacity: 2,
    maxCapacity: 9,
    tags: { "agent-sessions:session": "a", "agent-sessions:kind": "session" },
  });
  const tracking = (name: string, metric: string, targetValue: number) => ({
    ...of,
    name,
    policyType: "TargetTrackingScaling",
    targetTrackingScalingPolicyConfiguration: {
      predefinedMetricSpecification: { predefinedMetricType: metric },
      targetValue,
      scaleOutCooldown: 30,
      scaleInCooldown: 300,
    },
  });
  expect(ofType("Policy").map(({ inputs }) => inputs)).toEqual([
    tracking("cpu", "ECSServiceAverageCPUUtilization", 60),
    tracking("memory", "ECSServiceAverageMemoryUtilization", 80),
  ]);
  expect(ofType("ScheduledAction").map(({ inputs }) => inputs)).toEqual([
    {
      ...of,
      name: "agent-sessions-test-claude-agent-a-0",
      schedule: "cron(0 20 * * ? *)",
      scalableTargetAction: { minCapacity: 0, maxCapacity: 0 },
    },
    {
      ...of,
      name: "agent-sessions-test-claude-agent-a-1",
      schedule: "cron(0 6 ? * MON-FRI *)",
      scalableTargetAction: { minCapacity: 2, maxCapacity: 9 },
    },
  ]);
  // What scales says how many there are; a roll-out does not take that back.
  expect(one("Service").inputs.desiredCount).toBe(2);
  expect(one("Service").ignoreChanges).toEqual(["desiredCount"]);
});
