"""Stretches of time shared out among the hours that they lie in, for one series beside another.

Readings come in portions by time; between two portions only the last reading of each series is remembered.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_console.series import HOUR_US

_SEPARATOR = "\x00"
"""Stands between device and series; neither can hold it."""


@dataclass(frozen=True)
class Stretches:
    """Time between two readings of one series each, (n,) all of them."""

    series: NDArray[np.int64]
    """Numbers of the series."""
    begins_us: NDArray[np.int64]
    ends_us: NDArray[np.int64]
    before: NDArray[np.float64]
    """What the series said as the stretch began."""
    after: NDArray[np.float64]
    """What it said as the stretch ended; NaN where nothing ended it."""

    def where(self, is_meant: NDArray[np.bool_]) -> "Stretches":
        """Give some of them."""
        return Stretches(
            self.series[is_meant],
            self.begins_us[is_meant],
            self.ends_us[is_meant],
            self.before[is_meant],
            self.after[is_meant],
        )


class Following:
    """Pairs each reading with the one before it of the same series."""

    def __init__(self) -> None:
        self._numbers: dict[str, int] = {}
        self._last_us = np.zeros(0, np.int64)
        self._last = np.zeros(0, np.float64)

    def __len__(self) -> int:
        """Give the number of series met so far."""
        return len(self._numbers)

    def stretches(self, portions: Iterable[pa.Table]) -> Iterator[Stretches]:
        """Yield the stretches that each portion ends.

        Args:
            portions: device, series, time, value, each portion behind the one before it.
        """
        for portion in portions:
            if portion.num_rows:
                yield self._ended_by(portion)

    def _ended_by(self, portion: pa.Table) -> Stretches:
        numbers = self._numbered(portion)
        order = np.lexsort((portion["time"].cast(pa.int64()).to_numpy(), numbers))
        series = numbers[order]
        at_us = portion["time"].cast(pa.int64()).to_numpy()[order]
        values = portion["value"].to_numpy()[order].astype(np.float64)
        is_first = np.r_[True, series[1:] != series[:-1]]
        begins_us = np.where(is_first, self._last_us[series], np.roll(at_us, 1))
        before = np.where(is_first, self._last[series], np.roll(values, 1))
        is_last = np.r_[is_first[1:], True]
        self._last_us[series[is_last]] = at_us[is_last]
        self._last[series[is_last]] = values[is_last]
        found = Stretches(series, begins_us, at_us, before, values)
        return found.where(~np.isnan(before))

    def open(self, until_us: int) -> Stretches:
        """Give what each series says from its last reading on, until an instant [us]."""
        n = len(self)
        ends_us, after = np.full(n, until_us, np.int64), np.full(n, np.nan)
        return Stretches(np.arange(n), self._last_us, ends_us, self._last, after)

    def _numbered(self, portion: pa.Table) -> NDArray[np.int64]:
        """Give each row's series by number, (n,); new ones get the next numbers."""
        names = pc.binary_join_element_wise(portion["device"], portion["series"], _SEPARATOR)
        encoded = names.combine_chunks().dictionary_encode()
        known = self._numbers
        here = [known.setdefault(name, len(known)) for name in encoded.dictionary.to_pylist()]
        more = len(known) - len(self._last)
        self._last_us = np.r_[self._last_us, np.zeros(more, np.int64)]
        self._last = np.r_[self._last, np.full(more, np.nan)]
        numbers: NDArray[np.int64] = np.array(here, np.int64)[encoded.indices.to_numpy()]
        return numbers


class HourShares:
    """Series by hours: how much of each hour is known, and the time integral of a rate over that part."""

    def __init__(self, first_hour: int, hours: int) -> None:
        """Begin with nothing known.

        Args:
            first_hour: the first hour, counted from 1970.
            hours: how many.
        """
        self._first, self._hours = first_hour, hours
        self._known_us = np.zeros((0, hours))
        self._sums = np.zeros((0, hours))

    @property
    def known_us(self) -> NDArray[np.float64]:
        """Give how much of each hour is known, (series, hours) [us]."""
        return self._known_us

    @property
    def sums(self) -> NDArray[np.float64]:
        """Give the integrals over the known parts, (series, hours) [rate times us]."""
        return self._sums

    def add(self, stretches: Stretches, rates: NDArray[np.float64]) -> None:
        """Share out stretches with their rates, (n,) each; what lies outside the hours is left out."""
        if len(stretches.series) == 0:
            return
        self._grow(int(stretches.series.max()) + 1)
        begins = np.maximum(stretches.begins_us // HOUR_US, self._first)
        ends = np.minimum((stretches.ends_us - 1) // HOUR_US, self._first + self._hours - 1)
        counts = np.maximum(0, ends - begins + 1)
        rows = np.repeat(np.arange(len(counts)), counts)
        hours = np.arange(len(rows)) - np.repeat(np.cumsum(counts) - counts, counts) + begins[rows]
        overlap_us = np.minimum(stretches.ends_us[rows], (hours + 1) * HOUR_US) - np.maximum(
            stretches.begins_us[rows], hours * HOUR_US
        )
        place = stretches.series[rows], hours - self._first
        np.add.at(self._known_us, place, overlap_us)
        np.add.at(self._sums, place, overlap_us * rates[rows])

    def _grow(self, series: int) -> None:
        more = np.zeros((max(0, series - len(self._sums)), self._hours))
        self._known_us = np.concatenate([self._known_us, more])
        self._sums = np.concatenate([self._sums, more])
