import { type DriverVolume, driverMount, driverVolume, driverVolumesOf } from "./read/driver-volumes.ts";
import { each } from "./read/value.ts";
import { type Found, nist, type Rule } from "./rule.ts";

function* judge(volume: DriverVolume): Iterable<Found> {
  const { is, type, words } = driverMount(volume);
  if (is === "remote" && !words.includes(type.startsWith("nfs") ? "sec=krb5p" : "seal"))
    yield `The ${volume.title} must encrypt what it sends.`;
}

export const remoteVolume: Rule = {
  id: "VOL-004",
  name: "remote-volume",
  title: "A remote volume is not encrypted on its way",
  severity: "medium",
  frameworks: [nist("4.5.5")],
  remediation: "Use sec=krb5p for NFS, seal for CIFS, or EFS with TLS.",
  reads: "driverOpts, mounts[].volumeOptions, volumes[].dockerVolumeConfiguration",
  kinds: ["docker:Volume"],
  platforms: ["docker", "swarm", "ecs"],
  *workload(workload) {
    yield* each(driverVolumesOf(workload), judge);
  },
  *resource(subject) {
    yield* judge(driverVolume(subject));
  },
};
