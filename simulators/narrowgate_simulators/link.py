"""The pretend devices' network: real UDP sockets under the exchanges."""

import asyncio
import contextlib
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType

from narrowgate_simulators.datagrams import Outgoing, ping
from narrowgate_simulators.emission import Emission
from narrowgate_simulators.exchanges import Exchanges
from narrowgate_simulators.message_ids import MessageIds
from narrowgate_simulators.report import ACKED, AckFile, SentReport
from narrowgate_simulators.target import Target
from narrowgate_simulators.timing import Timing, Weather

SOCKETS = 32
WINDOW = 128
_PING_EVERY_S = 0.5


class GatewaySilentError(ConnectionError):
    """No datagram ever came back from the target."""


class _Socket(asyncio.DatagramProtocol):
    """One endpoint; what it hears goes to the link."""

    def __init__(self, link: "CoapLink", endpoint: int) -> None:
        self._link, self._endpoint = link, endpoint

    def datagram_received(self, data: bytes, addr: object) -> None:
        """Hand a datagram on."""
        self._link.heard(self._endpoint, data)

    def error_received(self, exc: Exception) -> None:
        """Let a refused port pass: the gateway may be about to come back, and the exchange repeats itself."""


class CoapLink:
    """Sends emissions to one gateway and knows when each is settled; an async context manager."""

    def __init__(
        self,
        target: Target,
        *,
        timing: Timing | None = None,
        weather: Weather | None = None,
        sockets: int = SOCKETS,
        window: int = WINDOW,
        acks: Path | None = None,
    ) -> None:
        """Check the arguments; no socket is opened before the context is entered.

        Args:
            target: the gateway.
            timing: the devices' patience; RFC 7252's by default.
            weather: doubled datagrams and lost answers.
            sockets: UDP sockets that the devices share.
            window: most exchanges open at once.
            acks: append each acknowledgement to this JSON Lines file as it arrives.
        """
        self._target, self._acks_path = target, acks
        self.report = SentReport()
        self._ids = [MessageIds() for _ in range(sockets)]
        self._exchanges = Exchanges(self._ids, timing or Timing(), weather or Weather(), window, self.report)
        self._transports: list[asyncio.DatagramTransport] = []
        self._acks: AckFile | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._drained: asyncio.Future[None] | None = None
        self._answered = asyncio.Event()

    async def __aenter__(self) -> "CoapLink":
        """Open the sockets and the file; OSError if the host is unknown or the file cannot be written."""
        loop = asyncio.get_running_loop()
        with contextlib.ExitStack() as undoing:
            undoing.callback(self._close)
            if self._acks_path is not None:
                self._acks = AckFile(self._acks_path)
            for endpoint in range(len(self._ids)):
                transport, _ = await loop.create_datagram_endpoint(
                    lambda endpoint=endpoint: _Socket(self, endpoint),  # type: ignore[misc]
                    remote_addr=(self._target.host, self._target.port),
                )
                self._transports.append(transport)
            undoing.pop_all()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the sockets and the file."""
        self._close()

    def _close(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        for transport in self._transports:
            transport.close()
        if self._acks is not None:
            self._acks.close()

    async def reach(self, within_s: float) -> None:
        """Ping the gateway until anything comes back.

        Raises:
            GatewaySilentError: nothing did within the time [s].
        """
        try:
            async with asyncio.timeout(within_s):
                while not self._answered.is_set():
                    await self._ping()
        except TimeoutError as error:
            raise GatewaySilentError(f"no answer from {self._target} within {within_s:g} s") from error

    async def _ping(self) -> None:
        loop = asyncio.get_running_loop()
        message_id = self._ids[0].take(loop.time())
        self._transports[0].sendto(ping(message_id))
        self._ids[0].give_back(message_id, loop.time())
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PING_EVERY_S):
                await self._answered.wait()

    async def send(self, emissions: Iterable[Emission]) -> None:
        """Send emissions and wait until each is acknowledged, refused or given up.

        Raises:
            OSError: the file of acknowledgements can no longer be written.
        """
        if self._drained is not None:
            raise RuntimeError("the link is already sending")
        self._drained = asyncio.get_running_loop().create_future()
        self._exchanges.offer(emissions)
        try:
            self._pump()
            await self._drained
        finally:
            self._drained = None

    def heard(self, endpoint: int, datagram: bytes) -> None:
        """Take what a socket received."""
        self._answered.set()
        self._emit(self._exchanges.receive(endpoint, datagram, asyncio.get_running_loop().time()))
        self._pump()

    def _pump(self) -> None:
        loop = asyncio.get_running_loop()
        self._emit(self._exchanges.send(loop.time()))
        try:
            self._settle()
        except OSError as error:
            if self._drained is not None and not self._drained.done():
                self._drained.set_exception(error)
            return
        if self._exchanges.is_idle and self._drained is not None and not self._drained.done():
            self._drained.set_result(None)
        self._wake_at(self._exchanges.next_due_s(loop.time()))

    def _emit(self, out: list[Outgoing]) -> None:
        for endpoint, datagram in out:
            self._transports[endpoint].sendto(datagram)

    def _settle(self) -> None:
        for outcome in self._exchanges.take_settled():
            if self._acks is not None and outcome.result == ACKED:
                self._acks.write(outcome.emission)
            self.report.settle(outcome)

    def _wake_at(self, due_s: float | None) -> None:
        if self._timer is not None and due_s is not None and self._timer.when() <= due_s:
            return
        if self._timer is not None:
            self._timer.cancel()
        loop = asyncio.get_running_loop()
        self._timer = None if due_s is None else loop.call_at(due_s, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._pump()
