"""Raw UDP from pretend devices: one datagram an uplink, and whatever comes back to it.

Raw UDP has no message ids: a reply belongs to what its socket last sent. So a socket carries one uplink at a
time, and is closed as soon as a reply may still be under way: the next uplink leaves from another port.
"""

import asyncio
from collections import deque
from collections.abc import Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.report import ACKED, GIVEN_UP, UNCONFIRMED, Book, SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather
from narrowgate_simulators.together import together

SOCKETS = 64


class _Replies(asyncio.DatagramProtocol):
    """What comes back to one source port."""

    def __init__(self) -> None:
        self._answer: asyncio.Future[str] | None = None

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Take any reply as an acknowledgement: what it says is between gateway and device."""
        self._resolve(ACKED)

    def error_received(self, exc: Exception) -> None:
        """Take it that nobody listens."""
        self._resolve(GIVEN_UP)

    def _resolve(self, result: str) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_result(result)

    def expect(self) -> asyncio.Future[str]:
        """Give what the next datagram will mean."""
        self._answer = asyncio.get_running_loop().create_future()
        return self._answer


class _Socket(NamedTuple):
    """One source port, with one uplink under way."""

    transport: asyncio.DatagramTransport
    replies: _Replies

    async def ask(self, payload: bytes, copies: int, within_s: float) -> str:
        """Send an uplink and give what became of it."""
        answer = self.replies.expect()
        for _ in range(copies):
            self.transport.sendto(payload)
        try:
            async with asyncio.timeout(within_s):
                return await answer
        except TimeoutError:
            return UNCONFIRMED


class UdpLink:
    """Sends emissions as bare datagrams; an async context manager.

    A reply within `ack_timeout_s` is an acknowledgement. Without one the emission is unconfirmed: it is not
    repeated, as a gateway that never replies would keep every repeat.
    """

    def __init__(
        self,
        target: Target,
        *,
        timing: Timing | None = None,
        weather: Weather | None = None,
        sockets: int = SOCKETS,
        acks: Path | None = None,
    ) -> None:
        """Check the arguments; no socket is opened before the context is entered.

        Args:
            target: the gateway.
            timing: `ack_timeout_s` is the wait for a reply.
            weather: doubled datagrams and lost replies.
            sockets: most source ports at once, each with one uplink under way.
            acks: append each acknowledgement to this JSON Lines file as it arrives.
        """
        if sockets < 1:
            raise ValueError(f"sockets: {sockets} is less than 1")
        self._target, self._sockets = target, sockets
        self._timing, self._weather = timing or Timing(), weather or Weather()
        self._book = Book(acks)
        self._idle: list[_Socket] = []

    @property
    def report(self) -> SentReport:
        """Give the counts of everything sent through this link."""
        return self._book.report

    async def __aenter__(self) -> "UdpLink":
        """Open the file and a first socket; OSError if the host is unknown or the file cannot be written."""
        with ExitStack() as undoing:
            self._book.open()
            undoing.callback(self._book.close)
            self._idle.append(await self._opened())
            undoing.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets and the file."""
        for socket in self._idle:
            socket.transport.close()
        self._book.close()

    async def reach(self, within_s: float) -> None:
        """Return at once: raw UDP knows no question that every gateway answers."""

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is acknowledged, unconfirmed or turned away by the host.

        Raises:
            OSError: the file of acknowledgements can no longer be written, or no socket opened.
        """
        waiting = deque(emissions)
        self.report.sent += len(waiting)
        await together(self._carry(waiting) for _ in range(min(self._sockets, len(waiting))))

    async def _carry(self, waiting: deque[Emission]) -> None:
        while waiting:
            await self._carry_one(waiting.popleft())

    async def _carry_one(self, emission: Emission) -> None:
        socket = self._idle.pop() if self._idle else await self._opened()
        copies = 2 if self._weather.sends_twice(emission.device, emission.sequence, 1) else 1
        self.report.copies += copies - 1
        is_clean = False
        try:
            result = await socket.ask(emission.payload, copies, self._timing.ack_timeout_s)
            is_clean = result == ACKED and copies == 1
        finally:
            if is_clean:
                self._idle.append(socket)
            else:
                socket.transport.close()
        if result == ACKED and self._weather.loses_answer(emission.device, emission.sequence, 1):
            self.report.lost_answers += 1
            result = UNCONFIRMED
        self._book.settle(emission, result)

    async def _opened(self) -> _Socket:
        return _Socket(
            *await asyncio.get_running_loop().create_datagram_endpoint(
                _Replies, remote_addr=(self._target.host, self._target.port)
            )
        )
