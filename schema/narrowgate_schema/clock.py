"""Time as an argument: every room that needs the instant is handed a Clock.

Event time is what devices and the city mean; protocol timers never use it, they are monotonic.
"""

import mmap
import time
from pathlib import Path
from typing import Protocol


class Clock(Protocol):
    """Gives the instant that `received_at`, ticks and case clocks carry."""

    def now_us(self) -> int:
        """Give Unix time in UTC [us]."""
        ...


class SystemClock:
    """The host's clock, carried by the monotonic one so that a jump is seen before it is believed."""

    MAX_SLEW_US = 1_000_000

    def __init__(self) -> None:
        self._offset_us = time.time_ns() // 1000 - time.monotonic_ns() // 1000
        self._sighted_us = 0

    def now_us(self) -> int:
        """Give the steady time: the host's, without the jumps not yet taken over."""
        return time.monotonic_ns() // 1000 + self._offset_us

    def settle(self) -> float:
        """Take small drift over at once and a jump at its second sighting; give the jump seen [s]."""
        deviation_us = time.time_ns() // 1000 - self.now_us()
        jumped = abs(deviation_us) > self.MAX_SLEW_US
        repeated = jumped and abs(deviation_us - self._sighted_us) <= self.MAX_SLEW_US
        self._sighted_us = deviation_us if jumped and not repeated else 0
        if not jumped or repeated:
            self._offset_us += deviation_us
        return deviation_us / 1e6 if jumped else 0.0


class SteppedClock:
    """A clock that a simulated world moves: it stands until the world says that the next step has come.

    One page of shared memory, so that every process of a demo or a test stands at the same instant and a
    stalled machine shifts no stay, no night and no finding.
    """

    _PAGE_BYTES = 8

    def __init__(self, path: Path) -> None:
        """Map the page at `path`; OSError or ValueError if it is not there or not whole."""
        with path.open("r+b") as file:
            # One aligned machine word: other processes never see half an instant.
            self._instant_us = memoryview(mmap.mmap(file.fileno(), self._PAGE_BYTES)).cast("q")

    @classmethod
    def create(cls, path: Path, origin_us: int) -> "SteppedClock":
        """Make the page with its first instant [us] and map it."""
        path.write_bytes(bytes(cls._PAGE_BYTES))
        clock = cls(path)
        clock._instant_us[0] = origin_us
        return clock

    def now_us(self) -> int:
        """Give the world's instant [us]."""
        return self._instant_us[0]

    def step_to(self, instant_us: int) -> None:
        """Move the world to an instant [us]; ValueError if it lies in the past."""
        if instant_us < self.now_us():
            raise ValueError(f"the world moves forward only: {instant_us} is before {self.now_us()}")
        self._instant_us[0] = instant_us
