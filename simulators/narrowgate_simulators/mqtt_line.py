"""One connection of pretend devices to a broker: what waits on it, and how it comes back."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice

import aiomqtt

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.report import ACKED, GIVEN_UP, Book
from narrowgate_simulators.timing import Timing, Weather
from narrowgate_simulators.together import together

_LONGEST_PAUSE_S = 5.0
_CONNECT_S = 5.0
_PARTING_S = 0.2


@dataclass(eq=False)
class _Waiting:
    emission: Emission
    offered_s: float
    transmissions: int = 0
    is_acked: bool = False


class Line:
    """Publishes in the order of offering, a window at a time; opens itself anew when it breaks."""

    def __init__(
        self,
        client: Callable[[], aiomqtt.Client],
        book: Book,
        timing: Timing,
        weather: Weather,
        window: int,
    ) -> None:
        """Start unconnected.

        Args:
            client: makes a client for each new connection.
            book: where outcomes are written.
            timing: `answer_s` is the wait for a PUBACK, `ack_timeout_s` the first pause between connections.
            weather: doubled publications and lost PUBACKs.
            window: most unacknowledged publications.
        """
        self._make, self._book, self._timing, self._weather = client, book, timing, weather
        self._window = window
        self._waiting: deque[_Waiting] = deque()
        self._client: aiomqtt.Client | None = None
        self._broken: asyncio.Task[None] | None = None
        self._pause_s = timing.ack_timeout_s

    def offer(self, emission: Emission, now_s: float) -> None:
        """Queue an emission at an instant of the loop's clock [s]."""
        self._waiting.append(_Waiting(emission, now_s))

    async def connect(self, within_s: float) -> None:
        """Connect if there is no connection; aiomqtt.MqttError if that takes longer [s] or is refused."""
        if self._client is not None and not self._is_broken():
            return
        await self.close()
        client = self._make()
        client.timeout = within_s
        try:
            await client.__aenter__()
        except aiomqtt.MqttError:
            await _part(client)
            raise
        self._client = client
        self._broken = asyncio.ensure_future(_until_broken(client))

    async def close(self) -> None:
        """Close the connection, if there is one."""
        client, self._client = self._client, None
        broken, self._broken = self._broken, None
        if broken is not None:
            broken.cancel()
            await asyncio.gather(broken, return_exceptions=True)
        if client is not None:
            await _part(client)

    async def flush(self) -> None:
        """Publish until nothing waits: everything is acknowledged or given up."""
        while self._drop_old():
            if await self._is_connected():
                await self._publish_window()

    def _is_broken(self) -> bool:
        return self._broken is None or self._broken.done()

    def _drop_old(self) -> bool:
        """Give up what has waited too long; tell whether anything is left."""
        oldest_s = asyncio.get_running_loop().time() - self._timing.give_up_s
        while self._waiting and self._waiting[0].offered_s <= oldest_s:
            self._book.settle(self._waiting.popleft().emission, GIVEN_UP)
        return bool(self._waiting)

    async def _is_connected(self) -> bool:
        """Connect if need be; after a failure wait, each time longer, as long as a device has patience."""
        left_s = self._waiting[0].offered_s + self._timing.give_up_s - asyncio.get_running_loop().time()
        try:
            await self.connect(max(0.05, min(_CONNECT_S, left_s)))
        except aiomqtt.MqttError:
            await asyncio.sleep(max(0.0, min(self._pause_s, left_s)))
            self._pause_s = min(2 * self._pause_s, _LONGEST_PAUSE_S)
            return False
        self._pause_s = self._timing.ack_timeout_s
        return True

    async def _publish_window(self) -> None:
        """Publish what waits first and settle what was acknowledged; the rest stays in its order."""
        assert self._broken is not None  # noqa: S101
        window = list(islice(self._waiting, self._window))
        work = asyncio.ensure_future(together(self._publish(each) for each in window))
        try:
            await asyncio.wait((work, self._broken), return_when=asyncio.FIRST_COMPLETED)
        finally:
            work.cancel()
            (failure,) = await asyncio.gather(work, return_exceptions=True)
        for each in window:
            if each.is_acked:
                self._waiting.remove(each)
                self._book.settle(each.emission, ACKED)
        if self._is_broken() or isinstance(failure, aiomqtt.MqttError):
            await self.close()
        elif failure is not None:
            raise failure

    async def _publish(self, waiting: _Waiting) -> None:
        """Publish once, or twice where the weather says so, and mark what the device saw acknowledged."""
        assert self._client is not None  # noqa: S101
        emission, report = waiting.emission, self._book.report
        waiting.transmissions += 1
        report.retransmissions += waiting.transmissions > 1
        identity = (emission.device, emission.sequence, waiting.transmissions)
        copies = 2 if self._weather.sends_twice(*identity) else 1
        report.copies += copies - 1
        for _ in range(copies):
            await self._client.publish(
                emission.path.strip("/"), emission.payload, qos=1, timeout=self._timing.answer_s
            )
        waiting.is_acked = not self._weather.loses_answer(*identity)
        report.lost_answers += not waiting.is_acked


async def _until_broken(client: aiomqtt.Client) -> None:
    """Wait until a connection breaks: one that subscribed to nothing has nothing else to say."""
    with contextlib.suppress(aiomqtt.MqttError):
        async for _ in client.messages:
            pass


async def _part(client: aiomqtt.Client) -> None:
    """Say good-bye, without waiting for a broker that is gone."""
    client.timeout = _PARTING_S
    with contextlib.suppress(aiomqtt.MqttError):
        await client.__aexit__(None, None, None)
