"""Free ports of this host."""

import socket


def free_tcp_port() -> int:
    """Give a TCP port that nobody listens on."""
    return _free(socket.SOCK_STREAM)


def free_udp_port() -> int:
    """Give a UDP port that nobody has."""
    return _free(socket.SOCK_DGRAM)


def _free(kind: socket.SocketKind) -> int:
    with socket.socket(socket.AF_INET, kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
