import type Docker from "dockerode";
import { processLimitLabel } from "../../../components/container-engine/hooks.ts";
import { lastOutput } from "../../../components/container-engine/output.ts";
import { ignore } from "../../../components/container-engine/answers.ts";
import type { Properties } from "../../recorder/program.ts";
import { archiveOf, type UploadInput } from "./archive.ts";
import { labelsOf, neverStarts, refuseUnknown, toHealthcheck } from "./inputs.ts";

const MiB = 1024 ** 2;

/** The provider's inputs that are rendered here, and those that mean nothing to the engine itself. */
const knownInputs = [
  "attach",
  "capabilities",
  "command",
  "cpuShares",
  "cpus",
  "destroyGraceSeconds",
  "dns",
  "dnsOpts",
  "entrypoints",
  "envs",
  "healthcheck",
  "hostname",
  "image",
  "init",
  "ipcMode",
  "labels",
  "logDriver",
  "logOpts",
  "memory",
  "memoryReservation",
  "memorySwap",
  "mounts",
  "mustRun",
  "name",
  "networkMode",
  "networksAdvanced",
  "ports",
  "readOnly",
  "restart",
  "rm",
  "securityOpts",
  "shmSize",
  "start",
  "tmpfs",
  "ulimits",
  "uploads",
  "user",
  "wait",
  "workingDir",
] as const;

interface MountInput {
  readonly type: "volume" | "bind" | "tmpfs";
  readonly source?: string;
  readonly target: string;
  readonly readOnly?: boolean;
  readonly bindOptions?: { readonly propagation?: string };
}

interface NetworkInput {
  readonly name: string;
  readonly aliases?: readonly string[];
}

interface PortInput {
  readonly internal: number;
  readonly external?: number;
  readonly ip?: string;
  readonly protocol?: string;
}

/** The engine's own form of a container, from the provider's. @throws Error for inputs that cannot be rendered */
export function toCreateOptions(inputs: Properties, labels: Readonly<Record<string, string>>): Docker.ContainerCreateOptions {
  refuseUnknown("docker.Container", String(inputs.name), inputs, knownInputs);
  const ports = (inputs.ports ?? []) as readonly PortInput[];
  const portKey = (port: PortInput) => `${port.internal}/${port.protocol ?? "tcp"}`;
  const [first] = (inputs.networksAdvanced ?? []) as readonly NetworkInput[];
  const health = inputs.healthcheck as Parameters<typeof toHealthcheck>[0] | undefined;
  return {
    name: String(inputs.name),
    Image: String(inputs.image),
    Hostname: inputs.hostname as string | undefined,
    User: inputs.user as string | undefined,
    Entrypoint: inputs.entrypoints as string[] | undefined,
    Cmd: inputs.command as string[] | undefined,
    WorkingDir: inputs.workingDir as string | undefined,
    Env: inputs.envs as string[] | undefined,
    Labels: { ...labelsOf(inputs), ...labels },
    ...(ports.length > 0 && { ExposedPorts: Object.fromEntries(ports.map((port) => [portKey(port), {}])) }),
    ...(health !== undefined && {
      Healthcheck: toHealthcheck(health),
    }),
    HostConfig: toHostConfig(inputs, ports, portKey, first),
    ...(first !== undefined && { NetworkingConfig: { EndpointsConfig: { [first.name]: { Aliases: [...(first.aliases ?? [])] } } } }),
  };
}

