import { describe, expect, test } from "vitest";
import { changed, deployment, repositoryFetch, resource, secretWriter, service, sessionContainer } from "../fixtures.ts";
import { found } from "./found.ts";

const container = (props: Record<string, unknown>) => sessionContainer(props);
const adding = (capability: string) => container({ capabilities: { adds: [capability], drops: ["ALL"] } });

describe("a capability", () => {
  const sentence = (name: string) => `The container "alpha" must not add the capability ${name}.`;

  test.each(["SYS_ADMIN", "SYS_MODULE", "SYS_RAWIO", "SYS_PTRACE", "DAC_OVERRIDE", "DAC_READ_SEARCH", "SYS_TIME"])(
    "%s is dangerous",
    (name) => {
      expect(found("CTR-003", adding(name))).toEqual([`high: ${sentence(name)}`]);
      expect(found("CTR-004", adding(name))).toEqual([]);
    },
  );

  test("ALL is critical", () => {
    expect(found("CTR-003", adding("ALL"))).toEqual([`critical: ${sentence("ALL")}`]);
    expect(found("CTR-004", adding("ALL"))).toEqual([]);
  });

  test.each([
    "NET_ADMIN",
    "NET_RAW",
    "BPF",
    "PERFMON",
    "SYS_BOOT",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "SYSLOG",
    "SETPCAP",
    "SETFCAP",
    "MKNOD",
    "CHECKPOINT_RESTORE",
    "LINUX_IMMUTABLE",
  ])("%s is powerful", (name) => {
    expect(found("CTR-004", adding(name))).toEqual([`high: ${sentence(name)}`]);
    expect(found("CTR-003", adding(name))).toEqual([]);
  });

  test.each([
    "CHOWN",
    "FOWNER",
    "FSETID",
    "KILL",
    "SETGID",
    "SETUID",
    "SYS_CHROOT",
    "AUDIT_WRITE",
    "SYS_NICE",
    "IPC_LOCK",
    "XSYSLOG",
    "BPFX",
  ])("%s is one too many", (name) => {
    expect(found("CTR-004", adding(name))).toEqual([`medium: ${sentence(name)}`]);
    expect(found("CTR-003", adding(name))).toEqual([]);
  });

  test("NET_BIND_SERVICE is harmless", () => {
    expect([...found("CTR-003", adding("NET_BIND_SERVICE")), ...found("CTR-004", adding("NET_BIND_SERVICE"))]).toEqual([]);
  });
});

describe("a device", () => {
  const given = (path: string, permissions = "r") => found("CTR-015", container({ devices: [{ hostPath: path, permissions }] }));
  const sentence = (path: string) => `The container "alpha" must not be given the device ${path}.`;

  test.each([
    ["/dev/mem", "/dev/memory"],
    ["/dev/kmem", "/dev/kmem0"],
    ["/dev/kmsg", "/dev/kmsgs"],
    ["/dev/port", "/dev/ports"],
    ["/dev/kvm", "/dev/kvms"],
    ["/dev/fuse", "/dev/fuses"],
    ["/dev/disk", "/dev/disks"],
    ["/dev/disk/by-id/x", "/dev/diskette"],
    ["/dev/sda", "/dev/sd1"],
    ["/dev/sdab12", "/dev/sdab1c"],
    ["/dev/hda", "/dev/hd"],
    ["/dev/hdb3", "/dev/hdb3x"],
    ["/dev/vda", "/dev/vd"],
    ["/dev/vdb1", "/dev/vdb1x"],
    ["/dev/xvda", "/dev/xvd"],
    ["/dev/xvdf9", "/dev/xvdf9x"],
    ["/dev/nvme0n1p2", "/dev/nvme"],
    ["/dev/loop0", "/dev/lo"],
    ["/dev/loop-control", "/dev/snd"],
    ["/dev/dm-0", "/dev/dm-x"],
    ["/dev/dm-12", "/dev/dm"],
    ["/dev/mapper", "/dev/mappers"],
    ["/dev/mapper/root", "/dev/map"],
    ["/dev/md0", "/dev/md"],
    ["/dev/md127", "/dev/md127x"],
  ])("%s is powerful, %s is not", (path, neighbour) => {
    expect(given(path)).toEqual([`high: ${sentence(path)}`]);
    expect(given(neighbour)).toEqual([`medium: ${sentence(neighbour)}`]);
  });

  test.each([
    ["", "high"],
    ["m", "high"],
    ["rwm", "high"],
    ["rw", "medium"],
  ])("with the permissions %j", (permissions, severity) => {
    expect(given("/dev/snd", permissions)).toEqual([`${severity}: ${sentence("/dev/snd")}`]);
  });
});

