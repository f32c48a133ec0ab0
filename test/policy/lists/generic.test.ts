import { describe, expect, test } from "vitest";
import { changed, fileSystem, overlay, resource, sealedNetwork, sessionContainer, sessionVolume } from "../fixtures.ts";
import { found } from "./found.ts";

describe("a type behind which a workload runs unseen", () => {
  test.each([
    ["kubernetes:helm.sh/v3:Release", "kubernetes:helm.sh/v3:Chart"],
    ["command:local:Command", "commands:local:Command"],
    ["command:remote:CopyFile", "my-command:remote:CopyFile"],
    ["pulumi-nodejs:dynamic:Resource", "pulumi-nodejs:static:Resource"],
    ["pulumi-python:dynamic:Resource", "pulumi-go:dynamic:Resource"],
    ["pulumi-nodejs:dynamic/x:Resource", "my-pulumi-nodejs:dynamic:Resource"],
    ["aws:cloudformation/stack:Stack", "aws:cloudformation/stack:Stacks"],
    ["aws:cloudformation/stackSet:StackSet", "aws:cloudformation/cloudFormationType:CloudFormationType"],
    ["aws:cloudformation/stackSetInstance:StackSetInstance", "aws:cloudformation/x:StackSetInstance2"],
    ["aws:cloudformation/stackInstances:StackInstances", "aws:cloudformation/x:StackInstances2"],
    ["aws-native:cloudformation:CustomResourceEmulator", "aws-native:cloudformation:CustomResourceEmulator2"],
    ["aws-native:cloudformation:Macro", "aws-native:cloudformation:Macro2"],
    ["aws-native:cloudformation:ModuleVersion", "aws-native:cloudformation:ModuleDefaultVersion"],
    ["aws:apprunner/service:Service", "aws:apprunner/connection:Connection"],
    ["aws:elasticbeanstalk/environment:Environment", "aws:elasticbeanstalk/application:Application"],
    ["aws:elasticbeanstalk/applicationVersion:ApplicationVersion", "aws:elasticbeanstalk/x:ApplicationVersion2"],
    ["aws:elasticbeanstalk/configurationTemplate:ConfigurationTemplate", "aws:elasticbeanstalk/x:ConfigurationTemplate2"],
    ["aws:lightsail/containerService:ContainerService", "aws:lightsail/bucket:Bucket"],
    ["aws:lightsail/containerServiceDeploymentVersion:ContainerServiceDeploymentVersion", "aws:lightsail/disk:Disk"],
    ["aws-native:lightsail:Container", "aws-native:lightsail:Certificate"],
    ["aws:opsworks/stack:Stack", "aws:opsworkscm/server:Server"],
    ["aws:servicecatalog/provisionedProduct:ProvisionedProduct", "aws:servicecatalog/portfolio:Portfolio"],
    ["aws:servicecatalog/product:Product", "aws:servicecatalog/constraint:Constraint"],
    ["aws:servicecatalog/provisioningArtifact:ProvisioningArtifact", "aws:servicecatalog/tagOption:TagOption"],
    ["aws-native:servicecatalog:CloudFormationProduct", "aws-native:servicecatalog:CloudFormationProduct2"],
    ["aws-native:servicecatalog:CloudFormationProvisionedProduct", "aws-native:servicecatalog:TagOption"],
    ["aws:imagebuilder/component:Component", "aws:imagebuilder/image:Image"],
    ["aws:imagebuilder/containerRecipe:ContainerRecipe", "aws:imagebuilder/imageRecipe:ImageRecipe"],
    ["aws:ssm/maintenanceWindowTask:MaintenanceWindowTask", "aws:ssm/maintenanceWindow:MaintenanceWindow"],
    ["aws:sagemaker/notebookInstanceLifecycleConfiguration:NotebookInstanceLifecycleConfiguration", "aws:sagemaker/domain:Domain"],
    ["aws-native:sagemaker:NotebookInstanceLifecycleConfig", "aws-native:sagemaker:NotebookInstanceLifecycleConfigs"],
    ["aws:gamelift/build:Build", "aws:gamelift/alias:Alias"],
    ["aws:gamelift/fleet:Fleet", "aws:gamelift/x:Fleets"],
    ["aws-native:gamelift:ContainerFleet", "aws-native:gamelift:Location"],
    ["aws-native:gamelift:ContainerGroupDefinition", "aws-native:gamelift:GameSessionQueue"],
    ["aws-native:greengrassv2:ComponentVersion", "aws-native:greengrassv2:Deployment"],
    ["aws:emr/cluster:Cluster", "aws:emr/studio:Studio"],
    ["aws:emrserverless/application:Application", "aws:emrserverless/x:Applications"],
    ["aws-native:proton:ServiceTemplate", "aws-native:protons:ServiceTemplate"],
    ["aws-native:cloudformation:Stack", "aws-native:cloudformation:Type"],
    ["aws-native:ecs:ExpressGatewayService", "aws-native:ecs:Service"],
  ])("%s, %s", (type, neighbour) => {
    expect(found("GEN-001", resource(type, "x", {}))).toEqual([
      `high: The resource "x" must be of a type that rules can look into, not ${type}.`,
    ]);
    expect(found("GEN-001", resource(neighbour, "x", {}))).toEqual([]);
    expect(found("GEN-001", resource(type, "x", {}), { "GEN-001": { trustedTypes: [type] } })).toEqual([]);
  });
});

