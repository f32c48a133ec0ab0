import { record, text } from "./read/value.ts";
import { about, advice, fsbp, type Rule } from "./rule.ts";

export const efsBackup: Rule = {
  id: "EFS-004",
  name: "efs-backup",
  title: "A file system is not backed up",
  severity: "medium",
  also: ["low"],
  frameworks: [fsbp("EFS.2"), fsbp("EFS.7")],
  remediation: "Add a backup policy, or select it in a plan of AWS Backup; use a key of your own and more than one zone.",
  reads: "efs.BackupPolicy, backup.Selection, backupPolicy, kmsKeyId, availabilityZoneName",
  kinds: ["aws:efs:FileSystem"],
  *resource({ name, props }) {
    if (!text(props.kmsKeyId)) yield advice(`The file system "${name}" must be encrypted with a key of your own.`);
    if (text(props.availabilityZoneName)) yield advice(`The file system "${name}" must be in more than one zone.`);
  },
  *stack(subjects) {
    const systems = subjects.filter(({ kind }) => kind === "aws:efs:FileSystem");
    const policies = subjects.filter(
      ({ kind, props }) => kind === "aws:efs:BackupPolicy" && text(record(props.backupPolicy).status) === "ENABLED",
    );
    const selections = subjects.filter(({ kind }) => kind === "aws:backup:Selection");
    for (const system of systems) {
      if (text(record(system.props.backupPolicy).status) === "ENABLED") continue;
      // What backs it up names the file system by what a preview does not know; its dependency on it is known.
      const isBackedUp =
        [...policies, ...selections].some(({ resource }) => resource.dependencies?.includes(system.resource.urn)) ||
        (systems.length === 1 && policies.length > 0);
      if (!isBackedUp) yield about(system, `The file system "${system.name}" must be backed up.`);
    }
  },
};
