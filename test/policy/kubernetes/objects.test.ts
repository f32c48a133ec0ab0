import { describe, expect, test } from "vitest";
import type { Resource } from "../../../policy/evaluate.ts";
import { unknown } from "../../../policy/rules/read/value.ts";
import { changed, compliant, deployment, podSpec, resource } from "../fixtures.ts";
import { missed, object, violations } from "./found.ts";

const secret = (value: unknown) => ({ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value });
const privileged = { name: "x", image: "registry.example.com/x:1", securityContext: { privileged: true } };
const bad = { containers: [privileged] };
const admin = {
  apiVersion: "rbac.authorization.k8s.io/v1",
  kind: "ClusterRoleBinding",
  metadata: { name: "x" },
  roleRef: { kind: "ClusterRole", name: "cluster-admin" },
  subjects: [{ kind: "User", name: "me" }],
};

describe("an object is what its inputs say, and what its type says", () => {
  test.each<[string, Resource, string]>([
    ["a Pod as a ConfigMap", resource("kubernetes:core/v1:ConfigMap", "x", { apiVersion: "v1", kind: "Pod", spec: bad }), "CTR-006"],
    ["a Pod as a Secret", resource("kubernetes:core/v1:Secret", "x", { kind: "Pod", spec: bad }), "CTR-006"],
    ["a binding as a ConfigMap", resource("kubernetes:core/v1:ConfigMap", "x", admin), "K8S-010"],
    ["a binding as a Service", resource("kubernetes:core/v1:Service", "x", admin), "K8S-010"],
    ["a binding as a resource of an added API", resource("kubernetes:example.com/v1:Thing", "x", admin), "K8S-010"],
    ["a binding by a secret kind", resource("kubernetes:core/v1:ConfigMap", "x", { ...admin, kind: secret(admin.kind) }), "K8S-010"],
    [
      "a List of bindings as a ConfigMap",
      resource("kubernetes:core/v1:ConfigMap", "x", { apiVersion: "v1", kind: "List", items: [admin] }),
      "K8S-010",
    ],
    [
      "a Job as a Deployment",
      resource("kubernetes:apps/v1:Deployment", "x", { apiVersion: "batch/v1", kind: "Job", spec: { template: { spec: bad } } }),
      "CTR-006",
    ],
  ])("%s", (_, one, rule) => {
    const found = violations(one).map((words) => words.split(" ")[0]);
    expect(found).toContain(rule);
    expect(found).toContain("GEN-008");
  });

  test.each([
    ["a Patch", changed({ ...deployment, type: "kubernetes:apps/v1:DeploymentPatch" }, {})],
    ["an old version of its API", changed({ ...deployment, type: "kubernetes:extensions/v1beta1:Deployment" }, {})],
    ["no kind at all", changed(deployment, { kind: undefined, apiVersion: undefined })],
    ["a kind of an added API that ends in Patch", object("example.com/v1:HotPatch", { spec: {} })],
  ])("%s is no other object", (_, one) => {
    expect(violations(one)).not.toContain("GEN-008 high");
  });

  test("an unknown kind hides nothing of what the type says, and is counted", () => {
    const one = changed(deployment, { kind: unknown, "spec/template/spec/containers/0/securityContext/privileged": true });
    expect(violations(one)).toContain("CTR-006 critical");
    expect(missed(one)).toContain("CTR-006 critical");
  });
});

