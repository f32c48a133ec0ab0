import { opaqueOnAws } from "./read/aws-opaque.ts";
import { isCustom } from "./read/kubernetes-objects.ts";
import type { Subject } from "./read/subject.ts";
import { isRecord, knownEntries, mustBeKnown, type Props, texts } from "./read/value.ts";
import { advice, type Found, type Rule } from "./rule.ts";

/** Types behind which a workload runs that no rule can see. */
const opaque = /^(kubernetes:(helm\.sh\/)?Release|command:.*|pulumi-(nodejs|python):dynamic.*)$/;

/**
 * Objects that have a controller install others from a chart, a repository or a text. Those that hold the others as objects
 * (a manifest work, a template) are opened instead.
 */
const installers =
  /^kubernetes:(helm\.toolkit\.fluxcd\.io\/HelmRelease|kustomize\.toolkit\.fluxcd\.io\/Kustomization|argoproj\.io\/Application(Set)?|helm\.cattle\.io\/.*|fleet\.cattle\.io\/(Bundle|GitRepo|HelmOp)|helm\.(m\.)?crossplane\.io\/Release|pkg\.crossplane\.io\/.*|apiextensions\.crossplane\.io\/Composition|olm\.operatorframework\.io\/(ClusterExtension|ClusterCatalog)|operators\.coreos\.com\/(Subscription|CatalogSource)|addons\.cluster\.x-k8s\.io\/.*|kro\.run\/ResourceGraphDefinition|apps\.open-cluster-management\.io\/Subscription|kappctrl\.k14s\.io\/App|packaging\.carvel\.dev\/PackageInstall|helm\.k0sproject\.io\/Chart)$/;

/** Packages whose resources the rules know, or that run nothing. */
const known = ["agent-sessions", "aws", "aws-native", "docker", "docker-build", "kubernetes", "pulumi", "random", "tls", "time", "std"];

/** A text that changes pods after everybody has looked at them (Argo Workflows), at any depth. */
function patchesPods(value: object): boolean {
  for (const [key, inner] of knownEntries(value)) {
    if (key === "podSpecPatch" && typeof inner === "string" && inner !== "") return true;
    if (typeof inner === "object" && inner !== null && patchesPods(inner)) return true;
  }
  return false;
}

/** Whether a Kyverno policy makes objects. */
function generates(value: object): boolean {
  for (const [key, inner] of knownEntries(value)) {
    if (key === "generate" && isRecord(inner)) return true;
    if (typeof inner === "object" && inner !== null && generates(inner)) return true;
  }
  return false;
}

/** What an object of an added API may run where it is not known yet; its own names and state are no matter. */
function mustBeReadable(props: Props): void {
  for (const key of Object.keys(props)) if (key !== "metadata" && key !== "status") mustBeKnown(props[key]);
}

const groupOf = (kind: string): string => kind.slice("kubernetes:".length).split("/")[0] ?? "";

function isOpaque({ kind, props }: Subject): boolean {
  if (opaque.test(kind) || installers.test(kind)) return true;
  return isCustom(kind) && (patchesPods(props) || (groupOf(kind) === "kyverno.io" && generates(props)));
}

function* onAws(subject: Subject): Iterable<Found> {
  const fault = opaqueOnAws(subject);
  if (fault) yield `The resource "${subject.name}" must ${fault}.`;
}

export const opaqueWorkload: Rule = {
  id: "GEN-001",
  name: "opaque-workload",
  title: "A workload is hidden behind a type that no rule can look into",
  severity: "high",
  also: ["low"],
  frameworks: [],
  remediation: "Use the platform's own types; a chart can be rendered (helm.v4.Chart) so that each object is seen.",
  reads:
    "the resource's type, userData, launchSpecifications, the content of an SSM document, podSpecPatch, all of an object of an added Kubernetes API",
  settings: {
    trustedTypes: {
      type: "array",
      items: { type: "string" },
      description: "Types that somebody has looked into.",
      default: [],
    },
    knownPackages: {
      type: "array",
      items: { type: "string" },
      description: "Packages that run no containers.",
      default: [],
    },
    knownGroups: {
      type: "array",
      items: { type: "string" },
      description:
        "API groups added to Kubernetes whose objects run no containers, so that nothing in them has to be known before the update.",
      default: [
        "acme.cert-manager.io",
        "bitnami.com",
        "cert-manager.io",
        "cilium.io",
        "crd.projectcalico.org",
        "external-secrets.io",
        "externaldns.k8s.io",
        "karpenter.k8s.aws",
        "karpenter.sh",
        "metallb.io",
        "networking.istio.io",
        "projectcalico.org",
        "route.openshift.io",
        "secrets-store.csi.x-k8s.io",
        "security.istio.io",
        "traefik.io",
      ],
    },
  },
  *resource(subject, settings) {
    const { resource, kind, name, props } = subject;
    const trusted = [...texts(settings.trustedTypes)];
    if (trusted.includes(resource.type) || trusted.includes(kind)) return;
    const provider = kind.split(":")[0] ?? "";
    if (isOpaque(subject))
      yield `The resource "${name}" must be of a type that rules can look into, not ${opaque.test(kind) ? resource.type : kind}.`;
    else if (kind.startsWith("aws:")) yield* onAws(subject);
    else if (resource.custom === true && ![...known, ...texts(settings.knownPackages)].includes(provider))
      yield advice(`The resource "${name}" must be looked at by somebody: no rule knows the package ${provider}.`);
    else if (isCustom(kind) && ![...texts(settings.knownGroups)].includes(groupOf(kind))) mustBeReadable(props);
  },
};
