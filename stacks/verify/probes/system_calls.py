import mmap, socket

# What the kernel calls each: on x86-64, on 64-bit ARM.
call_numbers = {entry.split()[0]: entry.split()[1:] for entry in """
    _sysctl 156 -, acct 163 89, add_key 248 217, adjtimex 159 171, bpf 321 280, cachestat 451 451, chroot 161 51,
    clock_adjtime 305 266, clock_settime 227 112, clone3 435 435, delete_module 176 106, fanotify_init 300 262,
    fanotify_mark 301 263, file_getattr 468 468, file_setattr 469 469, finit_module 313 273, fsconfig 431 431,
    fsmount 432 432, fsopen 430 430, fspick 433 433, get_mempolicy 239 236, getxattrat 464 464, init_module 175 105,
    io_uring_enter 426 426, io_uring_register 427 427, io_uring_setup 425 425, ioperm 173 -, iopl 172 -, kcmp 312 272,
    kexec_file_load 320 294, kexec_load 246 104, keyctl 250 219, listmount 458 458, listns 470 470, listxattrat 465 465,
    lookup_dcookie 212 18, lsm_get_self_attr 459 459, lsm_list_modules 461 461, lsm_set_self_attr 460 460,
    map_shadow_stack 453 453, mbind 237 235, memfd_secret 447 447, migrate_pages 256 238, modify_ldt 154 -, mount 165 40,
    mount_setattr 442 442, move_mount 429 429, move_pages 279 239, name_to_handle_at 303 264, nfsservctl 180 42,
    open_by_handle_at 304 265, open_tree 428 428, open_tree_attr 467 467, perf_event_open 298 241, pidfd_getfd 438 438,
    pivot_root 155 41, process_madvise 440 440, process_mrelease 448 448, process_vm_readv 310 270,
    process_vm_writev 311 271, quotactl 179 60, quotactl_fd 443 443, reboot 169 142, remap_file_pages 216 234,
    removexattrat 466 466, request_key 249 218, set_mempolicy 238 237, set_mempolicy_home_node 450 450,
    setdomainname 171 162, sethostname 170 161, setns 308 268, settimeofday 164 170, setxattrat 463 463, statmount 457 457,
    swapoff 168 225, swapon 167 224, sysfs 139 -, syslog 103 116, umount2 166 39, unshare 272 97, uselib 134 -,
    userfaultfd 323 282, ustat 136 -, vhangup 153 58, vmsplice 278 75
""".split(",")}
machine = os.uname().machine
machines = ["x86_64", "aarch64"]

# -1 is no descriptor, no address, and more flags than there are: a call that comes through fails by itself, before it asks who makes it
# where that can be had. These would say ENOSYS, or that the session may not.
harmless_arguments = {"modify_ldt": (0, 0, 0), "fanotify_init": (0x80000200, 0)}


def system_call(number, *arguments):
    ctypes.set_errno(0)
    result = libc.syscall(ctypes.c_long(number), *(ctypes.c_ulong(argument & 0xFFFFFFFFFFFFFFFF) for argument in arguments))
    return "done" if result >= 0 else errno.errorcode.get(ctypes.get_errno(), "an error")


def outcome_of(action):
    try:
        action()
        return "done"
    except OSError as error:
        return error_name(error)


def ended_by(action):
    """What ended a child that does something, or what it did."""
    child = os.fork()
    if child == 0:
        libc.prctl(4, 0)  # PR_SET_DUMPABLE: no dump of it on the host
        os._exit(0 if action() == "done" else 1)
    _, status = os.waitpid(child, 0)
    return signal.Signals(os.WTERMSIG(status)).name if os.WIFSIGNALED(status) else "done" if status == 0 else "ENOSYS"


@probe
def system_calls(names):
    """Makes each call, with arguments that do nothing should it come through, and says how it ended."""
    if machine not in machines:
        raise NotTried("the numbers of system calls are not known here for " + machine)
    numbers = {name: call_numbers[name][machines.index(machine)] for name in names}
    return {
        name: system_call(int(number), *harmless_arguments.get(name, (-1,) * 6)) for name, number in numbers.items() if number != "-"
    }


@probe
def sockets(families, kinds):
    """Opens a socket of each family but those given, of a type that no family has, and of each kind by its numbers.

    A kernel that is asked looks at the type before it loads a family's module.
    """
    names = {value: name for name, value in vars(socket).items() if name.startswith("AF_")}
    others = [number for number in range(1, 64) if number not in families]
    outcomes = {str(names.get(number, "family %d" % number)): outcome_of(lambda: socket.socket(number, 15, 0)) for number in others}
    return {**outcomes, **{name: outcome_of(lambda: socket.socket(*numbers).close()) for name, numbers in kinds.items()}}


def in_32_bits():
    """Asks for the process id as a 32-bit program does."""
    code = mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    code.write(b"\xb8\x14\x00\x00\x00\xcd\x80\xc3")  # mov eax, getpid; int 0x80; ret
    return "done" if ctypes.CFUNCTYPE(ctypes.c_int)(ctypes.addressof(ctypes.c_char.from_buffer(code)))() > 0 else "refused"


@probe
def call_arguments(requests, personas):
    """Makes calls that are refused for their arguments alone."""
    clone, personality = ((56, 135), (220, 92))[machines.index(machine)] if machine in machines else (None, None)
    if clone is None:
        raise NotTried("the numbers of system calls are not known here for " + machine)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST, 1)
        broadcast = "done" if datagrams.getsockopt(socket.SOL_SOCKET, socket.SO_BROADCAST) else "EPERM"
        route = outcome_of(lambda: datagrams.setsockopt(socket.SOL_SOCKET, socket.SO_DONTROUTE, 1))
        # A port that nobody takes.
        once = outcome_of(lambda: datagrams.sendto(b"", socket.MSG_DONTROUTE, ("127.0.0.1", 0)))
    outcomes = {
        # A kernel refuses the two flags together.
        "clone with a user namespace": system_call(clone, 0x10000200, 0, 0, 0, 0),
        "SO_BROADCAST": broadcast,
        "SO_DONTROUTE": route,
        "MSG_DONTROUTE": once,
        **{name: system_call((16, 29)[machines.index(machine)], -1, number) for name, number in requests.items()},
        **{name: system_call(personality, number) for name, number in personas.items()},
    }
    if machine == "x86_64":
        outcomes["a 32-bit call"] = ended_by(in_32_bits)
        outcomes["an x32 call"] = ended_by(lambda: system_call(0x40000000 + 39))
    return outcomes
