import { describe, expect, test } from "vitest";
import { pod } from "../cases/case.ts";
import { changed, deployment, ingress, resource } from "../fixtures.ts";
import { object } from "../kubernetes/found.ts";
import { found } from "./found.ts";

describe("an object that has a controller install others", () => {
  test.each([
    ["helm.toolkit.fluxcd.io/v2:HelmRelease", "source.toolkit.fluxcd.io/v1:HelmRepository"],
    ["kustomize.toolkit.fluxcd.io/v1:Kustomization", "kustomize.toolkit.fluxcd.io/v1:Kustomizations"],
    ["argoproj.io/v1alpha1:Application", "argoproj.io/v1alpha1:AppProject"],
    ["argoproj.io/v1alpha1:ApplicationSet", "argoproj.io/v1alpha1:ApplicationSets"],
    ["helm.cattle.io/v1:HelmChart", "helms.cattle.io/v1:HelmChart"],
    ["fleet.cattle.io/v1alpha1:Bundle", "fleet.cattle.io/v1alpha1:Cluster"],
    ["fleet.cattle.io/v1alpha1:GitRepo", "fleet.cattle.io/v1alpha1:GitRepos"],
    ["fleet.cattle.io/v1alpha1:HelmOp", "fleet.cattle.io/v1alpha1:HelmOps"],
    ["helm.crossplane.io/v1beta1:Release", "helm.crossplane.io/v1beta1:ProviderConfig"],
    ["helm.m.crossplane.io/v1beta1:Release", "helm.x.crossplane.io/v1beta1:Release"],
    ["pkg.crossplane.io/v1:Provider", "pkgs.crossplane.io/v1:Provider"],
    ["apiextensions.crossplane.io/v1:Composition", "apiextensions.crossplane.io/v1:CompositeResourceDefinition"],
    ["olm.operatorframework.io/v1:ClusterExtension", "olm.operatorframework.io/v1:ClusterExtensions"],
    ["olm.operatorframework.io/v1:ClusterCatalog", "olm.operatorframework.io/v1:ClusterCatalogs"],
    ["operators.coreos.com/v1alpha1:Subscription", "operators.coreos.com/v1:OperatorGroup"],
    ["operators.coreos.com/v1alpha1:CatalogSource", "operators.coreos.com/v1alpha1:InstallPlan"],
    ["addons.cluster.x-k8s.io/v1beta1:ClusterResourceSet", "cluster.x-k8s.io/v1beta1:Cluster"],
    ["kro.run/v1alpha1:ResourceGraphDefinition", "kro.run/v1alpha1:ResourceGraph"],
    ["apps.open-cluster-management.io/v1:Subscription", "apps.open-cluster-management.io/v1:Channel"],
    ["kappctrl.k14s.io/v1alpha1:App", "kappctrl.k14s.io/v1alpha1:Apps"],
    ["packaging.carvel.dev/v1alpha1:PackageInstall", "packaging.carvel.dev/v1alpha1:PackageRepository"],
    ["helm.k0sproject.io/v1beta1:Chart", "helm.k0sproject.io/v1beta1:Charts"],
  ])("%s, and not %s", (type, neighbour) => {
    expect(found("GEN-001", object(type, { spec: {} }))).toEqual([
      expect.stringMatching(/^high: The resource "alpha" must be of a type that rules can look into, not kubernetes:/),
    ]);
    expect(found("GEN-001", object(neighbour, { spec: {} }))).toEqual([]);
  });
});

