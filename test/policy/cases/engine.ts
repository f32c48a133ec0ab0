/** Ways to the engine and the host on Docker and Swarm, in other spellings, and what is close to them. */
import { changed, cloneNetwork, dockerProvider, fileSystem, resource, securityGroup, service, sessionContainer } from "../fixtures.ts";
import { type Case, container, fargate, podContainer, rule, swarm, unknown } from "./case.ts";

const joining = (...names: string[]) => container({ networkMode: undefined, networksAdvanced: names.map((name) => ({ name })) });
const serviceJoining = (name: string) => changed(service, { "taskSpec/networksAdvanceds": [{ name }] });
const published = (ip: string) => container({ ports: [{ internal: 80, external: 8080, ip }] });
const inCgroup = (cgroupParent: string) => container({ labels: [], cgroupParent });
const plugin = (props: Record<string, unknown>) => resource("docker:index/plugin:Plugin", "x", { name: "example/plugin:1.0", ...props });
const granting = (name: string, ...values: string[]) => plugin({ grantPermissions: [{ name, values }] });
const ignoring = (...ignoreChanges: string[]) => ({ ...sessionContainer(), ignoreChanges });

export const cases: Case[] = [
  ...rule("CTR-008")
    .broken("among other networks", joining("app", "host"))
    .broken("Swarm", serviceJoining("host"))
    .broken("Swarm, by its id", changed(service, { "taskSpec/networksAdvanceds": [{ id: "host" }] }))
    .broken("Swarm, the older spelling", changed(service, { "taskSpec/networksAdvanceds": undefined, "taskSpec/networks": ["host"] }))
    .clean("a network that is called so", [joining("host-network"), serviceJoining("hosts")]).cases,
  ...rule("CTR-038")
    .broken("by its name", joining("bridge"))
    .broken("among others", joining("app", "bridge"))
    .broken("the gateway's", joining("docker_gwbridge"))
    .broken("Swarm", serviceJoining("bridge"))
    .clean("a network of one's own", [joining("app"), joining("my-bridge"), service]).cases,
  ...["::0", "::ffff:0.0.0.0", "0:0:0:0:0:0:0:0", "[::]", "::ffff:0:0", "*"].flatMap(
    (ip) => rule("CTR-028").broken(ip, published(ip)).cases,
  ),
  ...["127.0.0.1", "::1", "10.0.0.5", "::ffff:127.0.0.1"].flatMap((ip) => rule("CTR-028").clean(ip, published(ip)).cases),
  ...["fd00:ec2::254", "FD00:EC2:0:0::254", "::ffff:169.254.169.254", "169.254.170.2", "100.100.100.200"].flatMap(
    (ip) => rule("CTR-045").broken(ip, container({ hosts: [{ host: "x", ip }] })).cases,
  ),
  ...rule("CTR-045").clean("a neighbour", container({ hosts: [{ host: "db", ip: "10.0.0.5" }] })).cases,
  ...["/", "//", "/./", "..", "docker", "/docker", "system.slice", "-.slice", "/user.slice"].flatMap(
    (parent) => rule("CTR-023").broken(`the cgroup ${parent}`, inCgroup(parent)).cases,
  ),
  ...rule("CTR-023").clean("a cgroup of its own", [inCgroup("sessions.slice"), inCgroup("/sessions/alpha")]).cases,
  ...["CONTAINER_HOST", "BUILDKIT_HOST", "CONTAINERD_ADDRESS", "docker_host", "CONTAINER_RUNTIME_ENDPOINT"].flatMap((name) => [
    ...rule("CTR-011").broken(name, container({ envs: [`${name}=tcp://engine:2375`] })).cases,
    ...rule("CTR-011").broken(`Kubernetes, ${name}`, podContainer({ env: [{ name, value: "unix:///x.sock" }] })).cases,
  ]),
  ...rule("CTR-011").clean("another host", container({ envs: ["DATABASE_HOST=db", "CONTAINER_HOSTNAME=x", "DOCKER_HOST="] })).cases,
  ...rule("CTR-046")
    .broken("git by ssh to anybody", container({ envs: ["GIT_SSH_COMMAND=ssh -o StrictHostKeyChecking=no"] }))
    .broken("git by ssh that forgets", fargate({ environment: [{ name: "GIT_SSH_COMMAND", value: "ssh -oUserKnownHostsFile=/dev/null" }] }))
    .broken("ssh in a command", podContainer({ command: ["sh", "-c", "ssh -o StrictHostKeyChecking=no me@host"] }))
    .broken("ansible", swarm({ env: { ANSIBLE_HOST_KEY_CHECKING: "False" } }))
    .clean("ssh to hosts that are known", container({ envs: ["GIT_SSH_COMMAND=ssh -o StrictHostKeyChecking=yes -i /auth/key"] })).cases,
  ...rule("PLG-001")
    .broken("all that it asks for", plugin({ grantAllPermissions: true }), "critical")
    .broken("the root", granting("mount", "/"), "critical")
    .broken("the engine", granting("mount", "/var//run/docker.sock"), "critical")
    .broken("a folder of the host", granting("mount", "/etc"))
    .broken("the host's network", granting("network", "host"))
    .broken("a capability", granting("capabilities", "CAP_SYS_ADMIN"))
    .broken("all devices", granting("allow-all-devices", "true"))
    .broken("the host's processes", granting("pidhost", "true"))
    .clean("nothing", plugin({}))
    .clean("what it needs", granting("mount", "/var/lib/example"))
    .clean("a network of its own", [granting("network", "none"), granting("network", "bridge"), granting("pidhost", "false")])
    .unknown(plugin({ grantAllPermissions: unknown })).cases,
  ...[
    "sysctls",
    "groupAdds",
    "cgroupParent",
    'securityOpts["0"]',
    '["securityOpts"]',
    '["mounts"][0]["source"]',
    "capabilities.adds",
    "mounts[*]",
    " ports ",
    "tmpfs",
  ].flatMap((path) => rule("GEN-004").broken(`the list ${path}`, ignoring(path)).cases),
  ...rule("GEN-004")
    .broken("AWS, blocks of a rule", { ...resource("aws:ec2/securityGroupRule:SecurityGroupRule", "x", {}), ignoreChanges: ["cidrBlocks"] })
    .broken("AWS, blocks of a group", { ...securityGroup, ignoreChanges: ['ingress[0]["cidrBlocks"]'] })
    .broken("AWS, the newer spelling", {
      ...resource("aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule", "x", {}),
      ignoreChanges: ["cidrIpv4"],
    })
    .broken("AWS, what is attached", {
      ...resource("aws:iam/rolePolicyAttachment:RolePolicyAttachment", "x", {}),
      ignoreChanges: ["policyArn"],
    })
    .broken("AWS, the text of a generic resource", {
      ...resource("aws:cloudcontrol/resource:Resource", "x", {}),
      ignoreChanges: ["desiredState"],
    })
    .broken("a provider", { ...dockerProvider, ignoreChanges: ["host"] })
    .clean("what decides nothing", [
      ignoring("stopTimeout", "restart"),
      { ...fileSystem, ignoreChanges: ["tags", "throughputMode"] },
      { ...resource("aws:ecs/service:Service", "x", {}), ignoreChanges: ["desiredCount"] },
      { ...resource("kubernetes:apps/v1:Deployment", "x", {}), ignoreChanges: ['metadata.annotations["a/b"]'] },
      { ...resource("random:index/randomId:RandomId", "x", {}), ignoreChanges: ["type", "*"] },
    ])
    .clean("a network's rest", { ...cloneNetwork, ignoreChanges: ["ipamConfigs"] }).cases,
];
