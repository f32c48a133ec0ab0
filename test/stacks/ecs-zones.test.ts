import { describe, expect, test } from "vitest";
import { rolledOut } from "../support/aws/stack.ts";
import { onEcs } from "../support/ecs.ts";

/** Where a VPC is given, sessions run in zones in which their files have an end. The zones of its subnets go by their numbers. */

const open = { id: "a", network: { egress: "open" } };
const within = (subnets: readonly string[], proxySubnets: readonly string[]) => ({ vpc: { id: "vpc-0a", subnets, proxySubnets } });

describe("a given VPC whose proxies' subnets are in another zone than the sessions'", () => {
  test("is refused for a session that runs there, naming the subnet", async () => {
    await expect(rolledOut({ ecs: within(["subnet-0a"], ["subnet-1b", "subnet-2a"]), sessions: [{ id: "s" }, open] })).rejects.toThrow(
      'ecs.vpc.proxySubnets: subnet-1b is in eu-central-1b, where none of ecs.vpc.subnets is, and session "a" with egress open could not mount its files there; name a session subnet of that zone, or leave this one out.',
    );
  });

  test.each<[string, object, object]>([
    ["where none runs there", within(["subnet-0a"], ["subnet-1b"]), { id: "a" }],
    ["where each zone has a session's subnet", within(["subnet-0a", "subnet-1b"], ["subnet-3b"]), open],
  ])("is taken %s", async (_, ecs, session) => {
    expect((await rolledOut({ ecs: { ...ecs }, sessions: [{ ...session }] })).length).toBeGreaterThan(10);
  });

  test("is planned as it is where nobody says which zones there are", async () => {
    expect((await onEcs([open], within(["subnet-0a"], ["subnet-1b"]))).of("MountTarget")).toHaveLength(1);
  });
});
