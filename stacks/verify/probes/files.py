@probe
def create(folders):
    """Tries to create a file in each folder."""
    def outcome(folder):
        path = os.path.join(folder, ".verify-%d" % os.getpid())
        try:
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
        except OSError as error:
            return error_name(error)
        os.unlink(path)
        return "written"
    return {folder: outcome(folder) for folder in folders}


@probe
def entries(folder):
    """Tries to list a folder."""
    try:
        return {"entries": len(os.listdir(folder))}
    except OSError as error:
        return {"error": error_name(error)}


@probe
def run_program(folders):
    """Tries to run a program from each folder."""
    def outcome(folder):
        path = os.path.join(folder, ".verify-%d" % os.getpid())
        try:
            with open(path, "wb") as file:
                file.write(b"#!/bin/true\n")
            os.chmod(path, 0o700)
            child = os.fork()
            if child == 0:
                try:
                    os.execv(path, [path])
                except OSError as error:
                    os._exit(error.errno)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            return errno.errorcode.get(status, str(status)) if status else "run"
        except OSError as error:
            return error_name(error)
        finally:
            if os.path.lexists(path):
                os.unlink(path)
    return {folder: outcome(folder) for folder in folders}


@probe
def mounts(identify):
    """What is mounted, as the kernel lists it, which kernel that is, and what some of the folders are, by device and inode."""
    def read(line):
        fields = line.split()
        return {"target": fields[4].encode().decode("unicode_escape"), "readOnly": "ro" in fields[5].split(","), "type": fields[fields.index("-") + 1]}
    def identity(folder):
        try:
            status = os.stat(folder)
            return "%d:%d" % (status.st_dev, status.st_ino)
        except OSError as error:
            return error_name(error)
    with open("/proc/sys/kernel/random/boot_id") as file:
        kernel = file.read().strip()
    with open("/proc/self/mountinfo") as file:
        return {"kernel": kernel, "mounts": [read(line) for line in file], "folders": {folder: identity(folder) for folder in identify}}


def walk(seconds, roots=("/",)):
    """All files below the roots, of all file systems but the kernel's own. Raises NotTried when that takes too long."""
    end = time.monotonic() + seconds
    folders = list(roots)
    while folders:
        folder = folders.pop()
        if folder in ("/proc", "/sys"):
            continue
        if time.monotonic() > end:
            raise NotTried("there are too many files to look at in %d seconds" % seconds)
        try:
            for entry in os.scandir(folder):
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
                else:
                    yield entry
        except OSError:
            pass


@probe
def setuid_files(seconds):
    """Files by which another user's or group's rights could be had, where the mount does not rule that out."""
    found = []
    for entry in walk(seconds):
        try:
            status = entry.stat(follow_symlinks=False)
            gain = status.st_mode & stat.S_ISUID and status.st_uid != os.getuid() or status.st_mode & stat.S_ISGID and status.st_gid != os.getgid()
            if stat.S_ISREG(status.st_mode) and gain and not os.statvfs(entry.path).f_flag & os.ST_NOSUID:
                found.append(entry.path)
        except OSError:
            pass
    return found


@probe
def engine_sockets(seconds, unasked):
    """Sockets that are called like a container engine's, or that answer as one does."""
    import re, socket
    found = []
    for entry in walk(seconds):
        try:
            if not stat.S_ISSOCK(entry.stat(follow_symlinks=False).st_mode):
                continue
            if re.search("docker|containerd|podman|crio|buildkit", entry.path):
                found.append(entry.path)
                continue
            # A credential proxy would take the question on with its key; the agent's terminal has no use for it.
            if any(entry.path.startswith(folder + "/") for folder in unasked):
                continue
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(1)
                connection.connect(entry.path)
                connection.sendall(b"GET /_ping HTTP/1.0\r\n\r\n")
                if re.search(rb"(?i)^(api-version|docker-|libpod-)", connection.recv(4096), re.M):
                    found.append(entry.path)
        except OSError:
            pass
    return found


@probe
def devices():
    """What lies in /dev as a device and can be opened."""
    found = []
    for name in os.listdir("/dev"):
        status = os.lstat("/dev/" + name)
        if stat.S_ISBLK(status.st_mode) or stat.S_ISCHR(status.st_mode):
            found.append(name)
    return sorted(found)


@probe
def obeyed_by_git(folders):
    """What each git folder holds besides a repository's own data and the configuration that every clone is given."""
    import re
    data = {"FETCH_HEAD", "HEAD", "config", "index", "logs", "objects", "packed-refs", "refs"}
    given = r'\[core\]\n\trepositoryformatversion = 0\n\tbare = false\n\[remote "origin"\]\n\turl = [^\n]*\n'
    def found(folder):
        try:
            more = sorted(set(os.listdir(folder)) - data)
            with open(folder + "/config", errors="replace") as file:
                if not re.fullmatch(given, file.read()):
                    more.append("config")
        except OSError as error:
            raise NotTried("%s: %s" % (folder, error_name(error)))
        return more + [name for name in ("objects/info/alternates",) if os.path.lexists(os.path.join(folder, name))]
    return {folder: found(folder) for folder in folders}