describe("TLS that a load balancer ends", () => {
  const open = (annotations: object) =>
    found("K8S-023", changed(ingress, { "spec/tls": undefined, "metadata/annotations": annotations })).length;

  test.each([
    "alb.ingress.kubernetes.io/certificate-arn",
    "networking.gke.io/managed-certificates",
    "networking.gke.io/certmap",
    "networking.gke.io/pre-shared-cert",
    "networking.gke.io/pre-shared-certs",
    "ingress.gcp.kubernetes.io/pre-shared-cert",
    "appgw.ingress.kubernetes.io/appgw-ssl-certificate",
    "service.beta.kubernetes.io/aws-load-balancer-ssl-cert",
  ])("by %s", (key) => {
    expect([open({ [key]: "x" }), open({ [key]: "" }), open({ [`${key}-x`]: "x" }), open({})]).toEqual([0, 1, 1, 1]);
  });

  test("by its ports", () => {
    const ports = (text: string) => open({ "alb.ingress.kubernetes.io/listen-ports": text });
    expect([ports('[{"HTTPS":443}]'), ports('[{"HTTP":80}]')]).toEqual([0, 1]);
  });
});

test.each<[type: string, plain: object, safe: object]>([
  ["networking.k8s.io/v1:Ingress", {}, { tls: [{}] }],
  [
    "gateway.networking.k8s.io/v1:Gateway",
    { listeners: [{ protocol: "HTTP" }] },
    { listeners: [{ protocol: "HTTP" }, { protocol: "HTTPS" }] },
  ],
  ["gateway.networking.k8s.io/v1:Gateway", { listeners: [{ protocol: "HTTP2" }] }, { listeners: [{ protocol: "TLS" }] }],
  ["route.openshift.io/v1:Route", {}, { tls: { termination: "edge" } }],
  [
    "route.openshift.io/v1:Route",
    { tls: { insecureEdgeTerminationPolicy: "Allow" } },
    { tls: { insecureEdgeTerminationPolicy: "Redirect" } },
  ],
  ["networking.istio.io/v1:Gateway", { servers: [{ port: { protocol: "HTTP" } }] }, { servers: [{ port: { protocol: "HTTPS" } }] }],
  [
    "networking.istio.io/v1:Gateway",
    { servers: [{ port: { protocol: "HTTP2" } }] },
    { servers: [{ port: { protocol: "HTTP" }, tls: { httpsRedirect: true } }] },
  ],
  ["traefik.io/v1alpha1:IngressRoute", { entryPoints: ["web"] }, { entryPoints: ["websecure"] }],
  ["traefik.io/v1alpha1:IngressRoute", { entryPoints: ["web", "websecure"] }, { entryPoints: ["web"], tls: {} }],
  ["projectcontour.io/v1:HTTPProxy", { virtualhost: { fqdn: "x" } }, { virtualhost: { fqdn: "x", tls: {} } }],
])("an entrance of the type %s: %j lets in without TLS, %j does not", (type, plain, safe) => {
  expect([found("K8S-023", object(type, { spec: plain })).length, found("K8S-023", object(type, { spec: safe })).length]).toEqual([1, 0]);
});

describe("a projected token", () => {
  const projecting = (source: object) => found("K8S-003", pod({ volumes: [{ name: "t", projected: { sources: [source] } }] })).length;

  test.each([
    ["", "vault"],
    ["api", "api.example.com"],
    ["kubernetes", "kubernetes.example.com"],
    ["k3s", "k3s-mine"],
    ["rke2", "rke2-mine"],
    ["https://kubernetes.default", "https://kubernetes.example.com"],
    ["https://kubernetes.default.svc", "https://kubernetes.default.example.com"],
    ["https://kubernetes.default.svc.cluster.local:443/", "sts.amazonaws.com"],
  ])("for %j is the cluster's, for %j another's", (audience, other) => {
    const token = (one: string) => projecting({ serviceAccountToken: { path: "t", audience: one } });
    expect([token(audience), token(other)]).toEqual([1, 0]);
  });
});

