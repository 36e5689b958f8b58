"""The UDP listener: one bare frame a datagram, answered after the journal's sync where there is an answer.

Nobody is answered but a sender whose frame is kept: a refusal has no words here, and silence makes a device
send again.
"""

import asyncio
import ipaddress
import socket
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

from narrowgate_fleet import CommandReason, Fleet
from narrowgate_gateway.door import Arrival, Door, Trust
from narrowgate_gateway.downlinks import Downlinks
from narrowgate_gateway.socket_watch import SocketWatch
from narrowgate_gateway.udp_dialect import Dialect
from narrowgate_gateway.udp_settings import UdpListener
from narrowgate_schema.words import Answer, Transport

RECEIVE_BUFFER_BYTES = 4 << 20
"""What is asked of the kernel for datagrams that wait while the loop is busy; it may grant less."""

_LONGEST_DATAGRAM_BYTES = 1 << 16
_BATCH = 512
_Datagram = tuple[bytes, tuple[Any, ...]]
"""Payload and source as the socket gave them."""


class UdpServer:
    """One open port."""

    def __init__(
        self,
        settings: UdpListener,
        door: Door,
        fleet: Callable[[], Fleet],
        *,
        most_at_once: int = _BATCH,
        downlinks: Downlinks | None = None,
    ) -> None:
        """Open it and begin to read.

        Args:
            settings: the listener.
            door: who judges and keeps.
            fleet: gives the newest registry.
            most_at_once: datagrams that the journal takes in one batch, at most.
            downlinks: what waits for devices; None: nothing is ever sent to them.

        Raises:
            OSError: its address is taken or not this host's.
            ValueError: its profile cannot serve it.
        """
        self._downlinks = downlinks if settings.trusted else None
        self._settings = settings
        self._dialect = Dialect(settings.profile, settings.reply)
        self._trust = Trust(
            settings.name,
            settings.tenant,
            tuple(map(ipaddress.ip_network, settings.allow)),
            settings.max_payload_bytes,
        )
        self._door = door
        self._fleet = fleet
        self._most_at_once = min(_BATCH, most_at_once)
        self._waiting: deque[_Datagram] = deque()
        self._news = asyncio.Event()
        self._closing = False
        self._socket = _bound(settings)
        self._watch = SocketWatch(self._socket, self._readable)
        self._watch.on()

    @property
    def port(self) -> int:
        """Give the port that it listens on."""
        return int(self._socket.getsockname()[1])

    @property
    def waiting(self) -> int:
        """Give the number of datagrams read and not yet taken in."""
        return len(self._waiting)

    async def run(self) -> None:
        """Take in batches until `stop` was called and nothing waits."""
        while self._waiting or not self._closing:
            await self._news.wait()
            n = min(len(self._waiting), self._most_at_once)
            batch = [self._waiting.popleft() for _ in range(n)]
            if not self._waiting and not self._closing:
                self._news.clear()
            self._watch.on()
            if batch:
                await self._take_in(batch)
        self._socket.close()

    def stop(self) -> None:
        """Read no more; `run` ends when what was read is kept and answered."""
        self._closing = True
        self._watch.end()
        self._news.set()

    def _readable(self) -> None:
        """Drain the socket as far as there is room."""
        room = self._settings.pending_datagrams - len(self._waiting)
        for _ in range(min(room, _BATCH)):
            try:
                payload, address = self._socket.recvfrom(_LONGEST_DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except OSError:
                continue  # an ICMP error of an earlier answer; the socket is well
            self._waiting.append((payload, address))
        if len(self._waiting) >= self._settings.pending_datagrams:
            self._watch.off()
        self._news.set()

    async def _take_in(self, batch: Sequence[_Datagram]) -> None:
        arrivals = [self._arrival(payload, address) for payload, address in batch]
        # Strangers' frames are not even looked at.
        rows = [row for row, arrival in enumerate(arrivals) if self._is_worth_reading(arrival)]
        devices = self._dialect.devices([arrivals[row].payload for row in rows])
        for row, device in zip(rows, devices, strict=True):
            arrivals[row] = replace(arrivals[row], device=device)
        answers = await self._door.admit(arrivals, self._fleet())
        reply = self._dialect.reply
        for (_, address), answer in zip(batch, answers, strict=True):
            if reply is not None and answer in (Answer.KEPT, Answer.DUPLICATE):
                with suppress(OSError):  # no room or no way there: the device sends again
                    self._socket.sendto(reply, address)
        if self._downlinks is not None and not self._downlinks.is_idle:
            kept = {
                arrival.device: address
                for arrival, (_, address), answer in zip(arrivals, batch, answers, strict=True)
                if answer is Answer.KEPT
            }
            await self._send_down(self._downlinks, kept)

    async def _send_down(self, downlinks: Downlinks, kept: Mapping[str, tuple[Any, ...]]) -> None:
        """Send devices that have just spoken what waits for them, behind the reply."""
        awake = downlinks.awaiting(list(kept))
        claims = await downlinks.claims(awake, CommandReason.ON_ANSWER) if awake else []
        for claim in claims:
            try:
                self._socket.sendto(claim.payload, kept[claim.device])
            except OSError as error:
                downlinks.did_not_leave([claim], error.strerror or str(error))
            else:
                downlinks.left([claim])

    def _is_worth_reading(self, arrival: Arrival) -> bool:
        return len(arrival.payload) <= self._trust.max_payload_bytes and self._trust.admits(arrival.address)

    def _arrival(self, payload: bytes, address: tuple[Any, ...]) -> Arrival:
        return Arrival(
            trust=self._trust,
            transport=Transport.UDP,
            path="",
            port=None,
            device="",
            address=address[0].split("%")[0].removeprefix("::ffff:"),
            source_port=address[1],
            message_id=None,
            token=b"",
            confirmable=self._dialect.reply is not None,
            payload=payload,
            comparable=self._dialect.tells_repeats,
        )


def _bound(settings: UdpListener) -> socket.socket:
    """Open the socket; OSError names the listener."""
    is_v6 = ":" in settings.host
    sock = socket.socket(socket.AF_INET6 if is_v6 else socket.AF_INET, socket.SOCK_DGRAM)
    try:
        sock.setblocking(False)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, RECEIVE_BUFFER_BYTES)
        if is_v6:
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind((settings.host, settings.port))
    except OSError as error:
        sock.close()
        what = f"UDP port {settings.port} on {settings.host} (udp listener {settings.name!r})"
        raise OSError(error.errno, f"{what}: {error.strerror}") from None
    return sock
