import type { Subject } from "./read/subject.ts";
import { each, flag, isRecord, record, text } from "./read/value.ts";
import { about, type Rule } from "./rule.ts";

/** Whether a cluster records what is done in a session, and encrypts it. */
function isAudited(cluster: Subject): boolean {
  const settings = record(record(cluster.props.configuration).executeCommandConfiguration);
  const log = record(settings.logConfiguration);
  const isEncrypted =
    flag(log.cloudWatchEncryptionEnabled) === true || flag(log.s3BucketEncryptionEnabled ?? log.s3EncryptionEnabled) === true;
  return text(settings.logging)?.toUpperCase() === "OVERRIDE" && isEncrypted && Boolean(text(settings.kmsKeyId));
}

export const ecsExec: Rule = {
  id: "ECS-003",
  name: "ecs-exec",
  title: "Tasks can be entered without a record",
  severity: "medium",
  frameworks: [],
  remediation: "Turn it off: it also needs a writable root filesystem.",
  reads: "enableExecuteCommand, configuration.executeCommandConfiguration",
  *stack(subjects) {
    const clusters = subjects.filter(({ kind }) => kind === "aws:ecs:Cluster");
    yield* each(subjects, function* (service) {
      if (!/^aws:ecs:(Service|TaskSet|Run)$/.test(service.kind) || flag(service.props.enableExecuteCommand) !== true) return;
      if (clusters.length === 0 || !clusters.every(isAudited))
        yield about(service, `The service "${service.name}" must not let people into its tasks without an encrypted record.`);
    });
    for (const cluster of clusters)
      if (isRecord(record(cluster.props.configuration).executeCommandConfiguration) && !isAudited(cluster))
        yield about(cluster, `The cluster "${cluster.name}" must record and encrypt what people do in its tasks.`);
  },
};