describe("a group", () => {
  const joined = (group: string) => found("CTR-041", container({ groupAdds: [group], user: "1000:1000" }));

  test.each(["root", "docker", "podman", "disk", "kvm", "sudo", "wheel", "adm", "shadow", "0", "00", "+0", "-0", "Docker", " root "])(
    "%j is powerful",
    (group) => {
      expect(joined(group)).toEqual([`high: The container "alpha" must not be in the group ${group.trim()}.`]);
    },
  );

  test.each(["roots", "dockers", "disks", "admin", "users", "10", "1000", "agent", "xroot", "--0"])("%j is not", (group) => {
    expect(joined(group)).toEqual([]);
  });
});

describe("a kernel setting", () => {
  const set = (name: string) => found("CTR-042", container({ sysctls: { [name]: "1" } }));

  test.each([
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_notsent_lowat",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_slow_start_after_idle",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
  ])("%s hurts nobody else, and its neighbour may", (name) => {
    expect([...set(name), ...set(name.replaceAll(".", "/"))]).toEqual([]);
    expect(set(`${name}2`)).toEqual([`medium: The container "alpha" must not change the kernel setting ${name}2.`]);
  });

  test.each(["kernel.msgmax", "kernel.sem", "fs.mqueue.msg_max", "net.ipv4.ip_forward", "net.core.somaxconn", "kernel/msgmax"])(
    "%s may",
    (name) => {
      expect(set(name)).toEqual([`medium: The container "alpha" must not change the kernel setting ${name}.`]);
    },
  );
});

describe("an init process", () => {
  const started = (...words: string[]) => found("CTR-037", container({ entrypoints: words }));

  test.each(["tini", "tini-static", "dumb-init", "catatonit", "docker-init", "s6-svscan"])("%s", (name) => {
    expect([...started(name), ...started(`/sbin/${name}`, "--", "x")]).toEqual([]);
    const missing = ['low: The container "alpha" must have an init process that reaps orphans and forwards signals.'];
    expect(started(`${name}x`)).toEqual(missing);
    expect(started("node", name)).toEqual(missing);
  });
});

describe("an SELinux type", () => {
  const typed = (type: string) => found("CTR-018", container({ securityOpts: ["no-new-privileges", `label=type:${type}`] }));

  test.each(["", "container_t", "container_init_t", "container_kvm_t", "container_engine_t", " container_t "])(
    "%j is a container's",
    (type) => {
      expect(typed(type)).toEqual([]);
    },
  );

  test.each(["spc_t", "container_tt", "unconfined_t", "container"])("%j is not", (type) => {
    expect(typed(type)).toEqual(['medium: The container "alpha" must keep its SELinux separation.']);
  });
});

describe("a runtime", () => {
  const on = (runtime: string) => found("CTR-043", container({ runtime }), { "CTR-043": { requireHardenedRuntime: true } });

  test.each(["runsc", "gvisor", "kata", "kata-runtime", "kata-qemu", "kata-clh", "kata-fc"])("%s has a kernel of its own", (runtime) => {
    expect(on(runtime)).toEqual([]);
    expect(on(`${runtime}2`)).toEqual(['high: The container "alpha" must run on a runtime that does not share the host\'s kernel.']);
  });
});

