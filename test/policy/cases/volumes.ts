/** Volumes that are mounts in disguise, wherever they can be described. */
import type { Resource } from "../../../policy/evaluate.ts";
import { changed, machineTask, sessionVolume } from "../fixtures.ts";
import { type Case, container, rule, swarm, unknown } from "./case.ts";

type Options = Readonly<Record<string, unknown>>;

/** A volume with driver options, in each place that has them. */
const places: Readonly<Record<string, (driverOptions: Options, driver?: string) => Resource>> = {
  "a volume": (driverOpts, driver = "local") => changed(sessionVolume, { driver, driverOpts }),
  "a mount": (driverOptions, driverName) =>
    container({ mounts: [{ type: "volume", target: "/x", volumeOptions: { driverName, driverOptions } }] }),
  "a mount of Swarm": (driverOptions, driverName) =>
    swarm({ mounts: [{ type: "volume", target: "/x", volumeOptions: { driverName, driverOptions } }] }),
  "a volume of ECS": (driverOpts, driver) =>
    machineTask({}, { volumes: [{ name: "x", dockerVolumeConfiguration: { driver, driverOpts } }] }),
};
const everywhere = (options: Options, driver?: string): [string, Resource][] =>
  Object.entries(places).map(([place, make]) => [place, make(options, driver)]);

const broken = (id: string, what: string, options: Options, severity?: "critical" | "high", driver?: string): Case[] =>
  everywhere(options, driver).flatMap(([place, one]) => rule(id).broken(`${place}: ${what}`, one, severity).cases);
const clean = (id: string, what: string, options: Options, driver?: string): Case[] =>
  everywhere(options, driver).flatMap(([place, one]) => rule(id).clean(`${place}: ${what}`, one).cases);

export const cases: Case[] = [
  ...broken(
    "VOL-006",
    "an overlay of the root",
    { type: "overlay", device: "overlay", o: "lowerdir=/,upperdir=/tmp/u,workdir=/tmp/w" },
    "critical",
  ),
  ...["proc", "sysfs", "devtmpfs", "bpf", "debugfs", "cgroup2", "ramfs", "securityfs"].flatMap((type) =>
    broken("VOL-006", type, { type, device: type }),
  ),
  ...broken("VOL-006", "a disk", { type: "ext4", device: "/dev/sda1" }),
  ...broken("VOL-006", "a disk without type", { device: "/dev/sda1" }),
  ...broken("VOL-006", "a file system of a disk by its label", { type: "xfs", device: "LABEL=data" }),
  ...broken("VOL-006", "what is mounted already", { type: "none", device: "/etc", o: "remount" }),
  ...broken(
    "CTR-012",
    "an overlay of a folder",
    { type: "overlay", device: "overlay", o: "upperdir=/x,lowerdir=/srv:/etc,workdir=/y" },
    "high",
  ),
  ...broken(
    "CTR-012",
    "an overlay of the root",
    { type: "overlay", device: "overlay", o: "lowerdir=/,upperdir=/x,workdir=/y" },
    "critical",
  ),
  ...broken("CTR-012", "a bind", { type: "none", device: "/etc", o: "bind" }),
  ...broken("CTR-012", "a relative device", { type: "none", device: "etc", o: "bind" }),
  ...broken("CTR-012", "a relative device by detours", { device: "../../etc/./ssh/..", o: "rbind,ro" }),
  ...broken("CTR-012", "a bind that says tmpfs", { type: "tmpfs", device: "/root", o: "size=1m, BIND" }),
  ...broken("CTR-012", "a bind of the root that says NFS", { type: "nfs", device: "/", o: "addr=10.0.0.1,rbind" }, "critical"),
  ...broken("CTR-012", "a plugin's folder", { mountpoint: "/etc" }, "high", "local-persist"),
  ...broken("CTR-012", "a plugin's root", { Mountpoint: "/" }, "critical", "local-persist:latest"),
  ...broken("CTR-012", "another plugin's folder", { source: "/root/.ssh" }, "high", "example/bind"),
  ...broken("CTR-011", "a plugin's socket", { mountpoint: "/var/run/docker.sock" }, undefined, "local-persist"),
  ...broken("CTR-011", "the folder of the socket", { type: "overlay", device: "overlay", o: "lowerdir=/run" }),
  ...clean("VOL-006", "a tmpfs", { type: "tmpfs", device: "tmpfs", o: "size=1m,nosuid,nodev" }),
  ...clean("VOL-006", "NFS", { type: "nfs", device: ":/x", o: "addr=10.0.0.1,rw,sec=krb5p" }),
  ...clean("VOL-006", "a share", { type: "cifs", device: "//host/share", o: "seal" }),
  ...clean("VOL-006", "a size", { size: "10G" }),
  ...clean("VOL-006", "nothing", {}),
  ...clean("VOL-006", "a remote plugin", { size: "10", volumetype: "gp3" }, "rexray/ebs"),
  ...clean("CTR-012", "a remote plugin", { sshcmd: "me@host:/data" }, "vieux/sshfs"),
  ...clean("CTR-012", "NFS", { type: "nfs4", device: ":/etc", o: "addr=10.0.0.1,sec=krb5p" }),
  ...clean("CTR-012", "a tmpfs", { type: "tmpfs", device: "tmpfs", o: "size=1m" }),
  ...broken("VOL-004", "NFS", { type: "nfs", device: ":/x", o: "addr=10.0.0.1" }),
  ...broken("VOL-004", "a share", { type: "smb3", device: "//host/share", o: "username=me" }),
  ...clean("VOL-004", "NFS with encryption", { type: "nfs4", device: ":/x", o: "addr=10.0.0.1, sec=krb5p" }),
  ...everywhere({ type: unknown, device: "/x" }).flatMap(([, one]) => rule("VOL-006").unknown(one).cases),
];
