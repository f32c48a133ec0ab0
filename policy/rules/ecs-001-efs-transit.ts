import { isRecord, record, records, text } from "./read/value.ts";
import { fsbp, graded, nist, type Rule } from "./rule.ts";

export const efsTransit: Rule = {
  id: "ECS-001",
  name: "efs-transit",
  title: "An EFS volume is mounted without TLS or without authorization",
  severity: "high",
  also: ["medium"],
  frameworks: [fsbp("ECS.18"), nist("4.5.5")],
  remediation: "Set transitEncryption to ENABLED, with an access point and IAM.",
  reads: "volumes[].efsVolumeConfiguration",
  automatic: true,
  platforms: ["ecs"],
  *workload({ spec, title }) {
    for (const volume of records(spec.volumes)) {
      if (!isRecord(volume.efsVolumeConfiguration)) continue;
      const { transitEncryption, authorizationConfig } = record(volume.efsVolumeConfiguration);
      const { iam, accessPointId } = record(authorizationConfig);
      const name = `the EFS volume "${text(volume.name) ?? ""}"`;
      if (text(transitEncryption)?.toUpperCase() !== "ENABLED") yield `The ${title} must mount ${name} with TLS.`;
      if (text(iam)?.toUpperCase() !== "ENABLED" && !text(accessPointId))
        yield graded("medium", `The ${title} must mount ${name} with IAM or an access point.`);
    }
  },
};
