import { type AwsRequest, type Fields, inputsOf, mark, type Making, present, tagList, tagSpecifications } from "./request.ts";

/** How the provider asks for networks, and for names in them. */

/** Most things of EC2: one request, whose answer has the thing by its name. */
const made =
  (kind: string, resourceType: string, id: string, ...without: readonly string[]): Making =>
  (inputs) => [
    {
      operation: `ec2.Create${kind}`,
      input: { ...inputsOf(inputs, "tags", ...without), ...tagSpecifications(resourceType, inputs.tags) },
      brings: { id },
    },
  ];

/** A rule of a security group, of its own. */
const rule =
  (direction: "Ingress" | "Egress"): Making =>
  ({
    securityGroupId,
    description: Description,
    ipProtocol,
    fromPort,
    toPort,
    referencedSecurityGroupId,
    cidrIpv4,
    prefixListId,
    tags,
  }) => [
    {
      operation: `ec2.AuthorizeSecurityGroup${direction}`,
      input: {
        GroupId: securityGroupId,
        IpPermissions: [
          present({
            IpProtocol: ipProtocol,
            FromPort: fromPort,
            ToPort: toPort,
            UserIdGroupPairs: referencedSecurityGroupId && [present({ GroupId: referencedSecurityGroupId, Description })],
            IpRanges: cidrIpv4 && [present({ CidrIp: cidrIpv4, Description })],
            PrefixListIds: prefixListId && [present({ PrefixListId: prefixListId, Description })],
          }),
        ],
        ...tagSpecifications("security-group-rule", tags),
      },
    },
  ];

const named = (inputs: Fields, name: string): Fields => ({
  CreatorRequestId: name,
  ...inputsOf(inputs, "tags"),
  Tags: tagList(inputs.tags),
});

const endpoint: Making = ({ policy, tags, ...inputs }) => [
  {
    operation: "ec2.CreateVpcEndpoint",
    input: { ...inputsOf(inputs), ...present({ PolicyDocument: policy }), ...tagSpecifications("vpc-endpoint", tags) },
    brings: { id: "VpcEndpoint.VpcEndpointId" },
  },
];

const vpc: Making = ({ cidrBlock, enableDnsHostnames, enableDnsSupport, tags }, name): AwsRequest[] => {
  const VpcId = mark(name, "id");
  return [
    {
      operation: "ec2.CreateVpc",
      input: { CidrBlock: cidrBlock, ...tagSpecifications("vpc", tags) },
      brings: { id: "Vpc.VpcId" },
    },
    { operation: "ec2.ModifyVpcAttribute", input: { VpcId, EnableDnsSupport: { Value: enableDnsSupport } } },
    { operation: "ec2.ModifyVpcAttribute", input: { VpcId, EnableDnsHostnames: { Value: enableDnsHostnames } } },
    {
      operation: "ec2.DescribeSecurityGroups",
      input: { Filters: [{ Name: "vpc-id", Values: [VpcId] }] },
      brings: { defaultSecurityGroupId: "SecurityGroups[0].GroupId" },
    },
  ];
};

