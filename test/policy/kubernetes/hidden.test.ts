import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate, type Resource } from "../../../policy/evaluate.ts";
import { unknown } from "../../../policy/rules/read/value.ts";
import { podSpec } from "../fixtures.ts";
import { object } from "./found.ts";

/** One way to break a pod, and the rule that finds it. */
const breaks: readonly (readonly [rule: string, spec: Record<string, unknown>])[] = [
  ["CTR-006", withContainer({ securityContext: { ...podSpec.containers[0]?.securityContext, privileged: true } })],
  [
    "CTR-003",
    withContainer({ securityContext: { ...podSpec.containers[0]?.securityContext, capabilities: { drop: ["ALL"], add: ["SYS_ADMIN"] } } }),
  ],
  ["CTR-007", withContainer({ securityContext: { ...podSpec.containers[0]?.securityContext, runAsUser: 0 } })],
  ["CTR-026", withContainer({ env: [{ name: "DB_PASSWORD", value: "hunter2" }] })],
  ["CTR-008", { ...podSpec, hostNetwork: true }],
  ["CTR-009", { ...podSpec, hostPID: true }],
  ["CTR-010", { ...podSpec, hostIPC: true }],
  ["CTR-012", { ...podSpec, volumes: [{ name: "x", hostPath: { path: "/etc" } }] }],
  ["CTR-016", { ...podSpec, securityContext: { seccompProfile: { type: "Unconfined" } } }],
  ["K8S-018", withContainer({ readinessProbe: { httpGet: { host: "10.0.0.1", port: 80 } } })],
];

function withContainer(change: Record<string, unknown>): Record<string, unknown> {
  return { ...podSpec, containers: [{ ...podSpec.containers[0], ...change }] };
}

type Value = Record<string, unknown>;

const signature = "4dabf18193072939515e22adb298388d";
const secretOf = (inner: Value): Value => ({ [signature]: "1b47061264138c4ac30d75fd1eb44270", ...inner });
const word = fc.stringMatching(/^[a-z][A-Za-z]{0,9}$/);
const api = { apiVersion: "example.com/v1", kind: "Thing", metadata: { name: "outer" } };

/** Something that is put around a value, and whether what is in it can be read at all. */
const layer: fc.Arbitrary<(value: unknown) => unknown> = fc.oneof(
  word.map((key) => (value: unknown) => ({ [key]: value })),
  word.map((key) => (value: unknown) => ({ [key]: value, [`${key}Beside`]: unknown })),
  fc
    .constantFrom("spec", "template", "podTemplate", "workload", "items")
    .map((key) => (value: unknown) => ({ [key]: value, metadata: { labels: unknown } })),
  fc.constant((value: unknown) => [value]),
  fc.constant((value: unknown) => [unknown, value]),
  fc.constant((value: unknown) => ({ inner: [[value]] })),
  fc.constant((value: unknown) => secretOf({ value })),
  fc.constant((value: unknown) => secretOf({ plaintext: JSON.stringify(value) })),
  fc.constant((_: unknown) => secretOf({ ciphertext: "v1:abc" })),
  fc.constant((_: unknown) => unknown),
);

const pod = (spec: unknown) => ({ apiVersion: "v1", kind: "Pod", metadata: { name: "inner", namespace: "sessions" }, spec });
const whole: readonly ((spec: Value) => Value)[] = [
  (spec) => spec,
  (spec) => ({ metadata: { labels: { app: "x" } }, spec }),
  pod,
  (spec) => ({ apiVersion: "v1", kind: "List", items: [pod(spec)] }),
  (spec) => ({ apiVersion: "v1", kind: "PodList", items: [{ spec }, { spec: unknown }] }),
  (spec) => ({ apiVersion: "batch/v1", kind: "CronJob", spec: { schedule: unknown, jobTemplate: { spec: { template: { spec } } } } }),
];

const findings = (resources: Resource) => evaluate([resources]).findings;
/** Whether a break is found, or something about the resource is said not to be evaluated or not to be readable. */
const isAccountedFor = (one: Resource, rule: string) =>
  findings(one).some(
    (finding) =>
      (finding.rule === rule && finding.verdict === "violation") || finding.verdict === "not-evaluated" || finding.rule === "GEN-003",
  );
const isFound = (one: Resource, rule: string) => findings(one).some((finding) => finding.rule === rule && finding.verdict === "violation");