describe("a machine that starts something by its user data", () => {
  test.each([
    "instance:Instance",
    "launchTemplate:LaunchTemplate",
    "launchConfiguration:LaunchConfiguration",
    "spotInstanceRequest:SpotInstanceRequest",
  ])("%s", (type) => {
    for (const key of ["userData", "userDataBase64"])
      expect(found("GEN-001", resource(`aws:ec2/${type}`, "x", { [key]: "#!/bin/sh" }))).toEqual([
        'high: The resource "x" must not start workloads by its user data.',
      ]);
    expect(found("GEN-001", resource(`aws:ec2/${type}`, "x", {}))).toEqual([]);
    expect(found("GEN-001", resource(`aws:ec2/${type}2`, "x", { userData: "#!/bin/sh" }))).toEqual([]);
    expect(found("GEN-001", resource(`my-aws:ec2/${type}`, "x", { userData: "#!/bin/sh" }))).toEqual([]);
  });
});

describe("a package", () => {
  const made = (provider: string, config = {}) =>
    found("GEN-001", { ...resource(`${provider}:index:Thing`, "x", {}), custom: true }, config);

  test.each(["agent-sessions", "aws", "aws-native", "docker", "docker-build", "kubernetes", "pulumi", "random", "tls", "time", "std"])(
    "%s is known",
    (provider) => {
      expect(made(provider)).toEqual([]);
      expect(made(`${provider}2`)).toEqual([
        `recommendation: The resource "x" must be looked at by somebody: no rule knows the package ${provider}2.`,
      ]);
    },
  );

  test("is known that was named, and of a component nothing is asked", () => {
    expect(made("acme", { "GEN-001": { knownPackages: ["acme"] } })).toEqual([]);
    expect(found("GEN-001", resource("acme:index:Thing", "x", {}))).toEqual([]);
  });
});

