"""Bare frames over a real UDP socket into a real journal."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import pytest

from gateway_door import Stand
from gateway_home import kept_rows
from mqtt_stand import until
from narrowgate_gateway.udp import UdpServer
from narrowgate_gateway.udp_settings import UdpListener
from narrowgate_simulators.ports import free_udp_port
from udp_frames import METER, frame

REPLY = bytes.fromhex("aaaa030000")


def options(**changes: Any) -> UdpListener:
    """Give a listener's options that take this host's water meters, changed as asked."""
    right: dict[str, Any] = {
        "port": free_udp_port(),
        "profile": "cjt188_water_v2004",
        "allow": ("127.0.0.0/8", "::1/128"),
        "reply": f"hex:{REPLY.hex()}",
        "max_payload_bytes": 200,
    }
    return UdpListener(**{**right, **changes})


class Port:
    """A port at work, and a device's socket that talks to it."""

    def __init__(self, stand: Stand, server: UdpServer, host: str) -> None:
        """Stand beside a server."""
        self.stand = stand
        self.server = server
        self._address = (host, server.port)
        self.device = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET, socket.SOCK_DGRAM)
        self.device.setblocking(False)

    def send(self, payload: bytes) -> None:
        """Send a datagram."""
        self.device.sendto(payload, self._address)

    async def answer(self) -> bytes:
        """Wait for the next answer."""
        loop = asyncio.get_running_loop()
        async with asyncio.timeout(100):
            return await loop.sock_recv(self.device, 100)

    async def asked(self, payload: bytes) -> bytes:
        """Send a datagram and give its answer."""
        self.send(payload)
        return await self.answer()

    @property
    def rows(self) -> list[dict[str, Any]]:
        """Give what is in the journal."""
        return kept_rows(self.stand.home.journal)

    def count(self, name: str) -> int:
        """Give a counter of the door."""
        return self.stand.counters.read()[name]


@asynccontextmanager
async def port(root: Path, settings: UdpListener, host: str = "127.0.0.1") -> AsyncIterator[Port]:
    """Open a port until the block ends."""
    stand = Stand(root, pending_rows=4096)
    async with stand.committing():
        server = UdpServer(settings, stand.door, lambda: stand.fleet)
        running = asyncio.create_task(server.run())
        one = Port(stand, server, host)
        with closing(one.device):
            try:
                yield one
            finally:
                stand.journal.gate.set()
                server.stop()
                await running


def test_a_frame_is_journalled_under_the_identity_inside_it(tmp_path: Path) -> None:
    """The meter's address in the frame is the device; the socket it came from is the endpoint."""

    async def main() -> tuple[bytes, dict[str, Any]]:
        async with port(tmp_path, options(tenant="north")) as one:
            return await one.asked(frame()), one.rows[0]

    answer, row = asyncio.run(main())

    assert answer == REPLY
    assert (row["transport"], row["listener"], row["tenant"]) == ("udp", "udp", "north")
    assert (row["claimed_device"], row["confirmable"], row["payload"]) == (METER, True, frame())
    assert row["endpoint"].startswith("127.0.0.1:")


def test_no_answer_leaves_before_the_sync(tmp_path: Path) -> None:
    """While the sync is held the device's socket is silent."""

    async def main() -> tuple[bool, bytes]:
        async with port(tmp_path, options()) as one:
            one.stand.journal.gate.clear()
            one.send(frame())
            await one.stand.held()
            with pytest.raises(BlockingIOError):
                one.device.recv(100)
            one.stand.journal.gate.set()
            return True, await one.answer()

    assert asyncio.run(main()) == (True, REPLY)


def test_the_same_frame_again_is_answered_and_kept_once(tmp_path: Path) -> None:
    """A frame that holds the meter's clock is the same frame when its bytes come again."""

    async def main() -> tuple[list[bytes], int, int]:
        async with port(tmp_path, options()) as one:
            answers = [await one.asked(frame()) for _ in range(3)]
            answers.append(await one.asked(frame(volume_m3=2.0)))
            return answers, len(one.rows), one.count("duplicate")

    assert asyncio.run(main()) == ([REPLY] * 4, 2, 2)


def test_without_an_answer_a_frame_counts_as_unacknowledged(tmp_path: Path) -> None:
    """`reply = "none"` keeps the frame and says in the ledger that its device does not know."""

    async def main() -> tuple[bool, int]:
        async with port(tmp_path, options(reply="none")) as one:
            one.send(frame())
            await until(lambda: one.count("unacknowledged") == 1)
            return one.rows[0]["confirmable"], len(one.rows)

    assert asyncio.run(main()) == (False, 1)


