import { entries, records, text } from "./read/value.ts";
import { pss, type Rule } from "./rule.ts";

const allowed = new Set([
  "configMap",
  "csi",
  "downwardAPI",
  "emptyDir",
  "ephemeral",
  "image",
  "persistentVolumeClaim",
  "projected",
  "secret",
]);

/** Types of Kubernetes, and KubeVirt's file of the node: in an operator's own object, what else stands in a volume is its own. */
const refused = new Set(
  (
    "awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk gitRepo glusterfs hostDisk hostPath " +
    "iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
  ).split(" "),
);

export const volumeTypes: Rule = {
  id: "K8S-005",
  name: "volume-types",
  title: "A volume is of a type that Pod Security Standards do not allow",
  severity: "high",
  frameworks: [pss("restricted")],
  remediation: "Use a PersistentVolumeClaim.",
  reads: "volumes",
  platforms: ["kubernetes"],
  *workload({ spec, title, extent }) {
    const isWrong = (type: string) => (extent === "part" ? refused.has(type) : type !== "name" && !allowed.has(type));
    // One that is null is none: charts write so.
    for (const volume of records(spec.volumes))
      for (const [type, source] of entries(volume))
        if (isWrong(type) && source !== null && source !== undefined)
          yield `The ${title} must not have the volume "${text(volume.name) ?? ""}" of type ${type}.`;
  },
};
