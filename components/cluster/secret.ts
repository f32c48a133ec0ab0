import { Secret } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { Mount, SecretReference } from "../session-part.ts";
import type { ClusterLabels } from "./labels.ts";
import { clusterOf } from "./provider.ts";

/** The last part of the name of the Secret with a container's secret variables. */
export const environmentName = "environment";

/** The name of a Secret. @param of the stem of the name of what reads it */
export const secretName = (of: string, name: string): string => `${of}-${name}`;

/** What Secrets are made for. */
interface Reader {
  /** The stem of the name of what reads them. */
  readonly of: string;
  readonly labels: ClusterLabels;
}

/** The Secrets that mounts name, by the mounts' own names. */
export function secretsOf(
  name: string,
  mounts: readonly Mount[],
  reader: Reader,
  opts: { readonly parent: pulumi.Resource },
): ReadonlyMap<string, Secret> {
  return new Map(
    mounts.flatMap(({ source }) =>
      source.kind === "secret"
        ? [
            [
              source.name,
              toSecret(`${name}-${source.name}`, secretName(reader.of, source.name), source.files.reveal(), reader, opts),
            ] as const,
          ]
        : [],
    ),
  );
}

/** The Secret with a container's secret variables; undefined where it has none but what the cluster keeps. */
export function environmentSecret(
  name: string,
  variables: Readonly<Record<string, SecretReference>>,
  reader: Reader,
  opts: { readonly parent: pulumi.Resource },
): Secret | undefined {
  const entries = Object.entries(variables).filter(([, { kept }]) => kept === undefined);
  if (entries.length === 0) return undefined;
  const values = Object.fromEntries(entries.map(([key, value]) => [key, value.reveal()]));
  return toSecret(`${name}-${environmentName}`, secretName(reader.of, environmentName), values, reader, opts);
}

/** Its values are secret in plans and in the state; whoever may read the namespace's Secrets can read them. */
function toSecret(
  resource: string,
  name: string,
  values: Readonly<Record<string, string>>,
  { labels }: Reader,
  opts: { readonly parent: pulumi.Resource },
): Secret {
  const { namespace } = clusterOf(opts.parent);
  // Of stringData the cluster would keep a key that is no longer there, and with it the secret of an earlier form.
  const data = Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, pulumi.secret(Buffer.from(value).toString("base64"))]),
  );
  return new Secret(resource, { metadata: { name, namespace, labels: { ...labels } }, type: "Opaque", data }, opts);
}