describe("a pod is found", () => {
  const deep = (levels: number, inner: object): object => (levels === 0 ? inner : { next: deep(levels - 1, inner) });
  const whole = { ...bad, hostPID: true };

  test.each<[string, Resource]>([
    ["in a custom Secret", object("example.com/v1:Secret", { spec: { template: { spec: bad } } })],
    ["in a custom ConfigMap", object("example.com/v1:ConfigMap", { spec: bad })],
    ["in a custom kind that ends in List", object("example.com/v1:AllowList", { spec: { template: { spec: bad } } })],
    ["in an own group's kind that ends in List", object("policy.k8s.io/v1:AllowList", { spec: { template: { spec: bad } } })],
    ["deeper than anybody nests", object("example.com/v1:Thing", { spec: deep(40, bad) as never })],
    ["in lists of lists", object("example.com/v1:Thing", { spec: { stages: [[[{ pod: bad }]]] } })],
    [
      "in an object in an object",
      object("kubernetes.crossplane.io/v1alpha2:Object", {
        spec: { forProvider: { manifest: { apiVersion: "v1", kind: "Pod", spec: bad } } },
      }),
    ],
    [
      "in a manifest work",
      object("work.open-cluster-management.io/v1:ManifestWork", {
        spec: { workload: { manifests: [{ apiVersion: "v1", kind: "Pod", metadata: {}, spec: bad }] } },
      }),
    ],
    [
      "in an object set",
      object("olm.operatorframework.io/v1:ClusterObjectSet", {
        spec: { phases: [{ objects: [{ object: { apiVersion: "apps/v1", kind: "DaemonSet", spec: { template: { spec: bad } } } }] }] },
      }),
    ],
    ["in a list in a list", object("core/v1:List", { items: [{ apiVersion: "v1", kind: "PodList", items: [{ spec: bad }] }] })],
    ["in a step of Argo", object("argoproj.io/v1alpha1:Workflow", { spec: { templates: [{ name: "a", container: privileged }] } })],
    [
      "in a script of Argo",
      object("argoproj.io/v1alpha1:WorkflowTemplate", { spec: { templates: [{ name: "a", script: { ...privileged, source: "id" } }] } }),
    ],
    [
      "in an inline step of Argo",
      object("argoproj.io/v1alpha1:Workflow", { spec: { templates: [{ steps: [[{ name: "a", inline: { container: privileged } }]] }] } }),
    ],
    [
      "in an Argo cron workflow",
      object("argoproj.io/v1alpha1:CronWorkflow", { spec: { workflowSpec: { templates: [{ containerSet: bad }] } } }),
    ],
    ["in a step of Tekton", object("tekton.dev/v1:Task", { spec: { steps: [privileged] } })],
    ["in a sidecar of Tekton", object("tekton.dev/v1:Task", { spec: { steps: [], sidecars: [privileged] } })],
    [
      "in what all steps of Tekton have",
      object("tekton.dev/v1:Task", { spec: { stepTemplate: { securityContext: { privileged: true } } } }),
    ],
    [
      "in a run of Tekton",
      object("tekton.dev/v1:PipelineRun", { spec: { pipelineSpec: { tasks: [{ taskSpec: { steps: [privileged] } }] } } }),
    ],
    ["in Knative", object("serving.knative.dev/v1:Service", { spec: { template: { spec: bad } } })],
    [
      "in an operator's fields",
      object("monitoring.coreos.com/v1:Prometheus", { spec: { image: "x", securityContext: { privileged: true } } }),
    ],
    ["in an operator's container context", object("example.com/v1:Database", { spec: { containerSecurityContext: { privileged: true } } })],
    ["in a patch of a container", object("apps/v1:DeploymentPatch", { kind: "Deployment", spec: { template: { spec: bad } } })],
    ["in an unheard-of kind of Kubernetes itself", object("apps/v9:FleetSet", { spec: { member: { spec: bad } } })],
    ["beside an empty list of containers", object("core/v1:Pod", { spec: { containers: [], initContainers: [privileged] } })],
    ["beside unknown init containers", object("core/v1:Pod", { spec: { ...bad, initContainers: unknown } })],
    ["beside an unknown sibling", object("example.com/v1:Thing", { spec: { other: unknown, template: { spec: bad, replicas: unknown } } })],
    ["beside unknown metadata", object("core/v1:Pod", { metadata: unknown, spec: bad })],
  ])("%s", (_, one) => {
    expect(violations(one)).toContain("CTR-006 critical");
  });

  test.each<[string, Resource]>([
    [
      "of a Patch without containers",
      object("apps/v1:DeploymentPatch", { kind: "Deployment", spec: { template: { spec: { hostPID: true } } } }),
    ],
    ["of a pod with an empty list of containers", object("core/v1:Pod", { spec: { containers: [], hostPID: true } })],
    ["of a pod without a list of containers", object("apps/v1:DaemonSet", { spec: { template: { spec: { hostPID: true } } } })],
    ["of a pod with unknown containers", object("core/v1:Pod", { spec: { containers: unknown, hostPID: true } })],
    ["of an operator's object", object("monitoring.coreos.com/v1:Prometheus", { spec: { hostPID: true } })],
    ["written as a text in an operator's object", object("example.com/v1:Thing", { spec: { pod: { hostPID: "true" } } })],
    ["of an operator's object with empty containers", object("example.com/v1:Thing", { spec: { hostPID: true, containers: [] } })],
    ["of a pod with containers", object("example.com/v1:Thing", { spec: { podTemplate: whole } })],
  ])("by a known field %s", (_, one) => {
    expect(violations(one)).toContain("CTR-009 high");
  });

  test.each<[string, Resource]>([
    ["a map of containers", object("core/v1:Pod", { spec: { containers: { x: privileged } } })],
    ["a text for containers", object("apps/v1:Deployment", { spec: { template: { spec: { containers: "x" } } } })],
    ["a list for a pod", object("apps/v1:Deployment", { spec: { template: [bad] } })],
    ["a map of volumes", object("core/v1:Pod", { spec: { containers: [], volumes: { x: { hostPath: { path: "/" } } } } })],
    [
      "a list for a security context",
      object("core/v1:Pod", { spec: { containers: [{ name: "x", securityContext: [{ privileged: true }] }] } }),
    ],
    ["a map of items", object("core/v1:List", { items: { x: admin } })],
    ["a text in items", object("core/v1:PodList", { items: ["x"] })],
  ])("%s is never taken for none", (_, one) => {
    expect(violations(one)).toContain("GEN-003 high");
  });
});

