import { CustomResource } from "@pulumi/kubernetes/apiextensions/index.js";
import { ConfigMap } from "@pulumi/kubernetes/core/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import { stackLabels } from "../cluster/labels.ts";
import { clusterOf } from "../cluster/provider.ts";
import { type Owner, serviceName } from "../session.ts";
import { stackOf } from "./args.ts";
import { toClusterRules } from "./cluster-rules.ts";
import { toPrometheusRule } from "./prometheus-rules.ts";

/** What a cluster's own Prometheus is told of one stack's sessions. */
export interface ClusterMonitoringArgs extends Owner {
  /** The strategy's name, which figures and alerts carry. */
  readonly strategy: string;
  /** An object that Prometheus Operator reads, which the cluster must know; or a file for whatever mounts it. @default configmap */
  readonly form?: "operator" | "configmap";
}

/** The file of rules in the ConfigMap. JSON is YAML. */
export const rulesFile = "agent-sessions.rules.yaml";

/** The alerts of a stack's sessions, for the Prometheus that the cluster has. */
export class Monitoring extends pulumi.ComponentResource {
  constructor(name: string, args: ClusterMonitoringArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:Monitoring", name, {}, opts);
    const { namespace } = clusterOf(this);
    const metadata = { name: serviceName(args, "alerts"), namespace, labels: { ...stackLabels(args) } };
    const rules = toClusterRules({ namespace, labels: stackOf(args) });
    const parent = { parent: this };
    if (args.form === "operator") new CustomResource(`${name}-rules`, toPrometheusRule(metadata, rules), parent);
    else new ConfigMap(`${name}-rules`, { metadata, data: { [rulesFile]: JSON.stringify(rules, null, 2) } }, parent);
    this.registerOutputs();
  }
}
