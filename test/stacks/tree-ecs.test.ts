import { expect, test } from "vitest";
import { images } from "../support/fargate.ts";
import { treeKey, treeOf, treeSessions } from "../support/tree.ts";

/** Each resource below the component that makes it, with its labels and what it waits for; each component with what it hands out. */

test("on Fargate", async () => {
  const ecs = { region: "eu-central-1", account: "123456789012", images, egressKey: treeKey };
  const sessions = [...treeSessions.slice(0, 2), { id: "pool", pool: { replicas: 2 } }];
  expect((await treeOf({ strategy: "ecs", ecs, sessions })).join("\n")).toBe(onFargate);
});

test("on Fargate, an image that is built goes to a repository of its own, and is handed out", async () => {
  const ecs = { region: "eu-central-1", account: "123456789012", egressKey: treeKey };
  const lines = await treeOf({ strategy: "ecs", ecs, sessions: [{ id: "a" }] });
  const from = lines.findIndex((line) => line.startsWith("HardenedImage session"));
  expect(lines.slice(from, from + 5)).toEqual([
    "HardenedImage session [reference]",
    "  HardenedImage session [reference] after session-lifecycle session-repository",
    "    Image session-image",
    "  LifecyclePolicy session-lifecycle after session-repository",
    "  Repository session-repository {kind=images}",
  ]);
});

