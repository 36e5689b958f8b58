"""Reading on behind the telemetry store: what was stored from a journal offset on, in bounded slices.

A further store keeps such an offset as its cursor. It never stands in the pipeline's way, may be away for a
week, and the journal may be trimmed meanwhile: the rows are read from DuckDB, and from the archive where
DuckDB has let go of them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from narrowgate_ingest.older import Older
from narrowgate_ingest.telemetry import Telemetry
from narrowgate_schema.fields import fields_of
from narrowgate_schema.tables import READINGS, TIMESTAMP
from narrowgate_schema.words import Family

_KEY = ["device", "series", "time"]
_SHORTEST_SPAN = 1024
_LONGEST_SPAN = 1 << 20


@dataclass(frozen=True)
class Slice:
    """Readings of the frames [start, until), each key once: field by field, the newest frame wins."""

    start: int
    until: int
    readings: dict[Family, pa.RecordBatch]

    @property
    def rows(self) -> int:
        """Give the number of readings."""
        return sum(rows.num_rows for rows in self.readings.values())


@dataclass(frozen=True)
class Again:
    """Readings of frames that were run again, under one number."""

    number: int
    readings: dict[Family, pa.RecordBatch]


@dataclass(frozen=True)
class FramesAgain:
    """Frames that were run again, under one number."""

    number: int
    frames: list[int]


class Follower:
    """Cuts what is stored and settled into slices."""

    def __init__(self, telemetry: Telemetry, settled: Callable[[], int], *, most_rows: int) -> None:
        """Follow a store.

        Args:
            telemetry: the store.
            settled: gives the offset up to which readings stay what they are; after a crash, those behind it
                are decided anew and may be replaced.
            most_rows: readings of a slice, at most; the frames are never torn, one alone may hold more.
        """
        self._telemetry = telemetry
        self._settled = settled
        self._most_rows = most_rows
        self._span = max(_SHORTEST_SPAN, min(most_rows, _LONGEST_SPAN))

    def end(self) -> int:
        """Give the offset up to which readings are stored and settled."""
        settled = self._settled()
        table = self._telemetry.query("SELECT value FROM meta WHERE name = 'cursor'")
        return min(settled, int(table["value"][0].as_py()))

    def after(self, start: int) -> Slice | None:
        """Give the next slice, perhaps without any reading; None where nothing more is stored.

        Raises:
            duckdb.Error: the store could not be read.
        """
        end = self.end()
        if start >= end:
            return None
        if start < (boundary := self._boundary()):
            return self._archived(start, min(end, boundary, start + self._span))
        until, is_full = self._cut(start, min(end, start + self._span))
        self._stride(start, until, is_full=is_full)
        found = Slice(start, until, {family: self._rows(family, start, until) for family in Family})
        # What was let go of while it was read is in the archive.
        return found if start >= self._boundary() else self.after(start)

    def _stride(self, start: int, until: int, *, is_full: bool) -> None:
        """Pass sparse frames over in long strides; dense ones are not counted far ahead."""
        stride = 2 * (until - start) if is_full else 2 * self._span
        self._span = max(_SHORTEST_SPAN, min(stride, _LONGEST_SPAN))

    def _boundary(self) -> int:
        """Give the offset before which readings are in the archive only."""
        older = self._telemetry.older
        return older.boundary() if older is not None else 0

    def _archived(self, start: int, limit: int) -> Slice:
        """Give a slice of what telemetry has let go of."""
        older = self._telemetry.older
        if older is None:
            raise RuntimeError("nothing was let go of")
        frames = older.frames(start, limit)
        is_full = len(frames) > self._most_rows
        until = max(int(frames[self._most_rows]), int(frames[0]) + 1) if is_full else limit
        self._stride(start, until, is_full=is_full)
        rows = {family: self._once(family, older.between(family, start, until)) for family in Family}
        return Slice(start, until, rows)

    def _once(self, family: Family, given: pa.Table) -> pa.RecordBatch:
        """Give rows with each key once, in the order of frames."""
        if not _is_stated_twice(given):
            return _as_readings(family, _in_order(given))
        sql = f"SELECT device, series, time, {_newest(family)} FROM given GROUP BY ALL ORDER BY frame"  # noqa: S608
        return _as_readings(family, self._telemetry.query(sql, (), {"given": given}))

    def newest_again(self) -> int:
        """Give the number of the last frames that were run again; 0 if none ever were."""
        table = self._telemetry.query("SELECT coalesce(max(number), 0) AS number FROM again")
        return int(table["number"][0].as_py())

    def again(self, number: int) -> Again | None:
        """Give the first readings behind a number that frames gave when they were run again; None if none.

        Their frames are older than others that were read long since, so each key comes as it stands now.

        Raises:
            duckdb.Error: the store could not be read.
        """
        found = self._telemetry.query("SELECT min(number) AS number FROM again WHERE number > $1", [number])
        following = found["number"][0].as_py()
        if following is None:
            return None
        end = self.end()
        readings = {family: self._merged(family, _of_again(family), [end, following]) for family in Family}
        return Again(int(following), readings)

    def stretches(self, start: int, until: int) -> Iterator[dict[Family, pa.RecordBatch]]:
        """Yield the rows of the frames [start, until) as they came, bounded as slices are.

        Raises:
            duckdb.Error: the store could not be read.
        """
        while start < until:
            end, _ = self._cut(start, until)
            within, place = "frame >= $1 AND frame < $2", [start, end]
            yield {family: self._plain(family, within, list(place)) for family in Family}
            start = end

    def frames_again(self, number: int) -> FramesAgain | None:
        """Give the first frames behind a number that were run again; None if none.

        Raises:
            duckdb.Error: the store could not be read.
        """
        table = self._telemetry.query(
            "SELECT number, frame FROM again WHERE number = (SELECT min(number) FROM again WHERE number > $1)"
            " ORDER BY frame",
            [number],
        )
        if table.num_rows == 0:
            return None
        return FramesAgain(int(table["number"][0].as_py()), table["frame"].to_pylist())

    def of_frames(self, frames: Sequence[int]) -> dict[Family, pa.RecordBatch]:
        """Give the rows of some frames as they came.

        Raises:
            duckdb.Error: the store could not be read.
        """
        condition = "frame IN (SELECT unnest($1::BIGINT[]))"
        return {family: self._plain(family, condition, [list(frames)]) for family in Family}

    def keyed(self, family: Family, keys: Sequence[tuple[str, str, int]]) -> pa.RecordBatch:
        """Give readings by (device, series, time [us]) as they stand now; a key without a row is left out.

        Raises:
            duckdb.Error, OSError: the store, or the archive, could not be read.
        """
        if not keys:
            return pa.RecordBatch.from_pylist([], schema=READINGS[family])
        if self._telemetry.older is not None and self._boundary():
            return self._keyed_with_older(family, keys, self._telemetry.older)
        devices, series, times_us = (list(column) for column in zip(*keys, strict=True))
        condition = (
            "frame < $1 AND epoch_us(time) BETWEEN $5 AND $6 AND (device, series, epoch_us(time)) IN "
            "(SELECT (unnest($2::VARCHAR[]), unnest($3::VARCHAR[]), unnest($4::BIGINT[])))"
        )
        parameters = [self.end(), devices, series, times_us, min(times_us), max(times_us)]
        return self._merged(family, condition, parameters)

    def _keyed_with_older(
        self, family: Family, keys: Sequence[tuple[str, str, int]], older: Older
    ) -> pa.RecordBatch:
        devices, series, times_us = (list(column) for column in zip(*keys, strict=True))
        wanted = pa.table(
            {"device": devices, "series": series, "time": pa.array(times_us, pa.int64()).cast(TIMESTAMP)}
        )
        here = f"SELECT * FROM {family}_rows SEMI JOIN wanted USING (device, series, time) WHERE frame < $1"  # noqa: S608
        standing = pa.Table.from_batches(
            [_as_readings(family, self._telemetry.query(here, [self.end()], {"wanted": wanted}))]
        )
        return self._once(family, pa.concat_tables([older.of_keys(family, wanted), standing]))

    def _cut(self, start: int, limit: int) -> tuple[int, bool]:
        """Give where a slice of most_rows ends, and whether it has to end before `limit`."""
        counts = " UNION ALL ".join(
            f"SELECT frame FROM {family}_rows WHERE frame >= $1 AND frame < $2"  # noqa: S608 - a closed set
            for family in Family
        )
        # One question: between two, rows may be let go of.
        table = self._telemetry.query(
            f"WITH each AS ({counts}) SELECT (SELECT min(frame) FROM each) AS first, "  # noqa: S608
            "(SELECT frame FROM each ORDER BY frame LIMIT 1 OFFSET $3) AS beyond",
            [start, limit, self._most_rows],
        )
        first, beyond = table["first"][0].as_py(), table["beyond"][0].as_py()
        return (limit, False) if beyond is None else (max(beyond, first + 1), True)

    def _rows(self, family: Family, start: int, until: int) -> pa.RecordBatch:
        """Give the merged rows of the frames [start, until), in the order of frames."""
        names = ", ".join(f'"{name}"' for name in READINGS[family].names)
        within, place = "frame >= $1 AND frame < $2", [start, until]
        table = self._telemetry.query(f"SELECT {names} FROM {family}_rows WHERE {within}", place)  # noqa: S608
        if _is_stated_twice(table):
            return self._merged(family, within, list(place))
        return _as_readings(family, _in_order(table))

    def _plain(self, family: Family, condition: str, parameters: list[object]) -> pa.RecordBatch:
        names = ", ".join(f'"{name}"' for name in READINGS[family].names)
        table = self._telemetry.query(
            f"SELECT {names} FROM {family}_rows WHERE {condition} ORDER BY frame, device, series, time",  # noqa: S608
            parameters,
        )
        return _as_readings(family, table)

    def _merged(self, family: Family, condition: str, parameters: list[object]) -> pa.RecordBatch:
        table = self._telemetry.query(
            f"SELECT device, series, time, {_newest(family)} FROM {family}_rows "  # noqa: S608 - a closed set
            f"WHERE {condition} GROUP BY device, series, time ORDER BY frame",
            parameters,
        )
        return _as_readings(family, table)


def _is_stated_twice(table: pa.Table) -> bool:
    """Tell whether a key has two rows: hardly ever, and to merge costs four times as much as to look."""
    return bool(table.select(_KEY).group_by(_KEY).aggregate([]).num_rows < table.num_rows)


def _in_order(table: pa.Table) -> pa.Table:
    frames = table["frame"].to_numpy()
    if np.any(frames[1:] < frames[:-1]):
        return table.take(pa.array(np.argsort(frames, kind="stable")))
    return table


def _newest(family: Family) -> str:
    """Give the columns of a key's rows but the key, each from the newest frame that states it."""
    rest = [f.name for f in fields_of(family) if f.kind != "key" and f.name != "frame"]
    return ", ".join(["max(frame) AS frame", *(f'arg_max("{name}", frame) AS "{name}"' for name in rest)])


def _as_readings(family: Family, table: pa.Table) -> pa.RecordBatch:
    schema = READINGS[family]
    arrays = [table[name].combine_chunks().cast(schema.field(name).type) for name in schema.names]
    return pa.record_batch(arrays, schema=schema)


def _of_again(family: Family) -> str:
    """Give the condition of all rows, up to $1, that share a key with one that was made again under $2."""
    frames = "SELECT frame FROM again WHERE number = $2"
    keys = f"SELECT device, series, time FROM {family}_rows WHERE frame IN ({frames})"  # noqa: S608
    return f"frame < $1 AND (device, series, time) IN ({keys})"
