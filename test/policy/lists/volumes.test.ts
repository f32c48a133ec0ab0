import { describe, expect, test } from "vitest";
import { container, swarm } from "../cases/case.ts";
import { resource } from "../fixtures.ts";
import { found } from "./found.ts";

const volume = (driverOpts: object, driver?: string) => resource("docker:index/volume:Volume", "v", { driver, driverOpts });
const judged = (driverOpts: object, driver?: string) => found("VOL-006", volume(driverOpts, driver));
const ofType = (type: string) => [`high: The volume "v" must not have its driver mount a file system of the type ${type}.`];
const ofDevice = ['high: The volume "v" must not have its driver mount a device of the host.'];

describe("a volume of the local driver", () => {
  test.each(["overlay", "proc", "sysfs", "devtmpfs", "bpf", "ext4", "btrfs", "9p", "debugfs", "cgroup2", "tmpfs2", "nfsd", "cifsx"])(
    "mounts what the host has: %s",
    (type) => {
      expect(judged({ type, device: "x" })).toEqual(ofType(type));
      expect(judged({ type: ` ${type.toUpperCase()} `, device: "x" }, "local")).toEqual(ofType(type));
    },
  );

  test.each(["tmpfs", "nfs", "nfs4", "cifs", "smb3", "smb"])("mounts nothing of the host: %s", (type) => {
    expect(judged({ type, device: "x", o: "size=1m" })).toEqual([]);
    // A flag that takes what is there already has the type ignored.
    for (const flag of ["remount", "move", "shared", "rshared", "slave", "rslave", "private", "rprivate", "unbindable", "runbindable"]) {
      expect([flag, judged({ type, device: "/srv", o: `size=1m,${flag}` })]).toEqual([flag, ofType(type)]);
      expect([flag, judged({ type, device: "/srv", o: `size=1m,x${flag}` })]).toEqual([flag, []]);
    }
  });

  test("mounts a device of any name, and nothing without one", () => {
    for (const device of ["/dev/sda1", "dev/sda1", "LABEL=x"]) expect([device, judged({ device })]).toEqual([device, ofDevice]);
    for (const plain of [{}, { o: "size=1g" }, { o: "" }]) expect([plain, judged(plain)]).toEqual([plain, []]);
  });

  test.each(["lowerdir", "upperdir", "workdir", "lowerdir+"])("names folders in %s of an overlay", (option) => {
    const by = (o: string) => found("CTR-012", volume({ type: "overlay", device: "overlay", o }));
    expect(by(`${option}=/etc`)).toHaveLength(1);
    expect(by(`${option}=/srv/a:/root`)).toHaveLength(1);
    expect([...by(`${option}=/srv/a`), ...by(`x${option}=/etc`)]).toEqual([]);
    expect(judged({ type: "overlay", device: "overlay", o: `${option}=/` })).toEqual([
      'critical: The volume "v" must not have its driver mount a file system of the type overlay.',
    ]);
  });
});

describe("a volume of a plugin", () => {
  test.each([
    "mountpoint",
    "mount",
    "mountpath",
    "device",
    "source",
    "src",
    "path",
    "hostpath",
    "host_path",
    "dir",
    "directory",
    "folder",
    "root",
    "bind",
  ])("names a folder of the host by %s", (option) => {
    const by = (key: string, path: string) => found("CTR-012", volume({ [key]: path }, "local-persist"));
    expect([by(option, "/etc").length, by(option.toUpperCase(), "/etc").length]).toEqual([1, 1]);
    expect([...by(option, "/srv/x"), ...by(option, "//server/etc"), ...by(`${option}x`, "/etc"), ...by(option, "etc")]).toEqual([]);
  });
});

test("a mount of a container, of a service and of a task is such a volume too", () => {
  const options = { type: "proc", device: "proc" };
  const mount = (driverOptions: object) => ({
    type: "volume",
    target: "/x",
    source: "x",
    volumeOptions: { driverName: "local", driverOptions },
  });
  expect([
    found("VOL-006", container({ mounts: [mount(options)] })).length,
    found("VOL-006", swarm({ mounts: [mount(options)] })).length,
    found(
      "VOL-006",
      resource("aws:ecs/taskDefinition:TaskDefinition", "x", {
        containerDefinitions: "[]",
        volumes: [{ name: "x", dockerVolumeConfiguration: { driver: "local", driverOpts: options } }],
      }),
    ).length,
  ]).toEqual([1, 1, 1]);
  expect([...found("VOL-006", container({ mounts: [mount({})] })), ...found("VOL-006", swarm({ mounts: [mount({})] }))]).toEqual([]);
});

