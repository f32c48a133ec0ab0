import { metadataOf, nameOf } from "./read/kubernetes.ts";
import { record, text } from "./read/value.ts";
import { graded, pss, type Rule } from "./rule.ts";

const enforce = "pod-security.kubernetes.io/enforce";

/** Namespaces of the cluster itself. A user's own namespace may begin with kube- as well. */
const ofCluster = new Set(["kube-system", "kube-public", "kube-node-lease"]);

/** Older standards leave out what newer ones found; `latest` follows the cluster. */
function isRecent(version: string | undefined): boolean {
  const minor = /^v?1\.(\d+)$/.exec(version ?? "")?.[1];
  return version === undefined || version === "latest" || (minor !== undefined && Number(minor) >= 35);
}

export const podSecurityLabels: Rule = {
  id: "K8S-002",
  name: "pod-security-labels",
  title: "The namespace does not enforce Pod Security Standards",
  severity: "medium",
  also: ["high"],
  frameworks: [pss("restricted")],
  remediation: `Label it ${enforce}: restricted.`,
  reads: "the labels of a Namespace",
  automatic: true,
  kinds: ["kubernetes:Namespace"],
  *resource(namespace) {
    if (ofCluster.has(nameOf(namespace))) return;
    const labels = record(metadataOf(namespace).labels);
    const level = text(labels[enforce]);
    if (namespace.isPatch && level === undefined) return;
    if (level === "privileged") yield graded("high", `The namespace "${namespace.name}" must not allow privileged pods.`);
    else if (level !== "restricted") yield `The namespace "${namespace.name}" must enforce the restricted Pod Security Standard.`;
    if (!isRecent(text(labels[`${enforce}-version`])))
      yield `The namespace "${namespace.name}" must enforce the latest Pod Security Standard, or one of 1.35 on.`;
  },
};
