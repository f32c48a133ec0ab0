/**
 * What a volume's driver does with its options. The local driver hands type, device and `o` to mount(2), so that a volume can
 * be any file system of the host, and any folder of it.
 */
import { normalPath } from "./paths.ts";
import type { Subject } from "./subject.ts";
import { entries, flag, type Props, record, records, text } from "./value.ts";
import type { Workload } from "./workload.ts";

/** A volume that a driver makes, wherever it is described. */
export interface DriverVolume {
  /** How a sentence calls it. */
  readonly title: string;
  readonly driver: string;
  readonly options: Props;
  readonly readOnly: boolean;
}

export interface DriverMount {
  /**
   * `plain` is a folder of the driver's own, `memory` a tmpfs, `remote` an NFS or CIFS share, `bind` a folder of the host, and
   * `host` any other file system or device of the host.
   */
  readonly is: "plain" | "memory" | "remote" | "bind" | "host";
  /** Folders and devices of the host that are mounted, normalised. */
  readonly paths: readonly string[];
  /** Options of mount(2), in lower case. */
  readonly words: readonly string[];
  /** Type of the file system, in lower case. */
  readonly type: string;
}

/** mount(2) flags that have it take what is there already; the type of the file system is ignored then. */
const takesWhatIsThere = /^(r?bind|remount|move|r?shared|r?slave|r?private|r?unbindable)$/;

const remote = /^(nfs4?|cifs|smb3?)$/;

/** Where options of an overlay name folders. */
const layers = /^(lowerdir|upperdir|workdir)\+?=(.*)$/;

/** The daemon resolves a relative device against its own folder, which is the root. */
const onHost = (device: string): string => normalPath(device.startsWith("/") ? device : `/${device}`);

/** What drivers other than the local one call a folder of the host. */
const pathOption = /^(mountpoint|mount|mountpath|device|source|src|path|hostpath|host_path|dir|directory|folder|root|bind)$/i;

export function driverMount({ driver, options }: DriverVolume): DriverMount {
  if (!/^(|local)$/.test(driver.toLowerCase())) return byPlugin(options);
  const type = (text(options.type) ?? "").trim().toLowerCase();
  const device = (text(options.device) ?? "").trim();
  const written = (text(options.o) ?? "").split(",").map((word) => word.trim());
  const words = written.map((word) => word.toLowerCase());
  const mount = (is: DriverMount["is"], paths: readonly string[] = []): DriverMount => ({ is, paths, words, type });
  if (words.some((word) => takesWhatIsThere.test(word)))
    return mount(words.some((word) => /^r?bind$/.test(word)) ? "bind" : "host", device === "" ? [] : [onHost(device)]);
  if (type === "" && device === "" && words.every((word) => word === "" || word.startsWith("size="))) return mount("plain");
  if (type === "tmpfs") return mount("memory");
  if (remote.test(type)) return mount("remote");
  const folders = written.flatMap((word) => layers.exec(word)?.[2]?.split(":") ?? []).filter((folder) => folder !== "");
  const isDevice = device.includes("/") || (type === "" && device !== "");
  return mount("host", [...folders, ...(isDevice ? [device] : [])].map(onHost));
}

function byPlugin(options: Props): DriverMount {
  const paths: string[] = [];
  for (const [key, value] of entries(options)) {
    const words = text(value) ?? "";
    if (pathOption.test(key) && words.startsWith("/") && !words.startsWith("//")) paths.push(normalPath(words));
  }
  return { is: paths.length > 0 ? "bind" : "plain", paths, words: [], type: "" };
}

const volume = (title: string, driver: unknown, options: unknown, readOnly?: unknown): DriverVolume => ({
  title,
  driver: text(driver) ?? "",
  options: record(options),
  readOnly: flag(readOnly) ?? false,
});

/** Volumes that a workload describes by itself. */
export function* driverVolumesOf({ platform, spec, title }: Workload): Iterable<DriverVolume> {
  if (platform === "ecs") {
    for (const { dockerVolumeConfiguration } of records(spec.volumes)) {
      const { driver, driverOpts } = record(dockerVolumeConfiguration);
      yield volume(title, driver, driverOpts);
    }
    return;
  }
  const owner = platform === "docker" ? spec : platform === "swarm" ? record(record(spec.taskSpec).containerSpec) : {};
  for (const mount of records(owner.mounts)) {
    const { driverName, driverOptions } = record(mount.volumeOptions);
    yield volume(title, driverName, driverOptions, mount.readOnly);
  }
}

/** The volume that a resource is. */
export function driverVolume({ name, props }: Subject): DriverVolume {
  return volume(`volume "${name}"`, props.driver, props.driverOpts);
}
