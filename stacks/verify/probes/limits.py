@probe
def fork_children(limit):
    """Starts processes that do nothing, up to one more than the limit, and ends them."""
    children = []
    refusal = None
    try:
        while refusal is None and len(children) <= limit:
            try:
                child = os.fork()
            except OSError as error:
                refusal = error_name(error)
                continue
            if child == 0:
                signal.pause()
                os._exit(0)
            children.append(child)
    finally:
        for child in children:
            os.kill(child, signal.SIGKILL)
        for child in children:
            os.waitpid(child, 0)
    return {"reached": len(children), "refusal": refusal}


def available_memory():
    with open("/proc/meminfo") as file:
        return next(int(line.split()[1]) * 1024 for line in file if line.startswith("MemAvailable:"))


def ends_by_kernel():
    """How many processes of this session the kernel has ended for want of memory, by control groups of version 2 or 1."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path) as file:
                return int(dict(line.split() for line in file)["oom_kill"])
        except (OSError, KeyError):
            pass
    raise NotTried("the kernel does not say what it ended")


# A program of its own: the kernel is to end it and nothing of the agent, and only a process that is open to others may ask for that.
filler = """
import mmap, os, sys
step, most = int(sys.argv[1]), int(sys.argv[2])
with open("/proc/self/oom_score_adj", "w") as file:
    file.write("1000")
blocks = []
for _ in range(0, most, step):
    blocks.append(mmap.mmap(-1, step, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS))
    blocks[-1].write(b"x" * step)
    os.write(1, b"x")
"""


@probe
def take_memory(limit):
    """Fills memory in a child, up to somewhat more than the limit; the kernel is to end the child before."""
    step = 16 << 20
    most = limit + 4 * step
    free = available_memory()
    if free < most + (512 << 20):
        raise NotTried("the machine has only %d MB of memory free" % (free >> 20))
    before = ends_by_kernel()
    progress, output = os.pipe()
    child = os.fork()
    if child == 0:
        os.dup2(output, 1)
        os.execv("/usr/bin/python3", ["python3", "-I", "-c", filler, str(step), str(most)])
    os.close(output)
    blocks = 0
    while os.read(progress, 1):
        blocks += 1
    _, status = os.waitpid(child, 0)
    killed = os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL
    # Whoever has the same user can end it too.
    return {"reached": blocks * step, "ended": killed and ends_by_kernel() > before}


@probe
def open_files(limit):
    """Opens files, up to one more than the limit."""
    opened = []
    refusal = None
    try:
        while len(opened) <= limit:
            opened.append(os.open("/dev/null", os.O_RDONLY))
    except OSError as error:
        refusal = error_name(error)
    for file in opened:
        os.close(file)
    return {"reached": len(opened), "refusal": refusal}


@probe
def reserve_space(sizes):
    """Asks each file system at once for a page more than its size. A full one refuses that without giving anything."""
    def outcome(folder, size):
        path = os.path.join(folder, ".verify-%d" % os.getpid())
        file = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600)
        os.unlink(path)
        try:
            os.posix_fallocate(file, 0, size + 4096)
            return "given"
        except OSError as error:
            if error.errno != errno.ENOSPC:
                raise
            return "ENOSPC"
        finally:
            os.close(file)
    return {folder: outcome(folder, size) for folder, size in sizes.items()}


def throttled():
    """How often the kernel has held this session back, by control groups of version 2 or 1."""
    for path in ("/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu,cpuacct/cpu.stat"):
        try:
            with open(path) as file:
                return int(dict(line.split() for line in file).get("nr_throttled", 0))
        except OSError:
            pass
    return 0


@probe
def burn_processor(cores):
    """Keeps more cores busy than the limit for half a second, and counts the processor time that was had."""
    import math, resource
    busy = math.floor(cores) + 1
    there = len(os.sched_getaffinity(0))
    if there < busy:
        raise NotTried("the machine has no more than the %g cores that are allowed" % cores)
    before = throttled()
    start = time.monotonic()
    children = []
    for _ in range(busy):
        child = os.fork()
        if child == 0:
            while time.monotonic() < start + 0.5:
                pass
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return {"cores": (usage.ru_utime + usage.ru_stime) / (time.monotonic() - start), "throttled": throttled() - before}