describe("an address of the host or of a metadata service", () => {
  const named = (ip: string) => found("CTR-045", container({ hosts: [{ host: "x", ip }] }));

  test.each(["169.254.169.254", "169.254.170.2", "169.254.0.1", "fd00:ec2::254", "FD00:EC2::254", "host-gateway", " host-gateway "])(
    "%j",
    (ip) => {
      expect(named(ip)).toEqual(['medium: The container "alpha" must not have a name for the host or the metadata service.']);
    },
  );

  test.each(["169.253.169.254", "169.255.1.1", "1169.254.1.1", "169.254.1.1.1", "fd00:ec3::254", "host-gateways", "10.0.0.1"])(
    "%j is none",
    (ip) => {
      expect(named(ip)).toEqual([]);
    },
  );
});

describe("a tmpfs of a container", () => {
  const mounted = (options: string, path = "/tmp") => found("CTR-025", container({ tmpfs: { [path]: options } }));
  const sentence = (path: string, words: string) => `low: The container "alpha" must not mount its tmpfs on ${path} with ${words}.`;

  test.each(["suid", "dev", "exec"])("may not be mounted with %s, and may with its opposite", (word) => {
    expect(mounted(`size=1m,${word}`)).toEqual([sentence("/tmp", word)]);
    expect(mounted(` ${word} ,size=1m`)).toEqual([sentence("/tmp", word)]);
    expect(mounted(`size=1m,no${word}`)).toEqual([]);
    expect(mounted(`size=1m,${word}2`)).toEqual([]);
  });

  test("names all that it may not be mounted with, and may run programs in the workspace alone", () => {
    expect(mounted("exec,suid,dev")).toEqual([sentence("/tmp", "suid, dev, exec")]);
    expect(mounted("exec", "/workspace")).toEqual([]);
    expect(mounted("exec", "/workspace/inner")).toEqual([]);
    expect(mounted("exec,suid", "/workspace")).toEqual([sentence("/workspace", "suid")]);
    expect(mounted("exec", "/data/workspace")).toEqual([sentence("/data/workspace", "exec")]);
  });
});

describe("a tmpfs volume", () => {
  const volume = (o: string | undefined, type = "tmpfs") =>
    resource("docker:index/volume:Volume", "v", { driverOpts: { type, device: "tmpfs", o } });
  const sentence = (words: string) => [`low: The volume "v" must mount its tmpfs with ${words}.`];

  test("must be mounted with nosuid and nodev", () => {
    expect(found("CTR-025", volume("size=1m,nosuid,nodev"))).toEqual([]);
    expect(found("CTR-025", volume(" nosuid , nodev "))).toEqual([]);
    expect(found("CTR-025", volume("size=1m,nosuid"))).toEqual(sentence("nodev"));
    expect(found("CTR-025", volume("size=1m,nodev"))).toEqual(sentence("nosuid"));
    expect(found("CTR-025", volume("size=1m,suid,dev"))).toEqual(sentence("nosuid, nodev"));
    expect(found("CTR-025", volume(undefined))).toEqual(sentence("nosuid, nodev"));
    expect(found("CTR-025", volume("size=1m", "ext4"))).toEqual([]);
  });
});

