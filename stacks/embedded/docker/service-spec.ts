import type Docker from "dockerode";
import { labelledLimits } from "../../../components/container-engine/hooks.ts";
import type { Properties } from "../../recorder/program.ts";
import { type LabelInput, labelsIn, labelsOf, nanoseconds, refuseUnknown, toHealthcheck } from "./inputs.ts";

/** The provider's inputs that are rendered here, by the place that they stand in. */
const known = {
  service: ["name", "labels", "mode", "endpointSpec", "updateConfig", "rollbackConfig", "taskSpec"],
  taskSpec: ["containerSpec", "resources", "restartPolicy", "placement", "networksAdvanceds", "logDriver"],
  containerSpec: [
    ...["image", "commands", "args", "env", "labels", "user", "dir", "hostname", "readOnly", "capAdds", "capDrops", "mounts"],
    ...["secrets", "configs", "dnsConfig", "healthcheck"],
  ],
  mount: ["type", "source", "target", "readOnly", "tmpfsOptions", "volumeOptions"],
} as const;

interface MountInput {
  readonly type: "volume" | "tmpfs";
  readonly source?: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly tmpfsOptions?: { readonly sizeBytes: number; readonly mode: number };
  readonly volumeOptions?: { readonly driverName: string; readonly driverOptions: Record<string, string> };
}

interface FileInput {
  readonly fileName: string;
  readonly fileUid?: string;
  readonly fileGid?: string;
  readonly fileMode?: number;
}

interface ContainerInput {
  readonly image: string;
  readonly commands?: string[];
  readonly args?: string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly labels?: readonly LabelInput[];
  readonly user?: string;
  readonly dir?: string;
  readonly hostname?: string;
  readonly readOnly?: boolean;
  readonly capAdds?: string[];
  readonly capDrops?: string[];
  readonly mounts?: readonly MountInput[];
  readonly secrets?: readonly (FileInput & { readonly secretId: string; readonly secretName: string })[];
  readonly configs?: readonly (FileInput & { readonly configId: string; readonly configName: string })[];
  readonly dnsConfig?: { readonly nameservers: string[]; readonly options?: string[] };
  readonly healthcheck?: Parameters<typeof toHealthcheck>[0];
}

interface AmountInput {
  readonly memoryBytes?: number;
  readonly nanoCpus?: number;
}

interface RolloutInput {
  readonly parallelism: number;
  readonly delay: string;
  readonly failureAction: "rollback" | "pause";
  readonly monitor: string;
  readonly maxFailureRatio: string;
  readonly order: "stop-first";
}

interface TaskInput {
  readonly containerSpec: ContainerInput;
  readonly resources?: { readonly limits?: AmountInput; readonly reservation?: AmountInput };
  readonly restartPolicy?: { readonly condition: string; readonly delay: string; readonly window: string };
  readonly placement?: { readonly constraints: string[] };
  readonly networksAdvanceds?: readonly { readonly id: string; readonly aliases?: string[] }[];
  readonly logDriver?: { readonly name: string; readonly options?: Record<string, string> };
}

/** The replicas that a service is to have. */
export function replicasOf(inputs: Properties): number {
  return (inputs.mode as { replicated?: { replicas?: number } } | undefined)?.replicated?.replicas ?? 1;
}

