import type { V1Pod } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import { amountOf } from "../../stacks/runtime/kubernetes/quantity.ts";
import { isolationIn } from "../../stacks/runtime/kubernetes/describe.ts";
import { matches } from "../../stacks/runtime/kubernetes/policies.ts";
import { podState } from "../../stacks/runtime/kubernetes/state.ts";
import { stateText } from "../../stacks/runtime/session-state.ts";

/** What people are told of a pod, by what the cluster says of it. */

const container = "session";
const ended = (exitCode: number, reason: string) => ({ terminated: { exitCode, reason } });
const waiting = (reason: string, message?: string) => ({ waiting: { reason, ...(message !== undefined && { message }) } });
const own = (state: object, more: object = {}) => ({ containerStatuses: [{ name: container, state, restartCount: 0, ...more }] });
const scheduled = (status: string, message = "") => ({ conditions: [{ type: "PodScheduled", status, reason: "Unschedulable", message }] });

test.each<[string, string, object, object?]>([
  ["a pull that fails", "unhealthy (ImagePullBackOff: no such host)", own(waiting("ImagePullBackOff", "no such host"))],
  ["a pod that is being made", "starting", own(waiting("ContainerCreating"))],
  ["a pod that nobody has looked at", "starting", {}],
  [
    "a mount that fails",
    'starting (secret "team-key" not found)',
    own(waiting("ContainerCreating")),
    { hindrance: 'secret "team-key" not found' },
  ],
  ["no node with room", "unhealthy (unschedulable: 0/1 nodes are available)", scheduled("False", "0/1 nodes are available")],
  [
    "an end by the kernel",
    "unhealthy (out of memory, exit 137, 3 starts)",
    own(waiting("CrashLoopBackOff"), { restartCount: 2, lastState: ended(137, "OOMKilled") }),
  ],
  ["an end of its own", "unhealthy (exit 3, 1 start)", own(ended(3, "Error"))],
  [
    "a Secret that is not there",
    "unhealthy (CreateContainerConfigError: secret not found)",
    own(waiting("CreateContainerConfigError", "secret not found")),
  ],
  [
    "a full disk",
    "unhealthy (evicted: Usage of EmptyDir volume exceeds the limit)",
    { phase: "Failed", reason: "Evicted", message: "Usage of EmptyDir volume exceeds the limit" },
  ],
  [
    "a node that is gone",
    "unhealthy (its node does not answer)",
    { ...own({ running: {} }), conditions: [{ type: "Ready", status: "Unknown" }] },
  ],
  [
    "a clone that fails",
    "unhealthy (clone-x: exit 128, 2 starts)",
    {
      initContainerStatuses: [
        { name: "clone-x", ready: false, restartCount: 1, state: waiting("CrashLoopBackOff"), lastState: ended(128, "Error") },
      ],
      ...own(waiting("PodInitializing")),
    },
  ],
  [
    "a clone that is done",
    "starting",
    {
      initContainerStatuses: [{ name: "clone-x", ready: true, restartCount: 0, state: ended(0, "Completed") }],
      ...own(waiting("PodInitializing")),
    },
  ],
  ["control characters", "unhealthy (ErrImagePull: a red word)", own(waiting("ErrImagePull", "a \u001b red\n word"))],
  ["one that answers", "healthy", own({ running: {} }), { answer: '{"status":"healthy"}' }],
  ["one that does not answer yet", "starting", own({ running: {} })],
  [
    "one that was ended and does not answer yet",
    "starting (out of memory, exit 137, 2 starts)",
    own({ running: {} }, { restartCount: 1, lastState: ended(137, "OOMKilled") }),
  ],
])("%s is told as %s", (_, text, status, more = {}) => {
  expect(stateText(podState(true, { status } as V1Pod, { container, ...more }))).toBe(text);
});