function toHostConfig(
  inputs: Properties,
  ports: readonly PortInput[],
  portKey: (port: PortInput) => string,
  network: NetworkInput | undefined,
): Docker.HostConfig {
  const capabilities = inputs.capabilities as { adds?: string[]; drops?: string[] } | undefined;
  const ulimits = (inputs.ulimits ?? []) as readonly { name: string; soft: number; hard: number }[];
  const processes = Number(labelsOf(inputs)[processLimitLabel]);
  return {
    ReadonlyRootfs: inputs.readOnly === true,
    CapAdd: capabilities?.adds,
    CapDrop: capabilities?.drops,
    SecurityOpt: inputs.securityOpts as string[] | undefined,
    IpcMode: inputs.ipcMode as string | undefined,
    Init: inputs.init as boolean | undefined,
    Memory: Number(inputs.memory ?? 0) * MiB,
    MemorySwap: Number(inputs.memorySwap ?? 0) * MiB,
    MemoryReservation: Number(inputs.memoryReservation ?? 0) * MiB,
    NanoCpus: Math.round(Number(inputs.cpus ?? 0) * 1e9),
    CpuShares: Number(inputs.cpuShares ?? 0),
    ShmSize: Number(inputs.shmSize ?? 0) * MiB || undefined,
    // The label that a hook reads under the Pulumi CLI; here the limit holds from the start.
    PidsLimit: Number.isInteger(processes) ? processes : undefined,
    Ulimits: ulimits.map(({ name, soft, hard }) => ({ Name: name, Soft: soft, Hard: hard })),
    Mounts: ((inputs.mounts ?? []) as readonly MountInput[]).map(toMount),
    Tmpfs: inputs.tmpfs as Record<string, string> | undefined,
    NetworkMode: network?.name ?? (inputs.networkMode as string | undefined),
    Dns: inputs.dns as string[] | undefined,
    DnsOptions: inputs.dnsOpts as string[] | undefined,
    PortBindings: Object.fromEntries(
      ports.map((port) => [portKey(port), [{ HostIp: port.ip ?? "", HostPort: String(port.external ?? "") }]]),
    ),
    RestartPolicy: { Name: String(inputs.restart ?? "no") },
    LogConfig: { Type: String(inputs.logDriver ?? "json-file"), Config: (inputs.logOpts ?? {}) as Record<string, string> },
  };
}

function toMount(mount: MountInput): Docker.MountSettings {
  return {
    Type: mount.type,
    Source: mount.source ?? "",
    Target: mount.target,
    ReadOnly: mount.readOnly ?? false,
    ...(mount.bindOptions?.propagation !== undefined && {
      BindOptions: { Propagation: mount.bindOptions.propagation as Docker.MountPropagation },
    }),
  };
}

/**
 * Creates and starts a container. One that runs once (`attach`) is waited for. One with files in it gets its name last, so that
 * whatever has the name has the files, also after a run that was killed.
 *
 * @returns the container's id
 * @throws Error when it cannot be made, or when it ran once and ended with an error
 */
export async function createContainer(docker: Docker, inputs: Properties, labels: Readonly<Record<string, string>>): Promise<string> {
  const uploads = (inputs.uploads ?? []) as readonly UploadInput[];
  const options = toCreateOptions(inputs, labels);
  const container = await docker.createContainer(uploads.length === 0 ? options : { ...options, name: `${options.name}.filling` });
  if (uploads.length > 0) {
    for (const [path, files] of Map.groupBy(uploads, ({ file }) => placeOf(file, inputs)))
      await container.putArchive(archiveOf(files.map((one) => ({ ...one, file: one.file.slice(path.length) }))), { path });
    await container.rename({ name: options.name });
  }
  const [, ...others] = (inputs.networksAdvanced ?? []) as readonly NetworkInput[];
  for (const { name, aliases } of others)
    await docker.getNetwork(name).connect({ Container: container.id, EndpointConfig: { Aliases: [...(aliases ?? [])] } });
  if (neverStarts(inputs)) return container.id;
  await container.start();
  if (inputs.attach === true) await waitForEnd(container, String(inputs.name));
  return container.id;
}

/**
 * The folder that a file is put into: what is mounted there, or the root. Podman fills the mount that is named and no other below
 * it: by the root, a file would come to lie beneath its volume, where nobody sees it.
 */
function placeOf(file: string, { mounts = [] }: Properties): string {
  const targets = (mounts as readonly MountInput[]).map(({ target }) => target).filter((target) => file.startsWith(`${target}/`));
  return targets.sort((one, other) => other.length - one.length)[0] ?? "/";
}

async function waitForEnd(container: Docker.Container, name: string): Promise<void> {
  const { StatusCode: code } = (await container.wait()) as { StatusCode: number };
  if (code === 0) return;
  throw new Error(`${name} ended with ${code}: ${await lastOutput(container)}`);
}

/** Removes a container, giving its agent time to end first. One that is gone already is fine. */
export async function removeContainer(docker: Docker, id: string, graceSeconds = 10): Promise<void> {
  const container = docker.getContainer(id);
  try {
    await container.stop({ t: graceSeconds }).catch(ignore(304, 404));
    // 409: somebody else is removing it; this waits for the end of that.
    await container.remove({ force: true }).catch(ignore(409));
    await container.wait({ condition: "removed" }).catch(ignore(404));
  } catch (error) {
    ignore(404)(error);
  }
}
