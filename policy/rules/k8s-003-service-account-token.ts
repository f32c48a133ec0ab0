import { nameOf, namespaceOf } from "./read/kubernetes.ts";
import { each, flag, isRecord, type Props, record, records, text, texts } from "./read/value.ts";
import { type Workload, workloadsOf } from "./read/workload.ts";
import { about, type Found, type Rule, type Settings } from "./rule.ts";

/** Audiences that the cluster's own API answers to; a token for another is of no use there. */
const ofCluster = /^(|api|kubernetes|k3s|rke2|https:\/\/kubernetes\.default(\.svc(\.[\w.-]+)?)?(:\d+)?\/?)$/;

function* projected(spec: Props, title: string): Iterable<Found> {
  for (const volume of records(spec.volumes))
    for (const source of records(record(volume.projected).sources))
      for (const kind of ["serviceAccountToken", "clusterTrustBundle", "podCertificate"]) {
        if (!isRecord(source[kind])) continue;
        if (kind === "serviceAccountToken" && !ofCluster.test(text(record(source[kind]).audience) ?? "")) continue;
        yield `The ${title} must not project a ${kind}.`;
      }
}

/** Whether a setting names a workload that works with the cluster's API, with an account of its own. */
function isController({ subject, spec }: Workload, settings: Settings): boolean {
  const account = text(spec.serviceAccountName) ?? text(spec.serviceAccount) ?? "default";
  return account !== "default" && [...texts(settings.controllers)].includes(subject.name);
}

export const serviceAccountToken: Rule = {
  id: "K8S-003",
  name: "service-account-token",
  title: "A pod is given a token for the cluster",
  severity: "medium",
  frameworks: [],
  remediation: "Set automountServiceAccountToken to false.",
  reads: "automountServiceAccountToken of pods and service accounts, projected volumes",
  admission: {
    // The API server has added the token of an account by the time that this is asked.
    expression: `!(has(object.spec.automountServiceAccountToken) && object.spec.automountServiceAccountToken) && (!has(object.spec.volumes) || object.spec.volumes.all(v, !has(v.projected) || !has(v.projected.sources) || v.projected.sources.all(s, !has(s.clusterTrustBundle) && !has(s.podCertificate) && (!has(s.serviceAccountToken) || (has(s.serviceAccountToken.audience) && !s.serviceAccountToken.audience.matches(r"${ofCluster.source}"))))))`,
    message: "The pod must not be given a token for the cluster.",
  },
  platforms: ["kubernetes"],
  settings: {
    controllers: {
      type: "array",
      items: { type: "string" },
      description: "Names of the resources that work with the cluster's API. Each has a service account of its own.",
      default: [],
    },
  },
  *workload(workload, settings) {
    const { spec, title } = workload;
    if (isController(workload, settings)) return;
    if (flag(spec.automountServiceAccountToken) === true) yield `The ${title} must not mount a service account's token.`;
    yield* projected(spec, title);
  },
  // Where the pod says nothing, its service account decides.
  *stack(subjects, settings) {
    const refusing = new Set<string>();
    for (const subject of subjects)
      if (subject.kind === "kubernetes:ServiceAccount" && flag(subject.props.automountServiceAccountToken) === false)
        refusing.add(`${namespaceOf(subject)}/${nameOf(subject)}`);
    yield* each(subjects, function* (subject) {
      for (const workload of workloadsOf(subject)) {
        const { platform, spec, title } = workload;
        if (platform !== "kubernetes" || flag(spec.automountServiceAccountToken) !== undefined) continue;
        if (isController(workload, settings)) continue;
        const account = text(spec.serviceAccountName) ?? text(spec.serviceAccount) ?? "default";
        if (!refusing.has(`${namespaceOf(subject)}/${account}`))
          yield about(subject, `The ${title} must set automountServiceAccountToken to false, or its service account must.`);
      }
    });
  },
};
