import { Plan } from "@pulumi/aws/backup/plan.js";
import { Selection } from "@pulumi/aws/backup/selection.js";
import { Vault } from "@pulumi/aws/backup/vault.js";
import { VaultLockConfiguration } from "@pulumi/aws/backup/vaultLockConfiguration.js";
import type { FileSystem } from "@pulumi/aws/efs/fileSystem.js";
import { Role } from "@pulumi/aws/iam/role.js";
import { RolePolicy } from "@pulumi/aws/iam/rolePolicy.js";
import * as pulumi from "@pulumi/pulumi";
import { accountOf } from "./account.ts";
import { planned } from "./planned.ts";
import { fargateOf } from "./provider.ts";
import { arnOf, document, serviceTrust, someAccount, type Statement } from "./roles.ts";
import { accountName, sharedTags } from "./tags.ts";

/** When a file system is backed up, and for how long that is kept. */
export interface StorageBackupArgs {
  readonly fileSystem: FileSystem;
  /** A schedule of AWS's, in UTC. */
  readonly schedule: string;
  /** Days. */
  readonly keep: number;
  /** Nobody removes a backup before so many days. @default whoever may remove backups does */
  readonly lock?: {
    readonly keepAtLeast: number;
    /** Days after which the lock itself cannot be opened any more, by anybody. @default whoever may opens it */
    readonly finalAfter?: number;
  };
}

/** Backups of what sessions keep. They outlive the stack: the vault is forgotten with it, and a person empties it. */
export class StorageBackup extends pulumi.ComponentResource {
  constructor(name: string, args: StorageBackupArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:StorageBackup", name, {}, opts);
    const parent = { parent: this };
    const place = fargateOf(this);
    const { fileSystem, schedule, keep, lock } = args;
    const tags = { ...sharedTags("backup") };
    // Its name is made up: the vault of an earlier stack may still be there.
    const vault = new Vault(
      `${name}-vault`,
      { ...(place.key !== undefined && { kmsKeyArn: place.key }), tags },
      { ...parent, retainOnDelete: true },
    );
    if (lock !== undefined)
      new VaultLockConfiguration(
        `${name}-lock`,
        {
          backupVaultName: vault.name,
          minRetentionDays: lock.keepAtLeast,
          ...(lock.finalAfter !== undefined && { changeableForDays: lock.finalAfter }),
        },
        // The vault has one lock, so a new one must not go with the old. A final one nobody removes, and it outlives the stack as the vault does.
        { ...parent, deleteBeforeReplace: true, retainOnDelete: lock.finalAfter !== undefined },
      );
    const plan = new Plan(
      `${name}-plan`,
      {
        name: accountName(place, "backup"),
        rules: [
          {
            ruleName: "sessions",
            targetVaultName: vault.name,
            schedule,
            startWindow: 60,
            completionWindow: 360,
            lifecycle: { deleteAfter: keep },
          },
        ],
        tags,
      },
      parent,
    );
    const { role, rights } = this.#keeper(name, fileSystem);
    new Selection(
      `${name}-selection`,
      { name: "storage", planId: plan.id, iamRoleArn: role.arn, resources: [fileSystem.arn] },
      { ...parent, dependsOn: [fileSystem, rights] },
    );
    this.registerOutputs();
  }

  /**
   * As whom AWS Backup reads the file system. It says for which account it takes the role; for which plan or vault AWS documents nowhere,
   * and a role that it cannot take is no backup at all.
   *
   * @see https://docs.aws.amazon.com/aws-backup/latest/devguide/cross-service-confused-deputy-prevention.html
   */
  #keeper(name: string, fileSystem: StorageBackupArgs["fileSystem"]): { role: Role; rights: RolePolicy } {
    const parent = { parent: this };
    const place = fargateOf(this);
    const called = accountName(place, "backup");
    const trust = pulumi.output(accountOf(this)).apply((account) => serviceTrust({ ...place, account }, "backup"));
    const role = new Role(`${name}-role`, { name: called, assumeRolePolicy: trust, tags: { ...sharedTags("backup") } }, parent);
    const shown = { ...place, account: someAccount(place) };
    const system = planned(fileSystem.arn, arnOf(shown, "elasticfilesystem", `file-system/fs-${place.stack}`));
    const policy = system.apply((arn) => document(toBackupRights(arn, arnOf(place, "backup", "backup-vault:*"))));
    return { role, rights: new RolePolicy(`${name}-rights`, { name: "own", role: role.name, policy }, parent) };
  }
}

/** @see https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSBackupServiceRolePolicyForBackup.html of which this is the part for a file system */
const toBackupRights = (fileSystem: string, vaults: string): Statement[] => [
  { Effect: "Allow", Action: ["elasticfilesystem:Backup", "elasticfilesystem:DescribeTags"], Resource: fileSystem },
  { Effect: "Allow", Action: ["backup:CopyIntoBackupVault", "backup:DescribeBackupVault"], Resource: vaults },
];
