/** What to do about a container rule on each platform that it looks at, where its general sentence leaves out the field. */
import { kindOf } from "./read/subject.ts";
import { type Platform, platformOf } from "./read/workload.ts";
import type { Rule } from "./rule.ts";

type Remedies = Readonly<Partial<Record<Platform, string>>>;

const everywhere = (words: string): Remedies => ({ docker: words, swarm: words, kubernetes: words, ecs: words });

const ownVolume = "Mount a named volume in place of the host's folder.";

export const remedies: Readonly<Record<string, Remedies>> = {
  "CTR-001": {
    docker: "Set readOnly: true, and give what is written a tmpfs with a size or a volume.",
    swarm: "Set taskSpec.containerSpec.readOnly: true, and give what is written a tmpfs mount with a size or a volume.",
    kubernetes: "Set securityContext.readOnlyRootFilesystem: true, and give what is written an emptyDir with a sizeLimit.",
    ecs: "Set readonlyRootFilesystem: true, and give what is written a volume.",
  },
  "CTR-002": {
    docker: 'Add "no-new-privileges:true" to securityOpts.',
    swarm: 'Set "no-new-privileges": true in the daemon.json of every node: a service has no field for it.',
    kubernetes: "Set securityContext.allowPrivilegeEscalation: false.",
    ecs: 'Add "no-new-privileges" to dockerSecurityOptions; on Fargate the platform decides.',
  },
  "CTR-003": {
    docker: "Remove it from capabilities.adds; a tool that needs it belongs in a container of its own.",
    swarm: "Remove it from taskSpec.containerSpec.capAdds; a tool that needs it belongs in a service of its own.",
    kubernetes: "Remove it from securityContext.capabilities.add; a tool that needs it belongs in a pod of its own.",
    ecs: "Remove it from linuxParameters.capabilities.add; a tool that needs it belongs in a task of its own.",
  },
  "CTR-004": {
    docker: "Leave nothing but NET_BIND_SERVICE in capabilities.adds.",
    swarm: "Leave nothing but NET_BIND_SERVICE in taskSpec.containerSpec.capAdds.",
    kubernetes: "Leave nothing but NET_BIND_SERVICE in securityContext.capabilities.add.",
    ecs: "Leave nothing in linuxParameters.capabilities.add; a port above 1023 needs no capability.",
  },
  "CTR-005": {
    docker: 'Set capabilities.drops: ["ALL"], and add back what is needed.',
    swarm: 'Set taskSpec.containerSpec.capDrops: ["ALL"], and add back what is needed.',
    kubernetes: 'Set securityContext.capabilities.drop: ["ALL"], and add back what is needed.',
    ecs: 'Set linuxParameters.capabilities.drop: ["ALL"], and add back what is needed.',
  },
  "CTR-006": {
    docker: "Remove privileged; give the one capability or device that is needed.",
    kubernetes: "Remove securityContext.privileged; give the one capability that is needed.",
    ecs: "Remove privileged; Fargate does not take it at all.",
  },
  "CTR-007": {
    docker: 'Set user to a number other than 0, such as "10001:10001".',
    swarm: 'Set taskSpec.containerSpec.user to a number other than 0, such as "10001:10001".',
    kubernetes: "Set securityContext.runAsNonRoot: true and runAsUser to a number other than 0, such as 10001.",
    ecs: 'Set user to a number other than 0, such as "10001:10001".',
  },
  "CTR-008": {
    docker: "Remove networkMode: host, and name a network in networksAdvanced.",
    swarm: "Name an overlay network in taskSpec.networksAdvanceds in place of the host's.",
    kubernetes: "Remove hostNetwork, and reach the pod through a Service.",
    ecs: "Set networkMode: awsvpc.",
  },
  "CTR-009": {
    docker: "Remove pidMode: host.",
    kubernetes: "Remove hostPID.",
    ecs: "Remove pidMode: host.",
  },
  "CTR-010": {
    docker: "Set ipcMode: private, and remove cgroupnsMode: host.",
    kubernetes: "Remove hostIPC.",
    ecs: "Set ipcMode: none, or task where containers of one task share memory.",
  },
  "CTR-011": {
    docker: "Remove the mount, or the variable; build images with a rootless builder elsewhere.",
    swarm: "Remove the mount, or the variable; build images with a rootless builder elsewhere.",
    kubernetes: "Remove the hostPath volume, or the variable; build images with a rootless builder in a cluster of its own.",
    ecs: "Remove the host volume, or the variable; build images with CodeBuild.",
  },
  "CTR-012": {
    docker: ownVolume,
    swarm: ownVolume,
    kubernetes: "Use a ConfigMap, a Secret or a PersistentVolumeClaim in place of the hostPath.",
    ecs: "Use EFS, or a volume without hostPath.",
  },
  "CTR-013": {
    docker: "Mount a named volume, or a folder in one of allowedHostPaths.",
    swarm: "Mount a named volume, or a folder in one of allowedHostPaths.",
    kubernetes: "Use a PersistentVolumeClaim, or a folder in one of allowedHostPaths.",
    ecs: "Use EFS, or a folder in one of allowedHostPaths.",
  },
  "CTR-014": {
    docker: "Set bindOptions.propagation: rprivate, or leave it out.",
    swarm: "Set bindOptions.propagation: rprivate, or leave it out.",
    kubernetes: "Remove mountPropagation.",
  },
  "CTR-015": {
    docker: "Remove the entry from devices, deviceRequests or deviceCgroupRules.",
    kubernetes: "Remove the hostPath below /dev; a device plugin hands out devices one by one.",
    ecs: "Remove the entry from linuxParameters.devices.",
  },
  "CTR-016": {
    docker: "Remove seccomp=unconfined from securityOpts; a stricter profile is given as its text.",
    kubernetes: "Set securityContext.seccompProfile.type: RuntimeDefault, on the pod or on each container.",
    ecs: "Remove seccomp from dockerSecurityOptions.",
  },
  "CTR-017": {
    docker: "Remove apparmor=unconfined from securityOpts.",
    kubernetes: "Set securityContext.appArmorProfile.type: RuntimeDefault.",
    ecs: "Remove apparmor:unconfined from dockerSecurityOptions.",
  },
  "CTR-018": {
    docker: "Remove label=disable from securityOpts.",
    swarm: "Remove privileges.seLinuxContext.disable.",
    kubernetes: "Remove type, user and role from securityContext.seLinuxOptions.",
    ecs: "Remove label:disable from dockerSecurityOptions.",
  },
  "CTR-019": {
    docker: "Remove systempaths=unconfined from securityOpts.",
    kubernetes: "Remove securityContext.procMount.",
    ecs: "Remove systempaths from dockerSecurityOptions.",
  },
  "CTR-020": {
    docker: "Remove usernsMode: host, and turn on userns-remap in the engine.",
    kubernetes: "Set hostUsers: false.",
  },
  "CTR-021": {
    docker: "Set memory, and memorySwap to the same figure.",
    swarm: "Set taskSpec.resources.limits.memoryBytes.",
    kubernetes: "Set resources.limits.memory.",
    ecs: "Set memory, of the task or of the container.",
  },
  "CTR-022": {
    docker: "Set cpus.",
    swarm: "Set taskSpec.resources.limits.nanoCpus.",
    kubernetes: "Set resources.limits.cpu.",
    ecs: "Set cpu, of the task or of the container.",
  },
  "CTR-023": {
    docker: "Set an nproc limit in ulimits, or a cgroupParent of its own with pids.max.",
    swarm: "Set default-ulimits with nproc in the daemon.json of every node: a service has no field for it.",
    kubernetes: "Set podPidsLimit in the kubelet's configuration: a pod has no field for it.",
  },
  "CTR-024": {
    docker: "Add size= to the tmpfs, or tmpfsOptions.sizeBytes to the mount.",
    swarm: "Set tmpfsOptions.sizeBytes on the mount.",
    kubernetes: "Set emptyDir.sizeLimit, and resources.limits.ephemeral-storage on each container.",
    ecs: "Set ephemeralStorage.",
  },
  "CTR-026": {
    docker: "Put it into a file: uploads of a container that never starts, or a mounted volume; give the program its path.",
    swarm: "Use a Docker secret (taskSpec.containerSpec.secrets), and give the program its path.",
    kubernetes: "Use a Secret, best as a volume, else by valueFrom.secretKeyRef.",
    ecs: "Use secrets with valueFrom, the ARN of a secret in Secrets Manager.",
  },
  "CTR-027": {
    docker: "Put it into a file on a volume, and give the program its path.",
    swarm: "Use a Docker secret (taskSpec.containerSpec.secrets), and give the program its path.",
    kubernetes: "Use a Secret, best as a volume.",
    ecs: "Use secrets with valueFrom, the ARN of a secret in Secrets Manager.",
  },
  "CTR-028": {
    docker: 'Set ip: "127.0.0.1" on the port; only the reverse proxy is public.',
    swarm: "Remove endpointSpec.ports, and let the reverse proxy reach the service over a network.",
  },
  "CTR-029": {
    docker: "Set external to a port above 1023; 80 and 443 are for the reverse proxy.",
    swarm: "Set publishedPort to a port above 1023; 80 and 443 are for the reverse proxy.",
    kubernetes: "Remove hostPort, and use a Service.",
  },
  "CTR-030": {
    docker: "Remove port 22 and the SSH server; use docker exec.",
    swarm: "Remove port 22 and the SSH server; use docker exec.",
    kubernetes: "Remove port 22 and the SSH server; use kubectl exec.",
    ecs: "Remove port 22 and the SSH server; use ECS Exec with an encrypted record.",
  },
  "CTR-031": {
    docker: "Set healthcheck.tests to a command that asks the program itself.",
    swarm: "Set taskSpec.containerSpec.healthcheck.tests to a command that asks the program itself.",
    kubernetes: "Set livenessProbe or readinessProbe.",
    ecs: "Set healthCheck.command to a command that asks the program itself.",
  },
  "CTR-033": everywhere("Write the image as repository@sha256:digest; docker buildx imagetools inspect shows the digest."),
  "CTR-035": {
    docker: "Set logDriver: json-file with logOpts max-size and max-file, or logDriver: local or journald.",
    swarm: "Set taskSpec.logDriver with name: json-file and options max-size and max-file.",
    ecs: "Set logConfiguration with logDriver: awslogs and options.mode: non-blocking.",
  },
  "CTR-037": {
    docker: "Set init: true.",
    swarm: "Start with tini or dumb-init: the service type has no init.",
    ecs: "Set linuxParameters.initProcessEnabled: true.",
  },
  "CTR-041": {
    docker: "Remove the group from groupAdds, or from user.",
    swarm: "Remove the group from taskSpec.containerSpec.groups, or from user.",
    kubernetes: "Set fsGroup, runAsGroup and supplementalGroups to numbers other than 0.",
    ecs: "Remove the group from user.",
  },
  "CTR-042": {
    docker: "Remove it from sysctls.",
    swarm: "Remove it from taskSpec.containerSpec.sysctl.",
    kubernetes: "Remove it from securityContext.sysctls.",
    ecs: "Remove it from systemControls.",
  },
  "CTR-043": {
    docker: "Set runtime: runsc (gVisor), or Kata's.",
    swarm: "Make gVisor or Kata the default-runtime of every node: a service has no field for it.",
    kubernetes: "Set runtimeClassName to a class of gVisor or Kata.",
    ecs: "Run the task on Fargate, which gives each a virtual machine.",
  },
  "CTR-045": {
    docker: "Remove the entry from hosts.",
    swarm: "Remove the entry from taskSpec.containerSpec.hosts.",
    kubernetes: "Remove what is not a session's own proxy from hostAliases, and use a Service.",
    ecs: "Remove the entry from extraHosts.",
  },
};

/** What to do about a rule's finding in a resource of a type. */
export function remediationOf(rule: Rule, type: string): string {
  const platform = platformOf(kindOf(type));
  return (platform && remedies[rule.id]?.[platform]) ?? rule.remediation;
}