describe("a seccomp profile", () => {
  const filtered = (profile: unknown) => found("CTR-016", container({ securityOpts: [`seccomp=${JSON.stringify(profile)}`] }));
  const open = ['high: The container "alpha" must have a seccomp profile that denies by default.'];

  test.each([{}, { syscalls: [] }, ...["ALLOW", "LOG", "TRACE", "NOTIFY"].map((word) => ({ defaultAction: `SCMP_ACT_${word}` }))])(
    "%j allows what it does not name",
    (profile) => {
      expect(filtered(profile)).toEqual(open);
    },
  );

  test.each(["ERRNO", "KILL", "KILL_PROCESS", "KILL_THREAD", "TRAP", "ALLOWED"])("SCMP_ACT_%s does not", (word) => {
    expect(filtered({ defaultAction: `SCMP_ACT_${word}` })).toEqual([]);
  });

  test.each(
    (
      "init_module finit_module delete_module kexec_load kexec_file_load reboot swapon swapoff iopl ioperm open_by_handle_at acct settimeofday " +
      "clock_settime"
    ).split(" "),
  )("that lets %s through filters nothing", (call) => {
    const letting = (more: object) => filtered({ defaultAction: "SCMP_ACT_ERRNO", syscalls: [{ action: "SCMP_ACT_ALLOW", ...more }] });
    expect([letting({ names: ["read", call] }), letting({ name: call })]).toEqual([open, open]);
    expect([...letting({ names: [`${call}2`] }), ...letting({ names: [call], action: "SCMP_ACT_ERRNO" })]).toEqual([]);
    expect([...letting({ names: [call], includes: { caps: ["CAP_SYS_MODULE"] } }), ...letting({ names: [call], args: [{}] })]).toEqual([]);
  });

  test("the engine's own is one, by its name, and none is none", () => {
    expect(found("CTR-016", container({ securityOpts: ["seccomp=builtin"] }))).toEqual([]);
    expect(found("CTR-016", container({ securityOpts: ["seccomp=unconfined"] }))).toEqual([
      'high: The container "alpha" must not run without seccomp.',
    ]);
  });
});

describe("an address on which a port listens", () => {
  const listening = (ip: string | undefined) => found("CTR-028", container({ ports: [{ internal: 80, external: 8080, ip }] }));

  test.each([undefined, "", "0.0.0.0", "::", "[::]", "*", " 0.0.0.0 "])("%j is every one", (ip) => {
    expect(listening(ip)).toEqual(['high: The container "alpha" must publish port 80 on 127.0.0.1 and not on every interface.']);
  });

  test.each(["127.0.0.1", "::1", "192.168.1.4", "0.0.0.1"])("%j is one", (ip) => {
    expect(listening(ip)).toEqual([]);
  });

  test.each([
    [1, 1],
    [1023, 1],
    [1024, 0],
    [0, 0],
  ])("on the host's port %i is refused %i times where only privileged ones are", (external, times) => {
    expect(found("CTR-029", container({ ports: [{ internal: 80, external, ip: "127.0.0.1" }] }))).toHaveLength(times);
  });

  test("the entrance may publish 80 and 443 to everybody, and nothing else", () => {
    const entrance = { "CTR-028": { publicContainers: ["alpha"] }, "CTR-029": { publicContainers: ["alpha"] } };
    for (const [external, ports] of [
      [80, 0],
      [443, 0],
      [81, 1],
      [8080, 1],
    ] as const)
      for (const [rule, count] of [
        ["CTR-028", ports],
        ["CTR-029", external < 1024 ? ports : 0],
      ] as const)
        expect([rule, external, found(rule, container({ ports: [{ internal: 1, external }] }), entrance).length]).toEqual([
          rule,
          external,
          count,
        ]);
    expect(
      found("CTR-028", container({ ports: [{ internal: 1, external: 80 }] }), { "CTR-028": { publicContainers: ["beta"] } }),
    ).toHaveLength(1);
  });
});

