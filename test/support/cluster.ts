import type * as pulumi from "@pulumi/pulumi";
import { type Cluster, ClusterProvider } from "../../components/cluster/provider.ts";
import type { Properties, Registration } from "../../stacks/recorder/program.ts";

const GiB = 1024 ** 3;

/** A cluster as its strategy describes one when settings say no more than its name. */
export const cluster: Cluster = {
  context: "test",
  namespace: "agent-sessions-test",
  claims: { workspace: 20 * GiB, session: 5 * GiB, logs: GiB, repository: 10 * GiB },
  spread: { over: "kubernetes.io/hostname" },
  failureRecovery: { after: 60 },
};

/** Options of what is made on a cluster. */
export const onCluster = (more: Partial<Cluster> = {}): pulumi.ComponentResourceOptions => ({
  provider: new ClusterProvider("cluster", { ...cluster, ...more }),
});

/** What a cluster makes of what is asked for: a Service has an address. */
export function asCluster({ type, inputs }: Registration): Properties {
  return type.endsWith(":Service") ? { ...inputs, spec: { ...(inputs.spec as object), clusterIP: "10.96.0.9" } } : inputs;
}