const onFargate = `Credentials file [authority]
Credentials proxy [authority]
  CredentialProxy proxy-credential-proxy [host]
    HardenedTask proxy-credential-proxy [definition]
      LogGroup proxy-credential-proxy-output {kind=credential-proxy serves=proxy}
      Role proxy-credential-proxy-execution-role {kind=credential-proxy serves=proxy}
      Role proxy-credential-proxy-task-role {kind=credential-proxy serves=proxy}
      RolePolicy proxy-credential-proxy-execution-rights after proxy-credential-proxy-execution-role
      Secret proxy-credential-proxy-secret {kind=credential-proxy serves=proxy}
      SecretVersion proxy-credential-proxy-secret-version after proxy-credential-proxy-secret (kept)
      TaskDefinition proxy-credential-proxy-definition {kind=credential-proxy serves=proxy} after proxy-credential-proxy-execution-rights proxy-credential-proxy-execution-role proxy-credential-proxy-output proxy-credential-proxy-secret-version proxy-credential-proxy-task-role
    SecurityGroup proxy-credential-proxy-group {kind=credential-proxy serves=proxy} after network-vpc
    SecurityGroup proxy-credential-proxy-readers-group {kind=credential-proxy serves=proxy} after network-vpc
    SecurityGroupEgressRule proxy-credential-proxy-readers-to-credential-proxy {kind=credential-proxy serves=proxy} after proxy-credential-proxy-group proxy-credential-proxy-readers-group
    SecurityGroupEgressRule proxy-credential-proxy-to-hosts-443 {kind=credential-proxy serves=proxy} after proxy-credential-proxy-group
    SecurityGroupIngressRule proxy-credential-proxy-from-readers {kind=credential-proxy serves=proxy} after proxy-credential-proxy-group proxy-credential-proxy-readers-group
    Service proxy-credential-proxy-name {kind=credential-proxy serves=proxy} after network-names
    Service proxy-credential-proxy-service {kind=credential-proxy serves=proxy} after cluster-cluster cluster-providers network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0 network-outer-0-routes network-outer-1 network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0-routes network-sessions-1-routes proxy-credential-proxy-definition proxy-credential-proxy-from-readers proxy-credential-proxy-group proxy-credential-proxy-name proxy-credential-proxy-readers-group proxy-credential-proxy-readers-to-credential-proxy proxy-credential-proxy-to-hosts-443 storage-clients storage-target-0 storage-target-1
EgressProxy proxy [authority]
FargateCluster cluster [arn]
  Cluster cluster-cluster {kind=cluster}
  ClusterCapacityProviders cluster-providers after cluster-cluster
HardenedImage egress-proxy [reference]
HardenedImage session [reference]
IsolatedNetwork file []
IsolatedNetwork pool []
IsolatedNetwork proxy []
Monitoring monitoring []
  Dashboard monitoring-dashboard
  EventRule monitoring-start-faults {kind=alarm}
  EventTarget monitoring-start-faults-topic after monitoring-start-faults monitoring-topic
  LogMetricFilter monitoring-EgressDenied after proxy-service
  LogMetricFilter monitoring-file-AgentStarted after file-service
  LogMetricFilter monitoring-file-SessionFailed after file-service
  LogMetricFilter monitoring-pool-AgentStarted after pool-service
  LogMetricFilter monitoring-pool-SessionFailed after pool-service
  LogMetricFilter monitoring-proxy-AgentStarted after proxy-service
  LogMetricFilter monitoring-proxy-KeyRefused after proxy-service
  LogMetricFilter monitoring-proxy-ModelAnswered2xx after proxy-service
  LogMetricFilter monitoring-proxy-ModelAnswered4xx after proxy-service
  LogMetricFilter monitoring-proxy-ModelAnswered5xx after proxy-service
  LogMetricFilter monitoring-proxy-ModelMilliseconds after proxy-service
  LogMetricFilter monitoring-proxy-SessionFailed after proxy-service
  MetricAlarm monitoring-SupervisorDown {kind=alarm severity=critical} after monitoring-topic
  MetricAlarm monitoring-file-SessionCpuHigh {kind=alarm session=file severity=warning} after monitoring-topic
  MetricAlarm monitoring-file-SessionFailed {kind=alarm session=file severity=warning} after monitoring-topic
  MetricAlarm monitoring-file-SessionMemoryHigh {kind=alarm session=file severity=critical} after monitoring-topic
  MetricAlarm monitoring-file-SessionRestartLoop {kind=alarm session=file severity=critical} after monitoring-topic
  MetricAlarm monitoring-file-SessionUnhealthy {kind=alarm session=file severity=warning} after monitoring-topic
  MetricAlarm monitoring-pool-SessionCpuHigh {kind=alarm session=pool severity=warning} after monitoring-topic
  MetricAlarm monitoring-pool-SessionFailed {kind=alarm session=pool severity=warning} after monitoring-topic
  MetricAlarm monitoring-pool-SessionMemoryHigh {kind=alarm session=pool severity=critical} after monitoring-topic
  MetricAlarm monitoring-pool-SessionRestartLoop {kind=alarm session=pool severity=critical} after monitoring-topic
  MetricAlarm monitoring-pool-SessionUnhealthy {kind=alarm session=pool severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-CredentialProxyDown {kind=alarm session=proxy severity=critical} after monitoring-topic proxy-service
  MetricAlarm monitoring-proxy-CredentialProxyErrors {kind=alarm session=proxy severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-CredentialProxySlow {kind=alarm session=proxy severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-CredentialRefused {kind=alarm session=proxy severity=critical} after monitoring-topic
  MetricAlarm monitoring-proxy-EgressDeniedBurst {kind=alarm session=proxy severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-SessionCpuHigh {kind=alarm session=proxy severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-SessionFailed {kind=alarm session=proxy severity=warning} after monitoring-topic
  MetricAlarm monitoring-proxy-SessionMemoryHigh {kind=alarm session=proxy severity=critical} after monitoring-topic
  MetricAlarm monitoring-proxy-SessionRestartLoop {kind=alarm session=proxy severity=critical} after monitoring-topic
  MetricAlarm monitoring-proxy-SessionUnhealthy {kind=alarm session=proxy severity=warning} after monitoring-topic
  Topic monitoring-topic {kind=alarms}
  TopicPolicy monitoring-topic-policy after monitoring-topic
RepositoryClone agent-repository-r-5d006d52 []
  RepositoryMirror agent-repository-r-5d006d52 [host]
    HardenedTask agent-repository-r-5d006d52 [definition]
      LogGroup agent-repository-r-5d006d52-output {kind=repository repository=agent-repository-r-5d006d52}
      Role agent-repository-r-5d006d52-execution-role {kind=repository repository=agent-repository-r-5d006d52}
      Role agent-repository-r-5d006d52-task-role {kind=repository repository=agent-repository-r-5d006d52}
      RolePolicy agent-repository-r-5d006d52-execution-rights after agent-repository-r-5d006d52-execution-role
      Secret agent-repository-r-5d006d52-secret {kind=repository repository=agent-repository-r-5d006d52}
      SecretVersion agent-repository-r-5d006d52-secret-version after agent-repository-r-5d006d52-secret (kept)
      TaskDefinition agent-repository-r-5d006d52-definition {kind=repository repository=agent-repository-r-5d006d52} after agent-repository-r-5d006d52-execution-rights agent-repository-r-5d006d52-execution-role agent-repository-r-5d006d52-output agent-repository-r-5d006d52-secret-version agent-repository-r-5d006d52-task-role
    SecurityGroup agent-repository-r-5d006d52-group {kind=repository repository=agent-repository-r-5d006d52} after network-vpc
    SecurityGroup agent-repository-r-5d006d52-readers-group {kind=repository repository=agent-repository-r-5d006d52} after network-vpc
    SecurityGroupEgressRule agent-repository-r-5d006d52-readers-to-repository {kind=repository repository=agent-repository-r-5d006d52} after agent-repository-r-5d006d52-group agent-repository-r-5d006d52-readers-group
    SecurityGroupEgressRule agent-repository-r-5d006d52-to-hosts-443 {kind=repository repository=agent-repository-r-5d006d52} after agent-repository-r-5d006d52-group
    SecurityGroupIngressRule agent-repository-r-5d006d52-from-readers {kind=repository repository=agent-repository-r-5d006d52} after agent-repository-r-5d006d52-group agent-repository-r-5d006d52-readers-group
    Service agent-repository-r-5d006d52-name {kind=repository repository=agent-repository-r-5d006d52} after network-names
    Service agent-repository-r-5d006d52-service {kind=repository repository=agent-repository-r-5d006d52} after agent-repository-r-5d006d52-definition agent-repository-r-5d006d52-from-readers agent-repository-r-5d006d52-group agent-repository-r-5d006d52-name agent-repository-r-5d006d52-readers-group agent-repository-r-5d006d52-readers-to-repository agent-repository-r-5d006d52-to-hosts-443 cluster-cluster cluster-providers network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0 network-outer-0-routes network-outer-1 network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0-routes network-sessions-1-routes storage-clients storage-target-0 storage-target-1
SessionContainer file [authority] after file-logs file-session file-workspace
  HardenedTask file [definition]
    LogGroup file-output {kind=session session=file}
    Role file-execution-role {kind=session session=file}
    Role file-task-role {kind=session session=file}
    RolePolicy file-execution-rights after file-execution-role
    RolePolicy file-task-rights after file-logs file-session file-task-role file-workspace storage-files
    Secret file-auth {kind=session session=file}
    SecretVersion file-auth-version after file-auth (kept)
    TaskDefinition file-definition {kind=session session=file} after file-auth-version file-execution-rights file-execution-role file-logs file-output file-session file-task-rights file-task-role file-workspace storage-files
  Service file-service {kind=session session=file} after cluster-cluster cluster-providers file-definition network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0-routes network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0 network-sessions-0-routes network-sessions-1 network-sessions-1-routes storage-clients storage-target-0 storage-target-1
SessionContainer pool [authority]
  HardenedTask pool [definition]
    LogGroup pool-output {kind=session session=pool}
    Role pool-execution-role {kind=session session=pool}
    Role pool-task-role {kind=session session=pool}
    RolePolicy pool-execution-rights after pool-execution-role
    TaskDefinition pool-definition {kind=session session=pool} after pool-execution-rights pool-execution-role pool-output pool-task-role
  Service pool-service {kind=session session=pool} after cluster-cluster cluster-providers network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0-routes network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0 network-sessions-0-routes network-sessions-1 network-sessions-1-routes pool-definition storage-clients storage-target-0 storage-target-1
SessionContainer proxy [authority] after agent-repository-r-5d006d52-from-readers agent-repository-r-5d006d52-readers-group agent-repository-r-5d006d52-readers-to-repository agent-repository-r-5d006d52-service egress-proxy-from-readers egress-proxy-readers-to-egress-proxy egress-proxy-service proxy-credential-proxy-from-readers proxy-credential-proxy-readers-group proxy-credential-proxy-readers-to-credential-proxy proxy-credential-proxy-service proxy-logs proxy-session proxy-workspace
  HardenedTask proxy [definition]
    LogGroup proxy-output {kind=session session=proxy}
    Role proxy-execution-role {kind=session session=proxy}
    Role proxy-task-role {kind=session session=proxy}
    RolePolicy proxy-execution-rights after proxy-execution-role
    RolePolicy proxy-task-rights after proxy-logs proxy-session proxy-task-role proxy-workspace storage-files
    Secret proxy-environment {kind=session session=proxy}
    SecretVersion proxy-environment-version after proxy-environment (kept)
    TaskDefinition proxy-definition {kind=session session=proxy} after proxy-environment-version proxy-execution-rights proxy-execution-role proxy-logs proxy-output proxy-session proxy-task-rights proxy-task-role proxy-workspace storage-files
  Service proxy-service {kind=session session=proxy} after agent-repository-r-5d006d52-readers-group cluster-cluster cluster-providers network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0-routes network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0 network-sessions-0-routes network-sessions-1 network-sessions-1-routes proxy-credential-proxy-readers-group proxy-definition storage-clients storage-target-0 storage-target-1
SessionStorage storage [id]
  FileSystem storage-files {Name=agent-sessions-test kind=storage} (kept)
  FileSystemPolicy storage-clients after storage-files
  MountTarget storage-target-0 after network-files-group network-sessions-0 storage-files
  MountTarget storage-target-1 after network-files-group network-sessions-1 storage-files
SessionVolumes file []
  AccessPoint file-logs {kind=logs session=file} after storage-files
  AccessPoint file-session {kind=session session=file} after storage-files
  AccessPoint file-workspace {kind=workspace session=file} after storage-files
SessionVolumes pool []
SessionVolumes proxy []
  AccessPoint proxy-logs {kind=logs session=proxy} after storage-files
  AccessPoint proxy-session {kind=session session=proxy} after storage-files
  AccessPoint proxy-workspace {kind=workspace session=proxy} after storage-files
SessionsNetwork network [vpc]
  DnsFirewall network-dns []
    ResolverFirewallConfig network-dns-config after network-vpc
    ResolverFirewallDomainList network-dns-answered {kind=dns-firewall}
    ResolverFirewallDomainList network-dns-others {kind=dns-firewall}
    ResolverFirewallRule network-dns-answered-rule after network-dns-answered network-dns-rules
    ResolverFirewallRule network-dns-others-rule after network-dns-others network-dns-rules
    ResolverFirewallRuleGroup network-dns-rules {kind=dns-firewall}
    ResolverFirewallRuleGroupAssociation network-dns-association {kind=dns-firewall} after network-dns-answered-rule network-dns-others-rule network-dns-rules network-vpc
  PrivateDnsNamespace network-names {kind=names} after network-vpc
  SecurityGroup network-endpoints-group {kind=endpoint} after network-vpc
  SecurityGroup network-files-group {kind=storage} after network-vpc
  SecurityGroup network-filtered-group {kind=sessions} after network-vpc
  SecurityGroup network-sealed-group {kind=sessions} after network-vpc
  SecurityGroup network-services-group {kind=services} after network-vpc
  SecurityGroupEgressRule network-filtered-to-endpoints {kind=sessions} after network-endpoints-group network-filtered-group
  SecurityGroupEgressRule network-filtered-to-files {kind=sessions} after network-files-group network-filtered-group
  SecurityGroupEgressRule network-filtered-to-layers {kind=sessions} after network-filtered-group network-s3
  SecurityGroupEgressRule network-sealed-to-endpoints {kind=sessions} after network-endpoints-group network-sealed-group
  SecurityGroupEgressRule network-sealed-to-files {kind=sessions} after network-files-group network-sealed-group
  SecurityGroupEgressRule network-sealed-to-layers {kind=sessions} after network-s3 network-sealed-group
  SecurityGroupEgressRule network-services-to-endpoints {kind=services} after network-endpoints-group network-services-group
  SecurityGroupEgressRule network-services-to-layers {kind=services} after network-s3 network-services-group
  SecurityGroupIngressRule network-endpoints-from-filtered {kind=endpoint} after network-endpoints-group network-filtered-group
  SecurityGroupIngressRule network-endpoints-from-sealed {kind=endpoint} after network-endpoints-group network-sealed-group
  SecurityGroupIngressRule network-endpoints-from-services {kind=endpoint} after network-endpoints-group network-services-group
  SecurityGroupIngressRule network-files-from-filtered {kind=storage} after network-files-group network-filtered-group
  SecurityGroupIngressRule network-files-from-sealed {kind=storage} after network-files-group network-sealed-group
  SessionsVpc network [id]
    DefaultSecurityGroup network-default {Name=agent-sessions-test-default kind=default} after network-vpc
    Eip network-address {Name=agent-sessions-test-gateway kind=gateway} after network-internet
    FlowLog network-refused-log {kind=network} after network-refused network-refused-rights network-refused-role network-vpc
    InternetGateway network-internet {Name=agent-sessions-test-internet kind=internet} after network-vpc
    LogGroup network-refused {kind=network}
    NatGateway network-nat {Name=agent-sessions-test-gateway kind=gateway} after network-address network-gateway-0 network-gateway-0-routes network-gateway-route
    Role network-refused-role {kind=network}
    RolePolicy network-refused-rights after network-refused-role
    Route network-gateway-route after network-gateway-routes network-internet
    Route network-outer-route after network-nat network-outer-routes
    RouteTable network-gateway-routes {Name=agent-sessions-test-gateway kind=gateway} after network-vpc
    RouteTable network-outer-routes {Name=agent-sessions-test-outer kind=outer} after network-vpc
    RouteTable network-sessions-routes {Name=agent-sessions-test-sessions kind=sessions} after network-vpc
    RouteTableAssociation network-gateway-0-routes after network-gateway-0 network-gateway-routes
    RouteTableAssociation network-outer-0-routes after network-outer-0 network-outer-routes
    RouteTableAssociation network-outer-1-routes after network-outer-1 network-outer-routes
    RouteTableAssociation network-sessions-0-routes after network-sessions-0 network-sessions-routes
    RouteTableAssociation network-sessions-1-routes after network-sessions-1 network-sessions-routes
    Subnet network-gateway-0 {Name=agent-sessions-test-gateway kind=gateway} after network-vpc
    Subnet network-outer-0 {Name=agent-sessions-test-outer kind=outer} after network-vpc
    Subnet network-outer-1 {Name=agent-sessions-test-outer kind=outer} after network-vpc
    Subnet network-sessions-0 {Name=agent-sessions-test-sessions kind=sessions} after network-vpc
    Subnet network-sessions-1 {Name=agent-sessions-test-sessions kind=sessions} after network-vpc
    Vpc network-vpc {Name=agent-sessions-test-vpc kind=vpc}
  VpcEndpoint network-ecr-api {Name=agent-sessions-test-ecr.api kind=endpoint} after network-endpoints-group network-sessions-0 network-sessions-1 network-vpc
  VpcEndpoint network-ecr-dkr {Name=agent-sessions-test-ecr.dkr kind=endpoint} after network-endpoints-group network-sessions-0 network-sessions-1 network-vpc
  VpcEndpoint network-logs {Name=agent-sessions-test-logs kind=endpoint} after network-endpoints-group network-sessions-0 network-sessions-1 network-vpc
  VpcEndpoint network-s3 {Name=agent-sessions-test-s3 kind=endpoint} after network-outer-routes network-sessions-routes network-vpc
  VpcEndpoint network-secretsmanager {Name=agent-sessions-test-secretsmanager kind=endpoint} after network-endpoints-group network-sessions-0 network-sessions-1 network-vpc
SharedEgressProxy egress-proxy [host]
  HardenedTask egress-proxy [definition]
    LogGroup egress-proxy-output {kind=egress-proxy}
    Role egress-proxy-execution-role {kind=egress-proxy}
    Role egress-proxy-task-role {kind=egress-proxy}
    RolePolicy egress-proxy-execution-rights after egress-proxy-execution-role
    TaskDefinition egress-proxy-definition {kind=egress-proxy} after egress-proxy-execution-rights egress-proxy-execution-role egress-proxy-output egress-proxy-task-role
  SecurityGroup egress-proxy-group {kind=egress-proxy} after network-vpc
  SecurityGroupEgressRule egress-proxy-readers-to-egress-proxy {kind=egress-proxy} after egress-proxy-group network-filtered-group
  SecurityGroupEgressRule egress-proxy-to-hosts-443 {kind=egress-proxy} after egress-proxy-group
  SecurityGroupEgressRule egress-proxy-to-hosts-80 {kind=egress-proxy} after egress-proxy-group
  SecurityGroupIngressRule egress-proxy-from-readers {kind=egress-proxy} after egress-proxy-group network-filtered-group
  Service egress-proxy-name {kind=egress-proxy} after network-names
  Service egress-proxy-service {kind=egress-proxy} after cluster-cluster cluster-providers egress-proxy-definition egress-proxy-from-readers egress-proxy-group egress-proxy-name egress-proxy-readers-to-egress-proxy egress-proxy-to-hosts-443 egress-proxy-to-hosts-80 network-dns-association network-dns-config network-ecr-api network-ecr-dkr network-endpoints-from-filtered network-endpoints-from-sealed network-endpoints-from-services network-files-from-filtered network-files-from-sealed network-filtered-group network-filtered-to-endpoints network-filtered-to-files network-filtered-to-layers network-logs network-outer-0 network-outer-0-routes network-outer-1 network-outer-1-routes network-outer-route network-s3 network-sealed-group network-sealed-to-endpoints network-sealed-to-files network-sealed-to-layers network-secretsmanager network-services-group network-services-to-endpoints network-services-to-layers network-sessions-0-routes network-sessions-1-routes storage-clients storage-target-0 storage-target-1
StorageBackup backup []
  Plan backup-plan {kind=backup} after backup-vault
  Role backup-role {kind=backup}
  RolePolicy backup-rights after backup-role storage-files
  Selection backup-selection after backup-plan backup-rights backup-role storage-files
  Vault backup-vault {kind=backup} (kept)
aws aws`;
