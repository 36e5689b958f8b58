"""Devices that are told things by other ways than an answer: by messages of their own, and by a broker."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from contextlib import closing
from dataclasses import dataclass, field
from typing import Any

from mosquitto import Mosquitto
from narrowgate_console.command_making import Terms
from narrowgate_fleet import CommandFilters, CommandState
from narrowgate_schema.commands import Command
from narrowgate_simulators import Carried, MqttListening, Sleeper, Target
from psm_campaign import S, World

_AWAKE_US = 6 * S
"""How long a device has slept at most to whom something is put that shall reach it by day [us]."""
_MOST_AT_ONCE = 40
_TICK_US = 1000
_PATIENCE_S = 1.5
"""How long the world stands for a gateway that may have just been killed."""
TERMS = Terms(most_attempts=9)


@dataclass
class Called:
    """Devices that are called while they listen: they are told something when they have just spoken."""

    world: World
    asked: dict[str, Command]
    """What each is told that was told nothing yet."""

    def __call__(self) -> None:
        """Tell those that are awake, and let the gateway call them while the world stands."""
        now_us = self.world.clock.now_us()
        awake = [
            sleeper.name
            for sleeper in self.world.sleepers
            if sleeper.name in self.asked
            and sleeper.exchange is None
            and now_us - _AWAKE_US < sleeper.awake_from_us <= now_us
        ][:_MOST_AT_ONCE]
        self._tell(awake)

    def rest(self) -> None:
        """Tell all the others, whenever they listen."""
        self._tell(list(self.asked), is_waited_for=False)

    def _tell(self, names: Sequence[str], *, is_waited_for: bool = True) -> None:
        if not names:
            return
        before = self.world.report.downs
        self.world.give([(name, self.asked.pop(name), TERMS) for name in names])
        if is_waited_for:
            with closing(self.world.queue()) as queue:

                def sent() -> list[str]:
                    newest = [queue.listed(CommandFilters(device=name), most=1)[0] for name in names]
                    return [str(row.reason) for row in newest if row.state is not CommandState.PENDING]

                _until(lambda: len(sent()) == len(names))
                calls = sent().count("by_message")
            _until(lambda: self.world.report.downs >= before + calls)


@dataclass
class AtBroker:
    """Devices at a broker, which now and then loses what it has for them."""

    world: World
    broker: Mosquitto
    sleepers: list[Sleeper]
    loop: asyncio.AbstractEventLoop | None = None
    carried: list[Carried] = field(default_factory=list)
    _now: MqttListening | None = None

    async def __aenter__(self) -> "AtBroker":
        """Connect the devices."""
        self.loop = asyncio.get_running_loop()
        self.world.beside = self.carried
        await self._connect()
        return self

    async def __aexit__(self, *_: object) -> None:
        """Leave."""
        await self._leave()

    async def _connect(self) -> None:
        target = Target("127.0.0.1", self.broker.port, "mqtt")
        self._now = MqttListening(self.sleepers, target, self.world.clock.now_us)
        self._now.report.carried = self.carried
        await self._now.__aenter__()

    async def _leave(self) -> None:
        if self._now is not None:
            gone, self._now = self._now, None
            await gone.__aexit__(None, None, None)

    def _run(self, coroutine: Coroutine[Any, Any, None]) -> None:
        assert self.loop is not None
        done: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self.loop)
        done.result(_HUNDRED_S)

    async def _spoken(self) -> None:
        """Let all of them report; a moment passes now and then, as it does where a process starts again."""
        assert self._now is not None
        speaking = asyncio.create_task(self._now.speak([sleeper.name for sleeper in self.sleepers]))
        while not speaking.done():
            self._tick()
            await asyncio.wait([speaking], timeout=0.02)
        await speaking

    def _tick(self) -> None:
        self.world.clock.step_to(self.world.clock.now_us() + _TICK_US)

    def speak(self) -> None:
        """Let all of them report, and what they are told happen while the world almost stands."""
        self._run(self._spoken())
        names = {sleeper.name for sleeper in self.sleepers}
        with closing(self.world.queue()) as queue:

            def under_way() -> int:
                self._tick()
                sent = queue.listed(CommandFilters(state=CommandState.SENT), most=1 << 16)
                waits = queue.listed(CommandFilters(state=CommandState.PENDING), most=1 << 16)
                return sum(row.device in names for row in [*sent, *waits])

            _until(lambda: under_way() == 0)

    def lose(self) -> None:
        """Let them report, and drop their sessions with whatever the broker has for them by then."""
        self._run(self._spoken())
        self._run(self._leave())
        self.broker.stop()
        self.broker.start()
        self._tick()
        self._run(self._connect())


_HUNDRED_S = 100.0


def _until(reached: Callable[[], bool]) -> None:
    """Wait until something is so, or for a gateway that is down not at all."""
    give_up_s = time.monotonic() + _PATIENCE_S
    while not reached() and time.monotonic() < give_up_s:
        time.sleep(0.02)