/** The engine's own form of a service, from the provider's. @throws Error for inputs that cannot be rendered */
export function toServiceSpec(inputs: Properties, labels: Readonly<Record<string, string>>) {
  const name = String(inputs.name);
  const task = inputs.taskSpec as TaskInput;
  refuseUnknown("docker.Service", name, inputs, known.service);
  refuseUnknown("docker.Service", name, task as object as Properties, known.taskSpec);
  refuseUnknown("docker.Service", name, task.containerSpec as object as Properties, known.containerSpec);
  for (const mount of task.containerSpec.mounts ?? []) refuseUnknown("docker.Service", name, mount as object as Properties, known.mount);
  const { Pids, Ulimits } = labelledLimits(labelsOf(inputs));
  const { limits, reservation } = task.resources ?? {};
  return {
    Name: name,
    Labels: { ...labelsOf(inputs), ...labels },
    Mode: { Replicated: { Replicas: replicasOf(inputs) } },
    EndpointSpec: { Mode: (inputs.endpointSpec as { mode?: "vip" | "dnsrr" } | undefined)?.mode ?? "vip" },
    UpdateConfig: toRollout(inputs.updateConfig),
    RollbackConfig: toRollout(inputs.rollbackConfig),
    TaskTemplate: {
      ContainerSpec: { ...toContainerSpec(task.containerSpec), ...(Ulimits.length > 0 && { Ulimits }) },
      Resources: {
        // The labels that a hook reads under the Pulumi CLI; here the limits hold from the start.
        Limits: { ...toAmount(limits), ...(Pids !== undefined && { Pids }) },
        Reservations: toAmount(reservation),
      },
      ...(task.restartPolicy !== undefined && {
        RestartPolicy: {
          Condition: task.restartPolicy.condition,
          Delay: nanoseconds(task.restartPolicy.delay),
          Window: nanoseconds(task.restartPolicy.window),
        },
      }),
      Placement: { Constraints: task.placement?.constraints ?? [] },
      Networks: (task.networksAdvanceds ?? []).map(({ id, aliases = [] }) => ({ Target: id, Aliases: aliases })),
      ...(task.logDriver !== undefined && { LogDriver: { Name: task.logDriver.name, Options: task.logDriver.options ?? {} } }),
    },
  };
}

export type RenderedService = ReturnType<typeof toServiceSpec>;

function toContainerSpec(container: ContainerInput) {
  const { secrets = [], configs = [], dnsConfig, healthcheck } = container;
  return {
    Image: container.image,
    Command: container.commands,
    Args: container.args,
    Env: Object.entries(container.env ?? {}).map(([key, value]) => `${key}=${value}`),
    Labels: labelsIn(container.labels ?? []),
    User: container.user,
    Dir: container.dir,
    Hostname: container.hostname,
    ReadOnly: container.readOnly,
    CapabilityAdd: container.capAdds,
    CapabilityDrop: container.capDrops,
    Mounts: (container.mounts ?? []).map(toMount),
    Secrets: secrets.map(({ secretId, secretName, ...file }) => ({ SecretID: secretId, SecretName: secretName, File: toFile(file) })),
    Configs: configs.map(({ configId, configName, ...file }) => ({ ConfigID: configId, ConfigName: configName, File: toFile(file) })),
    ...(dnsConfig !== undefined && { DNSConfig: { Nameservers: dnsConfig.nameservers, Options: dnsConfig.options ?? [] } }),
    ...(healthcheck !== undefined && { HealthCheck: toHealthcheck(healthcheck) }),
  };
}

function toMount({ type, source, target, readOnly = false, tmpfsOptions, volumeOptions }: MountInput): Docker.MountSettings {
  return {
    Type: type,
    Target: target,
    ...(source !== undefined && { Source: source }),
    ...(readOnly && { ReadOnly: true }),
    ...(tmpfsOptions !== undefined && { TmpfsOptions: { SizeBytes: tmpfsOptions.sizeBytes, Mode: tmpfsOptions.mode } }),
    ...(volumeOptions !== undefined && {
      VolumeOptions: { DriverConfig: { Name: volumeOptions.driverName, Options: volumeOptions.driverOptions } },
    }),
  } as Docker.MountSettings;
}

const toFile = ({ fileName, fileUid = "0", fileGid = "0", fileMode = 0o444 }: FileInput) => ({
  Name: fileName,
  UID: fileUid,
  GID: fileGid,
  Mode: fileMode,
});

const toAmount = ({ memoryBytes, nanoCpus }: AmountInput = {}) => ({
  ...(memoryBytes !== undefined && { MemoryBytes: memoryBytes }),
  ...(nanoCpus !== undefined && { NanoCPUs: nanoCpus }),
});

function toRollout(inputs: unknown) {
  const { parallelism, delay, failureAction, monitor, maxFailureRatio, order } = inputs as RolloutInput;
  return {
    Parallelism: parallelism,
    Delay: nanoseconds(delay),
    FailureAction: failureAction,
    Monitor: nanoseconds(monitor),
    MaxFailureRatio: Number(maxFailureRatio),
    Order: order,
  };
}
