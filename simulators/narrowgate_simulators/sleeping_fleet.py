"""Sleeping devices against a gateway: a socket for each, and a clock that goes where something happens."""

import asyncio
import socket
from collections.abc import Callable

from narrowgate_schema.clock import SteppedClock
from narrowgate_simulators.sleeping import Sleeping, SleepReport
from narrowgate_simulators.span import SECOND_US
from narrowgate_simulators.target import Target

_LARGEST_DATAGRAM = 2048
GRAIN_US = SECOND_US
"""What happens within this time happens together, unless another one is asked for [us]."""


class SleepingFleet:
    """Devices with a source port each; an async context manager.

    Nothing of a device outlives its sleep but the port: when the network gives it another one, what is sent
    to the old one is lost.
    """

    def __init__(
        self,
        sleeping: Sleeping,
        target: Target,
        clock: SteppedClock,
        *,
        patience_s: float = 1.0,
        grain_us: int = GRAIN_US,
    ) -> None:
        """Check the arguments; sockets are opened as devices speak.

        Args:
            sleeping: the devices.
            target: the gateway, coap://.
            clock: the world's, which the gateway lives by.
            patience_s: how long the world waits for a gateway that does not answer [s of the wall].
            grain_us: what happens within this time of theirs happens together [us].

        Raises:
            ValueError: it is another scheme.
        """
        if target.scheme != "coap":
            raise ValueError(f"{target}: sleeping devices speak coap://")
        self._sleeping, self._target, self._clock = sleeping, target, clock
        self._patience_s, self._grain_us = patience_s, grain_us
        self._sockets: dict[int, tuple[int, socket.socket]] = {}
        self._awaited: set[tuple[int, bytes]] = set()
        self._quiet = asyncio.Event()
        self.unanswered = 0
        """Datagrams that the gateway did not answer within the patience."""
        self.at_us: dict[int, Callable[[], None]] = {}
        """What is done when the world has come to an instant [us]."""

    @property
    def report(self) -> SleepReport:
        """Give what became of everything until now."""
        return self._sleeping.report

    async def __aenter__(self) -> "SleepingFleet":
        """Open nothing yet."""
        return self

    async def __aexit__(self, *_: object) -> None:
        """Close every socket."""
        for index in list(self._sockets):
            self._close(index)

    async def live(self, until_us: int, *, pace: float = 0.0) -> None:
        """Let the devices live until an instant of their time [us].

        Args:
            until_us: when to stop.
            pace: least time on the wall for a second of the devices' [s]; 0: as fast as answers come.
        """
        loop = asyncio.get_running_loop()
        began_us, began_s = self._clock.now_us(), loop.time()
        while (due_us := self._due_us(until_us)) is not None:
            await asyncio.sleep(max(0.0, began_s + (due_us - began_us) / SECOND_US * pace - loop.time()))
            await self._step(due_us)
        self._clock.step_to(until_us)

    def _due_us(self, until_us: int) -> int | None:
        """Give the next instant of the grain at which something happens; None: nothing until then."""
        known = [
            at_us for at_us in (self._sleeping.next_us, min(self.at_us, default=None)) if at_us is not None
        ]
        if not known or min(known) > until_us:
            return None
        due_us = -(-min(known) // self._grain_us) * self._grain_us
        return min(max(due_us, self._clock.now_us()), until_us)

    async def _step(self, now_us: int) -> None:
        self._clock.step_to(now_us)
        for at_us in sorted(at_us for at_us in self.at_us if at_us <= now_us):
            await asyncio.to_thread(self.at_us.pop(at_us))
        for index, datagram in self._sleeping.advance(now_us):
            self._send(index, datagram)
        if self._awaited:
            self._quiet.clear()
            try:
                async with asyncio.timeout(self._patience_s):
                    await self._quiet.wait()
            except TimeoutError:
                self.unanswered += len(self._awaited)
                self._awaited.clear()
        else:
            await asyncio.sleep(0)

    def _send(self, index: int, datagram: bytes) -> None:
        is_confirmable = datagram[0] >> 4 & 3 == 0
        if is_confirmable:
            self._awaited.add((index, datagram[2:4]))
        try:
            self._socket(index).send(datagram)
        except ConnectionError:
            self._answered(index, datagram)

    def _socket(self, index: int) -> socket.socket:
        binding = self._sleeping.binding(index)
        known = self._sockets.get(index)
        if known is not None and known[0] == binding:
            return known[1]
        if known is not None:
            self._close(index)
        opened = socket.socket(
            socket.AF_INET6 if ":" in self._target.host else socket.AF_INET, socket.SOCK_DGRAM
        )
        opened.setblocking(False)
        opened.connect((self._target.host, self._target.port))
        asyncio.get_running_loop().add_reader(opened, self._receive, index, opened)
        self._sockets[index] = binding, opened
        return opened

    def _close(self, index: int) -> None:
        _, known = self._sockets.pop(index)
        asyncio.get_running_loop().remove_reader(known)
        known.close()

    def _receive(self, index: int, opened: socket.socket) -> None:
        while True:
            try:
                datagram = opened.recv(_LARGEST_DATAGRAM)
            except BlockingIOError:
                return
            except ConnectionError:
                # The gateway is down; it may be back before the device repeats itself.
                return
            self._sleeping.heard(index, datagram, self._clock.now_us())
            self._answered(index, datagram)

    def _answered(self, index: int, datagram: bytes) -> None:
        self._awaited.discard((index, datagram[2:4]))
        if not self._awaited:
            self._quiet.set()
