import hashlib, re

# As in known-secrets.ts.
part = re.compile(rb"[\w-]{20,}")
most_bytes = 1 << 20


@probe
def text_digests(folders, seconds):
    """Digests of all that looks like a key, each with where it is. The keys that are sought stay outside of the session."""
    digests = {}

    def take(path, place):
        try:
            with open(path, "rb") as file:
                text = file.read(most_bytes)
        except OSError:
            return
        for found in set(part.findall(text)):
            if re.search(rb"\d", found) and re.search(rb"[A-Za-z]", found):
                digests.setdefault(hashlib.sha256(found).hexdigest()[:16], place)

    for pid in filter(is_own, processes()):
        for kind in ("environ", "cmdline"):
            take("/proc/%d/%s" % (pid, kind), "%s of process %d" % ({"environ": "the environment", "cmdline": "the command line"}[kind], pid))
    for entry in walk(seconds, folders):
        if entry.is_file(follow_symlinks=False):
            take(entry.path, entry.path)
    return digests


@probe
def refused_key():
    """The status with which the model's provider refused the key; nothing where it did not."""
    with os.popen("/usr/local/bin/session-key") as answer:
        return answer.read().strip()
