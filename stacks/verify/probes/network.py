import secrets, socket, struct

kinds = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM, "icmp": socket.SOCK_DGRAM}


def begin(kind, address, port):
    """Sends the first packet. Returns an open socket, or how the kernel refused."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    protocol = {"icmp": socket.IPPROTO_ICMPV6 if family == socket.AF_INET6 else socket.IPPROTO_ICMP}.get(kind, 0)
    try:
        connection = socket.socket(family, kinds[kind], protocol)
    except OSError as error:
        return error_name(error)
    connection.setblocking(False)
    if kind != "tcp":  # or the kernel keeps to itself that nobody took the packet
        level, option = (socket.IPPROTO_IPV6, 25) if family == socket.AF_INET6 else (socket.IPPROTO_IP, 11)  # IPV6_RECVERR, IP_RECVERR
        connection.setsockopt(level, option, 1)
    result = connection.connect_ex((address, port))
    if result not in (0, errno.EINPROGRESS):
        connection.close()
        return errno.errorcode.get(result, str(result))
    try:
        if kind == "icmp":
            connection.send(struct.pack("!BBHHH", 128 if family == socket.AF_INET6 else 8, 0, 0 if family == socket.AF_INET6 else 0xF7FE, 0, 1))
        elif kind == "udp":
            connection.send(b"verify")
    except OSError as error:
        connection.close()
        return error_name(error)
    return connection


@probe
def reach(targets, seconds, greeting=None):
    """Tries all targets, each [kind, address, port], at once.

    A silent one is "no answer". With a greeting, only who sends it was reached: networks have boxes that answer for others.
    """
    outcomes, waiting = {}, {}
    for kind, address, port in targets:
        name = "%s %s" % (kind, address) + ("" if kind == "icmp" else " port %d" % port)
        begun = begin(kind, address, port)
        if isinstance(begun, str):
            outcomes[name] = begun
        else:
            outcomes[name] = "no answer"
            waiting[begun] = name, "connect" if kind == "tcp" else "receive"

    def proceed(connection, name, step):
        failure = connection.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if failure:
            outcomes[name] = errno.errorcode.get(failure, str(failure))
        elif step == "connect":
            outcomes[name] = "connected"
            if greeting is not None:
                waiting[connection] = name, "receive"
                return
        else:
            try:
                outcomes[name] = "greeted" if connection.recv(2048).decode("latin1") == greeting else "answered"
            except OSError as error:
                outcomes[name] = error_name(error)
        connection.close()

    end = time.monotonic() + seconds
    while waiting and time.monotonic() < end:
        by_step = {step: [connection for connection, (_, at) in waiting.items() if at == step] for step in ("receive", "connect")}
        readable, writable, _ = select.select(by_step["receive"], by_step["connect"], [], max(0, end - time.monotonic()))
        for connection in readable + writable:
            proceed(connection, *waiting.pop(connection))
    return outcomes


def serve(greeting, seconds, more):
    """Greets whoever comes, over TCP and UDP on one port and on more, each [kind, port], until standard input ends. Prints the one, signed."""
    key = receive_key()
    streams = [socket.create_server(("0.0.0.0", 0))]
    port = streams[0].getsockname()[1]
    datagrams = []
    for kind, number in [("udp", port), *more]:
        try:
            if kind == "tcp":
                streams.append(socket.create_server(("0.0.0.0", number)))
            else:
                visitors = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                visitors.bind(("0.0.0.0", number))
                datagrams.append(visitors)
        except OSError:  # the session has a server of its own there
            pass
    say(key, str(port))
    greet(streams, datagrams, greeting, seconds)


def greet(streams, datagrams, greeting, seconds):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        ready, _, _ = select.select([*streams, *datagrams, 0], [], [], 1)
        if 0 in ready:
            return
        for visitors in ready:
            try:
                if visitors in datagrams:
                    visitors.sendto(greeting.encode(), visitors.recvfrom(64)[1])
                else:
                    with visitors.accept()[0] as visitor:
                        visitor.sendall(greeting.encode())
            except OSError:
                pass


def host_addresses():
    """The addresses of this network that others could know: none of its loopback, and none that counts on one link alone."""
    with open("/proc/net/fib_trie") as file:
        lines = [line.split() for line in file]
    four = {words[1] for words, after in zip(lines, lines[1:]) if words[0] == "|--" and after[0] == "/32" and after[-1] == "LOCAL"}
    six = set()
    try:
        with open("/proc/net/if_inet6") as file:
            for address, _, _, scope, _, _ in map(str.split, file):
                if scope == "00":
                    six.add(socket.inet_ntop(socket.AF_INET6, bytes.fromhex(address)))
    except OSError:  # the host has no IPv6
        pass
    return sorted({address for address in four if not address.startswith("127.")} | six)


def serve_host(greeting, seconds):
    """Greets whoever comes to this network, over TCP and UDP on one port, until standard input ends. Prints port and addresses."""
    six = os.path.exists("/proc/net/if_inet6")
    family, everywhere = (socket.AF_INET6, "::") if six else (socket.AF_INET, "0.0.0.0")
    streams = [socket.create_server((everywhere, 0), family=family, dualstack_ipv6=six)]
    port = streams[0].getsockname()[1]
    datagrams = [socket.socket(family, socket.SOCK_DGRAM)]
    if six:
        datagrams[0].setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
    datagrams[0].bind((everywhere, port))
    print(json.dumps({"port": port, "addresses": host_addresses()}), flush=True)
    greet(streams, datagrams, greeting, seconds)


def begin_lookup(name):
    """Asks the session's own resolver in a child, as nothing else bounds that."""
    source, output = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            found = sorted({entry[4][0] for entry in socket.getaddrinfo(name, None)})
        except OSError:
            found = []
        os.write(output, json.dumps(found).encode())
        os._exit(0)
    os.close(output)
    return child, source


