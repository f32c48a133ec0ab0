/** System calls that no session may make, for one reason. */
export interface Refusal {
  /** What is refused, for people. */
  readonly what: string;
  readonly why: string;
  /** Refused for good (EPERM). */
  readonly calls: readonly string[];
  /** Answered as by a kernel that has none of them (ENOSYS): programs then do without, which some do not when they are forbidden. */
  readonly absent: readonly string[];
}

/** What is refused by its name; `arguments.ts` holds what is refused by its arguments. */
export const refusals: readonly Refusal[] = [
  {
    what: "`io_uring`",
    why: "it does what other calls do, unseen by this filter, and has been many a kernel's hole",
    calls: [],
    absent: ["io_uring_enter", "io_uring_register", "io_uring_setup"],
  },
  {
    what: "namespaces: `unshare`, `setns`, `clone3`",
    why: "in a user namespace of its own a session is root to a large part of the kernel; so no containers and no sandboxes that need one",
    calls: ["setns", "unshare"],
    // Its flags lie in memory, where no filter looks; C libraries then take clone.
    absent: ["clone3"],
  },
  {
    what: "mounts, `chroot`, `pivot_root`",
    why: "what a session sees of the host is what it was given",
    calls: [
      "chroot",
      "fsconfig",
      "fsmount",
      "fsopen",
      "fspick",
      "mount",
      "mount_setattr",
      "move_mount",
      "open_tree",
      "pivot_root",
      "umount2",
    ],
    absent: ["listmount", "open_tree_attr", "statmount"],
  },
  {
    what: "keyrings",
    why: "the kernel keeps one for each user of the host, whatever the container",
    calls: ["add_key", "keyctl", "request_key"],
    absent: [],
  },
  {
    what: "`bpf`, `perf`",
    why: "they watch and run code in the kernel that all share",
    calls: ["bpf", "lookup_dcookie", "perf_event_open"],
    absent: [],
  },
  {
    what: "`userfaultfd`, `vmsplice`, `memfd_secret`, `modify_ldt`, `remap_file_pages`",
    why: "what exploits of the kernel are made with, and hardly anything else",
    calls: ["modify_ldt", "remap_file_pages", "userfaultfd"],
    absent: ["memfd_secret", "vmsplice"],
  },
  {
    what: "reaching into other processes, but by `ptrace`",
    why: "`gdb`, `strace` and other debuggers need no more, and `ptrace` ends at the session's own processes",
    calls: ["kcmp", "pidfd_getfd"],
    absent: ["process_madvise", "process_mrelease", "process_vm_readv", "process_vm_writev"],
  },
  {
    what: "handles of files, `fanotify`",
    why: "a handle opens files that no mount shows; watching whole file systems tells of others",
    calls: ["fanotify_init", "fanotify_mark", "name_to_handle_at", "open_by_handle_at"],
    absent: [],
  },
  {
    what: "placing memory on NUMA nodes",
    why: "the machine is shared, and programs do without",
    calls: [],
    absent: ["get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node"],
  },
  {
    what: "the machine: modules, `kexec`, reboot, swap, clock, host name, quotas, accounting, kernel log, ports of devices",
    why: "they are the host's",
    calls: [
      "acct",
      "adjtimex",
      "clock_adjtime",
      "clock_settime",
      "delete_module",
      "finit_module",
      "init_module",
      "ioperm",
      "iopl",
      "kexec_file_load",
      "kexec_load",
      "quotactl",
      "quotactl_fd",
      "reboot",
      "setdomainname",
      "sethostname",
      "settimeofday",
      "swapoff",
      "swapon",
      "syslog",
      "vhangup",
    ],
    absent: [],
  },
  {
    what: "calls that are very old or very new",
    why: "programs ask for the new ones and do without; the old ones only wait for somebody to find a hole in them",
    calls: ["_sysctl", "nfsservctl", "sysfs", "uselib", "ustat"],
    absent: [
      "cachestat",
      "file_getattr",
      "file_setattr",
      "getxattrat",
      "listns",
      "listxattrat",
      "lsm_get_self_attr",
      "lsm_list_modules",
      "lsm_set_self_attr",
      "map_shadow_stack",
      "removexattrat",
      "setxattrat",
    ],
  },
];
