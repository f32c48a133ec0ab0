import { ResolverFirewallConfig } from "@pulumi/aws/route53/resolverFirewallConfig.js";
import { ResolverFirewallDomainList } from "@pulumi/aws/route53/resolverFirewallDomainList.js";
import { ResolverFirewallRule } from "@pulumi/aws/route53/resolverFirewallRule.js";
import { ResolverFirewallRuleGroup } from "@pulumi/aws/route53/resolverFirewallRuleGroup.js";
import { ResolverFirewallRuleGroupAssociation } from "@pulumi/aws/route53/resolverFirewallRuleGroupAssociation.js";
import * as pulumi from "@pulumi/pulumi";
import { fargateOf } from "./provider.ts";
import { clusterName, sharedTags } from "./tags.ts";

export interface DnsFirewallArgs {
  readonly vpc: pulumi.Input<string>;
  /** Names that are answered: whole ones, or `*.` and a suffix for every name below it. */
  readonly names: readonly string[];
}

/**
 * Names that a VPC's resolver answers, and no other: a security group lets every question to the resolver pass, and what is asked for
 * can be a message to whoever answers for the name.
 *
 * It is one for a VPC, so what one session's list names is answered to all of them; nothing is reached by that.
 *
 * @see https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/resolver-dns-firewall-overview.html
 */
export class DnsFirewall extends pulumi.ComponentResource {
  readonly resources: readonly pulumi.Resource[];

  constructor(name: string, { vpc, names }: DnsFirewallArgs, opts?: pulumi.ComponentResourceOptions) {
    super("agent-sessions:ecs:DnsFirewall", name, {}, opts);
    const parent = { parent: this };
    const stem = clusterName(fargateOf(this)).replaceAll(/[^\w-]/g, "_");
    const tags = { ...sharedTags("dns-firewall") };
    const list = (what: string, domains: readonly string[]) =>
      new ResolverFirewallDomainList(`${name}-${what}`, { name: `${stem}-${what}`, domains: [...domains], tags }, parent);
    const group = new ResolverFirewallRuleGroup(`${name}-rules`, { name: stem, tags }, parent);
    const rule = (what: string, list: ResolverFirewallDomainList, priority: number, action: typeof answered | typeof others) =>
      new ResolverFirewallRule(
        `${name}-${what}-rule`,
        { name: `${stem}-${what}`, firewallRuleGroupId: group.id, firewallDomainListId: list.id, priority, ...action },
        parent,
      );
    const rules = [
      rule("answered", list("answered", [...new Set(names)].sort()), 1, answered),
      rule("others", list("others", ["*"]), 2, others),
    ];
    const association = new ResolverFirewallRuleGroupAssociation(
      `${name}-association`,
      { name: stem, firewallRuleGroupId: group.id, vpcId: vpc, priority: 101, mutationProtection: "DISABLED", tags },
      { ...parent, dependsOn: rules },
    );
    const config = new ResolverFirewallConfig(`${name}-config`, { resourceId: vpc, firewallFailOpen: "DISABLED" }, parent);
    this.resources = [association, config];
    this.registerOutputs();
  }
}

/** Where an answer leads on to another name, that one is the business of whoever answers for the first. */
const answered = { action: "ALLOW", firewallDomainRedirectionAction: "TRUST_REDIRECTION_DOMAIN" } as const;
const others = { action: "BLOCK", blockResponse: "NXDOMAIN" } as const;