describe("an object that has others installed is opaque", () => {
  test.each<[string, Record<string, unknown>]>([
    ["helm.toolkit.fluxcd.io/v2:HelmRelease", { spec: { chart: {} } }],
    ["kustomize.toolkit.fluxcd.io/v1:Kustomization", { spec: { path: "./x" } }],
    ["argoproj.io/v1alpha1:Application", { spec: { source: {} } }],
    ["argoproj.io/v1alpha1:ApplicationSet", { spec: {} }],
    ["helm.cattle.io/v1:HelmChart", { spec: { chart: "x" } }],
    ["helm.crossplane.io/v1beta1:Release", { spec: {} }],
    ["kro.run/v1alpha1:ResourceGraphDefinition", { spec: {} }],
    ["kyverno.io/v1:ClusterPolicy", { spec: { rules: [{ generate: { kind: "Pod" } }] } }],
    ["argoproj.io/v1alpha1:Workflow", { spec: { podSpecPatch: '{"hostPID":true}' } }],
  ])("%s", (type, props) => {
    expect(violations(object(type, props))).toContain("GEN-001 high");
  });

  test("also in a list, and unless somebody has looked into it", () => {
    const list = object("core/v1:List", { items: [{ apiVersion: "argoproj.io/v1alpha1", kind: "Application", spec: {} }] });
    expect(violations(list)).toContain("GEN-001 high");
    expect(violations(list, { "GEN-001": { trustedTypes: ["kubernetes:argoproj.io/Application"] } })).toEqual([]);
  });

  test("an object of an added API that is not known is not passed, one whose API runs nothing is", () => {
    expect(missed(object("example.com/v1:Thing", { spec: { anything: unknown } }))).toEqual(["GEN-001 high"]);
    expect(missed(object("cert-manager.io/v1:Certificate", { spec: { dnsNames: [unknown] } }))).toEqual([]);
    expect(
      missed(object("example.com/v1:Thing", { spec: { anything: unknown } }), { "GEN-001": { knownGroups: ["example.com"] } }),
    ).toEqual([]);
  });
});

describe("no pod is seen where there is none", () => {
  test.each<[string, Resource]>([
    [
      "the form of custom resources",
      object("apiextensions.k8s.io/v1:CustomResourceDefinition", {
        spec: { versions: [{ schema: { properties: { containers: { type: "array" }, hostPID: { type: "boolean" } } } }] },
      }),
    ],
    [
      "a pattern for pods",
      object("kyverno.io/v1:ClusterPolicy", { spec: { rules: [{ validate: { pattern: { spec: { containers: [{ image: "*:*" }] } } } }] } }),
    ],
    [
      "what scales a deployment",
      object("autoscaling/v2:HorizontalPodAutoscaler", { spec: { scaleTargetRef: { apiVersion: "batch/v1", kind: "Job", name: "x" } } }),
    ],
    ["a reference to a job", object("example.com/v1:Thing", { spec: { target: { apiVersion: "batch/v1", kind: "Job", name: "x" } } })],
    ["steps of a rollout", object("argoproj.io/v1alpha1:Rollout", { spec: { strategy: { canary: { steps: [{ setWeight: 5 }] } } } })],
    [
      "an image and its version",
      object("monitoring.coreos.com/v1:Prometheus", { spec: { image: "quay.io/prometheus/prometheus", version: "v3.0.0", replicas: 2 } }),
    ],
    [
      "an operator's fields that harden",
      object("monitoring.coreos.com/v1:Prometheus", {
        spec: { securityContext: { runAsNonRoot: true, runAsUser: 65534, fsGroup: 2000 }, containers: [] },
      }),
    ],
    ["volumes that are names", object("example.com/v1:Thing", { spec: { volumes: ["a"], env: { A: "b" } } })],
  ])("%s", (_, one) => {
    expect(violations(one)).toEqual([]);
  });
});

