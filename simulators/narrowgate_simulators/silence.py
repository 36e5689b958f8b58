"""Devices that fall silent: the meter counts on, the bay and the lamp live on, and nothing is heard."""

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from narrowgate_simulators.emission import Emission
from narrowgate_simulators.family import Family
from narrowgate_simulators.faults import SLACK_US, Fault, faulty_count
from narrowgate_simulators.noise import chance, ranked
from narrowgate_simulators.span import HOUR_US, SECOND_US, Span

SILENT = "silent"
FAULTS = {"water": "meter_silent", "parking": "bay_silent", "lighting": "lamp_silent"}
"""What the truth calls it, and the rule that finds it."""
MISSED = {"parking": 2, "lighting": 3}
"""Reports that may be missed before a bay or a lamp counts as silent."""
WATER_SILENT_US = 72 * HOUR_US
"""A meter counts as silent after this long, however often it reports [us]."""


class Silenced:
    """A family some of whose sound devices fall silent, every second one for good."""

    def __init__(self, inner: Family, seed: int, span: Span) -> None:
        self._inner, self._seed, self._span = inner, seed, span
        self.family = inner.family
        silences = tuple(self._silences())
        self._silence_of = {silence.device: silence for silence in silences}
        self.truth = inner.truth + silences

    @property
    def devices(self) -> Sequence[str]:
        """Give the device ids."""
        return self._inner.devices

    def _silences(self) -> Iterator[Fault]:
        faulty = {fault.device for fault in self._inner.truth}
        left = faulty_count(len(self.devices))
        for row in ranked(self._seed, f"{self.family} {SILENT}", len(self.devices)).tolist():
            if left == 0:
                return
            if self.devices[row] in faulty:
                continue
            silence = self._silence(row, mended=left % 2 == 1) or self._silence(row, mended=False)
            if silence is not None:
                left -= 1
                yield silence

    def _silence(self, row: int, *, mended: bool) -> Fault | None:
        """Give the truth of a device whose silence is noticed within the span; None if there is no room."""
        every_us = self._inner.report_every_us(row)
        hold_us = WATER_SILENT_US if self.family == "water" else MISSED[self.family] * every_us
        noticed_us = hold_us + every_us + SLACK_US
        stays_us = noticed_us + every_us
        last_us = self._inner.last_words_us(row)
        last_us = last_us[last_us + (stays_us if mended else noticed_us) <= self._span.end_us]
        if len(last_us) == 0:
            return None
        heard_us = int(last_us[int(chance(self._seed, SILENT, self.devices[row]) * len(last_us))])
        return Fault(
            FAULTS[self.family],
            self.devices[row],
            heard_us + SECOND_US,
            heard_us + hold_us,
            heard_us + noticed_us,
            heard_us + stays_us if mended else None,
        )

    def emissions(self, after_us: int, until_us: int) -> Iterator[Emission]:
        """Give what is heard in (after, until] [us]; a silent device goes on counting."""
        for emission in self._inner.emissions(after_us, until_us):
            silence = self._silence_of.get(emission.device)
            if silence is None or not silence.holds_at(emission.due_us):
                yield emission

    def rows(self) -> Iterator[dict[str, str]]:
        """Give the registry's rows."""
        return self._inner.rows()

    def report_every_us(self, row: int) -> int:
        """Give how often a device is heard at least [us]."""
        return self._inner.report_every_us(row)

    def last_words_us(self, row: int) -> NDArray[np.int64]:
        """Give the uplinks of one device after which its silence is nothing but silence, (n,) [us]."""
        return self._inner.last_words_us(row)
