import type { Registration } from "../../../stacks/recorder/program.ts";
import { revealSecrets } from "../../../stacks/recorder/secret-inputs.ts";
import { mark } from "./request.ts";

/** IAM documents as they are once AWS has named what they are about. */

/** What the ARN of a resource looks like, by its type. */
const arns: Readonly<Record<string, (name: string) => string>> = {
  "aws:efs/fileSystem:FileSystem": () => "elasticfilesystem:eu-central-1:123456789012:file-system/fs-0a1b2c3d",
  "aws:efs/accessPoint:AccessPoint": (name) => `elasticfilesystem:eu-central-1:123456789012:access-point/fsap-${name}`,
  "aws:backup/vault:Vault": (name) => `backup:eu-central-1:123456789012:backup-vault:${name}`,
  "aws:secretsmanager/secret:Secret": (name) => `secretsmanager:eu-central-1:123456789012:secret:${name}-AbCdEf`,
  "aws:cloudwatch/logGroup:LogGroup": (name) => `logs:eu-central-1:123456789012:log-group:${name}`,
  "aws:ecr/repository:Repository": (name) => `ecr:eu-central-1:123456789012:repository/${name}`,
};

/** The ARN of a resource; nothing where nobody knows what it looks like. */
export const arnOf = ({ type, name }: Pick<Registration, "type" | "name">): string | undefined =>
  arns[type] && `arn:aws:${arns[type](name)}`;

/** What the policies of roles allow, by the role and the resource's name. */
export function roleDocuments(
  registrations: readonly Registration[],
): { readonly role: string; readonly name: string; readonly text: string }[] {
  return registrations.flatMap(({ type, name, inputs }) => {
    if (type !== "aws:iam/rolePolicy:RolePolicy") return [];
    const { policy, role } = revealSecrets(inputs) as { policy: string; role: string };
    return [{ role, name, text: named(policy, registrations) }];
  });
}

/** A text with ARNs in the place of marks. */
export function named(text: string, registrations: readonly Registration[]): string {
  return registrations.reduce((filled, registration) => {
    const arn = arnOf(registration);
    return arn === undefined ? filled : filled.replaceAll(mark(registration.name, "arn"), arn);
  }, text);
}