describe("a patch is judged by what it sets", () => {
  const patch = (type: string, props: Record<string, unknown>) => object(`${type}Patch`, { kind: type.split(":")[1], ...props });
  const inPod = (spec: Record<string, unknown>) => patch("apps/v1:Deployment", { spec: { template: { spec } } });

  test.each<[string, Resource]>([
    ["replicas", patch("apps/v1:Deployment", { spec: { replicas: 2 } })],
    ["a label", patch("apps/v1:Deployment", { metadata: { name: "x", labels: { a: "b" } } })],
    ["an image", inPod({ containers: [{ name: "x", image: `registry.example.com/x:1@sha256:${"0".repeat(64)}` }] })],
    ["one variable", inPod({ containers: [{ name: "x", env: [{ name: "A", value: "b" }] }] })],
    ["one limit", inPod({ containers: [{ name: "x", resources: { limits: { cpu: "1" } } }] })],
    ["a uid", inPod({ securityContext: { runAsUser: 10001 } })],
    ["a container's context", inPod({ containers: [{ name: "x", securityContext: { runAsUser: 10001 } }] })],
    ["a namespace's label", patch("core/v1:Namespace", { metadata: { name: "x", labels: { team: "a" } } })],
    ["an account", patch("core/v1:ServiceAccount", { imagePullSecrets: [{ name: "x" }] })],
    ["a network policy's rules", patch("networking.k8s.io/v1:NetworkPolicy", { spec: { ingress: [{ from: [{ podSelector: {} }] }] } })],
    ["an ingress's class", patch("networking.k8s.io/v1:Ingress", { spec: { ingressClassName: "x" } })],
    ["a job's limit", patch("batch/v1:Job", { spec: { backoffLimit: 2 } })],
    ["a cron job's schedule", patch("batch/v1:CronJob", { spec: { schedule: "@daily" } })],
  ])("%s", (_, one) => {
    expect(violations(one)).toEqual([]);
  });

  test.each<[string, Resource, string]>([
    ["a host path", inPod({ volumes: [{ name: "x", hostPath: { path: "/" } }] }), "CTR-012 critical"],
    ["root", inPod({ containers: [{ name: "x", securityContext: { runAsUser: 0 } }] }), "CTR-007 high"],
    ["root for the whole pod", inPod({ securityContext: { runAsUser: 0 }, containers: [{ name: "x" }] }), "CTR-007 high"],
    ["no seccomp", inPod({ securityContext: { seccompProfile: { type: "Unconfined" } }, containers: [{ name: "x" }] }), "CTR-016 high"],
    ["escalation", inPod({ containers: [{ name: "x", securityContext: { allowPrivilegeEscalation: true } }] }), "CTR-002 high"],
    ["a writable root", inPod({ containers: [{ name: "x", securityContext: { readOnlyRootFilesystem: false } }] }), "CTR-001 medium"],
    ["a token", inPod({ automountServiceAccountToken: true }), "K8S-003 medium"],
    [
      "a namespace that lets all in",
      patch("core/v1:Namespace", { metadata: { name: "x", labels: { "pod-security.kubernetes.io/enforce": "privileged" } } }),
      "K8S-002 high",
    ],
    ["a policy that opens", patch("networking.k8s.io/v1:NetworkPolicy", { spec: { egress: [{}] } }), "K8S-013 high"],
    [
      "a role",
      patch("rbac.authorization.k8s.io/v1:ClusterRole", { rules: [{ apiGroups: ["*"], resources: ["*"], verbs: ["*"] }] }),
      "K8S-006 critical",
    ],
  ])("that it sets %s", (_, one, found) => {
    expect(violations(one)).toContain(found);
  });
});

test("what is whole is judged by what it leaves out, also in an object of an added API", () => {
  const sandbox = object("agents.x-k8s.io/v1alpha1:Sandbox", {
    spec: { podTemplate: { metadata: { labels: { app: "alpha" } }, spec: podSpec } },
  });
  const rest = (compliant["a Kubernetes deployment"] ?? []).filter(({ type }) => !/:(Deployment|Job)$/.test(type));
  expect(violations([...rest, sandbox])).toEqual([]);
  const weakened = changed(sandbox, { "spec/podTemplate/spec/containers/0/securityContext": undefined });
  expect(violations([...rest, weakened])).toEqual(["CTR-001 medium", "CTR-002 high", "CTR-005 medium", "CTR-007 medium"]);
});
