import { describe, expect, test } from "vitest";
import { driverMount, driverVolume, driverVolumesOf } from "../../../policy/rules/read/driver-volumes.ts";
import type { Workload } from "../../../policy/rules/read/workload.ts";

describe("what the local driver mounts", () => {
  const mount = (options: Record<string, unknown>, driver = "local") => {
    const { is, paths } = driverMount({ title: "it", driver, options, readOnly: false });
    return [is, ...paths].join(" ");
  };

  test.each<[Record<string, unknown>, string]>([
    [{}, "plain"],
    [{ o: "size=1g" }, "plain"],
    [{ o: "size=1g, ,size=2g" }, "plain"],
    [{ o: "xsize=1g" }, "host"],
    [{ type: "tmpfs" }, "memory"],
    [{ type: " TMPFS ", device: "tmpfs", o: "size=1g" }, "memory"],
    [{ type: "xtmpfs" }, "host"],
    ...["nfs", "nfs4", "NFS", "cifs", "smb", "smb3"].map((type): [Record<string, unknown>, string] => [{ type, device: ":/x" }, "remote"]),
    [{ type: "nfs5", device: ":/x" }, "host /:/x"],
    [{ type: "xnfs", device: "/x" }, "host /x"],
    [{ o: "bind", device: "/x" }, "bind /x"],
    [{ o: "ro, RBind ", device: " /x/ ", type: "none" }, "bind /x"],
    [{ o: "bind", device: "x/y" }, "bind /x/y"],
    [{ o: "bind" }, "bind"],
    [{ o: "bind", type: "tmpfs", device: "/x" }, "bind /x"],
    [{ o: "bind,remount", device: "/x" }, "bind /x"],
    ...["remount", "move", "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"].map(
      (o): [Record<string, unknown>, string] => [{ o, device: "/x", type: "tmpfs" }, "host /x"],
    ),
    [{ o: "xbind", device: "/x", type: "tmpfs" }, "memory"],
    [{ o: "bindx", device: "/x", type: "tmpfs" }, "memory"],
    [{ o: "rremount", type: "tmpfs" }, "memory"],
    [{ type: "ext4", device: "/dev/sdb1" }, "host /dev/sdb1"],
    [{ type: "ext4", device: "dev/sdb1" }, "host /dev/sdb1"],
    [{ type: "proc", device: "proc" }, "host"],
    [{ device: "x" }, "host /x"],
    [{ type: "overlay", device: "overlay", o: "lowerdir=/a:/b,upperdir=/c,workdir=/d" }, "host /a /b /c /d"],
    [{ type: "overlay", o: "lowerdir+=/a,lowerdir+=:/b,xlowerdir=/x,lowerdirx=/y,otherdir=/z" }, "host /a /b"],
    [{ type: "overlay", o: "LOWERDIR=/A" }, "host"],
  ])("%j", (options, expected) => {
    expect([mount(options), mount(options, ""), mount(options, "LOCAL")]).toEqual([expected, expected, expected]);
  });

  test.each([
    ...["mountpoint", "mount", "mountpath", "device", "source", "src", "path", "hostpath", "host_path", "dir", "directory", "folder"],
    ...["root", "bind", "HostPath"],
  ])("another driver's %s is a folder of the host, where it is one", (key) => {
    expect(mount({ [key]: "/x/../y" }, "plugin")).toBe("bind /y");
    expect([mount({ [key]: "//server/share" }, "plugin"), mount({ [key]: "x" }, "plugin"), mount({ [key]: null }, "plugin")]).toEqual([
      "plain",
      "plain",
      "plain",
    ]);
    expect([mount({ [`${key}x`]: "/x" }, "plugin"), mount({ [`x${key}`]: "/x" }, "plugin")]).toEqual(["plain", "plain"]);
    expect(mount({ [key]: "/x" }, "locally")).toBe("bind /x");
  });

  test("the words and the type are told in lower case", () => {
    expect(driverMount({ title: "it", driver: "", options: { type: " NFS ", o: "Addr=X, RO" }, readOnly: false })).toEqual({
      is: "remote",
      paths: [],
      words: ["addr=x", "ro"],
      type: "nfs",
    });
  });
});

test("each platform writes volumes of drivers in a place of its own", () => {
  const of = (platform: Workload["platform"], spec: Workload["spec"]) => [...driverVolumesOf({ platform, spec, title: "it" } as Workload)];
  const mounts = [{ readOnly: true, volumeOptions: { driverName: "a", driverOptions: { b: "c" } } }, {}];
  const read = [
    { title: "it", driver: "a", options: { b: "c" }, readOnly: true },
    { title: "it", driver: "", options: {}, readOnly: false },
  ];
  const inService = { taskSpec: { containerSpec: { mounts } } };
  const inTask = { volumes: [{ dockerVolumeConfiguration: { driver: "a", driverOpts: { b: "c" } } }] };
  expect([of("docker", { mounts }), of("swarm", { mounts }), of("kubernetes", { mounts }), of("ecs", { mounts })]).toEqual([
    read,
    [],
    [],
    [],
  ]);
  expect([of("docker", inService), of("swarm", inService), of("kubernetes", inService)]).toEqual([[], read, []]);
  expect([of("ecs", inTask), of("docker", inTask)]).toEqual([[{ ...read[0], readOnly: false }], []]);
  const props = { driver: "a", driverOpts: { b: "c" } };
  expect(driverVolume({ name: "v", props } as unknown as Parameters<typeof driverVolume>[0])).toEqual({
    ...read[0],
    title: 'volume "v"',
    readOnly: false,
  });
});
