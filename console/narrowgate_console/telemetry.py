"""Readings as the console asks for them: the one seam to whatever store answers.

Rule 1: `devices` narrows each question to a principal's own, in here; None asks about all.
"""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from narrowgate_console.series import HOUR_US, Query, Series, hourly
from narrowgate_ingest.series import Aggregate, Question, SeriesSource
from narrowgate_schema.words import Family

Devices = frozenset[str] | None
MOST_ROWS = 1_000_000
ASKED_BY_NAME = 100
"""More devices than these are picked from the answer: a store compares each row with each name."""

MAIN_FIELD: dict[Family, str] = {
    Family.WATER: "volume_m3",
    Family.PARKING: "occupied",
    Family.LIGHTING: "power_w",
}
"""What a device of the family is there to tell: silent is who has not told it."""


class Store(Protocol):
    """Who answers: a part of the core's Sources."""

    def query(self, sql: str, parameters: Sequence[object]) -> pa.Table:
        """Answer a SELECT over the families' views."""
        ...

    @property
    def series(self) -> SeriesSource:
        """Who answers questions about series."""
        ...


class Telemetry:
    """The console's questions about readings."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def hourly(self, family: Family, now_us: int, hours: int, devices: Devices = None) -> Series:
        """Give a family's figure for each of the last hours."""
        return hourly(self._narrowed(family, devices), family, now_us, hours)

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

    def _narrowed(self, family: Family, devices: Devices) -> Query:
        """Give a query that finds only some devices' rows in a family's view."""
        if devices is None:
            return self._store.query
        own = sorted(devices)

        def query(sql: str, parameters: Sequence[object]) -> pa.Table:
            # A name that WITH gives stands before the view of that name.
            mark = f"${len(parameters) + 1}"
            narrowed = (
                f"WITH {family} AS (SELECT * FROM main.{family}"  # noqa: S608 - a closed set
                f" WHERE device IN (SELECT unnest({mark}::VARCHAR[])))"
            )
            rest = sql.strip()
            joined = f", {rest[4:]}" if rest.startswith("WITH") else f" {rest}"
            return self._store.query(narrowed + joined, [*parameters, own])

        return query


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
