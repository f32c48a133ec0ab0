def status_of(process):
    with open("/proc/%s/status" % process) as file:
        return dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)


def group_of(process):
    with open("/proc/%s/cgroup" % process) as file:
        return file.read()


def is_own(process):
    """
    Whether a process is of this session, which is a control group to the kernel. One that has ended and was not waited for is in none
    any more.
    """
    try:
        return status_of(process)["State"].startswith("Z") or group_of(process) == group_of("self")
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
    """
    Processes of the host or of other containers, by name. What the engine has just put into the session, such as a health check, is
    seen here before it is in the session's control group: it is left out by looking again until it is.
    """
    def foreign():
        return {pid for pid in processes() if not is_own(pid)}

    def name_of(pid):
        try:
            return {status_of(pid)["Name"]}
        except OSError:  # it has ended
            return set()

    seen = foreign()
    for _ in range(50):
        if not seen:
            break
        time.sleep(0.02)
        seen &= foreign()
    return sorted(set().union(*map(name_of, seen)))


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
