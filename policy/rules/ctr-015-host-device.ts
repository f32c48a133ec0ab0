import { normalPath } from "./read/paths.ts";
import { list, record, records, text } from "./read/value.ts";
import type { Container, Workload } from "./read/workload.ts";
import { cis, graded, type Rule } from "./rule.ts";

interface Device {
  readonly path: string;
  readonly permissions: string;
}

function* devices({ platform, spec }: Container): Iterable<Device> {
  if (platform === "docker")
    for (const device of records(spec.devices))
      yield { path: normalPath(text(device.hostPath) ?? ""), permissions: text(device.permissions) ?? "" };
  if (platform === "ecs")
    for (const device of records(record(spec.linuxParameters).devices))
      yield { path: normalPath(text(device.hostPath) ?? ""), permissions: [...list(device.permissions)].join(",") };
}

/** Devices of the node. What a claim gives as a raw device is storage like any other. */
function* nodeDevices({ spec }: Workload): Iterable<string> {
  for (const volume of records(spec.volumes))
    for (const source of [volume.hostPath, volume.hostDisk]) {
      const { path, type } = record(source);
      const device = normalPath(text(path) ?? "");
      if (device.startsWith("/dev/") || /^(Block|Char)Device$/.test(text(type) ?? "")) yield device;
    }
}

/** Memory, ports, disks and what leads to them. */
const powerful =
  /\/(mem|kmem|kmsg|port|kvm|fuse|disk(\/.*)?|sd[a-z]+\d*|hd[a-z]+\d*|vd[a-z]+\d*|xvd[a-z]+\d*|nvme\d.*|loop.*|dm-\d+|mapper(\/.*)?|md\d+)$/;

export const hostDevice: Rule = {
  id: "CTR-015",
  name: "host-device",
  title: "A device of the host is given to the container",
  severity: "high",
  also: ["medium"],
  frameworks: [cis("5.18")],
  remediation: "Remove the device.",
  reads: "devices, deviceRequests, deviceCgroupRules, gpus, linuxParameters.devices, hostPath",
  platforms: ["docker", "kubernetes", "ecs"],
  *workload(workload) {
    if (workload.platform !== "kubernetes") return;
    for (const path of nodeDevices(workload)) yield `The ${workload.title} must not be given the device ${path}.`;
  },
  *container(container) {
    const { platform, spec, title } = container;
    for (const { path, permissions } of devices(container)) {
      const message = `The ${title} must not be given the device ${path}.`;
      // Left out, it is rwm; ECS writes mknod.
      const makesNodes = permissions === "" || permissions.includes("m");
      yield powerful.test(path) || makesNodes ? message : graded("medium", message);
    }
    if (platform !== "docker") return;
    for (const _ of list(spec.deviceRequests)) yield graded("medium", `The ${title} must not request devices from a driver.`);
    if (text(spec.gpus)) yield graded("medium", `The ${title} must not be given GPUs.`);
    for (const _ of list(spec.deviceCgroupRules)) yield `The ${title} must not loosen the device rules of its cgroup.`;
  },
};