describe("an input on which other rules stand", () => {
  const ignoring = (type: string, path: string) => found("GEN-004", { ...resource(type, "x", {}), ignoreChanges: [path] });
  const decisive: readonly (readonly [type: string, inputs: string])[] = [
    [
      "docker:index/container:Container",
      "privileged readOnly user capabilities securityOpts networkMode networksAdvanced pidMode ipcMode usernsMode cgroupnsMode " +
        "cgroupParent mounts volumes devices deviceRequests deviceCgroupRules gpus envs env command commands entrypoint " +
        "entrypoints uploads ports publishAllPorts memory memorySwap cpus cpuQuota ulimits image groupAdds sysctls hosts dns " +
        "runtime tmpfs healthcheck init logDriver logOpts internal options driver driverOpts attachable taskSpec endpointSpec " +
        "build buildArgs context dockerfile registry insecureSkipVerify grantAllPermissions grantPermissions data",
    ],
    ["docker:index/remoteImage:RemoteImage", "name"],
    ["docker-build:index:Image", "context dockerfile buildArgs"],
    [
      "kubernetes:apps/v1:Deployment",
      "apiVersion kind spec rules subjects roleRef aggregationRule webhooks automountServiceAccountToken data stringData " +
        "binaryData template provisioner handler",
    ],
    [
      "aws:ecs/taskDefinition:TaskDefinition",
      "containerDefinitions taskDefinition volumes networkMode pidMode ipcMode executionRoleArn taskRoleArn " +
        "networkConfiguration requiresCompatibilities enableExecuteCommand platformVersion configuration policy policyArn " +
        "policyArns policyDocument assumeRolePolicy assumeRolePolicyDocument inlinePolicy inlinePolicies policies " +
        "managedPolicyArn managedPolicyArns managedPolicies customerManagedPolicyReference roles ingress egress " +
        "securityGroupIngress securityGroupEgress securityGroups cidrBlocks ipv6CidrBlocks cidrIpv4 cidrIpv6 cidrIp prefixListIds " +
        "prefixListId entries fromPort toPort protocol ipProtocol type self sourceSecurityGroupId referencedSecurityGroupId " +
        "encrypted transitEncryption kmsKeyId posixUser rootDirectory fileSystemPolicy secretString secretBinary value " +
        "recoveryWindowInDays imageTagMutability imageTagMutabilityExclusionFilters imageScanningConfiguration " +
        "encryptionConfigurations repositoryPolicyText containerProperties ecsProperties eksProperties nodeProperties ecsTarget " +
        "target targetParameters input inputs environment userData userDataBase64 launchSpecifications content desiredState " +
        "typeName properties retentionInDays",
    ],
    ["aws-native:ecs:TaskDefinition", "containerDefinitions"],
    [
      "pulumi:providers:docker",
      "host sshOpts certPath certMaterial caMaterial keyMaterial registryAuth registries kubeconfig accessKey secretKey token",
    ],
  ];

  describe.each(decisive)("of %s", (type, inputs) => {
    test.each(["*", ...inputs.split(" ")])("%s may not be ignored", (property) => {
      for (const written of [property, `${property}.inner`, `${property}[0]`, `["${property}"]`])
        expect([written, ignoring(type, written)]).toEqual([written, [`medium: The resource "x" must not ignore changes of ${written}.`]]);
      for (const written of [`${property}x`, `x${property}`]) expect([written, ignoring(type, written)]).toEqual([written, []]);
      expect(ignoring("random:index/randomId:RandomId", property)).toEqual([]);
    });
  });

  test("another may be", () => {
    expect(found("GEN-004", { ...sessionContainer(), ignoreChanges: ["labels", "metadata", "name", "spec"] })).toEqual([]);
    for (const path of ["tags", "privileged"]) expect(ignoring("aws:ec2/instance:Instance", path)).toEqual([]);
  });

  test.each([
    ["replicas", "replicas2"],
    ["clusterIP", "clusterIPx"],
    ["clusterIPs", "clusterIPss"],
    ["nodePort", "nodePorts"],
    ["loadBalancerIP", "loadBalancerClass"],
    ["healthCheckNodePort", "healthCheckNodePorts"],
    ["externalTrafficPolicy", "internalTrafficPolicy"],
    ["minAvailable", "maxUnavailable"],
    ["volumeName", "volumeNames"],
  ])("spec.%s is what others mean to change, spec.%s is not", (field, neighbour) => {
    const kind = "kubernetes:apps/v1:Deployment";
    expect([ignoring(kind, `spec.${field}`).length, ignoring(kind, `spec.${neighbour}`).length]).toEqual([0, 1]);
    expect(ignoring(kind, `spec.template.spec.${field}`)).toHaveLength(1);
  });

  test.each<[string, string, boolean]>([
    ["Deployment", "metadata", true],
    ["Deployment", "metadata.*", true],
    ["Deployment", "metadata.namespace", true],
    ["Deployment", "metadata.labels", false],
    ["Deployment", "metadata.annotations", false],
    ["Namespace", "metadata.labels", true],
    ["Namespace", "metadata.labels.*", true],
    ["Namespace", 'metadata.labels["pod-security.kubernetes.io/enforce"]', true],
    ["Namespace", "metadata.labels.team", false],
    ["Namespace", "metadata.annotations", false],
    ["Ingress", "metadata.annotations", true],
    ["Ingress", "metadata.annotations.*", true],
    ["Ingress", 'metadata.annotations["nginx.ingress.kubernetes.io/server-snippet"]', true],
    ["Ingress", 'metadata.annotations["cert-manager.io/issuer"]', false],
    ["Ingress", "metadata.labels", false],
  ])("of the metadata of a %s, %s: %s", (kind, path, decides) => {
    expect(ignoring(`kubernetes:x/v1:${kind}`, path)).toHaveLength(decides ? 1 : 0);
  });
});

describe("data that is protected", () => {
  const strict = { "GEN-005": "mandatory" };

  test.each(["aws:efs/fileSystem:FileSystem", "aws:secretsmanager/secret:Secret", "aws:kms/key:Key"])("%s", (type) => {
    expect(found("GEN-005", resource(type, "x", {}), strict)).toEqual(['medium: The resource "x" must be protected against deletion.']);
    for (const kept of [{ protect: true }, { retainOnDelete: true }])
      expect(found("GEN-005", resource(type, "x", {}, kept), strict)).toEqual([]);
  });

  test("another is not asked", () => {
    expect(found("GEN-005", resource("aws:efs/mountTarget:MountTarget", "x", {}), strict)).toEqual([]);
    expect(found("GEN-005", { ...fileSystem, protect: false })).toEqual([]);
  });
});

