import {
  changed,
  definition,
  deployment,
  machineTask,
  repositoryFetch,
  resource,
  securityGroup,
  service,
  sessionContainer,
  sessionVolume,
  task,
} from "../fixtures.ts";
import { type Case, container, fargate, machine, pod, podContainer, rule, swarm, unknown } from "./case.ts";

const volume = (driverOpts: Record<string, string>) => changed(sessionVolume, { driverOpts });
const bind = (source: string, readOnly = true) => container({ mounts: [{ type: "bind", source, target: "/data", readOnly }] });
const hostPath = (path: string) => pod({ volumes: [{ name: "host", hostPath: { path } }] });
const persistentVolume = (spec: Record<string, unknown>) => resource("kubernetes:core/v1:PersistentVolume", "disk", { spec });

const capability = (id: string, name: string, severity?: "critical" | "medium") =>
  rule(id)
    .broken("Docker", container({ capabilities: { adds: [name], drops: ["ALL"] } }), severity)
    .broken("lower case with prefix", container({ capabilities: { adds: [` cap_${name.toLowerCase()} `] } }), severity)
    .broken("Swarm", swarm({ capAdds: [`CAP_${name}`] }), severity)
    .broken("Kubernetes", podContainer({ "securityContext/capabilities/add": [name] }), severity)
    .broken("an init container", pod({ initContainers: [{ name: "init", securityContext: { capabilities: { add: [name] } } }] }), severity)
    .broken(
      "an ephemeral container",
      pod({ ephemeralContainers: [{ name: "debug", securityContext: { capabilities: { add: [name] } } }] }),
      severity,
    )
    .broken("ECS", fargate({ linuxParameters: { capabilities: { add: [name] } } }), severity)
    .broken("beside an unknown one", container({ capabilities: { adds: [unknown, name] } }), severity)
    .finds({ beside: 1 })
    .unknown(container({ capabilities: { adds: unknown } })).cases;

/** A task with a second container that has no health check, and for whose end the first one may wait. */
function withStep(step: object, condition: string | undefined) {
  const waiting = condition === undefined ? {} : { dependsOn: [{ containerName: "step", condition }] };
  const { healthCheck: _, ...rest } = definition;
  return task(
    {},
    {
      containerDefinitions: JSON.stringify([
        { ...definition, ...waiting },
        { ...rest, name: "step", ...step },
      ]),
    },
  );
}

