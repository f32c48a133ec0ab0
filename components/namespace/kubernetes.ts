import { ValidatingAdmissionPolicy, ValidatingAdmissionPolicyBinding } from "@pulumi/kubernetes/admissionregistration/v1/index.js";
import { LimitRange, Namespace, ResourceQuota } from "@pulumi/kubernetes/core/v1/index.js";
import { NetworkPolicy } from "@pulumi/kubernetes/networking/v1/index.js";
import * as pulumi from "@pulumi/pulumi";
import type { SessionNamespaceArgs } from "./args.ts";
import { toAdmissionBinding, toAdmissionPolicy, toDefaultDeny, toLimitRange, toNamespace, toResourceQuota } from "./objects.ts";

/**
 * The namespace of a stack's sessions, and what holds whatever runs in it: Pod Security, conditions for pods, a quota, limits and no
 * network but by a policy of its own.
 */
export class SessionNamespace extends pulumi.ComponentResource {
  /** What must be there before anything is made in the namespace. */
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, args: SessionNamespaceArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:kubernetes:SessionNamespace", name, {}, opts);
    const parent = { parent: this };
    // With a namespace goes all that is in it, claims included, which outlive their stack.
    const namespace = new Namespace(`${name}-namespace`, toNamespace(args), { ...parent, retainOnDelete: true });
    const within = { ...parent, dependsOn: [namespace] };
    const policy = new ValidatingAdmissionPolicy(`${name}-admission`, toAdmissionPolicy(args), parent);
    this.resources = [
      namespace,
      new NetworkPolicy(`${name}-default-deny`, toDefaultDeny(args), within),
      new ResourceQuota(`${name}-quota`, toResourceQuota(args), within),
      new LimitRange(`${name}-limits`, toLimitRange(args), within),
      new ValidatingAdmissionPolicyBinding(`${name}-admission-binding`, toAdmissionBinding(args), { ...parent, dependsOn: [policy] }),
    ];
    this.registerOutputs();
  }
}
