import { Secret } from "@pulumi/aws/secretsmanager/secret.js";
import { SecretVersion } from "@pulumi/aws/secretsmanager/secretVersion.js";
import * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import type { Mount, SecretReference } from "../session-part.ts";
import { planned } from "./planned.ts";
import { fargateOf } from "./provider.ts";
import { arnOf, someAccount } from "./roles.ts";
import { secretName, type Tags } from "./tags.ts";
import type { HardenedContainer, Step } from "./task.ts";

/** How secrets come to containers: Fargate reads them from Secrets Manager and hands each over as a variable, by its key. */

/** Where Fargate finds the values of a container's secret variables, by the variables' names. */
export type ValuesFrom = Readonly<Record<string, pulumi.Output<string>>>;

/** What a secret is kept for. */
interface Kept {
  /** What paths name its reader by; see HardenedTask. */
  readonly of: string;
  readonly tags: Tags;
  /** What it is: `auth`. */
  readonly what: string;
}

/**
 * Keeps texts in one secret. A task definition names the version, so that another text is another task of this reader and of none else.
 *
 * The name goes on with an ending that AWS chooses: a secret that is removed can be brought back for some days, and keeps its name for
 * as long.
 */
function keep(name: string, values: Readonly<Record<string, string>>, { of, tags, what }: Kept, parent: pulumi.Resource): ValuesFrom {
  const place = fargateOf(parent);
  const namePrefix = `${secretName(place, of, what)}-`;
  const secret = new Secret(
    `${name}-${what}`,
    { namePrefix, ...(place.key !== undefined && { kmsKeyId: place.key }), recoveryWindowInDays: 7, tags: { ...tags } },
    { parent },
  );
  const version = new SecretVersion(
    `${name}-${what}-version`,
    { secretId: secret.id, secretString: pulumi.secret(JSON.stringify(values)) },
    // The revision before names the version before; AWS itself forgets older ones, and all of them with the secret.
    { parent, retainOnDelete: true },
  );
  const arn = planned(version.arn, arnOf({ ...place, account: someAccount(place) }, "secretsmanager", `secret:${namePrefix}…`));
  const id = planned(version.versionId, "version");
  return Object.fromEntries(Object.keys(values).map((key) => [key, pulumi.interpolate`${arn}:${key}::${id}`]));
}

/** The secret variables of a container. */
export function variablesOf(
  name: string,
  variables: Readonly<Record<string, SecretReference>>,
  kept: Kept,
  parent: pulumi.Resource,
): ValuesFrom {
  const values = Object.fromEntries(Object.entries(variables).map(([key, value]) => [key, value.reveal()]));
  return Object.keys(values).length === 0 ? {} : keep(name, values, kept, parent);
}

/**
 * Whoever writes files that are secret: another user than any session has (Debian's nobody), so that a session cannot write where they
 * lie, though it has them not.
 */
const writer = 65_534;

/** A container that writes the secret files of another one, and ends before it starts. */
export interface Written {
  readonly step: Step;
  readonly from: ValuesFrom;
}

/** @returns nothing where it reads no secret as a file */
export function writtenFor(
  name: string,
  reader: HardenedContainer,
  kept: Omit<Kept, "what">,
  parent: pulumi.Resource,
): Written | undefined {
  const secrets = reader.mounts.flatMap(({ target, source }) =>
    source.kind === "secret" ? [{ target, what: source.name, files: Object.entries(source.files.reveal()) }] : [],
  );
  if (secrets.length === 0) return undefined;
  const named = secrets.map(({ target, what, files }) => ({
    what,
    values: files.map(([file, content], index) => ({
      variable: `FILE_${what.toUpperCase().replace(/\W/g, "_")}_${index}`,
      path: `${target}/${file}`,
      content,
    })),
  }));
  const from = Object.assign(
    {},
    ...named.map(({ what, values }) =>
      keep(name, Object.fromEntries(values.map(({ variable, content }) => [variable, content])), { ...kept, what }, parent),
    ),
  ) as ValuesFrom;
  const lines = named.flatMap(({ values }) => values.map(({ variable, path }) => `printf %s "$${variable}" > '${path}'`));
  const mounts = reader.mounts.filter(({ source }) => source.kind === "secret").map((mount): Mount => ({ ...mount, readOnly: false }));
  const step = {
    name: `${reader.name}-secrets`,
    image: reader.image,
    user: [writer, baseline.user.gid] as const,
    program: ["/bin/sh", "-euc", ["umask 0222", ...lines].join("\n")],
    environment: {},
    mounts,
    essential: false,
  };
  return { step, from };
}
