"""Readings as the console asks for them: the one seam to whatever store answers.

`devices` narrows each question to a principal's own; None asks about all.
"""

from collections.abc import Sequence

import pyarrow as pa

from narrowgate_console.series import Query, Series, hourly
from narrowgate_schema.words import Family

Devices = frozenset[str] | None


class Telemetry:
    """The console's questions about readings, over a store that answers SQL."""

    def __init__(self, query: Query) -> None:
        """Ask a store.

        Args:
            query: answers a SELECT over the views `water`, `parking`, `lighting`.
        """
        self._query = query

    def hourly(self, family: Family, now_us: int, hours: int, devices: Devices = None) -> Series:
        """Give a family's figure for each of the last hours."""
        return hourly(self._narrowed(family, devices), family, now_us, hours)

    def _narrowed(self, family: Family, devices: Devices) -> Query:
        """Give a query that finds only some devices' rows in a family's view."""
        if devices is None:
            return self._query
        own = sorted(devices)

        def query(sql: str, parameters: Sequence[object]) -> pa.Table:
            # A name that WITH gives stands before the view of that name, as in a view of one's own.
            mark = f"${len(parameters) + 1}"
            narrowed = (
                f"WITH {family} AS (SELECT * FROM main.{family}"  # noqa: S608 - a closed set
                f" WHERE device IN (SELECT unnest({mark}::VARCHAR[])))"
            )
            rest = sql.strip()
            joined = f", {rest[4:]}" if rest.startswith("WITH") else f" {rest}"
            return self._query(narrowed + joined, [*parameters, own])

        return query
