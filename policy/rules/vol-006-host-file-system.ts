import { type DriverVolume, driverMount, driverVolume, driverVolumesOf } from "./read/driver-volumes.ts";
import { each } from "./read/value.ts";
import { type Found, graded, nist, type Rule } from "./rule.ts";

/** Through a bind of a folder that may be mounted; which one may, the rules about host paths say. */
function* judge(volume: DriverVolume): Iterable<Found> {
  const { is, type, paths } = driverMount(volume);
  if (is !== "host") return;
  const message = `The ${volume.title} must not have its driver mount ${type === "" ? "a device of the host" : `a file system of the type ${type}`}.`;
  yield paths.includes("/") ? graded("critical", message) : message;
}

export const hostFileSystem: Rule = {
  id: "VOL-006",
  name: "host-file-system",
  title: "A volume is a mount in disguise",
  severity: "high",
  also: ["critical"],
  frameworks: [nist("4.4.4")],
  remediation:
    "Use a volume without driver options, a tmpfs, or NFS or CIFS with encryption. The driver hands type, device and o to mount(2), which mounts any file system of the host.",
  reads: "driver, driverOpts, mounts[].volumeOptions, volumes[].dockerVolumeConfiguration",
  kinds: ["docker:Volume"],
  platforms: ["docker", "swarm", "ecs"],
  *workload(workload) {
    yield* each(driverVolumesOf(workload), judge);
  },
  *resource(subject) {
    yield* judge(driverVolume(subject));
  },
};
