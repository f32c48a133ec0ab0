import type { SecurityGroup } from "@aws-sdk/client-ec2";
import type { Service, Task } from "@aws-sdk/client-ecs";
import { expect, test } from "vitest";
import { isolationBy } from "../../stacks/runtime/ecs/describe.ts";
import { toGroup } from "../../stacks/runtime/ecs/security-groups.ts";
import { taskState } from "../../stacks/runtime/ecs/state.ts";
import { stateText } from "../../stacks/runtime/session-state.ts";

/** What people are told of a session, by what ECS says of its service and tasks and by its log. */

const service: Pick<Service, "desiredCount"> = { desiredCount: 1 };
const container = (more: object) => [{ name: "session", ...more }];
const runs = (more: object = {}): Task => ({ lastStatus: "RUNNING", containers: container({ lastStatus: "RUNNING", ...more }) });
const ended = (more: Task): Task => ({ lastStatus: "STOPPED", stopCode: "EssentialContainerExited", ...more });

test.each<[string, string, Parameters<typeof taskState>[0]]>([
  ["one that is to have no task", "stopped", { service: { desiredCount: 0 } }],
  ["its last task on its way out", "stopped (its task is ending)", { service: { desiredCount: 0 }, task: runs() }],
  ["one that ECS is yet to start", "starting", { service }],
  ["a task whose image is being pulled", "starting", { service, task: { lastStatus: "PENDING" } }],
  [
    "a task whose clone is being made",
    "starting",
    { service, task: { lastStatus: "RUNNING", containers: container({ lastStatus: "PENDING" }) } },
  ],
  ["a check that has not been made", "starting", { service, task: runs({ healthStatus: "UNKNOWN" }) }],
  ["a check that it passes", "healthy", { service, task: runs({ healthStatus: "HEALTHY" }) }],
  ["a check that it fails", "unhealthy", { service, task: runs({ healthStatus: "UNHEALTHY" }) }],
  [
    "an agent that is done",
    "complete (idle)",
    { service, task: runs({ healthStatus: "HEALTHY" }), end: 'session: complete: {"reason":"idle","time":"2026-01-02T03:04:05Z"}' },
  ],
  [
    "an agent that has failed for good",
    "failed (exit 3, 4 starts)",
    {
      service,
      task: runs({ healthStatus: "HEALTHY" }),
      end: 'session: failed: exit 3, 4 starts. Nothing runs any more and all data is kept: "sessions start one" runs it again.',
    },
  ],
  [
    "an image that is not there",
    "unhealthy (CannotPullContainerError: not found)",
    { service, ended: ended({ stopCode: "TaskFailedToStart", stoppedReason: "CannotPullContainerError: not found" }) },
  ],
  [
    "too little memory",
    "unhealthy (out of memory, exit 137)",
    {
      service,
      ended: ended({ containers: container({ exitCode: 137, reason: "OutOfMemoryError: Container killed due to memory usage" }) }),
    },
  ],
  [
    "a clone that fails",
    "unhealthy (clone-x: exit 128)",
    { service, ended: ended({ stoppedReason: "Essential container in task exited", containers: [{ name: "clone-x", exitCode: 128 }] }) },
  ],
  [
    "another start after an end of its own",
    "starting (exit 3)",
    { service, task: { lastStatus: "PENDING" }, ended: ended({ containers: container({ exitCode: 3 }) }) },
  ],
  [
    "a roll-out that ECS gave up",
    "unhealthy (ECS deployment circuit breaker: tasks failed to start.)",
    {
      service: {
        ...service,
        deployments: [{ rolloutState: "FAILED", rolloutStateReason: "ECS deployment circuit breaker: tasks failed to start." }],
      },
    },
  ],
  [
    "a region without room",
    "unhealthy (was unable to place a task. Reason: Capacity is unavailable at this time.)",
    {
      service: {
        ...service,
        events: [{ message: "(service claude-agent-one) was unable to place a task. Reason: Capacity is unavailable at this time." }],
      },
    },
  ],
])("%s is %s", (_, text, told) => {
  expect(stateText(taskState(told))).toBe(text);
});

test("how an agent or a container ended is told with its code", () => {
  expect(taskState({ service, task: runs(), end: "session: failed: exit 3, 4 starts. Nothing runs" })).toMatchObject({
    exitCode: 3,
    starts: 4,
  });
  expect(taskState({ service, ended: ended({ containers: container({ exitCode: 9 }) }) })).toMatchObject({ exitCode: 9 });
});

test("words of others are one line of some length", () => {
  const stoppedReason = `Cannot\u001b[31m\npull ${"x".repeat(500)}`;
  const { why = "" } = taskState({ service, ended: ended({ stopCode: "TaskFailedToStart", stoppedReason }) });
  expect(why).toMatch(/^Cannot \[31m pull x+…$/);
  expect(why).toHaveLength(200);
});

const tagged = (id: string, kind: string): [string, SecurityGroup] => [
  id,
  { GroupId: id, Tags: [{ Key: "agent-sessions:kind", Value: kind }] },
];
const others = new Map([tagged("sg-proxy", "egress-proxy"), tagged("sg-files", "storage")]);
const to = (...ids: string[]) => ({ IpProtocol: "tcp", FromPort: 3128, UserIdGroupPairs: ids.map((GroupId) => ({ GroupId })) });

test.each([
  ["files alone", "sealed", [to("sg-files")]],
  ["its proxy too", "egress-filtered", [to("sg-files", "sg-proxy")]],
  ["S3, by an endpoint of AWS's", "sealed", [{ IpProtocol: "tcp", FromPort: 443, PrefixListIds: [{ PrefixListId: "pl-1" }] }]],
  ["any address", "isolated", [to("sg-proxy"), { IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }]],
  ["an endpoint of the user's own", "sealed", [{ ...to("sg-strange"), FromPort: 443 }]],
  ["a group that nobody knows", "isolated", [to("sg-strange")]],
  ["any address of IPv6", "isolated", [{ IpProtocol: "-1", Ipv6Ranges: [{ CidrIpv6: "::/0" }] }]],
])("groups that lead to %s make a session %s", (_, isolation, IpPermissionsEgress) => {
  expect(isolationBy([toGroup({ GroupId: "sg-own", IpPermissionsEgress }, others)])).toBe(isolation);
});

test("a session without a group is not taken for one that is cut off", () => {
  expect(isolationBy([])).toBe("shared");
});
