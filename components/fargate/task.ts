import type { AccessPoint } from "@pulumi/aws/efs/accessPoint.js";
import type * as inputs from "@pulumi/aws/types/input.js";
import type * as pulumi from "@pulumi/pulumi";
import { baseline } from "../../policy/baseline.ts";
import type { Companion, ContainerDescription, HealthCommand, Mount, MountSource } from "../session-part.ts";
import { volumeName } from "../session.ts";
import { planned } from "./planned.ts";
import type { Fargate } from "./provider.ts";

const MiB = 1024 ** 2;

/** What every container of this project is given, whatever it does. */
export interface HardenedContainer extends ContainerDescription {
  /** Of memory, in bytes, it has no more than this; of processor time this much when others of the task want it. @default the task's */
  readonly limits?: Pick<Companion["limits"], "memory" | "cpu">;
  /** File descriptors of one process. @default Fargate's, 65535 */
  readonly openFiles?: number;
  readonly health?: HealthCommand;
  /** The TCP port on which it serves. @default none */
  readonly port?: number;
  /** @default the image's */
  readonly workingDirectory?: string;
}

/** A container of which other ones wait for the end. */
export interface Step extends HardenedContainer {
  /** Names of those that end well before it starts. @default none */
  readonly after?: readonly string[];
  /** False for one that ends while the task goes on. @default true */
  readonly essential?: boolean;
}

/** What AWS has to say before a container's definition can be written. */
export interface Known {
  /** By its digest. */
  readonly image: string;
  /** By the variables' names, where Fargate finds their values. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** What of a place stands in a container's definition, and whether people enter it. */
export type TaskPlace = Pick<Fargate, "region"> & { readonly logGroup: string; readonly entered: boolean };

/** The two folders in which what people come in by keeps its own, where the root is read-only. */
const executeFolders = ["/var/lib/amazon", "/var/log/amazon"] as const;

/** Bytes of what a container prints that wait to be sent: what is more is lost, and the container is not held up. */
const logBuffer = "4m";

const byName = <Named extends { readonly name: string }>(one: Named, other: Named) => (one.name < other.name ? -1 : 1);

/**
 * A container as a task definition has it, held to the baseline. What AWS would fill in or put in another order is written as AWS
 * gives it back, so that nothing differs the next time.
 */
export function toContainerDefinition(step: Step, known: Known, place: TaskPlace, of: string) {
  const { name, user, program, limits, openFiles, health, port, workingDirectory, after = [], essential = true } = step;
  const plain = Object.entries(step.environment).flatMap(([key, value]) => (typeof value === "string" ? [{ name: key, value }] : []));
  const secret = Object.entries(known.secrets).map(([key, valueFrom]) => ({ name: key, valueFrom }));
  const seen = [
    ...step.mounts.map((mount) => ({ containerPath: mount.target, readOnly: mount.readOnly, sourceVolume: volumeIn(of, mount) })),
    ...(place.entered && essential
      ? executeFolders.map((containerPath) => ({ containerPath, readOnly: false, sourceVolume: folderName(of, containerPath) }))
      : []),
  ];
  return {
    name,
    image: known.image,
    cpu: limits === undefined ? 0 : Math.round(limits.cpu * 1024),
    ...(limits !== undefined && { memory: Math.ceil(limits.memory / MiB) }),
    essential,
    entryPoint: [...baseline.init],
    command: [...program],
    environment: plain.sort(byName),
    ...(secret.length > 0 && { secrets: secret.sort(byName) }),
    mountPoints: seen.sort((one, other) => (one.containerPath < other.containerPath ? -1 : 1)),
    volumesFrom: [],
    portMappings: port === undefined ? [] : [{ containerPort: port, hostPort: port, protocol: "tcp" }],
    user: user.join(":"),
    readonlyRootFilesystem: baseline.readOnlyRootFilesystem,
    linuxParameters: { capabilities: { add: [], drop: [...baseline.capabilities.drop] } },
    systemControls: [],
    ...(openFiles !== undefined && { ulimits: [{ name: "nofile", softLimit: openFiles, hardLimit: openFiles }] }),
    ...(workingDirectory !== undefined && { workingDirectory }),
    ...(after.length > 0 && { dependsOn: after.map((containerName) => ({ containerName, condition: "SUCCESS" })) }),
    ...(health !== undefined && { healthCheck: toHealthCheck(health) }),
    // The longest that others wait for one that is to end. @see https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_ContainerDefinition.html
    ...(!essential && { startTimeout: 120 }),
    stopTimeout: 10,
    logConfiguration: {
      logDriver: "awslogs",
      options: {
        "awslogs-group": place.logGroup,
        "awslogs-region": place.region,
        "awslogs-stream-prefix": name,
        "max-buffer-size": logBuffer,
        mode: "non-blocking",
      },
    },
  };
}

const toHealthCheck = ({ command, interval, timeout, retries, startPeriod }: HealthCommand) => ({
  command: ["CMD", ...command],
  interval,
  timeout,
  retries,
  startPeriod,
});

/** What a volume is called in its task. */
export function volumeIn(of: string, { source, target }: Mount): string {
  switch (source.kind) {
    case "shared":
      return source.name;
    case "companion":
      return source.companion;
    case "persistent":
    case "secret":
      return `${of}-${source.name}`;
    default:
      return folderName(of, target);
  }
}

const folderName = (of: string, target: string): string => `${of}${target.replaceAll("/", "-")}`;

/** What a volume lies in by the name that its platform knows; undefined for one that is the task's own and goes with it. */
export function placeOf(of: string, source: MountSource): string | undefined {
  if (source.kind === "persistent") return volumeName(of, source.name);
  return source.kind === "shared" ? source.name : undefined;
}

/** Access points, by the names of the volumes that lie in them. */
export type AccessPoints = ReadonlyMap<string, AccessPoint>;

/**
 * The volumes of a task, each once. What has no access point lies on the task's own disk, which goes with it.
 *
 * @throws Error for a folder of the host, which settings refuse
 */
export function toVolumes(
  of: string,
  steps: readonly Step[],
  {
    points,
    fileSystemId,
    entered,
  }: { readonly points: AccessPoints; readonly fileSystemId: pulumi.Input<string>; readonly entered: boolean },
): inputs.ecs.TaskDefinitionVolume[] {
  const volumes = steps
    .flatMap(({ mounts }) => mounts)
    .map((mount) => {
      const { source, target } = mount;
      if (source.kind === "host" || source.kind === "files")
        throw new Error(`${target} is to be of the kind ${source.kind}, which no task can be given`);
      const point = points.get(placeOf(of, source) ?? "");
      const name = volumeIn(of, mount);
      return point === undefined
        ? { name }
        : { name, efsVolumeConfiguration: toFiles(planned(point.id, `fsap-${placeOf(of, source)}`), fileSystemId) };
    });
  const own = entered ? executeFolders.map((folder) => ({ name: folderName(of, folder) })) : [];
  return [...new Map([...volumes, ...own].map((volume) => [volume.name, volume])).values()].sort(byName);
}

/** By TLS, as who the task is. The access point says which folder, so that the volume's own is all of it. */
const toFiles = (accessPointId: pulumi.Input<string>, fileSystemId: pulumi.Input<string>) => ({
  fileSystemId,
  rootDirectory: "/",
  transitEncryption: "ENABLED",
  authorizationConfig: { accessPointId, iam: "ENABLED" },
});