@pytest.mark.parametrize(
    ("changes", "payload", "counter"),
    [({"allow": ("10.0.0.0/8",)}, frame(), "forbidden"), ({}, bytes(201), "too_large")],
    ids=["another network", "too large"],
)
def test_what_is_refused_gets_no_answer(
    tmp_path: Path, changes: dict[str, Any], payload: bytes, counter: str
) -> None:
    """A refusal is counted and silent: nobody's address is made to receive anything."""

    async def main() -> tuple[int, int]:
        async with port(tmp_path, options(**changes)) as one:
            one.send(payload)
            await until(lambda: one.count(counter) == 1)
            with pytest.raises(BlockingIOError):
                one.device.recv(100)
            return one.count("kept"), len(one.rows)

    assert asyncio.run(main()) == (0, 0)


def test_what_cannot_be_kept_gets_no_answer_and_comes_again(tmp_path: Path) -> None:
    """A full disk is silence; the frame that the device sends again later is answered."""

    async def main() -> tuple[bytes, int]:
        async with port(tmp_path, options()) as one:
            one.stand.journal.fault = OSError(28, "No space left on device")
            one.send(frame())
            await until(lambda: one.count("cannot_keep") == 1)
            one.stand.journal.fault = None
            return await one.asked(frame()), len(one.rows)

    assert asyncio.run(main()) == (REPLY, 1)


@pytest.mark.parametrize("payload", [b"", b"\x00", b"\x68" * 100, frame()[:-1], bytes(range(200))])
def test_a_frame_that_cannot_be_read_is_kept_without_a_device(tmp_path: Path, payload: bytes) -> None:
    """Whatever comes from an allowed network is kept: what it means is for the core to judge."""

    async def main() -> tuple[bytes, str]:
        async with port(tmp_path, options()) as one:
            return await one.asked(payload), one.rows[0]["claimed_device"]

    assert asyncio.run(main()) == (REPLY, "")


def test_a_shut_out_device_is_not_kept(tmp_path: Path) -> None:
    """A meter that the registry calls suspended is refused by the identity in its frame."""
    fleet = f"device,profile,state\n{METER},cjt188_water_v2004,suspended\n"

    async def main() -> int:
        async with port(tmp_path, options()) as one:
            one.stand.use(fleet)
            one.send(frame())
            await until(lambda: one.count("forbidden") == 1)
            return len(one.rows)

    assert asyncio.run(main()) == 0


def test_a_wildcard_port_takes_both_families(tmp_path: Path) -> None:
    """`::` hears IPv4 too, and its source is written as IPv4."""

    async def main() -> list[str]:
        async with port(tmp_path, options(host="::")) as one:
            await one.asked(frame())
            with closing(socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)) as six:
                six.sendto(frame(volume_m3=2.0), ("::1", one.server.port))
                await until(lambda: one.count("kept") == 2)
            return [row["endpoint"].rpartition(":")[0] for row in one.rows]

    assert asyncio.run(main()) == ["127.0.0.1", "[::1]"]


def test_a_burst_is_taken_in_batches_and_kept_whole(tmp_path: Path) -> None:
    """Two thousand datagrams take far fewer syncs, and none is kept twice."""

    async def main() -> tuple[int, bool]:
        async with port(tmp_path, options(pending_datagrams=64)) as one:
            for n in range(20):
                for m in range(100):
                    one.send(frame(volume_m3=float(100 * n + m)))
                await until(lambda seen=100 * (n + 1): one.count("kept") == seen)  # type: ignore[misc]
            return len({row["payload"] for row in one.rows}), len(one.stand.journal.appended) < 1000

    assert asyncio.run(main()) == (2000, True)


def test_what_was_read_is_kept_before_the_port_closes(tmp_path: Path) -> None:
    """A stop takes no more and loses nothing that was taken."""

    async def main() -> int:
        async with port(tmp_path, options()) as one:
            one.stand.journal.gate.clear()
            one.send(frame())
            await one.stand.held()
            one.send(frame(volume_m3=2.0))
            await until(lambda: one.server.waiting == 1)
        return len(one.rows)

    assert asyncio.run(main()) == 2


def test_a_taken_port_is_named(tmp_path: Path) -> None:
    """A second listener on an address says which, and which port."""

    async def main() -> None:
        settings = options(name="meters")
        async with port(tmp_path / "a", settings) as one:
            UdpServer(settings, one.stand.door, lambda: one.stand.fleet)

    with pytest.raises(OSError, match=r"UDP port \d+ on 127.0.0.1 \(udp listener 'meters'\): Address"):
        asyncio.run(main())