describe("a network", () => {
  const driven = (driver: string) => found("NET-005", changed(overlay, { driver }));
  const mode = (family: string, value: string) =>
    found("NET-004", changed(sealedNetwork, { [`options/com.docker.network.bridge.gateway_mode_${family}`]: value }));

  test.each(["macvlan", "ipvlan", "host"])("may not use the driver %s", (driver) => {
    expect(driven(driver)).toEqual([`medium: The network "overlay" must not use the driver ${driver}.`]);
    expect(driven(`${driver}2`)).toEqual([]);
  });

  test.each(["bridge", "overlay", "none"])("may use the driver %s", (driver) => {
    expect(driven(driver)).toEqual([]);
  });

  test.each(["ipv4", "ipv6"])("may not open its members' ports by %s", (family) => {
    for (const value of ["nat-unprotected", "routed"])
      expect(mode(family, value)).toEqual([`high: The network "alpha" must not open its members' ports by its gateway mode (${family}).`]);
    for (const value of ["nat", "isolated", "routed2"]) expect(mode(family, value)).toEqual([]);
    expect(mode(`${family}x`, "routed")).toEqual([]);
  });

  test("of many machines is encrypted", () => {
    const encrypted = (value: string | undefined) => found("NET-003", changed(overlay, { options: { encrypted: value } })).length;
    expect(["", "true", "1", "false", "0", "no", "truely", undefined].map(encrypted)).toEqual([0, 0, 0, 1, 1, 1, 1, 1]);
    expect(found("NET-003", sealedNetwork)).toEqual([]);
  });
});

describe("a volume elsewhere", () => {
  const mounted = (type: string, o: string) => found("VOL-004", changed(sessionVolume, { driverOpts: { type, o, device: ":/x" } }));
  const sentence = ['medium: The volume "alpha-session" must encrypt what it sends.'];

  test.each([
    ["nfs", "sec=krb5p"],
    ["nfs4", "sec=krb5p"],
    ["cifs", "seal"],
    ["smb", "seal"],
    ["smb3", "seal"],
  ])("%s needs %s", (type, option) => {
    expect(mounted(type, "addr=10.0.0.1,rw")).toEqual(sentence);
    expect(mounted(type, `${option}2`)).toEqual(sentence);
    expect(mounted(type, option === "seal" ? "sec=krb5p" : "seal")).toEqual(sentence);
    expect([...mounted(type, `rw, ${option} `), ...mounted(`${type}x`, "rw")]).toEqual([]);
  });
});

describe("a provider of the engine", () => {
  const at = (props: object, type = "docker") => found("PRV-001", resource(`pulumi:providers:${type}`, "x", { ...props }));
  const sentence = ['critical: The provider "x" must prove itself to the engine, and the engine to it, with certificates.'];

  test.each(["tcp://host:2375", "http://host:2375", "TCP://host"])("at %s needs certificates", (host) => {
    expect([at({ host }), at({ host }, "docker-build"), at({ host, certMaterial: "x" }), at({ host, keyMaterial: "x" })]).toEqual(
      Array(4).fill(sentence),
    );
    expect([at({ host, certPath: "/certs" }), at({ host, certMaterial: "x", keyMaterial: "y" })]).toEqual([[], []]);
  });

  test.each(["unix:///run/docker.sock", "ssh://me@host", "npipe:////./pipe/x", "https://host:2376"])("at %s does not", (host) => {
    expect(at({ host })).toEqual([]);
  });
});

describe("folders that outlive a restart", () => {
  const inMemory = (path: string) => found("VOL-002", sessionContainer({ tmpfs: { [path]: "size=1m" } }));

  test.each(["/session", "/logs"])("%s", (path) => {
    for (const written of [path, `${path}/inner`])
      expect(inMemory(written)).toEqual([`medium: The container "alpha" must keep ${written} on a volume.`]);
    expect(inMemory(`${path}2`)).toEqual([]);
  });
});

describe("credentials are read-only", () => {
  const mounted = (target: string, readOnly = false) =>
    found("VOL-003", sessionContainer({ mounts: [{ type: "volume", source: "v", target, readOnly }] }));

  test.each(["/auth", "/auth/inner", "/home/agent/.config/claude", "/home/agent/.config/claude/x"])("%s", (target) => {
    expect(mounted(target)).toEqual([`high: The container "alpha" must mount ${target} read-only.`]);
    expect(mounted(target, true)).toEqual([]);
  });

  test.each(["/authors", "/x/auth", "/home/agent/.config/claude2", "/home/agent/.config"])("%s may be written", (target) => {
    expect(mounted(target)).toEqual([]);
  });
});