describe("a parent cgroup", () => {
  const bounded = (cgroupParent: string) => found("CTR-023", container({ ulimits: [], labels: [], cgroupParent })).length === 0;

  test.each([
    ["/", "/mine"],
    ["", "mine"],
    ["-.slice", "mine.slice"],
    ["docker", "docker-mine"],
    ["/docker/", "/docker/mine"],
    ["docker.slice", "docker-mine.slice"],
    ["system.slice", "system-mine.slice"],
    ["user.slice", "user-1000.slice"],
    ["machine.slice", "machine-mine.slice"],
    ["init.scope", "mine.scope"],
    ["kubepods", "kubepods-mine"],
    ["kubepods.slice", "kubepods-mine.slice"],
    ["//x/..", "x"],
  ])("%j is everybody's, %j one's own", (shared, own) => {
    expect([bounded(shared), bounded(own)]).toEqual([false, true]);
  });
});

describe("a right of an engine's plugin", () => {
  const granted = (name: string, ...values: string[]) =>
    found("PLG-001", resource("docker:index/plugin:Plugin", "p", { grantPermissions: [{ name, values }] }));

  test.each(["network", "pidhost", "ipchost", "allow-all-devices", "device", "capabilities", "propagated mount", "propagated-mount"])(
    "%s",
    (name) => {
      const sentence = [`high: The plugin "p" must not be granted ${name}.`];
      expect([granted(name, "x"), granted(` ${name.toUpperCase()} `, "x"), granted(name)]).toEqual([sentence, sentence, sentence]);
      for (const off of ["false", "none", "bridge", ""]) expect([off, granted(name, off)]).toEqual([off, []]);
      expect([granted(name, "false", "x"), granted(`${name}x`, "x")]).toEqual([sentence, []]);
    },
  );

  test.each([
    ["/", "critical"],
    ["/run/docker.sock", "critical"],
    ["/etc", "high"],
  ])("the mount of %s", (path, severity) => {
    const sentence = [`${severity}: The plugin "p" must not mount ${path}.`];
    expect([granted("mount", path), granted("mounts", "/srv/x", path), granted("mount", "/srv/x")]).toEqual([sentence, sentence, []]);
  });
});

describe("options of ssh that let any host pass", () => {
  const running = (...command: string[]) => found("CTR-046", container({ command })).length;
  const having = (name: string, value: string) => found("CTR-046", container({ envs: [`${name}=${value}`] })).length;

  test.each([
    ["-oStrictHostKeyChecking=no", "-oStrictHostKeyChecking=yes"],
    ["ssh -o StrictHostKeyChecking=off x", "ssh -o StrictHostKeyChecking=accept-new x"],
    ["stricthostkeychecking no", "nostricthostkeychecking nothing"],
    ["-o UserKnownHostsFile=/dev/null", "-o UserKnownHostsFile=/etc/ssh/known"],
    ["-o GlobalKnownHostsFile=none", "-o GlobalKnownHostsFile=/dev/nulls/x"],
    ["UserKnownHostsFile '/dev/null'", "KnownHostsFile=/dev/null"],
  ])("%s, and not %s", (options, neighbour) => {
    expect([running("sh", "-c", options), running("sh", "-c", neighbour)]).toEqual([1, 0]);
    for (const name of [
      "GIT_SSH_COMMAND",
      "GIT_SSH",
      "RSYNC_RSH",
      "SSH_OPTIONS",
      "SSH_OPTS",
      "ANSIBLE_SSH_ARGS",
      "ANSIBLE_SSH_COMMON_ARGS",
    ])
      expect([name, having(name, options), having(name, neighbour), having(`X${name}`, options)]).toEqual([name, 1, 0, 0]);
    expect(found("PRV-001", resource("pulumi:providers:docker", "x", { host: "ssh://x", sshOpts: [options] }))).toHaveLength(1);
    expect(found("PRV-001", resource("pulumi:providers:docker", "x", { host: "ssh://x", sshOpts: [neighbour] }))).toEqual([]);
  });

  test.each([
    ["0", "1"],
    ["False", "true"],
    ["no", "yes"],
  ])("ANSIBLE_HOST_KEY_CHECKING=%s, and not %s", (off, on) => {
    expect([having("ANSIBLE_HOST_KEY_CHECKING", off), having("ANSIBLE_HOST_KEY_CHECKING", on)]).toEqual([1, 0]);
  });
});
