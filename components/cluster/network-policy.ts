import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/index.js";
import type * as pulumi from "@pulumi/pulumi";
import { type PolicyArgs, type Selector, toNamePolicy, toNetworkPolicy } from "../isolated-network/policy.ts";
import type { SessionOwner } from "../session.ts";
import { type ClusterLabels, selectorOf, servingLabels, sessionLabels } from "./labels.ts";
import { clusterOf } from "./provider.ts";

/** Makes the policies that say what pods may connect to, and who to them; of a network that knows names one more. */
export function networkPolicies(
  resource: string,
  { name, labels }: { readonly name: string; readonly labels: ClusterLabels },
  args: PolicyArgs,
  opts: { readonly parent: pulumi.Resource },
): pulumi.Resource[] {
  const cluster = clusterOf(opts.parent);
  const metadata = { name, namespace: cluster.namespace, labels: { ...labels } };
  const named = toNamePolicy(args, cluster);
  return [
    new NetworkPolicy(`${resource}-policy`, { metadata, spec: toNetworkPolicy(args, cluster) }, opts),
    ...(named === undefined ? [] : [new CustomResource(`${resource}-names`, { ...named, metadata }, opts)]),
  ];
}

/** The pods of a session. */
export const podsOf = (owner: SessionOwner): Selector => ({ matchLabels: { ...selectorOf(sessionLabels(owner, "session")) } });

/** The pods of what stands beside a session. @param kind that of the companion */
export const podsServing = (owner: SessionOwner, kind: string): Selector => ({
  matchLabels: { ...selectorOf(servingLabels(owner, kind)) },
});
