"""Datagrams by the batch on real sockets: what came, from whom, to which address, cut or dropped."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pytest

from narrowgate_gateway.coap_datagrams import PKTINFO_SPACE, Inbox, Outbox
from narrowgate_gateway.coap_endpoints import endpoint_texts, endpoints_of
from narrowgate_gateway.coap_socket import bound


@contextmanager
def joined(host: str = "127.0.0.1", at: str = "127.0.0.1") -> Iterator[tuple[socket.socket, socket.socket]]:
    """Give a listener's socket and a device's that is connected to it."""
    family = socket.AF_INET6 if ":" in at else socket.AF_INET
    with bound(host, 0) as listening, socket.socket(family, socket.SOCK_DGRAM) as device:
        device.connect((at, listening.getsockname()[1]))
        device.settimeout(100.0)
        yield listening, device


def test_what_waits_is_taken_in_order_up_to_the_most() -> None:
    """Five datagrams are taken three at a time, each with its own length."""
    with joined() as (listening, device):
        inbox = Inbox(listening, 64, 3)
        for n in range(5):
            device.send(bytes([n]) * n)
        first = [taken.datagram(row) for taken in (inbox.receive(),) for row in range(len(taken))]
        rest = [taken.datagram(row) for taken in (inbox.receive(),) for row in range(len(taken))]

    assert (first, rest) == ([b"", b"\x01", b"\x02\x02"], [b"\x03" * 3, b"\x04" * 4])


def test_where_nothing_waits_nothing_is_taken() -> None:
    """An idle socket gives an empty batch, with the drops and addresses of nobody."""
    with joined("::") as (listening, _):
        taken = Inbox(listening, 64).receive()

    assert (len(taken), taken.is_to_group.tolist()) == (0, [])


@pytest.mark.parametrize(("size", "is_cut"), [(63, False), (64, False), (65, True), (2000, True)])
def test_a_datagram_longer_than_a_row_is_marked(size: int, is_cut: bool) -> None:
    """What does not fit is cut, and said to be."""
    with joined() as (listening, device):
        device.send(bytes(size))
        taken = Inbox(listening, 64).receive()

    assert (taken.is_cut.tolist(), taken.lengths.tolist()) == ([is_cut], [min(size, 64)])


@pytest.mark.parametrize(("at", "text"), [("127.0.0.1", "127.0.0.1:{}"), ("::1", "[::1]:{}")])
def test_a_sender_is_known_by_its_address(at: str, text: str) -> None:
    """One socket takes both families, and an IPv4 sender has its IPv4 address."""
    with joined("::", at) as (listening, device):
        device.send(b"x")
        said = endpoint_texts(endpoints_of(Inbox(listening, 64).receive().sources))
        port = device.getsockname()[1]

    assert said.flat.tobytes().decode() == text.format(port)


def test_answers_go_back_by_the_address_that_was_asked() -> None:
    """On a host of several addresses a device connected to one of them hears that one."""
    with joined("::", "127.0.0.9") as (listening, device):
        for n in range(3):
            device.send(bytes([n]))
        taken = Inbox(listening, 64).receive()
        assert taken.pktinfo is not None
        pktinfo = np.ascontiguousarray(taken.pktinfo)
        sent = Outbox(listening).send(taken.content[:, :8].copy(), taken.lengths, taken.sources, pktinfo)
        heard = [device.recv(64) for _ in range(3)]

    assert (sent, heard) == (3, [b"\x00", b"\x01", b"\x02"])


def test_more_answers_than_a_call_takes_go_out_in_several() -> None:
    """Five answers with room for two a call are five answers."""
    with joined() as (listening, device):
        device.send(b"x")
        sources = np.repeat(Inbox(listening, 64).receive().sources, 5, axis=0)
        content = np.arange(5, dtype=np.uint8)[:, None].copy()
        sent = Outbox(listening, 2).send(content, np.ones(5, np.int64), sources, None)
        heard = [device.recv(64) for _ in range(5)]

    assert (sent, heard) == (5, [bytes([n]) for n in range(5)])


def test_an_answer_without_a_way_does_not_hold_up_the_others() -> None:
    """A row that the kernel refuses is passed over."""
    with joined() as (listening, device):
        device.send(b"x")
        sources = np.repeat(Inbox(listening, 64).receive().sources, 3, axis=0)
        sources[1, 2:4] = 0  # port 0 is nowhere
        sent = Outbox(listening).send(np.zeros((3, 1), np.uint8), np.ones(3, np.int64), sources, None)

    assert sent == 2


@pytest.mark.parametrize("host", ["127.0.0.1", "::"])
def test_what_the_kernel_drops_is_counted(host: str) -> None:
    """Datagrams that found no room are told with the next that did."""
    with joined(host) as (listening, device):
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        inbox = Inbox(listening, 64)
        for _ in range(100):
            device.send(b"x")
        taken = len(inbox.receive())
        device.send(b"y")
        last = inbox.receive()

    assert (inbox.dropped, last.datagram(0)) == (100 - taken, b"y")
    assert last.pktinfo is None or last.pktinfo.shape == (1, PKTINFO_SPACE)


def test_a_busy_port_is_refused() -> None:
    """A second socket on an address is an OSError."""
    with joined() as (listening, _), pytest.raises(OSError, match="in use"):
        bound("127.0.0.1", listening.getsockname()[1])