def lookups(names, seconds):
    """The addresses of each name, but for those that any name has there."""
    any_name = "verify-" + secrets.token_hex(8)
    end = time.monotonic() + seconds
    begun = {name: begin_lookup(name) for name in [any_name, *names]}
    found = {}
    for name, (child, source) in begun.items():
        text = read_until(source, end)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(source)
        found[name] = json.loads(text) if text else []
    return {name: [address for address in found[name] if address not in found[any_name]] for name in names}


@probe
def find_and_reach(names, targets, greeting, seconds):
    found = lookups(names, seconds)
    return {**reach(targets, seconds, greeting), **{"name " + name: ", ".join(addresses) for name, addresses in found.items()}}


@probe
def resolvers(seconds):
    """Asks each resolver of the session for a name that nobody has. Either answer, "there is none" too, has left the session."""
    with open("/etc/resolv.conf") as file:
        servers = [line.split()[1] for line in file if line.startswith("nameserver")]
    labels = [secrets.token_hex(8), "verify", "example", "com"]
    question = b"".join(bytes([len(label)]) + label.encode() for label in labels) + b"\0" + struct.pack("!HH", 1, 1)

    def outcome(server):
        with socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET, socket.SOCK_DGRAM) as connection:
            connection.settimeout(seconds)
            try:
                connection.connect((server, 53))
                connection.send(struct.pack("!HHHHHH", 4711, 0x0100, 1, 0, 0, 0) + question)
                code = connection.recv(2048)[3] & 15
            except socket.timeout:
                return "no answer"
            except OSError as error:
                return error_name(error)
            return {0: "found", 2: "SERVFAIL", 3: "no such name", 5: "REFUSED"}.get(code, "code %d" % code)
    return {server: outcome(server) for server in servers}


def status(host, port, request, seconds):
    """The status of an answer, or how there was none."""
    try:
        with socket.create_connection((host, port), timeout=seconds) as connection:
            connection.sendall(request.encode())
            words = connection.recv(4096).decode("latin1").split(None, 2)
            return words[1] if len(words) > 1 else "no answer"
    except socket.timeout:
        return "no answer"
    except socket.gaierror:
        return "no proxy by that name"
    except OSError as error:
        return error_name(error)


@probe
def ask_proxy(host, port, requests, seconds):
    """Sends each request to the proxy. Returns the status of its answer, or how there was none."""
    return {name: status(host, port, request, seconds) for name, request in requests.items()}


@probe
def pass_by_proxy(host, port, request, listed, seconds):
    """Sends a request to everybody who goes by the proxy's name, and connects to a listed host itself."""
    try:
        addresses = sorted({entry[4][0] for entry in socket.getaddrinfo(host, port)})
    except socket.gaierror:
        addresses = []
    outcomes = {"a proxy at " + address: status(address, port, request, seconds) for address in addresses}
    try:
        socket.create_connection(listed, seconds).close()
        outcomes["%s port %d" % tuple(listed)] = "connected"
    except OSError as error:
        outcomes["%s port %d" % tuple(listed)] = "no such name" if isinstance(error, socket.gaierror) else "no answer"
    return outcomes