describe("a namespace of others", () => {
  test.each([
    ["ipcMode", "host", "CTR-010", 'high: The container "alpha" must not share the host\'s IPC namespace.'],
    ["ipcMode", "HOST", "CTR-010", 'high: The container "alpha" must not share the host\'s IPC namespace.'],
    ["ipcMode", "shareable", "CTR-010", 'medium: The container "alpha" must not offer its IPC namespace to other containers.'],
    ["cgroupnsMode", "host", "CTR-010", 'high: The container "alpha" must not share the host\'s cgroup namespace.'],
    ["ipcMode", "container:x", "CTR-039", 'medium: The container "alpha" must not join another container\'s namespace (ipcMode).'],
    ["pidMode", "container:x", "CTR-039", 'medium: The container "alpha" must not join another container\'s namespace (pidMode).'],
    ["networkMode", "Container:x", "CTR-039", 'medium: The container "alpha" must not join another container\'s namespace (networkMode).'],
    ["usernsMode", "host", "CTR-020", 'medium: The container "alpha" must not turn the engine\'s user namespaces off.'],
  ])("%s %s", (mode, value, rule, sentence) => {
    expect(found(rule, container({ [mode]: value }))).toEqual([sentence]);
  });

  test.each([
    ["ipcMode", "private", "CTR-010"],
    ["ipcMode", "none", "CTR-010"],
    ["cgroupnsMode", "private", "CTR-010"],
    ["usernsMode", "", "CTR-020"],
    ["networkMode", "containers", "CTR-039"],
    ["pidMode", "", "CTR-039"],
  ])("%s %s is its own", (mode, value, rule) => {
    expect(found(rule, container({ [mode]: value }))).toEqual([]);
  });
});

describe("a container that is never started", () => {
  const bare = { readOnly: undefined, memory: undefined, cpus: undefined, logOpts: undefined, labels: undefined };
  const looking = ["CTR-001", "CTR-021", "CTR-022", "CTR-023", "CTR-035"];

  test("needs no limits, and one that somebody starts does", () => {
    for (const rule of looking) expect([rule, found(rule, changed(secretWriter, { labels: undefined }))]).toEqual([rule, []]);
    for (const change of [{ start: true }, { start: undefined }, { mustRun: true }, { mustRun: undefined }, { attach: true }])
      for (const rule of looking)
        expect([change, rule, found(rule, changed(secretWriter, { ...bare, ...change })).length]).toEqual([change, rule, 1]);
    for (const rule of looking) expect([rule, found(rule, changed(repositoryFetch, bare)).length]).toEqual([rule, 1]);
  });
});

test("a resolver is the sealed one, or one that was named", () => {
  const asking = (...dns: string[]) => found("CTR-046", container({ dns }), { "CTR-046": { resolvers: ["10.0.0.53"] } });
  expect(asking("127.0.0.1", "10.0.0.53")).toEqual([]);
  expect(asking("127.0.0.2", "10.0.0.5")).toEqual([
    'low: The container "alpha" must not ask the resolver 127.0.0.2.',
    'low: The container "alpha" must not ask the resolver 10.0.0.5.',
  ]);
});

describe("a mount's propagation", () => {
  const docker = (propagation: string) =>
    found("CTR-014", container({ mounts: [{ type: "bind", source: "/srv/x", target: "/x", bindOptions: { propagation } }] }));

  test.each([
    ["shared", 'high: The container "alpha" must not share mounts with the host.'],
    ["rshared", 'high: The container "alpha" must not share mounts with the host.'],
    ["slave", 'low: The container "alpha" must not receive the host\'s mounts.'],
    ["RSLAVE", 'low: The container "alpha" must not receive the host\'s mounts.'],
  ])("%s", (propagation, sentence) => {
    expect(docker(propagation)).toEqual([sentence]);
  });

  test.each(["private", "rprivate", "", "unshared", "sharedx", "slaves"])("%j is private", (propagation) => {
    expect(docker(propagation)).toEqual([]);
  });
});

test("what mounts on its path is found on every platform", () => {
  const repos = { target: "/repos/x", source: "v", type: "volume" };
  expect(found("VOL-005", container({ mounts: [repos] }))).toEqual(['medium: The container "alpha" must mount /repos/x read-only.']);
  expect(found("VOL-005", container({ mounts: [{ ...repos, readOnly: true }] }))).toEqual([]);
  expect(found("VOL-005", container({ mounts: [{ ...repos, target: "/repository" }] }))).toEqual([]);
  expect(found("VOL-005", changed(service, { "taskSpec/containerSpec/mounts": [repos] }))).toHaveLength(1);
  expect(
    found("VOL-005", changed(deployment, { "spec/template/spec/containers/0/volumeMounts": [{ name: "v", mountPath: "/repos" }] })),
  ).toHaveLength(1);
});