test("a session that was stopped is that whatever its pod says, and one without a pod says why", () => {
  expect(podState(false, undefined, { container })).toEqual({ state: "stopped" });
  expect(stateText(podState(false, { status: own({ running: {} }) } as unknown as V1Pod, { container }))).toBe(
    "stopped (its pod is ending)",
  );
  expect(stateText(podState(true, undefined, { container, hindrance: "exceeded quota" }))).toBe("unhealthy (exceeded quota)");
  expect(podState(true, undefined, { container })).toEqual({ state: "starting" });
});

test("a pod that is being taken away says by whom", () => {
  const metadata = { deletionTimestamp: new Date() };
  const conditions = [{ type: "DisruptionTarget", status: "True", reason: "EvictionByEvictionAPI", message: "a drain" }];
  expect(stateText(podState(true, { metadata, status: { conditions } } as V1Pod, { container }))).toBe(
    "unhealthy (EvictionByEvictionAPI: a drain)",
  );
  expect(stateText(podState(true, { metadata, status: own({ running: {} }) } as unknown as V1Pod, { container }))).toBe(
    "starting (its pod is made anew)",
  );
});

test("quantities are read as Kubernetes writes them", () => {
  const read = ["4Gi", "512Mi", "500m", "2", "1.5", "1e3", "100k", "", undefined].map(amountOf);
  expect(read).toEqual([4 * 1024 ** 3, 512 * 1024 ** 2, 0.5, 2, 1.5, 1000, 100_000, 0, 0]);
});

test.each<[boolean, object]>([
  [true, {}],
  [true, { matchLabels: { a: "1" } }],
  [false, { matchLabels: { a: "2" } }],
  [true, { matchExpressions: [{ key: "a", operator: "In", values: ["1", "2"] }] }],
  [false, { matchExpressions: [{ key: "a", operator: "NotIn", values: ["1"] }] }],
  [true, { matchExpressions: [{ key: "b", operator: "DoesNotExist" }] }],
  [false, { matchExpressions: [{ key: "b", operator: "Exists" }] }],
  [true, { matchExpressions: [{ key: "b", operator: "SomethingNew" }] }],
])("that it takes a pod is %s of the selector %j", (taken, selector) => {
  expect(matches(selector, { a: "1" })).toBe(taken);
});

test("how far a session is cut off is told by all policies that select it, which add up", () => {
  const policy = (egress?: readonly object[]) =>
    ({ spec: { podSelector: {}, policyTypes: egress === undefined ? ["Ingress"] : ["Egress"], egress } }) as never;
  const proxy = { to: [{ podSelector: { matchLabels: { "agent-sessions/serves": "one" } } }] };
  const other = { to: [{ podSelector: { matchLabels: { "agent-sessions/serves": "two" } } }] };
  const to = (labels: Record<string, string>) => ({ to: [{ podSelector: { matchLabels: labels } }] });
  const key = to({ "agent-sessions/serves": "one", "agent-sessions/kind": "credential-proxy" });
  const clone = to({ "agent-sessions/repository": "agent-repository-x", "agent-sessions/kind": "repository" });
  expect(isolationIn([policy([]), policy([key]), policy([clone])], "one")).toBe("sealed");
  expect(isolationIn([policy([proxy]), policy([clone])], "one")).toBe("egress-filtered");
  expect(isolationIn([policy([to({ "agent-sessions/kind": "repository" })])], "one")).toBe("isolated");
  expect(isolationIn([], "one")).toBe("shared");
  expect(isolationIn([policy()], "one")).toBe("shared");
  expect(isolationIn([policy([])], "one")).toBe("sealed");
  expect(isolationIn([policy([]), policy([proxy])], "one")).toBe("egress-filtered");
  for (const more of [other, {}, { to: [{ ipBlock: { cidr: "0.0.0.0/0" } }] }, { to: [{ namespaceSelector: {}, ...proxy.to[0] }] }])
    expect(isolationIn([policy([proxy]), policy([more])], "one")).toBe("isolated");
});
