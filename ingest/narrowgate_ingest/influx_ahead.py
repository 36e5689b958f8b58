"""The next slice for InfluxDB, read and written out as lines while the one before is under way.

One slice ahead and no more: that is the bound of its memory. The thread is there because a server takes as
long for a body as we do for the next one, and the two would wait for each other.
"""

from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass

from narrowgate_ingest.follower import Follower
from narrowgate_ingest.influx_points import Points, points_of
from narrowgate_ingest.line_protocol import Precision

_ENOUGH_ROWS = 20_000
"""Readings that are read at once: a question to DuckDB costs the same for a few thousand less."""
_MOST_REQUESTS = 8
"""What a crash has sent again, at most."""


def slice_rows(batch_lines: int) -> int:
    """Give how many readings a slice has, where a request carries so many lines."""
    return max(batch_lines, min(_MOST_REQUESTS * batch_lines, _ENOUGH_ROWS))


@dataclass(frozen=True)
class Ready:
    """A slice as it is sent."""

    start: int
    until: int
    points: Points
    unfit: Points
    """Those that no line can carry."""


class Ahead:
    """Gives slice after slice; the one behind the last is on its way already."""

    def __init__(self, follower: Follower, precision: Precision) -> None:
        self._follower = follower
        self._precision = precision
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="influxdb-ahead")
        self._next: tuple[int, Future[Ready | None]] | None = None

    def after(self, start: int) -> Ready | None:
        """Give the slice from an offset on, and begin with the one behind it; None where there is none yet.

        Raises:
            duckdb.Error, sqlite3.Error: the store could not be read.
        """
        ready = self._begun(start) or self._thread.submit(self._make, start).result()
        if ready is not None:
            self._next = ready.until, self._thread.submit(self._make, ready.until)
        return ready

    def forget(self) -> None:
        """Let go of what is ahead: what it says is no longer so."""
        self._next = None

    def close(self) -> None:
        """End the thread."""
        self._thread.shutdown()

    def _begun(self, start: int) -> Ready | None:
        begun, self._next = self._next, None
        return begun[1].result() if begun is not None and begun[0] == start else None

    def _make(self, start: int) -> Ready | None:
        part = self._follower.after(start)
        if part is None:
            return None
        return Ready(part.start, part.until, *points_of(part.readings, self._precision))
