"""The faults of lamps: which lamp, when, and when somebody should have noticed."""

from collections.abc import Collection, Iterator
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from narrowgate_simulators.faults import SLACK_US, Fault, faulty_count
from narrowgate_simulators.nights import Nights
from narrowgate_simulators.noise import chance, ranked
from narrowgate_simulators.span import SECOND_US, Span

LAMP_OUT, DAY_BURNER, SUPPLY_LOSS = "lamp_out", "day_burner", "supply_loss"
_MENDED_US = 1800 * SECOND_US
"""A mended lamp was found faulty at least this long before [us]."""


class _Kind(NamedTuple):
    """One kind of fault."""

    hold_us: int
    """How long it must last before it counts [us]."""
    purpose: str
    """Names its draws."""
    always_mended: bool = False


_KINDS = {
    LAMP_OUT: _Kind(600 * SECOND_US, "dark"),
    DAY_BURNER: _Kind(1800 * SECOND_US, "day burning", always_mended=True),
    SUPPLY_LOSS: _Kind(60 * SECOND_US, "unsupplied"),
}
MORE = (DAY_BURNER, SUPPLY_LOSS)


def lamp_faults(
    seed: int,
    span: Span,
    nights: Nights,
    devices: list[str],
    every_us: NDArray[np.int64],
    more: Collection[str] = (),
) -> tuple[Fault, ...]:
    """Give the faults of all lamps, at most one a lamp: dark ones first, then those of `more`."""
    whole = [(span.start_us, span.end_us)]
    stretches = {LAMP_OUT: nights.dark_us, DAY_BURNER: nights.day_us, SUPPLY_LOSS: whole}
    faults: list[Fault] = []
    for kind in (LAMP_OUT, *(kind for kind in MORE if kind in more)):
        faulty = {fault.device for fault in faults}
        drawing = _Drawing(seed, kind, stretches[kind], devices, every_us)
        faults += drawing.faults(faulty)
    return tuple(faults)


class _Drawing:
    """The drawing of one kind of fault."""

    def __init__(
        self,
        seed: int,
        kind: str,
        stretches: list[tuple[int, int]],
        devices: list[str],
        every_us: NDArray[np.int64],
    ) -> None:
        self._seed, self._name, self._kind = seed, kind, _KINDS[kind]
        self._stretches, self._devices, self._every_us = stretches, devices, every_us

    def faults(self, faulty: Collection[str]) -> Iterator[Fault]:
        """Give a fault for about 2 % of the lamps, none for those that are faulty."""
        left = faulty_count(len(self._devices))
        for lamp in ranked(self._seed, self._kind.purpose, len(self._devices)).tolist():
            if left == 0:
                return
            if self._devices[lamp] in faulty:
                continue
            fault = self._fault(lamp, mended=self._kind.always_mended or left % 2 == 1)
            if fault is None and not self._kind.always_mended:
                fault = self._fault(lamp, mended=False)
            if fault is not None:
                left -= 1
                yield fault

    def _fault(self, lamp: int, *, mended: bool) -> Fault | None:
        """Give the truth of a lamp that fails in a stretch with room for it; None if there is none."""
        every_us = int(self._every_us[lamp])
        notice_us = self._kind.hold_us + 2 * every_us + SLACK_US
        stays_us = notice_us + _MENDED_US
        room_us = stays_us + 2 * every_us + SLACK_US if mended else notice_us
        roomy = [(begin, end - room_us) for begin, end in self._stretches if end - room_us >= begin]
        if not roomy:
            return None
        purpose = self._kind.purpose
        begin, end = roomy[int(chance(self._seed, f"{purpose} night", lamp) * len(roomy))]
        at_us = (
            begin + int(chance(self._seed, f"{purpose} at", lamp) * (end - begin)) // SECOND_US * SECOND_US
        )
        until_us = at_us + stays_us if mended else None
        return Fault(self._name, self._devices[lamp], at_us, at_us, at_us + notice_us, until_us)