describe("a bad pod", () => {
  test("is found or said not to be evaluated, whatever a custom resource puts around it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...breaks),
        fc.constantFrom(...whole),
        fc.array(layer, { maxLength: 5 }),
        ([rule, spec], shape, layers) => {
          const wrapped = layers.reduce<unknown>((value, put) => put(value), shape(spec));
          const one = object("example.com/v1:Thing", { spec: { any: wrapped } });
          expect(isAccountedFor(one, rule)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("is found when all around it is known", () => {
    const known = fc.oneof(
      word.map((key) => (value: unknown) => ({ [key]: value })),
      fc.constant((value: unknown) => [value]),
      fc.constant((value: unknown) => secretOf({ value })),
      fc.constant((value: unknown) => secretOf({ plaintext: JSON.stringify(value) })),
    );
    fc.assert(
      fc.property(
        fc.constantFrom(...breaks),
        fc.constantFrom(...whole),
        fc.array(known, { maxLength: 30 }),
        ([rule, spec], shape, layers) => {
          const wrapped = layers.reduce<unknown>((value, put) => put(value), shape(spec));
          expect(isFound(object("example.com/v1:Thing", { spec: { any: wrapped } }), rule)).toBe(true);
        },
      ),
      { numRuns: 150 },
    );
  });

  const kinds: readonly (readonly [string, (spec: unknown) => Value])[] = [
    ["core/v1:Pod", (spec) => ({ spec })],
    ["core/v1:PodTemplate", (spec) => ({ template: { spec } })],
    ...[
      "apps/v1:Deployment",
      "apps/v1:StatefulSet",
      "apps/v1:DaemonSet",
      "apps/v1:ReplicaSet",
      "core/v1:ReplicationController",
      "batch/v1:Job",
      "extensions/v1beta1:DaemonSet",
    ].map((type) => [type, (spec: unknown): Value => ({ spec: { template: { spec } } })] as const),
    ["batch/v1:CronJob", (spec) => ({ spec: { jobTemplate: { spec: { template: { spec } } } } })],
    ["core/v1:PodList", (spec) => ({ items: [{ spec }] })],
    ["core/v1:List", (spec) => ({ items: [pod(spec)] })],
    ["core/v1:ConfigMap", (spec) => pod(spec)],
    ["serving.knative.dev/v1:Service", (spec) => ({ spec: { template: { spec } } })],
    ["agents.x-k8s.io/v1alpha1:Sandbox", (spec) => ({ spec: { podTemplate: { spec } } })],
  ];

  test("is found in every kind that holds one, also in a patch of it, in a secret and beside unknown siblings", () => {
    const options = fc.record({
      isPatch: fc.boolean(),
      isSecret: fc.boolean(),
      sibling: fc.constantFrom("none", "pod", "container", "object"),
    });
    fc.assert(
      fc.property(
        fc.constantFrom(...breaks),
        fc.constantFrom(...kinds),
        options,
        ([rule, spec], [type, put], { isPatch, isSecret, sibling }) => {
          const containers = [...(spec.containers as Value[]), { name: "beside", image: unknown, securityContext: unknown }];
          const pods = {
            none: spec,
            pod: { ...spec, priorityClassName: unknown, tolerations: unknown },
            container: { ...spec, containers },
            object: spec,
          }[sibling];
          const props = put(isSecret ? secretOf({ value: pods }) : pods);
          const one = object(`${type}${isPatch && !/List$/.test(type) ? "Patch" : ""}`, {
            kind: type.split(":")[1],
            ...props,
            ...(sibling === "object" && { status: unknown }),
          });
          expect(isFound(one, rule)).toBe(true);
        },
      ),
      { numRuns: 300 },
    );
  });

  test("in pieces is found in a patch that sets no more than the piece", () => {
    for (const [rule, spec] of breaks) {
      const pieces = Object.fromEntries(Object.entries(spec).filter(([key, value]) => value !== podSpec[key as keyof typeof podSpec]));
      const containers = pieces.containers === undefined && rule === "CTR-016" ? { containers: [{ name: "agent" }] } : {};
      const one = object("apps/v1:DeploymentPatch", { kind: "Deployment", spec: { template: { spec: { ...pieces, ...containers } } } });
      expect(isFound(one, rule), rule).toBe(true);
    }
  });
});

test("an object whose whole inputs are in a custom resource is judged as itself", () => {
  const rules = [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }];
  const role = { apiVersion: "rbac.authorization.k8s.io/v1", kind: "ClusterRole", metadata: { name: "x" }, rules };
  fc.assert(
    fc.property(fc.array(word, { minLength: 1, maxLength: 12 }), (keys) => {
      const nested = keys.reduce<unknown>((value, key) => ({ [key]: value }), role);
      expect(isFound(object("example.com/v1:Thing", { ...api, spec: nested }), "K8S-006")).toBe(true);
    }),
    { numRuns: 60 },
  );
});
