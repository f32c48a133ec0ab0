import { nameOf, namespaceOf } from "./read/kubernetes.ts";
import { each, flag, isRecord, record, records, text } from "./read/value.ts";
import { workloadsOf } from "./read/workload.ts";
import { about, type Rule } from "./rule.ts";

export const serviceAccountToken: Rule = {
  id: "K8S-003",
  name: "service-account-token",
  title: "A pod is given a token for the cluster",
  severity: "medium",
  frameworks: [],
  remediation: "Set automountServiceAccountToken to false.",
  reads: "automountServiceAccountToken of pods and service accounts, projected volumes",
  automatic: true,
  platforms: ["kubernetes"],
  *workload({ spec, title }) {
    if (flag(spec.automountServiceAccountToken) === true) yield `The ${title} must not mount a service account's token.`;
    for (const volume of records(spec.volumes))
      for (const source of records(record(volume.projected).sources))
        for (const kind of ["serviceAccountToken", "clusterTrustBundle", "podCertificate"])
          if (isRecord(source[kind])) yield `The ${title} must not project a ${kind}.`;
  },
  // Where the pod says nothing, its service account decides.
  *stack(subjects) {
    const refusing = new Set<string>();
    for (const subject of subjects)
      if (subject.kind === "kubernetes:ServiceAccount" && flag(subject.props.automountServiceAccountToken) === false)
        refusing.add(`${namespaceOf(subject)}/${nameOf(subject)}`);
    yield* each(subjects, function* (subject) {
      for (const { platform, spec, title } of workloadsOf(subject)) {
        if (platform !== "kubernetes" || flag(spec.automountServiceAccountToken) !== undefined) continue;
        const account = text(spec.serviceAccountName) ?? text(spec.serviceAccount) ?? "default";
        if (!refusing.has(`${namespaceOf(subject)}/${account}`))
          yield about(subject, `The ${title} must set automountServiceAccountToken to false, or its service account must.`);
      }
    });
  },
};
