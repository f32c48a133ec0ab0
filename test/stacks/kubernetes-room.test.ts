import type { V1Container, V1PodSpec, V1ResourceQuota } from "@kubernetes/client-node";
import { expect, test } from "vitest";
import type { Resource } from "../../policy/evaluate.ts";
import { podsOf } from "../../policy/rules/read/pods.ts";
import { subjectsOf } from "../../policy/rules/read/subject.ts";
import { clusterObjects, everyForm } from "../support/cluster-manifests.ts";

/** What a namespace has room for, and what is made in it. */

const units: Readonly<Record<string, number>> = { "": 1, m: 1 / 1000, Ki: 1024, Mi: 1024 ** 2, Gi: 1024 ** 3, Ti: 1024 ** 4 };

function amount(written: string | undefined): number {
  const [, figure = "", unit = ""] = /^([\d.]+)(\D*)$/.exec(written ?? "") ?? [];
  const factor = units[unit];
  if (factor === undefined || figure === "") throw new Error(`${written} is no quantity`);
  return Number(figure) * factor;
}

/** What a pod counts for: its containers together, or what is greater of those that run before. */
function taken(pod: V1PodSpec, resource: string): number {
  const of = ({ resources }: V1Container) => amount(resources?.limits?.[resource]);
  return Math.max(
    pod.containers.reduce((sum, container) => sum + of(container), 0),
    ...(pod.initContainers ?? []).map(of),
  );
}

/** How many pods there are of one at once, those of another version included. */
function copies({ type, props }: Resource, all: readonly Resource[]): number {
  const { replicas = 1 } = props.spec as { replicas?: number };
  if (type.endsWith(":StatefulSet")) return replicas;
  const scaled = all.find((one) => one.type.endsWith(":HorizontalPodAutoscaler") && nameIn(one) === nameIn({ props }));
  const most = (scaled?.props.spec as { maxReplicas?: number } | undefined)?.maxReplicas ?? replicas;
  return most + Math.ceil(most / 4);
}

const nameIn = ({ props }: Pick<Resource, "props">) => (props.metadata as { name: string }).name;

test("the quota is twice what is made, to the last pod, and holds no claims, which outlive their sessions", async () => {
  const all = await clusterObjects({ sessions: everyForm });
  const made = all.flatMap((resource) =>
    [...subjectsOf(resource)].flatMap((subject) =>
      [...podsOf(subject)].map(({ spec }) => ({ spec: spec as unknown as V1PodSpec, of: copies(resource, all) })),
    ),
  );
  const sum = (resource: string) => made.reduce((total, { spec, of }) => total + of * taken(spec, resource), 0);
  const quota = all.find(({ type }) => type.endsWith(":ResourceQuota"))?.props as V1ResourceQuota | undefined;
  const hard = quota?.spec?.hard ?? {};
  expect(made.length).toBeGreaterThan(6);
  expect({
    pods: amount(hard.pods),
    memory: amount(hard["limits.memory"]),
    cpu: amount(hard["limits.cpu"]),
    disk: amount(hard["limits.ephemeral-storage"]),
  }).toEqual({
    pods: 2 * made.reduce((total, { of }) => total + of, 0),
    memory: 2 * sum("memory"),
    cpu: 2 * sum("cpu"),
    disk: 2 * sum("ephemeral-storage"),
  });
  expect(Object.keys(hard).filter((key) => /claims|^requests/.test(key))).toEqual([]);
});

test("single figures of it are set by the stack, and the alerts go out as it says", async () => {
  const kinds = async (kubernetes: object) => {
    const all = await clusterObjects({ sessions: [{ id: "a" }], kubernetes });
    return { all, of: (kind: string) => all.filter(({ type }) => type.endsWith(`:${kind}`)) };
  };
  const usual = await kinds({ quota: { pods: 40 } });
  expect(usual.of("ResourceQuota")[0]?.props).toMatchObject({ spec: { hard: { pods: "40", "limits.cpu": "4" } } });
  expect([usual.of("ConfigMap").length, usual.of("PrometheusRule").length]).toEqual([1, 0]);
  const operator = await kinds({ monitoring: "operator" });
  expect([operator.of("ConfigMap").length, operator.of("PrometheusRule").length]).toEqual([0, 1]);
  const none = await kinds({ monitoring: false });
  expect([none.of("ConfigMap").length, none.of("PrometheusRule").length]).toEqual([0, 0]);
});
