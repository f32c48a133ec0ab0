"""Runs attempts inside a session, each in a process of its own, and prints one signed line of JSON for each.

Called with one argument: {"seconds": for all of them, "attempts": [{"id", "probe", "args", "seconds"}]}. The first line of
standard input is the key that answers are signed with.
"""
import ctypes, errno, hmac, json, os, select, signal, stat, sys, time

probes = {}
libc = ctypes.CDLL(None, use_errno=True)


class NotTried(Exception):
    """Why something cannot be tried here."""


def probe(function):
    probes[function.__name__] = function
    return function


def error_name(error):
    return errno.errorcode.get(error.errno, str(error.errno))


def receive_key():
    libc.prctl(4, 0)  # PR_SET_DUMPABLE: who has the same user neither traces this process nor opens its files and memory
    line = b""
    while not line.endswith(b"\n"):
        byte = os.read(0, 1)
        if not byte:
            sys.exit("no key was given")
        line += byte
    return line.strip()


def say(key, text):
    print(hmac.new(key, text.encode(), "sha256").hexdigest(), text, flush=True)


def attempt_in_child(wish, output):
    os.setpgid(0, 0)
    libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG: nothing outlives the run
    nothing = os.open("/dev/null", os.O_RDWR)
    for stream in range(3):  # what an attempt starts is open to others, and would be a way to the answers
        os.dup2(nothing, stream)
    os.close(nothing)
    try:
        answer = {"answer": probes[wish["probe"]](**wish["args"])}
    except NotTried as error:
        answer = {"error": str(error)}
    except BaseException as error:
        answer = {"error": "%s: %s" % (type(error).__name__, error)}
    os.write(output, json.dumps(answer).encode())
    os._exit(0)


def read_until(descriptor, deadline):
    text = b""
    while True:
        left = deadline - time.monotonic()
        if left <= 0 or not select.select([descriptor], [], [], left)[0]:
            return None
        chunk = os.read(descriptor, 65536)
        if not chunk:
            return text
        text += chunk


def attempt(wish, end):
    if time.monotonic() >= end:
        return {"error": "the time for the session was over"}
    source, output = os.pipe()
    try:
        child = os.fork()
    except OSError as error:  # the session is at its limit of processes
        return {"error": "no process for it: " + error_name(error)}
    if child == 0:
        os.close(source)
        attempt_in_child(wish, output)
    os.close(output)
    text = read_until(source, min(end, time.monotonic() + wish["seconds"]))
    for kill in (lambda: os.killpg(child, signal.SIGKILL), lambda: os.kill(child, signal.SIGKILL)):
        try:
            kill()
        except OSError:
            pass
    _, status = os.waitpid(child, 0)
    os.close(source)
    if text is None:
        return {"error": "it took longer than %g seconds" % wish["seconds"]}
    if text == b"":
        return {"error": "its process was ended by signal %d" % os.WTERMSIG(status) if os.WIFSIGNALED(status) else "its process ended without an answer"}
    return json.loads(text)


def main():
    key = receive_key()
    order = json.loads(sys.argv[1])
    end = time.monotonic() + order["seconds"]
    for wish in order["attempts"]:
        say(key, json.dumps({"id": wish["id"], **attempt(wish, end)}))
