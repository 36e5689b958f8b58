"""The socket of a CoAP listener: IPv4 and IPv6 by one, with all that the kernel can tell of a datagram."""

import ipaddress
import socket
from contextlib import suppress

from narrowgate_gateway.coap_datagrams import SO_RXQ_OVFL

RECEIVE_BUFFER_BYTES = 16 << 20
"""What is asked of the kernel for datagrams that wait while the loop is busy; it may grant less.

It takes what is there only: some 25 000 small datagrams, a quarter of a second at 100 000 a second.
"""

SEND_BUFFER_BYTES = 4 << 20

_SO_RCVBUFFORCE = 33
"""Linux: beyond net.core.rmem_max, for who may administer the network."""


def bound(host: str, port: int) -> socket.socket:
    """Open the socket of a listener.

    Args:
        host: address to bind; `::` takes IPv4 too, and 0.0.0.0 takes IPv4 only.
        port: UDP port; 0 lets the system choose.

    Raises:
        OSError: the address is taken or not this host's.
    """
    address = ipaddress.ip_address(host)
    # IPv4 by its mapped address: answers and senders then have one form.
    place = host if address.version == 6 else f"::ffff:{host}"
    listening = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    try:
        listening.setblocking(False)
        listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        with suppress(PermissionError):
            listening.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, RECEIVE_BUFFER_BYTES)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)
        listening.setsockopt(socket.SOL_SOCKET, SO_RXQ_OVFL, 1)
        # With one address only, that is where answers leave from; to be told it would cost time.
        if address.is_unspecified:
            listening.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_RECVPKTINFO, 1)
        listening.bind((place, port))
    except OSError:
        listening.close()
        raise
    return listening
