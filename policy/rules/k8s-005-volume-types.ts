import { entries, records, text } from "./read/value.ts";
import { pss, type Rule } from "./rule.ts";

/** Types of the node's own in KubeVirt's virtual machines are refused like Kubernetes' own; these hold data. */
const ofMachines =
  "containerDisk cloudInitNoCloud cloudInitConfigDrive dataVolume downwardMetrics emptyDisk memoryDump serviceAccount sysprep".split(" ");

const allowed = new Set([
  ...ofMachines,
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

export const volumeTypes: Rule = {
  id: "K8S-005",
  name: "volume-types",
  title: "A volume is of a type that Pod Security Standards do not allow",
  severity: "high",
  frameworks: [pss("restricted")],
  remediation: "Use a PersistentVolumeClaim.",
  reads: "volumes",
  platforms: ["kubernetes"],
  *workload({ spec, title }) {
    // One that is null is none: charts write so.
    for (const volume of records(spec.volumes))
      for (const [type, source] of entries(volume))
        if (type !== "name" && !allowed.has(type) && source !== null && source !== undefined)
          yield `The ${title} must not have the volume "${text(volume.name) ?? ""}" of type ${type}.`;
  },
};
