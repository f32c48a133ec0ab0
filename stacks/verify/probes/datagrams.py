import fcntl

ancillary_interface = 8  # IP_PKTINFO


def interface_addresses(name):
    """The IPv4 address of an interface and its broadcast address, where it has them."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        def ask(request):
            try:
                return socket.inet_ntoa(fcntl.ioctl(asking, request, struct.pack("256s", name.encode()))[20:24])
            except OSError:
                return None
        return ask(0x8915), ask(0x8919)  # SIOCGIFADDR, SIOCGIFBRDADDR


def send_datagram(text, target, options=(), interface=None, flags=0):
    """Sends one, by an interface that is named beside it where one is given."""
    family = socket.AF_INET6 if ":" in target[0] else socket.AF_INET
    ancillary = [] if interface is None else [(socket.IPPROTO_IP, ancillary_interface, struct.pack("i8x", interface))]
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            for option in options:
                sender.setsockopt(*option)
            sender.sendmsg([text.encode()], ancillary, flags, target)
        return "sent"
    except OSError as error:
        return error_name(error)


def listen(seconds):
    """Prints a port, then what arrives there, each text once, until standard input ends."""
    end, heard = time.monotonic() + seconds, set()
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as four, socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as six:
        four.bind(("0.0.0.0", 0))
        receivers = [four]
        try:
            six.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
            six.bind(("::", four.getsockname()[1]))
            receivers.append(six)
        except OSError:  # the host has no IPv6
            pass
        print(four.getsockname()[1], flush=True)
        while time.monotonic() < end:
            ready, _, _ = select.select([*receivers, 0], [], [], 1)
            if 0 in ready:
                return
            for receiver in ready:
                text = receiver.recvfrom(256)[0].decode("latin1")
                if text not in heard and len(heard) < 4096:  # a session may send without end
                    heard.add(text)
                    print(json.dumps(text), flush=True)


@probe
def stray_datagrams(beginning, port, addresses):
    """Sends datagrams to the host by ways that need no route to it, each with its way as its text. Says how each left.

    What arrives is known there alone.
    """
    outcomes = {}

    def send(way, target, **more):
        outcomes[way] = send_datagram(beginning + way, target, **more)

    broadcast, past_routes = (socket.SOL_SOCKET, socket.SO_BROADCAST, 1), (socket.SOL_SOCKET, socket.SO_DONTROUTE, 1)
    for number, name in socket.if_nameindex():
        address, everybody = interface_addresses(name)
        if name == "lo" or address is None:
            continue
        by_device = (socket.SOL_SOCKET, socket.SO_BINDTODEVICE, name.encode())
        for to in ["255.255.255.255", everybody]:
            send("a broadcast to " + to, (to, port), options=[broadcast])
            send("a broadcast to %s by its interface" % to, (to, port), options=[broadcast, by_device])
        send("a multicast", ("224.0.0.1", port))
        send("a multicast from its own address", ("224.0.0.1", port), options=[(socket.IPPROTO_IP, socket.IP_MULTICAST_IF, socket.inet_aton(address))])
        send("a multicast by its interface", ("224.0.0.1", port), interface=number)
        send("an IPv6 multicast", ("ff02::1", port, 0, number))
        for to in (to for to in addresses if ":" not in to):
            send("a datagram to %s by its interface" % to, (to, port), options=[by_device])
            send("a datagram to %s by an interface beside it" % to, (to, port), interface=number)
            send("a datagram to %s past the routes" % to, (to, port), options=[past_routes, by_device])
            send("a datagram to %s that says itself that it passes them" % to, (to, port), interface=number, flags=socket.MSG_DONTROUTE)
    return outcomes
