import { expect, test } from "vitest";
import { images } from "../support/fargate.ts";
import { treeKey, treeOf, treeSessions } from "../support/tree.ts";

/** Each resource stands below the component that makes it, and each component hands out what is shown of it. */

test("on Fargate", async () => {
  const ecs = { region: "eu-central-1", account: "123456789012", images, egressKey: treeKey };
  const sessions = [...treeSessions.slice(0, 2), { id: "pool", pool: { replicas: 2 } }];
  expect((await treeOf({ strategy: "ecs", ecs, sessions })).join("\n")).toBe(onFargate);
});

const onFargate = `Credentials file [authority]
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [host]
    HardenedTask proxy-credential-proxy [definition]
      LogGroup proxy-credential-proxy-output
      Role proxy-credential-proxy-execution-role
      Role proxy-credential-proxy-task-role
      RolePolicy proxy-credential-proxy-execution-rights
      Secret proxy-credential-proxy-secret
      SecretVersion proxy-credential-proxy-secret-version
      TaskDefinition proxy-credential-proxy-definition
    SecurityGroup proxy-credential-proxy-group
    SecurityGroup proxy-credential-proxy-readers-group
    SecurityGroupEgressRule proxy-credential-proxy-readers-to-credential-proxy
    SecurityGroupEgressRule proxy-credential-proxy-to-hosts-443
    SecurityGroupIngressRule proxy-credential-proxy-from-readers
    Service proxy-credential-proxy-name
    Service proxy-credential-proxy-service
EgressProxy proxy [authority]
FargateCluster cluster [arn]
  Cluster cluster-cluster
  ClusterCapacityProviders cluster-providers
HardenedImage egress-proxy [reference]
HardenedImage session [reference]
IsolatedNetwork file []
IsolatedNetwork pool []
IsolatedNetwork proxy []
Monitoring monitoring []
  Dashboard monitoring-dashboard
  LogMetricFilter monitoring-EgressDenied
  LogMetricFilter monitoring-file-AgentStarted
  LogMetricFilter monitoring-file-SessionFailed
  LogMetricFilter monitoring-pool-AgentStarted
  LogMetricFilter monitoring-pool-SessionFailed
  LogMetricFilter monitoring-proxy-AgentStarted
  LogMetricFilter monitoring-proxy-KeyRefused
  LogMetricFilter monitoring-proxy-ModelAnswered2xx
  LogMetricFilter monitoring-proxy-ModelAnswered4xx
  LogMetricFilter monitoring-proxy-ModelAnswered5xx
  LogMetricFilter monitoring-proxy-ModelMilliseconds
  LogMetricFilter monitoring-proxy-SessionFailed
  MetricAlarm monitoring-SupervisorDown
  MetricAlarm monitoring-file-SessionCpuHigh
  MetricAlarm monitoring-file-SessionMemoryHigh
  MetricAlarm monitoring-file-SessionRestartLoop
  MetricAlarm monitoring-file-SessionUnhealthy
  MetricAlarm monitoring-pool-SessionCpuHigh
  MetricAlarm monitoring-pool-SessionMemoryHigh
  MetricAlarm monitoring-pool-SessionRestartLoop
  MetricAlarm monitoring-pool-SessionUnhealthy
  MetricAlarm monitoring-proxy-CredentialProxyDown
  MetricAlarm monitoring-proxy-CredentialProxyErrors
  MetricAlarm monitoring-proxy-CredentialProxySlow
  MetricAlarm monitoring-proxy-CredentialRefused
  MetricAlarm monitoring-proxy-EgressDeniedBurst
  MetricAlarm monitoring-proxy-SessionCpuHigh
  MetricAlarm monitoring-proxy-SessionMemoryHigh
  MetricAlarm monitoring-proxy-SessionRestartLoop
  MetricAlarm monitoring-proxy-SessionUnhealthy
  Topic monitoring-topic
RepositoryClone agent-repository-r-5d006d52 []
  RepositoryMirror agent-repository-r-5d006d52 [host]
    HardenedTask agent-repository-r-5d006d52 [definition]
      LogGroup agent-repository-r-5d006d52-output
      Role agent-repository-r-5d006d52-execution-role
      Role agent-repository-r-5d006d52-task-role
      RolePolicy agent-repository-r-5d006d52-execution-rights
      Secret agent-repository-r-5d006d52-secret
      SecretVersion agent-repository-r-5d006d52-secret-version
      TaskDefinition agent-repository-r-5d006d52-definition
    SecurityGroup agent-repository-r-5d006d52-group
    SecurityGroup agent-repository-r-5d006d52-readers-group
    SecurityGroupEgressRule agent-repository-r-5d006d52-readers-to-repository
    SecurityGroupEgressRule agent-repository-r-5d006d52-to-hosts-443
    SecurityGroupIngressRule agent-repository-r-5d006d52-from-readers
    Service agent-repository-r-5d006d52-name
    Service agent-repository-r-5d006d52-service
SessionContainer file [authority]
  HardenedTask file [definition]
    LogGroup file-output
    Role file-execution-role
    Role file-task-role
    RolePolicy file-execution-rights
    RolePolicy file-task-rights
    Secret file-auth
    SecretVersion file-auth-version
    TaskDefinition file-definition
  Service file-service
SessionContainer pool [authority]
  HardenedTask pool [definition]
    LogGroup pool-output
    Role pool-execution-role
    Role pool-task-role
    RolePolicy pool-execution-rights
    TaskDefinition pool-definition
  Service pool-service
SessionContainer proxy [authority]
  HardenedTask proxy [definition]
    LogGroup proxy-output
    Role proxy-execution-role
    Role proxy-task-role
    RolePolicy proxy-execution-rights
    RolePolicy proxy-task-rights
    Secret proxy-environment
    SecretVersion proxy-environment-version
    TaskDefinition proxy-definition
  Service proxy-service
SessionStorage storage [id]
  FileSystem storage-files
  FileSystemPolicy storage-clients
  MountTarget storage-target-0
  MountTarget storage-target-1
SessionVolumes file []
  AccessPoint file-logs
  AccessPoint file-session
  AccessPoint file-workspace
SessionVolumes pool []
SessionVolumes proxy []
  AccessPoint proxy-logs
  AccessPoint proxy-session
  AccessPoint proxy-workspace
SessionsNetwork network [vpc]
  DnsFirewall network-dns []
    ResolverFirewallConfig network-dns-config
    ResolverFirewallDomainList network-dns-answered
    ResolverFirewallDomainList network-dns-others
    ResolverFirewallRule network-dns-answered-rule
    ResolverFirewallRule network-dns-others-rule
    ResolverFirewallRuleGroup network-dns-rules
    ResolverFirewallRuleGroupAssociation network-dns-association
  PrivateDnsNamespace network-names
  SecurityGroup network-endpoints-group
  SecurityGroup network-files-group
  SecurityGroup network-filtered-group
  SecurityGroup network-sealed-group
  SecurityGroup network-services-group
  SecurityGroupEgressRule network-filtered-to-endpoints
  SecurityGroupEgressRule network-filtered-to-files
  SecurityGroupEgressRule network-filtered-to-layers
  SecurityGroupEgressRule network-sealed-to-endpoints
  SecurityGroupEgressRule network-sealed-to-files
  SecurityGroupEgressRule network-sealed-to-layers
  SecurityGroupEgressRule network-services-to-endpoints
  SecurityGroupEgressRule network-services-to-layers
  SecurityGroupIngressRule network-endpoints-from-filtered
  SecurityGroupIngressRule network-endpoints-from-sealed
  SecurityGroupIngressRule network-endpoints-from-services
  SecurityGroupIngressRule network-files-from-filtered
  SecurityGroupIngressRule network-files-from-sealed
  SessionsVpc network [id]
    DefaultSecurityGroup network-default
    Eip network-address
    FlowLog network-refused-log
    InternetGateway network-internet
    LogGroup network-refused
    NatGateway network-nat
    Role network-refused-role
    RolePolicy network-refused-rights
    Route network-gateway-route
    Route network-outer-route
    RouteTable network-gateway-routes
    RouteTable network-outer-routes
    RouteTable network-sessions-routes
    RouteTableAssociation network-gateway-0-routes
    RouteTableAssociation network-outer-0-routes
    RouteTableAssociation network-outer-1-routes
    RouteTableAssociation network-sessions-0-routes
    RouteTableAssociation network-sessions-1-routes
    Subnet network-gateway-0
    Subnet network-outer-0
    Subnet network-outer-1
    Subnet network-sessions-0
    Subnet network-sessions-1
    Vpc network-vpc
  VpcEndpoint network-ecr-api
  VpcEndpoint network-ecr-dkr
  VpcEndpoint network-logs
  VpcEndpoint network-s3
  VpcEndpoint network-secretsmanager
SharedEgressProxy egress-proxy [host]
  HardenedTask egress-proxy [definition]
    LogGroup egress-proxy-output
    Role egress-proxy-execution-role
    Role egress-proxy-task-role
    RolePolicy egress-proxy-execution-rights
    TaskDefinition egress-proxy-definition
  SecurityGroup egress-proxy-group
  SecurityGroupEgressRule egress-proxy-readers-to-egress-proxy
  SecurityGroupEgressRule egress-proxy-to-hosts-443
  SecurityGroupEgressRule egress-proxy-to-hosts-80
  SecurityGroupIngressRule egress-proxy-from-readers
  Service egress-proxy-name
  Service egress-proxy-service
StorageBackup backup []
  Plan backup-plan
  Role backup-role
  RolePolicy backup-rights
  Selection backup-selection
  Vault backup-vault
aws aws`;
