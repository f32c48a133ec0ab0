def status_of(process):
    with open("/proc/%s/status" % process) as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def group_of(process):
    with open("/proc/%s/cgroup" % process) as file:
        return file.read()


def is_own(process):
    """Whether a process is of this session, which is a control group to the kernel."""
    try:
        return group_of(process) == group_of("self")
    except OSError:  # it has ended
        return True


def processes():
    return sorted(int(name) for name in os.listdir("/proc") if name.isdigit())


@probe
def process_status(fields):
    """Fields of /proc/PID/status for the session's first process and for the attempt itself."""
    first = next(pid for pid in processes() if is_own(pid))
    return {owner: {field: status_of(pid).get(field) for field in fields} for owner, pid in (("first", first), ("further", "self"))}


@probe
def foreign_processes():
    """Processes of the host or of other containers, by name."""
    return sorted({status_of(pid)["Name"] for pid in processes() if not is_own(pid)})


@probe
def readable(paths):
    """How much of each file or folder of the kernel can be read."""
    def amount(path):
        try:
            if os.path.isdir(path):
                return len(os.listdir(path))
            with open(path, "rb") as file:
                return len(file.read(64))
        except OSError:
            return 0
    return {path: amount(path) for path in paths}


# By machine. The arguments do nothing should a call come through, but for unshare, whose process ends at once.
numbers = {
    "x86_64": {"unshare": 272, "setns": 308, "mount": 165, "pivot_root": 155, "keyctl": 250, "add_key": 248, "bpf": 321, "userfaultfd": 323, "perf_event_open": 298, "open_by_handle_at": 304, "init_module": 175, "kexec_load": 246, "swapon": 167},
    "aarch64": {"unshare": 97, "setns": 268, "mount": 40, "pivot_root": 41, "keyctl": 219, "add_key": 217, "bpf": 280, "userfaultfd": 282, "perf_event_open": 241, "open_by_handle_at": 265, "init_module": 105, "kexec_load": 104, "swapon": 224},
}
new_user_namespace, user_mode_only = 0x10000000, 1


@probe
def system_calls():
    """Calls each of the numbers above, and says how it ended."""
    def outcome(name, number):
        first = {"unshare": new_user_namespace, "userfaultfd": user_mode_only}.get(name, 0)
        result = libc.syscall(ctypes.c_long(number), ctypes.c_long(first), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0), ctypes.c_long(0))
        return "done" if result >= 0 else errno.errorcode.get(ctypes.get_errno(), "an error")
    return {name: outcome(name, number) for name, number in numbers[os.uname().machine].items()}