export const network: Readonly<Record<string, Making>> = {
  "aws:ec2/vpc:Vpc": vpc,
  "aws:ec2/subnet:Subnet": ({ mapPublicIpOnLaunch, ...inputs }, name) => [
    ...made("Subnet", "subnet", "Subnet.SubnetId")(inputs, name),
    { operation: "ec2.ModifySubnetAttribute", input: { SubnetId: mark(name, "id"), MapPublicIpOnLaunch: { Value: mapPublicIpOnLaunch } } },
  ],
  "aws:ec2/internetGateway:InternetGateway": ({ vpcId, ...inputs }, name) => [
    ...made("InternetGateway", "internet-gateway", "InternetGateway.InternetGatewayId")(inputs, name),
    { operation: "ec2.AttachInternetGateway", input: { InternetGatewayId: mark(name, "id"), VpcId: vpcId } },
  ],
  "aws:ec2/eip:Eip": ({ domain, tags }) => [
    {
      operation: "ec2.AllocateAddress",
      input: { Domain: domain, ...tagSpecifications("elastic-ip", tags) },
      brings: { id: "AllocationId", allocationId: "AllocationId" },
    },
  ],
  "aws:ec2/natGateway:NatGateway": made("NatGateway", "natgateway", "NatGateway.NatGatewayId"),
  "aws:ec2/routeTable:RouteTable": made("RouteTable", "route-table", "RouteTable.RouteTableId", "routes"),
  "aws:ec2/route:Route": (inputs) => [{ operation: "ec2.CreateRoute", input: inputsOf(inputs) }],
  "aws:ec2/routeTableAssociation:RouteTableAssociation": (inputs) => [
    { operation: "ec2.AssociateRouteTable", input: inputsOf(inputs), brings: { id: "AssociationId" } },
  ],
  // What lies in it comes in requests of its own; the provider takes away what AWS puts in.
  "aws:ec2/securityGroup:SecurityGroup": ({ name, description, vpcId, tags }, resource) => [
    {
      operation: "ec2.CreateSecurityGroup",
      input: { GroupName: name, Description: description, ...present({ VpcId: vpcId }), ...tagSpecifications("security-group", tags) },
      brings: { id: "GroupId", arn: "SecurityGroupArn" },
    },
    {
      operation: "ec2.RevokeSecurityGroupEgress",
      input: { GroupId: mark(resource, "id"), IpPermissions: [{ IpProtocol: "-1", IpRanges: [{ CidrIp: "0.0.0.0/0" }] }] },
    },
  ],
  "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup": ({ vpcId }) => [
    {
      operation: "ec2.DescribeSecurityGroups",
      input: {
        Filters: [
          { Name: "vpc-id", Values: [vpcId] },
          { Name: "group-name", Values: ["default"] },
        ],
      },
    },
  ],
  "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule": rule("Ingress"),
  "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule": rule("Egress"),
  "aws:ec2/vpcEndpoint:VpcEndpoint": endpoint,
  "aws:ec2/flowLog:FlowLog": ({ vpcId, iamRoleArn, logDestination, logDestinationType, trafficType, maxAggregationInterval, tags }) => [
    {
      operation: "ec2.CreateFlowLogs",
      input: present({
        ResourceIds: [vpcId],
        ResourceType: "VPC",
        TrafficType: trafficType,
        DeliverLogsPermissionArn: iamRoleArn,
        LogDestination: logDestination,
        LogDestinationType: logDestinationType,
        MaxAggregationInterval: maxAggregationInterval,
        ...tagSpecifications("vpc-flow-log", tags),
      }),
    },
  ],
  "aws:route53/resolverFirewallDomainList:ResolverFirewallDomainList": ({ domains, ...inputs }, name) => [
    {
      operation: "route53resolver.CreateFirewallDomainList",
      input: named(inputs, name),
      brings: { id: "FirewallDomainList.Id", arn: "FirewallDomainList.Arn" },
    },
    {
      operation: "route53resolver.UpdateFirewallDomains",
      input: { FirewallDomainListId: mark(name, "id"), Operation: "REPLACE", Domains: domains },
    },
  ],
  "aws:route53/resolverFirewallRuleGroup:ResolverFirewallRuleGroup": (inputs, name) => [
    { operation: "route53resolver.CreateFirewallRuleGroup", input: named(inputs, name), brings: { id: "FirewallRuleGroup.Id" } },
  ],
  "aws:route53/resolverFirewallRule:ResolverFirewallRule": (inputs, name) => [
    { operation: "route53resolver.CreateFirewallRule", input: { CreatorRequestId: name, ...inputsOf(inputs) } },
  ],
  "aws:route53/resolverFirewallRuleGroupAssociation:ResolverFirewallRuleGroupAssociation": (inputs, name) => [
    { operation: "route53resolver.AssociateFirewallRuleGroup", input: named(inputs, name) },
  ],
  "aws:route53/resolverFirewallConfig:ResolverFirewallConfig": (inputs) => [
    { operation: "route53resolver.UpdateFirewallConfig", input: inputsOf(inputs) },
  ],
  "aws:servicediscovery/privateDnsNamespace:PrivateDnsNamespace": (inputs, name) => [
    { operation: "servicediscovery.CreatePrivateDnsNamespace", input: named(inputs, name) },
    { operation: "servicediscovery.ListNamespaces", input: {}, brings: { id: "Namespaces[0].Id", arn: "Namespaces[0].Arn" } },
  ],
  // Whether what is registered goes with it is between Pulumi and its provider.
  "aws:servicediscovery/service:Service": ({ dnsConfig, forceDestroy: _, ...inputs }, name) => {
    const { namespaceId, routingPolicy, dnsRecords } = dnsConfig as Fields & { dnsRecords: readonly Fields[] };
    const DnsRecords = dnsRecords.map(({ type: Type, ttl: TTL }) => ({ Type, TTL }));
    return [
      {
        operation: "servicediscovery.CreateService",
        input: { ...named(inputs, name), NamespaceId: namespaceId, DnsConfig: { RoutingPolicy: routingPolicy, DnsRecords } },
        brings: { id: "Service.Id", arn: "Service.Arn" },
      },
    ];
  },
};
