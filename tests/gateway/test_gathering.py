"""How long datagrams gather: by how many came, how fast they come, and how much room they take."""

import asyncio
import socket

import pytest

from coap_wire import device, request
from narrowgate_gateway.gathering import ENOUGH, LEAST_S, LONGEST_S, Gathering, waiting_bytes
from narrowgate_gateway.socket_watch import SocketWatch

ROOM_BYTES = 8 << 20


def gathering(room_bytes: int = ROOM_BYTES) -> Gathering:
    """Give one that knows that a datagram takes 1000 bytes."""
    one = Gathering(room_bytes)
    one.learn(64_000, 64)
    return one


@pytest.mark.parametrize(("count", "wait_s"), [(0, 0.004), (512, 0.002), (1024, 0.0), (5000, 0.0)])
def test_the_first_look_is_sooner_the_more_there_were(count: int, wait_s: float) -> None:
    """After a full batch there is no pause at all."""
    assert gathering().first_s(count) == pytest.approx(wait_s)


@pytest.mark.parametrize(
    ("waiting", "further_s"),
    [
        (0, 0.0),  # nothing comes: the loop watches
        (ENOUGH * 1000, 0.0),
        (ENOUGH * 500, 0.004),  # as many again in as long again
        (1000, LONGEST_S - 0.004),
    ],
)
def test_what_gathers_waits_until_it_is_enough_or_has_waited_longest(waiting: int, further_s: float) -> None:
    """The pace so far says when there will be enough."""
    assert gathering().further_s(0.004, waiting) == pytest.approx(further_s)


@pytest.mark.parametrize(("took_s", "longest_s"), [(0.0, LONGEST_S), (0.01, 0.012), (0.06, LEAST_S)])
def test_datagrams_gather_for_what_their_answers_leave(took_s: float, longest_s: float) -> None:
    """A slow disk shortens the wait before it, down to a least one."""
    one = gathering()
    one.note_answered(took_s)

    assert one.longest_s == pytest.approx(longest_s)


def test_a_slow_batch_is_forgotten_slowly() -> None:
    """One that was quick shortens nothing at once, and many do."""
    one = gathering()
    one.note_answered(0.06)
    one.note_answered(0.001)
    at_once = one.longest_s
    for _ in range(100):
        one.note_answered(0.001)

    assert (at_once, one.longest_s) == (LEAST_S, LONGEST_S)


def test_nothing_waits_beyond_the_longest() -> None:
    """A look that comes late lets nothing wait on."""
    assert gathering().further_s(2 * LONGEST_S, 1000) == 0.0


def test_a_quarter_of_the_kernels_room_is_enough() -> None:
    """Where the kernel grants little, the batch is taken before there is no more room."""
    assert gathering(40_000).further_s(0.004, 10_000) == 0.0


def test_an_empty_batch_teaches_nothing() -> None:
    """What a datagram takes stays as it was learned."""
    one = gathering()
    one.learn(0, 0)
    one.learn(0, 5)

    assert one.further_s(0.004, ENOUGH * 1000) == 0.0


def test_the_kernel_tells_what_waits() -> None:
    """Datagrams that nobody has read count, and none do after they were read."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as listening:
        listening.bind(("127.0.0.1", 0))
        before = waiting_bytes(listening)
        with device(listening.getsockname()[1]) as one:
            one.send(request(1))
            during = waiting_bytes(listening)
        listening.recv(100)

        assert (before, during > 0, waiting_bytes(listening)) == (0, True, 0)


def test_a_socket_that_cannot_tell_holds_nothing() -> None:
    """A kernel or a socket without that option is no fault."""
    listening = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    listening.close()

    assert waiting_bytes(listening) == 0


def test_a_watch_calls_while_it_is_on_and_not_after_its_end() -> None:
    """On and off may be said again; after the end on says nothing."""

    async def scenario() -> list[str]:
        seen: list[str] = []
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        with ours, theirs:
            called = asyncio.Event()

            def readable() -> None:
                seen.append(ours.recv(10).decode())
                called.set()

            watch = SocketWatch(ours, readable)
            watch.on()
            watch.on()
            theirs.send(b"on")
            await called.wait()
            watch.off()
            watch.off()
            watch.end()
            watch.on()
            theirs.send(b"late")
            for _ in range(3):
                await asyncio.sleep(0)
            return seen

    assert asyncio.run(scenario()) == ["on"]
