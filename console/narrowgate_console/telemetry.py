"""Readings as the console asks for them: the one seam to whatever store answers.

Rule 1: `devices` narrows each question to a principal's own, in here; None asks about all.
"""

from collections.abc import Iterator
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_console.series import HOUR_US
from narrowgate_ingest.series import Aggregate, Question, SeriesSource
from narrowgate_schema.families import DECLARED
from narrowgate_schema.words import Family

Devices = frozenset[str] | None
MOST_ROWS = 1_000_000
PORTION_ROWS = 100_000
"""Rows of a portion at most; what a city says in two days is never in memory at once."""
ASKED_BY_NAME = 100
"""More devices than these are picked from the answer: a store compares each row with each name."""

MAIN_FIELD: dict[Family, str] = {family: DECLARED[family].main for family in Family}
"""What a device of the family is there to tell: silent is who has not told it."""


class Store(Protocol):
    """Who answers: a part of the core's Sources."""

    @property
    def series(self) -> SeriesSource:
        """Who answers questions about series."""
        ...


class Telemetry:
    """The console's questions about readings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def last(
        self, family: Family, field: str, start_us: int, end_us: int, devices: Devices = None
    ) -> pa.Table:
        """Give the newest value of each series in [start_us, end_us): device, series, time, value."""
        question = _question(family, field, start_us, end_us, devices)
        return _own(self._store.series.last(question), devices)

    def values(
        self, family: Family, field: str, start_us: int, end_us: int, devices: Devices = None
    ) -> pa.Table:
        """Give the oldest MOST_ROWS values in [start_us, end_us): device, series, time, value."""
        question = _question(family, field, start_us, end_us, devices)
        return _own(self._store.series.range(question, most_rows=MOST_ROWS), devices)

    def by_hour(
        self,
        family: Family,
        field: str,
        start_us: int,
        end_us: int,
        aggregate: Aggregate,
        devices: Devices = None,
    ) -> pa.Table:
        """Give a value an hour of UTC in [start_us, end_us): device, series, time (its start), value."""
        question = _question(family, field, start_us, end_us, devices)
        return _own(self._store.series.downsample(question, HOUR_US, aggregate), devices)

    def portions(
        self, family: Family, field: str, start_us: int, end_us: int, devices: Devices = None
    ) -> Iterator[pa.Table]:
        """Yield all values in [start_us, end_us) by time, in portions that end where it suits the store.

        A span that turns out to hold too much is asked about again in halves; one that holds little makes
        the next one longer.
        """
        span_us = HOUR_US
        while start_us < end_us:
            until_us = min(end_us, start_us + span_us)
            question = _question(family, field, start_us, until_us, devices)
            most_rows = PORTION_ROWS if until_us - start_us > 1 else MOST_ROWS
            found = self._store.series.range(question, most_rows=most_rows)
            if found.num_rows == PORTION_ROWS and until_us - start_us > 1:
                span_us = max(1, (until_us - start_us) // 2)
                continue
            yield _own(found, devices)
            start_us = until_us
            if found.num_rows < PORTION_ROWS // 4:
                span_us *= 2


def times_us(table: pa.Table) -> NDArray[np.int64]:
    """Give a table's times, (n,) [us]."""
    values: NDArray[np.int64] = table["time"].cast(pa.int64()).to_numpy()
    return values


def _question(family: Family, field: str, start_us: int, end_us: int, devices: Devices) -> Question:
    by_name = devices is not None and len(devices) <= ASKED_BY_NAME
    return Question(
        family,
        field,
        start_us,
        max(start_us, end_us),
        tuple(sorted(devices)) if by_name and devices else None,
    )


def _own(table: pa.Table, devices: Devices) -> pa.Table:
    if devices is None:
        return table
    return table.filter(pc.is_in(table["device"], pa.array(sorted(devices), pa.string())))