describe("fields of a pod in an operator's own object", () => {
  const privileged = { securityContext: { privileged: true } };
  const judged = (spec: object) => found("CTR-006", object("example.com/v1:Machine", { spec })).length;

  test.each<[string, unknown, unknown]>([
    ["hostPID", true, 1],
    ["hostIPC", "false", "no"],
    ["hostNetwork", true, {}],
    ["hostUsers", false, 0],
    ["shareProcessNamespace", true, []],
    ["volumes", [{ name: "x", emptyDir: {} }], [{ name: "x", size: 1 }]],
    ["env", [{ name: "A", value: "b" }], [{ name: "A" }]],
    ["volumeDevices", [{ name: "x", devicePath: "/dev/x" }], [{ name: "x" }]],
  ])("%s tells that they are, in its shape", (field, value, other) => {
    const host = (shape: unknown) => found("K8S-025", object("example.com/v1:Machine", { spec: { [field]: shape, nodeName: "x" } })).length;
    expect([host(value), host(other)]).toEqual([1, 0]);
  });

  test.each(["hostPath", "emptyDir", "configMap", "secret", "projected", "persistentVolumeClaim", "csi", "nfs", "downwardAPI"])(
    "a volume of the type %s",
    (type) => {
      const having = (key: string) =>
        found("K8S-025", object("example.com/v1:Machine", { spec: { volumes: [{ name: "x", [key]: {} }], nodeName: "x" } })).length;
      expect([having(type), having(`${type}x`)]).toEqual([1, 0]);
    },
  );

  test("a security context, and none that only looks like one", () => {
    expect([
      judged(privileged),
      judged({ containerSecurityContext: { privileged: true } }),
      judged({ securityContext: "privileged" }),
    ]).toEqual([1, 1, 0]);
  });
});

test.each(["Pod", "PodTemplate", "Deployment", "ReplicaSet", "ReplicationController", "StatefulSet", "DaemonSet", "Job", "CronJob"])(
  "a %s holds its pod in its own place alone",
  (kind) => {
    const spec = { containers: [{ name: "x", image: "x", securityContext: { privileged: true } }] };
    const inner = { spec };
    const places: Record<string, Record<string, unknown>> = {
      Pod: inner,
      PodTemplate: { template: inner },
      CronJob: { spec: { jobTemplate: { spec: { template: inner } } } },
    };
    const group =
      { Pod: "core/v1", PodTemplate: "core/v1", ReplicationController: "core/v1", Job: "batch/v1", CronJob: "batch/v1" }[kind] ?? "apps/v1";
    expect(found("CTR-006", object(`${group}:${kind}`, places[kind] ?? { spec: { template: inner } }))).toHaveLength(1);
    expect(found("CTR-006", object(`${group}:${kind}`, { elsewhere: inner }))).toEqual([]);
  },
);

test.each(["ConfigMap", "Secret", "CustomResourceDefinition"])("a %s holds data and no pods", (kind) => {
  const data = { x: { spec: { containers: [{ securityContext: { privileged: true } }] } } };
  expect(found("CTR-006", object(`core/v1:${kind}`, { data }))).toEqual([]);
  expect(found("CTR-006", object(`example.com/v1:${kind}`, { data }))).toHaveLength(1);
});

describe("a document that runs what it likes on machines", () => {
  const written = (content: unknown, type = "aws:ssm/document:Document") => found("GEN-001", resource(type, "x", { content })).length;

  test.each(
    (
      "runShellScript runPowerShellScript runDocument executeScript runCommand executeAutomation createStack runInstances configurePackage " +
      "applications downloadContent"
    ).split(" "),
  )("by aws:%s", (action) => {
    const steps = (name: string) => JSON.stringify({ mainSteps: [{ action: `aws:${name}` }] });
    expect([written(steps(action)), written(`mainSteps:\n- action: aws:${action}\n`)]).toEqual([1, 1]);
    expect([written(steps(`x${action}`)), written(steps("softwareInventory"))]).toEqual([0, 0]);
  });

  test.each(["commands", "script", "sourceInfo", "commandLine"])("an association by its parameter %s", (key) => {
    const by = (name: string) => found("GEN-001", resource("aws:ssm/association:Association", "x", { parameters: { [name]: "x" } })).length;
    expect([by(key), by(key.toUpperCase()), by(`${key}x`)]).toEqual([1, 1, 0]);
  });
});

test("the fixture itself is clean", () => {
  for (const rule of ["CTR-006", "K8S-003", "K8S-025"]) expect(found(rule, deployment)).toEqual([]);
});
