import { describe, expect, test } from "vitest";
import { unknown } from "../../../policy/rules/read/value.ts";
import { missed, object, violations } from "./found.ts";

const disks = [
  { name: "system", containerDisk: { image: `registry.example/debian@sha256:${"a".repeat(64)}` } },
  { name: "data", dataVolume: { name: "data" } },
  { name: "start", cloudInitNoCloud: { userData: "#cloud-config" } },
];
const domain = { devices: { disks: disks.map(({ name }) => ({ name, disk: { bus: "virtio" } })) } };
const machine = (...volumes: unknown[]) => object("kubevirt.io/v1:VirtualMachine", { spec: { template: { spec: { domain, volumes } } } });
const instance = (...volumes: unknown[]) => object("kubevirt.io/v1:VirtualMachineInstance", { spec: { domain, volumes } });
const replicas = (...volumes: unknown[]) =>
  object("kubevirt.io/v1:VirtualMachineInstanceReplicaSet", { spec: { template: { spec: { domain, volumes } } } });
const hostDisk = (path: unknown, type = "Disk") => ({ name: "host", hostDisk: { path, type } });

describe.each([
  ["machine", machine],
  ["instance", instance],
  ["set of replicas", replicas],
])("a virtual %s", (_, make) => {
  test("with disks of its own is left alone", () => {
    expect(violations(make(...disks))).toEqual([]);
    expect(
      violations(make({ name: "empty", emptyDisk: { capacity: "1Gi" } }, { name: "claim", persistentVolumeClaim: { claimName: "x" } })),
    ).toEqual([]);
  });

  test.each<[string, string[]]>([
    ["/srv/disk.img", ["CTR-013 medium", "K8S-005 high"]],
    ["/etc/shadow", ["CTR-012 high", "CTR-013 medium", "K8S-005 high"]],
    ["/var/lib/kubelet/../etcd/member.img", ["CTR-012 high", "CTR-013 medium", "K8S-005 high"]],
    ["/run/containerd/containerd.sock", ["CTR-011 critical", "CTR-013 medium", "K8S-005 high"]],
    ["/dev/sda", ["CTR-012 high", "CTR-013 medium", "CTR-015 high", "K8S-005 high"]],
  ])("takes the node's %s", (path, found) => {
    expect(violations(make(hostDisk(path)))).toEqual(found);
    expect(violations(make(...disks, hostDisk(path, "DiskOrCreate")))).toEqual(found);
  });

  test("may take what is not known yet", () => {
    expect(missed(make(...disks, hostDisk(unknown)))).toContain("CTR-012 high");
    expect(violations(make(unknown, hostDisk("/etc/shadow")))).toContain("CTR-012 high");
  });
});

describe("an operator's own object with volumes", () => {
  const thing = (...volumes: unknown[]) => violations(object("example.com/v1:Thing", { spec: { volumes } }));

  test("may have types and fields of its own", () => {
    expect(thing({ name: "a", configMap: { name: "a" }, mountPath: "/a" })).toEqual([]);
    expect(thing({ name: "a", configMap: { name: "a" } }, { name: "b", archive: { url: "x" } })).toEqual([]);
  });

  test.each(
    (
      "awsElasticBlockStore azureDisk azureFile cephfs cinder fc flexVolume flocker gcePersistentDisk gitRepo glusterfs hostDisk hostPath " +
      "iscsi nfs photonPersistentDisk portworxVolume quobyte rbd scaleIO storageos vsphereVolume"
    ).split(" "),
  )("may not have %s, whatever is beside it", (type) => {
    expect(thing({ name: "a", configMap: { name: "a" } }, { name: "b", archive: {} }, { name: "c", [type]: {} })).toEqual(["K8S-005 high"]);
    expect(thing({ name: "a", configMap: { name: "a" } }, { name: "c", [`${type}2`]: {} })).toEqual([]);
  });
});