export const cases: Case[] = [
  ...rule("CTR-001")
    .broken("Docker", container({ readOnly: false }))
    .broken("Docker, unsaid", container({ readOnly: undefined }))
    .broken("Swarm", swarm({ readOnly: undefined }))
    .broken("Kubernetes", podContainer({ "securityContext/readOnlyRootFilesystem": undefined }))
    .broken("Kubernetes, false as text", podContainer({ "securityContext/readOnlyRootFilesystem": "false" }))
    .broken("ECS", fargate({ readonlyRootFilesystem: false }))
    .broken("a container that runs once", changed(repositoryFetch, { readOnly: false }))
    .unknown(container({ readOnly: unknown })).cases,
  ...rule("CTR-002")
    .broken("Docker, unsaid", container({ securityOpts: undefined }))
    .broken("Docker, false", container({ securityOpts: ["no-new-privileges:false"] }))
    .broken("Docker, true and false", container({ securityOpts: ["no-new-privileges=true", "no-new-privileges=false"] }))
    .broken("Docker, false and true", container({ securityOpts: ["no-new-privileges=false", "no-new-privileges=true"] }))
    .broken("Docker, no boolean", container({ securityOpts: ["no-new-privileges=yes"] }))
    .broken("Kubernetes, unsaid", podContainer({ "securityContext/allowPrivilegeEscalation": undefined }))
    .broken("Kubernetes, true", podContainer({ "securityContext/allowPrivilegeEscalation": true }))
    .broken("ECS on machines", machine({ dockerSecurityOptions: undefined }))
    .advised("Swarm", service)
    .unknown(container({ securityOpts: [unknown] })).cases,
  ...["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_OVERRIDE", "DAC_READ_SEARCH", "SYS_TIME"].flatMap((name) =>
    capability("CTR-003", name),
  ),
  ...capability("CTR-003", "ALL", "critical"),
  ...[
    "NET_ADMIN",
    "NET_RAW",
    "BPF",
    "PERFMON",
    "SYS_BOOT",
    "MAC_ADMIN",
    "SYSLOG",
    "SETPCAP",
    "SETFCAP",
    "MKNOD",
    "CHECKPOINT_RESTORE",
    "LINUX_IMMUTABLE",
  ].flatMap((name) => capability("CTR-004", name)),
  ...["CHOWN", "KILL"].flatMap((name) => capability("CTR-004", name, "medium")),
  ...rule("CTR-005")
    .broken("Docker", container({ capabilities: undefined }))
    .broken("Docker, some", container({ capabilities: { drops: ["NET_RAW"] } }))
    .broken("Swarm", swarm({ capDrops: undefined }))
    .broken("Kubernetes", podContainer({ "securityContext/capabilities": undefined }))
    .broken("Kubernetes, lower case", podContainer({ "securityContext/capabilities/drop": ["all"] }))
    .broken("ECS", fargate({ linuxParameters: undefined }))
    .unknown(container({ capabilities: { drops: [unknown] } })).cases,
  ...rule("CTR-006")
    .broken("Docker", container({ privileged: true }))
    .broken("Kubernetes", podContainer({ "securityContext/privileged": true }))
    .broken("ECS", machine({ privileged: true }))
    .broken("ECS, in capitals", machine({ PRIVILEGED: true }))
    .broken(
      "an unheard-of kind",
      resource("kubernetes:example.com/v1:Sandbox", "x", {
        spec: { podTemplate: { spec: { containers: [{ name: "a", securityContext: { privileged: true } }] } } },
      }),
    )
    .broken("an old group", {
      ...podContainer({ "securityContext/privileged": true }),
      type: "kubernetes:extensions/v1beta1:Deployment",
    })
    .broken("a patch", {
      ...podContainer({ "securityContext/privileged": true }),
      type: "kubernetes:apps/v1:DeploymentPatch",
    })
    .broken(
      "a list",
      resource("kubernetes:apps/v1:DeploymentList", "x", {
        items: [{ kind: "Deployment", ...podContainer({ "securityContext/privileged": true }).props }],
      }),
    )
    .broken(
      "a cron job",
      resource("kubernetes:batch/v1:CronJob", "x", {
        spec: {
          jobTemplate: {
            spec: { template: { spec: { containers: [{ name: "a", securityContext: { privileged: true } }] } } },
          },
        },
      }),
    )
    .unknown(container({ privileged: unknown }))
    .unknown(task({}, { containerDefinitions: unknown }))
    .unknown(changed(deployment, { "spec/template": unknown })).cases,
  ...rule("CTR-007")
    .broken("no user", container({ user: undefined }), "medium")
    .broken("an empty user", container({ user: "" }), "medium")
    .broken("root by name", container({ user: "root" }))
    .broken("0", container({ user: "0" }))
    .broken("00:1000", container({ user: "00:1000" }))
    .broken("+0", container({ user: "+0" }))
    .broken("-0", container({ user: "-0" }))
    .broken("a group alone", container({ user: ":1000" }))
    .broken("Swarm", swarm({ user: "0:0" }))
    .broken("ECS", fargate({ user: "root" }))
    .broken("ECS, unsaid", fargate({ user: undefined }), "medium")
    .broken("Kubernetes, uid 0", podContainer({ "securityContext/runAsUser": 0 }))
    .broken("Kubernetes, root allowed", podContainer({ "securityContext/runAsUser": undefined, "securityContext/runAsNonRoot": false }))
    .broken(
      "Kubernetes, unsaid",
      podContainer({ "securityContext/runAsUser": undefined, "securityContext/runAsNonRoot": undefined }),
      "medium",
    )
    .broken(
      "Kubernetes, the pod's",
      changed(podContainer({ "securityContext/runAsUser": undefined, "securityContext/runAsNonRoot": undefined }), {
        "spec/template/spec/securityContext/runAsUser": 0,
      }),
    )
    .broken(
      "Kubernetes, over the pod's",
      changed(podContainer({ "securityContext/runAsUser": 0 }), {
        "spec/template/spec/securityContext/runAsUser": 10001,
      }),
    )
    .advised("a uid of the host's", sessionContainer())
    .unknown(container({ user: unknown })).cases,
  ...rule("CTR-008")
    .broken("Docker", container({ networkMode: "host" }))
    .broken("Docker, in capitals", container({ networkMode: "HOST" }))
    .broken("Kubernetes", pod({ hostNetwork: true }))
    .broken("ECS", machineTask({}, { networkMode: "host" }))
    .advised("asked for", container({ networkMode: "host" }), { "CTR-008": { allowHostNetwork: true } })
    .unknown(container({ networkMode: unknown })).cases,
  ...rule("CTR-009")
    .broken("Docker", container({ pidMode: "host" }))
    .broken("Kubernetes", pod({ hostPID: true }))
    .broken("ECS", machineTask({}, { pidMode: "host" }))
    .unknown(container({ pidMode: unknown })).cases,
  ...rule("CTR-010")
    .broken("Docker", container({ ipcMode: "host" }))
    .broken("Docker, cgroups", container({ cgroupnsMode: "host" }))
    .broken("Docker, shareable", container({ ipcMode: "shareable" }), "medium")
    .broken("Kubernetes", pod({ hostIPC: true }))
    .broken("ECS", machineTask({}, { ipcMode: "host" }))
    .unknown(container({ ipcMode: unknown })).cases,
  ...[
    "/var/run/docker.sock",
    "/run/docker.sock",
    "//var//run/./docker.sock/",
    "/var/run/../run/docker.sock",
    "/var/run",
    "/run",
    "/run/",
    "/",
    "/run/containerd/containerd.sock",
    "/run/containerd",
    "/run/user/1000/podman/podman.sock",
    "/run/user/1000/docker.sock",
    "/run/crio/crio.sock",
    "/var/run/cri-dockerd.sock",
    "/home/me/.docker/run/docker.sock",
    "/var/lib/kubelet",
    "/run/k3s/containerd/containerd.sock",
    "\\\\.\\pipe\\docker_engine",
  ].flatMap((path) => rule("CTR-011").broken(path, bind(path)).cases),
  ...rule("CTR-011")
    .broken("a host path", container({ volumes: [{ hostPath: "/var/run/docker.sock", containerPath: "/x" }] }))
    .broken("a volume's name that is a path", container({ volumes: [{ volumeName: "/var/run/docker.sock", containerPath: "/x" }] }))
    .broken("a volume mount whose source is a path", container({ mounts: [{ type: "volume", source: "/run/docker.sock", target: "/x" }] }))
    .broken(
      "a mount's own driver",
      container({
        mounts: [
          {
            type: "volume",
            source: "v",
            target: "/x",
            volumeOptions: { driverOptions: { type: "none", o: "ro,bind", device: "/run/docker.sock" } },
          },
        ],
      }),
    )
    .broken("a bind in disguise", volume({ type: "none", o: "bind", device: "/run/docker.sock" }))
    .broken("rbind in disguise", volume({ type: "none", o: "rw,rbind", device: "/var/run" }))
    .broken("Swarm", swarm({ mounts: [{ type: "bind", source: "/var/run/docker.sock", target: "/x" }] }))
    .broken("Kubernetes", hostPath("/run/containerd"))
    .broken("a persistent volume", persistentVolume({ hostPath: { path: "/var/run" } }))
    .broken("ECS", machineTask({}, { volumes: [{ name: "x", hostPath: "/var/run/docker.sock" }] }))
    .broken(
      "ECS, a driver",
      machineTask(
        {},
        {
          volumes: [
            {
              name: "x",
              dockerVolumeConfiguration: { driverOpts: { type: "none", o: "bind", device: "/run/docker.sock" } },
            },
          ],
        },
      ),
    )
    .broken("DOCKER_HOST", container({ envs: ["DOCKER_HOST=tcp://proxy:2375"] }))
    .broken("DOCKER_HOST on Kubernetes", podContainer({ env: [{ name: "DOCKER_HOST", value: "tcp://x" }] }))
    .unknown(container({ mounts: [{ type: "bind", source: unknown, target: "/x" }] })).cases,
  ...[
    "/etc",
    "/etc/passwd",
    "/boot",
    "/dev/sda",
    "/lib/modules",
    "/proc",
    "/sys/fs",
    "/usr/local",
    "/root/.bashrc",
    "/var/lib/docker",
    "/var/lib/kubelet/pods",
    "/var/lib",
    "/home/me/.ssh",
    "/home/me/.aws/credentials",
    "/home/me/.config/gh",
    "/home/me/.gnupg",
    "~/.kube",
  ].flatMap((path) => rule("CTR-012").broken(path, bind(path)).cases),
  ...rule("CTR-012")
    .broken("the root", bind("/home/../.."), "critical")
    .broken("what is public, writable", bind("/etc/localtime", false))
    .broken("what holds what is public", bind("/etc/ssl"))
    .broken("what is public, where nothing says who may write", hostPath("/etc/localtime"))
    .clean("the clock's zone and the authorities' certificates", [
      bind("/etc/localtime"),
      bind("/usr/share/zoneinfo/Europe/Berlin"),
      bind("/etc/ssl/certs/../certs"),
    ])
    .broken("a bind in disguise", volume({ type: "none", o: "bind", device: "/etc" }))
    .broken("a disk of the host", volume({ type: "ext4", device: "/dev/sda1" }))
    .broken("Swarm", swarm({ mounts: [{ type: "bind", source: "/etc", target: "/x" }] }))
    .broken("Kubernetes", hostPath("/etc"))
    .broken("ECS", machineTask({}, { volumes: [{ name: "x", hostPath: "/etc" }] }))
    .unknown(volume({ type: "none", o: "bind", device: unknown })).cases,
  ...rule("CTR-013")
    .broken("writable, nothing allowed", bind("/srv/data", false))
    .broken("outside", bind("/srv/data"), "medium", { "CTR-013": { allowedHostPaths: ["/home/me"] } })
    .broken("outside by ..", bind("/home/me/../you"), "medium", { "CTR-013": { allowedHostPaths: ["/home/me"] } })
    .broken("a longer name", bind("/home/mel"), "medium", { "CTR-013": { allowedHostPaths: ["/home/me/"] } })
    .broken("Kubernetes", hostPath("/srv/data"))
    .broken("a persistent volume", persistentVolume({ local: { path: "/srv/data" } }))
    .advised("read-only, nothing allowed", bind("/srv/data"))
    .unknown(container({ volumes: [{ hostPath: unknown, containerPath: "/x" }] })).cases,
  ...rule("CTR-014")
    .broken("Docker", container({ mounts: [{ type: "bind", source: "/srv", target: "/x", bindOptions: { propagation: "rshared" } }] }))
    .broken("slave", container({ mounts: [{ type: "bind", source: "/srv", target: "/x", bindOptions: { propagation: "slave" } }] }), "low")
    .broken("Swarm", swarm({ mounts: [{ type: "bind", source: "/srv", target: "/x", bindOptions: { propagation: "shared" } }] }))
    .broken("Kubernetes", podContainer({ volumeMounts: [{ name: "tmp", mountPath: "/x", mountPropagation: "Bidirectional" }] }))
    .broken(
      "Kubernetes, from the host",
      podContainer({ volumeMounts: [{ name: "tmp", mountPath: "/x", mountPropagation: "HostToContainer" }] }),
      "low",
    )
    .unknown(container({ mounts: unknown })).cases,
  ...[
    "/dev/mem",
    "/dev/kmem",
    "/dev/kmsg",
    "/dev/port",
    "/dev/sda",
    "/dev/nvme0n1",
    "/dev/kvm",
    "/dev/fuse",
    "/dev/disk/by-id/x",
    "/dev/mapper/root",
  ].flatMap((path) => rule("CTR-015").broken(path, container({ devices: [{ hostPath: path, permissions: "r" }] })).cases),
  ...rule("CTR-015")
    .broken("another device", container({ devices: [{ hostPath: "/dev/snd", permissions: "r" }] }), "medium")
    .broken("the right to make nodes", container({ devices: [{ hostPath: "/dev/snd", permissions: "m" }] }))
    .broken("a driver's", container({ deviceRequests: [{ driver: "nvidia" }] }), "medium")
    .broken("GPUs", container({ gpus: "all" }), "medium")
    .broken("device rules", container({ deviceCgroupRules: ["c 1:3 mr"] }))
    .broken("ECS", machine({ linuxParameters: { ...definition.linuxParameters, devices: [{ hostPath: "/dev/kvm" }] } }))
    .broken("Kubernetes", pod({ volumes: [{ name: "disk", hostPath: { path: "/dev/xvda" } }] }))
    .unknown(container({ devices: [{ hostPath: unknown }] })).cases,
  ...rule("CTR-016")
    .broken("=", container({ securityOpts: ["no-new-privileges", "seccomp=unconfined"] }))
    .broken(":", container({ securityOpts: ["seccomp:unconfined"] }))
    .broken("a profile that allows", container({ securityOpts: ['seccomp={"defaultAction":"SCMP_ACT_ALLOW"}'] }))
    .broken("a profile that logs", container({ securityOpts: ['seccomp={"defaultAction":"SCMP_ACT_LOG"}'] }))
    .broken("ECS", machine({ dockerSecurityOptions: ["no-new-privileges", "seccomp:unconfined"] }))
    .broken("Kubernetes, the container's", podContainer({ "securityContext/seccompProfile": { type: "Unconfined" } }))
    .broken("Kubernetes, the pod's", pod({ "securityContext/seccompProfile": { type: "Unconfined" } }))
    .broken("Kubernetes, unsaid", pod({ "securityContext/seccompProfile": undefined }), "medium")
    .broken(
      "Kubernetes, the old annotation",
      changed(pod({ "securityContext/seccompProfile": undefined }), {
        "spec/template/metadata/annotations": { "seccomp.security.alpha.kubernetes.io/pod": "unconfined" },
      }),
    )
    .unknown(container({ securityOpts: ["no-new-privileges", unknown] })).cases,
  ...rule("CTR-017")
    .broken("Docker", container({ securityOpts: ["no-new-privileges", "apparmor=unconfined"] }))
    .broken("Docker, :", container({ securityOpts: ["apparmor:unconfined"] }))
    .broken("Kubernetes", podContainer({ "securityContext/appArmorProfile": { type: "Unconfined" } }))
    .broken(
      "Kubernetes, the annotation",
      changed(deployment, {
        "spec/template/metadata/annotations": { "container.apparmor.security.beta.kubernetes.io/agent": "unconfined" },
      }),
    )
    .advised("Kubernetes, unsaid", deployment)
    .unknown(container({ securityOpts: unknown })).cases,
  ...["label=disable", "label:disable", "disable", "label=type:spc_t"].flatMap(
    (option) => rule("CTR-018").broken(option, container({ securityOpts: ["no-new-privileges", option] })).cases,
  ),
  ...rule("CTR-018")
    .broken("Swarm", swarm({ privileges: { seLinuxContext: { disable: true } } }))
    .broken("Kubernetes, a type", podContainer({ "securityContext/seLinuxOptions": { type: "spc_t" } }))
    .broken("Kubernetes, a user", pod({ "securityContext/seLinuxOptions": { user: "sysadm_u" } }))
    .unknown(container({ securityOpts: [unknown] })).cases,
  ...rule("CTR-019")
    .broken("system paths", container({ securityOpts: ["no-new-privileges", "systempaths=unconfined"] }))
    .broken("cgroups", container({ securityOpts: ["no-new-privileges", "writable-cgroups=true"] }))
    .broken("Kubernetes", podContainer({ "securityContext/procMount": "Unmasked" }))
    .unknown(podContainer({ "securityContext/procMount": unknown })).cases,
  ...rule("CTR-020")
    .broken("Docker", container({ usernsMode: "host" }))
    .advised("Kubernetes", deployment)
    .unknown(container({ usernsMode: unknown })).cases,
  ...rule("CTR-021")
    .broken("Docker", container({ memory: undefined }))
    .broken("Docker, 0", container({ memory: 0 }))
    .broken("unlimited swap", container({ memorySwap: -1 }))
    .broken("swap unsaid", container({ memorySwap: undefined }), "low")
    .broken("Swarm", changed(service, { "taskSpec/resources": undefined }))
    .broken("Kubernetes", podContainer({ "resources/limits/memory": undefined }))
    .broken("ECS", machineTask({}, { memory: undefined }))
    .unknown(container({ memory: unknown })).cases,
  ...rule("CTR-022")
    .broken("Docker", container({ cpus: undefined }))
    .broken("Swarm", changed(service, { "taskSpec/resources/limits/nanoCpus": undefined }))
    .broken("Kubernetes", podContainer({ "resources/limits/cpu": "0" }))
    .broken("ECS", machineTask({}, { cpu: undefined }))
    .unknown(container({ cpus: unknown })).cases,
  ...rule("CTR-023")
    .broken("no label", container({ labels: [{ label: "created_by", value: "agent-sessions" }] }))
    .broken("a label that nobody reads", container({ labels: [{ label: "pids_limit", value: "512" }] }))
    .broken(
      "an empty label",
      container({
        labels: [
          { label: "created_by", value: "agent-sessions" },
          { label: "pids_limit", value: "0" },
        ],
      }),
    )
    .broken("an unlimited ulimit", container({ labels: [], ulimits: [{ name: "nproc", soft: 0, hard: -1 }] }))
    .advised("Swarm", service)
    .advised("Kubernetes", deployment)
    .unknown(container({ labels: unknown })).cases,
  ...rule("CTR-024")
    .broken("tmpfs", container({ tmpfs: { "/tmp": "rw,noexec" } }))
    .broken("a mount", container({ mounts: [{ type: "tmpfs", target: "/tmp" }] }))
    .broken("a volume", volume({ type: "tmpfs", device: "tmpfs", o: "nosuid,nodev" }))
    .broken("Kubernetes", pod({ volumes: [{ name: "tmp", emptyDir: {} }], "containers/0/resources/limits": { memory: "4Gi" } }))
    .finds({ beside: 1 })
    .broken("Kubernetes, ephemeral storage", podContainer({ "resources/limits/ephemeral-storage": undefined }), "low")
    .unknown(container({ tmpfs: { "/tmp": unknown } })).cases,
  ...rule("CTR-025")
    .broken("exec", container({ tmpfs: { "/tmp": "rw,exec,size=1" } }))
    .broken("suid", container({ tmpfs: { "/workspace": "suid,exec,size=1" } }))
    .broken("dev", container({ tmpfs: { "/tmp": "dev,size=1" } }))
    .broken("a volume", volume({ type: "tmpfs", device: "tmpfs", o: "size=1m,nosuid" }))
    .unknown(container({ tmpfs: unknown })).cases,
  ...[
    "sk-ant-api03-abcdefghijklmnop",
    "AKIAIOSFODNN7EXAMPLE",
    "ghp_abcdefghijklmnopqrstuvwx",
    "xoxb-1234567890-abc",
    "-----BEGIN RSA PRIVATE KEY-----",
    "eyJhbGciOiJI.eyJzdWIiOiIx.SflKxwRJSMeK",
  ].flatMap(
    (value) => rule("CTR-026").broken(`the format of ${value.slice(0, 6)}`, container({ envs: [`SETTING=${value}`] }), "critical").cases,
  ),
  ...[
    "DB_PASSWORD",
    "API_KEY",
    "apiKey",
    "CLAUDE_AUTH_TOKEN",
    "AWS_SECRET_ACCESS_KEY",
    "AWS_ACCESS_KEY_ID",
    "client-secret",
    "GITHUB_TOKEN",
  ].flatMap((name) => rule("CTR-026").broken(name, container({ envs: [`${name}=hunter2`] })).cases),
  ...rule("CTR-026")
    .broken("a URL with a password", container({ envs: ["DATABASE=postgres://me:hunter2@db/x"] }))
    .broken("Swarm", swarm({ env: { DB_PASSWORD: "hunter2" } }))
    .broken("Kubernetes", podContainer({ env: [{ name: "DB_PASSWORD", value: "hunter2" }] }))
    .broken("ECS", fargate({ environment: [{ name: "DB_PASSWORD", value: "hunter2" }] }))
    .broken("ECS, keys in another case", fargate({ Environment: [{ Name: "DB_PASSWORD", Value: "hunter2" }], environment: undefined }))
    .broken(
      "a Pulumi secret is plain in the container",
      container({
        envs: [{ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", value: "DB_PASSWORD=hunter2" }],
      }),
    )
    .unknown(container({ envs: [unknown] }))
    .unknown(
      container({
        envs: [{ "4dabf18193072939515e22adb298388d": "1b47061264138c4ac30d75fd1eb44270", ciphertext: "v1:x" }],
      }),
    ).cases,
  ...rule("CTR-027")
    .broken("a command", container({ command: ["serve", "--password=hunter2"] }))
    .broken("two words of a command", container({ command: ["serve", "--api-key", "hunter2"] }))
    .broken("an entrypoint", container({ entrypoints: ["tini", "curl", "https://me:hunter2@example.com"] }))
    .broken("a label", container({ labels: [{ label: "db_password", value: "hunter2" }] }))
    .broken("a health check", container({ healthcheck: { tests: ["CMD", "curl", "--token", "hunter2"] } }))
    .broken("an upload", container({ uploads: [{ file: "/x", content: "ghp_abcdefghijklmnopqrstuvwx" }] }))
    .broken(
      "an upload in base64",
      container({
        uploads: [{ file: "/x", contentBase64: Buffer.from("sk-ant-api03-abcdefghijklmnop").toString("base64") }],
      }),
    )
    .broken("a volume's options", volume({ type: "cifs", o: "username=me,password=hunter2,seal" }))
    .broken("Kubernetes, an annotation", changed(deployment, { "spec/template/metadata/annotations": { token: "hunter2" } }))
    .broken("Kubernetes, an argument", podContainer({ args: ["--token=hunter2"] }))
    .broken("a ConfigMap", resource("kubernetes:core/v1:ConfigMap", "x", { data: { DB_PASSWORD: "hunter2" } }))
    .broken("ECS", fargate({ dockerLabels: { token: "hunter2" } }))
    .unknown(container({ command: [unknown] })).cases,
  ...rule("CTR-028")
    .broken("no address", container({ ports: [{ internal: 80, external: 8080 }] }))
    .broken("0.0.0.0", container({ ports: [{ internal: 80, external: 8080, ip: "0.0.0.0" }] }))
    .broken("::", container({ ports: [{ internal: 80, external: 8080, ip: "::" }] }))
    .broken("all ports", container({ publishAllPorts: true }))
    .broken("Swarm", changed(service, { endpointSpec: { ports: [{ targetPort: 80, publishedPort: 8080 }] } }), "medium")
    .broken("a high port of the proxy", container({ ports: [{ internal: 80, external: 8080 }] }), "high", {
      "CTR-028": { publicContainers: ["alpha"] },
    })
    .unknown(container({ ports: [{ internal: 80, ip: unknown }] })).cases,
  ...rule("CTR-029")
    .broken("Docker", container({ ports: [{ internal: 80, external: 80, ip: "127.0.0.1" }] }))
    .broken("Swarm", changed(service, { endpointSpec: { ports: [{ targetPort: 80, publishedPort: 443 }] } }))
    .broken("Kubernetes", podContainer({ ports: [{ containerPort: 80, hostPort: 80 }] }))
    .unknown(container({ ports: [{ internal: 80, external: unknown }] })).cases,
  ...rule("CTR-030")
    .broken("Docker", container({ ports: [{ internal: 22, external: 2222, ip: "127.0.0.1" }] }))
    .broken("Kubernetes", podContainer({ ports: [{ containerPort: 22 }] }))
    .broken("ECS", fargate({ portMappings: [{ containerPort: 22 }] }))
    .broken(
      "a security group",
      changed(securityGroup, {
        ingress: [{ protocol: "tcp", fromPort: 20, toPort: 30, cidrBlocks: ["10.0.0.0/8"], description: "x" }],
      }),
    )
    .unknown(container({ ports: [{ internal: unknown }] })).cases,
  ...rule("CTR-031")
    .broken("Docker", container({ healthcheck: undefined }))
    .broken("Swarm", swarm({ healthcheck: undefined }))
    .broken("Kubernetes, liveness", podContainer({ livenessProbe: undefined }))
    .broken("Kubernetes, readiness", podContainer({ readinessProbe: undefined }))
    .broken("ECS", fargate({ healthCheck: undefined }))
    .broken("ECS, one that ends the task", withStep({ essential: true }, "SUCCESS"))
    .broken("ECS, one that nobody waits for", withStep({ essential: false }, undefined))
    .broken("ECS, one that others start with", withStep({ essential: false }, "START"))
    .clean("ECS, one for whose end others wait", [withStep({ essential: false }, "SUCCESS"), withStep({ essential: false }, "COMPLETE")])
    .unknown(container({ healthcheck: unknown })).cases,
  ...[["NONE"], ["CMD-SHELL", "exit 0"], ["CMD", "true"], ["CMD-SHELL", ":"], ["curl", "localhost"], ["CMD", "/bin/true"]].flatMap(
    (tests) => rule("CTR-032").broken(tests.join(" "), container({ healthcheck: { tests } })).cases,
  ),
  ...rule("CTR-032")
    .broken("no retries", container({ healthcheck: { tests: ["CMD", "health"], retries: 0 } }))
    .broken("Swarm", swarm({ healthcheck: { tests: ["CMD", "true"] } }))
    .broken("ECS", fargate({ healthCheck: { command: ["CMD-SHELL", "exit 0"] } }))
    .broken("Kubernetes", podContainer({ livenessProbe: { exec: { command: ["true"] } } }))
    .broken(
      "the same probe",
      podContainer({ livenessProbe: { tcpSocket: { port: 80 } }, readinessProbe: { tcpSocket: { port: 80 } } }),
      "low",
    )
    .unknown(container({ healthcheck: { tests: unknown } })).cases,
  ...[
    "node",
    "node:latest",
    "node:lts",
    "registry.example.com:5000/node",
    "docker.io/library/node:Latest",
    "node@sha256:abc",
    "localhost/node:main",
  ].flatMap((image) => rule("CTR-033").broken(image, container({ image })).cases),
  ...rule("CTR-033")
    .broken("a tag", container({ image: "node:24.1.0-slim" }), "low")
    .broken("a short digest", container({ image: "node:24.1@sha256:abc" }), "low")
    .broken("Swarm", swarm({ image: "node" }))
    .broken("Kubernetes", podContainer({ image: "node:latest" }))
    .broken("ECS", fargate({ image: "node" }))
    .broken("a pulled image", resource("docker:index/remoteImage:RemoteImage", "x", { name: "node" }))
    .unknown(container({ image: unknown })).cases,
  ...["node:24.1", "registry.example.com.evil.io/x:1", "registry.example.com@evil.io/x:1", "registry.example.com/x:1"].flatMap(
    (image) =>
      rule("CTR-034").broken(image, container({ image }), "medium", {
        "CTR-034": { registries: ["registry.example.com:5000"] },
      }).cases,
  ),
  ...rule("CTR-034")
    .broken("a pulled image", resource("docker:index/remoteImage:RemoteImage", "x", { name: "node:24" }), "medium", {
      "CTR-034": { registries: ["ghcr.io"] },
    })
    .unknown(container({ image: unknown }), { "CTR-034": { registries: ["ghcr.io"] } }).cases,
  ...rule("CTR-035")
    .broken("no rotation", container({ logOpts: undefined }))
    .broken("no number of files", container({ logOpts: { "max-size": "1m" } }))
    .broken("the engine's default", container({ logDriver: undefined, logOpts: undefined }))
    .broken("none", container({ logDriver: "none" }))
    .broken("Swarm", changed(service, { "taskSpec/logDriver": undefined }))
    .broken("ECS", fargate({ logConfiguration: undefined }))
    .broken("ECS, blocking", fargate({ logConfiguration: { logDriver: "awslogs", options: {} } }), "low")
    .clean("local, which rotates by itself", [container({ logDriver: "local", logOpts: undefined })])
    .clean("journald, which does too", [container({ logDriver: "journald", logOpts: undefined })])
    .unknown(container({ logDriver: unknown })).cases,
  ...rule("CTR-036")
    .broken("on-failure without end", container({ restart: "on-failure" }))
    .broken("on-failure, often", container({ restart: "on-failure", maxRetryCount: 50 }))
    .advised("always", sessionContainer())
    .advised("unless-stopped", container({ restart: "unless-stopped" }))
    .unknown(container({ restart: unknown })).cases,
  ...rule("CTR-037")
    .broken("Docker", container({ entrypoints: ["/usr/bin/node"] }))
    .broken("Docker, nothing said", container({ entrypoints: undefined }))
    .broken("Swarm", swarm({ commands: undefined }))
    .broken("ECS", fargate({ entryPoint: ["node"], linuxParameters: { capabilities: { drop: ["ALL"] } } }))
    .unknown(container({ entrypoints: unknown })).cases,
  ...rule("CTR-038")
    .broken("nothing said", container({ networkMode: undefined }))
    .broken("bridge", container({ networkMode: "bridge" }))
    .broken("default", container({ networkMode: "default", networksAdvanced: [] }))
    .unknown(container({ networkMode: unknown })).cases,
  ...["networkMode", "pidMode", "ipcMode"].flatMap(
    (mode) =>
      rule("CTR-039")
        .broken(mode, container({ [mode]: "container:abc" }))
        .unknown(container({ [mode]: unknown })).cases,
  ),
  ...rule("CTR-047")
    .broken("no memory", container({ memoryReservation: undefined }), "low", { "CTR-047": "advisory" })
    .broken("no processor time", container({ cpuShares: 0 }), "low", { "CTR-047": "advisory" })
    .clean("on a laptop", container({ memoryReservation: undefined }))
    .clean("no session", container({ memoryReservation: undefined, labels: [{ label: "serves", value: "alpha" }] }), {
      "CTR-047": "advisory",
    })
    .unknown(container({ memoryReservation: unknown }), { "CTR-047": "advisory" }).cases,
  ...rule("CTR-048")
    .broken("the uid of all", container({ mounts: [] }), "low", { "CTR-048": "advisory" })
    .clean("its own", container({ mounts: [], user: "10007:1000" }), { "CTR-048": "advisory" })
    .clean("a folder of the host", container({}), { "CTR-048": "advisory" })
    .clean("on a laptop", container({ mounts: [] }))
    .clean("no session", container({ mounts: [], labels: [{ label: "serves", value: "alpha" }] }), { "CTR-048": "advisory" })
    .unknown(container({ mounts: [], user: unknown }), { "CTR-048": "advisory" }).cases,
  ...rule("CTR-040")
    .broken("Docker", container({ volumes: [{ fromContainer: "other" }] }))
    .broken("ECS", machine({ volumesFrom: [{ sourceContainer: "other" }] }))
    .unknown(container({ volumes: [{ fromContainer: unknown }] })).cases,
  ...rule("CTR-041")
    .broken("Docker", container({ groupAdds: ["docker"] }))
    .broken("group 0", container({ user: "1000:0" }))
    .broken("Swarm", swarm({ groups: ["root"] }))
    .broken("Kubernetes, supplemental", pod({ "securityContext/supplementalGroups": [0] }))
    .broken("Kubernetes, files", pod({ "securityContext/fsGroup": 0 }))
    .broken("Kubernetes, primary", podContainer({ "securityContext/runAsGroup": 0 }))
    .unknown(container({ groupAdds: [unknown] })).cases,
  ...rule("CTR-042")
    .broken("Docker", container({ sysctls: { "kernel.msgmax": "1" } }))
    .broken("Swarm", swarm({ sysctl: { "net.ipv4.ip_forward": "1" } }))
    .broken("Kubernetes", pod({ "securityContext/sysctls": [{ name: "kernel/msgmax", value: "1" }] }))
    .broken("ECS", machine({ systemControls: [{ namespace: "net.core.somaxconn", value: "1" }] }))
    .unknown(container({ sysctls: unknown })).cases,
  ...rule("CTR-043")
    .broken("Docker", sessionContainer(), "high", { "CTR-043": { requireHardenedRuntime: true } })
    .broken("Kubernetes", pod({ runtimeClassName: "runc" }), "high", { "CTR-043": { requireHardenedRuntime: true } })
    .advised("Docker", sessionContainer())
    .unknown(container({ runtime: unknown })).cases,
  ...rule("CTR-045")
    .broken("metadata", container({ hosts: [{ host: "x", ip: "169.254.169.254" }] }))
    .broken("the host", container({ hosts: [{ host: "host.docker.internal", ip: "host-gateway" }] }))
    .broken("Swarm", swarm({ hosts: [{ host: "x", ip: "169.254.170.2" }] }))
    .broken("Kubernetes", pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["x"] }] }))
    .broken("Kubernetes, beside a proxy", pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["egress-proxy", "x"] }] }))
    .broken("Kubernetes, metadata by a proxy's name", pod({ hostAliases: [{ ip: "169.254.170.2", hostnames: ["egress-proxy"] }] }))
    .broken("Kubernetes, nearly a repository", pod({ hostAliases: [{ ip: "10.0.0.1", hostnames: ["x.repository-tools"] }] }))
    .broken("Kubernetes, metadata elsewhere", pod({ hostAliases: [{ ip: "fd00:ec2::254", hostnames: ["credential-proxy"] }] }))
    .clean(
      "Kubernetes, what serves a session",
      pod({
        hostAliases: [
          { ip: "10.0.0.1", hostnames: ["egress-proxy"] },
          { ip: "10.0.0.2", hostnames: ["credential-proxy"] },
          { ip: "10.0.0.3", hostnames: ["repository-tools"] },
        ],
      }),
    )
    .unknown(pod({ hostAliases: [{ ip: unknown, hostnames: ["egress-proxy"] }] }))
    .broken("ECS", machine({ extraHosts: [{ hostname: "x", ipAddress: "169.254.169.254" }] }))
    .unknown(container({ hosts: [{ host: "x", ip: unknown }] })).cases,
  ...rule("CTR-046")
    .broken("a terminal", container({ tty: true, stdinOpen: true }))
    .broken("attached", container({ attach: true }))
    .broken("a foreign resolver", container({ dns: ["8.8.8.8"] }))
    .broken("certificates unchecked", container({ envs: ["NODE_TLS_REJECT_UNAUTHORIZED=0"] }))
    .broken("git unchecked", container({ envs: ["GIT_SSL_NO_VERIFY=1"] }))
    .advised("Swarm, a stranger's resolver", swarm({ dnsConfig: { nameservers: ["8.8.8.8"] } }))
    .broken("Swarm, beside those that are listed", swarm({ dnsConfig: { nameservers: ["8.8.8.8"] } }), "low", {
      "CTR-046": { resolvers: ["10.0.0.2"] },
    })
    .broken("Kubernetes", podContainer({ tty: true, stdin: true }))
    .broken("ECS", machine({ interactive: true, pseudoTerminal: true }))
    .unknown(container({ dns: [unknown] })).cases,
];
